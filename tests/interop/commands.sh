#!/bin/bash
# interop/commands.sh - the whole lab by its own commands: `tidegate up --mode commands` on an empty simulated project
# with real terraform, gcloud, kubectl and helm, then `down` the same way. Ends with what each step's commands ended
# with, and what is left.
#
# Tools as in lab.sh; SPEED of the world is 60 unless given, since real programs wait in real seconds while steps have
# their deadlines in the world's.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
. "$top/tests/interop/terraform.bash"
PATH=$PATH:$cache/bin
[ ! -f "$cache/lab/inferencepool/Chart.yaml" ] || export INFERENCEPOOL_CHART=$cache/lab/inferencepool
for tool in terraform gcloud kubectl helm gke-gcloud-auth-plugin python3; do
    command -v $tool >/dev/null || missing="${missing:-} $tool;"
done
if [ -z "${INFERENCEPOOL_CHART:-}" ] && ! helm show chart --version v1.1.0 \
    oci://registry.k8s.io/gateway-api-inference-extension/charts/inferencepool >/dev/null 2>&1; then
    missing="${missing:-} the chart inferencepool;"
fi
if [ -n "${missing:-}" ]; then
    echo "commands: not run: missing:$missing"
    exit 0
fi
work=$(mktemp -d)
trap '[ -n "${world:-}" ] && kill $world 2>/dev/null; rm -rf "$work"' EXIT INT TERM
"$tidegate" sim --dir "$work/world" --empty --speed "${SPEED:-60}" >"$work/ready" &
world=$!
for _ in $(seq 100); do
    grep -q ready "$work/ready" && break
    sleep 0.1
done
. "$work/world/env"
export XDG_STATE_HOME=$work/state
printf 'hf_planted_0123456789\n' >"$work/token"
chmod 600 "$work/token"
failed=0
fail() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}
mkdir "$work/early"
if ! (cp "$top"/assets/terraform/versions.tf "$work/early/" && cd "$work/early" &&
    terraform init -no-color -input=false) >"$work/out" 2>&1; then
    echo "commands: not run: terraform's providers are not to be had here"
    exit 0
fi
for direction in up down; do
    token=
    [ $direction = down ] || token="--hf-token-file $work/token"
    # shellcheck disable=SC2086
    "$tidegate" $direction --mode commands --yes --json $token >"$work/$direction.json" 2>"$work/$direction.log" ||
        fail "$direction ended with $?"
    python3 - "$work/$direction.json" <<'REPORT' || fail "$direction: a step is not as it should be"
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
print(f"{report['direction']}: good {report['good']}, error {report['error']}")
bad = not report["good"]
for step in report["steps"]:
    ended = "-" if step["exit"] is None else step["exit"]
    made = sum(1 for thing in step["things"] if thing["state"] == "done")
    print(f"  {step['id']:16} {step['state']:10} exit {ended:>3}  {made:2} resources  {step['error'] or ''}")
    bad = bad or step["state"] not in ("done", "satisfied") or step["exit"] not in (None, 0)
sys.exit(1 if bad else 0)
REPORT
    [ "$failed" = 0 ] || tail -n 40 "$work/$direction.log"
done
for program in terraform gcloud kubectl helm; do
    runs=$(cat "$work/up.log" "$work/down.log" | grep -cE "^ +\| \\$ (for .*do |tr .*\| )?$program ")
    printf '%-10s %3s lines of commands\n' $program "$runs"
done
grep -rqa hf_planted "$work/state" "$work"/*.log "$work"/*.json && fail "the token was written somewhere"
gcloud compute networks list 2>&1 | grep -q 'Listed 0 items' || fail "a network is left"
gcloud container clusters list 2>&1 | grep -q gke- && fail "a cluster is left"
gcloud storage buckets list 2>/dev/null | grep -q . && fail "a bucket is left"
echo "commands: terraform $(terraform version | sed -n '1s/Terraform //p'), $(gcloud version 2>/dev/null | head -1)," \
    "kubectl $(kubectl version --client -o json 2>/dev/null | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p')," \
    "helm $(helm version --short)"
echo "commands: $failed of its checks failed"
[ "$failed" = 0 ]
