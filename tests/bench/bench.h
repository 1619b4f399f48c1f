/* bench/bench.h - clocks and lines that all benchmarks share.
 *
 * A figure is one line: what it is, its value, its goal and whether it is met. Speeds count CPU
 * time (user and system), so that a busy machine does not change them; wall time stands beside it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_BENCH_H
#define TG_TESTS_BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct bench_time {
    double wall_s;
    double cpu_s;
};

static inline double bench_clock_s(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Now, with the CPU time of all threads of this process. */
static inline struct bench_time bench_now(void)
{
    return (struct bench_time){.wall_s = bench_clock_s(CLOCK_MONOTONIC),
                               .cpu_s = bench_clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static inline struct bench_time bench_since(struct bench_time from)
{
    struct bench_time now = bench_now();
    return (struct bench_time){.wall_s = now.wall_s - from.wall_s, .cpu_s = now.cpu_s - from.cpu_s};
}

static inline double bench_resident_mib(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (statm != NULL) {
        fclose(statm);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

/* count things done in spent: the line says how many in a second of CPU time and of wall time. goal
 * is the least a second of CPU time should do, 0 when there is none. */
static inline void bench_speed(const char *what, double count, struct bench_time spent, double goal)
{
    double speed = count / spent.cpu_s;
    printf("%-58s %12.0f /s of CPU %12.0f /s of wall", what, speed, count / spent.wall_s);
    if (goal > 0) {
        printf("   goal %.0f: %s", goal, speed >= goal ? "met" : "NOT MET");
    }
    printf("\n");
    fflush(stdout);
}

/* A size or a time of which less is better; goal 0: none. */
static inline void bench_amount(const char *what, double amount, const char *unit, double goal)
{
    printf("%-58s %12.1f %s", what, amount, unit);
    if (goal > 0) {
        printf("   goal under %g: %s", goal, amount < goal ? "met" : "NOT MET");
    }
    printf("\n");
    fflush(stdout);
}

#endif
