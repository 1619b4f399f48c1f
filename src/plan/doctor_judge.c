/* plan/doctor_judge.c - from answers to findings. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/doctor_ask.h"

#define LIST_MAX 230 /* of a finding's value, which is a little longer */
#define BACKENDS_MAX \
    50 /* network endpoint groups of one backend service: a zonal cluster has one */

struct tg_doctor_finding *tg_doctor_add(struct tg_doctor *doctor, enum tg_doctor_check check,
                                        enum tg_doctor_state state, const char *subject,
                                        const char *words, const char *first, const char *second)
{
    doctor->findings =
        tg_realloc_array(doctor->findings, doctor->findings_count + 1, sizeof(*doctor->findings));
    struct tg_doctor_finding *finding = &doctor->findings[doctor->findings_count++];
    *finding = (struct tg_doctor_finding){
        .check = check, .state = state, .words = words, .step = -1, .hazard = -1};
    tg_str_copy(finding->subject, sizeof(finding->subject), subject != NULL ? subject : "");
    tg_str_copy(finding->values[0], sizeof(finding->values[0]), first != NULL ? first : "");
    tg_str_copy(finding->values[1], sizeof(finding->values[1]), second != NULL ? second : "");
    return finding;
}

void tg_doctor_break(struct tg_doctor *doctor, struct tg_doctor_finding *finding, int step,
                     const struct tg_step_status *statuses)
{
    bool is_wanted = step < 0 || (step >= doctor->config.from && step <= doctor->config.until &&
                                  statuses[step].state != TG_STEP_DONE);
    finding->step = step < 0 ? doctor->config.from : step;
    finding->state = is_wanted ? TG_DOCTOR_FAIL : TG_DOCTOR_WARN;
}

static struct tg_doctor_finding *add_unknown(struct tg_doctor *doctor, enum tg_doctor_check check,
                                             const char *subject, const struct tg_err *err)
{
    bool is_disabled = err->code == TG_CODE_DISABLED;
    char name[96];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(err->msg, " "), err->msg);
    struct tg_doctor_finding *finding = tg_doctor_add(
        doctor, check, TG_DOCTOR_UNKNOWN, subject,
        is_disabled ? N_("{1} is not enabled yet") : N_("could not be read"), name, NULL);
    finding->err = *err;
    if (is_disabled) { /* the rest of Google's sentence is how to enable it by hand */
        finding->err.msg[0] = '\0';
        finding->advice = N_("up enables the API; look again after that");
    }
    return finding;
}

/* The list as a finding's value; what did not fit is hinted at. out is returned. */
static const char *list_text(const struct tg_buf *list, char *out, size_t size)
{
    snprintf(out, size, "%s%s", tg_buf_text(list), list->is_full ? " ..." : "");
    return out;
}

/* ---- who, and which project ---- */

static void judge_credentials(struct tg_doctor *doctor)
{
    const struct tg_doctor_question *who = tg_doctor_find(doctor, TG_QUESTION_IDENTITY, -1);
    const struct tg_fact *email = who != NULL ? tg_facts_find(&who->facts, "email") : NULL;
    const struct tg_err *refused = NULL;
    const struct tg_err *other = NULL;
    bool is_accepted = false;
    for (size_t i = 0; i < doctor->questions_count; i++) {
        const struct tg_doctor_question *one = &doctor->questions[i];
        if (one == who || one->is_right || tg_question_info(one->question)->api == TG_API_COUNT) {
            continue;
        }
        bool is_refused = one->err.code == TG_CODE_UNAUTHORIZED;
        bool is_heard = one->err.detail >= 400 && !is_refused; /* a server said something else */
        is_accepted = is_accepted || one->err.code == TG_CODE_NONE || is_heard;
        refused = is_refused ? &one->err : refused;
        other = one->err.code != TG_CODE_NONE ? &one->err : other;
    }
    if (email != NULL && email->text[0] != '\0') {
        tg_str_copy(doctor->identity, sizeof(doctor->identity), email->text);
        tg_doctor_add(doctor, TG_DOCTOR_CREDENTIALS, TG_DOCTOR_PASS, NULL, "{1}", email->text,
                      NULL);
    } else if (refused != NULL) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_CREDENTIALS, TG_DOCTOR_FAIL, NULL,
                          N_("Google Cloud refuses them"), NULL, NULL);
        finding->advice = N_("sign in: gcloud auth application-default login");
        finding->step = doctor->config.from;
        finding->err = *refused;
    } else if (is_accepted) {
        tg_doctor_add(doctor, TG_DOCTOR_CREDENTIALS, TG_DOCTOR_PASS, NULL,
                      N_("accepted; whose they are is not told"), NULL, NULL);
    } else if (other != NULL) {
        add_unknown(doctor, TG_DOCTOR_CREDENTIALS, NULL, other);
    }
}

