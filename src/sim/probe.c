/* sim/probe.c - a probe Pod's process: an open-loop schedule through the gateway, one line per
 * slot. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/json_path.h"

#define IN_FLIGHT_MAX 32

struct slot {
    struct sim_probe *probe;
    int64_t k;
    int64_t due_us;
    int64_t sent_us;
    uint64_t request;
    uint64_t refusal_event;
    bool is_used;
};

struct sim_probe {
    struct sim_pod *pod;
    struct sim_world *world;
    struct sim_log *log;
    int64_t boot_us; /* world time at which the node's clock was zero */
    int64_t start_us;
    int64_t interval_us;
    int64_t timeout_us;
    int64_t count_max; /* 0: no end */
    int front;         /* region of the target address, -1 when nobody has it */
    int64_t next;      /* slot number */
    uint64_t slot_event;
    uint64_t exit_event;
    struct slot slots[IN_FLIGHT_MAX];
    int in_flight;
};

static const char *variable(const json_t *pod, const char *name)
{
    const json_t *env = sim_json_at(json_array_get(sim_json_at(pod, "spec.containers"), 0), "env");
    size_t i;
    json_t *pair;
    json_array_foreach(env, i, pair)
    {
        if (tg_str_eq(sim_json_text(pair, "name"), name)) {
            return sim_json_text(pair, "value");
        }
    }
    return "";
}

static int64_t number(const json_t *pod, const char *name, int64_t min, int64_t otherwise)
{
    int64_t value = otherwise;
    tg_str_to_int64(variable(pod, name), min, INT64_C(1) << 40, &value);
    return value;
}

/* Region that answers at the host of "http://HOST[:PORT]/..."; -1 when none does. */
static int target_region(struct sim_world *world, const char *url)
{
    static const char scheme[] = "http://";
    char host[64];
    if (!tg_str_has_prefix(url, scheme)) {
        return -1;
    }
    tg_str_copy(host, sizeof host, url + sizeof scheme - 1);
    host[strcspn(host, ":/")] = '\0';
    return sim_region_of_vip(world, host);
}

/* The node's monotonic clock as /proc/uptime tells it: hundredths of seconds. */
static int64_t uptime_ms(const struct sim_probe *probe, int64_t at_us)
{
    return (at_us - probe->boot_us) / 10000 * 10;
}

static void exit_done(struct sim_world *world, void *data)
{
    struct sim_probe *probe = data;
    (void)world;
    probe->exit_event = 0;
    sim_kubelet_exited(probe->pod, 0);
}

static void exit_when_done(struct sim_probe *probe)
{
    if (probe->count_max > 0 && probe->next >= probe->count_max && probe->in_flight == 0 &&
        probe->exit_event == 0) {
        probe->exit_event = sim_world_at(probe->world,
                                         sim_world_now_us(probe->world) +
                                             sim_world_params(probe->world)->probe_exit_us,
                                         SIM_PRIORITY_CLIENT, exit_done, probe, NULL);
    }
}

static void print_outcome(struct slot *slot, const struct sim_gateway_result *result)
{
    struct sim_probe *probe = slot->probe;
    char code[8];
    snprintf(code, sizeof code, "%03d", result->status % 1000);
    sim_log_line(probe->log,
                 "k=%" PRId64 " due_ms=%" PRId64 " sent_ms=%" PRId64
                 " code=%s err=%d ttfb_ms=%" PRId64 " total_ms=%" PRId64 " bytes=%" PRId64,
                 slot->k, uptime_ms(probe, slot->due_us), uptime_ms(probe, slot->sent_us), code,
                 result->curl_code, result->ttfb_us / 1000, result->total_us / 1000, result->bytes);
    slot->is_used = false;
    probe->in_flight--;
    exit_when_done(probe);
}

static void answered(struct sim_world *world, void *context,
                     const struct sim_gateway_result *result)
{
    (void)world;
    print_outcome(context, result);
}

/* Nobody has the address: the connection is refused at once. */
static void refused(struct sim_world *world, void *data)
{
    struct slot *slot = data;
    (void)world;
    slot->refusal_event = 0;
    struct sim_gateway_result result = {0, 7, -1, 0, 1000, 0};
    print_outcome(slot, &result);
}

static struct slot *free_slot(struct sim_probe *probe)
{
    for (int i = 0; i < IN_FLIGHT_MAX; i++) {
        if (!probe->slots[i].is_used) {
            return &probe->slots[i];
        }
    }
    return NULL;
}

