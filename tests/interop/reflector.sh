#!/bin/bash
# interop/reflector.sh - client-go's reflector (asking for JSON, for protobuf, and by streaming lists) and the Python
# client watch 10,000 Pods of a simulated cluster through list, watch, cut connections, a server that is away for a
# while, and compaction. After each, their stores must equal a fresh list: every Pod at its last version.
#
# A simulated world lives in its process: "away" is its address refusing connections for five seconds while the world
# goes on. Needs TIDEGATE_CACHE/bin/reflector and TIDEGATE_CACHE/venv (tests/interop/tools.sh makes them); what is
# missing is said and left out.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
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
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
"$tidegate" sim --dir "$work/world" --regions 1 --speed 1 >ready &
for _ in $(seq 100); do
    grep -q ready ready && break
    sleep 0.1
done
config() { kubectl config view --minify --raw --kubeconfig world/kubeconfig -o jsonpath="$1"; }
url=$(config '{.clusters[0].cluster.server}')
token=$(config '{.users[0].user.token}')
python3 "$here/cut.py" "${url##*:}" >port &
cutter=$!
for _ in $(seq 100); do
    [ -s port ] && break
    sleep 0.1
done
sed "s#$url#https://127.0.0.1:$(cat port)#" world/kubeconfig >through.config
change() { python3 "$here/apiserver.py" "$url" world/ca.pem "$token" "$@"; }
change fill "$count"

watchers=()
declare -A pid input
watcher() { # watcher NAME PROGRAM...: it answers each line of its input with what its store holds
    local name=$1 fd
    shift
    mkfifo "$name.in"
    "$@" <"$name.in" >"$name.out" 2>"$name.err" &
    pid[$name]=$!
    exec {fd}>"$name.in"
    input[$name]=$fd
    watchers+=("$name")
}
if [ -x "$cache/bin/reflector" ]; then
    watcher go-json "$cache/bin/reflector" through.config application/json
    watcher go-protobuf "$cache/bin/reflector" through.config application/vnd.kubernetes.protobuf
    watcher go-stream env KUBE_FEATURE_WatchListClient=true "$cache/bin/reflector" through.config application/json
else
    echo "reflector: client-go: not run: $cache/bin/reflector is not there"
fi
if [ -x "$cache/venv/bin/python" ]; then
    watcher python "$cache/venv/bin/python" "$here/reflector.py" through.config
else
    echo "reflector: Python client: not run: $cache/venv is not there"
fi
[ ${#watchers[@]} != 0 ] || exit 0

failed=0
ask() { # ask NAME: its store into NAME.store
    : >"$1.out"
    echo >&"${input[$1]}"
    for _ in $(seq 300); do
        [ "$(tail -n 1 "$1.out" | tr -d '\0')" = end ] && break
        sleep 0.1
    done
    tr -d '\0' <"$1.out" | sed '/^end$/d' | LC_ALL=C sort >"$1.store"
}
agree() { # agree WHAT
    change show | LC_ALL=C sort >expected
    for name in "${watchers[@]}"; do
        for _ in $(seq 60); do
            ask "$name"
            cmp -s expected "$name.store" && break
            sleep 1
            change show | LC_ALL=C sort >expected
        done
        if [ -s expected ] && cmp -s expected "$name.store"; then
            echo "ok      $name: $1: $(wc -l <"$name.store") Pods"
        else
            echo "FAILED  $name: $1: $(diff expected "$name.store" | grep -c '^[<>]') lines differ"
            tail -n 3 "$name.err"
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
kill -USR2 $cutter
change churn 1000 3 "$count"
agree "after the server was away"
kill -STOP "${pid[@]}"
change churn 14000 4 "$count" # more than the history holds
kill -USR1 $cutter
kill -CONT "${pid[@]}"
agree "after its history was compacted"
echo "reflector: ${#watchers[@]} watchers, $failed failed"
[ "$failed" = 0 ]