static void judge_project(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const char *project = doctor->config.project;
    const struct tg_target *gcp = tg_model_gcp(event->model);
    const struct tg_kind_view *view = gcp != NULL ? &gcp->kinds[TG_KIND_GCP_PROJECT] : NULL;
    const struct tg_obj *seen = view != NULL && view->store.count > 0 ? view->store.items[0] : NULL;
    struct tg_doctor_finding *finding;
    if (seen != NULL && tg_str_eq(seen->as.gcp.status, "ACTIVE")) {
        tg_doctor_add(doctor, TG_DOCTOR_PROJECT, TG_DOCTOR_PASS, NULL, N_("{1} is active"), project,
                      NULL);
    } else if (seen != NULL) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_PROJECT, TG_DOCTOR_FAIL, NULL, N_("{1} is {2}"),
                                project, seen->as.gcp.status);
        finding->advice = N_("restore the project, or name another one with --project");
        finding->step = doctor->config.from;
    } else if (view != NULL &&
               (view->err.code == TG_CODE_FORBIDDEN || view->err.code == TG_CODE_NOT_FOUND)) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_PROJECT, TG_DOCTOR_FAIL, NULL,
                                N_("{1} does not exist, or may not be seen"), project, NULL);
        finding->advice = N_("check the project's id and the account");
        finding->step = doctor->config.from;
        finding->err = view->err;
    } else {
        static const struct tg_err silent = {TG_CODE_TIMEOUT, 0, "no answer yet"};
        bool has_err = view != NULL && view->err.code != TG_CODE_NONE;
        add_unknown(doctor, TG_DOCTOR_PROJECT, project, has_err ? &view->err : &silent);
    }
}

static void judge_billing(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_BILLING, -1);
    const struct tg_fact *enabled = one != NULL ? tg_facts_find(&one->facts, "enabled") : NULL;
    if (enabled == NULL) {
        if (one != NULL) {
            add_unknown(doctor, TG_DOCTOR_BILLING, NULL, &one->err);
        }
    } else if (enabled->number != 0) {
        tg_doctor_add(doctor, TG_DOCTOR_BILLING, TG_DOCTOR_PASS, NULL, N_("enabled: {1}"),
                      enabled->text, NULL);
    } else {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_BILLING, TG_DOCTOR_FAIL, NULL,
                          N_("no billing account pays for the project"), NULL, NULL);
        finding->advice = N_("link one: console.cloud.google.com/billing/projects");
        tg_doctor_break(doctor, finding, -1, event->statuses);
    }
}

/* ---- rights ---- */

/* What of words is not among the facts, separated by blanks. */
static void list_missing(const struct tg_doctor_question *question, struct tg_buf *out)
{
    for (const char *at = question->words; *at != '\0';) {
        char word[96];
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, at);
        if (tg_facts_find(&question->facts, word) == NULL) {
            tg_buf_printf(out, "%s%s", out->len > 0 ? " " : "", word);
        }
        at += len + strspn(at + len, " ");
    }
}

