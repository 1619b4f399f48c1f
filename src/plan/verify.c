/* plan/verify.c - judges the lab's steps on the observed objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

/* What came of one condition at one place. */
enum finding { FINDING_UNKNOWN, FINDING_ABSENT, FINDING_UNMET, FINDING_MET };

struct judgement {
    const struct tg_lab *lab;
    const struct tg_model *model;
    int64_t now_us;
    struct tg_step_status *status;
    int unknown;
    int unmet;
    int64_t first_us;
    int64_t last_us;
};

#define NAME_MAX_LEN 255

static void expand(const struct tg_lab *lab, const char *text, const struct tg_lab_region *region,
                   const char *project, char *out, size_t size)
{
    struct tg_lab_place place = {.lab = lab, .region = region, .project = project};
    struct tg_buf name;
    tg_buf_init(&name, NAME_MAX_LEN);
    tg_lab_expand(text, &place, &name);
    tg_str_copy(out, size, tg_buf_text(&name));
    tg_buf_fini(&name);
}

bool tg_verify_is_cluster_absent(const struct tg_model *model, const char *cluster)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    if (gcp == NULL || (gcp->kinds[TG_KIND_GCP_CLUSTER].synced_us == 0 &&
                        gcp->kinds[TG_KIND_GCP_CLUSTER].phase != TG_KIND_PHASE_ABSENT)) {
        return false;
    }
    const struct tg_store *store = &gcp->kinds[TG_KIND_GCP_CLUSTER].store;
    for (size_t i = 0; i < store->count; i++) {
        if (tg_str_eq(store->items[i]->name, cluster)) {
            return false;
        }
    }
    return true;
}

const struct tg_target *tg_verify_cluster(const struct tg_model *model, const char *cluster)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        const struct tg_target *target = model->targets[i];
        if (target->type == TG_TARGET_CLUSTER && target->removed_us == 0 &&
            tg_str_eq(target->cluster, cluster)) {
            return target;
        }
    }
    return NULL;
}

static void number(char *out, size_t size, int64_t value)
{
    snprintf(out, size, "%lld", (long long)value);
}

static int64_t count_ready_devices(const struct tg_resource_claim *claim)
{
    int64_t ready = 0;
    for (size_t i = 0; i < claim->devices_count; i++) {
        ready += claim->devices[i].is_ready ? 1 : 0;
    }
    return ready;
}

static void put_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text != NULL ? text : "");
}

/* The field of a Kubernetes object as text; false when the kind has no such field. */
static bool k8s_field(const struct judgement *judgement, const struct tg_target *target,
                      const struct tg_obj *obj, const char *field, char *out, size_t size)
{
    out[0] = '\0';
    if (obj->kind == TG_KIND_NODE && tg_str_eq(field, "chips")) {
        number(out, size, obj->as.node.is_ready ? obj->as.node.tpu_allocatable : 0);
    } else if (obj->kind == TG_KIND_RESOURCE_SLICE && tg_str_eq(field, "driver")) {
        put_text(out, size, obj->as.resource_slice.driver);
    } else if (obj->kind == TG_KIND_RESOURCE_CLAIM && tg_str_eq(field, "devices")) {
        number(out, size, count_ready_devices(&obj->as.resource_claim));
    } else if (obj->kind == TG_KIND_DEPLOYMENT && tg_str_eq(field, "ready")) {
        number(out, size, obj->as.deployment.ready);
    } else if (obj->kind == TG_KIND_DEPLOYMENT && tg_str_eq(field, "serving")) {
        size_t count = 0;
        int64_t serving = 0;
        struct tg_pod_row *rows = target == NULL ? NULL
                                                 : tg_select_pods(judgement->model, target->index,
                                                                  judgement->now_us, &count);
        for (size_t i = 0; i < count; i++) {
            serving += rows[i].serving == TG_SERVING_YES ? 1 : 0;
        }
        free(rows);
        number(out, size, serving);
    } else if (obj->kind == TG_KIND_INFERENCE_POOL && tg_str_eq(field, "exported")) {
        snprintf(out, size, "%s", obj->as.inference_pool.is_exported ? "true" : "false");
    } else if (obj->kind == TG_KIND_JOB && tg_str_eq(field, "succeeded")) {
        number(out, size, obj->as.plain.succeeded);
    } else if (obj->kind == TG_KIND_GATEWAY && tg_str_eq(field, "addresses")) {
        put_text(out, size, obj->as.gateway.addresses);
    } else {
        return false;
    }
    return true;
}

