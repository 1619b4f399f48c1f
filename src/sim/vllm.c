/* sim/vllm.c - the model server's start, batch and end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/vllm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault_world.h"
#include "sim/kubelet.h"
#include "sim/manifest.h"

#define VLLM_MAGIC      0x764c4c4du
#define MICRO           INT64_C(1000000) /* fixed point of generated tokens */
#define STEP_TOKENS_MAX 2048
#define REQUESTS_MAX    100000

enum request_phase { REQUEST_WAITING, REQUEST_PREFILL, REQUEST_DECODE };

struct request {
    uint64_t id;
    enum request_phase phase;
    int64_t prompt;
    int64_t output;
    int64_t prefill_left_ns;
    int64_t done_micro; /* generated tokens times MICRO */
    int64_t blocks;     /* of the cache that it holds; 0 while it waits */
    int64_t arrival_us;
    int64_t admit_us; /* -1 before */
    int64_t first_us; /* -1 before */
    char client_ip[SIM_IP_SIZE];
    sim_vllm_done *done;
    void *context;
};

enum boot_stage {
    BOOT_IMPORT,
    BOOT_DEVICES,
    BOOT_LOAD,
    BOOT_PROFILE,
    BOOT_COMPILE,
    BOOT_SERVING,
};

struct sim_vllm {
    uint32_t magic;
    struct sim_world *world;
    struct sim_pod *pod;
    struct sim_log *log;
    enum boot_stage stage;
    int64_t part; /* shard or shape under way */
    int64_t stage_start_us;
    int64_t part_us; /* one shard or shape */
    uint64_t boot_event;
    uint64_t tick_event;
    uint64_t close_event;
    uint64_t exit_event;
    uint64_t report_event; /* the engine's ten-second line */
    bool is_listening;
    bool is_draining;
    bool is_stuck;            /* a fault: healthy to look at, and no step ends */
    int64_t pace_percent;     /* of the time that a step takes by itself; 100 */
    struct request *requests; /* in order of arrival */
    size_t request_count;
    size_t request_cap;
    int64_t blocks_used; /* of the cache, by all requests */
    uint64_t last_id;
    int64_t advanced_us; /* the batch is computed up to here */
    int64_t step_ns;     /* valid from advanced_us on */
    uint64_t reported_prompt;
    uint64_t reported_generation;
    struct sim_vllm_counters counters;
    struct sim_vllm_page page;
};

static void replan(struct sim_vllm *vllm);

struct sim_vllm *sim_vllm_new(struct sim_pod *pod)
{
    struct sim_vllm *vllm = TG_NEW(struct sim_vllm);
    vllm->magic = VLLM_MAGIC;
    vllm->world = pod->world;
    vllm->pod = pod;
    vllm->log = sim_pod_main(pod)->log;
    vllm->pace_percent = 100;
    tg_buf_init(&vllm->page.text, SIM_VLLM_PAGE_MAX);
    return vllm;
}

struct sim_vllm_page *sim_vllm_page(struct sim_vllm *vllm)
{
    return &vllm->page;
}

struct sim_vllm_counters *sim_vllm_counters(struct sim_vllm *vllm)
{
    return &vllm->counters;
}

struct sim_pod *sim_vllm_pod(struct sim_vllm *vllm)
{
    return vllm->pod;
}

bool sim_vllm_is_listening(const struct sim_vllm *vllm)
{
    return vllm != NULL && vllm->is_listening;
}

uint64_t sim_vllm_success_count(const struct sim_vllm *vllm)
{
    return vllm->counters.success_stop + vllm->counters.success_length;
}

/* ---- start ---- */