static void judge_permission(struct tg_doctor *doctor, const struct tg_doctor_question *one,
                             const struct tg_doctor_event *event, size_t *held)
{
    const char *id = doctor->config.lab->steps[one->step].id;
    char list[240];
    struct tg_buf missing;
    if (one->err.code != TG_CODE_NONE) {
        add_unknown(doctor, TG_DOCTOR_PERMISSIONS, id, &one->err);
        return;
    }
    tg_buf_init(&missing, LIST_MAX);
    list_missing(one, &missing);
    if (missing.len == 0 && !missing.is_full) {
        *held += one->facts.count;
    } else {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_PERMISSIONS, TG_DOCTOR_FAIL, id,
                          one->is_undo ? N_("could not be undone without {1}") : N_("needs {1}"),
                          list_text(&missing, list, sizeof(list)), NULL);
        finding->advice = N_("ask the project's owner for a role with it");
        tg_doctor_break(doctor, finding, one->step, event->statuses);
    }
    tg_buf_fini(&missing);
}

static void judge_permissions(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    char count[24];
    size_t held = 0;
    size_t before = doctor->findings_count;
    for (size_t i = 0; i < doctor->questions_count; i++) {
        const struct tg_doctor_question *one = &doctor->questions[i];
        if (!one->is_right && one->question == TG_QUESTION_PERMISSIONS) {
            judge_permission(doctor, one, event, &held);
        }
    }
    if (doctor->findings_count == before) {
        snprintf(count, sizeof(count), "%zu", held);
        tg_doctor_add(doctor, TG_DOCTOR_PERMISSIONS, TG_DOCTOR_PASS, NULL,
                      N_("all there, to make every step and to undo it ({1} looked at)"), count,
                      NULL);
    }
}

/* One finding for all that is denied in a cluster. */
static void judge_cluster(struct tg_doctor *doctor, int region, const struct tg_doctor_event *event)
{
    struct tg_buf denied;
    char list[240];
    char count[24];
    size_t asked = 0;
    int step = -1;
    const struct tg_err *err = NULL;
    const char *cluster = doctor->config.lab->regions[region].cluster;
    tg_buf_init(&denied, LIST_MAX);
    for (size_t i = 0; i < doctor->questions_count; i++) {
        const struct tg_doctor_question *one = &doctor->questions[i];
        if (!one->is_right || one->region != region) {
            continue;
        }
        asked++;
        if (one->err.code != TG_CODE_NONE) {
            err = &one->err;
        } else if (!one->is_allowed) {
            tg_buf_printf(&denied, "%s%s %s%s%s", denied.len > 0 ? ", " : "", one->right.verb,
                          one->right.plural, one->right.subresource[0] != '\0' ? "/" : "",
                          one->right.subresource);
            bool is_to_do = event->statuses[one->step].state != TG_STEP_DONE;
            step = step < 0 || (is_to_do && event->statuses[step].state == TG_STEP_DONE)
                       ? one->step
                       : step; /* the first that is still to be done, when there is one */
        }
    }
    if (step >= 0) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_CLUSTER_RIGHTS, TG_DOCTOR_FAIL, cluster,
                          N_("may not: {1}"), list_text(&denied, list, sizeof(list)), NULL);
        finding->advice = N_("ask for the role Kubernetes Engine Admin, or a role with these");
        tg_doctor_break(doctor, finding, step, event->statuses);
    } else if (err != NULL) {
        add_unknown(doctor, TG_DOCTOR_CLUSTER_RIGHTS, cluster, err);
    } else if (asked > 0) {
        snprintf(count, sizeof(count), "%zu", asked);
        tg_doctor_add(doctor, TG_DOCTOR_CLUSTER_RIGHTS, TG_DOCTOR_PASS, cluster,
                      N_("all there ({1} looked at)"), count, NULL);
    }
    tg_buf_fini(&denied);
}

/* ---- APIs ---- */

