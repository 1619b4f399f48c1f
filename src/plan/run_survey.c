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

#define ANSWERS_TAKE_US  (60 * TG_US_PER_S)
#define FOUND_LEN_MAX    200
#define BALANCER_PREFIX  "gkemcg1-" /* names that the multi-cluster gateway's controller gives */
#define NODE_NAME_PREFIX "gke-"

enum origin { ORIGIN_GATEWAY, ORIGIN_CLUSTER };

struct row {
    enum tg_question question;
    const char *name;
    enum origin origin;
    bool is_billed;
    const char *permission;
};

static const struct row rows[] = {
#define TG_SURVEY(question, name, origin, is_billed, permission) \
    {TG_QUESTION_##question, name, ORIGIN_##origin, is_billed, permission},
#include "plan/survey.def"
#undef TG_SURVEY
};

#define ROWS TG_COUNT(rows)

struct question {
    bool is_wanted;
    bool is_answered;
    uint64_t call; /* 0: none under way */
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

/* Whether the lab names an object of that collection so, in any of its places. */
static bool is_named_by_lab(const struct tg_run_config *config, const char *collection,
                            const char *name)
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
                bool is_it =
                    tg_lab_expand(make->name, &place, &text) && tg_str_eq(tg_buf_text(&text), name);
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
                     !is_named_by_lab(config, tg_kind_info(kind)->plural, obj->name))) {
                    things = tg_realloc_array(things, *count + 1, sizeof(*things));
                    things[(*count)++] = thing;
                }
            }
        }
    }
    return things;
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

static void ask(struct tg_run *run, const struct tg_target *gcp, struct tg_run_update *update)
{
    for (size_t i = 0; i < ROWS && update->calls_count < TG_RUN_CALLS_MAX; i++) {
        struct question *question = &run->survey->questions[i];
        if (question->is_wanted && !question->is_answered && question->call == 0) {
            struct tg_call *call = tg_call_new(TG_CALL_ASK, gcp->index);
            call->id = (*run->next_call_id)++;
            call->question = rows[i].question;
            question->call = call->id;
            update->calls[update->calls_count++] = call;
        }
    }
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
        ask(run, gcp, update);
    }
    bool is_over = true;
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
        for (size_t f = 0; question->is_answered && f < msg->as.call.facts.count; f++) {
            const struct tg_fact *fact = &msg->as.call.facts.items[f];
            tg_facts_add(&question->facts, fact->name, fact->text, fact->number);
        }
        return true;
    }
    return false;
}

/* ---- the statement ---- */

static bool is_network_of_lab(const struct tg_lab *lab, const char *network)
{
    for (size_t s = 0; s < lab->steps_count && network[0] != '\0'; s++) {
        for (size_t m = 0; m < lab->steps[s].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[s].makes[m];
            if (is_collection(make, "networks") && tg_str_eq(make->name, network)) {
                return true;
            }
        }
    }
    return false;
}

/* By its network, by the label of the cluster that it was made for, or by the name that the lab's
 * controllers give. */
static bool is_of_lab(const struct tg_lab *lab, const struct tg_fact *fact)
{
    const char *name = last_segment(fact->name);
    if (is_network_of_lab(lab, fact->text) || tg_str_has_prefix(name, BALANCER_PREFIX)) {
        return true;
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        const char *cluster = lab->regions[i].cluster;
        size_t len = strlen(cluster);
        if (tg_str_eq(fact->text, cluster) ||
            (tg_str_has_prefix(name, NODE_NAME_PREFIX) &&
             strncmp(name + strlen(NODE_NAME_PREFIX), cluster, len) == 0 &&
             name[strlen(NODE_NAME_PREFIX) + len] == '-')) {
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
        if (question->err.code != TG_CODE_DISABLED) { /* an API that is off holds nothing */
            scope->err = question->err;
        }
        if (!question->is_answered && scope->err.code == TG_CODE_NONE) {
            tg_err_set(&scope->err, TG_CODE_TIMEOUT, 0, "no answer yet");
        }
        for (size_t f = 0; f < question->facts.count; f++) {
            if (is_of_lab(run->config.lab, &question->facts.items[f])) {
                add_found(scope, question->facts.items[f].name);
            }
        }
    }
}

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

static void add_observed(struct tg_run *run, const struct tg_run_event *event)
{
    bool is_observed[TG_KIND_COUNT] = {false};
    const struct tg_target *gcp = tg_model_gcp(event->model);
    const struct tg_lab *lab = run->config.lab;
    mark_observed(run, is_observed);
    is_observed[TG_KIND_GCP_SERVICE] = false; /* what stays enabled costs nothing */
    for (int kind = 0; kind < TG_KIND_COUNT && gcp != NULL; kind++) {
        const struct tg_kind_view *view = &gcp->kinds[kind];
        if (!is_observed[kind] || tg_kind_info((enum tg_kind)kind)->source != TG_KIND_SOURCE_GCP) {
            continue;
        }
        struct tg_survey_scope *scope =
            add_scope(run->survey, tg_kind_info((enum tg_kind)kind)->name);
        scope->is_billed = true;
        if (view->phase != TG_KIND_PHASE_LIVE && view->err.code != TG_CODE_DISABLED) {
            scope->err = view->err;
        }
        for (size_t s = 0; s < lab->steps_count; s++) {
            const struct tg_lab_step *step = &lab->steps[s];
            bool is_gone = run->steps[s].state == TG_RUN_SKIPPED ||
                           tg_run_is_seen_gone(run, (int)s, &event->statuses[s]);
            for (size_t c = 0; c < step->conditions_count && !is_gone; c++) {
                if (step->conditions[c].kind == (enum tg_kind)kind) {
                    add_found(scope, step->conditions[c].name);
                }
            }
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
        is_left = is_left || (survey->scopes[i].is_billed && survey->scopes[i].found_count > 0);
    }
    return is_left;
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
