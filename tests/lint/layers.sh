#!/bin/sh
# layers.sh [ROOT] - do all includes follow layers.txt?
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 99
root=${1:-${srcdir:-.}}
cd "$root" || exit 99
export LC_ALL=C
# shellcheck disable=SC2046 # the names of sources hold no blanks
exec awk -v root= -f "$here/layers.awk" "$here/layers.txt" \
    $(find src ui \( -name '*.c' -o -name '*.h' -o -name '*.def' \) -type f | sort)