static bool is_enabled(const struct tg_kind_view *view, const char *name)
{
    for (size_t i = 0; i < view->store.count; i++) {
        if (tg_str_eq(view->store.items[i]->name, name)) {
            return tg_str_eq(view->store.items[i]->as.gcp.status, "ENABLED");
        }
    }
    return false;
}

struct apis {
    size_t enabled;
    size_t to_come;
    struct tg_buf missing; /* not enabled, and by no step that is to be done */
};

/* Marks the steps that are asked for, and those that they need: these stand before them. */
static void mark_needed(const struct tg_doctor_config *config, bool *marks)
{
    for (int step = config->until; step >= 0; step--) {
        marks[step] = marks[step] || step >= config->from;
        for (size_t i = 0; marks[step] && i < config->lab->steps[step].needs_count; i++) {
            marks[config->lab->steps[step].needs[i]] = true;
        }
    }
}

static void look_at_apis(const struct tg_doctor *doctor, const struct tg_kind_view *view,
                         struct apis *apis)
{
    const struct tg_lab *lab = doctor->config.lab;
    bool *marks = tg_calloc(lab->steps_count + 1, sizeof(*marks));
    mark_needed(&doctor->config, marks);
    for (int step = 0; step < (int)lab->steps_count; step++) {
        for (size_t i = 0; i < lab->steps[step].makes_count; i++) {
            const struct tg_lab_make *make = &lab->steps[step].makes[i];
            if (make->form != TG_FORM_SERVICE || !marks[step]) {
                continue;
            }
            if (is_enabled(view, make->name)) {
                apis->enabled++;
            } else if (step >= doctor->config.from) {
                apis->to_come++;
            } else {
                tg_buf_printf(&apis->missing, "%s%s", apis->missing.len > 0 ? " " : "", make->name);
            }
        }
    }
    free(marks);
}

static void judge_apis(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_target *gcp = tg_model_gcp(event->model);
    const struct tg_kind_view *view = gcp != NULL ? &gcp->kinds[TG_KIND_GCP_SERVICE] : NULL;
    static const struct tg_err silent = {TG_CODE_TIMEOUT, 0, "no answer yet"};
    char list[240];
    char enabled[24];
    char to_come[24];
    if (view == NULL || view->synced_us == 0) {
        bool has_err = view != NULL && view->err.code != TG_CODE_NONE;
        add_unknown(doctor, TG_DOCTOR_APIS, NULL, has_err ? &view->err : &silent);
        return;
    }
    struct apis apis = {0};
    tg_buf_init(&apis.missing, LIST_MAX);
    look_at_apis(doctor, view, &apis);
    snprintf(enabled, sizeof(enabled), "%zu", apis.enabled);
    snprintf(to_come, sizeof(to_come), "%zu", apis.to_come);
    if (apis.missing.len > 0) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_APIS, TG_DOCTOR_FAIL, NULL,
                          N_("not enabled, and by none of the steps asked for: {1}"),
                          list_text(&apis.missing, list, sizeof(list)), NULL);
        finding->advice = N_("begin with an earlier step, or enable them");
        finding->step = doctor->config.from;
    } else {
        tg_doctor_add(doctor, TG_DOCTOR_APIS, TG_DOCTOR_PASS, NULL,
                      apis.to_come > 0 ? N_("{1} enabled; up enables {2} more") : N_("{1} enabled"),
                      enabled, to_come);
    }
    tg_buf_fini(&apis.missing);
}

/* ---- quota and capacity ---- */

/* The limit for the family in the region: the most specific entry says it. False: none does. */
static bool find_limit(const struct tg_facts *facts, const char *region, const char *family,
                       int64_t *limit)
{
    int best = -1;
    for (size_t i = 0; i < facts->count; i++) {
        const struct tg_fact *fact = &facts->items[i];
        bool is_region = tg_str_eq(fact->name, region);
        bool is_family = tg_str_eq(fact->text, family);
        bool fits = (is_region || fact->name[0] == '\0') && (is_family || fact->text[0] == '\0');
        int rank = (is_family ? 2 : 0) + (is_region ? 1 : 0);
        if (fits && rank > best) {
            best = rank;
            *limit = fact->number;
        }
    }
    return best >= 0;
}

