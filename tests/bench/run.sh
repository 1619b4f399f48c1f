#!/bin/sh
# bench/run.sh BUILDDIR - all benchmarks in one run; ratios where a peer exists, absolute figures labelled as such.
# SPDX-License-Identifier: Apache-2.0
set -eu
build=$(cd "$1" && pwd)
make -s -C "$build" bench-programs
cd "$build"
bench=tests/bench
say() {
    printf '%s\n' "$*"
}
figure() { # figure NAME FILE
    awk -v name="$1" '$1 == name { print $2 }' "$2"
}
# start_world SPEED: a world in a process of its own, so that the console alone is measured.
work=$(mktemp -d)
world=
stop_world() {
    [ -z "$world" ] || kill "$world" 2>/dev/null || true
    world=
}
trap 'stop_world; rm -rf "$work"' EXIT INT TERM
start_world() {
    rm -rf "$work/world" "$work/ready"
    ./tidegate sim --speed "$1" --dir "$work/world" >"$work/ready" &
    world=$!
    for _ in $(seq 100); do
        grep -q ready "$work/ready" && break
        sleep 0.1
    done
    . "$work/world/env"
}
export XDG_STATE_HOME="$work/state"

# line WHAT VALUE UNIT [GOAL]: as bench.h writes its lines; the goal is the most that is allowed.
line() {
    printf '%-58s %12s %s' "$1" "$2" "$3"
    if [ $# = 4 ]; then
        awk -v value="$2" -v goal="$4" \
            'BEGIN { printf "   goal at most %s: %s", goal, value <= goal ? "met" : "NOT MET" }'
    fi
    printf '\n'
}
median() { # median NAME PREFIX
    for run in 1 2 3 4 5; do figure "$1" "$work/$2.$run"; done | sort -n | sed -n 3p
}
# pair WHAT NAME UNIT: tidegate and its peer, and their ratio.
pair() {
    own=$(median "$2" tidegate)
    peer=$(median "$2" htop)
    line "$1, tidegate" "$own" "$3"
    line "$1, htop" "$peer" "$3"
    line "  ratio" "$(awk -v own="$own" -v peer="$peer" 'BEGIN { printf "%.2f", own / peer }')" "times"
}

say "machine: $(nproc) processors, $(uname -m), load $(cut -d ' ' -f 1 /proc/loadavg). CPU is user and system time;"
say "wall time is what this machine leaves us. A goal of a speed is judged by CPU time."
say ""
say "-- console at 100x30, on a simulated world in a process of its own (medians of 5 starts)"
start_world 1
for run in 1 2 3 4 5; do
    $bench/bench_pty 100 30 1 0.1 ./tidegate >"$work/tidegate.$run"
    $bench/bench_pty 100 30 1 0.1 htop >"$work/htop.$run" 2>/dev/null || true
done
pair "start to the first full frame" first_frame_ms ms
pair "  CPU time of that start" first_frame_cpu_ms ms
pair "resident memory" resident_kib KiB
stop_world
start_world 0.000001 # as good as still: not even its clock moves
$bench/bench_pty 100 30 20 60 ./tidegate >"$work/idle.tidegate"
stop_world
$bench/bench_pty 100 30 5 60 htop >"$work/idle.htop"
line "bytes in a minute when nothing changes" "$(figure idle_bytes_per_minute "$work/idle.tidegate")" bytes 0
line "  htop" "$(figure idle_bytes_per_minute "$work/idle.htop")" bytes
line "CPU in that minute, of a core" "$(figure idle_cpu_percent "$work/idle.tidegate")" % 0.1
line "  htop" "$(figure idle_cpu_percent "$work/idle.htop")" %
say ""
say "-- what the console does with what it is sent"
$bench/bench_watch
say ""
say "-- simulated time, without a screen"
$bench/bench_world
$bench/bench_server regions
say ""
say "-- the simulated API server; of HTTPS the CPU is server and client together"
$bench/bench_server https
$bench/bench_server memory
