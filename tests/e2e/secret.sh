# e2e/secret.sh - the Hugging Face token of a download goes to the cluster and nowhere else: arguments, environment,
# output, journal, a forced core; and it leaves the cluster when the weights are there.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --empty --speed 120
. "$work/world/env"
token=hf_planted0123456789abcdefghijklmn
printf '%s\n' "$token" >"$work/hf"
chmod 600 "$work/hf"
mkdir "$work/cores" "$work/seen"

# start: stands the lab up to its weights, in a folder where a core would be left.
start() {
    (cd "$work/cores" && ulimit -c unlimited 2>/dev/null
        exec "$TIDEGATE" up --yes --json --until weights --hf-token-file "$work/hf") >>"$work/seen/out" 2>>"$work/seen/err" &
    program=$!
    world_pids="$world_pids $program"
}

: >"$work/seen/err"
start
wait_for 120 grep -q 'Gemma weights in the bucket  *waiting' "$work/seen/err" || {
    cat "$work/seen/err"
    fail "the download does not start"
}
tr '\0' '\n' <"/proc/$program/cmdline" >"$work/seen/argv"
tr '\0' '\n' <"/proc/$program/environ" >"$work/seen/environment" 2>/dev/null
kill -s ABRT "$program"
wait "$program" 2>/dev/null
[ -z "$(ls "$work/cores")" ] || fail "a core was left: $(ls "$work/cores")"

# What was killed is taken up, and the Secret goes when the weights are there.
start
wait "$program" || {
    cat "$work/seen/err"
    fail "the second run"
}
grep -q '"name": "Secret/hf-secret","what": "remove","state": "done","outcome": "removed"' "$work/seen/out" ||
    fail "the Secret is left in the cluster"
"$TIDEGATE" status --json >"$work/seen/status" 2>&1 || fail "status"
for place in "$work/seen" "$XDG_STATE_HOME"; do
    # as it is, and as a Secret holds it
    for form in "$token" "$(printf %s "$token" | base64 -w 0)"; do
        ! grep -rlaF -e "$form" "$place" || fail "the token is in $place"
    done
done
