#!/bin/bash
# interop/compare.sh [PATTERN] - the same requests (compare_cases.py) to a real kube-apiserver and to a simulated
# cluster: where do the answers differ? PATTERN names the cases that are told.
#
# Needs what real.bash needs, and kubectl.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$top/tests/interop
tidegate=${TIDEGATE:-$top/build/tidegate}
. "$here/real.bash"
if missing=$(missing_tool kubectl); then
    echo "compare: not run: $missing is not here"
    exit 0
fi
work=$(mktemp -d)
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
start_etcd
start_server
"$tidegate" sim --dir "$work/world" --regions 1 --speed 1 >ready &
for _ in $(seq 100); do
    grep -q ready ready && break
    sleep 0.1
done
config() { kubectl config view --minify --raw --kubeconfig world/kubeconfig -o jsonpath="$1"; }
echo "compare: $server_version"
python3 "$here/compare_schema.py" "$top/src/sim" "$url" ca.crt admin-token
schema=$?
python3 "$here/compare.py" "$url" ca.crt admin-token "$(config '{.clusters[0].cluster.server}')" world/ca.pem \
    "$(config '{.users[0].user.token}')" "$@" && [ $schema = 0 ]