static void run_slot(struct sim_world *world, void *data);

static void plan_slot(struct sim_probe *probe)
{
    if (probe->count_max > 0 && probe->next >= probe->count_max) {
        probe->slot_event = 0;
        exit_when_done(probe);
        return;
    }
    /* The shell wakes a little late, never early, and does not drift: each slot is due from the
     * start. */
    uint64_t late_us = tg_rng_keyed(sim_world_config(probe->world)->seed, probe->pod->entity,
                                    "wake", (uint64_t)probe->next) %
                       4000;
    int64_t due_us = probe->start_us + probe->next * probe->interval_us;
    probe->slot_event = sim_world_at(probe->world, due_us + (int64_t)late_us, SIM_PRIORITY_CLIENT,
                                     run_slot, probe, NULL);
}

static void run_slot(struct sim_world *world, void *data)
{
    struct sim_probe *probe = data;
    const struct sim_params *params = sim_world_params(world);
    int64_t k = probe->next++;
    int64_t due_us = probe->start_us + k * probe->interval_us;
    struct slot *slot = free_slot(probe);
    if (slot == NULL) {
        sim_log_line(probe->log, "k=%" PRId64 " due_ms=%" PRId64 " skipped=1", k,
                     uptime_ms(probe, due_us));
    } else {
        *slot = (struct slot){.probe = probe,
                              .k = k,
                              .due_us = due_us,
                              .sent_us = sim_world_now_us(world),
                              .is_used = true};
        probe->in_flight++;
        if (probe->front < 0) {
            slot->refusal_event =
                sim_world_at(world, slot->sent_us + 1000, SIM_PRIORITY_CLIENT, refused, slot, NULL);
        } else {
            slot->request = sim_gateway_request(
                world, probe->pod->region->index, probe->front, params->probe_prompt_tokens,
                params->probe_output_tokens, probe->timeout_us, answered, slot);
        }
    }
    plan_slot(probe);
}

struct sim_probe *sim_probe_start(struct sim_pod *pod)
{
    struct sim_world *world = pod->world;
    const json_t *object =
        sim_store_get(pod->region->store, sim_world_kinds(world)->pod, pod->ns, pod->name);
    struct sim_probe *probe = TG_NEW(struct sim_probe);
    probe->pod = pod;
    probe->world = world;
    probe->log = sim_pod_main(pod)->log;
    probe->front = target_region(world, variable(object, "TIDEGATE_PROBE_TARGET"));
    probe->interval_us = number(object, "TIDEGATE_PROBE_INTERVAL_MS", 10, 470) * TG_US_PER_MS;
    probe->timeout_us = number(object, "TIDEGATE_PROBE_TIMEOUT_MS", 1, 5000) * TG_US_PER_MS;
    probe->count_max = number(object, "TIDEGATE_PROBE_COUNT_MAX", 0, 0);
    /* The node has been up for some days; its clock has nothing to do with the world's. */
    uint64_t seed = sim_world_config(world)->seed;
    probe->boot_us =
        -(int64_t)(tg_rng_keyed(seed, pod->node, "boot", 0) % (UINT64_C(10) * 86400 * 1000000)) -
        86400 * TG_US_PER_S;
    probe->start_us = sim_world_now_us(world) + sim_world_params(world)->probe_start_us;
    char boot[37];
    struct tg_rng rng = tg_rng_named(seed, pod->node);
    tg_rng_uuid(&rng, boot);
    sim_log_line(probe->log,
                 "tidegate-probe v1 boot=%s start_ms=%" PRId64 " interval_ms=%" PRId64
                 " timeout_ms=%" PRId64,
                 boot, uptime_ms(probe, probe->start_us), probe->interval_us / TG_US_PER_MS,
                 probe->timeout_us / TG_US_PER_MS);
    plan_slot(probe);
    return probe;
}

void sim_probe_free(struct sim_probe *probe)
{
    if (probe == NULL) {
        return;
    }
    sim_world_cancel(probe->world, probe->slot_event);
    sim_world_cancel(probe->world, probe->exit_event);
    for (int i = 0; i < IN_FLIGHT_MAX; i++) {
        struct slot *slot = &probe->slots[i];
        if (slot->is_used) {
            sim_world_cancel(probe->world, slot->refusal_event);
            sim_gateway_forget(probe->world, slot->request);
        }
    }
    free(probe);
}
