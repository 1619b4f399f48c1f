#!/bin/sh
# drift.sh [ROOT] - does every list name what is there? Sources in the makefiles, texts in po/.
# SPDX-License-Identifier: Apache-2.0
set -u
root=${1:-${srcdir:-.}}
cd "$root" || exit 99
export LC_ALL=C
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
status=0

fail() {
    echo "$1"
    status=1
}

# Every word of every makefile, with %D% (the folder of the fragment) spelled out.
words() {
    for makefile in Makefile.am $(find src ui tests assets -name local.mk 2>/dev/null); do
        [ -f "$makefile" ] || continue
        sed -e 's/#.*//' -e "s|%D%|$(dirname "$makefile")|g" "$makefile"
    done | tr -s ' \t\\=:' '\n' | sort -u
}

check_sources() {
    words >"$scratch/words"
    find src ui tests \( -name '*.c' -o -name '*.h' -o -name '*.def' \) -type f | sort >"$scratch/sources"
    # A test program without a SOURCES line is named without its .c.
    sed -n 's/$/.c/p' "$scratch/words" | sort -u - "$scratch/words" >"$scratch/listed"
    for file in $(comm -23 "$scratch/sources" "$scratch/listed"); do
        fail "$file:1: stands in no local.mk"
    done
}

check_potfiles() {
    [ -f po/POTFILES.in ] || {
        fail "po/POTFILES.in:1: is missing"
        return
    }
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' po/POTFILES.in | sort -u >"$scratch/potfiles"
    find src ui \( -name '*.c' -o -name '*.h' -o -name '*.def' \) -type f -exec \
        grep -lE '(^|[^A-Za-z0-9_])(N?_|ngettext|pgettext)\( *"' {} + | sort >"$scratch/texts"
    for file in $(comm -13 "$scratch/potfiles" "$scratch/texts"); do
        fail "$file:1: has texts to translate and stands not in po/POTFILES.in"
    done
    while read -r file; do
        [ -f "$file" ] || fail "po/POTFILES.in:1: $file is not there"
    done <"$scratch/potfiles"
}

check_catalogue() {
    po=$1
    if ! msgfmt --check --statistics -o /dev/null "$po" >"$scratch/statistics" 2>&1; then
        cat "$scratch/statistics"
        fail "$po:1: msgfmt refuses it"
        return
    fi
    if grep -Eq 'fuzzy|untranslated' "$scratch/statistics"; then
        fail "$po:1: is not complete: $(tail -n 1 "$scratch/statistics")"
    fi
    # Obsolete entries are waste; missing ones show as English on the screen.
    if grep -n '^#~' "$po" | sed "s|^\([0-9]*\):.*|$po:\1: obsolete entry|" | head -n 1 | grep .; then
        status=1
    fi
    options=$(sed -n 's/^XGETTEXT_OPTIONS *= *//p' po/Makevars)
    # shellcheck disable=SC2086 # options are several words
    if ! xgettext $options --default-domain=all --output="$scratch/all.pot" \
        --files-from="$scratch/potfiles" 2>"$scratch/xgettext"; then
        cat "$scratch/xgettext"
        fail "po/POTFILES.in:1: xgettext refuses the sources"
        return
    fi
    if [ -f "$scratch/all.pot" ] && ! msgcmp "$po" "$scratch/all.pot" 2>"$scratch/msgcmp"; then
        sed "s|$scratch/||" "$scratch/msgcmp"
        fail "$po:1: lacks texts of the sources"
    fi
}

check_sources
check_potfiles
if command -v msgfmt >/dev/null 2>&1; then
    for language in $(sed 's/#.*//' po/LINGUAS 2>/dev/null); do
        if [ -f "po/$language.po" ]; then
            check_catalogue "po/$language.po"
        else
            fail "po/LINGUAS:1: po/$language.po is missing"
        fi
    done
    [ -s po/LINGUAS ] || fail "po/LINGUAS:1: names no language"
else
    fail "drift: msgfmt is not installed"
fi
exit "$status"
