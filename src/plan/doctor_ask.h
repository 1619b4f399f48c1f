/* plan/doctor_ask.h - the preflight's questions and what came of them. Private to plan/doctor*.c.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_DOCTOR_ASK_H
#define TG_PLAN_DOCTOR_ASK_H

#include "plan/doctor.h"
#include "plan/permission.h"

struct tg_doctor_question {
    bool is_right;             /* an access review of one of the clusters, else an ASK */
    enum tg_question question; /* ASK */
    int region;                /* index; -1: none */
    int step;                  /* PERMISSIONS: whose; -1: none */
    bool is_undo;              /* PERMISSIONS: to undo the step */
    char *words;               /* PERMISSIONS: which are asked for */
    struct tg_right right;     /* access review */
    const char *cluster;       /* access review: the lab's text */
    int target;                /* the model's */
    uint64_t call;             /* under way; 0: not */
    int attempts;
    int64_t retry_us; /* monotonic: not before */
    bool is_answered;
    bool is_allowed;
    struct tg_facts facts;
    struct tg_err err;
};

/* Fills the list of questions: of the project once, of the clusters when they are known. */
void tg_doctor_ask_project(struct tg_doctor *doctor, const struct tg_doctor_event *event);
void tg_doctor_ask_clusters(struct tg_doctor *doctor, const struct tg_doctor_event *event);

/* Judges everything; the findings that were there go. */
void tg_doctor_judge(struct tg_doctor *doctor, const struct tg_doctor_event *event);

/* Judges the hazards alone; they stand last. */
void tg_doctor_judge_hazards(struct tg_doctor *doctor);

/* Adds a finding; the pointer is valid until the next. Values may be NULL. */
struct tg_doctor_finding *tg_doctor_add(struct tg_doctor *doctor, enum tg_doctor_check check,
                                        enum tg_doctor_state state, const char *subject,
                                        const char *words, const char *first, const char *second);

/* FAIL when the step is one that is still to be done, else WARN; sets step. */
void tg_doctor_break(struct tg_doctor *doctor, struct tg_doctor_finding *finding, int step,
                     const struct tg_step_status *statuses);

/* The first question of that kind (of that region, unless it is -1), or NULL. */
const struct tg_doctor_question *tg_doctor_find(const struct tg_doctor *doctor,
                                                enum tg_question question, int region);

/* The steps of the lab that make a thing of this collection or form; -1: none. */
int tg_doctor_step_of_collection(const struct tg_lab *lab, const char *collection);

/* The step whose things carry the operator's token and are not there yet; -1: none. */
int tg_doctor_step_of_token(const struct tg_doctor *doctor, const struct tg_step_status *statuses);

/* plan/doctor_local.c: what needs no question. */
void tg_doctor_judge_terminal(struct tg_doctor *doctor);
void tg_doctor_judge_tools(struct tg_doctor *doctor);
void tg_doctor_judge_clock(struct tg_doctor *doctor);

/* plan/doctor_network.c: ranges that overlap. */
void tg_doctor_judge_subnets(struct tg_doctor *doctor, const struct tg_doctor_event *event);

#endif
