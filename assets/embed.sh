#!/bin/sh
# assets/embed.sh DIR FILE... - prints a C file that holds the files as bytes, in byte order of their names.
# SPDX-License-Identifier: Apache-2.0
set -eu
dir=$1
shift
printf '#include "base/assets.h"\n\n'
n=0
table=
for file in $(printf '%s\n' "$@" | LC_ALL=C sort); do
    printf 'static const unsigned char asset_%s[] = {\n' "$n"
    od -An -v -tx1 "$dir/$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    printf '0x00};\n'
    table="$table    {\"$file\", (const char *)asset_$n, sizeof(asset_$n) - 1},
"
    n=$((n + 1))
done
printf 'const struct tg_asset tg_assets[] = {\n%s    {0, 0, 0},\n};\n' "$table"
