# e2e/auto.sh - the demonstration that runs by itself: from nothing to serving, a drill, and down to nothing.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"

"$TIDEGATE" demo --auto --json --dir "$work/demo" </dev/null >"$work/out" 2>"$work/err" ||
    { tail -n 40 "$work/err"; fail "demo --auto --json: exit status"; }
for wanted in '"good": true' '"failed_in": null' '"verdict": "PASS"' '"inventory_is_empty": true' '"things":\[\]'; do
    grep -q -- "$wanted" "$work/out" || { cut -c1-600 "$work/out"; fail "demo --auto --json does not say $wanted"; }
done
# A phase of a thing is told once, though several steps wait for it; and what came to be is not "as it was".
sed -n '/4\/6/q; s/^[0-9:]*   //p' "$work/err" | grep 'condition yet' | sort | uniq -d >"$work/twice"
[ -s "$work/twice" ] && { cat "$work/twice"; fail "demo --auto tells the same twice"; }
grep -q 'vLLM really serving *done ' "$work/err" || fail "demo --auto does not say that vLLM came to serve"
[ "$(wc -l <"$work/out")" = 1 ] || fail "demo --auto --json writes more than one line to standard output"
LC_ALL=C grep -q "$(printf '\033')" "$work/out" "$work/err" && fail "demo --auto writes escapes into a pipe"

# What fails is named, and the exit status says so: a project without quota for TPUs.
"$TIDEGATE" demo --auto --json --dir "$work/poor" --param tpu_quota_chips=0 </dev/null >"$work/out" 2>"$work/err"
[ $? = 1 ] || fail "demo --auto without quota: exit status"
grep -q '"failed_in": "up"' "$work/out" && grep -q '"error": "tpu-pools: [^"]*QUOTA' "$work/out" ||
    { cut -c1-600 "$work/out"; fail "demo --auto without quota does not say what failed"; }

# In the console the same is watched: Space stops the world's clock, q leaves in the middle of it.
open_terminal 100 30 "LANG=C.UTF-8 $TIDEGATE demo --auto --dir $work/watched"
expect_screen 60 "2/6 the lab is stood up"
expect_screen 60 "Steps"
keys Space
expect_screen 30 "stands still"
keys Space
expect_screen 30 "goes on"
keys q
expect_sane_terminal "q in the demonstration"
[ "$(cat "$work/exit")" = 0 ] || fail "leaving the demonstration early is no failure: $(cat "$work/exit")"
