#!/bin/sh
# tidy.sh [ROOT] - do all C files follow the house rules that need no compiler?
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 99
root=${1:-${srcdir:-.}}
cd "$root" || exit 99
export LC_ALL=C
folders=
for folder in src ui tests; do
    [ -d "$folder" ] && folders="$folders $folder"
done
# shellcheck disable=SC2046,SC2086 # neither folders nor the names of sources hold blanks
exec awk -f "$here/tidy.awk" \
    $(find $folders \( -name '*.c' -o -name '*.h' -o -name '*.def' \) -type f | sort)
