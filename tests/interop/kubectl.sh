# interop/kubectl.sh - the real kubectl beside the console: both see the same world at once.
# SPDX-License-Identifier: Apache-2.0
# Run by `make interop`; not part of check, since Debian 12 has no kubectl of this age.
command -v kubectl >/dev/null || {
    echo "FAILED: kubectl is not on the PATH"
    exit 1
}
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world lab --built --seed 1 --speed 10
KUBECONFIG=$work/lab/kubeconfig
export KUBECONFIG
context=$(kubectl config get-contexts -o name | grep us-east5)

kube() {
    kubectl --context "$context" "$@" >"$work/kubectl.out" 2>&1 || {
        cat "$work/kubectl.out"
        fail "kubectl $*"
    }
}
says() { # says TEXT: the last kubectl printed it
    grep -qF -- "$1" "$work/kubectl.out" || {
        cat "$work/kubectl.out"
        fail "kubectl did not print: $1"
    }
}

kube get pods
says vllm-gemma
pod=$(kubectl --context "$context" get pods -o name | grep vllm-gemma)
kube describe "$pod"
says "google.com/tpu"
kube get "$pod" -o yaml
says "nodeName:"
kube get nodes -o wide
says Ready
kube get gateways,httproutes -A
says cross-region-gateway
kube logs "$pod" -c vllm-tpu --tail=5
kube api-resources
says resourceclaims
kube version
says v1.34

open_terminal 100 30 "LANG=C.UTF-8 $TIDEGATE"
expect_screen 30 "replicas 1/1"
kubectl --context "$context" get pods -w >"$work/watch.out" 2>&1 &
watcher=$!
wait_for 20 grep -q vllm-gemma "$work/watch.out" || fail "kubectl get pods -w shows nothing"
# Milliseconds are told, not judged: a machine's speed is no test.
scale_and_see() { # scale_and_see REPLICAS TEXT
    kube scale deployment vllm-gemma "--replicas=$1"
    from=$(date +%s%3N)
    expect_screen 30 "$2"
    echo "replicas=$1: on the screen $(($(date +%s%3N) - from)) ms after kubectl returned"
}
scale_and_see 0 "replicas 0/0"
wait_for 30 grep -q Terminating "$work/watch.out" || fail "kubectl get pods -w does not show the end"
scale_and_see 1 "replicas 1/1"
wait_for 30 grep -qE "Init:0/1|PodInitializing|ContainerCreating" "$work/watch.out" || fail "kubectl get pods -w does not show the start"
kill "$watcher"
keys q
expect_sane_terminal "q"