/* "complete", or how many of how many. */
static void shards(const struct tg_weights *weights, char *out, size_t size)
{
    if (tg_weights_are_complete(weights)) {
        snprintf(out, size, "complete");
    } else if (weights->shards_expected > 0) {
        snprintf(out, size, "%d of %d", weights->shards, weights->shards_expected);
    } else {
        snprintf(out, size, "none");
    }
}

static bool gcp_field(const struct tg_obj *obj, const char *field, char *out, size_t size);

bool tg_verify_has_field(enum tg_kind kind, const char *field)
{
    /* Asked of an object that has nothing in it: so what is known here is what is judged. */
    struct judgement nowhere = {0};
    struct tg_obj obj = {.kind = kind};
    char text[8];
    if (tg_kind_info(kind)->source == TG_KIND_SOURCE_GCP) {
        obj.as.gcp = (struct tg_gcp){
            .status = "", .purpose = "", .machine_type = "", .address = "", .range = ""};
        return gcp_field(&obj, field, text, sizeof(text));
    }
    return k8s_field(&nowhere, NULL, &obj, field, text, sizeof(text));
}

static bool gcp_field(const struct tg_obj *obj, const char *field, char *out, size_t size)
{
    const struct tg_gcp *gcp = &obj->as.gcp;
    const char *text = tg_str_eq(field, "status")         ? gcp->status
                       : tg_str_eq(field, "purpose")      ? gcp->purpose
                       : tg_str_eq(field, "machine_type") ? gcp->machine_type
                       : tg_str_eq(field, "address")      ? gcp->address
                       : tg_str_eq(field, "range")        ? gcp->range
                                                          : NULL;
    out[0] = '\0';
    if (text != NULL) {
        snprintf(out, size, "%s", text);
    } else if (tg_str_eq(field, "shards")) {
        shards(&gcp->weights, out, size);
    } else if (tg_str_eq(field, "number")) {
        number(out, size, gcp->number);
    } else {
        return false;
    }
    return true;
}

/* A wanted value is met by the same text, or for "3+" by at least that number. */
static bool is_met(const char *value, const char *wanted)
{
    size_t len = wanted != NULL ? strlen(wanted) : 0;
    if (len > 1 && wanted[len - 1] == '+') {
        return strtoll(value, NULL, 10) >= strtoll(wanted, NULL, 10);
    }
    return wanted == NULL ? *value != '\0' : tg_str_eq(value, wanted);
}

static bool is_satisfied(struct judgement *judgement, const struct tg_target *target,
                         const struct tg_lab_condition *condition, const struct tg_obj *obj,
                         char *why, size_t why_size)
{
    char value[100];
    if (condition->condition != NULL) {
        const struct tg_condition *found = tg_obj_condition(obj, condition->condition);
        if (found == NULL || !tg_str_eq(found->status, "True")) {
            snprintf(why, why_size, "%s=%s", condition->condition,
                     found != NULL ? found->status : "missing");
            return false;
        }
        if (found->since_us > judgement->last_us) {
            judgement->last_us = found->since_us;
        }
    }
    if (condition->field != NULL) {
        bool is_k8s = tg_kind_info(obj->kind)->source == TG_KIND_SOURCE_K8S;
        bool is_known =
            is_k8s ? k8s_field(judgement, target, obj, condition->field, value, sizeof(value))
                   : gcp_field(obj, condition->field, value, sizeof(value));
        if (!is_known || !is_met(value, condition->equals)) {
            snprintf(why, why_size, "%s=%s", condition->field, value);
            return false;
        }
    }
    return true;
}