static void info(struct sim_vllm *vllm, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void info(struct sim_vllm *vllm, const char *place, const char *format, ...)
{
    char stamp[48];
    tg_fmt_rfc3339(stamp, sizeof stamp, sim_world_wall_us(vllm->world), 0);
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    /* "2026-01-01T12:00:00Z" gives vLLM's "01-01 12:00:00" */
    sim_log_line(vllm->log, "INFO %.5s %.8s [%s] %s", stamp + 5, stamp + 11, place, text);
    free(text);
}

static void set_listening(struct sim_vllm *vllm, bool is_listening)
{
    if (vllm->is_listening != is_listening) {
        vllm->is_listening = is_listening;
        if (is_listening) {
            sim_kubelet_answers(vllm->pod);
        }
        sim_world_trace(vllm->world, vllm->pod->entity, "port 8000 %s",
                        is_listening ? "opens" : "closes");
        sim_kubelet_listening(vllm->pod);
    }
}

static void boot_step(struct sim_world *world, void *data);

static void boot_in(struct sim_vllm *vllm, int64_t delay_us)
{
    vllm->boot_event = sim_world_at(vllm->world, sim_world_now_us(vllm->world) + delay_us,
                                    SIM_PRIORITY_NODE, boot_step, vllm, NULL);
}

void sim_vllm_start(struct sim_vllm *vllm)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    const struct sim_params *params = sim_world_params(vllm->world);
    sim_vllm_counters_init(&vllm->counters, sim_world_wall_us(vllm->world));
    sim_log_line(vllm->log, "Booting vLLM instantly from local GCS FUSE mount...");
    vllm->stage = BOOT_IMPORT;
    vllm->stage_start_us = sim_world_now_us(vllm->world);
    boot_in(vllm,
            sim_draw_duration(vllm->world, vllm->pod->entity, "import", &params->vllm_import));
}

static void enter_devices(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    const struct sim_fault *fault =
        sim_fault_strikes(vllm->world, SIM_FAULT_EXIT, vllm->pod->region->index, vllm->pod->name);
    if (fault != NULL) {
        sim_kubelet_exited(vllm->pod, (int)fault->spec.value);
        return;
    }
    info(vllm, "api_server.py:1839", "vLLM API server version 0.11.1");
    if (sim_vllm_lacks_config(vllm)) {
        return;
    }
    info(vllm, "tpu_platform.py:59",
         "TPU info: node_name=%s | tpu_type=v6e-4 | worker_id=0 | num_chips=4 | "
         "num_cores_per_chip=1",
         vllm->pod->node);
    info(vllm, "core.py:93",
         "Initializing a V1 LLM engine (v0.11.1) with config: model='%s', tensor_parallel_size=4",
         SIM_MODEL);
    vllm->stage = BOOT_DEVICES;
    boot_in(vllm, sim_draw_duration(vllm->world, vllm->pod->entity, "devices",
                                    &params->vllm_device_init));
}

static void enter_load(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    for (int rank = 0; rank < 4; rank++) {
        info(vllm, "tpu_worker.py:170",
             "Init worker | rank=%d | is_driver_worker=%s | hbm=[(0.0, 31.25)]GiB", rank,
             rank == 0 ? "True" : "False");
    }
    info(vllm, "tpu_model_runner.py:447", "Starting to load model %s...", SIM_MODEL);
    if (sim_vllm_lacks_shards(vllm)) {
        return;
    }
    /* The bucket is in the US: everybody else reads across an ocean. */
    bool is_near = strncmp(vllm->pod->region->name, "us-", 3) == 0;
    int64_t load_us = sim_draw_duration(vllm->world, vllm->pod->entity, "load",
                                        is_near ? &params->vllm_load_near : &params->vllm_load_far);
    vllm->stage = BOOT_LOAD;
    vllm->part = 0;
    vllm->stage_start_us = sim_world_now_us(vllm->world);
    vllm->part_us = load_us / (params->vllm_shards > 0 ? params->vllm_shards : 1);
    boot_in(vllm, vllm->part_us);
}

/* The FUSE sidecar keeps what was read in the Pod's ephemeral storage, which has a limit. */
static bool is_evicted(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    const struct sim_pod *pod = vllm->pod;
    const struct sim_fault *fault =
        sim_fault_in_force(vllm->world, SIM_FAULT_EVICT, pod->region->index);
    int64_t cached = params->vllm_weight_bytes / params->vllm_shards * vllm->part;
    int64_t asked = sim_manifest_cache_bytes(pod); /* the Pod's own limit, when it sets one */
    if (fault == NULL || cached <= (asked > 0 ? asked : fault->spec.value) ||
        sim_fault_strikes(vllm->world, SIM_FAULT_EVICT, pod->region->index, pod->name) == NULL) {
        return false;
    }
    sim_fault_evict(vllm->pod, asked > 0 ? asked : fault->spec.value);
    return true;
}

