/* plan/doctor.c - the preflight's machine: questions out, answers in, and when it is over. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/doctor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/doctor_ask.h"

#define ATTEMPTS_MAX  3
#define RETRY_US      (1 * TG_US_PER_S)
#define OBSERVE_US    (20 * TG_US_PER_S) /* until what is observed is there, or judged unknown */
#define ALL_US        (90 * TG_US_PER_S)
#define UNDER_WAY_MAX 16
#define SECOND_GRAIN  0.5 /* a Date says whole seconds: half of one is the best guess */

static const struct {
    const char *name;
    const char *title;
} checks[] = {
#define TG_DOCTOR_CHECK(id, name, title) {name, title},
#include "plan/doctor_check.def"
#undef TG_DOCTOR_CHECK
};

static const struct {
    const char *name;
    const char *word;
} states[] = {
    {"pass", N_("pass")}, {"warn", N_("WARN")}, {"fail", N_("FAIL")}, {"unknown", N_("unknown")}};

const char *tg_doctor_check_name(enum tg_doctor_check check)
{
    return checks[check].name;
}

const char *tg_doctor_check_title(enum tg_doctor_check check)
{
    return checks[check].title;
}

const char *tg_doctor_state_name(enum tg_doctor_state state)
{
    return states[state].name;
}

const char *tg_doctor_state_word(enum tg_doctor_state state)
{
    return states[state].word;
}

void tg_doctor_update_fini(struct tg_doctor_update *update)
{
    for (size_t i = 0; i < update->calls_count; i++) {
        tg_call_free(update->calls[i]);
    }
    *update = (struct tg_doctor_update){0};
}

struct tg_doctor *tg_doctor_new(const struct tg_doctor_config *config, uint64_t *next_call_id)
{
    struct tg_doctor *doctor = TG_NEW(struct tg_doctor);
    doctor->config = *config;
    doctor->config.project = tg_strdup(config->project);
    if (config->hub_token != NULL) {
        doctor->config.hub_token =
            tg_secret_new(tg_secret_peek(config->hub_token), tg_secret_len(config->hub_token));
    }
    for (size_t i = 0; i < TG_DOCTOR_TOOLS_MAX; i++) {
        const char *version = config->tool_versions[i];
        doctor->config.tool_versions[i] = version != NULL ? tg_strdup(version) : NULL;
    }
    doctor->started_us = -1;
    doctor->next_call_id = next_call_id;
    return doctor;
}

void tg_doctor_free(struct tg_doctor *doctor)
{
    if (doctor == NULL) {
        return;
    }
    for (size_t i = 0; i < doctor->questions_count; i++) {
        free(doctor->questions[i].words);
        tg_facts_fini(&doctor->questions[i].facts);
    }
    for (size_t i = 0; i < TG_DOCTOR_TOOLS_MAX; i++) {
        free((char *)(uintptr_t)doctor->config.tool_versions[i]);
    }
    free(doctor->questions);
    free(doctor->findings);
    tg_secret_free((struct tg_secret *)(uintptr_t)doctor->config.hub_token);
    free((char *)(uintptr_t)doctor->config.project);
    free(doctor);
}

size_t tg_doctor_count(const struct tg_doctor *doctor, enum tg_doctor_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < doctor->findings_count; i++) {
        count += doctor->findings[i].state == state ? 1 : 0;
    }
    return count;
}

void tg_doctor_choose(struct tg_doctor *doctor, tg_lab_fixes fixes)
{
    doctor->config.fixes = fixes;
    if (doctor->is_over) {
        tg_doctor_judge_hazards(doctor);
    }
}

/* ---- questions ---- */

