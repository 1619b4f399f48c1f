#!/bin/bash
# interop/tools.sh [TOOL...] - builds what the interop tests need and a machine may lack, each from its own registry,
# into TIDEGATE_CACHE (default ~/.cache/tidegate): programs in bin/, the Python client in venv/. Without arguments, all
# of them. What is there already is kept. Ends with a line for each tool: had, or the last thing its attempt said (the
# rest is in build/TOOL.log). Exit 0 when all could be had.
#
#   apiserver   kube-apiserver, release KUBERNETES, from its Go module
#   etcd        release ETCD from its Go module, else Debian's
#   reflector   go/reflector with client-go of the same release as kube-apiserver
#   kubectl     each release of KUBECTL_RELEASES that the machine has not, from its Go module
#   python      a venv with the Python client
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
KUBERNETES=${KUBERNETES:-1.34.4}
ETCD=${ETCD:-3.6.5}
KUBECTL_RELEASES=${KUBECTL_RELEASES:-1.27 1.30 1.33}
mkdir -p "$cache/bin" "$cache/build" || exit 1

# go_program PROGRAM SOURCE MODULE@VERSION...: bin/PROGRAM from a main package of this folder, as a module of its own.
# LDFLAGS are the linker's; $cache/build/PROGRAM.edits are arguments of `go mod edit`.
go_program() {
    local program=$1 source=$2 folder=$cache/build/$1
    shift 2
    command -v go >/dev/null || {
        echo "go is not here"
        return 1
    }
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$source"/*.go "$folder"/
    (
        cd "$folder" || exit 1
        go mod init "tidegate.local/$program"
        [ ! -f "$folder.edits" ] || xargs go mod edit <"$folder.edits"
        go get "$@" &&
            CGO_ENABLED=0 nice -n 10 go build -p 2 -mod=mod -trimpath -ldflags="-s -w ${LDFLAGS:-}" \
                -o "$cache/bin/$program" .
    )
}

apiserver() {
    [ ! -x "$cache/bin/kube-apiserver" ] || return 0
    # the parts that kubernetes keeps in its own tree are modules of their own: its go.mod names them as v0.0.0
    local json=$cache/build/kubernetes.json
    go mod download -json "k8s.io/kubernetes@v$KUBERNETES" >"$json" || return 1
    sed -n 's/^[[:space:]]*\(k8s\.io\/[a-z-]*\) v0\.0\.0\( .*\)\?$/\1/p' "$(sed -n 's/.*"GoMod": "\(.*\)".*/\1/p' "$json")" |
        sort -u | sed "s|.*|-replace=&=&@v0.${KUBERNETES#1.}|" >"$cache/build/kube-apiserver.edits"
    local version=k8s.io/component-base/version
    LDFLAGS="-X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 \
-X $version.gitMinor=$(echo "$KUBERNETES" | cut -d. -f2)" \
        go_program kube-apiserver "$here/go/kube-apiserver" "k8s.io/kubernetes@v$KUBERNETES"
}

etcd() {
    [ ! -x "$cache/bin/etcd" ] || return 0
    go_program etcd "$here/go/etcd" "go.etcd.io/etcd/server/v3@v$ETCD" && return
    # the package's files only: a service that starts by itself is not wanted
    cd "$cache/build" && rm -rf etcd-server etcd-server_*.deb && apt-get -qq download etcd-server &&
        dpkg-deb -x etcd-server_*.deb etcd-server && cp etcd-server/usr/bin/etcd "$cache/bin/"
}

reflector() {
    [ ! -x "$cache/bin/reflector" ] || return 0
    go_program reflector "$here/go/reflector" "k8s.io/client-go@v0.${KUBERNETES#1.}" "k8s.io/api@v0.${KUBERNETES#1.}"
}

kubectl() {
    local release beside
    beside=$(dirname "$(readlink -f "$(type -P gcloud)")")
    for release in $KUBECTL_RELEASES; do
        [ ! -x "$beside/kubectl.$release" ] && [ ! -x "$cache/bin/kubectl.$release" ] || continue
        go_program "kubectl.$release" "$here/go/kubectl" "k8s.io/kubectl@v0.${release#1.}" || return
    done
}

python() {
    "$cache/venv/bin/python" -c 'import kubernetes' 2>/dev/null && return
    python3 -m venv "$cache/venv" && "$cache/venv/bin/pip" -q install kubernetes
}

status=0
[ $# -gt 0 ] || set -- apiserver etcd reflector kubectl python
for tool in "$@"; do
    if ("$tool") >"$cache/build/$tool.log" 2>&1; then
        echo "tools: $tool: had"
    else
        echo "tools: $tool: NOT had: $(tail -n 1 "$cache/build/$tool.log")"
        status=1
    fi
done
exit $status