static void load_shard(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    vllm->part++;
    if (is_evicted(vllm)) {
        return; /* and the Pod's containers are gone */
    }
    int64_t seconds = (sim_world_now_us(vllm->world) - vllm->stage_start_us) / TG_US_PER_S;
    sim_log_line(vllm->log,
                 "Loading safetensors checkpoint shards: %3" PRId64 "%% Completed | %" PRId64
                 "/%" PRId64 " [%02" PRId64 ":%02" PRId64 "]",
                 vllm->part * 100 / params->vllm_shards, vllm->part, params->vllm_shards,
                 seconds / 60, seconds % 60);
    if (vllm->part < params->vllm_shards) {
        boot_in(vllm, vllm->part_us);
        return;
    }
    info(vllm, "default_loader.py:314", "Loading weights took %" PRId64 ".00 seconds", seconds);
    vllm->stage = BOOT_PROFILE;
    boot_in(vllm,
            sim_draw_duration(vllm->world, vllm->pod->entity, "profile", &params->vllm_profile));
}

/* The engine gives up: what its log says, and the end of the process. */
static void fail_for_cache(struct sim_vllm *vllm)
{
    sim_log_line(vllm->log, "ERROR [core.py:708] EngineCore failed to start.");
    sim_log_line(vllm->log, "ERROR [core.py:708] Traceback (most recent call last):");
    sim_log_line(vllm->log,
                 "ERROR [core.py:708] ValueError: To serve at least one request with the models's "
                 "max seq len (131072), (62.00 GiB KV cache is needed, which is larger than the "
                 "available KV cache memory (56.40 GiB). Based on the available memory, the "
                 "estimated maximum model length is %" PRId64
                 ". Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when "
                 "initializing the engine.",
                 sim_world_params(vllm->world)->longest_that_fits);
    sim_log_line(vllm->log, "RuntimeError: Engine core initialization failed. See root cause "
                            "above. Failed core proc(s): {}");
    sim_kubelet_exited(vllm->pod, 1);
}

static void enter_compile(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    int64_t longest = sim_manifest_max_model_len(vllm->pod);
    bool has_room = longest > 0 && longest <= params->longest_that_fits;
    if (!has_room && sim_fault_strikes(vllm->world, SIM_FAULT_KV_TOO_SMALL,
                                       vllm->pod->region->index, vllm->pod->name) != NULL) {
        fail_for_cache(vllm);
        return;
    }
    info(vllm, "tpu_worker.py:240",
         "Memory statistics | total_hbm_limit_gb=125.00GiB | total_hbm_limit_cap_gb=112.50GiB | "
         "total_hbm_used_gb=51.10GiB | total_hbm_avail_gb=56.40GiB");
    info(vllm, "kv_cache_utils.py:1087", "TPU KV cache size: %" PRId64 " tokens",
         params->kv_blocks * params->kv_block_tokens);
    info(vllm, "compilation_manager.py:50",
         "Precompile all the subgraphs with possible input shapes.");
    int64_t compile_us =
        sim_draw_duration(vllm->world, vllm->pod->entity, "compile", &params->vllm_compile);
    vllm->stage = BOOT_COMPILE;
    vllm->part = 0;
    vllm->stage_start_us = sim_world_now_us(vllm->world);
    vllm->part_us = compile_us / (params->vllm_shapes > 0 ? params->vllm_shapes : 1);
    boot_in(vllm, vllm->part_us);
}

static void report(struct sim_world *world, void *data);

static void compile_shape(struct sim_vllm *vllm)
{
    static const char *const names[] = {"backbone", "select_from_array", "compute_logits",
                                        "sampling", "gather_logprobs",   "structured_decoding"};
    const struct sim_params *params = sim_world_params(vllm->world);
    const char *name = names[vllm->part * (int64_t)TG_COUNT(names) / (params->vllm_shapes + 1)];
    vllm->part++;
    info(vllm, "compilation_manager.py:83",
         "Compilation of %s --> shape %" PRId64 " finished in %" PRId64 ".%02" PRId64 " [secs].",
         name, vllm->part, vllm->part_us / TG_US_PER_S, vllm->part_us % TG_US_PER_S / 10000);
    if (vllm->part < params->vllm_shapes) {
        boot_in(vllm, vllm->part_us);
        return;
    }
    int64_t seconds = (sim_world_now_us(vllm->world) - vllm->stage_start_us) / TG_US_PER_S;
    info(vllm, "core.py:218",
         "init engine (profile, create kv cache, warmup model) took %" PRId64 ".00 seconds",
         seconds);
    sim_log_line(vllm->log, "INFO:     Started server process [1]");
    sim_log_line(vllm->log, "INFO:     Waiting for application startup.");
    sim_log_line(vllm->log, "INFO:     Application startup complete.");
    vllm->stage = BOOT_SERVING;
    vllm->advanced_us = sim_world_now_us(vllm->world);
    set_listening(vllm, true);
}

