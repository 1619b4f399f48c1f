#!/bin/sh
# selftest.sh - can every lint script fail? Breaks each rule once in a small tree and expects the message.
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C
passed=0
failed=0
skipped=0

# header PATH: the lines that every file starts with
header() {
    printf '/* %s - a file of the selftest. */\n' "$1"
    printf '/* SPDX-%s: Apache-2.0 */\n' License-Identifier
    printf '/* SPDX-%s: the tidegate authors */\n' FileCopyrightText
}

# put PATH: makes the file from standard input, below the right header
put() {
    name=$1
    mkdir -p "$tree/$(dirname "$name")"
    { header "$name" && cat; } >"$tree/$name"
}

lines() {
    awk -v count="$1" -v text="$2" 'BEGIN { while (count-- > 0) print text }'
}

clean_tree() {
    tree=$scratch/tree
    rm -rf "$tree"
    mkdir -p "$tree/po"
    put src/base/one.c <<'C'
#include "base/one.h"

#include <string.h>

int tg_one_get(const char *text)
{
    /* time() and TODOS are words here, "sleep(1)" is text. */
    return (int)strlen(text) + (int)strlen("system(\"x\")");
}
C
    put src/base/one.h </dev/null
    put src/sim/server.c <<'C'
#include <pthread.h>
#include <time.h>

#include "base/one.h"

long tg_now(void)
{
    return (long)time(NULL);
}
C
    put src/main.c <<'C'
#include <stdlib.h>

#include "base/one.h"
#include "ui/pane.h"

int main(void)
{
    return getenv("HOME") == NULL;
}
C
    put ui/pane.h </dev/null
    put ui/pane.c <<'C'
#include "ui/pane.h"

#include "base/one.h"

const char *ui_pane_title(void)
{
    return _("tide");
}
C
    put tests/unit/base/test_one.c <<'C'
void never_called(void);
void never_called(void)
{
    sleep(1);
}
C
    cat >"$tree/Makefile.am" <<'M'
include src/local.mk
include ui/local.mk
check_PROGRAMS = tests/unit/base/test_one
M
    printf 'x = \\\n\t%%D%%/base/one.c %%D%%/base/one.h \\\n\t%%D%%/sim/server.c %%D%%/main.c\n' \
        >"$tree/src/local.mk"
    printf 'x = %%D%%/pane.c %%D%%/pane.h\n' >"$tree/ui/local.mk"
    echo 'ui/pane.c' >"$tree/po/POTFILES.in"
    echo 'zh_TW' >"$tree/po/LINGUAS"
    echo 'XGETTEXT_OPTIONS = --language=C --keyword=_ --keyword=N_ --from-code=UTF-8' >"$tree/po/Makevars"
    cat >"$tree/po/zh_TW.po" <<'P'
msgid ""
msgstr ""
"Project-Id-Version: selftest\n"
"PO-Revision-Date: 2026-01-01 00:00+0000\n"
"Last-Translator: nobody\n"
"Language-Team: none\n"
"Language: zh_TW\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"

msgid "tide"
msgstr "X"
P
    printf 'BasedOnStyle: LLVM\nIndentWidth: 4\nColumnLimit: 100\nBreakBeforeBraces: Linux\nAllowShortFunctionsOnASingleLine: None\n' \
        >"$tree/.clang-format"
}

report() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not as expected: $2"
        sed 's/^/    /' "$scratch/out"
    fi
}

# accepts SCRIPT: the tree as it is passes
accepts() {
    sh "$here/$1" "$tree" >"$scratch/out" 2>&1
    code=$?
    if [ "$code" = 77 ]; then
        skipped=$((skipped + 1))
        return
    fi
    report "$code" "$1 on ${2:-the clean tree}"
}

# refuses SCRIPT WHERE MESSAGE: the tree as it is fails, and says where and why; then the tree is clean again
refuses() {
    sh "$here/$1" "$tree" >"$scratch/out" 2>&1
    code=$?
    if [ "$code" = 77 ]; then
        skipped=$((skipped + 1))
    elif [ "$code" = 0 ]; then
        report 1 "$1 lets through: $3"
    else
        grep -F -e "$3" "$scratch/out" | grep -Fq -e "$2"
        report $? "$1 does not say: $2 ... $3"
    fi
    clean_tree
}

clean_tree