static struct tg_call *call_of(struct tg_doctor *doctor, const struct tg_doctor_question *question)
{
    const struct tg_lab *lab = doctor->config.lab;
    enum tg_call_kind kind = question->is_right ? TG_CALL_ACCESS_REVIEW : TG_CALL_ASK;
    struct tg_call *call = tg_call_new(kind, question->target);
    call->id = (*doctor->next_call_id)++;
    if (question->is_right) {
        call->verb = tg_strdup(question->right.verb);
        call->group = tg_strdup(question->right.group);
        call->plural = tg_strdup(question->right.plural);
        call->subresource = tg_strdup(question->right.subresource);
        call->ns = question->right.ns[0] != '\0' ? tg_strdup(question->right.ns) : NULL;
        return call;
    }
    call->question = question->question;
    call->words = question->words != NULL ? tg_strdup(question->words) : NULL;
    if (question->question == TG_QUESTION_REGION) {
        call->name = tg_strdup(lab->regions[question->region].name);
    } else if (question->question == TG_QUESTION_MACHINE_TYPE) {
        call->name = tg_strdup(lab->regions[question->region].zone);
        call->ns = tg_strdup(lab->tpu_machine_type);
    } else if (question->question == TG_QUESTION_HUB_REPOSITORY) {
        const char *slash = strchr(lab->hub_model, '/');
        size_t owner = slash != NULL ? (size_t)(slash - lab->hub_model) : 0;
        call->name = tg_strndup(lab->hub_model, owner);
        call->ns = tg_strdup(slash != NULL ? slash + 1 : lab->hub_model);
    }
    bool is_of_hub = tg_question_info(question->question)->api == TG_API_COUNT;
    const struct tg_secret *token = doctor->config.hub_token;
    if (is_of_hub && token != NULL) {
        call->secret = tg_secret_new(tg_secret_peek(token), tg_secret_len(token));
    }
    return call;
}

static int64_t ask(struct tg_doctor *doctor, const struct tg_doctor_event *event,
                   struct tg_doctor_update *update)
{
    int64_t wake_us = TG_TIME_NEVER;
    size_t under_way = 0;
    for (size_t i = 0; i < doctor->questions_count; i++) {
        under_way += doctor->questions[i].call != 0 ? 1 : 0;
    }
    for (size_t i = 0; i < doctor->questions_count; i++) {
        struct tg_doctor_question *question = &doctor->questions[i];
        if (question->is_answered || question->call != 0) {
            continue;
        }
        if (question->retry_us > event->at_us) {
            wake_us = question->retry_us < wake_us ? question->retry_us : wake_us;
        } else if (under_way < UNDER_WAY_MAX && update->calls_count < TG_DOCTOR_CALLS_MAX) {
            struct tg_call *call = call_of(doctor, question);
            question->call = call->id;
            question->attempts++;
            under_way++;
            update->calls[update->calls_count++] = call;
        }
    }
    return wake_us;
}

/* Of all answers the one whose Date is nearest to our clock was the least time on its way. */
static void note_clock(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    int64_t date_us = event->msg->as.call.server_date_us;
    double speed = event->speed > 0 ? event->speed : 1;
    double skew_s =
        ((double)(date_us - event->lab_us) / (double)TG_US_PER_S + SECOND_GRAIN) / speed;
    if (date_us > 0 && (!doctor->has_skew || fabs(skew_s) < fabs(doctor->skew_s))) {
        doctor->has_skew = true;
        doctor->skew_s = skew_s;
    }
}

static bool is_of_hub(const struct tg_doctor_question *question)
{
    return !question->is_right && tg_question_info(question->question)->api == TG_API_COUNT;
}

