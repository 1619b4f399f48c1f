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

# The Pods pane alone: the timeline keeps telling what was.
keys 2 z
kill -STOP "$west_pid"
# No byte comes from the stopped one any more: its region says so and how old its figures are, and the age grows while
# the other region's figures stay.
lost_age() {
    screen | grep -o '^.us-east5  *lost ~[0-9a-z]*' | grep -o '[0-9a-z]*$'
}
is_lost() {
    [ -n "$(lost_age)" ]
}
is_older() {
    [ -n "$(lost_age)" ] && [ "$(lost_age)" != "$age" ]
}
wait_for 150 is_lost || { screen; fail "the stopped world is not shown as lost"; }
age=$(lost_age)
wait_for 60 is_older || { screen; fail "the age of the stopped world does not grow from $age"; }
screen | grep -q 'europe-west4  *replicas' || { screen; fail "the other region is not shown as live"; }
kill -CONT "$west_pid"
is_healed() {
    screen | grep -q 'us-east5  *replicas'
}
wait_for 120 is_healed || { screen; fail "the stopped world did not heal by itself"; }
keys q
expect_sane_terminal "q"

# A server whose certificate is for another name than its address: the name that the kubeconfig gives is what counts.
named_config() { # named_config NAME
    sed "s/^\( *\)server: .*/&\n\1tls-server-name: $1/" "$work/west/kubeconfig" >"$work/named"
}
named_config localhost
"$TIDEGATE" status --kubeconfig "$work/named" >"$work/out" 2>&1
grep -q 'us-east5: live.* ready 1' "$work/out" || { cat "$work/out"; fail "tls-server-name: localhost is not taken"; }
named_config gateway.example
"$TIDEGATE" status --kubeconfig "$work/named" --timeout 3 >"$work/out" 2>&1
grep -q 'certificate' "$work/out" || { cat "$work/out"; fail "a certificate for another name is taken"; }
