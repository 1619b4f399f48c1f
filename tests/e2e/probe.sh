# e2e/probe.sh - the probe's own program, as it runs in a Pod: on schedule whatever comes of a request, with the
# figures that a drill reads.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world lab --regions 1 --seed 1
server=$(sed -n 's/^ *server: *//p' "$work/lab/kubeconfig" | head -n 1)
CURL_CA_BUNDLE=$work/lab/ca.pem
TIDEGATE_PROBE_MODEL=google/gemma-3-27b-it
export CURL_CA_BUNDLE TIDEGATE_PROBE_MODEL

probe() { # probe TARGET COUNT INTERVAL_MS TIMEOUT_MS
    TIDEGATE_PROBE_TARGET=$1 TIDEGATE_PROBE_COUNT_MAX=$2 TIDEGATE_PROBE_INTERVAL_MS=$3 TIDEGATE_PROBE_TIMEOUT_MS=$4 \
        sh "$TOP_SRCDIR/assets/probe/probe.sh" >"$work/probe.out" 2>"$work/probe.err"
    [ ! -s "$work/probe.err" ] || {
        cat "$work/probe.err"
        fail "the probe complains"
    }
}
expect_lines() { # expect_lines COUNT PATTERN WHAT
    found=$(grep -cE "$2" "$work/probe.out")
    [ "$found" = "$1" ] || {
        cat "$work/probe.out"
        fail "$3: $found lines like '$2', not $1"
    }
}
figures='due_ms=[0-9]+ sent_ms=[0-9]+ code=[0-9]{3} err=[0-9]+ ttfb_ms=[0-9]+ total_ms=[0-9]+ bytes=[0-9]+$'

# Answered, whatever the answer is.
probe "$server/version" 8 60 3000
expect_lines 1 '^tidegate-probe v1 boot=[0-9a-f-]{36} start_ms=[0-9]+ interval_ms=60 timeout_ms=3000$' "the first line"
expect_lines 8 "^k=[0-7] $figures" "answers"
expect_lines 8 ' code=[1-5][0-9][0-9] err=0 ' "answers"
# Slots are due at start + k * interval, not one after the other's end.
start=$(sed -n 's/.* start_ms=\([0-9]*\) .*/\1/p' "$work/probe.out")
expect_lines 1 "^k=7 due_ms=$((start + 420)) " "the schedule"

# Refused: curl's 7, and no status.
probe "https://127.0.0.1:1/" 3 50 1000
expect_lines 3 ' code=000 err=7 ' "refused"

# Silent: curl's 28 at the time limit; the schedule goes on meanwhile, and no more than 32 are under way.
kill -STOP "$lab_pid"
probe "$server/version" 40 20 5000
kill -CONT "$lab_pid"
expect_lines 32 ' code=000 err=28 ' "silent"
expect_lines 8 ' skipped=1$' "too many under way"
