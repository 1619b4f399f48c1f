#!/bin/bash
# interop/lab.sh - the whole lab, its blocks as they are pasted, against an empty simulated project: once for each
# kubectl, each time in a new world.
#
# TIDEGATE_LAB is the lab's text (default: ../shared/lab/codelab.txt beside the repository), KUBECTL the kubectl to
# use (default: releases 1.27, 1.30 and 1.33 as gcloud brings them or TIDEGATE_CACHE has them, else kubectl on the
# PATH), TIDEGATE_CACHE a folder with helm, Terraform's providers, the chart and the CRD as tests/interop/tools.sh
# leaves them there. KEEP names a folder for what each block printed. The blocks run unchanged; around them stand
# functions that only
#   sleep      waits SPEED times shorter, since the world runs SPEED times faster (and once, before the failover
#              test, a reader takes a quarter of an hour);
#   terraform  plans once more after each apply, which must find nothing to change; where the providers are not to
#              be had it says "not run" and makes the same REST calls (infrastructure.py);
#   kubectl    reads the CRD from the cache instead of the network; helm the chart.
# Ends with two tables: block, line of the lab, exit code, what was expected and seen; and each command with its exit
# code or "not run". Exit 0 when all is as expected.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
lab=${TIDEGATE_LAB:-$top/../shared/lab/codelab.txt}
export HERE="$top/tests/interop" SPEED=${SPEED:-100}
export CACHE=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
HELM=$(command -v helm || ls "$CACHE/bin/helm" 2>/dev/null)
CRD=https://raw.githubusercontent.com/kubernetes-sigs/gateway-api-inference-extension/v1.1.0/config/crd/bases
CRD=$CRD/inference.networking.x-k8s.io_inferenceobjectives.yaml
[ ! -f "$CACHE/lab/${CRD##*/}" ] || CRD=$CACHE/lab/${CRD##*/}
CHART=oci://registry.k8s.io/gateway-api-inference-extension/charts/inferencepool
[ ! -f "$CACHE/lab/inferencepool/Chart.yaml" ] || CHART=$CACHE/lab/inferencepool
[ -f "$CRD" ] || curl -fsSL --max-time 20 -o /dev/null "$CRD" 2>/dev/null || CRD=
[ -d "$CHART" ] || [ -z "$HELM" ] || "$HELM" show chart --version v1.1.0 "$CHART" >/dev/null 2>&1 || HELM=
export HELM CRD CHART
if [ ! -f "${TF_CLI_CONFIG_FILE:-$HOME/.terraformrc}" ] && [ -f "$CACHE/terraform/settings" ]; then
    export TF_CLI_CONFIG_FILE=$CACHE/terraform/settings
fi
export CHECKPOINT_DISABLE=1
if [ -z "${KUBECTL:-}" ]; then
    beside=$(dirname "$(readlink -f "$(command -v gcloud || echo /)")")
    for release in 1.27 1.30 1.33; do
        for place in "$beside" "$CACHE/bin"; do
            if [ -x "$place/kubectl.$release" ]; then
                all="${all:-}$place/kubectl.$release "
                break
            fi
        done
    done
    result=0
    for KUBECTL in ${all:-$(command -v kubectl || echo kubectl)}; do
        export KUBECTL
        bash "$0" || result=1
    done
    exit $result
fi
missing=
[ -f "$lab" ] || missing="$missing the lab's text ($lab; TIDEGATE_LAB names it);"
command -v "$KUBECTL" >/dev/null || missing="$missing kubectl;"
for tool in gcloud jq python3; do
    command -v $tool >/dev/null || missing="$missing $tool;"
done
if [ -n "$missing" ]; then
    echo "lab: not run: missing:$missing"
    exit 0
fi
begin=$(date +%s)
work=$(mktemp -d)
trap '[ -n "${world:-}" ] && kill $world 2>/dev/null; rm -rf "$work"' EXIT INT TERM
"$tidegate" sim --dir "$work/world" --empty --speed "$SPEED" >"$work/ready" &
world=$!
for _ in $(seq 100); do
    grep -q ready "$work/ready" && break
    sleep 0.1
done
python3 "$HERE/lab_blocks.py" "$lab" "$work/blocks" >/dev/null || exit 1

cat >"$work/session" <<'SESSION'
. "$WORK/world/env"
unset PROJECT_ID CTX_US CTX_EU
sleep() { command sleep "$(awk "BEGIN { print ${1%s} / $SPEED }")"; }
note() { printf '%s\t%s\t%s\n' "${BLOCK:-?}" "$1" "$2" >>"$WORK/calls"; }
kubectl() {
    local arguments=() argument status
    for argument in "$@"; do
        case $argument in
        https://raw.githubusercontent.com/*inferenceobjectives.yaml)
            argument=$CRD
            if [ -z "$CRD" ]; then
                echo "kubectl $*: not run: the CRD is not to be had here"
                note "not run" "kubectl $*"
                return 0
            fi
            ;;
        esac
        arguments+=("$argument")
    done
    "$KUBECTL" "${arguments[@]}"
    status=$?
    note "$status" "kubectl $(printf '%s ' "$@" | tr '\n' ' ' | cut -c1-90)"
    return $status
}
gcloud() {
    command gcloud "$@"
    local status=$?
    note "$status" "gcloud $(printf '%s ' "$@" | cut -c1-90)"
    return $status
}
helm() {
    local arguments=() argument status
    if [ -z "$HELM" ]; then
        echo "helm: not run: it or its chart is not to be had here"
        note "not run" "helm $*"
        return 0
    fi
    for argument in "$@"; do
        case $argument in
        oci://registry.k8s.io/*inferencepool) argument=$CHART ;;
        esac
        arguments+=("$argument")
    done
    "$HELM" "${arguments[@]}"
    status=$?
    note "$status" "helm $(printf '%s ' "$@" | cut -c1-90)"
    return $status
}
terraform() {
    local step= status
    case $* in
    apply*) if [ -f fleet.tf ]; then step=fleet; elif [ -f gke.tf ]; then step=gke; else step=base; fi ;;
    *-target=*) step=destroy-features ;;
    destroy*) step=destroy ;;
    esac
    if [ ! -f "$WORK/without-terraform" ]; then
        SSL_CERT_FILE=$TIDEGATE_GCP_CA command terraform "$@" 2>&1 | tee "$WORK/terraform.out"
        status=${PIPESTATUS[0]}
        if [ "$status" != 0 ] && [ "$1" = init ] && grep -q 'query available provider packages' "$WORK/terraform.out"; then
            touch "$WORK/without-terraform"
        else
            note "$status" "terraform $*"
            if [ "$status" = 0 ] && [ "$1" = apply ]; then
                SSL_CERT_FILE=$TIDEGATE_GCP_CA command terraform plan -input=false -detailed-exitcode \
                    >"$WORK/plan.$BLOCK" 2>&1
                note $? "terraform plan: finds nothing to change after the apply"
            fi
            return "$status"
        fi
    fi
    echo "terraform $*: not run: its providers are not to be had here; the same REST calls instead"
    note "not run" "terraform $*"
    [ -z "$step" ] || python3 "$HERE/infrastructure.py" "$step"
}
export -f sleep note kubectl gcloud helm terraform
cd "$WORK"
for file in "$WORK"/blocks/*.sh; do
    BLOCK=$(basename "$file" .sh)
    export BLOCK
    # a reader's quarter of an hour before the failover test: a Pod of the lab is Ready long before it serves
    ! grep -q failover-test.sh "$file" || sleep 900
    . "$file" >"$WORK/out.$BLOCK" 2>&1 </dev/null
    echo $? >"$WORK/rc.$BLOCK"
    # the one value that a learner types in
    [ "${HF_TOKEN:-}" != YOUR_ACTUAL_HUGGING_FACE_TOKEN ] || export HF_TOKEN=hf_simulated
    echo "lab: block $BLOCK ended with $(cat "$WORK/rc.$BLOCK")" >&3
done
SESSION
WORK=$work timeout "${LAB_TIMEOUT:-2400}" bash "$work/session" 3>&1 >"$work/session.log" 2>&1
if [ -n "${KEEP:-}" ]; then
    mkdir -p "$KEEP"
    cp -r "$work" "$KEEP/$(basename "$KUBECTL")"
fi

for out in "$work"/out.*; do # as a terminal shows it: terraform colours a pipe too
    sed 's/\x1b\[[0-9;]*m//g' "$out" >"$work/text.${out##*.}"
done
failed=0
echo
providers=$(sed -n 's/.*Installed hashicorp\/\([a-z-]* v[0-9.]*\).*/\1/p' "$work/text.03" | paste -sd,)
echo "kubectl: $("$KUBECTL" version --client -o json | jq -r .clientVersion.gitVersion)"
echo "gcloud: $(gcloud version 2>/dev/null | head -1)"
echo "terraform: $(terraform version 2>/dev/null | head -1) with providers: ${providers:-not run: none to be had}"
echo "helm: $([ -z "$HELM" ] && echo "not run: not to be had" || "$HELM" version --short)"
echo "world: tidegate sim --empty --speed $SPEED; the lab took $(($(date +%s) - begin)) s"
printf '%-5s %-9s %-8s %s\n' block line exit "expected in the output"
for file in "$work"/blocks/*.sh; do
    block=$(basename "$file" .sh)
    line=$(sed -n '1s/# line //p' "$file")
    code=$(cat "$work/rc.$block" 2>/dev/null || echo "not run")
    [ "$code" = 0 ] || failed=$((failed + 1))
    grep "^$block	" "$HERE/lab.expect" | cut -f2- >"$work/wanted"
    if [ ! -s "$work/wanted" ]; then
        printf '%-5s %-9s %-8s %s\n' "$block" "$line" "$code" "-"
    fi
    while IFS=$'\t' read -r pattern need; do
        if { [ "$need" = helm ] && [ -z "$HELM" ]; } || { [ "$need" = crd ] && [ -z "$CRD" ]; }; then
            seen="not run"
        elif grep -qE -- "$pattern" "$work/text.$block" 2>/dev/null; then
            seen=yes
        else
            seen=NO
            failed=$((failed + 1))
        fi
        printf '%-5s %-9s %-8s %-3s %s\n' "$block" "$line" "$code" "$seen" "$pattern"
    done <"$work/wanted"
    if [ "$code" != 0 ]; then
        tail -n 5 "$work/text.$block" 2>/dev/null | sed 's/^/        | /'
    fi
done
echo
bad=$(grep -vcP '\t(0|not run)\t' "$work/calls")
printf '%-5s %-9s %s\n' block exit command
awk -F '\t' '{ printf "%-5s %-9s %s\n", $1, $2, $3 }' "$work/calls"
echo
echo "commands: $(wc -l <"$work/calls"), of them not run: $(grep -cP '\tnot run\t' "$work/calls"), with another exit code than 0: $bad"
# what could not be installed cannot be annotated
[ -z "$HELM" ] || [ -z "$CRD" ] || failed=$((failed + bad))
echo "lab: $failed of its checks failed"
[ "$failed" = 0 ]
