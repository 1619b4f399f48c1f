# e2e/exec.sh - the containers' own word over real sockets: exec by WebSocket, refusals, and what breaks.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"

prove() { # prove KUBECONFIG: one line for each container, "PROOF LISTED"
    "$TIDEGATE" status --prove --json --kubeconfig "$1" >"$work/status" 2>"$work/err"
    tr -d '\n' <"$work/status" | grep -o '"proof": *"[a-z-]*", *"listed": *[^,]*' |
        sed 's/"proof": *"\([a-z-]*\)", *"listed": */\1 /'
}

start_world one --speed 20 --seed 5
prove "$work/one/kubeconfig" >"$work/proofs"
[ "$(grep -c '^agrees "eth0 eth1 eth2 lo"$' "$work/proofs")" = 2 ] ||
    { cat "$work/proofs" "$work/err"; fail "both containers should list what their claims say"; }

# A user without pods/exec: told as a refusal, and the rest of the status is there.
sed 's/^\(  *user: \).*/\1viewer/' "$work/one/kubeconfig" >"$work/viewer"
prove "$work/viewer" >"$work/proofs"
[ "$(grep -c '^refused null$' "$work/proofs")" = 2 ] || { cat "$work/proofs" "$work/err"; fail "a viewer may not exec"; }
grep -q 'pods/exec' "$work/status" || fail "the refusal does not name the permission"

# What goes wrong on the way ends, and is told.
"$TIDEGATE" sim fault add reset route='*/exec' --dir "$work/one" >/dev/null
prove "$work/one/kubeconfig" >"$work/proofs"
[ "$(grep -c '^failed null$' "$work/proofs")" = 2 ] || { cat "$work/proofs"; fail "a connection that breaks is no answer"; }
"$TIDEGATE" sim fault clear --dir "$work/one" >/dev/null
prove "$work/one/kubeconfig" >"$work/proofs"
[ "$(grep -c '^agrees ' "$work/proofs")" = 2 ] || { cat "$work/proofs"; fail "asked again it answers"; }

# Who needs a permission is not asked unasked.
"$TIDEGATE" status --json --kubeconfig "$work/one/kubeconfig" >"$work/status"
grep -q '"proof": *"not-asked"' "$work/status" || fail "status asks containers without --prove"

# Standing the lab up tells each thing once for each step, in the words of the step: a Pod is a row of several.
start_world two --empty --speed 200 --seed 5
"$TIDEGATE" sim fault add deny region=us-east5 route='*/exec' --dir "$work/two" >/dev/null
printf 'hf_abcdefgh12345678\n' >"$work/hf"
chmod 600 "$work/hf"
(. "$work/two/env" && "$TIDEGATE" up --yes --despite-doctor --project demo-4711 --hf-token-file "$work/hf") >"$work/up" 2>"$work/err" ||
    { tail -n 20 "$work/up" "$work/err"; fail "up: exit status"; }
[ "$(grep -c ' may not ask ' "$work/up")" = 1 ] || { grep ' may not ask ' "$work/up" | head -n 5; fail "a refusal is told once"; }
[ "$(grep -c ' as claimed ' "$work/up")" = 1 ] || { grep ' as claimed ' "$work/up" | head -n 5; fail "an agreement is told once"; }
grep -q '12 of 12 shards, ' "$work/up" || fail "up does not tell of the shards"
