/* sim/gcp_quota.c - quota and capacity, and the APIs that show them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_quota.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/fault.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/params.h"
#include "sim/shape.h"

#define METRIC   "compute.googleapis.com/tpus_per_tpu_family"
#define QUOTA_ID "TPUS-PER-TPU-FAMILY-per-project-region"
#define DISK_GB  100

/* ---- machine types ---- */

static const struct sim_machine machines[] = {
    {"e2-medium", 2, 4096, 0},
    {"e2-standard-2", 2, 8192, 0},
    {"e2-standard-4", 4, 16384, 0},
    {"e2-standard-8", 8, 32768, 0},
    {"e2-standard-16", 16, 65536, 0},
    {"n2-standard-8", 8, 32768, 0},
    {"ct6e-standard-1t", 44, 180224, 1},
    {"ct6e-standard-4t", 180, 737280, 4},
    {"ct6e-standard-8t", 180, 1474560, 8},
};

bool sim_gcp_machine(const char *name, struct sim_machine *machine)
{
    for (size_t i = 0; i < TG_COUNT(machines); i++) {
        if (tg_str_eq(machines[i].name, name)) {
            *machine = machines[i];
            return true;
        }
    }
    return false;
}

bool sim_gcp_machine_at(bool has_tpu, int i, struct sim_machine *machine)
{
    for (size_t k = 0; k < TG_COUNT(machines); k++) {
        if ((machines[k].chips == 0 || has_tpu) && i-- == 0) {
            *machine = machines[k];
            return true;
        }
    }
    return false;
}

bool sim_gcp_offers(struct sim_world *world, const char *zone, const char *machine_type)
{
    return sim_gcp_find(world, "withdrawn/%s/%s", zone, machine_type) == NULL;
}

void sim_gcp_withdraw(struct sim_world *world, const char *zone, const char *machine_type)
{
    char *path = tg_asprintf("withdrawn/%s/%s", zone, machine_type);
    sim_gcp_put(world, path, json_object());
    free(path);
}

/* ---- limits and use ---- */

static const struct {
    const char *metric;
    int64_t limit;
} defaults[] = {
    {"CPUS", 72},           {"E2_CPUS", 72},           {"DISKS_TOTAL_GB", 4096},
    {"SSD_TOTAL_GB", 2048}, {"STATIC_ADDRESSES", 8},   {"IN_USE_ADDRESSES", 8},
    {"INSTANCES", 720},     {"INSTANCE_GROUPS", 100},  {"FORWARDING_RULES", 100},
    {"NETWORKS", 5},        {"TPU_LITE_DEVICE_V5", 0}, {"TPU_LITE_PODSLICE_V5", 0},
};

int64_t sim_gcp_quota_limit(struct sim_world *world, const char *region, const char *metric)
{
    const json_t *set = sim_gcp_find(world, "quota/%s/%s", region, metric);
    if (set != NULL) {
        return json_integer_value(set);
    }
    if (tg_str_eq(metric, SIM_QUOTA_TPU)) {
        const struct sim_region *of = sim_gcp_region(world, region);
        if (of != NULL && sim_fault_in_force(world, SIM_FAULT_NO_TPU_QUOTA, of->index) != NULL) {
            return 0;
        }
        return sim_world_params(world)->tpu_quota_chips;
    }
    for (size_t i = 0; i < TG_COUNT(defaults); i++) {
        if (tg_str_eq(defaults[i].metric, metric)) {
            return defaults[i].limit;
        }
    }
    return 0;
}

void sim_gcp_set_quota(struct sim_world *world, const char *region, const char *metric,
                       int64_t limit)
{
    char *path = tg_asprintf("quota/%s/%s", region, metric);
    sim_gcp_put(world, path, json_integer((json_int_t)limit));
    free(path);
}

struct sum {
    const char *metric;
    int64_t total;
};

static int64_t worth(const char *metric, const struct sim_machine *machine)
{
    bool is_e2 = tg_str_has_prefix(machine->name, "e2-");
    if (tg_str_eq(metric, SIM_QUOTA_TPU)) {
        return machine->chips;
    }
    if (tg_str_eq(metric, "E2_CPUS")) {
        return is_e2 ? machine->cpus : 0;
    }
    if (tg_str_eq(metric, "CPUS")) {
        return machine->chips == 0 ? machine->cpus : 0; /* TPU hosts count in chips */
    }
    if (tg_str_eq(metric, "INSTANCES") || tg_str_eq(metric, "IN_USE_ADDRESSES")) {
        return 1;
    }
    return tg_str_eq(metric, machine->chips == 0 ? "SSD_TOTAL_GB" : "DISKS_TOTAL_GB") ? DISK_GB : 0;
}

