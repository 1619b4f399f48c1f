# probe.sh - the probe Pod's program: asks the gateway for a few tokens on a fixed schedule and says what came of it.
#
# Open loop: slot k is due at start + k * interval, whatever became of the slots before; at most 32 are under way, one
# more is reported as skipped. Time is the node's monotonic clock (/proc/uptime, 10 ms). Contract with tidegate:
#   tidegate-probe v1 boot=<uuid> start_ms=<ms> interval_ms=<n> timeout_ms=<n>
#   k=<n> due_ms=<ms> sent_ms=<ms> code=<http, 000: none> err=<curl's exit status> ttfb_ms=<n> total_ms=<n> bytes=<n>
#   k=<n> due_ms=<ms> skipped=1
# Needs a POSIX shell, sleep with fractions, and curl.
# SPDX-License-Identifier: Apache-2.0
set -u
interval=${TIDEGATE_PROBE_INTERVAL_MS:-470}
timeout=${TIDEGATE_PROBE_TIMEOUT_MS:-5000}
count=${TIDEGATE_PROBE_COUNT_MAX:-4000}
body="{\"model\":\"$TIDEGATE_PROBE_MODEL\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}],\"max_tokens\":8,\"temperature\":0}"

now_ms() {
    read -r up _ </proc/uptime
    now=${up%.*}${up#*.}0
    # A leading zero would make an octal number of it.
    while [ "${now#0}" != "$now" ] && [ "$now" != 0 ]; do now=${now#0}; done
}

decimal() { # decimal MS: as seconds with a point
    printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

slot() { # slot K DUE
    now_ms
    sent=$now
    out=$(curl -sS -o /dev/null --max-time "$(decimal "$timeout")" -H 'Content-Type: application/json' \
        -w '%{http_code} %{time_starttransfer} %{time_total} %{size_download}' -d "$body" \
        "$TIDEGATE_PROBE_TARGET" 2>/dev/null)
    err=$?
    set -- "$1" "$2" $out
    ttfb=${4:-0.000000}
    total=${5:-0.000000}
    ttfb=$((${ttfb%.*} * 1000 + 1${ttfb#*.} / 1000 - 1000))
    total=$((${total%.*} * 1000 + 1${total#*.} / 1000 - 1000))
    printf 'k=%d due_ms=%d sent_ms=%d code=%s err=%d ttfb_ms=%d total_ms=%d bytes=%s\n' \
        "$1" "$2" "$sent" "${3:-000}" "$err" "$ttfb" "$total" "${6:-0}"
}

now_ms
start=$now
boot=$(cat /proc/sys/kernel/random/boot_id)
printf 'tidegate-probe v1 boot=%s start_ms=%d interval_ms=%d timeout_ms=%d\n' "$boot" "$start" "$interval" "$timeout"
k=0
under_way=
while [ "$k" -lt "$count" ]; do
    due=$((start + k * interval))
    now_ms
    [ "$now" -lt "$due" ] && sleep "$(decimal $((due - now)))"
    # jobs collects who ended (its list is empty in a substitution, so the numbers are kept here).
    jobs >/dev/null
    alive=
    running=0
    for pid in $under_way; do
        kill -0 "$pid" 2>/dev/null || continue
        alive="$alive $pid"
        running=$((running + 1))
    done
    under_way=$alive
    if [ "$running" -ge 32 ]; then
        printf 'k=%d due_ms=%d skipped=1\n' "$k" "$due"
    else
        slot "$k" "$due" &
        under_way="$under_way $!"
    fi
    k=$((k + 1))
done
wait