static bool has_name(const struct tg_obj *obj, const char *name)
{
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '*') {
        return strncmp(obj->name, name, len - 1) == 0;
    }
    return len == 0 || tg_str_eq(obj->name, name);
}

/* Not every kind tells when it was made. */
static void note_creation(struct judgement *judgement, const struct tg_obj *obj)
{
    bool is_first = judgement->first_us == 0 || obj->created_us < judgement->first_us;
    if (obj->created_us != 0 && is_first) {
        judgement->first_us = obj->created_us;
    }
}

static bool is_in_region(const struct tg_lab_condition *condition, const struct tg_obj *obj,
                         const struct tg_lab_region *region)
{
    return region == NULL || condition->where != TG_LAB_WHERE_EACH_REGION_GCP ||
           *obj->as.gcp.location == '\0' || tg_str_has_prefix(obj->as.gcp.location, region->name);
}

static enum finding judge_at(struct judgement *judgement, const struct tg_target *target,
                             const struct tg_lab_condition *condition,
                             const struct tg_lab_region *region)
{
    char name[256];
    char why[160] = "";
    const char *kind = tg_kind_info(condition->kind)->name;
    expand(judgement->lab, condition->name, region, target != NULL ? target->project : "", name,
           sizeof(name));
    const struct tg_kind_view *view = target != NULL ? &target->kinds[condition->kind] : NULL;
    bool is_in_cluster =
        condition->where == TG_LAB_WHERE_CONFIG || condition->where == TG_LAB_WHERE_REGIONS;
    const char *cluster = region != NULL ? region->cluster : judgement->lab->config_cluster;
    if (is_in_cluster && tg_verify_is_cluster_absent(judgement->model, cluster)) {
        static const struct tg_kind_view nothing;
        view = &nothing;
    } else if (view == NULL || (view->synced_us == 0 && view->phase != TG_KIND_PHASE_ABSENT)) {
        snprintf(why, sizeof(why), "not observed");
    }
    bool is_observed = why[0] == '\0';
    int there = 0;
    int met = 0;
    for (size_t i = 0; is_observed && i < view->store.count; i++) {
        const struct tg_obj *obj = view->store.items[i];
        if (!is_in_region(condition, obj, region) || !has_name(obj, name)) {
            continue;
        }
        there++;
        if (is_satisfied(judgement, target, condition, obj, why, sizeof(why))) {
            met++;
            note_creation(judgement, obj);
        }
    }
    int64_t contact_us = 0;
    if (is_observed && target != NULL) {
        contact_us = tg_target_contact_us(target, condition->kind);
    } else if (is_observed) {
        contact_us = tg_target_contact_us(tg_model_gcp(judgement->model), TG_KIND_GCP_CLUSTER);
    }
    if (contact_us > 0) {
        int64_t age_us = judgement->now_us - contact_us;
        judgement->status->age_us =
            age_us > judgement->status->age_us ? age_us : judgement->status->age_us;
    }
    int wanted = condition->at_least > 0 ? condition->at_least : 1;
    if (met >= wanted) {
        return FINDING_MET;
    }
    if (met > 0 && why[0] == '\0') {
        snprintf(why, sizeof(why), "%d of %d", met, wanted);
    }
    if (judgement->status->missing[0] == '\0') {
        snprintf(judgement->status->missing, sizeof(judgement->status->missing),
                 "%s%s%.60s %.60s%s%.40s", kind, name[0] != '\0' ? "/" : "", name,
                 there > 0 || !is_observed ? why : "missing", region != NULL ? " in " : "",
                 region != NULL ? region->name : "");
        struct tg_step_status *status = judgement->status;
        snprintf(status->missing_object, sizeof(status->missing_object), "%s%s%.60s", kind,
                 name[0] != '\0' ? "/" : "", name);
        status->missing_word = !is_observed ? N_("not observed")
                               : there == 0 ? N_("missing")
                                            : NULL;
        snprintf(status->missing_why, sizeof(status->missing_why), "%.60s", why);
        snprintf(status->missing_region, sizeof(status->missing_region), "%.40s",
                 region != NULL ? region->name : "");
    }
    return !is_observed ? FINDING_UNKNOWN : there > 0 ? FINDING_UNMET : FINDING_ABSENT;
}

