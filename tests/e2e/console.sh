# e2e/console.sh - the demo in a real terminal: panes at three sizes and two languages, a drill, and every way to leave.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
command -v tmux >/dev/null || { echo "tmux is needed"; exit 99; }

for size in 80x24 100x30 200x60; do
    open_terminal "${size%x*}" "${size#*x}" "LANG=C.UTF-8 $TIDEGATE demo --dir $work/demo"
    expect_screen 30 SIMULATED
    expect_screen 30 us-east5
    keys q
    expect_sane_terminal "q at $size"
    [ "$(cat "$work/exit")" = 0 ] || fail "q at $size: exit status $(cat "$work/exit")"
done

# LANG=C: not one byte outside ASCII.
open_terminal 100 30 "LANG=C LANGUAGE=zh_TW $TIDEGATE demo --dir $work/demo"
expect_screen 30 us-east5
expect_screen 10 'Google APIs enabled'
screen >"$work/ascii"
LC_ALL=C grep -nq '[^ -~]' "$work/ascii" && fail "LANG=C shows bytes outside ASCII"
keys C-c
expect_sane_terminal "Ctrl-C"

# Taiwanese Chinese, also on a machine without that locale.
open_terminal 100 30 "LANG=zh_TW.UTF-8 $TIDEGATE demo --dir $work/demo"
expect_screen 30 us-east5
expect_screen 10 推論閘道
keys q
expect_sane_terminal "zh_TW"