static bool add_pool(void *context, const char *path, json_t *document)
{
    struct sum *sum = context;
    struct sim_machine machine;
    const char *status = sim_json_text(document, "status");
    if (strstr(path, "/nodePools/") != NULL && !tg_str_eq(status, "ERROR") &&
        sim_gcp_machine(sim_json_text(document, "config.machineType"), &machine)) {
        sum->total += sim_json_int(document, "_count", 0) * worth(sum->metric, &machine);
    }
    return true;
}

int64_t sim_gcp_quota_usage(struct sim_world *world, const struct sim_region *region,
                            const char *metric)
{
    struct sum sum = {metric, 0};
    char folder[SIM_NAME_SIZE * 2];
    if (tg_str_eq(metric, "STATIC_ADDRESSES")) {
        snprintf(folder, sizeof folder, "compute/regions/%s/addresses", region->name);
        json_t *addresses = sim_gcp_children(world, folder);
        sum.total = (int64_t)json_array_size(addresses);
        json_decref(addresses);
        return sum.total;
    }
    snprintf(folder, sizeof folder, "container/%s/", region->zone);
    sim_gcp_each(world, folder, add_pool, &sum);
    return sum.total;
}

json_t *sim_gcp_region_quotas(struct sim_world *world, const struct sim_region *region)
{
    json_t *quotas = json_array();
    for (size_t i = 0; i < TG_COUNT(defaults); i++) {
        const char *metric = defaults[i].metric;
        json_array_append_new(
            quotas, json_pack("{s:s,s:f,s:f}", "metric", metric, "limit",
                              (double)sim_gcp_quota_limit(world, region->name, metric), "usage",
                              (double)sim_gcp_quota_usage(world, region, metric)));
    }
    return quotas;
}

/* ---- lack of it ---- */

char *sim_gcp_capacity_error(struct sim_world *world, const struct sim_region *region,
                             const char *zone, const char *machine_type, int count)
{
    struct sim_machine machine;
    if (!sim_gcp_machine(machine_type, &machine) || machine.chips == 0) {
        return NULL;
    }
    char *begin = tg_asprintf("Google Compute Engine: Not all instances running in IGM after 35m. "
                              "Expected %d, running 0, transitioning %d. Current errors: ",
                              count, count);
    char *error = NULL;
    int64_t limit = sim_gcp_quota_limit(world, region->name, SIM_QUOTA_TPU);
    /* the pool that asks is counted already */
    if (sim_gcp_quota_usage(world, region, SIM_QUOTA_TPU) > limit) {
        error = tg_asprintf("%s[GCE_QUOTA_EXCEEDED]: Instance '%s' creation failed: Quota "
                            "'" SIM_QUOTA_TPU "' exceeded.  Limit: %" PRId64 ".0 in region %s.",
                            begin, region->tpu_node, limit, region->name);
    } else if (tg_str_eq(zone, region->zone) &&
               sim_fault_strikes(world, SIM_FAULT_STOCKOUT, region->index, "CREATE_NODE_POOL") !=
                   NULL) {
        error = tg_asprintf("%s[GCE_STOCKOUT]: Instance '%s' creation failed: The zone "
                            "'projects/%s/zones/%s' does not have enough resources available to "
                            "fulfill the request.  '(resource type:compute)'.",
                            begin, region->tpu_node, sim_gcp_project(world), region->zone);
    }
    free(begin);
    return error;
}

json_t *sim_gcp_refuse_quota(struct sim_gcp_call *call, const struct sim_region *region,
                             const char *machine_type, int count)
{
    struct sim_machine machine;
    if (!sim_gcp_machine(machine_type, &machine) || machine.chips > 0) {
        return NULL;
    }
    int64_t limit = sim_gcp_quota_limit(call->world, region->name, "CPUS");
    int64_t left = limit - sim_gcp_quota_usage(call->world, region, "CPUS");
    int64_t wanted = (int64_t)machine.cpus * count;
    if (wanted <= left) {
        return NULL;
    }
    return sim_gcp_error(
        call, 403, "PERMISSION_DENIED",
        "Insufficient regional quota to satisfy request: resource \"CPUS\": request requires "
        "'%" PRId64 ".0' and is short '%" PRId64 ".0'. project has a quota of '%" PRId64
        ".0' with '%" PRId64
        ".0' available. View and manage quotas at https://console.cloud.google.com/iam-admin/"
        "quotas?usage=USED&project=%s.",
        wanted, wanted - left, limit, left < 0 ? 0 : left, sim_gcp_project(call->world));
}

