/* plan/run_survey.c - what is left of a lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/run_items.h"
#include "plan/run_machine.h"
#include "plan/verify.h"

#define ANSWERS_TAKE_US  (60 * TG_US_PER_S)
#define RETRY_FIRST_US   (2 * TG_US_PER_S)
#define RETRY_MAX_US     (16 * TG_US_PER_S)
#define FOUND_LEN_MAX    200
#define BALANCER_PREFIX  "gkemcg1-" /* names that the multi-cluster gateway's controller gives */
#define NODE_NAME_PREFIX "gke-"
#define FIRST_POOL       "default-pool-" /* of every cluster, though no lab file makes it */
#define HASH_LEN         8               /* GKE's, in what it names for a cluster as a whole */

enum origin { ORIGIN_GATEWAY, ORIGIN_CLUSTER };

struct row {
    enum tg_question question;
    const char *name;
    enum origin origin;
    bool is_billed;
    const char *permission;
    const char *gcloud; /* what removes one: `gcloud compute WORDS delete` */
};

static const struct row rows[] = {
#define TG_SURVEY(question, name, origin, is_billed, permission, gcloud) \
    {TG_QUESTION_##question, name, ORIGIN_##origin, is_billed, permission, gcloud},
#include "plan/survey.def"
#undef TG_SURVEY
};

#define ROWS TG_COUNT(rows)

struct question {
    bool is_wanted;
    bool is_answered;
    uint64_t call;        /* 0: none under way */
    int failures;         /* that may pass */
    bool is_refused;      /* the last was such a failure, and the next try has no time yet */
    int64_t retry_lab_us; /* not before */
    struct tg_facts facts;
    struct tg_err err;
};

struct tg_survey {
    bool is_asked;
    int64_t asked_lab_us;
    struct question questions[ROWS];
    struct tg_survey_scope *scopes;
    size_t scopes_count;
    struct tg_survey_thing *things;
    size_t things_count;
    bool has_own;    /* what a run removes is left */
    bool has_beyond; /* billed, and no run removes it */
    bool is_unread;  /* what would be billed, or what a step is judged by, is not known */
};

void tg_survey_free(struct tg_survey *survey)
{
    for (size_t i = 0; survey != NULL && i < ROWS; i++) {
        tg_facts_fini(&survey->questions[i].facts);
    }
    if (survey != NULL) {
        free(survey->scopes);
        free(survey->things);
        free(survey);
    }
}

/* ---- on the lab's network ---- */

static const char *last_segment(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash != NULL ? slash + 1 : text;
}

static bool is_collection(const struct tg_lab_make *make, const char *collection)
{
    return make->api != TG_API_KUBERNETES && make->form == TG_FORM_OBJECT &&
           tg_str_eq(last_segment(make->collection), collection);
}

/* Whether the lab names an object of that collection so, in any of its places; or as_prefix, so and
 * a hyphen at the beginning of name. */
static bool is_named_by_lab(const struct tg_run_config *config, const char *collection,
                            const char *name, bool as_prefix)
{
    const struct tg_lab *lab = config->lab;
    for (size_t s = 0; s < lab->steps_count; s++) {
        for (size_t m = 0; m < lab->steps[s].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[s].makes[m];
            for (size_t r = 0; is_collection(make, collection) && r < lab->regions_count; r++) {
                struct tg_lab_place place = {
                    .lab = lab, .region = &lab->regions[r], .project = config->project};
                struct tg_buf text;
                tg_buf_init(&text, 1024);
                bool is_whole = tg_lab_expand(make->name, &place, &text);
                if (as_prefix) {
                    tg_buf_putc(&text, '-');
                }
                bool is_it = is_whole && (as_prefix ? tg_str_has_prefix(name, tg_buf_text(&text))
                                                    : tg_str_eq(name, tg_buf_text(&text)));
                tg_buf_fini(&text);
                if (is_it) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* True when a pattern of the lab's says of obj, which is on the network, that a controller left it
 * behind; *network_is_ours when obj is on a network that the patterns speak of. */
static bool is_leftover(const struct tg_lab_step *step, const struct tg_obj *obj,
                        bool *network_is_ours)
{
    bool is_it = false;
    for (size_t l = 0; l < step->leftovers_count; l++) {
        const struct tg_lab_leftover *leftover = &step->leftovers[l];
        if (leftover->kind == obj->kind && tg_str_eq(leftover->parent, obj->as.gcp.parent)) {
            *network_is_ours = true;
            is_it = is_it || tg_run_items_match(leftover->name, obj->name);
        }
    }
    return is_it;
}

static bool has_thing(const struct tg_survey_thing *things, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (tg_str_eq(things[i].name, name)) {
            return true;
        }
    }
    return false;
}

struct tg_survey_thing *tg_survey_things(const struct tg_run_config *config,
                                         const struct tg_model *model, size_t *count)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    struct tg_survey_thing *things = NULL;
    *count = 0;
    for (int s = config->from; s <= config->until && gcp != NULL; s++) {
        const struct tg_lab_step *step = &config->lab->steps[s];
        for (size_t l = 0; l < step->leftovers_count; l++) {
            enum tg_kind kind = step->leftovers[l].kind;
            const struct tg_store *store = &gcp->kinds[kind].store;
            for (size_t i = 0; i < store->count; i++) {
                struct tg_survey_thing thing = {0};
                bool is_ours = false;
                const struct tg_obj *obj = store->items[i];
                thing.is_removed = is_leftover(step, obj, &is_ours);
                snprintf(thing.name, sizeof(thing.name), "%.40s/%.110s", tg_kind_info(kind)->name,
                         obj->name);
                if (is_ours && !has_thing(things, *count, thing.name) &&
                    (thing.is_removed ||
                     !is_named_by_lab(config, tg_kind_info(kind)->plural, obj->name, false))) {
                    things = tg_realloc_array(things, *count + 1, sizeof(*things));
                    things[(*count)++] = thing;
                }
            }
        }
    }
    return things;
}

/* ---- what is observed ---- */

/* Kinds that the run's steps are judged by, or whose leftovers they know; each once. */
static void mark_observed(const struct tg_run *run, bool *is_observed)
{
    for (size_t s = 0; s < run->config.lab->steps_count; s++) {
        const struct tg_lab_step *step = &run->config.lab->steps[s];
        for (size_t i = 0; i < step->conditions_count && run->steps[s].state != TG_RUN_SKIPPED;
             i++) {
            is_observed[step->conditions[i].kind] = true;
        }
        for (size_t i = 0; i < step->leftovers_count && run->steps[s].state != TG_RUN_SKIPPED;
             i++) {
            is_observed[step->leftovers[i].kind] = true;
        }
    }
}

/* Of what is observed; networks, rules and accounts cost nothing. */
static bool is_kind_billed(enum tg_kind kind)
{
    static const enum tg_kind billed[] = {TG_KIND_GCP_CLUSTER, TG_KIND_GCP_NODE_POOL,
                                          TG_KIND_GCP_ADDRESS, TG_KIND_GCP_BUCKET};
    for (size_t i = 0; i < TG_COUNT(billed); i++) {
        if (billed[i] == kind) {
            return true;
        }
    }
    return false;
}

/* ---- what nothing observes ---- */

static bool does_make(const struct tg_lab_step *step, enum origin origin)
{
    for (size_t i = 0; i < step->makes_count; i++) {
        const struct tg_lab_make *make = &step->makes[i];
        bool is_gateway = make->kind != NULL && tg_str_eq(make->kind, "Gateway");
        if (origin == ORIGIN_GATEWAY ? is_gateway : is_collection(make, "clusters")) {
            return true;
        }
    }
    return false;
}

const char *tg_survey_permission(const struct tg_lab_step *step, size_t index)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (does_make(step, rows[i].origin) && index-- == 0) {
            return rows[i].permission;
        }
    }
    return NULL;
}

static void begin(struct tg_run *run, int64_t lab_us)
{
    struct tg_survey *survey = run->survey;
    survey->is_asked = true;
    survey->asked_lab_us = lab_us;
    for (size_t i = 0; i < ROWS; i++) {
        struct question *question = &survey->questions[i];
        for (size_t s = 0; s < run->config.lab->steps_count; s++) {
            question->is_wanted =
                question->is_wanted || (run->steps[s].state != TG_RUN_SKIPPED &&
                                        does_make(&run->config.lab->steps[s], rows[i].origin));
        }
    }
}

/* What a server refuses in passing is asked again later and later, not as fast as it is refused. */
static bool is_due(struct question *question, int64_t lab_us)
{
    if (question->is_refused) {
        int64_t wait_us = RETRY_FIRST_US << (question->failures < 4 ? question->failures - 1 : 3);
        question->retry_lab_us = lab_us + (wait_us < RETRY_MAX_US ? wait_us : RETRY_MAX_US);
        question->is_refused = false;
    }
    return question->is_wanted && !question->is_answered && question->call == 0 &&
           lab_us >= question->retry_lab_us;
}

static void ask(struct tg_run *run, const struct tg_target *gcp, int64_t lab_us,
                struct tg_run_update *update)
{
    for (size_t i = 0; i < ROWS && update->calls_count < TG_RUN_CALLS_MAX; i++) {
        struct question *question = &run->survey->questions[i];
        if (is_due(question, lab_us)) {
            struct tg_call *call = tg_call_new(TG_CALL_ASK, gcp->index);
            call->id = (*run->next_call_id)++;
            call->question = rows[i].question;
            question->call = call->id;
            update->calls[update->calls_count++] = call;
        }
    }
}

/* What would be billed, and is observed, is just now not read; that may pass. */
static bool is_any_lost(const struct tg_run *run, const struct tg_target *gcp)
{
    bool is_observed[TG_KIND_COUNT] = {false};
    mark_observed(run, is_observed);
    for (int kind = 0; kind < TG_KIND_COUNT && gcp != NULL; kind++) {
        if (is_observed[kind] && is_kind_billed((enum tg_kind)kind) &&
            gcp->kinds[kind].phase == TG_KIND_PHASE_RETRYING) {
            return true;
        }
    }
    return false;
}

bool tg_survey_is_over(struct tg_run *run, const struct tg_run_event *event,
                       struct tg_run_update *update)
{
    const struct tg_target *gcp = tg_model_gcp(event->model);
    if (run->survey == NULL) {
        run->survey = TG_NEW(struct tg_survey);
    }
    struct tg_survey *survey = run->survey;
    if (!survey->is_asked) {
        begin(run, event->lab_us);
    }
    if (gcp != NULL) {
        ask(run, gcp, event->lab_us, update);
    }
    bool is_over = !is_any_lost(run, gcp);
    for (size_t i = 0; i < ROWS; i++) {
        is_over = is_over && (!survey->questions[i].is_wanted || survey->questions[i].is_answered);
    }
    return is_over || event->lab_us - survey->asked_lab_us > ANSWERS_TAKE_US;
}

bool tg_survey_take(struct tg_run *run, const struct tg_msg *msg)
{
    for (size_t i = 0; run->survey != NULL && i < ROWS; i++) {
        struct question *question = &run->survey->questions[i];
        if (msg->kind != TG_MSG_CALL_DONE || question->call == 0 ||
            question->call != msg->as.call.call_id) {
            continue;
        }
        question->call = 0;
        question->err = msg->as.call.err;
        /* one that may pass is asked again until the time for all of them is up */
        question->is_answered = !tg_code_is_transient(question->err.code);
        question->is_refused = !question->is_answered;
        question->failures += question->is_refused ? 1 : 0;
        for (size_t f = 0; question->is_answered && f < msg->as.call.facts.count; f++) {
            const struct tg_fact *fact = &msg->as.call.facts.items[f];
            tg_facts_add(&question->facts, fact->name, fact->text, fact->number);
        }
        return true;
    }
    return false;
}

/* ---- the statement ---- */

/* Of what the multi-cluster gateway's controller named for something that the lab makes:
 * gkemcg1-NAMESPACE-NAME-HASH, with a port before the hash when it is a service's. */
static bool is_balancer_of_lab(const struct tg_lab *lab, const char *name)
{
    char prefix[300];
    for (size_t s = 0; s < lab->steps_count; s++) {
        for (size_t m = 0; m < lab->steps[s].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[s].makes[m];
            if (make->api != TG_API_KUBERNETES || make->name == NULL) {
                continue;
            }
            snprintf(prefix, sizeof(prefix), "%s%.80s-%.200s-", BALANCER_PREFIX,
                     make->ns != NULL ? make->ns : lab->namespace_name, make->name);
            if (tg_str_has_prefix(name, prefix)) {
                const char *rest = name + strlen(prefix);
                size_t digits = strspn(rest, "0123456789");
                rest += digits > 0 && rest[digits] == '-' ? digits + 1 : 0;
                if (*rest != '\0' && strchr(rest, '-') == NULL) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* gke-CLUSTER-POOL-... of a pool that the lab's cluster has, or gke-CLUSTER-HASH-...: other
 * clusters' names may begin with the lab's. */
static bool is_node_name_of(const struct tg_run_config *config, const struct tg_lab_region *region,
                            const char *name)
{
    char prefix[300];
    snprintf(prefix, sizeof(prefix), "%s%.200s-", NODE_NAME_PREFIX, region->cluster);
    if (!tg_str_has_prefix(name, prefix)) {
        return false;
    }
    name += strlen(prefix);
    snprintf(prefix, sizeof(prefix), "%.200s-", region->node_pool);
    return tg_str_has_prefix(name, FIRST_POOL) || tg_str_has_prefix(name, prefix) ||
           is_named_by_lab(config, "nodePools", name, true) ||
           (strspn(name, "0123456789abcdef") == HASH_LEN && name[HASH_LEN] == '-');
}

/* By its network, or by the label of the cluster that it was made for. What tells neither is known
 * by the name that the lab's controllers give. */
static bool is_of_lab(const struct tg_run_config *config, const struct tg_fact *fact)
{
    const struct tg_lab *lab = config->lab;
    const char *name = last_segment(fact->name);
    bool has_owner = fact->text[0] != '\0';
    if (has_owner ? is_named_by_lab(config, "networks", fact->text, false)
                  : is_balancer_of_lab(lab, name)) {
        return true;
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        const struct tg_lab_region *region = &lab->regions[i];
        if (has_owner ? tg_str_eq(fact->text, region->cluster)
                      : is_node_name_of(config, region, name)) {
            return true;
        }
    }
    return false;
}

static struct tg_survey_scope *add_scope(struct tg_survey *survey, const char *name)
{
    survey->scopes =
        tg_realloc_array(survey->scopes, survey->scopes_count + 1, sizeof(*survey->scopes));
    struct tg_survey_scope *scope = &survey->scopes[survey->scopes_count++];
    *scope = (struct tg_survey_scope){.name = name};
    return scope;
}

static void add_found(struct tg_survey_scope *scope, const char *name)
{
    size_t len = strlen(scope->found);
    scope->found_count++;
    if (len < FOUND_LEN_MAX) {
        snprintf(scope->found + len, sizeof(scope->found) - len, "%s%.160s", len > 0 ? ", " : "",
                 name);
    }
}

static void add_asked(struct tg_run *run)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct question *question = &run->survey->questions[i];
        if (!question->is_wanted) {
            continue;
        }
        struct tg_survey_scope *scope = add_scope(run->survey, rows[i].name);
        scope->is_billed = rows[i].is_billed;
        scope->is_beyond = true;
        if (question->err.code != TG_CODE_DISABLED) { /* an API that is off holds nothing */
            scope->err = question->err;
        }
        if (!question->is_answered && scope->err.code == TG_CODE_NONE) {
            tg_err_set(&scope->err, TG_CODE_TIMEOUT, 0, "no answer yet");
        }
        for (size_t f = 0; f < question->facts.count; f++) {
            if (is_of_lab(&run->config, &question->facts.items[f])) {
                add_found(scope, question->facts.items[f].name);
            }
        }
    }
}

/* The objects themselves, each once, whatever their state: several conditions may speak of one. */
struct told {
    const struct tg_obj **items;
    size_t count;
};

static void add_object(struct tg_survey_scope *scope, struct told *told, const struct tg_obj *obj)
{
    char name[200];
    const char *location = obj->as.gcp.location;
    for (size_t i = 0; i < told->count; i++) {
        if (told->items[i] == obj) {
            return;
        }
    }
    told->items = tg_realloc_array(told->items, told->count + 1, sizeof(*told->items));
    told->items[told->count++] = obj;
    bool is_placed = location != NULL && *location != '\0' && !tg_str_eq(location, "global");
    snprintf(name, sizeof(name), "%.60s%s%.130s", is_placed ? location : "", is_placed ? "/" : "",
             obj->name);
    add_found(scope, name);
}

static void add_left(const struct tg_run *run, const struct tg_run_event *event, enum tg_kind kind,
                     struct tg_survey_scope *scope)
{
    const struct tg_lab *lab = run->config.lab;
    struct told told = {0};
    for (size_t s = 0; s < lab->steps_count; s++) {
        const struct tg_lab_step *step = &lab->steps[s];
        bool is_gone = run->steps[s].state == TG_RUN_SKIPPED ||
                       tg_run_is_seen_gone(run, (int)s, &event->statuses[s]);
        for (size_t c = 0; c < step->conditions_count && !is_gone; c++) {
            struct tg_lab_condition any = step->conditions[c];
            bool is_everywhere = any.where == TG_LAB_WHERE_EACH_REGION_GCP;
            any.condition = NULL;
            any.field = NULL;
            for (size_t r = 0; any.kind == kind && r < (is_everywhere ? lab->regions_count : 1);
                 r++) {
                const struct tg_obj *obj = tg_verify_find(lab, event->model, event->at_us, &any,
                                                          is_everywhere ? &lab->regions[r] : NULL);
                if (obj != NULL) {
                    add_object(scope, &told, obj);
                }
            }
        }
    }
    free(told.items);
}

static void add_observed(struct tg_run *run, const struct tg_run_event *event)
{
    bool is_observed[TG_KIND_COUNT] = {false};
    const struct tg_target *gcp = tg_model_gcp(event->model);
    mark_observed(run, is_observed);
    is_observed[TG_KIND_GCP_SERVICE] = false; /* what stays enabled costs nothing */
    for (int i = 0; i < TG_KIND_COUNT && gcp != NULL; i++) {
        enum tg_kind kind = (enum tg_kind)i;
        const struct tg_kind_view *view = &gcp->kinds[kind];
        if (!is_observed[kind] || tg_kind_info(kind)->source != TG_KIND_SOURCE_GCP) {
            continue;
        }
        struct tg_survey_scope *scope = add_scope(run->survey, tg_kind_info(kind)->name);
        scope->is_billed = is_kind_billed(kind);
        if (view->phase != TG_KIND_PHASE_LIVE && view->err.code != TG_CODE_DISABLED) {
            scope->err = view->err;
        }
        if (scope->err.code == TG_CODE_NONE && view->synced_us == 0 &&
            view->phase != TG_KIND_PHASE_ABSENT) {
            tg_err_set(&scope->err, TG_CODE_TIMEOUT, 0, "not observed yet");
        }
        /* What cannot be read is neither gone nor left. */
        if (scope->err.code == TG_CODE_NONE) {
            add_left(run, event, kind, scope);
        }
    }
}

bool tg_survey_conclude(struct tg_run *run, const struct tg_run_event *event)
{
    struct tg_survey *survey = run->survey;
    bool is_left = false;
    free(survey->scopes);
    free(survey->things);
    survey->scopes = NULL;
    survey->scopes_count = 0;
    add_observed(run, event);
    add_asked(run);
    survey->things = tg_survey_things(&run->config, event->model, &survey->things_count);
    for (size_t i = 0; i < survey->scopes_count; i++) {
        const struct tg_survey_scope *scope = &survey->scopes[i];
        bool is_billed_left = scope->is_billed && scope->found_count > 0;
        is_left = is_left || is_billed_left;
        survey->has_own = survey->has_own || (!scope->is_beyond && scope->found_count > 0);
        survey->has_beyond = survey->has_beyond || (scope->is_beyond && is_billed_left);
        survey->is_unread =
            survey->is_unread || (scope->is_billed && scope->err.code != TG_CODE_NONE);
    }
    for (size_t s = 0; s < run->config.lab->steps_count; s++) {
        const struct tg_step_status *status = &event->statuses[s];
        if (run->steps[s].state != TG_RUN_SKIPPED && !tg_run_is_seen_gone(run, (int)s, status)) {
            bool is_known = status->state != TG_STEP_UNKNOWN;
            survey->has_own = survey->has_own || is_known;
            survey->is_unread = survey->is_unread || !is_known;
        }
    }
    return is_left;
}

enum tg_survey_verdict tg_survey_verdict(const struct tg_run *run)
{
    const struct tg_survey *survey = run->survey;
    if (survey == NULL) {
        return TG_SURVEY_NONE;
    }
    return survey->has_own      ? TG_SURVEY_LEFT
           : survey->has_beyond ? TG_SURVEY_LEFT_BEYOND
           : survey->is_unread  ? TG_SURVEY_UNREAD
                                : TG_SURVEY_NONE;
}

bool tg_survey_is_inconclusive(const struct tg_run *run)
{
    return run->is_over && !run->is_aborted && run->err.code == TG_CODE_NONE &&
           tg_run_first_failed(run) < 0 && tg_survey_verdict(run) == TG_SURVEY_UNREAD;
}

const struct tg_survey_scope *tg_survey_scopes(const struct tg_run *run, size_t *count)
{
    *count = run->survey != NULL ? run->survey->scopes_count : 0;
    return run->survey != NULL ? run->survey->scopes : NULL;
}

const struct tg_survey_thing *tg_survey_left(const struct tg_run *run, size_t *count)
{
    *count = run->survey != NULL ? run->survey->things_count : 0;
    return run->survey != NULL ? run->survey->things : NULL;
}

/* ---- told ---- */

static bool has_bucket(const struct tg_run *run)
{
    for (size_t s = 0; s < run->config.lab->steps_count; s++) {
        const struct tg_lab_step *step = &run->config.lab->steps[s];
        for (size_t i = 0; i < step->makes_count && run->steps[s].state != TG_RUN_SKIPPED; i++) {
            if (step->makes[i].has_content) {
                return true;
            }
        }
    }
    return false;
}

static const struct row *row_of(const struct tg_survey_scope *scope)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (scope->is_beyond && tg_str_eq(rows[i].name, scope->name)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* "--global", or the zone's or the region's: "us-east5-b", "us-east5". */
static const char *place_option(const char *place, size_t len)
{
    bool is_zone = len > 2 && place[len - 2] == '-';
    return len == strlen("global") && strncmp(place, "global", len) == 0 ? "global"
           : is_zone                                                     ? "zone"
                                                                         : "region";
}

/* The command that removes what no run removes; false when there is no such thing, or its name is
 * not one that may stand in a shell as it is. */
static bool put_command(const struct tg_run *run, const struct row *row, const struct tg_fact *fact,
                        struct tg_buf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *slash = strchr(fact->name, '/');
    if (!is_of_lab(&run->config, fact) || slash == NULL || fact->name[0] == '-' ||
        slash[1] == '-' || strspn(fact->name, plain) != (size_t)(slash - fact->name) ||
        slash[1 + strspn(slash + 1, plain)] != '\0') {
        return false;
    }
    size_t len = (size_t)(slash - fact->name);
    const char *option = place_option(fact->name, len);
    tg_buf_printf(out, "gcloud compute %s delete %s --%s", row->gcloud, slash + 1, option);
    if (!tg_str_eq(option, "global")) {
        tg_buf_printf(out, "=%.*s", (int)len, fact->name);
    }
    tg_buf_printf(out, " --project=%s", run->config.project);
    return true;
}

/* Each command of the scope, into out after before and followed by a newline; or into json. While
 * what a run removes is left there are none: what is made by that may go with it. */
static void put_commands(const struct tg_run *run, const struct tg_survey_scope *scope,
                         const char *before, struct tg_buf *out, struct tg_json_out *json)
{
    const struct row *row = row_of(scope);
    const struct tg_facts *facts = row != NULL && !run->survey->has_own
                                       ? &run->survey->questions[row - rows].facts
                                       : &(struct tg_facts){0};
    for (size_t f = 0; f < facts->count; f++) {
        struct tg_buf command;
        tg_buf_init(&command, 600);
        if (put_command(run, row, &facts->items[f], &command)) {
            if (json != NULL) {
                tg_json_put_text(json, NULL, tg_buf_text(&command));
            } else {
                tg_buf_printf(out, "%s%s\n", before, tg_buf_text(&command));
            }
        }
        tg_buf_fini(&command);
    }
}

void tg_survey_text(const struct tg_run *run, struct tg_buf *out)
{
    size_t count = 0;
    size_t read = 0;
    const struct tg_survey_scope *scopes = tg_survey_scopes(run, &count);
    if (count == 0) {
        return;
    }
    tg_buf_puts(out, _("Looked at once more at the end, in every region and zone:"));
    for (size_t i = 0; i < count; i++) {
        if (scopes[i].err.code == TG_CODE_NONE) {
            tg_buf_printf(out, "%s %s", read++ > 0 ? "," : "", scopes[i].name);
        }
    }
    tg_buf_puts(out, ".\n");
    for (size_t i = 0; i < count; i++) {
        if (scopes[i].found_count > 0) {
            tg_buf_printf(out,
                          scopes[i].is_billed ? _("  Still there, and billed: %s %s\n")
                                              : _("  Still there, not billed: %s %s\n"),
                          scopes[i].name, scopes[i].found);
            put_commands(run, &scopes[i], "    ", out, NULL);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (scopes[i].err.code != TG_CODE_NONE) {
            tg_buf_printf(out, _("  Could not be read, so nothing is known of: %s (%s: %s)\n"),
                          scopes[i].name, _(tg_code_text(scopes[i].err.code)), scopes[i].err.msg);
        }
    }
    const struct tg_survey_thing *things = tg_survey_left(run, &count);
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(out, _("  On the lab's network and not known to be the lab's, left: %s\n"),
                      things[i].name);
    }
    if (has_bucket(run)) {
        tg_buf_puts(out, _("  Cloud Storage keeps deleted objects for the days of its soft-delete "
                           "policy, usually seven, and bills them as long.\n"));
    }
}

void tg_survey_json(const struct tg_run *run, struct tg_json_out *json)
{
    size_t count = 0;
    const struct tg_survey_scope *scopes = tg_survey_scopes(run, &count);
    tg_json_open(json, "scopes", '[');
    for (size_t i = 0; i < count; i++) {
        bool is_read = scopes[i].err.code == TG_CODE_NONE;
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "scope", scopes[i].name);
        tg_json_put_bool(json, "read", is_read);
        tg_json_put_text(json, "why_not", is_read ? NULL : scopes[i].err.msg);
        tg_json_put_bool(json, "billed", scopes[i].is_billed);
        tg_json_put_int(json, "left", (int64_t)scopes[i].found_count);
        tg_json_put_text(json, "names", scopes[i].found[0] != '\0' ? scopes[i].found : NULL);
        tg_json_open(json, "commands", '[');
        put_commands(run, &scopes[i], NULL, NULL, json);
        tg_json_close(json, ']');
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    const struct tg_survey_thing *things = tg_survey_left(run, &count);
    tg_json_open(json, "not_ours", '[');
    for (size_t i = 0; i < count; i++) {
        tg_json_put_text(json, NULL, things[i].name);
    }
    tg_json_close(json, ']');
}
