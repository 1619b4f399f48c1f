# interop/real.bash - a real kube-apiserver on a real etcd, for the scripts beside it; to be sourced.
#
# Needs kube-apiserver and etcd in TIDEGATE_CACHE/bin (tests/interop/tools.sh puts them there) or on the PATH, openssl,
# curl. The caller stands in a folder of its own and ends what jobs -p lists. Sets url, server_version; the authority
# is ca.crt, the administrator's token is "admin-token".
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
server=$cache/bin/kube-apiserver
etcd=$cache/bin/etcd
[ -x "$etcd" ] || etcd=etcd

missing_tool() { # missing_tool MORE...: the first that is not here; false when all are
    local tool
    for tool in "$server" "$etcd" openssl curl python3 "$@"; do
        command -v "$tool" >/dev/null || {
            echo "$tool"
            return 0
        }
    done
    return 1
}

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_etcd() {
    etcd_port=$(port)
    local peer_port
    peer_port=$(port)
    api_port=$(port)
    url=https://127.0.0.1:$api_port
    server_version="$("$server" --version), $("$etcd" --version | head -1)"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=kube-apiserver 2>/dev/null
    echo 'subjectAltName=IP:127.0.0.1' >san
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san \
        -out server.crt 2>/dev/null
    openssl genrsa -out account.key 2048 2>/dev/null
    printf 'admin-token,admin,1,"system:masters"\n' >tokens.csv
    "$etcd" --data-dir etcd --listen-client-urls "http://127.0.0.1:$etcd_port" --unsafe-no-fsync \
        --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" >etcd.log 2>&1 &
}

start_server() { # start_server MORE-OPTIONS...
    "$server" --etcd-servers="http://127.0.0.1:$etcd_port" --secure-port="$api_port" --bind-address=127.0.0.1 \
        --advertise-address=127.0.0.1 --tls-cert-file=server.crt --tls-private-key-file=server.key \
        --token-auth-file=tokens.csv --authorization-mode=RBAC --service-account-issuer=https://issuer \
        --service-account-key-file=account.key --service-account-signing-key-file=account.key \
        --service-cluster-ip-range=10.96.0.0/16 --etcd-compaction-interval=20s "$@" >>server.log 2>&1 &
    server_pid=$!
    for _ in $(seq 480); do
        [ "$(curl -s --cacert ca.crt -H 'Authorization: Bearer admin-token' "$url/readyz")" = ok ] && return
        kill -0 $server_pid 2>/dev/null || break
        sleep 0.25
    done
    echo "$(basename "$0"): kube-apiserver did not get ready"
    tail -n 5 server.log
    exit 1
}