static bool has_pool(const struct tg_doctor_event *event, const struct tg_lab_region *region)
{
    const struct tg_target *gcp = tg_model_gcp(event->model);
    return gcp != NULL && tg_store_get(&gcp->kinds[TG_KIND_GCP_NODE_POOL].store, region->cluster,
                                       region->node_pool) != NULL;
}

static void judge_tpu_quota(struct tg_doctor *doctor, int region,
                            const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_lab_region *place = &lab->regions[region];
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_QUOTA, -1);
    const struct tg_doctor_question *other = tg_doctor_find(doctor, TG_QUESTION_QUOTA_INFO, -1);
    char limit_text[24];
    char wanted[24];
    int64_t limit = 0;
    if (one->err.code != TG_CODE_NONE && other->err.code != TG_CODE_NONE) {
        add_unknown(doctor, TG_DOCTOR_TPU_QUOTA, place->name, &one->err);
        return;
    }
    const struct tg_facts *facts = one->err.code == TG_CODE_NONE ? &one->facts : &other->facts;
    bool has_limit = find_limit(facts, place->name, lab->tpu_family, &limit);
    snprintf(limit_text, sizeof(limit_text), "%" PRId64, has_limit ? limit : 0);
    snprintf(wanted, sizeof(wanted), "%d", lab->tpu_chips);
    if (has_limit && (limit < 0 || limit >= lab->tpu_chips)) {
        tg_doctor_add(doctor, TG_DOCTOR_TPU_QUOTA, TG_DOCTOR_PASS, place->name,
                      limit < 0 ? N_("no limit; {2} chips are wanted")
                                : N_("{1} chips; {2} are wanted (no promise that they are free)"),
                      limit_text, wanted);
    } else {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_TPU_QUOTA, TG_DOCTOR_FAIL, place->name,
                          N_("{1} chips, and {2} are wanted"), limit_text, wanted);
        finding->advice = N_("ask for TPUS_PER_TPU_FAMILY of this region: "
                             "console.cloud.google.com/iam-admin/quotas");
        tg_doctor_break(doctor, finding, tg_doctor_step_of_collection(lab, "nodePools"),
                        event->statuses);
        finding->state = has_pool(event, place) ? TG_DOCTOR_WARN : finding->state;
    }
}

static void judge_cpu_quota(struct tg_doctor *doctor, int region,
                            const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const char *name = lab->regions[region].name;
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_REGION, region);
    const struct tg_fact *cpus = tg_facts_find(&one->facts, "CPUS");
    int step = tg_doctor_step_of_collection(lab, "clusters");
    bool is_there = tg_verify_cluster(event->model, lab->regions[region].cluster) != NULL;
    char left[24];
    char wanted[24];
    if (cpus == NULL) {
        add_unknown(doctor, TG_DOCTOR_CPU_QUOTA, name, &one->err);
        return;
    }
    snprintf(left, sizeof(left), "%" PRId64, cpus->number);
    snprintf(wanted, sizeof(wanted), "%d", lab->pool_cpus);
    if (is_there || cpus->number >= lab->pool_cpus) {
        tg_doctor_add(doctor, TG_DOCTOR_CPU_QUOTA, TG_DOCTOR_PASS, name,
                      is_there ? N_("{1} CPUs left, and the cluster stands")
                               : N_("{1} CPUs left, {2} are wanted"),
                      left, wanted);
    } else {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_CPU_QUOTA, TG_DOCTOR_FAIL, name,
                          N_("{1} CPUs left, and {2} are wanted"), left, wanted);
        finding->advice = N_(
            "free CPUs of this region, or ask for more: console.cloud.google.com/iam-admin/quotas");
        tg_doctor_break(doctor, finding, step, event->statuses);
    }
}

