/* plan/doctor_ask.c - which questions the preflight has. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/doctor_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define WORDS_MAX  8192
#define RIGHTS_MAX 512

static struct tg_doctor_question *add(struct tg_doctor *doctor, int target)
{
    doctor->questions = tg_realloc_array(doctor->questions, doctor->questions_count + 1,
                                         sizeof(*doctor->questions));
    struct tg_doctor_question *question = &doctor->questions[doctor->questions_count++];
    *question = (struct tg_doctor_question){.target = target, .region = -1, .step = -1};
    return question;
}

static void add_question(struct tg_doctor *doctor, int target, enum tg_question which, int region)
{
    struct tg_doctor_question *question = add(doctor, target);
    question->question = which;
    question->region = region;
}

int tg_doctor_step_of_token(const struct tg_doctor *doctor, const struct tg_step_status *statuses)
{
    const struct tg_lab *lab = doctor->config.lab;
    for (int step = doctor->config.from; step <= doctor->config.until; step++) {
        const struct tg_lab_step *of = &lab->steps[step];
        bool is_there = of->is_made_only_once && statuses[step].state == TG_STEP_DONE;
        for (size_t i = 0; i < of->makes_count && !is_there; i++) {
            if (of->makes[i].secret != NULL) {
                return step;
            }
        }
    }
    return -1;
}

int tg_doctor_step_of_collection(const struct tg_lab *lab, const char *collection)
{
    for (size_t step = 0; step < lab->steps_count; step++) {
        for (size_t i = 0; i < lab->steps[step].makes_count; i++) {
            const struct tg_lab_make *make = &lab->steps[step].makes[i];
            const char *slash = strrchr(make->collection, '/');
            bool is_it = tg_str_eq(slash != NULL ? slash + 1 : make->collection, collection);
            if (is_it && make->api != TG_API_KUBERNETES && make->form == TG_FORM_OBJECT) {
                return (int)step;
            }
        }
    }
    return -1;
}

static void ask_hub(struct tg_doctor *doctor, const struct tg_doctor_event *event, int target)
{
    bool is_wanted = doctor->config.hub_token != NULL && !doctor->config.is_hub_left_out &&
                     tg_doctor_step_of_token(doctor, event->statuses) >= 0;
    if (is_wanted) {
        add_question(doctor, target, TG_QUESTION_HUB_IDENTITY, -1);
        if (doctor->config.lab->hub_model != NULL) {
            add_question(doctor, target, TG_QUESTION_HUB_REPOSITORY, -1);
        }
    }
}

void tg_doctor_ask_project(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    static const enum tg_question once[] = {TG_QUESTION_IDENTITY, TG_QUESTION_BILLING,
                                            TG_QUESTION_POLICY, TG_QUESTION_HEALTH_CHECKS};
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_target *gcp = tg_model_gcp(event->model);
    if (gcp == NULL) {
        return;
    }
    if (doctor->config.is_hub_only) {
        ask_hub(doctor, event, gcp->index);
        return;
    }
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        add_question(doctor, gcp->index, once[i], -1);
    }
    if (lab->tpu_family != NULL) {
        add_question(doctor, gcp->index, TG_QUESTION_QUOTA, -1);
        add_question(doctor, gcp->index, TG_QUESTION_QUOTA_INFO, -1);
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (lab->tpu_machine_type != NULL) {
            add_question(doctor, gcp->index, TG_QUESTION_MACHINE_TYPE, (int)i);
        }
        if (lab->pool_cpus > 0) {
            add_question(doctor, gcp->index, TG_QUESTION_REGION, (int)i);
        }
    }
}

/* ---- rights ---- */

static void ask_permissions(struct tg_doctor *doctor, int target, int step, bool is_undo,
                            bool has_objects)
{
    struct tg_buf words;
    tg_buf_init(&words, WORDS_MAX);
    tg_permission_of_step(&doctor->config.lab->steps[step], doctor->config.fixes, is_undo,
                          has_objects, &words);
    if (words.len > 0) {
        struct tg_doctor_question *question = add(doctor, target);
        question->question = TG_QUESTION_PERMISSIONS;
        question->step = step;
        question->is_undo = is_undo;
        question->words = tg_buf_take(&words, NULL);
    }
    tg_buf_fini(&words);
}

static void ask_rights(struct tg_doctor *doctor, const struct tg_target *cluster, int region)
{
    struct tg_right *rights = tg_calloc(RIGHTS_MAX, sizeof(*rights));
    const struct tg_doctor_config *config = &doctor->config;
    size_t count = tg_permission_in_cluster(config->lab, config->fixes, region, config->from,
                                            config->until, rights, RIGHTS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct tg_doctor_question *question = add(doctor, cluster->index);
        question->is_right = true;
        question->right = rights[i];
        question->region = region;
        question->step = rights[i].step;
        question->cluster = config->lab->regions[region].cluster;
    }
    free(rights);
}

void tg_doctor_ask_clusters(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_target *gcp = tg_model_gcp(event->model);
    bool has_objects = false;
    for (size_t i = 0; i < lab->regions_count; i++) {
        const struct tg_target *cluster = tg_verify_cluster(event->model, lab->regions[i].cluster);
        has_objects = has_objects || cluster == NULL;
        if (cluster != NULL) {
            ask_rights(doctor, cluster, (int)i);
        }
    }
    for (int step = doctor->config.from; step <= doctor->config.until && gcp != NULL; step++) {
        ask_permissions(doctor, gcp->index, step, false, has_objects);
        ask_permissions(doctor, gcp->index, step, true, has_objects);
    }
    if (gcp != NULL) {
        ask_hub(doctor, event, gcp->index);
    }
}

const struct tg_doctor_question *tg_doctor_find(const struct tg_doctor *doctor,
                                                enum tg_question question, int region)
{
    for (size_t i = 0; i < doctor->questions_count; i++) {
        const struct tg_doctor_question *one = &doctor->questions[i];
        if (!one->is_right && one->question == question && (region < 0 || one->region == region)) {
            return one;
        }
    }
    return NULL;
}
