#!/bin/bash
# interop/apiserver.sh - tidegate against a real kube-apiserver and etcd, so that its client and the simulated world
# cannot share a mistake: 5,000 Pods listed and watched through changes, compaction, a restart of the server, a token
# that expires and a role that is taken away. At each point `tidegate status` must show the Pods that kubectl shows.
#
# Needs kube-apiserver in TIDEGATE_CACHE/bin (tests/interop/tools.sh builds it), etcd, kubectl, openssl, python3.
# SPDX-License-Identifier: Apache-2.0
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$top/tests/interop
tidegate=${TIDEGATE:-$top/build/tidegate}
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
server=$cache/bin/kube-apiserver
pods=${PODS:-5000}
for tool in "$server" etcd kubectl openssl python3; do
    command -v "$tool" >/dev/null || {
        echo "apiserver: not run: $tool is not here"
        exit 0
    }
done
work=$(mktemp -d)
cd "$work" || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT INT TERM
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
etcd_port=$(port)
peer_port=$(port)
api_port=$(port)
url=https://127.0.0.1:$api_port

openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=kube-apiserver 2>/dev/null
echo 'subjectAltName=IP:127.0.0.1' >san
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.crt 2>/dev/null
openssl genrsa -out account.key 2048 2>/dev/null
printf 'admin-token,admin,1,"system:masters"\n' >tokens.csv
etcd --data-dir etcd --listen-client-urls "http://127.0.0.1:$etcd_port" --unsafe-no-fsync \
    --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$peer_port" >etcd.log 2>&1 &

start_server() {
    "$server" --etcd-servers="http://127.0.0.1:$etcd_port" --secure-port="$api_port" --bind-address=127.0.0.1 \
        --advertise-address=127.0.0.1 --tls-cert-file=server.crt --tls-private-key-file=server.key \
        --token-auth-file=tokens.csv --authorization-mode=RBAC --service-account-issuer=https://issuer \
        --service-account-key-file=account.key --service-account-signing-key-file=account.key \
        --service-cluster-ip-range=10.96.0.0/16 --disable-admission-plugins=ServiceAccount \
        --etcd-compaction-interval=20s --watch-cache=true >>server.log 2>&1 &
    server_pid=$!
    for _ in $(seq 240); do
        [ "$(curl -s --cacert ca.crt -H 'Authorization: Bearer admin-token' "$url/readyz")" = ok ] && return
        sleep 0.25
    done
    echo "apiserver: it did not get ready"
    tail -n 5 server.log
    exit 1
}

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
        awk '{ print $1 "/" $2, $4 }' | LC_ALL=C sort >expected
}
shown() { # what the last whole line of the watching tidegate says
    tail -n 1 watch.out | python3 -c '
import json, sys
for region in json.load(sys.stdin)["regions"]:
    for pod in region["pods"]:
        print(pod["namespace"] + "/" + pod["name"], pod["status"])' 2>/dev/null | LC_ALL=C sort >shown
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

start_server
echo admin-token >admin.token
cp admin.token user.token
write_config admin.config admin.token
write_config user.config user.token
change() { python3 "$here/apiserver.py" "$url" ca.crt admin-token "$@"; }
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
start_server
change churn 500 7
agree "after a restart of the server"
# a user of its own, by a short-lived ServiceAccount token
kubectl --kubeconfig admin.config create serviceaccount watcher >/dev/null
kubectl --kubeconfig admin.config create clusterrolebinding watcher --clusterrole=view \
    --serviceaccount=default:watcher >/dev/null
kubectl --kubeconfig admin.config create token watcher --duration=10m >user.token
change churn 200 8
agree "with the token of a ServiceAccount"
echo expired >user.token
kill $server_pid
wait $server_pid 2>/dev/null
start_server # watches of a real server outlive their token; new ones do not
says "401|Unauthorized|denied" "a token that expired"
kubectl --kubeconfig admin.config create token watcher --duration=10m >user.token
change churn 200 9
agree "with a new token in the file"
kubectl --kubeconfig admin.config delete clusterrolebinding watcher >/dev/null
kill $server_pid
wait $server_pid 2>/dev/null
start_server
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
kubectl --kubeconfig admin.config create clusterrolebinding watcher --clusterrole=view \
    --serviceaccount=default:watcher >/dev/null
change churn 200 10
agree "with the role given back"
kill -0 $watcher 2>/dev/null || {
    echo "FAILED  tidegate ended: $(tail -n 2 watch.err)"
    failed=$((failed + 1))
}
echo "apiserver: $("$server" --version), $(etcd --version | head -1): $failed failed"
[ "$failed" = 0 ]