static void judge_machine_type(struct tg_doctor *doctor, int region,
                               const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const char *zone = lab->regions[region].zone;
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_MACHINE_TYPE, region);
    if (one->err.code == TG_CODE_NONE) {
        tg_doctor_add(doctor, TG_DOCTOR_MACHINE_TYPE, TG_DOCTOR_PASS, zone, N_("{1} is offered"),
                      lab->tpu_machine_type, NULL);
    } else if (one->err.code == TG_CODE_NOT_FOUND) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_MACHINE_TYPE, TG_DOCTOR_FAIL, zone,
                          N_("{1} is not offered"), lab->tpu_machine_type, NULL);
        finding->advice = N_("use a zone that offers it: gcloud compute machine-types list "
                             "--filter=name=ct6e-standard-4t");
        tg_doctor_break(doctor, finding, tg_doctor_step_of_collection(lab, "nodePools"),
                        event->statuses);
    } else {
        add_unknown(doctor, TG_DOCTOR_MACHINE_TYPE, zone, &one->err);
    }
}

static void judge_places(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (tg_doctor_find(doctor, TG_QUESTION_QUOTA, -1) != NULL) {
            judge_tpu_quota(doctor, (int)i, event);
        }
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (tg_doctor_find(doctor, TG_QUESTION_REGION, (int)i) != NULL) {
            judge_cpu_quota(doctor, (int)i, event);
        }
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (tg_doctor_find(doctor, TG_QUESTION_MACHINE_TYPE, (int)i) != NULL) {
            judge_machine_type(doctor, (int)i, event);
        }
    }
    if (lab->regions_count > BACKENDS_MAX) {
        char count[24];
        snprintf(count, sizeof(count), "%zu", lab->regions_count);
        struct tg_doctor_finding *finding = tg_doctor_add(
            doctor, TG_DOCTOR_BACKENDS, TG_DOCTOR_WARN, NULL,
            N_("{1} regions; one backend service takes 50 network endpoint groups"), count, NULL);
        finding->advice = N_("use several gateways");
    }
}

/* ---- what others have, and what is there already ---- */

/* The one member that the lab itself gives the role to, as its body names it. */
static bool is_member_of_lab(const struct tg_doctor *doctor, const struct tg_lab_make *make,
                             const char *member, const struct tg_model *model)
{
    char number[24] = "";
    char *quoted = tg_asprintf("\"%s\"", member);
    const struct tg_target *gcp = tg_model_gcp(model);
    const struct tg_store *projects = gcp != NULL ? &gcp->kinds[TG_KIND_GCP_PROJECT].store : NULL;
    struct tg_buf body;
    if (projects != NULL && projects->count > 0) {
        snprintf(number, sizeof(number), "%" PRId64, projects->items[0]->as.gcp.number);
    }
    struct tg_lab_place place = {.lab = doctor->config.lab,
                                 .project = doctor->config.project,
                                 .project_number = number[0] != '\0' ? number : NULL};
    tg_buf_init(&body, strlen(make->body) + 1024);
    bool is_it =
        tg_lab_expand(make->body, &place, &body) && strstr(tg_buf_text(&body), quoted) != NULL;
    tg_buf_fini(&body);
    free(quoted);
    return is_it;
}

static bool is_role_on_project(const struct tg_lab_make *make)
{
    return make->form == TG_FORM_ROLE && make->api == TG_API_RESOURCE_MANAGER && make->body != NULL;
}

/* Members of the project that hold one of the lab's roles and are not the lab's: its own Terraform
 * would take the role away from them, since google_project_iam_binding speaks for all. */
