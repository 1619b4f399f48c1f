/* sim/vllm.h - one model server: how it loads, serves by continuous batching, counts, and ends.
 *
 * The batch is a fluid: all decoding sequences advance together at one token per step, and the
 * step's length follows from how many there are and how long their contexts are; events happen only
 * where that changes.
 *
 * Thread: the world's. Ownership: a server belongs to its Pod; a request to the server until done
 * was called.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_VLLM_H
#define TG_SIM_VLLM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/front.h"
#include "sim/params.h"
#include "sim/pod.h"

#define SIM_MODEL "/data/gemma-weights"

struct sim_vllm;

/* A server whose process has not started. Log lines go to the Pod's main container. */
struct sim_vllm *sim_vllm_new(struct sim_pod *pod);

/* Fails what is under way, then frees. NULL allowed. */
void sim_vllm_free(struct sim_vllm *vllm);

/* The container entered: imports, devices, weights, compile, serving; each announced in the log. */
void sim_vllm_start(struct sim_vllm *vllm);

/* SIGTERM, obeyed as parameter term_mode says; ends with sim_kubelet_exited() unless it is deaf. */
void sim_vllm_stop(struct sim_vllm *vllm);

/* SIGKILL: the port is closed and every request is cut, now. */
void sim_vllm_kill(struct sim_vllm *vllm);

/* True while connections are accepted. */
bool sim_vllm_is_listening(const struct sim_vllm *vllm);

/* One completion; done is called once, at the end of generation (is_whole) or when the server cut
 * it. Returns an id, or 0 when nothing listens (done is not called then). */
typedef void sim_vllm_done(struct sim_world *world, void *context, bool is_whole);
uint64_t sim_vllm_submit(struct sim_vllm *vllm, const char *client_ip, int64_t prompt_tokens,
                         int64_t output_tokens, sim_vllm_done *done, void *context);

/* What the server and tokeniser add to the generation of request id, microseconds. */
int64_t sim_vllm_overhead_us(const struct sim_vllm *vllm, uint64_t id);

/* The client went away: counted as abort, done is not called. False when there is no such request
 * any more. */
bool sim_vllm_cancel(struct sim_vllm *vllm, uint64_t id);

/* A fault changed how fast it works. */
void sim_vllm_pace_changed(struct sim_vllm *vllm);

/* What a scrape would say now. */
struct sim_vllm_gauges {
    int64_t running;
    int64_t waiting;
    int64_t kv_ppm;
};
struct sim_vllm_gauges sim_vllm_gauges(struct sim_vllm *vllm);

/* Completions that ended by themselves since the process started. */
uint64_t sim_vllm_success_count(const struct sim_vllm *vllm);

/* One HTTP request to port 8000, answered at once (a completion's time is counted but not waited
 * for). */
void sim_vllm_http(struct sim_vllm *vllm, const char *method, const char *path, const char *body,
                   size_t body_len, struct sim_response *response);

/* What is wrong with its cache (static), NULL when the blocks in use are those of its sequences. */
const char *sim_vllm_check(const struct sim_vllm *vllm);

/* ---- shared by the files of the server ---- */

/* How many blocks of the cache are in use; to be changed by its keeper alone (and by tests that
 * plant a leak). */
int64_t *sim_vllm_blocks_used(struct sim_vllm *vllm);

/* True when the bucket in the model's folder has no config.json, or not all shards: then the server
 * has said so in its log and exited with 1. */
bool sim_vllm_lacks_config(struct sim_vllm *vllm);
bool sim_vllm_lacks_shards(struct sim_vllm *vllm);

#define SIM_VLLM_BUCKETS_MAX 24

struct sim_histogram {
    const int64_t *bounds; /* ascending, in the unit of the observations; ended by 0 */
    uint64_t counts[SIM_VLLM_BUCKETS_MAX];
    uint64_t count;
    int64_t sum;
};

struct sim_vllm_counters {
    uint64_t success_stop;
    uint64_t success_length;
    uint64_t success_abort;
    uint64_t success_error;
    uint64_t prompt_tokens;
    uint64_t generation_tokens;
    uint64_t preemptions;
    uint64_t prefix_queries;
    uint64_t prefix_hits;
    struct sim_histogram first_token;  /* microseconds */
    struct sim_histogram inter_token;  /* microseconds */
    struct sim_histogram end_to_end;   /* microseconds */
    struct sim_histogram queue;        /* microseconds */
    struct sim_histogram prefill;      /* microseconds */
    struct sim_histogram decode;       /* microseconds */
    struct sim_histogram inference;    /* microseconds: prefill and decode */
    struct sim_histogram output_token; /* microseconds, mean of a request */
    struct sim_histogram prompt_sizes; /* tokens */
    struct sim_histogram output_sizes; /* tokens */
    int64_t start_wall_us;
};

#define SIM_VLLM_PAGE_MAX ((size_t)1 << 20)

/* The last page of metrics and what it was written from; none of the structs has padding. */
struct sim_vllm_page {
    struct sim_vllm_counters counters;
    struct sim_vllm_gauges gauges;
    int64_t kv_blocks;
    int64_t kv_block_tokens;
    struct tg_buf text; /* empty before the first */
};
struct sim_vllm_page *sim_vllm_page(struct sim_vllm *vllm);

struct sim_vllm_counters *sim_vllm_counters(struct sim_vllm *vllm);
struct sim_pod *sim_vllm_pod(struct sim_vllm *vllm);
void sim_vllm_counters_init(struct sim_vllm_counters *counters, int64_t start_wall_us);
void sim_histogram_add(struct sim_histogram *histogram, int64_t value, uint64_t times);

/* Books a completion that ended by itself: queue, first token and whole time in microseconds. */
void sim_vllm_book(struct sim_vllm *vllm, const char *client_ip, int64_t prompt_tokens,
                   int64_t output_tokens, int64_t queue_us, int64_t first_us, int64_t total_us,
                   bool is_length);

/* Length of a decode step with running sequences that hold context tokens in all, nanoseconds. */
int64_t sim_vllm_step_ns(const struct sim_params *params, int64_t running, int64_t context_tokens);

#endif
