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
#   helm        release HELM from its Go module
#   providers   Terraform's providers of the lab, as a mirror in terraform/ with the settings that name it: from
#               Terraform's registry, else from the folder PROVIDERS (terraform-provider-NAME_vVERSION, as Terraform
#               calls them)
#   files       the chart and the CRD that the lab takes from the network, from there, else from the folder LAB_FILES
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
here=$(cd "$(dirname "$0")" && pwd)
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
KUBERNETES=${KUBERNETES:-1.34.4}
ETCD=${ETCD:-3.6.5}
HELM=${HELM:-3.19.0}
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

helm() {
    [ ! -x "$cache/bin/helm" ] || return 0
    CGO_ENABLED=0 GOBIN=$cache/bin nice -n 10 go install -p 2 -trimpath \
        -ldflags="-s -w -X helm.sh/helm/v3/internal/version.version=v$HELM" "helm.sh/helm/v3/cmd/helm@v$HELM"
}

providers() {
    local mirror=$cache/terraform/mirror platform binary name version place
    mkdir -p "$mirror" "$cache/build/providers"
    printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$cache/terraform/settings"
    if [ "$(find "$mirror" -mindepth 3 -maxdepth 3 | wc -l)" -ge 3 ]; then
        return 0
    fi
    cat >"$cache/build/providers/main.tf" <<'TERRAFORM'
terraform {
  required_providers {
    google      = { source = "hashicorp/google", version = "~> 7.0" }
    google-beta = { source = "hashicorp/google-beta", version = "~> 7.0" }
    time        = { source = "hashicorp/time", version = "~> 0.11.0" }
  }
}
TERRAFORM
    if [ -z "${PROVIDERS:-}" ]; then
        (cd "$cache/build/providers" && terraform providers mirror "$mirror") && return
        echo "Terraform's registry gives none, and PROVIDERS names no folder"
        return 1
    fi
    platform=$(uname -s | tr '[:upper:]' '[:lower:]')_$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
    for name in google google-beta time; do
        binary=$(find "$PROVIDERS" -maxdepth 1 -name "terraform-provider-${name}_v*" | sort -V | tail -n 1)
        if [ -z "$binary" ]; then
            echo "there is no terraform-provider-${name}_vVERSION in $PROVIDERS"
            return 1
        fi
        version=$(basename "$binary" | sed 's/.*_v\([0-9.]*\).*/\1/')
        place=$mirror/registry.terraform.io/hashicorp/$name/$version/$platform
        mkdir -p "$place" && cp "$binary" "$place/terraform-provider-${name}_v$version" || return
    done
}

files() {
    local place=$cache/lab release=1.1.0 source=gateway-api-inference-extension
    local crd=inference.networking.x-k8s.io_inferenceobjectives.yaml
    mkdir -p "$place"
    [ ! -f "$place/$crd" ] || [ ! -f "$place/inferencepool/Chart.yaml" ] || return 0
    if [ -n "${LAB_FILES:-}" ]; then
        cp -r "$LAB_FILES/$crd" "$LAB_FILES/inferencepool" "$place/"
        return
    fi
    curl -fsSL -o "$place/$crd" \
        "https://raw.githubusercontent.com/kubernetes-sigs/$source/v$release/config/crd/bases/$crd" &&
        "$cache/bin/helm" pull --untar --untardir "$place" --version "v$release" \
            "oci://registry.k8s.io/$source/charts/inferencepool"
}

status=0
[ $# -gt 0 ] || set -- apiserver etcd reflector kubectl python helm providers files
for tool in "$@"; do
    if ("$tool") >"$cache/build/$tool.log" 2>&1; then
        echo "tools: $tool: had"
    else
        echo "tools: $tool: NOT had: $(tail -n 1 "$cache/build/$tool.log")"
        status=1
    fi
done
exit $status
