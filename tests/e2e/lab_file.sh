# e2e/lab_file.sh - a lab of one's own: its mistakes are told all at once, and three regions stand up and go.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
built_in=$TOP_SRCDIR/assets/labs/gemma-two-region.yaml

sed -e 's/^model:/modle:/' -e 's/section: 4$/section: four/' "$built_in" >"$work/bad.yaml"
"$TIDEGATE" status --lab "$work/bad.yaml" >"$work/out" 2>"$work/err"
[ $? = 2 ] || fail "a bad lab file ends with another status than 2"
grep -q "bad.yaml:.*: unknown key 'modle'; is 'model' meant?" "$work/err" &&
    grep -q "bad.yaml:.*: 'section' must be a number" "$work/err" &&
    grep -q "bad.yaml: [0-9]* mistakes" "$work/err" || { cat "$work/err"; fail "not all mistakes are told"; }

# So are those of the files beside it.
cp "$built_in" "$work/own.yaml"
sed 's/^    look:/    lokk:/' "${built_in%.yaml}.walk.yaml" >"$work/own.walk.yaml"
sed 's/confidence: U/confidence: X/' "${built_in%.yaml}.prices.yaml" >"$work/own.prices.yaml"
"$TIDEGATE" status --lab "$work/own.yaml" >"$work/out" 2>"$work/err"
[ $? = 2 ] && grep -q "own.walk.yaml:.*: unknown key 'lokk'; is 'look' meant?" "$work/err" &&
    grep -q "own.prices.yaml:.*: 'confidence' must be V, K or U" "$work/err" || {
    cat "$work/err"
    fail "mistakes of the files beside a lab"
}

start_world world --empty --regions 3 --speed 100
. "$work/world/env"
export PROJECT_ID TIDEGATE_GCP_ENDPOINT TIDEGATE_GCP_CA TIDEGATE_GCP_TOKEN_FILE TIDEGATE_CRD_URL TIDEGATE_CRD_SHA256
zone=$(sed -n 's/^- name: gke_[^_]*_\(us-central[^_]*\)_.*/\1/p' "$work/world/kubeconfig" | head -n 1)
region=${zone%-*}
[ -n "$region" ] || fail "the world has no third region"
awk -v region="$region" -v zone="$zone" '{ print } /node_range: 10.0.1.0/ {
    print "  - {name: " region ", zone: " zone ", cluster: gke-" region ", node_pool: tpu-v6e-pool, address_name: gemma-gateway-ip-" region ","
    print "     node_range: 10.0.3.0/24, proxy_range: 10.1.3.0/24}"
}' "$built_in" >"$work/three.yaml"
run() { # run NAME ARGUMENTS...: up or down with the lab of three regions, whose report goes to $work/NAME
    name=$1
    shift
    "$TIDEGATE" "$@" --lab "$work/three.yaml" --yes --json >"$work/$name" 2>"$work/story" || {
        tail -n 20 "$work/story"
        fail "$name"
    }
}
run clusters up --until clusters
grep -q "\"name\": \"clusters/gke-$region in $region\"" "$work/clusters" || fail "the third region has no cluster"
run objective up --from objective --until objective
grep -q "\"name\": \"InferenceObjective/gemma-objective in $region\"" "$work/objective" || fail "the third region has no objective"
[ -n "$(ls "$XDG_STATE_HOME/tidegate/downloads")" ] || fail "the downloaded manifest is not kept"
run down down

# What would be billed and cannot be read is no success, and no failure either.
"$TIDEGATE" sim fault add deny region=gcp 'route=GET *aggregated/disks' --dir "$work/world" >"$work/out" || fail "add the fault"
"$TIDEGATE" down --lab "$work/three.yaml" --yes --json >"$work/open" 2>"$work/story"
status=$?
[ $status = 5 ] && grep -q '"inconclusive": true' "$work/open" || {
    cat "$work/story" "$work/open"
    fail "disks that cannot be read end with $status, not with 5"
}
