#!/bin/sh
# harden.sh [ROOT] - is the built program hardened? Reads the binary, since a misspelt flag is silent.
# SPDX-License-Identifier: Apache-2.0
# The program is $TIDEGATE, by default ./tidegate in the build folder.
set -u
program=${TIDEGATE:-./tidegate}
export LC_ALL=C
[ -f "$program" ] || {
    echo "$program:1: is not built"
    exit 1
}
command -v readelf >/dev/null 2>&1 || {
    echo "harden: readelf is not installed" >&2
    exit 77
}
scratch=$(mktemp) || exit 99
trap 'rm -f "$scratch"' EXIT
readelf -hldsW "$program" >"$scratch" 2>/dev/null || {
    echo "$program:1: readelf cannot read it"
    exit 1
}
status=0

expect() {
    grep -Eq "$1" "$scratch" || {
        echo "$program:1: $2"
        status=1
    }
}

refuse() {
    if grep -Eq "$1" "$scratch"; then
        echo "$program:1: $2"
        status=1
    fi
}

expect '^ *Type: *DYN' 'is not position-independent'
expect 'FLAGS_1.*PIE' 'is not linked as a position-independent program (-pie)'
expect 'GNU_RELRO' 'has no read-only relocations (-z relro)'
expect 'BIND_NOW|FLAGS_1.*NOW' 'binds lazily (-z now)'
expect '__stack_chk_fail' 'has no stack protector'
expect 'GNU_STACK.* RW ' 'has no stack segment without execute'
refuse 'GNU_STACK.* RWE ' 'has an executable stack'
refuse 'TEXTREL' 'has text relocations'
refuse 'R(UN)?PATH' 'carries a run path'
exit "$status"