static void boot_step(struct sim_world *world, void *data)
{
    struct sim_vllm *vllm = data;
    (void)world;
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    vllm->boot_event = 0;
    switch (vllm->stage) {
    case BOOT_IMPORT:
        enter_devices(vllm);
        break;
    case BOOT_DEVICES:
        enter_load(vllm);
        break;
    case BOOT_LOAD:
        load_shard(vllm);
        break;
    case BOOT_PROFILE:
        enter_compile(vllm);
        break;
    case BOOT_COMPILE:
        compile_shape(vllm);
        break;
    case BOOT_SERVING:
        TG_UNREACHABLE("a serving engine boots no further");
    }
}

/* ---- batch ---- */

int64_t sim_vllm_step_ns(const struct sim_params *params, int64_t running, int64_t context_tokens)
{
    int64_t memory_ns = params->step_weights_ns + params->step_kv_ns_per_token * context_tokens;
    int64_t compute_ns = params->step_compute_ns_per_seq * running;
    return params->step_overhead_ns + (memory_ns > compute_ns ? memory_ns : compute_ns);
}

/* Blocks for what a sequence has so far, and for the token that it computes. */
static int64_t blocks_for(const struct sim_vllm *vllm, const struct request *request)
{
    int64_t size = sim_world_params(vllm->world)->kv_block_tokens;
    return (request->prompt + request->done_micro / MICRO + size) / size;
}

/* Gives the request the blocks that it needs now, or takes them back. */
static void hold(struct sim_vllm *vllm, struct request *request)
{
    int64_t blocks = request->phase == REQUEST_WAITING ? 0 : blocks_for(vllm, request);
    vllm->blocks_used += blocks - request->blocks;
    request->blocks = blocks;
}

int64_t *sim_vllm_blocks_used(struct sim_vllm *vllm)
{
    return &vllm->blocks_used;
}

const char *sim_vllm_check(const struct sim_vllm *vllm)
{
    int64_t sum = 0;
    for (size_t i = 0; i < vllm->request_count; i++) {
        const struct request *request = &vllm->requests[i];
        sum += request->phase == REQUEST_WAITING ? 0 : blocks_for(vllm, request);
    }
    return sum == vllm->blocks_used
               ? NULL
               : "the blocks of a KV cache that are in use are not those of its sequences";
}

struct load {
    int64_t decoding;
    int64_t waiting;
    int64_t context; /* tokens of decoding sequences */
    int64_t blocks;
    struct request *prefill; /* the one being worked on: prefill is first come, first served */
};

static struct load measure(const struct sim_vllm *vllm)
{
    struct load load = {.blocks = vllm->blocks_used};
    for (size_t i = 0; i < vllm->request_count; i++) {
        struct request *request = &vllm->requests[i];
        int64_t tokens = request->prompt + request->done_micro / MICRO;
        if (request->phase == REQUEST_WAITING) {
            load.waiting++;
            continue;
        }
        if (request->phase == REQUEST_DECODE) {
            load.decoding++;
            load.context += tokens;
        } else if (load.prefill == NULL) {
            load.prefill = request;
        }
    }
    return load;
}

/* Brings every sequence up to now. */
static void advance(struct sim_vllm *vllm)
{
    int64_t now_us = sim_world_now_us(vllm->world);
    int64_t elapsed_ns = (now_us - vllm->advanced_us) * 1000;
    vllm->advanced_us = now_us;
    if (elapsed_ns <= 0 || vllm->request_count == 0 || vllm->is_stuck) {
        return;
    }
    bool is_prefill_done = false;
    for (size_t i = 0; i < vllm->request_count; i++) {
        struct request *request = &vllm->requests[i];
        if (request->phase == REQUEST_DECODE) {
            request->done_micro += elapsed_ns * MICRO / vllm->step_ns;
            hold(vllm, request);
        } else if (request->phase == REQUEST_PREFILL && !is_prefill_done) {
            is_prefill_done = true;
            request->prefill_left_ns -= elapsed_ns * 100 / vllm->pace_percent;
        }
    }
}

