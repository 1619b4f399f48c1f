#!/bin/bash
# interop/pool.sh - the InferencePool by helm and natively: are the objects the same? In a simulated world the chart is
# installed in one region and assets/manifests/pool*.yaml are applied in another, and what is there is compared
# (pool.py), for the lab's flags in Europe and for those in the US.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$top/tests/interop
tidegate=${TIDEGATE:-$top/build/tidegate}
cache=${TIDEGATE_CACHE:-$HOME/.cache/tidegate}
chart=$cache/lab/inferencepool
PATH=$cache/bin:$PATH
for tool in helm kubectl python3; do
    command -v "$tool" >/dev/null || { echo "pool: not run: $tool is not here"; exit 0; }
done
[ -f "$chart/Chart.yaml" ] || { echo "pool: not run: the chart is not in $chart"; exit 0; }
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
export HELM_CACHE_HOME=$work/cache HELM_CONFIG_HOME=$work/config HELM_DATA_HOME=$work/data
"$tidegate" sim --dir "$work/world" --regions 2 --speed 10 >ready &
for _ in $(seq 100); do
    grep -q ready ready && break
    sleep 0.1
done
export KUBECONFIG=$work/world/kubeconfig
contexts=$(kubectl config get-contexts -o name | grep '^gke_')
by_helm=$(echo "$contexts" | sed -n 1p)
natively=$(echo "$contexts" | sed -n 2p)
kinds=serviceaccounts,configmaps,clusterroles,clusterrolebindings,roles,rolebindings,services,deployments,secrets
kinds=$kinds,inferencepools,healthcheckpolicies,gcpbackendpolicies,podmonitorings
compare() { # compare WHERE: what both sides have of it
    for context in "$by_helm" "$natively"; do
        kubectl get "$kinds" --all-namespaces --context="$context" -o json >"$context.json" || return 1
    done
    python3 "$here/pool.py" "$1" "$by_helm.json" "$natively.json"
}
# Another name than the lab's, whose pool stands in every built world.
native() {
    sed 's/gemma-pool/parity-pool/g; s/default-gemma/default-parity/g' "$top/assets/manifests/$1" |
        kubectl apply --server-side --context="$natively" -f - >/dev/null
}
flags=(--kube-context "$by_helm" --set inferencePool.modelServers.matchLabels.app=gemma-server --set provider.name=gke)
status=0
helm install parity-pool "${flags[@]}" "$chart" >/dev/null || exit 1
kubectl annotate inferencepool parity-pool networking.gke.io/export=True --context="$by_helm" >/dev/null || exit 1
native pool.yaml || exit 1
compare Europe || status=1
helm upgrade parity-pool "${flags[@]}" --set inferenceExtension.monitoring.gke.enabled=true "$chart" >/dev/null || exit 1
kubectl annotate inferencepool parity-pool networking.gke.io/export=True --overwrite --context="$by_helm" >/dev/null || exit 1
native pool-monitoring.yaml || exit 1
compare US || status=1
exit "$status"
