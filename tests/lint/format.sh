#!/bin/sh
# format.sh [ROOT] - does clang-format agree with every C file?
# SPDX-License-Identifier: Apache-2.0
# Skipped (77) where clang-format is missing: whoever only builds does not need it; bootstrap installs it.
set -u
root=${1:-${srcdir:-.}}
cd "$root" || exit 99
formatter=${CLANG_FORMAT:-clang-format}
command -v "$formatter" >/dev/null 2>&1 || {
    echo "format: $formatter is not installed (./bootstrap installs it)" >&2
    exit 77
}
# An unpacked release may lie inside somebody's checkout, whose git knows nothing of its files.
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
    files=$(git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | sort -u)
else
    files=$(find src ui tests \( -name '*.c' -o -name '*.h' \) -type f | sort)
fi
status=0
checked=0
for file in $files; do
    [ -f "$file" ] || continue
    checked=$((checked + 1))
    "$formatter" --style=file --dry-run -Werror "$file" || status=1
done
[ "$checked" -gt 0 ] || {
    echo "format: no file to check" >&2
    status=1
}
exit "$status"