# --- layers
accepts layers.sh
put src/base/bad.c <<'C'
#include "net/http.h"
C
refuses layers.sh src/base/bad.c:4 'src/base must not include src/net'
put src/sim/bad.c <<'C'
#include "model/fleet.h"
C
refuses layers.sh src/sim/bad.c:4 'src/sim must not include src/model'
put ui/bad.c <<'C'
#  include "io/worker.h"
C
refuses layers.sh ui/bad.c:4 'ui must not include src/io'
put src/app/bad.c <<'C'
#include "ui/ui.h"
C
refuses layers.sh src/app/bad.c:4 'src/app must not include ui'
put src/net/bad.c <<'C'
#include "http.h"
C
refuses layers.sh src/net/bad.c:4 'is no layer/file.h'
put src/net/bad.c <<'C'
#include "config.h"
C
refuses layers.sh src/net/bad.c:4 'config.h is for main'
put src/new/bad.c </dev/null
refuses layers.sh src/new/bad.c:1 'stands in no layer'
for pair in curl/curl.h:src/app/bad.c jansson.h:src/io/bad.c yaml.h:src/plan/bad.c \
    microhttpd.h:src/sim/bad.c ncurses.h:ui/bad.c curses.h:src/main.c sqlite3.h:src/io/journal.c \
    openssl/evp.h:src/io/bad.c pthread.h:src/model/bad.c threads.h:src/io/bad.c; do
    put "${pair#*:}" <<C
#include <${pair%%:*}>
C
    refuses layers.sh "${pair#*:}:4" "<${pair%%:*}> belongs to"
done
put ui/term_curses.c <<'C'
#include <ncurses.h>
C
accepts layers.sh 'curses in its own file'
clean_tree
rm -rf "$tree/src" "$tree/ui"
refuses layers.sh '' 'no file to check'

# --- tidy
accepts tidy.sh
lines 800 'int x;' | put src/base/bad.c
refuses tidy.sh src/base/bad.c:803 'the file has 803 lines'
{ echo 'void f(void)' && echo '{' && lines 69 '    g();' && echo '}'; } | put src/base/bad.c
refuses tidy.sh src/base/bad.c:5 'the function has 71 lines; at most 70'
{ echo 'void f(void)' && echo '{' && lines 68 '    g();' && echo '}'; } | put src/base/good.c
accepts tidy.sh 'a function of 70 lines'
{ echo 'void f(void)' && echo '{' && echo '    /* tidy: table */' && lines 117 '    g();' && echo '}'; } |
    put src/base/good.c
accepts tidy.sh 'a table of 120 lines'
{ echo 'void f(void)' && echo '{' && echo '    /* tidy: table */' && lines 118 '    g();' && echo '}'; } |
    put tests/unit/base/bad.c
refuses tidy.sh tests/unit/base/bad.c:5 'the function has 121 lines; at most 120'
printf 'int %0120d;\n' 7 | put src/base/bad.c
refuses tidy.sh src/base/bad.c:4 'the line has 125 columns'
for mark in TODO FIXME XXX; do
    printf '/* %s: later */\n' "$mark" | put tests/unit/base/bad.c
    refuses tidy.sh tests/unit/base/bad.c:4 'unfinished work'
done
printf 'int x; \n' | put ui/bad.c
refuses tidy.sh ui/bad.c:4 'trailing space'
printf '\tint x;\n' | put ui/bad.c
refuses tidy.sh ui/bad.c:4 'tab;'
printf 'int x;\n\n' | put ui/bad.c
refuses tidy.sh ui/bad.c:5 'blank line at the end'
echo 'int x;' >"$tree/src/base/bad.c"
refuses tidy.sh src/base/bad.c:1 'the first line must be: /* base/bad.c - '
header base/other.c >"$tree/src/base/bad.c"
refuses tidy.sh src/base/bad.c:1 'the first line must be'
header base/bad.c | sed '2d' >"$tree/src/base/bad.c"
refuses tidy.sh src/base/bad.c:1 'SPDX-License-Identifier'
header base/bad.c | sed '3d' >"$tree/src/base/bad.c"
refuses tidy.sh src/base/bad.c:1 'SPDX-FileCopyrightText'
for call in time clock_gettime gettimeofday rand srand random getenv usleep sleep nanosleep strtok \
    sprintf vsprintf strcpy strcat gets atoi atol localtime system popen; do
    printf 'int x = 1; /* a */ int y = %s(x);\n' "$call" | put src/model/bad.c
    refuses tidy.sh src/model/bad.c:4 "$call() is banned"
