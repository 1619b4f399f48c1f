#!/bin/bash
# interop/apiserver.sh - tidegate against a real kube-apiserver and etcd, so that its client and the simulated world
# cannot share a mistake: 5,000 Pods listed and watched through changes, compaction, a restart of the server, a token
# that expires and a role that is taken away. At each point `tidegate status` must show the Pods that kubectl shows.
#
# Needs what real.bash needs, and kubectl.
# SPDX-License-Identifier: Apache-2.0
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$top/tests/interop
tidegate=${TIDEGATE:-$top/build/tidegate}
pods=${PODS:-5000}
. "$here/real.bash"
if missing=$(missing_tool kubectl); then
    echo "apiserver: not run: $missing is not here"
    exit 0
fi
work=$(mktemp -d)
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
write_config() { # write_config FILE TOKEN-FILE
    cat >"$1" <<CONFIG
apiVersion: v1
kind: Config
current-context: real
clusters:
- name: real
  cluster: {server: "$url", certificate-authority: $work/ca.crt}
users:
- name: user
  user: {tokenFile: $work/$2}
contexts:
- name: real
  context: {cluster: real, user: user}
CONFIG
}

failed=0
expected() {
    kubectl --kubeconfig admin.config get pods -A --no-headers |
        awk '{ print $1 "/" $2, $4, $5 }' | LC_ALL=C sort >expected
}
shown() { # what the last whole line of the watching tidegate says
    tail -n 1 watch.out | python3 -c '
import json, sys
for region in json.load(sys.stdin)["regions"]:
    for pod in region["pods"]:
        print(pod["namespace"] + "/" + pod["name"], pod["status"], pod["restarts"])' 2>/dev/null | LC_ALL=C sort >shown
}
state() {
    tail -n 1 watch.out | python3 -c '
import json, sys
print(json.load(sys.stdin)["regions"][0]["source"])' 2>/dev/null
}
agree() { # agree WHAT: within a minute
    for _ in $(seq 120); do
        expected
        shown
        if [ -s expected ] && cmp -s expected shown; then
            echo "ok      $1: $(wc -l <shown) Pods, as kubectl shows them"
            return
        fi
        sleep 0.5
    done
    echo "FAILED  $1: $(diff expected shown | grep -c '^[<>]') lines differ; source: $(state)"
    diff expected shown | head -5
    failed=$((failed + 1))
}
says() { # says PATTERN WHAT: the source's state within two minutes
    for _ in $(seq 240); do
        if state | grep -qE "$1"; then
            echo "ok      $2: $(state | cut -c1-150)"
            return
        fi
        sleep 0.5
    done
    echo "FAILED  $2: $(state)"
    failed=$((failed + 1))
}

restart() {
    kill $server_pid
    wait $server_pid 2>/dev/null
    start_server --disable-admission-plugins=ServiceAccount
}

start_etcd
start_server --disable-admission-plugins=ServiceAccount
echo admin-token >admin.token
cp admin.token user.token
write_config admin.config admin.token
write_config user.config user.token
change() { NODE=nowhere python3 "$here/apiserver.py" "$url" ca.crt admin-token "$@"; }
change fill "$pods"
"$tidegate" status --kubeconfig "$work/user.config" --json --watch >watch.out 2>watch.err &
watcher=$!
agree "listed"
change churn 2000 1
agree "watched through 2,000 changes"
for round in 2 3 4; do
    change churn 1500 $round
    sleep 10 # the server compacts its history every 20 s
done
agree "after compaction of the server's history"
kill -STOP $watcher
change churn 3000 5
sleep 45
change churn 500 6
kill -CONT $watcher
agree "after 45 s of sleep, with what it watched from compacted"
kill $server_pid
wait $server_pid 2>/dev/null
sleep 3
says "'state': '(reconnecting|stale|lost)'" "the server is away"
start_server --disable-admission-plugins=ServiceAccount
change churn 500 7
agree "after a restart of the server"
# a user of its own, by a short-lived ServiceAccount token; without controllers "view" has no rules to give
kubectl --kubeconfig admin.config create clusterrole watcher --verb=get,list,watch --resource='*.*' >/dev/null
allow() {
    kubectl --kubeconfig admin.config create clusterrolebinding watcher --clusterrole=watcher \
        --serviceaccount=default:watcher >/dev/null
}
kubectl --kubeconfig admin.config create serviceaccount watcher >/dev/null
allow
change token account.key 90 >user.token
expiry=$(($(date +%s) + 90))
restart # watches of a real server outlive their token; new ones do not
change churn 200 8
agree "with the short-lived token of a ServiceAccount"
while [ "$(date +%s)" -le $expiry ]; do
    sleep 1
done
restart
says "401|Unauthorized|denied" "a token that expired"
kubectl --kubeconfig admin.config create token watcher --duration=10m >user.token
change churn 200 9
agree "with a new token in the file"
kubectl --kubeconfig admin.config delete clusterrolebinding watcher >/dev/null
restart
for _ in $(seq 240); do
    tail -n 1 watch.out | grep -q '"denied": true' && break
    sleep 0.5
done
if tail -n 1 watch.out | grep -q '"denied": true'; then
    echo "ok      the role was taken away, and it says so"
else
    echo "FAILED  the role was taken away: $(state)"
    failed=$((failed + 1))
fi
allow
change churn 200 10
agree "with the role given back"
kill -0 $watcher 2>/dev/null || {
    echo "FAILED  tidegate ended: $(tail -n 2 watch.err)"
    failed=$((failed + 1))
}
echo "apiserver: $server_version: $failed failed"
[ "$failed" = 0 ]
