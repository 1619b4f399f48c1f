#!/bin/bash
# interop/import.sh - real terraform killed in mid-create, so that its state knows nothing of what then stands: the next
# start proves by the journal that it is the lab's and tells Terraform of it; where nothing proves that, it says which
# command to type, and that command mends it. For a network, the subnets, a cluster, a bucket, memberships and a feature.
#
# Tools as in lab.sh; SPEED of the world is 10 unless given: a create must take long enough to be killed in.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
. "$top/tests/interop/terraform.bash"
for tool in terraform gcloud python3; do
    command -v $tool >/dev/null || missing="${missing:-} $tool;"
done
if [ -n "${missing:-}" ]; then
    echo "import: not run: missing:$missing"
    exit 0
fi
work=$(mktemp -d)
trap '[ -n "${world:-}" ] && kill $world 2>/dev/null; [ -n "${run:-}" ] && kill -KILL $run 2>/dev/null; rm -rf "$work"' EXIT INT TERM
"$tidegate" sim --dir "$work/world" --empty --speed "${SPEED:-10}" >"$work/ready" &
world=$!
for _ in $(seq 100); do
    grep -q ready "$work/ready" && break
    sleep 0.1
done
. "$work/world/env"
export XDG_STATE_HOME=$work/state
folder=$XDG_STATE_HOME/tidegate/work/$PROJECT_ID
failed=0
fail() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}
mkdir "$work/early"
if ! (cp "$top"/assets/terraform/versions.tf "$work/early/" && cd "$work/early" &&
    terraform init -no-color -input=false) >"$work/out" 2>&1; then
    echo "import: not run: terraform's providers are not to be had here"
    exit 0
fi
in_state() { terraform -chdir="$folder/gke-tf" state list "$1" 2>/dev/null | grep -q .; }
up() { # up NAME STEP: to that step, by commands; its output in NAME.log
    "$tidegate" up --mode commands --yes --skip-hub --despite-doctor --from "$2" --until "$2" >"$work/$1.log" 2>&1
}
terraforms() { # the processes of this test's own terraform and its providers, and no others
    local pid
    for pid in $(ps -eo pid= -o args= | awk '/terraform/ {print $1}'); do
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$folder/gke-tf" ] && echo "$pid"
    done
}
# killed STEP ADDRESS [both]: terraform (and with both tidegate) killed by SIGKILL while it creates
killed() {
    "$tidegate" up --mode commands --yes --skip-hub --despite-doctor --from "$1" --until "$1" >"$work/killed.log" 2>&1 &
    run=$!
    for _ in $(seq 1200); do
        grep -qF "$2: Creating..." "$work/killed.log" && break
        kill -0 $run 2>/dev/null || break
        sleep 0.05
    done
    # the request has left, the answer has not been waited for
    sleep "${3:-0.4}"
    [ "${4:-}" != both ] || kill -KILL $run
    # shellcheck disable=SC2046
    kill -KILL $(terraforms) 2>/dev/null
    wait $run
    run=
    flock "$folder/commands.lock" true
    in_state "$2" && fail "$1: terraform was not killed in time: $2 is in its state"
}
mended() { # mended STEP ADDRESS: the next start imports it, and nothing is made twice or replaced
    up again "$1" || fail "$1: the next start ended with $?"
    grep -qF "| \$ terraform -chdir=gke-tf import '$2'" "$work/again.log" || fail "$1: no import of $2"
    grep -qE 'Error|[1-9][0-9]* to destroy|replaced' "$work/again.log" && fail "$1: something else than an import happened"
    in_state "$2" || fail "$1: $2 is not in the state"
    terraform -chdir="$folder/gke-tf" plan -no-color -input=false -target="${2%%\[*}" >"$work/plan" 2>&1
    grep -q 'No changes' "$work/plan" || { tail -n 20 "$work/plan"; fail "$1: a plan finds something to change"; }
    [ "$failed" = 0 ] || tail -n 30 "$work/again.log"
    echo "import: $1: $2 killed in mid-create, imported by the next start"
}
export SSL_CERT_FILE=$TIDEGATE_GCP_CA
up apis apis || { tail -n 20 "$work/apis.log"; fail "apis"; }

killed vpc google_compute_network.vpc
mended vpc google_compute_network.vpc
killed subnets 'google_compute_subnetwork.nodes["us-east5"]' 0.4 both
mended subnets 'google_compute_subnetwork.nodes["us-east5"]'
killed clusters 'google_container_cluster.clusters["us-east5"]' 1
mended clusters 'google_container_cluster.clusters["us-east5"]'
gcloud projects get-iam-policy "$PROJECT_ID" 2>/dev/null | grep -q 'gemma-ksa' || fail "clusters: the role is missing"
killed tpu-pools 'google_container_node_pool.tpu["us-east5"]' 1
mended tpu-pools 'google_container_node_pool.tpu["us-east5"]'

# What somebody else made is not the lab's to take: it is said what to type, and that does.
up fleet fleet-apis || { tail -n 20 "$work/fleet.log"; fail "fleet-apis"; }
gcloud compute addresses create gemma-gateway-ip-us-east5 --region=us-east5 --subnet=tpu-gke-dranet-node-subnet >/dev/null 2>&1
up foreign addresses && fail "foreign: it ended with 0"
line=$(grep -E "^ +terraform -chdir=gke-tf import 'google_compute_address" "$work/foreign.log")
grep -q "^ *| \$ terraform.* import" "$work/foreign.log" && fail "foreign: it was imported unasked"
[ -n "$line" ] || { tail -n 20 "$work/foreign.log"; fail "foreign: it is not said what to type"; }
(cd "$folder" && sh -c "$line") >"$work/typed.log" 2>&1 || { tail "$work/typed.log"; fail "foreign: the command does not work: $line"; }
up foreign2 addresses || { tail -n 20 "$work/foreign2.log"; fail "foreign: not mended by what was typed"; }
echo "import: foreign: $line"

echo "import: terraform $(terraform version | sed -n '1s/Terraform //p')"
echo "import: $failed of its checks failed"
[ "$failed" = 0 ]
