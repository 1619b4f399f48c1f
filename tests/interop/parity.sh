#!/bin/bash
# interop/parity.sh - assets/terraform against the simulated Google Cloud with real terraform: it is valid and laid
# out as terraform does, one apply makes everything, a plan after it finds nothing to change; and what stands then is
# what `tidegate up` makes in another world, field by field (parity.py). Then everything is destroyed.
#
# FIXES=all (or names of fixes) goes on from there: the rest of the lab with those fixes, natively in one world and by
# `--mode commands` with real kubectl and helm in the other, whose objects are compared too (pool.py).
#
# Tools as in lab.sh; SPEED of the worlds is 300 unless given, with FIXES 60: programs wait in real seconds.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
. "$top/tests/interop/terraform.bash"
PATH=$PATH:$cache/bin
for tool in terraform gcloud python3 ${FIXES:+kubectl helm gke-gcloud-auth-plugin}; do
    command -v $tool >/dev/null || missing="${missing:-} $tool;"
done
if [ -n "${missing:-}" ]; then
    echo "parity: not run: missing:$missing"
    exit 0
fi
work=$(mktemp -d)
worlds=
trap '[ -z "$worlds" ] || kill $worlds 2>/dev/null; rm -rf "$work"' EXIT INT TERM
for world in native described; do
    "$tidegate" sim --dir "$work/$world" --empty --speed "${SPEED:-$([ -n "${FIXES:-}" ] && echo 60 || echo 300)}" >"$work/$world.ready" &
    worlds="$worlds $!"
done
for world in native described; do
    for _ in $(seq 100); do
        grep -q ready "$work/$world.ready" && break
        sleep 0.1
    done
done
failed=0

mkdir "$work/gke-tf"
cp "$top"/assets/terraform/*.tf "$work/gke-tf/"
cd "$work/gke-tf" || exit 1
. "$work/described/env"
export SSL_CERT_FILE=$TIDEGATE_GCP_CA
python3 - "$PROJECT_ID" >terraform.tfvars.json <<'VALUES'
import json, sys
places = [("us-east5", "us-east5-b", 2), ("europe-west4", "europe-west4-a", 1)]
print(json.dumps({"project_id": sys.argv[1], "config_cluster": "gke-us-east5", "settle": "1s", "regions": {
    region: {"zone": zone, "cluster": f"gke-{region}", "node_pool": "tpu-v6e-pool",
             "address": f"gemma-gateway-ip-{region}", "node_range": f"10.0.{low}.0/24",
             "proxy_range": f"10.1.{low}.0/24"} for region, zone, low in places}}))
VALUES
if ! terraform init -no-color -input=false >"$work/out" 2>&1; then
    echo "parity: not run: terraform's providers are not to be had here"
    exit 0
fi
expect "laid out as terraform does" 0 "^yes$" sh -c "terraform fmt -check -no-color '$top/assets/terraform' && echo yes"
expect "valid" 0 "The configuration is valid" terraform validate -no-color
expect "one apply makes everything" 0 "Apply complete! Resources: 32 added" terraform apply -no-color -auto-approve
expect "and a plan finds nothing to change" 0 "No changes. Your infrastructure matches" \
    terraform plan -no-color -detailed-exitcode
(
    . "$work/native/env"
    export XDG_STATE_HOME=$work/state
    "$tidegate" up --until features --yes >"$work/native.out" 2>&1
) || {
    tail -n 20 "$work/native.out"
    failed=$((failed + 1))
}
python3 "$top/tests/interop/parity.py" "$work/native" "$work/described" || failed=$((failed + 1))

# The objects of both regions, as the kinds that the lab makes.
objects() { # objects WORLD: in WORLD-REGION.json
    local place kinds=serviceaccounts,configmaps,services,deployments,secrets,roles,rolebindings
    kinds=$kinds,resourceclaimtemplates,podmonitorings,inferencepools,inferenceobjectives,autoscalingmetrics
    kinds=$kinds,healthcheckpolicies,gcpbackendpolicies,gateways,httproutes
    for place in us-east5:us-east5-b europe-west4:europe-west4-a; do
        KUBECONFIG=$work/$1.kubeconfig gcloud container clusters get-credentials "gke-${place%:*}" \
            --zone="${place#*:}" >/dev/null 2>&1
        KUBECONFIG=$work/$1.kubeconfig kubectl get "$kinds" --namespace default -o json >"$work/$1-${place%:*}.json" ||
            return 1
    done
}
if [ -n "${FIXES:-}" ]; then
    [ ! -f "$cache/lab/inferencepool/Chart.yaml" ] || export INFERENCEPOOL_CHART=$cache/lab/inferencepool
    printf 'hf_planted_0123456789\n' >"$work/token"
    chmod 600 "$work/token"
    for world in native described; do
        (
            . "$work/$world/env"
            export XDG_STATE_HOME=$work/$world-state
            mode=native
            [ $world = native ] || mode=commands
            "$tidegate" up --mode $mode --fix "$FIXES" --yes --hf-token-file "$work/token" --from weights \
                >"$work/$world.out" 2>&1 || {
                tail -n 40 "$work/$world.out"
                exit 1
            }
            objects $world
        ) || failed=$((failed + 1))
    done
    for region in us-east5 europe-west4; do
        python3 "$top/tests/interop/pool.py" "$region with fixes $FIXES" "$work/described-$region.json" \
            "$work/native-$region.json" gemma vllm all-netdev tpu-cache cross-region || failed=$((failed + 1))
    done
    (
        . "$work/described/env"
        export XDG_STATE_HOME=$work/described-state
        "$tidegate" down --mode commands --yes --from weights >"$work/down.out" 2>&1
    ) || {
        tail -n 40 "$work/down.out"
        failed=$((failed + 1))
    }
fi

expect "the features go first" 0 "Destroy complete! Resources: 2 destroyed" terraform destroy -no-color -auto-approve \
    -target=google_gke_hub_feature.service_discovery -target=google_gke_hub_feature.ingress
for rule in $(gcloud compute firewall-rules list \
    --filter="name~mcsd OR name~^k8s-fw-l7 OR name~^gkemcg" --format="value(name)" 2>/dev/null); do
    expect "a rule that controllers left" 0 "^Deleted" gcloud compute firewall-rules delete "$rule" --quiet
done
expect "then all the rest" 0 "Destroy complete! Resources: 30 destroyed" terraform destroy -no-color -auto-approve
expect "nothing is left" 0 "^Listed 0 items" gcloud compute networks list
echo "parity: $failed of its checks failed"
[ "$failed" = 0 ]
