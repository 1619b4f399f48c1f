# e2e/faults.sh - a served world is broken, stepped and forked from the command line, over HTTPS as a person would.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world one --seed 7
sim() {
    "$TIDEGATE" sim "$@" --dir "$work/one"
}
# Status of a list of Pods as curl sees it; 000 when the connection broke.
server=$(sed -n 's/^ *server: //p' "$work/one/kubeconfig" | head -n 1)
token=$(sed -n 's/^ *token: //p' "$work/one/kubeconfig" | head -n 1)
ask() {
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl -s -o "$work/body" -w '%{http_code} %{exitcode}' --max-time 20 -K - --compressed \
            --cacert "$work/one/ca.pem" "$server/api/v1/namespaces/default/pods" "$@"
}
expect_ask() {
    got=$(ask)
    [ "$got" = "$2" ] || fail "$1: status and exit of curl are '$got', not '$2'"
    sim fault clear >"$work/cleared" || fail "clear after $1"
}
expect_ask nothing '200 0'
sim fault add status code=503 region=0 times=1 >"$work/out" || fail "add: $(cat "$work/out")"
grep -q '^status-1' "$work/out" || fail "add does not show the fault: $(cat "$work/out")"
expect_ask status '503 0'
for row in 'reset 000 52' 'refuse 000 52' 'lost 000 52' 'truncate 200 18' 'html 200 0' 'malformed 200 0'; do
    # shellcheck disable=SC2086 # three words
    set -- $row
    sim fault add "$1" region=0 >/dev/null || fail "add $1"
    expect_ask "$1" "$2 $3"
done
sim fault add headers region=0 >/dev/null
ask -D "$work/headers" >/dev/null
[ "$(wc -c <"$work/headers")" -gt 65536 ] || fail "headers: only $(wc -c <"$work/headers") bytes"
sim fault clear >/dev/null
sim fault add bomb region=0 value=3000000 >/dev/null
ask >/dev/null
[ "$(wc -c <"$work/body")" -ge 3000000 ] || fail "bomb: unpacks to $(wc -c <"$work/body") bytes"
sim fault clear >/dev/null

# Refusals name the word, and end with a status of their own.
sim fault add status region=mars >/dev/null 2>"$work/err" && fail "mars is a region"
grep -q "'mars'" "$work/err" || fail "the refusal does not name the word: $(cat "$work/err")"
"$TIDEGATE" sim dance --dir "$work/one" >/dev/null 2>&1
[ $? = 2 ] || fail "an unknown command is no usage error"

# Time: paused it stands, a step is exact, a fault of it delays an answer in virtual time.
now_us() {
    sim world --json | sed 's/.*"nowUs": *\([0-9]*\).*/\1/'
}
sim pause >/dev/null || fail pause
before=$(now_us)
[ "$(now_us)" = "$before" ] || fail "a paused world goes on"
sim step 10m >/dev/null || fail step
[ $(($(now_us) - before)) = 600000000 ] || fail "a step of 10 min is $(($(now_us) - before)) us"
sim speed 50 | grep -q x50 || fail speed
sim fault add delay region=0 value=10s times=1 >/dev/null
expect_ask delay '200 0'
sim pause >/dev/null

# A fork is the same world: same trace, same time.
trace=$(sim world --json | sed 's/.*"traceHash": *"\([0-9a-f]*\)".*/\1/')
"$TIDEGATE" sim fork --source "$work/one" --dir "$work/two" --speed 0.001 >"$work/two.log" 2>&1 &
world_pids="$world_pids $!"
is_forked() {
    grep -q '^ready' "$work/two.log"
}
wait_for 60 is_forked || fail "the fork does not start: $(cat "$work/two.log")"
forked=$("$TIDEGATE" sim world --json --dir "$work/two" | sed 's/.*"traceHash": *"\([0-9a-f]*\)".*/\1/')
[ -n "$trace" ] && [ "$trace" = "$forked" ] || fail "the fork's trace is $forked, not $trace"

"$TIDEGATE" sim params --param rtt_lab_us=200ms | grep -q '^rtt_lab_us  *200000 us' || fail "params: no override"
"$TIDEGATE" sim params --param nonsense=1 >/dev/null 2>&1 && fail "params: nonsense is taken"
"$TIDEGATE" sim swarm --seeds 3..4 >"$work/swarm" || fail "swarm: $(cat "$work/swarm")"
