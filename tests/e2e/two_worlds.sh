# e2e/two_worlds.sh - two worlds under one kubeconfig, one of them stopped: the other stays live, the stopped one says
# how old it is, and heals by itself.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world west --regions 1 --seed 1
start_world east --regions 2 --seed 2
KUBECONFIG=$work/west/kubeconfig:$work/east/kubeconfig
export KUBECONFIG

open_terminal 200 60 "LANG=C.UTF-8 $TIDEGATE"
expect_screen 30 SIMULATED
expect_screen 30 us-east5
expect_screen 30 europe-west4

lost_kinds() {
    "$TIDEGATE" status --json --timeout 1 2>/dev/null | grep -c '"state": *"lost"'
}

kill -STOP "$west_pid"
# No byte comes from the stopped one any more; its age grows on the screen while the other region stays live.
expect_screen 150 "lost"
keys 2
expect_screen 10 "live"
kill -CONT "$west_pid"
is_healed() {
    screen | grep -q "lost" && return 1
    return 0
}
wait_for 120 is_healed || { screen; fail "the stopped world did not heal by itself"; }
keys q
expect_sane_terminal "q"