static void judge_members(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_POLICY, -1);
    char list[240];
    struct tg_buf others;
    if (one == NULL || one->err.code != TG_CODE_NONE) {
        if (one != NULL) {
            add_unknown(doctor, TG_DOCTOR_MEMBERS, NULL, &one->err);
        }
        return;
    }
    tg_buf_init(&others, LIST_MAX);
    for (size_t s = 0; s < lab->steps_count; s++) {
        for (size_t m = 0; m < lab->steps[s].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[s].makes[m];
            for (size_t i = 0; is_role_on_project(make) && i < one->facts.count; i++) {
                const struct tg_fact *fact = &one->facts.items[i];
                if (tg_str_eq(fact->text, make->name) &&
                    !is_member_of_lab(doctor, make, fact->name, event->model)) {
                    tg_buf_printf(&others, "%s%s", others.len > 0 ? " " : "", fact->name);
                }
            }
        }
    }
    tg_doctor_add(doctor, TG_DOCTOR_MEMBERS, TG_DOCTOR_PASS, NULL,
                  others.len > 0 ? N_("added one by one; the lab's own Terraform would take the "
                                      "role away from {1}")
                                 : N_("added one by one: nobody else loses a role"),
                  list_text(&others, list, sizeof(list)), NULL);
    tg_buf_fini(&others);
}

/* Two policies speak of the health check; which one counts is read from the check itself. */
static void judge_health_checks(struct tg_doctor *doctor)
{
    const struct tg_doctor_question *one = tg_doctor_find(doctor, TG_QUESTION_HEALTH_CHECKS, -1);
    if (one == NULL || one->err.code == TG_CODE_DISABLED) {
        return; /* then there are none */
    }
    if (one->err.code != TG_CODE_NONE) {
        add_unknown(doctor, TG_DOCTOR_HEALTH_CHECKS, NULL, &one->err);
        return;
    }
    for (size_t i = 0; i < one->facts.count; i++) {
        const struct tg_fact *fact = &one->facts.items[i];
        if (!tg_str_has_prefix(fact->name, "gkemcg1-") || strstr(fact->name, "serve404") != NULL ||
            strstr(fact->name, "-epp-") != NULL) {
            continue;
        }
        struct tg_doctor_finding *finding = tg_doctor_add(
            doctor, TG_DOCTOR_HEALTH_CHECKS, fact->number != 0 ? TG_DOCTOR_PASS : TG_DOCTOR_WARN,
            NULL,
            fact->number != 0 ? N_("in force: {1}")
                              : N_("in force: {1}; vLLM answers /health, so the policy is not"),
            fact->text, NULL);
        finding->advice =
            fact->number != 0 ? NULL : N_("look at the HealthCheckPolicy's target and status");
    }
}

/* ---- the hub ---- */

static void judge_hub_token(struct tg_doctor *doctor, const struct tg_doctor_question *one,
                            int step, const struct tg_doctor_event *event)
{
    const struct tg_fact *name = tg_facts_find(&one->facts, "name");
    if (one->err.code == TG_CODE_NONE) {
        tg_doctor_add(doctor, TG_DOCTOR_HUB_TOKEN, TG_DOCTOR_PASS, NULL, N_("valid, of {1}"),
                      name != NULL ? name->text : "?", NULL);
    } else if (one->err.code == TG_CODE_UNAUTHORIZED || one->err.code == TG_CODE_FORBIDDEN) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_HUB_TOKEN, TG_DOCTOR_FAIL, NULL,
                          N_("the hub refuses it"), NULL, NULL);
        finding->advice = N_("make one with the role read: huggingface.co/settings/tokens");
        finding->err = one->err;
        tg_doctor_break(doctor, finding, step, event->statuses);
    } else {
        add_unknown(doctor, TG_DOCTOR_HUB_TOKEN, NULL, &one->err);
    }
}

