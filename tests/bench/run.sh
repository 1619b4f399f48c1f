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
# A world of its own process, so that the console alone is measured.
work=$(mktemp -d)
trap 'kill $world 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM
./tidegate sim --dir "$work/world" >"$work/ready" &
world=$!
for _ in $(seq 100); do
    grep -q ready "$work/ready" && break
    sleep 0.1
done
. "$work/world/env"
export XDG_STATE_HOME="$work/state"

say "machine: $(nproc) processors, $(uname -m)"
say ""
say "console at 100x30, on a simulated world in a process of its own (median of 5 starts)"
for run in 1 2 3 4 5; do
    $bench/bench_pty 100 30 1 0.1 ./tidegate >"$work/tidegate.$run"
    $bench/bench_pty 100 30 1 0.1 htop >"$work/htop.$run" 2>/dev/null || true
done
median() { # median NAME PREFIX
    for run in 1 2 3 4 5; do figure "$1" "$work/$2.$run"; done | sort -n | sed -n 3p
}
own=$(median first_frame_ms tidegate)
peer=$(median first_frame_ms htop)
say "  start to the end of the first burst: tidegate ${own} ms, htop ${peer} ms: ratio $(awk "BEGIN{printf \"%.2f\", $own / $peer}")"
own=$(median resident_kib tidegate)
peer=$(median resident_kib htop)
say "  resident memory: tidegate ${own} KiB, htop ${peer} KiB: ratio $(awk "BEGIN{printf \"%.2f\", $own / $peer}")"
$bench/bench_pty 100 30 20 60 ./tidegate >"$work/idle.tidegate"
$bench/bench_pty 100 30 5 60 htop >"$work/idle.htop"
say "  a minute when nothing changes: tidegate $(figure idle_bytes_per_minute "$work/idle.tidegate") bytes and $(figure idle_cpu_percent "$work/idle.tidegate") % of a core; htop $(figure idle_bytes_per_minute "$work/idle.htop") bytes and $(figure idle_cpu_percent "$work/idle.htop") %"
kill $world
say ""
say "engine (absolute figures of this machine)"
$bench/bench_watch | sed 's/^/  /'
$bench/bench_world | sed 's/^/  /'
$bench/bench_server | sed "s/^/  /"