int64_t sim_vllm_overhead_us(const struct sim_vllm *vllm, uint64_t id)
{
    const struct sim_duration *overhead = &sim_world_params(vllm->world)->server_overhead;
    uint64_t seed = sim_world_config(vllm->world)->seed;
    return tg_rng_lognormal_from(tg_rng_keyed(seed, vllm->pod->entity, "overhead", id),
                                 overhead->median_us, overhead->p95_us, overhead->cap_us);
}

static void remove_request(struct sim_vllm *vllm, size_t at)
{
    vllm->blocks_used -= vllm->requests[at].blocks;
    memmove(&vllm->requests[at], &vllm->requests[at + 1],
            (vllm->request_count - at - 1) * sizeof vllm->requests[0]);
    vllm->request_count--;
}

static void finish(struct sim_vllm *vllm, size_t at)
{
    struct request request = vllm->requests[at];
    int64_t now_us = sim_world_now_us(vllm->world);
    int64_t overhead_us = sim_vllm_overhead_us(vllm, request.id);
    remove_request(vllm, at);
    sim_vllm_book(vllm, request.client_ip, request.prompt, request.output,
                  request.admit_us - request.arrival_us,
                  request.first_us - request.arrival_us + overhead_us,
                  now_us - request.arrival_us + overhead_us, false);
    request.done(vllm->world, request.context, true);
}

/* Ends prefills and completions that are due; returns after the first completion, for done may
 * change everything. */
static bool complete_one(struct sim_vllm *vllm)
{
    for (size_t i = 0; i < vllm->request_count; i++) {
        struct request *request = &vllm->requests[i];
        if (request->phase == REQUEST_PREFILL && request->prefill_left_ns <= 0) {
            request->phase = REQUEST_DECODE;
            request->first_us = sim_world_now_us(vllm->world) + vllm->step_ns / 1000;
        }
        if (request->phase == REQUEST_DECODE && request->done_micro >= request->output * MICRO) {
            finish(vllm, i);
            return true;
        }
    }
    return false;
}

/* Sequences that outgrew the cache go back to the queue, the newest first, and are computed again
 * later. */
static void preempt(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    struct load load = measure(vllm);
    for (size_t i = vllm->request_count;
         i-- > 0 && load.blocks > params->kv_blocks && load.decoding > 1;) {
        struct request *request = &vllm->requests[i];
        if (request->phase == REQUEST_DECODE) {
            request->phase = REQUEST_WAITING;
            hold(vllm, request);
            vllm->counters.preemptions++;
            load = measure(vllm);
        }
    }
}

static void admit(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    struct load load = measure(vllm);
    int64_t running = (int64_t)vllm->request_count - load.waiting;
    int64_t watermark = params->kv_blocks / 100;
    for (size_t i = 0; i < vllm->request_count; i++) {
        struct request *request = &vllm->requests[i];
        if (request->phase != REQUEST_WAITING) {
            continue;
        }
        int64_t tokens = request->prompt + request->done_micro / MICRO;
        int64_t blocks = blocks_for(vllm, request);
        if (running >= params->sequences_max ||
            load.blocks + blocks + watermark > params->kv_blocks) {
            return; /* first come, first served: nobody overtakes */
        }
        request->phase = REQUEST_PREFILL;
        hold(vllm, request);
        request->prefill_left_ns = tokens * params->prefill_ns_per_token;
        if (request->admit_us < 0) {
            request->admit_us = sim_world_now_us(vllm->world);
        }
        running++;
        load.blocks = vllm->blocks_used;
    }
}

static void tick(struct sim_world *world, void *data)
{
    struct sim_vllm *vllm = data;
    (void)world;
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    vllm->tick_event = 0;
    replan(vllm);
}