static void take_answer(struct tg_doctor *doctor, const struct tg_doctor_event *event,
                        struct tg_doctor_update *update)
{
    const struct tg_msg *msg = event->msg;
    struct tg_doctor_question *question = NULL;
    for (size_t i = 0; i < doctor->questions_count && question == NULL; i++) {
        bool is_it =
            doctor->questions[i].call != 0 && doctor->questions[i].call == msg->as.call.call_id;
        question = is_it ? &doctor->questions[i] : NULL;
    }
    if (msg->kind != TG_MSG_CALL_DONE || question == NULL) {
        return;
    }
    question->call = 0;
    question->err = msg->as.call.err;
    if (!question->is_right && !is_of_hub(question)) {
        note_clock(doctor, event);
    }
    if (tg_code_is_transient(question->err.code) && question->attempts < ATTEMPTS_MAX) {
        question->retry_us = event->at_us + RETRY_US * question->attempts;
        return;
    }
    for (size_t i = 0; i < msg->as.call.facts.count; i++) {
        const struct tg_fact *fact = &msg->as.call.facts.items[i];
        tg_facts_add(&question->facts, fact->name, fact->text, fact->number);
    }
    question->is_allowed = msg->as.call.is_allowed;
    question->is_answered = true;
    doctor->answered++;
    update->is_changed = true;
}

/* ---- the end ---- */

static bool is_observed(const struct tg_model *model)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    for (int kind = 0; kind < TG_KIND_COUNT && gcp != NULL; kind++) {
        enum tg_kind_phase phase = gcp->kinds[kind].phase;
        if (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP &&
            (phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING)) {
            return false;
        }
    }
    return true;
}

/* The clusters that Google Cloud shows running are opened by the app, one tick later or two. */
static bool are_clusters_open(const struct tg_doctor *doctor, const struct tg_model *model)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    for (size_t i = 0; gcp != NULL && i < doctor->config.lab->regions_count; i++) {
        const struct tg_lab_region *region = &doctor->config.lab->regions[i];
        const struct tg_obj *cluster =
            tg_store_get(&gcp->kinds[TG_KIND_GCP_CLUSTER].store, region->zone, region->cluster);
        bool is_running = cluster != NULL && tg_str_eq(cluster->as.gcp.status, "RUNNING");
        if (is_running && tg_verify_cluster(model, region->cluster) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_all_answered(const struct tg_doctor *doctor)
{
    return doctor->are_clusters_asked && doctor->answered == doctor->questions_count;
}

static void give_up(struct tg_doctor *doctor)
{
    for (size_t i = 0; i < doctor->questions_count; i++) {
        struct tg_doctor_question *question = &doctor->questions[i];
        if (!question->is_answered) {
            question->is_answered = true;
            question->call = 0;
            if (question->err.code == TG_CODE_NONE) {
                tg_err_set(&question->err, TG_CODE_TIMEOUT, 0, "no answer yet");
            }
        }
    }
    doctor->answered = doctor->questions_count;
}

void tg_doctor_step(struct tg_doctor *doctor, const struct tg_doctor_event *event,
                    struct tg_doctor_update *update)
{
    update->wake_us = TG_TIME_NEVER;
    if (doctor->is_over) {
        return;
    }
    if (doctor->started_us < 0) {
        doctor->started_us = event->at_us;
        doctor->are_clusters_asked = doctor->config.is_hub_only;
        tg_doctor_ask_project(doctor, event);
    }
    if (event->kind == TG_DOCTOR_EVENT_MSG) {
        take_answer(doctor, event, update);
    }
    int64_t took_us = event->at_us - doctor->started_us;
    bool is_seen = is_observed(event->model) && are_clusters_open(doctor, event->model);
    if (!doctor->are_clusters_asked && (is_seen || took_us >= OBSERVE_US)) {
        doctor->are_clusters_asked = true;
        tg_doctor_ask_clusters(doctor, event);
    }
    if (took_us >= ALL_US) {
        give_up(doctor);
        doctor->are_clusters_asked = true;
    }
    int64_t wake_us = ask(doctor, event, update);
    if (is_all_answered(doctor)) {
        doctor->is_over = true;
        doctor->ended_lab_us = event->lab_us;
        update->is_changed = true;
        tg_doctor_judge(doctor, event);
        return;
    }
    int64_t late_us = doctor->started_us + (doctor->are_clusters_asked ? ALL_US : OBSERVE_US);
    update->wake_us = wake_us < late_us ? wake_us : late_us;
}
