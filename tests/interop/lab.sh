#!/bin/bash
# interop/lab.sh - the whole lab, its blocks as they are pasted, against an empty simulated project.
#
# TIDEGATE_LAB is the lab's text (default: ../shared/lab/codelab.txt beside the repository), KUBECTL the kubectl to
# use, TIDEGATE_CACHE a folder with helm, the chart and the CRD as tests/interop/tools.sh leaves them there. The
# blocks run unchanged; around them stand functions that only
#   sleep      waits SPEED times shorter, since the world runs SPEED times faster (and once, before the failover
#              test, a reader takes a quarter of an hour);
#   terraform  says "not run" when Google's provider is not to be had, and then makes the same REST calls
#              (infrastructure.py);
#   kubectl    reads the CRD from the cache instead of the network; helm the chart.
# Ends with a table: block, line of the lab, exit code, what was expected and seen. Exit 0 when all is as expected.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
lab=${TIDEGATE_LAB:-$top/../shared/lab/codelab.txt}
export HERE="$top/tests/interop" SPEED=${SPEED:-100}
export CACHE=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
export KUBECTL=${KUBECTL:-$(command -v kubectl || true)}
HELM=$(command -v helm || ls "$CACHE/bin/helm" 2>/dev/null)
export HELM
missing=
[ -f "$lab" ] || missing="$missing the lab's text ($lab; TIDEGATE_LAB names it);"
[ -x "$KUBECTL" ] || missing="$missing kubectl;"
for tool in gcloud jq python3; do
    command -v $tool >/dev/null || missing="$missing $tool;"
done
if [ -n "$missing" ]; then
    echo "lab: not run: missing:$missing"
    exit 0
fi
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
        https://raw.githubusercontent.com/*inferenceobjectives.yaml) argument=$CACHE/lab/${argument##*/} ;;
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
        echo "helm: not run: it is not to be had here"
        note "not run" "helm $*"
        return 0
    fi
    for argument in "$@"; do
        case $argument in
        oci://registry.k8s.io/*inferencepool) argument=$CACHE/lab/inferencepool ;;
        esac
        arguments+=("$argument")
    done
    "$HELM" "${arguments[@]}"
    status=$?
    note "$status" "helm $(printf '%s ' "$@" | cut -c1-90)"
    return $status
}
terraform() {
    local step=
    case $* in
    init* | plan*) ;;
    apply*) if [ -f fleet.tf ]; then step=fleet; elif [ -f gke.tf ]; then step=gke; else step=base; fi ;;
    *-target=*) step=destroy-features ;;
    destroy*) step=destroy ;;
    esac
    if [ ! -d .terraform ] && ! command terraform init -input=false >"$WORK/terraform.log" 2>&1; then
        echo "terraform $*: not run: its providers are not to be had here; the same REST calls instead"
        note "not run" "terraform $*"
        [ -z "$step" ] || python3 "$HERE/infrastructure.py" "$step"
        return
    fi
    command terraform "$@"
    local status=$?
    note "$status" "terraform $*"
    return $status
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
WORK=$work timeout "${LAB_TIMEOUT:-900}" bash "$work/session" 3>&1 >"$work/session.log" 2>&1
[ -n "${KEEP:-}" ] && cp -r "$work" "$KEEP"

failed=0
echo
echo "kubectl: $("$KUBECTL" version --client 2>/dev/null | head -1); speed $SPEED"
printf '%-5s %-9s %-8s %s\n' block line exit "expected in the output"
for file in "$work"/blocks/*.sh; do
    block=$(basename "$file" .sh)
    line=$(sed -n '1s/# line //p' "$file")
    code=$(cat "$work/rc.$block" 2>/dev/null || echo "not run")
    [ "$code" = 0 ] || failed=$((failed + 1))
    grep "^$block	" "$HERE/lab.expect" | cut -f2 >"$work/wanted"
    if [ ! -s "$work/wanted" ]; then
        printf '%-5s %-9s %-8s %s\n' "$block" "$line" "$code" "-"
    fi
    while read -r pattern; do
        if grep -qE -- "$pattern" "$work/out.$block" 2>/dev/null; then
            seen=yes
        else
            seen=NO
            failed=$((failed + 1))
        fi
        printf '%-5s %-9s %-8s %-3s %s\n' "$block" "$line" "$code" "$seen" "$pattern"
    done <"$work/wanted"
    if [ "$code" != 0 ]; then
        tail -n 5 "$work/out.$block" 2>/dev/null | sed 's/^/        | /'
    fi
done
echo
echo "commands: $(wc -l <"$work/calls"), of them not run: $(grep -c 'not run' "$work/calls"), with another exit code than 0: $(grep -vc '	0	\|not run' "$work/calls")"
grep -v '	0	' "$work/calls" | sed 's/^/  block /'
echo "lab: $failed of its checks failed"
[ "$failed" = 0 ]