/* ---- shown by Cloud Quotas and by Service Usage ---- */

json_t *sim_gcp_quotas(struct sim_gcp_call *call)
{
    /* projects/P/locations/global/services/S/quotaInfos/ID */
    if (!tg_str_eq(sim_gcp_segment(call, 6), "quotaInfos") || !tg_str_eq(call->method, "GET")) {
        return NULL;
    }
    const char *id = sim_gcp_segment(call, 7);
    if (id[0] != '\0' && !tg_str_eq(id, QUOTA_ID)) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "QuotaInfo %s was not found.", id);
    }
    json_t *rows = json_array();
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const char *region = sim_world_region(call->world, i)->name;
        int64_t limit = sim_gcp_quota_limit(call->world, region, SIM_QUOTA_TPU);
        json_array_append_new(
            rows, sim_shape("{'dimensions':{'region':'%s','tpu_family':'CT6E'},'details':{'value':"
                            "'%" PRId64 "'},'applicableLocations':['%s']}",
                            region, limit, region));
    }
    json_t *info = sim_shape(
        "{'name':'projects/%" PRIu64 "/locations/global/services/compute.googleapis.com/"
        "quotaInfos/" QUOTA_ID "','quotaId':'" QUOTA_ID "','metric':'" METRIC
        "','service':'compute.googleapis.com','isPrecise':true,'containerType':'PROJECT',"
        "'dimensions':['region','tpu_family'],'metricDisplayName':'TPUs per TPU family',"
        "'quotaDisplayName':'TPUs per TPU family per region','metricUnit':'1','isFixed':false,"
        "'isConcurrent':false}",
        sim_lab_project_number(call->world));
    json_object_set_new(info, "dimensionsInfos", rows);
    return id[0] != '\0' ? info : json_pack("{s:[o]}", "quotaInfos", info);
}

json_t *sim_gcp_consumer_quotas(struct sim_gcp_call *call)
{
    json_t *buckets = json_array();
    json_array_append_new(buckets, sim_shape("{'effectiveLimit':'0','defaultLimit':'0'}"));
    for (int i = 0; i < sim_world_region_count(call->world); i++) {
        const char *region = sim_world_region(call->world, i)->name;
        int64_t limit = sim_gcp_quota_limit(call->world, region, SIM_QUOTA_TPU);
        json_array_append_new(buckets, sim_shape("{'effectiveLimit':'%" PRId64
                                                 "','defaultLimit':'0','dimensions':{'region':"
                                                 "'%s','tpu_family':'CT6E'}}",
                                                 limit, region));
    }
    char *name = tg_asprintf("projects/%" PRIu64 "/services/compute.googleapis.com/"
                             "consumerQuotaMetrics/compute.googleapis.com%%2Ftpus_per_tpu_family",
                             sim_lab_project_number(call->world));
    json_t *metric = sim_shape(
        "{'name':'%s','displayName':'TPUs per TPU family','metric':'" METRIC "','unit':'1',"
        "'consumerQuotaLimits':[{'name':'%s/limits/%%2Fproject%%2Fregion','unit':'1/{project}/"
        "{region}','metric':'" METRIC "'}]}",
        name, name);
    json_object_set_new(json_array_get(json_object_get(metric, "consumerQuotaLimits"), 0),
                        "quotaBuckets", buckets);
    free(name);
    /* .../consumerQuotaMetrics/compute.googleapis.com/tpus_per_tpu_family, its slash decoded */
    const char *asked = strstr(call->rest, "/consumerQuotaMetrics/");
    if (asked == NULL) {
        return json_pack("{s:[o]}", "metrics", metric);
    }
    if (tg_str_eq(asked + strlen("/consumerQuotaMetrics/"), METRIC)) {
        return metric;
    }
    json_decref(metric);
    return sim_gcp_error(call, 404, "NOT_FOUND", "Quota metric %s was not found.", asked);
}