done
printf 'int x = atoi (y);\n' | put src/io/bad.c
refuses tidy.sh src/io/bad.c:4 'atoi() is banned'
printf 'int x = clock_gettime(y);\n' | put src/main.c
refuses tidy.sh src/main.c:4 'clock_gettime() is banned'
printf '/* two\n * lines, time(x) */\nint a = b.time(c) + d->system(e) + mytime(f);\n' | put src/io/good.c
accepts tidy.sh 'members and comments named like banned calls'
clean_tree
printf 'typedef struct bad { int x; } bad;\n' | put src/base/bad.h
refuses tidy.sh src/base/bad.h:4 'never typedef'
printf '__attribute__((constructor)) static void f(void);\n' | put src/base/bad.c
refuses tidy.sh src/base/bad.c:4 'before or after main'

# --- format
accepts format.sh
printf 'int  x;\n' | put src/base/bad.c
refuses format.sh src/base/bad.c:4 'clang-format'
rm -rf "$tree/src" "$tree/ui" "$tree/tests"
mkdir "$tree/src" "$tree/ui" "$tree/tests"
refuses format.sh '' 'no file to check'

# --- drift
accepts drift.sh
put src/base/orphan.c </dev/null
refuses drift.sh src/base/orphan.c:1 'stands in no local.mk'
put ui/orphan.h </dev/null
refuses drift.sh ui/orphan.h:1 'stands in no local.mk'
put tests/unit/base/test_orphan.c </dev/null
refuses drift.sh tests/unit/base/test_orphan.c:1 'stands in no local.mk'
sed 's|%D%/base/one.c|# %D%/base/one.c|' "$tree/src/local.mk" >"$tree/src/new" &&
    mv "$tree/src/new" "$tree/src/local.mk"
refuses drift.sh src/base/one.c:1 'stands in no local.mk'
echo 'const char *x = N_("tide");' >>"$tree/src/base/one.c"
refuses drift.sh src/base/one.c:1 'not in po/POTFILES.in'
echo 'ui/gone.c' >>"$tree/po/POTFILES.in"
refuses drift.sh po/POTFILES.in:1 'ui/gone.c is not there'
rm "$tree/po/POTFILES.in"
refuses drift.sh po/POTFILES.in:1 'is missing'
echo 'const char *x = _("ebb");' >>"$tree/ui/pane.c"
refuses drift.sh po/zh_TW.po:1 'lacks texts of the sources'
printf '\nmsgid "ebb"\nmsgstr ""\n' >>"$tree/po/zh_TW.po"
refuses drift.sh po/zh_TW.po:1 'is not complete'
printf '\n#, fuzzy\nmsgid "ebb"\nmsgstr "Y"\n' >>"$tree/po/zh_TW.po"
refuses drift.sh po/zh_TW.po:1 'is not complete'
printf '\n#~ msgid "ebb"\n#~ msgstr "Y"\n' >>"$tree/po/zh_TW.po"
refuses drift.sh po/zh_TW.po 'obsolete entry'
printf '\nmsgid "ebb\nmsgstr "Y"\n' >>"$tree/po/zh_TW.po"
refuses drift.sh po/zh_TW.po:1 'msgfmt refuses it'
rm "$tree/po/zh_TW.po"
refuses drift.sh po/LINGUAS:1 'po/zh_TW.po is missing'

# --- harden
compiler=${CC:-cc}
hardened='-fPIE -fstack-protector-all -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack'
echo 'int main(int argc, char **argv) { char x[99] = ""; return x[argc] + (argv == 0); }' >"$scratch/x.c"

build() {
    # shellcheck disable=SC2086 # both are several words
    $compiler -O0 -o "$scratch/program" "$scratch/x.c" $hardened "$@" 2>/dev/null
}
TIDEGATE=$scratch/program
export TIDEGATE
if build; then
    accepts harden.sh
    build -no-pie -fno-PIE && refuses harden.sh program:1 'is not position-independent'
    build -Wl,-z,norelro && refuses harden.sh program:1 'has no read-only relocations'
    build -Wl,-z,lazy && refuses harden.sh program:1 'binds lazily'
    build -fno-stack-protector && refuses harden.sh program:1 'has no stack protector'
    build -Wl,-z,execstack && refuses harden.sh program:1 'has an executable stack'
    build -Wl,-rpath,/nowhere && refuses harden.sh program:1 'carries a run path'
    TIDEGATE=$scratch/missing
    refuses harden.sh missing:1 'is not built'
else
    echo "selftest: $compiler cannot build a hardened program" >&2
    skipped=$((skipped + 1))
fi

echo "selftest: $passed as expected, $failed not, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