static void plan_tick(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    struct load load = measure(vllm);
    vllm->step_ns = sim_vllm_step_ns(params, load.decoding, load.context);
    if (load.prefill != NULL) {
        int64_t chunk = load.prefill->prefill_left_ns / params->prefill_ns_per_token;
        int64_t room = STEP_TOKENS_MAX - load.decoding;
        vllm->step_ns += (chunk < room ? chunk : room) * params->prefill_ns_per_token;
    }
    int64_t pace = sim_fault_pace_percent(vllm->world, vllm->pod->region->index);
    vllm->is_stuck = pace == 0;
    if (vllm->is_stuck) {
        return;
    }
    vllm->pace_percent = pace;
    vllm->step_ns = vllm->step_ns * pace / 100;
    int64_t next_ns =
        load.prefill == NULL ? INT64_MAX : load.prefill->prefill_left_ns * vllm->pace_percent / 100;
    for (size_t i = 0; i < vllm->request_count; i++) {
        const struct request *request = &vllm->requests[i];
        if (request->phase == REQUEST_DECODE) {
            int64_t left = request->output * MICRO - request->done_micro;
            int64_t left_ns = left * (vllm->step_ns / 1000) / (MICRO / 1000) + 1;
            next_ns = left_ns < next_ns ? left_ns : next_ns;
        }
    }
    if (load.decoding > 0 && load.blocks < params->kv_blocks) {
        int64_t room = (params->kv_blocks - load.blocks + 1) * params->kv_block_tokens;
        int64_t full_ns = room * vllm->step_ns / load.decoding + vllm->step_ns;
        next_ns = full_ns < next_ns ? full_ns : next_ns;
    }
    if (next_ns != INT64_MAX) {
        int64_t at_us = sim_world_now_us(vllm->world) + (next_ns > 0 ? next_ns : 0) / 1000 + 1;
        vllm->tick_event = sim_world_at(vllm->world, at_us, SIM_PRIORITY_NODE, tick, vllm, NULL);
    }
}

static void exit_now(struct sim_world *world, void *data)
{
    struct sim_vllm *vllm = data;
    (void)world;
    vllm->exit_event = 0;
    sim_kubelet_exited(vllm->pod, 0);
}

static void plan_exit(struct sim_vllm *vllm)
{
    const struct sim_params *params = sim_world_params(vllm->world);
    if (vllm->exit_event == 0) {
        int64_t delay_us =
            sim_draw_range(vllm->world, vllm->pod->entity, "exit", &params->term_exit);
        vllm->exit_event = sim_world_at(vllm->world, sim_world_now_us(vllm->world) + delay_us,
                                        SIM_PRIORITY_NODE, exit_now, vllm, NULL);
    }
}

/* Recomputes the batch after anything changed. */
static void replan(struct sim_vllm *vllm)
{
    sim_world_cancel(vllm->world, vllm->tick_event);
    vllm->tick_event = 0;
    advance(vllm);
    while (complete_one(vllm)) {
        advance(vllm); /* no time passed; a callback may have submitted */
    }
    preempt(vllm);
    admit(vllm);
    sim_world_cancel(vllm->world, vllm->tick_event); /* a callback may have planned already */
    vllm->tick_event = 0;
    plan_tick(vllm);
    if (vllm->is_draining && vllm->request_count == 0) {
        plan_exit(vllm);
    }
}

uint64_t sim_vllm_submit(struct sim_vllm *vllm, const char *client_ip, int64_t prompt_tokens,
                         int64_t output_tokens, sim_vllm_done *done, void *context)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    tg_assert(prompt_tokens > 0 && output_tokens > 0);
    if (!vllm->is_listening || vllm->request_count >= REQUESTS_MAX) {
        return 0;
    }
    advance(vllm);
    if (vllm->request_count == vllm->request_cap) {
        vllm->request_cap = vllm->request_cap == 0 ? 16 : vllm->request_cap * 2;
        vllm->requests =
            tg_realloc_array(vllm->requests, vllm->request_cap, sizeof vllm->requests[0]);
    }
    uint64_t id = ++vllm->last_id;
    vllm->requests[vllm->request_count++] = (struct request){
        .id = id,
        .phase = REQUEST_WAITING,
        .prompt = prompt_tokens,
        .output = output_tokens,
        .arrival_us = sim_world_now_us(vllm->world),
        .admit_us = -1,
        .first_us = -1,
        .done = done,
        .context = context,
    };
    struct request *request = &vllm->requests[vllm->request_count - 1];
    tg_str_copy(request->client_ip, sizeof request->client_ip, client_ip);
    if (vllm->report_event == 0) {
        vllm->report_event = sim_world_at(vllm->world,
                                          sim_world_now_us(vllm->world) +
                                              sim_world_params(vllm->world)->stats_interval_us,
                                          SIM_PRIORITY_NODE, report, vllm, NULL);
    }
    replan(vllm);
    return id;
}

void sim_vllm_pace_changed(struct sim_vllm *vllm)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    if (vllm->is_listening) {
        replan(vllm);
    }
}

