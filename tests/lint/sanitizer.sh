#!/bin/sh
# sanitizer.sh [ROOT] - does run-criterion fail for a leak, an overflow and undefined behaviour, and only then?
# SPDX-License-Identifier: Apache-2.0
# The compiler is $CC (default cc); skipped (77) where it has no sanitizers or Criterion is missing.
set -u
root=${1:-${srcdir:-.}}
compiler=${CC:-cc}
flags='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all'
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
status=0

# The result must not depend on what the caller set for other programs.
unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS

build() {
    # shellcheck disable=SC2086 # compiler and flags are several words
    $compiler $flags -o "$1" "$2" $(pkg-config --cflags --libs criterion 2>/dev/null || echo -lcriterion)
}

echo 'int main(void) { return 0; }' >"$scratch/probe.c"
# shellcheck disable=SC2086
$compiler $flags -o "$scratch/probe" "$scratch/probe.c" 2>/dev/null && "$scratch/probe" || {
    echo "sanitizer: $compiler has no address and undefined sanitizers here" >&2
    exit 77
}
printf '#include <criterion/criterion.h>\nTest(a, b)\n{\n}\n' >"$scratch/probe.c"
build "$scratch/probe" "$scratch/probe.c" 2>/dev/null || {
    echo "sanitizer: Criterion is not installed" >&2
    exit 77
}

# expect NAME pass|fail WORDS: the planted program ends like that, and the report says WORDS
expect() {
    if ! build "$scratch/$1" "$root/tests/planted/$1.c"; then
        echo "tests/planted/$1.c:1: does not compile"
        status=1
        return
    fi
    if sh "$root/tests/run-criterion" "$scratch/$1" >"$scratch/out" 2>&1; then
        result=pass
    else
        result=fail
    fi
    if [ "$result" != "$2" ] || ! grep -q "$3" "$scratch/out"; then
        echo "tests/planted/$1.c:1: expected to $2 and to say \"$3\"; it did $result:"
        sed 's/^/    /' "$scratch/out"
        status=1
    fi
}

expect clean pass '^ok '
expect leak fail 'LeakSanitizer: detected memory leaks'
expect overflow fail 'AddressSanitizer: heap-buffer-overflow'
expect undefined fail 'runtime error: signed integer overflow'
[ "$status" = 0 ] && echo "sanitizer: all four programs ended as they should"
exit "$status"
