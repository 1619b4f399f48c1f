# e2e/commands.sh - `tidegate up --mode commands` and `by-hand`, with a terraform that is a script: what it is handed,
# what is made of its end, how it is stopped, and what becomes of it when tidegate is killed.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
FAKE=$work/fake
mkdir "$FAKE"
PATH=$TOP_SRCDIR/tests/e2e/fake:$PATH
export FAKE PATH
start_world world --empty --speed 60
. "$work/world/env"
unset GOOGLE_OAUTH_ACCESS_TOKEN CLOUDSDK_AUTH_ACCESS_TOKEN KUBECONFIG GOOGLE_COMPUTE_CUSTOM_ENDPOINT
token=$(cat "$work/world/gcp-token")

# up NAME ARGUMENTS...: its output in $work/NAME.out, its exit status in $status
up() {
    name=$1
    shift
    "$TIDEGATE" up --yes "$@" >"$work/$name.out" 2>&1
    status=$?
}
expect() { # expect NAME STATUS TEXT...: it ended so, and said all that
    name=$1
    [ "$status" = "$2" ] || { cat "$work/$name.out"; fail "$name: exit $status instead of $2"; }
    shift 2
    for text in "$@"; do
        grep -qF -- "$text" "$work/$name.out" || { cat "$work/$name.out"; fail "$name: never said: $text"; }
    done
}
in_background() { # in_background NAME ARGUMENTS...: $program
    name=$1
    shift
    : >"$work/$name.out"
    "$TIDEGATE" up --yes "$@" >"$work/$name.out" 2>&1 &
    program=$!
    world_pids="$world_pids $program"
}
one_step="--mode commands --from vpc --until vpc"

up apis --until apis
expect apis 0 'every step is observed'

# Fixes: the plan shows them and the commands that carry them; what the lab's commands have no place for is refused.
up fixes --mode commands --fix max-model-len,monitoring-everywhere --dry-run
expect fixes 0 'max-model-len' '$ terraform -chdir=gke-tf apply -auto-approve -target=google_compute_network.vpc'
[ "$(grep -c 'helm upgrade .*monitoring.gke.enabled=true --version' "$work/fixes.out")" = 2 ] ||
    fail "fixes: the flag is not in both regions"
up plain --mode commands --fix none --dry-run
[ "$(grep -c 'helm upgrade .*monitoring.gke.enabled=true --version' "$work/plain.out")" = 1 ] ||
    fail "plain: the flag is not in one region"
cat >"$work/fix.yaml" <<'LAB'
name: fixes
title: {en: Fixes}
config_cluster: gke-us-east5
namespace: default
deployment: d
app_label: a
model: m
gateway: g
primary_region: us-east5
regions:
  - {name: us-east5, zone: us-east5-b, cluster: gke-us-east5, node_pool: p, address_name: ip}
hazards:
  - {id: named, title: {en: N}, why: {en: W}, changes: [{kind: ServiceAccount, name: gemma-ksa, path: /metadata/labels/a, value: "b"}]}
  - {id: unnamed, title: {en: U}, why: {en: W}, fix: true}
steps:
  - id: account
    section: 1
    title: {en: Account}
    why: {en: For the test.}
    needs: []
    commands: |
      kubectl apply -f ksa.yaml
    verify:
      - {where: gcp, kind: Network, name: nowhere}
    make:
      - {where: config, manifest: manifests/ksa.yaml}
      - {where: config, manifest: manifests/objective.yaml, when: unnamed}
LAB
up unnamed --mode commands --lab "$work/fix.yaml" --fix all
expect unnamed 2 "the lab's commands have no place for unnamed: choose other fixes"

# Exit 0 is no proof.
echo nothing >"$FAKE/mode"
up nothing $one_step --json
expect nothing 1 '| Apply complete!' '"exit": 0' 'ended with 0, not yet seen: Network/tpu-gke-dranet-vpc missing'

# A state that is held is reported as such.
echo locked >"$FAKE/mode"
up locked $one_step --json
expect locked 1 'the state is locked by ann@host since 2026-01-02 18:10:27 UTC, lock 35af' '"exit": 1' \
    'another program holds its lock'
grep -q -e '-lock=' "$FAKE/calls" && fail "terraform is told to disregard its lock"