bool sim_vllm_cancel(struct sim_vllm *vllm, uint64_t id)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    for (size_t i = 0; i < vllm->request_count; i++) {
        if (vllm->requests[i].id == id) {
            advance(vllm);
            remove_request(vllm, i);
            vllm->counters.success_abort++;
            replan(vllm);
            return true;
        }
    }
    return false;
}

struct sim_vllm_gauges sim_vllm_gauges(struct sim_vllm *vllm)
{
    advance(vllm);
    struct load load = measure(vllm);
    int64_t blocks = sim_world_params(vllm->world)->kv_blocks;
    int64_t used = load.blocks < blocks ? load.blocks : blocks;
    return (struct sim_vllm_gauges){(int64_t)vllm->request_count - load.waiting, load.waiting,
                                    used * 1000000 / blocks};
}

/* The engine's line from time to time while there is traffic. */
static void report(struct sim_world *world, void *data)
{
    struct sim_vllm *vllm = data;
    struct sim_vllm_gauges gauges = sim_vllm_gauges(vllm);
    uint64_t prompt = vllm->counters.prompt_tokens - vllm->reported_prompt;
    uint64_t generation = vllm->counters.generation_tokens - vllm->reported_generation;
    vllm->reported_prompt = vllm->counters.prompt_tokens;
    vllm->reported_generation = vllm->counters.generation_tokens;
    vllm->report_event = 0;
    if (prompt + generation > 0 || gauges.running > 0) {
        vllm->report_event = sim_world_at(
            world, sim_world_now_us(world) + sim_world_params(world)->stats_interval_us,
            SIM_PRIORITY_NODE, report, vllm, NULL);
    }
    info(vllm, "loggers.py:127",
         "Engine 000: Avg prompt throughput: %" PRIu64 ".%" PRIu64
         " tokens/s, Avg generation throughput: %" PRIu64 ".%" PRIu64 " tokens/s, Running: %" PRId64
         " reqs, Waiting: %" PRId64 " reqs, GPU KV cache usage: %" PRId64 ".%" PRId64
         "%%, Prefix cache hit rate: 0.0%%",
         prompt / 10, prompt % 10, generation / 10, generation % 10, gauges.running, gauges.waiting,
         gauges.kv_ppm / 10000, gauges.kv_ppm % 10000 / 1000);
}

/* ---- end ---- */

static void cut_all(struct sim_vllm *vllm)
{
    while (vllm->request_count > 0) {
        struct request request = vllm->requests[0];
        remove_request(vllm, 0);
        vllm->counters.success_abort++;
        request.done(vllm->world, request.context, false);
    }
    sim_world_cancel(vllm->world, vllm->tick_event);
    vllm->tick_event = 0;
}

static void close_port(struct sim_world *world, void *data)
{
    struct sim_vllm *vllm = data;
    vllm->close_event = 0;
    set_listening(vllm, false);
    if (sim_world_params(world)->term_mode == 1) {
        vllm->is_draining = true;
        if (vllm->request_count == 0) {
            plan_exit(vllm);
        }
        return;
    }
    cut_all(vllm);
    plan_exit(vllm);
}

void sim_vllm_stop(struct sim_vllm *vllm)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    const struct sim_params *params = sim_world_params(vllm->world);
    if (params->term_mode == 2) {
        return;
    }
    sim_world_cancel(vllm->world, vllm->boot_event);
    vllm->boot_event = 0;
    sim_log_line(vllm->log, "INFO:     Shutting down");
    int64_t delay_us = sim_draw_range(vllm->world, vllm->pod->entity, "close", &params->term_close);
    vllm->close_event = sim_world_at(vllm->world, sim_world_now_us(vllm->world) + delay_us,
                                     SIM_PRIORITY_NODE, close_port, vllm, NULL);
}

void sim_vllm_kill(struct sim_vllm *vllm)
{
    TG_MAGIC_CHECK(vllm, VLLM_MAGIC);
    uint64_t *const events[] = {&vllm->boot_event, &vllm->close_event, &vllm->exit_event,
                                &vllm->report_event};
    for (size_t i = 0; i < TG_COUNT(events); i++) {
        sim_world_cancel(vllm->world, *events[i]);
        *events[i] = 0;
    }
    set_listening(vllm, false);
    cut_all(vllm);
}

void sim_vllm_free(struct sim_vllm *vllm)
{
    if (vllm == NULL) {
        return;
    }
    sim_vllm_kill(vllm);
    free(vllm->requests);
    tg_buf_fini(&vllm->page.text);
    vllm->magic = 0;
    free(vllm);
}
