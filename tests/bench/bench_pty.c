/* bench/bench_pty.c - runs a program on a fresh pseudo-terminal and measures it from outside.
 *
 *   bench_pty COLUMNS ROWS SETTLE_S IDLE_S COMMAND...
 *
 * Prints: milliseconds from fork to the first byte and to the first full frame, bytes up to then
 * (a frame is FRAME_BYTES at least, since programs set the terminal up long before they draw, and
 * ends with a gap of 120 ms), CPU milliseconds up to then, then over IDLE_S seconds after SETTLE_S:
 * bytes written to the terminal, CPU time of all threads as percent of one core, and resident
 * memory at the end. Works alike for any program, so that peers are measured the same way.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BURST_GAP_MS 120
#define FRAME_BYTES  1000

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

/* Nanoseconds that all threads of the process ran. */
static double cpu_ns(pid_t process)
{
    char path[64];
    double sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    struct dirent *entry;
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        char file[400];
        double ran = 0;
        snprintf(file, sizeof(file), "%s/%s/schedstat", path, entry->d_name);
        FILE *stat = fopen(file, "r");
        if (stat != NULL) {
            sum += fscanf(stat, "%lf", &ran) == 1 ? ran : 0;
            fclose(stat);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return sum;
}

static long resident_kib(pid_t process)
{
    char path[64];
    char line[256];
    long kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
    FILE *status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
            break;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kib;
}

/* Reads what the program writes until limit_ms, or until it was silent for gap_ms after a frame (0:
 * never). */
static long drain(int terminal, double limit_ms, double gap_ms, double *first_ms, double *last_ms)
{
    char bytes[65536];
    long total = 0;
    double start = now_ms();
    *first_ms = -1;
    while (now_ms() - start < limit_ms) {
        struct pollfd fd = {.fd = terminal, .events = POLLIN};
        double left = limit_ms - (now_ms() - start);
        int wait = (int)(total >= FRAME_BYTES && gap_ms > 0 && gap_ms < left ? gap_ms : left);
        if (poll(&fd, 1, wait) == 0) {
            if (total >= FRAME_BYTES && gap_ms > 0) {
                break;
            }
            continue;
        }
        ssize_t got = read(terminal, bytes, sizeof(bytes));
        if (got <= 0) {
            break;
        }
        *last_ms = now_ms();
        *first_ms = *first_ms < 0 ? *last_ms : *first_ms;
        total += got;
    }
    return total;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: bench_pty COLUMNS ROWS SETTLE_S IDLE_S COMMAND...\n");
        return 2;
    }
    struct winsize size = {.ws_col = (unsigned short)atoi(argv[1]),
                           .ws_row = (unsigned short)atoi(argv[2])};
    int terminal = -1;
    double started = now_ms();
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child == 0) {
        setenv("TERM", "xterm-256color", 1);
        execvp(argv[5], argv + 5);
        _exit(127);
    }
    double first = 0;
    double last = 0;
    long burst = drain(terminal, 10000, BURST_GAP_MS, &first, &last);
    printf("first_byte_ms %.1f\nfirst_frame_ms %.1f\nfirst_frame_bytes %ld\n", first - started,
           last - started, burst);
    printf("first_frame_cpu_ms %.1f\n", cpu_ns(child) / 1e6);
    double ignored;
    drain(terminal, atof(argv[3]) * 1000, 0, &ignored, &ignored);
    double cpu_before = cpu_ns(child);
    double idle_from = now_ms();
    long idle = drain(terminal, atof(argv[4]) * 1000, 0, &ignored, &ignored);
    double idle_ms = now_ms() - idle_from;
    printf("idle_bytes_per_minute %.1f\n", (double)idle * 60000 / idle_ms);
    printf("idle_cpu_percent %.3f\n", (cpu_ns(child) - cpu_before) / 1e6 / idle_ms * 100);
    printf("resident_kib %ld\n", resident_kib(child));
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    return 0;
}