# What it prints cannot command the terminal, here or from the journal.
echo escapes >"$FAKE/mode"
up escapes $one_step
expect escapes 1 '| red alert  bell \x07 back \x08 end' '| cleared' 'ended with 1'
for place in "$work/escapes.out" "$XDG_STATE_HOME/tidegate/journal.db"; do
    LC_ALL=C grep -qa "$(printf '\033[]\\[]')" "$place" && fail "an escape sequence in $place"
done

# The first Ctrl-C is passed on gently: it ends in order, and nothing more is begun.
echo slow >"$FAKE/mode"
in_background gentle $one_step --json
wait_for 60 grep -q 'takes long' "$work/gentle.out" || { cat "$work/gentle.out"; fail "gentle: it does not start"; }
kill -s INT "$program"
wait "$program"
status=$?
expect gentle 4 'may end in order' '| Interrupt received.' '"exit": 1' '"aborted": true'
[ -e "$FAKE/in-order" ] || fail "gentle: it was not allowed to end in order"

# Killed with a program under way: that goes on, and the next start waits for its end and makes nothing twice.
: >"$FAKE/calls"
in_background killed $one_step
wait_for 60 grep -q 'takes long' "$work/killed.out" || { cat "$work/killed.out"; fail "killed: it does not start"; }
kill -s KILL "$program"
wait "$program" 2>/dev/null
in_background again $one_step
wait_for 60 grep -q 'commands of an earlier run still run' "$work/again.out" ||
    { cat "$work/again.out"; fail "again: it does not wait"; }
[ -e "$FAKE/finished" ] && fail "killed: finished before it was told"
echo >"$FAKE/go"
wait "$program"
status=$?
expect again 0 'every step is observed'
[ -e "$FAKE/finished" ] || fail "killed: the program did not finish"
[ "$(grep -c '^made$' "$FAKE/calls")" = 1 ] || fail "again: made twice"

# What it was handed: where the world is, and no options but ours.
grep -q '^env GOOGLE_COMPUTE_CUSTOM_ENDPOINT=https://127.0.0.1:' "$FAKE/calls" || fail "the world's address is not handed on"
grep -q '^env TF_CLI_ARGS_apply=-json$' "$FAKE/calls" || fail "terraform is not asked for events"
grep '^terraform ' "$FAKE/calls" | grep -qF "$token" && fail "the access token among the arguments"
grep -F "$token" "$FAKE/calls" | grep -vq '^env GOOGLE_OAUTH_ACCESS_TOKEN=' && fail "the access token elsewhere than where it must be"

# The Hugging Face token: a lab whose step has one, and commands that tell all they can.
cat >"$work/lab.yaml" <<'LAB'
name: secrets
title: {en: Secrets}
config_cluster: gke-us-east5
namespace: default
deployment: d
app_label: a
model: m
gateway: g
primary_region: us-east5
regions:
  - {name: us-east5, zone: us-east5-b, cluster: gke-us-east5, node_pool: p, address_name: ip}
steps:
  - id: tells
    section: 1
    title: {en: Tells}
    why: {en: For the test.}
    needs: []
    timeout: 30s
    commands: |
      cat $HF_TOKEN_FILE
      env >$FAKE/env
      ps -o args= >$FAKE/arguments 2>/dev/null || cat /proc/[0-9]*/cmdline >$FAKE/arguments
      wc -c <$HF_TOKEN_FILE >$FAKE/length
      exit 7
    verify:
      - {where: gcp, kind: Network, name: nowhere}
    make:
      - {where: config, manifest: manifests/hf-secret.yaml, secret: hf_token, secret_key: hf_token, passing: true}
LAB
printf 'hf_planted_0123456789\n' >"$work/token"
chmod 600 "$work/token"
HF_TOKEN=hf_in_the_environment up secret --mode commands --lab "$work/lab.yaml" --hf-token-file "$work/token"
expect secret 1 '| ***' 'ended with 7'
[ "$(tr -d ' ' <"$FAKE/length")" = 21 ] || fail "secret: the token does not reach its step"
for place in "$work/secret.out" "$FAKE" "$XDG_STATE_HOME/tidegate"; do
    grep -rqa -e hf_planted -e hf_in_the_environment "$place" && fail "the token in $place"
