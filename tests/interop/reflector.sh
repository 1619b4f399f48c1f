#!/bin/bash
# interop/reflector.sh - client-go's reflector (JSON) and the Python client watch 10,000 Pods of a simulated cluster
# through list, watch, compaction and cut connections; at the end their stores equal a fresh list.
#
# Needs TIDEGATE_CACHE/bin/reflector and TIDEGATE_CACHE/venv (tests/interop/tools.sh makes them); what is missing is
# said and left out.
# SPDX-License-Identifier: Apache-2.0
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$top/tests/interop
tidegate=${TIDEGATE:-$top/build/tidegate}
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
count=${PODS:-10000}
command -v kubectl >/dev/null && command -v python3 >/dev/null || {
    echo "reflector: not run: kubectl and python3 are needed"
    exit 0
}
work=$(mktemp -d)
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT INT TERM
"$tidegate" sim --dir "$work/world" --regions 1 --speed 1 >ready &
for _ in $(seq 100); do
    grep -q ready ready && break
    sleep 0.1
done
kubectl config view --raw --kubeconfig world/kubeconfig -o jsonpath='{.clusters[0].cluster.server}' >server
kubectl config view --raw --kubeconfig world/kubeconfig -o jsonpath='{.users[0].user.token}' >token
python3 "$here/cut.py" "$(sed 's/.*://' server)" >port &
cutter=$!
sleep 1
sed "s#$(cat server)#https://127.0.0.1:$(cat port)#" world/kubeconfig >through.config
change() { python3 "$here/apiserver.py" "$(cat server)" world/ca.pem "$(cat token)" "$@"; }
change fill "$count"

watchers=
if [ -x "$cache/bin/reflector" ]; then
    mkfifo go.in
    "$cache/bin/reflector" "$work/through.config" <go.in >go.out 2>go.err &
    go_pid=$!
    exec 5>go.in
    watchers="go"
else
    echo "reflector: client-go: not run: $cache/bin/reflector is not there"
fi
if [ -x "$cache/venv/bin/python" ]; then
    mkfifo py.in
    "$cache/venv/bin/python" "$here/reflector.py" "$work/through.config" <py.in >py.out 2>py.err &
    py_pid=$!
    exec 6>py.in
    watchers="$watchers py"
else
    echo "reflector: Python client: not run: $cache/venv is not there"
fi
[ -n "$watchers" ] || exit 0

failed=0
ask() { # ask go|py: its store into ask.out
    : >"$1.out"
    case $1 in go) echo >&5 ;; py) echo >&6 ;; esac
    for _ in $(seq 100); do
        tail -n 1 "$1.out" | grep -qx end && break
        sleep 0.1
    done
    sed '/^end$/d' "$1.out" | LC_ALL=C sort >"$1.store"
}
agree() { # agree WHAT
    for name in $watchers; do
        for _ in $(seq 60); do
            kubectl --kubeconfig world/kubeconfig get pods -A \
                -o jsonpath='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}' |
                LC_ALL=C sort >expected
            ask "$name"
            cmp -s expected "$name.store" && break
            sleep 1
        done
        if [ -s expected ] && cmp -s expected "$name.store"; then
            echo "ok      $name: $1: $(wc -l <"$name.store") Pods"
        else
            echo "FAILED  $name: $1: $(diff expected "$name.store" | grep -c '^[<>]') lines differ"
            failed=$((failed + 1))
        fi
    done
}
agree "listed"
change churn 3000 1 "$count"
agree "watched through 3,000 changes"
kill -USR1 $cutter
change churn 1000 2 "$count"
agree "after its connections were cut"
kill -STOP ${go_pid:-} ${py_pid:-}
change churn 14000 3 "$count" # more than the history holds
kill -USR1 $cutter
kill -CONT ${go_pid:-} ${py_pid:-}
agree "after its history was compacted"
echo "reflector: $failed failed"
[ "$failed" = 0 ]
