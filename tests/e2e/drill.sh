# e2e/drill.sh - a drill from the console on a world of its own process; then every way to end in mid-drill restores it.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --speed 60
. "$work/world/env"
export KUBECONFIG PROJECT_ID TIDEGATE_GCP_ENDPOINT TIDEGATE_GCP_CA TIDEGATE_GCP_TOKEN_FILE

replicas() {
    "$TIDEGATE" status --json 2>/dev/null |
        grep -oE '"replicas_desired": ?[0-9]+' | grep -oE '[0-9]+$' | tr '\n' ' '
}
are_restored() {
    [ "$(replicas)" = "1 1 " ]
}
is_down() {
    case "$(replicas)" in "0 1 " | "1 0 ") return 0 ;; *) return 1 ;; esac
}

start_drill() {
    open_terminal 100 30 "LANG=C.UTF-8 $TIDEGATE"
    expect_screen 30 SIMULATED
    expect_screen 60 us-east5
    expect_screen 60 serving
    expect_screen 60 ARMED # only when every source has said that it is simulated
    keys D
    expect_screen 10 vllm-gemma
    keys -l us-east5
    keys Enter
    wait_for 60 is_down || { screen; fail "the drill did not take the region down"; }
}

# To the verdict.
start_drill
"$TIDEGATE" drill scale0 --arm 2>"$work/err" >/dev/null
[ $? = 3 ] && grep -q 'another tidegate holds' "$work/err" || { cat "$work/err"; fail "a second drill beside the first"; }
expect_screen 120 PASS
keys q
expect_sane_terminal "after the drill"
are_restored || fail "after the drill: replicas are $(replicas)"

# Signals in mid-drill.
for signal in TERM HUP INT; do
    start_drill
    kill -s "$signal" "$(cat "$work/program")"
    expect_sane_terminal "SIG$signal in mid-drill"
    are_restored || fail "SIG$signal in mid-drill: replicas are $(replicas)"
    "$TIDEGATE" restore >"$work/restore" 2>&1 || { cat "$work/restore"; fail "restore after SIG$signal"; }
done

# The terminal is closed in mid-drill: end of file and more than one SIGHUP, none of which hurries the restore.
has_gone() {
    ! kill -0 "$(cat "$work/program")" 2>/dev/null
}
start_drill
tmux -S "$tmux_socket" kill-server
wait_for 60 has_gone || fail "the program outlives its terminal"
are_restored || fail "a closed terminal in mid-drill: replicas are $(replicas)"
"$TIDEGATE" restore >"$work/restore" 2>&1 || { cat "$work/restore"; fail "restore after a closed terminal"; }

# One wish that comes as two signals, as timeout and others send it, is no wish to leave at once.
start_drill
kill -s TERM "$(cat "$work/program")"
kill -s INT "$(cat "$work/program")"
expect_sane_terminal "two signals in mid-drill"
are_restored || fail "two signals in mid-drill: replicas are $(replicas)"
"$TIDEGATE" restore >"$work/restore" 2>&1 || { cat "$work/restore"; fail "restore after two signals"; }

# SIGKILL in mid-drill: the next start offers the restore, and `tidegate restore` does it.
# The fault is held for a second and a half of our time: on a busy machine it may be over before the signal comes, and
# then another drill is tried.
for attempt in 1 2 3 4; do
    start_drill
    kill -s KILL "$(cat "$work/program")"
    wait_for 10 has_ended
    is_down && break
    [ $attempt = 4 ] && fail "SIGKILL: the region should still be down"
    "$TIDEGATE" restore >"$work/restore" 2>&1 || { cat "$work/restore"; fail "restore between attempts"; }
done
open_terminal 100 30 "LANG=C.UTF-8 $TIDEGATE"
expect_screen 30 Restore
kill -s KILL "$(cat "$work/program")"
wait_for 10 has_ended
"$TIDEGATE" restore >"$work/restore" 2>&1 || { cat "$work/restore"; fail "tidegate restore"; }
are_restored || fail "tidegate restore: replicas are $(replicas)"

# Leaving before anything was changed leaves nothing behind: no probe Pod, no open drill. In a slower world, whose
# baseline lasts long enough to be left.
start_world slow --speed 5
. "$work/slow/env"
open_terminal 100 30 "LANG=C.UTF-8 $TIDEGATE"
expect_screen 60 serving
expect_screen 60 ARMED
keys D
expect_screen 10 vllm-gemma
keys -l us-east5
keys Enter
expect_screen 60 '▸baseline'
keys q
expect_sane_terminal "q in the baseline"
"$TIDEGATE" restore >"$work/restore" 2>&1 || fail "restore after q in the baseline"
grep -q 'nothing to restore' "$work/restore" || { cat "$work/restore"; fail "q in the baseline leaves the drill open"; }
"$TIDEGATE" drill scale0 --json >"$work/report" 2>"$work/story" &
drill_pid=$!
wait_for 60 grep -q tidegate-probe "$work/story" || { cat "$work/story"; fail "the drill does not start"; }
kill -s INT "$drill_pid"
wait "$drill_pid"
[ $? = 4 ] || fail "SIGINT in the baseline: not aborted"
"$TIDEGATE" restore >"$work/restore" 2>&1
grep -q 'nothing to restore' "$work/restore" || { cat "$work/restore"; fail "SIGINT in the baseline leaves the drill open"; }
