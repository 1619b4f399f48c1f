# e2e/common.sh - a world, a terminal and waiting, for the tests that use the built program as a person would.
# SPDX-License-Identifier: Apache-2.0
# Sourced. Needs TIDEGATE (the program). Nothing here waits for a fixed time: wait_for polls until a limit that only
# a broken program reaches.
set -u
unset LANG LANGUAGE LC_ALL LC_MESSAGES LC_CTYPE NO_COLOR KUBECONFIG PROJECT_ID TIDEGATE_GCP_ENDPOINT HF_ENDPOINT 2>/dev/null || true
# Sanitizer reports of the program must fail the test, not vanish in a terminal.
work=$(mktemp -d) || exit 99
ASAN_OPTIONS=log_path=$work/san:detect_leaks=1
UBSAN_OPTIONS=log_path=$work/san:print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS
HOME=$work/home
XDG_STATE_HOME=$work/state
XDG_RUNTIME_DIR=$work/run
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
export HOME XDG_STATE_HOME XDG_RUNTIME_DIR
failures=0
world_pids=
# Each terminal has a tmux of its own: one that is told to end may still answer for a moment.
terminals=0
tmux_socket=$work/tmux.0

finish() {
    tmux -S "$tmux_socket" kill-server 2>/dev/null
    for pid in $world_pids; do
        kill -CONT "$pid" 2>/dev/null
        kill "$pid" 2>/dev/null
    done
    for report in "$work"/san.*; do
        [ -f "$report" ] || continue
        cat "$report" >&2
        failures=$((failures + 1))
    done
    rm -rf "$work"
    [ "$failures" = 0 ] || exit 1
    exit 0
}
trap finish EXIT

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# wait_for LIMIT_S COMMAND...: polls until COMMAND succeeds; false when the limit is reached.
wait_for() {
    limit=$(($1 * 10))
    shift
    while [ "$limit" -gt 0 ]; do
        "$@" && return 0
        sleep 0.1
        limit=$((limit - 1))
    done
    return 1
}

# start_world NAME ARGUMENTS...: a simulated world in $work/NAME.
start_world() {
    name=$1
    shift
    "$TIDEGATE" sim --dir "$work/$name" "$@" >"$work/$name.ready" 2>"$work/$name.err" &
    eval "${name}_pid=$!"
    world_pids="$world_pids $!"
    wait_for 30 grep -q '^ready' "$work/$name.ready" || {
        cat "$work/$name.err"
        fail "the world $name does not start"
        exit 1
    }
}

# open_terminal COLUMNS ROWS COMMAND: runs COMMAND (assignments, a program, arguments) by a shell in a terminal; its
# process is in $work/program, its exit status goes to $work/exit.
open_terminal() {
    rm -f "$work/exit"
    tmux -S "$tmux_socket" kill-server 2>/dev/null
    terminals=$((terminals + 1))
    tmux_socket=$work/tmux.$terminals
    rm -f "$work/stty"
    tmux -S "$tmux_socket" -f /dev/null new-session -d -x "$1" -y "$2" \
        "sh -c 'echo \$\$ >$work/program; exec env $3'; echo \$? >$work/exit; stty -a >$work/stty; exec cat"
    tmux -S "$tmux_socket" set-option -g status off >/dev/null
}

screen() {
    tmux -S "$tmux_socket" capture-pane -p
}

keys() {
    tmux -S "$tmux_socket" send-keys "$@"
}

screen_has() {
    screen | grep -qF -- "$1"
}

has_ended() {
    [ -s "$work/exit" ] && [ -s "$work/stty" ]
}

expect_screen() { # expect_screen LIMIT_S TEXT
    wait_for "$1" screen_has "$2" || {
        screen
        fail "the screen never showed: $2"
    }
}

# The terminal is as a shell wants it: echo and line mode on, not in the alternate screen, cursor shown.
expect_sane_terminal() {
    wait_for 60 has_ended || {
        screen
        fail "$1: the program did not end"
        return
    }
    grep -q ' echo ' "$work/stty" && grep -q ' icanon ' "$work/stty" || fail "$1: the terminal modes are not restored"
    [ "$(tmux -S "$tmux_socket" display-message -p '#{alternate_on}#{cursor_flag}')" = 01 ] ||
        fail "$1: the alternate screen or the cursor is not restored"
}
