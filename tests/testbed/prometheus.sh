#!/usr/bin/env bash
# Unpacks Debian's prometheus (with promtool) into the cache and prints the
# directory of the two binaries. Nothing is installed, so no service starts on
# the user's machine. When both are on PATH already, those are taken.
set -euo pipefail

cache=${VIRTLENS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/virtlens}
root=$cache/prometheus
bin=$root/usr/bin

# _apt may not enter a private directory, so apt-get would warn on every run.
download() {
    apt-get -q -o APT::Sandbox::User="$(id -un)" download prometheus
}

unpack() {
    # Not local: the trap runs after the function is left.
    mkdir -p "$cache"
    partial=$(mktemp -d "$root.partial.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    cd "$partial"
    if ! download >&2; then
        echo "testbed: apt-get cannot download prometheus; run 'apt-get update' first" >&2
        return 1
    fi
    mkdir root
    dpkg -x prometheus_*.deb root
    chmod 755 root
    mv -T root "$root" 2>/dev/null || [ -x "$bin/prometheus" ]
    cd /
}

if [ -x "$bin/prometheus" ] && [ -x "$bin/promtool" ]; then
    echo "$bin"
elif command -v prometheus promtool >/dev/null; then
    dirname "$(command -v prometheus)"
else
    echo "testbed: unpacking prometheus into $root" >&2
    (unpack)
    echo "$bin"
fi