static void count(struct judgement *judgement, enum finding finding)
{
    judgement->status->conditions_total++;
    judgement->status->conditions_met += finding == FINDING_MET ? 1 : 0;
    judgement->unknown += finding == FINDING_UNKNOWN ? 1 : 0;
    judgement->unmet += finding == FINDING_UNMET ? 1 : 0;
}

static void judge_condition(struct judgement *judgement, const struct tg_lab_condition *condition)
{
    const struct tg_lab *lab = judgement->lab;
    const struct tg_target *gcp = tg_model_gcp(judgement->model);
    switch (condition->where) {
    case TG_LAB_WHERE_GCP:
        count(judgement, judge_at(judgement, gcp, condition, NULL));
        break;
    case TG_LAB_WHERE_CONFIG:
        count(judgement,
              judge_at(judgement, tg_verify_cluster(judgement->model, lab->config_cluster),
                       condition, NULL));
        break;
    case TG_LAB_WHERE_REGIONS:
        for (size_t i = 0; i < lab->regions_count; i++) {
            count(judgement,
                  judge_at(judgement, tg_verify_cluster(judgement->model, lab->regions[i].cluster),
                           condition, &lab->regions[i]));
        }
        break;
    case TG_LAB_WHERE_EACH_REGION_GCP:
        for (size_t i = 0; i < lab->regions_count; i++) {
            count(judgement, judge_at(judgement, gcp, condition, &lab->regions[i]));
        }
        break;
    }
}

const struct tg_obj *tg_verify_find(const struct tg_lab *lab, const struct tg_model *model,
                                    int64_t now_us, const struct tg_lab_condition *condition,
                                    const struct tg_lab_region *region)
{
    char name[256];
    char why[160];
    struct tg_step_status status = {0};
    struct judgement judgement = {.lab = lab, .model = model, .now_us = now_us, .status = &status};
    bool is_in_cluster =
        condition->where == TG_LAB_WHERE_CONFIG || condition->where == TG_LAB_WHERE_REGIONS;
    const char *cluster = region != NULL ? region->cluster : lab->config_cluster;
    const struct tg_target *target =
        is_in_cluster ? tg_verify_cluster(model, cluster) : tg_model_gcp(model);
    if (target == NULL || (is_in_cluster && tg_verify_is_cluster_absent(model, cluster))) {
        return NULL;
    }
    expand(lab, condition->name, region, target->project, name, sizeof(name));
    const struct tg_store *store = &target->kinds[condition->kind].store;
    for (size_t i = 0; i < store->count; i++) {
        if (is_in_region(condition, store->items[i], region) && has_name(store->items[i], name) &&
            is_satisfied(&judgement, target, condition, store->items[i], why, sizeof(why))) {
            return store->items[i];
        }
    }
    return NULL;
}

/* As has_name(), of two names with placeholders. */
static bool is_name_of(const char *wanted, const char *name)
{
    size_t len = strlen(wanted);
    bool is_open = len > 0 && wanted[len - 1] == '*';
    return is_open ? strncmp(name, wanted, len - 1) == 0 : tg_str_eq(name, wanted);
}

const struct tg_obj *tg_verify_find_made(const struct tg_lab *lab, const struct tg_model *model,
                                         int64_t now_us, int step, const struct tg_lab_make *make,
                                         const struct tg_lab_region *region)
{
    const struct tg_lab_step *of = &lab->steps[step];
    for (size_t i = 0; i < of->conditions_count; i++) {
        struct tg_lab_condition any = of->conditions[i];
        if (any.where == make->where && any.name[0] != '\0' && is_name_of(any.name, make->name)) {
            any.condition = NULL;
            any.field = NULL;
            return tg_verify_find(lab, model, now_us, &any, region);
        }
    }
    return NULL;
}

static enum tg_step_proof weight_of(enum tg_proof proof)
{
    switch (proof) {
    case TG_PROOF_AGREES:
        return TG_STEP_PROOF_AGREES;
    case TG_PROOF_REFUSED:
        return TG_STEP_PROOF_REFUSED;
    case TG_PROOF_DIFFERS:
        return TG_STEP_PROOF_DIFFERS;
    default:
        return TG_STEP_PROOF_OPEN;
    }
}

