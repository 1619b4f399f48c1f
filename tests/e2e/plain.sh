# e2e/plain.sh - the program without a terminal: plain lines, JSON, exit statuses, errors with file:line:column.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"

"$TIDEGATE" demo --dir "$work/demo" </dev/null >"$work/out" 2>"$work/err" || { cat "$work/out" "$work/err"; fail "demo without a terminal: exit status"; }
grep -q SIMULATED "$work/out" || fail "demo does not say SIMULATED"
grep -q PASS "$work/out" || { tail -n 40 "$work/out"; fail "demo ends without a verdict"; }
LC_ALL=C grep -q "$(printf '\033')" "$work/out" && fail "demo writes escapes into a pipe"

start_world one --speed 60 --seed 3
"$TIDEGATE" status --json --kubeconfig "$work/one/kubeconfig" >"$work/status" || fail "status --json"
grep -q '"schema_version": *1' "$work/status" || fail "status --json has no schema_version"
grep -q '"is_simulated": *true' "$work/status" || fail "status --json does not say simulated"
"$TIDEGATE" status --kubeconfig "$work/one/kubeconfig" >"$work/status.txt" || fail "status"
grep -q us-east5 "$work/status.txt" || { cat "$work/status.txt"; fail "status does not name the region"; }

# The plan of what stands already says so, and what it costs; nothing is changed.
(
    . "$work/one/env"
    "$TIDEGATE" up --dry-run >"$work/plan" 2>"$work/err" || { cat "$work/err"; fail "up --dry-run"; }
    "$TIDEGATE" down --dry-run --json >"$work/plan.json" 2>"$work/err" || { cat "$work/err"; fail "down --dry-run"; }
)
[ "$(grep -cE '^  [a-z-]+ .* done ' "$work/plan")" = 25 ] || { cat "$work/plan"; fail "the plan does not see what stands"; }
grep -q 'About [0-9.]* USD per hour when it stands' "$work/plan" || { cat "$work/plan"; fail "the plan names no cost"; }
grep -q 'estimate by list prices of' "$work/plan" || fail "the plan does not say that its cost is an estimate"
grep -qE '"running_usd_per_hour": 2[0-9]\.' "$work/plan.json" || { cat "$work/plan.json"; fail "what runs costs nothing"; }

# Looking needs no place to write.
HOME=/dev/null XDG_STATE_HOME= "$TIDEGATE" status --kubeconfig "$work/one/kubeconfig" >"$work/status.txt" 2>"$work/err" ||
    { cat "$work/err"; fail "status without a home"; }

# Two worlds under one kubeconfig; one stops answering: the other stays live, and the stopped one heals by itself.
printf 'apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: nonsense\n' >"$work/bad"
"$TIDEGATE" status --kubeconfig "$work/bad" 2>"$work/err"
[ $? = 2 ] || fail "a bad kubeconfig should end with 2"
grep -qE "^$work/bad:[0-9]+:[0-9]+: " "$work/err" || { cat "$work/err"; fail "no file:line:column for a bad kubeconfig"; }
"$TIDEGATE" nonsense 2>/dev/null
[ $? = 2 ] || fail "an unknown command should end with 2"
"$TIDEGATE" help | grep -q -- --kubeconfig || fail "help does not list options"
TERM=dumb "$TIDEGATE" version | grep -q tidegate || fail "version"

# What cannot be printed is not passed over in silence; a closed standard output is nobody else's descriptor.
"$TIDEGATE" help >/dev/full 2>/dev/null
[ $? = 3 ] || fail "help to a full disk should end with 3"
"$TIDEGATE" drill scale0 --json --kubeconfig "$work/one/kubeconfig" >/dev/full 2>/dev/null
[ $? = 3 ] || fail "a report that cannot be written should end with 3"
TIDEGATE_CORE=1 "$TIDEGATE" sim --dir "$work/closed" >&- 2>"$work/closed.err" &
world_pids="$world_pids $!"
wait_for 30 test -s "$work/closed/env" || fail "sim with a closed standard output does not start"
readlink "/proc/$!/fd/1" | grep -q '^/dev/null$' || fail "a closed standard output is taken: $(readlink "/proc/$!/fd/1")"