static void judge_hub_licence(struct tg_doctor *doctor, const struct tg_doctor_question *one,
                              int step, const struct tg_doctor_event *event)
{
    const char *model = doctor->config.lab->hub_model;
    enum tg_code code = one->err.code;
    if (code == TG_CODE_NONE) {
        tg_doctor_add(doctor, TG_DOCTOR_HUB_LICENCE, TG_DOCTOR_PASS, NULL,
                      N_("{1} may be read with this token"), model, NULL);
    } else if (code == TG_CODE_FORBIDDEN || code == TG_CODE_UNAUTHORIZED ||
               code == TG_CODE_NOT_FOUND) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_HUB_LICENCE, TG_DOCTOR_FAIL, NULL,
                          N_("{1} may not be read with this token"), model, NULL);
        finding->advice = N_("accept the licence at huggingface.co/{1}; a fine-grained token also "
                             "needs access to public gated repositories");
        tg_doctor_break(doctor, finding, step, event->statuses);
    } else {
        add_unknown(doctor, TG_DOCTOR_HUB_LICENCE, NULL, &one->err);
    }
}

static void judge_hub(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_doctor_question *who = tg_doctor_find(doctor, TG_QUESTION_HUB_IDENTITY, -1);
    const struct tg_doctor_question *gate = tg_doctor_find(doctor, TG_QUESTION_HUB_REPOSITORY, -1);
    int step = tg_doctor_step_of_token(doctor, event->statuses);
    bool is_valid = who != NULL && who->err.code == TG_CODE_NONE;
    if (doctor->config.lab->hub_model == NULL) {
        return;
    }
    if (who != NULL) {
        judge_hub_token(doctor, who, step, event);
        if (gate != NULL && is_valid) {
            judge_hub_licence(doctor, gate, step, event);
        }
    } else if (step < 0) {
        tg_doctor_add(doctor, TG_DOCTOR_HUB_TOKEN, TG_DOCTOR_PASS, NULL,
                      N_("not needed: no step that is to be done downloads the weights"), NULL,
                      NULL);
    } else if (doctor->config.is_hub_left_out) {
        tg_doctor_add(doctor, TG_DOCTOR_HUB_TOKEN, TG_DOCTOR_UNKNOWN, NULL,
                      N_("left out, as asked"), NULL, NULL);
    } else {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_HUB_TOKEN, TG_DOCTOR_UNKNOWN, NULL,
                          N_("no token was given to look with"), NULL, NULL);
        finding->advice = N_("give --hf-token-file FILE; up asks for it otherwise");
    }
}

/* ---- all of it ---- */

void tg_doctor_judge_hazards(struct tg_doctor *doctor)
{
    const struct tg_lab *lab = doctor->config.lab;
    while (doctor->findings_count > 0 &&
           doctor->findings[doctor->findings_count - 1].check == TG_DOCTOR_HAZARD) {
        doctor->findings_count--;
    }
    for (size_t i = 0; i < lab->hazards_count && !doctor->config.is_hub_only; i++) {
        bool is_chosen = (doctor->config.fixes & (UINT32_C(1) << i)) != 0;
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_HAZARD, is_chosen ? TG_DOCTOR_PASS : TG_DOCTOR_WARN,
                          lab->hazards[i].id, NULL, NULL, NULL);
        finding->hazard = (int)i;
    }
}

void tg_doctor_judge(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    doctor->findings_count = 0;
    if (doctor->config.is_hub_only) {
        judge_hub(doctor, event);
        return;
    }
    judge_credentials(doctor);
    judge_project(doctor, event);
    judge_billing(doctor, event);
    judge_permissions(doctor, event);
    for (size_t i = 0; i < doctor->config.lab->regions_count; i++) {
        judge_cluster(doctor, (int)i, event);
    }
    judge_apis(doctor, event);
    judge_places(doctor, event);
    tg_doctor_judge_subnets(doctor, event);
    judge_members(doctor, event);
    judge_health_checks(doctor);
    judge_hub(doctor, event);
    tg_doctor_judge_tools(doctor);
    tg_doctor_judge_clock(doctor);
    tg_doctor_judge_terminal(doctor);
    tg_doctor_judge_hazards(doctor);
}