/* How much a Pod's word says about the step as a whole: a difference most, then what is open. */
static int rank_of(enum tg_step_proof proof)
{
    static const int ranks[] = {0, 3, 1, 2, 4};
    return ranks[proof];
}

static void note_proof(struct tg_step_status *status, const struct tg_proof_row *row)
{
    enum tg_step_proof proof = weight_of(row->proof);
    if (rank_of(proof) <= rank_of(status->proof)) {
        return;
    }
    status->proof = proof;
    snprintf(status->proof_note, sizeof(status->proof_note), "Pod/%.60s %s %.110s", row->pod->name,
             tg_proof_name(row->proof), *row->detail != '\0' ? row->detail : row->listed);
}

/* What the Pods of each region's cluster said; one without any has nothing to say yet. */
static void judge_proof(struct judgement *judgement)
{
    size_t count = 0;
    struct tg_step_status *status = judgement->status;
    struct tg_proof_row *rows = tg_select_proofs(judgement->model, judgement->now_us, &count);
    for (size_t r = 0; r < judgement->lab->regions_count; r++) {
        const char *cluster = judgement->lab->regions[r].cluster;
        const struct tg_target *target = tg_verify_cluster(judgement->model, cluster);
        bool has_any = false;
        for (size_t i = 0; i < count && target != NULL; i++) {
            if (rows[i].target == target->index) {
                has_any = true;
                note_proof(status, &rows[i]);
            }
        }
        if (!has_any && rank_of(status->proof) < rank_of(TG_STEP_PROOF_OPEN)) {
            status->proof = TG_STEP_PROOF_OPEN;
            snprintf(status->proof_note, sizeof(status->proof_note),
                     "no running Pod holds a claim in %.60s", judgement->lab->regions[r].name);
        }
    }
    free(rows);
    if (status->proof == TG_STEP_PROOF_DIFFERS) {
        judgement->unmet++;
        tg_str_copy(status->missing, sizeof(status->missing), status->proof_note);
        status->missing_object[0] = '\0';
    }
}

const char *tg_step_missing_text(const struct tg_step_status *status, char *out, size_t size)
{
    const char *why = status->missing_word != NULL ? _(status->missing_word) : status->missing_why;
    if (status->missing[0] == '\0' || status->missing_object[0] == '\0') {
        tg_str_copy(out, size, status->missing);
    } else if (status->missing_region[0] != '\0') {
        /* an object, what it lacks, and the region */
        snprintf(out, size, _("%s %s in %s"), status->missing_object, why, status->missing_region);
    } else {
        snprintf(out, size, "%s %s", status->missing_object, why);
    }
    return out;
}

void tg_verify_lab(const struct tg_lab *lab, const struct tg_model *model, int64_t now_us,
                   struct tg_step_status *statuses)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        struct tg_step_status *status = &statuses[i];
        struct judgement judgement = {
            .lab = lab, .model = model, .now_us = now_us, .status = status};
        *status = (struct tg_step_status){.age_us = -1};
        for (size_t c = 0; c < lab->steps[i].conditions_count; c++) {
            judge_condition(&judgement, &lab->steps[i].conditions[c]);
        }
        if (lab->steps[i].proves_interfaces) {
            judge_proof(&judgement);
        }
        if (status->conditions_met == status->conditions_total &&
            status->proof != TG_STEP_PROOF_DIFFERS) {
            status->state = TG_STEP_DONE;
            status->missing[0] = '\0';
            status->observed_span_us =
                judgement.first_us > 0 && judgement.last_us > judgement.first_us
                    ? judgement.last_us - judgement.first_us
                    : 0;
        } else if (judgement.unknown > 0) {
            status->state = TG_STEP_UNKNOWN;
        } else {
            status->state = status->conditions_met > 0 || judgement.unmet > 0 ? TG_STEP_RUNNING
                                                                              : TG_STEP_MISSING;
        }
    }
}