done

# By hand: the commands are shown, and the step ticks itself off when somebody did it.
curl -sS --cacert "$TIDEGATE_GCP_CA" -H "Authorization: Bearer $token" -X DELETE \
    "$TIDEGATE_GCP_ENDPOINT/compute/v1/projects/$PROJECT_ID/global/networks/tpu-gke-dranet-vpc" >/dev/null
gone() {
    "$TIDEGATE" up --dry-run --json --from vpc --until vpc 2>/dev/null | grep -q '"observed": "missing"'
}
wait_for 60 gone || fail "by hand: the network does not go"
in_background hand --mode by-hand --from vpc --until vpc --fix all
wait_for 60 grep -qE '^ +terraform -chdir=gke-tf apply -auto-approve -target=google_compute_network.vpc' "$work/hand.out" ||
    { cat "$work/hand.out"; fail "by hand: nothing is shown"; }
folder=$(sed -n 's/^ *cd //p' "$work/hand.out")
grep -q 'readinessProbe:' "$folder/workload.yaml" && grep -q 'max-model-len 16384' "$folder/workload.yaml" ||
    fail "by hand: the manifest lacks the fixes"
grep -q 'timeoutSec: 600' "$folder/policies.yaml" && ! grep -q 'timeoutSec: 100' "$folder/policies.yaml" ||
    fail "by hand: the policy lacks the fix"
[ -f "$folder/gke-tf/network.tf" ] && [ -f "$folder/gateway.yaml" ] || fail "by hand: the folder lacks its files"
grep -q "$PROJECT_ID" "$folder/gke-tf/terraform.tfvars.json" "$folder/ksa.yaml" || fail "by hand: the project is not in the files"
XDG_STATE_HOME=$work/other up other --from vpc --until vpc
wait "$program"
status=$?
expect hand 0 'every step is observed'

# Terraform killed in mid-create: the network stands, its state does not know it. The next start tells it, first, as one
# more shown command; of what nobody can prove to be the lab's it is said what to type, and nothing is done.
no_network() {
    curl -sS --cacert "$TIDEGATE_GCP_CA" -H "Authorization: Bearer $token" -X DELETE \
        "$TIDEGATE_GCP_ENDPOINT/compute/v1/projects/$PROJECT_ID/global/networks/tpu-gke-dranet-vpc" >/dev/null
    wait_for 60 gone || fail "the network does not go"
}
no_network
rm -f "$FAKE/state"
echo dies >"$FAKE/mode"
up dies $one_step --fix none --json
expect dies 1 'google_compute_network.vpc: Creating...' '"state": "failed"'
echo knows >"$FAKE/mode"
: >"$FAKE/calls"
up mends $one_step
expect mends 0 "| \$ terraform -chdir=gke-tf import 'google_compute_network.vpc' 'projects/$PROJECT_ID/global/networks/tpu-gke-dranet-vpc'" \
    '| Import successful!' 'every step is observed'
[ "$(grep -c '^terraform.* import ' "$FAKE/calls")" = 1 ] || fail "mends: not imported once"
up done $one_step
grep -q 'import' "$work/done.out" && fail "done: imported again"
rm "$FAKE/state"
XDG_STATE_HOME=$work/third up foreign --mode commands --from subnets --until subnets
expect foreign 1 'ended with 1' "      terraform -chdir=gke-tf import 'google_compute_network.vpc' 'projects/$PROJECT_ID/global/networks/tpu-gke-dranet-vpc'"
grep -q '^terraform.* import ' "$FAKE/calls" && [ "$(grep -c '^terraform.* import ' "$FAKE/calls")" != 1 ] &&
    fail "foreign: imported unasked"

# By hand, what stands already may have been made before its fixes were chosen: it is shown what gives them to it.
sed -e 's/name: nowhere/name: tpu-gke-dranet-vpc/' -e '/unnamed/d' "$work/fix.yaml" >"$work/hand-fix.yaml"
up stands --mode by-hand --lab "$work/hand-fix.yaml" --fix named --skip-hub
expect stands 0 '# it stands; what follows gives it the chosen fixes' '    kubectl apply -f ksa.yaml'
