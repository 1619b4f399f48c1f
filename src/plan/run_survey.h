/* plan/run_survey.h - taking a lab down: what is found before, and the statement at its end of what
 * was looked at, what is left, and what could not be read.
 *
 * What a run removes is what the lab file names, and what its controllers left behind by the lab
 * file's patterns on the lab's own network. Anything else that is found is told, and left.
 *
 * Thread: UI thread. Ownership: the run owns its survey; texts are borrowed until it is freed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RUN_SURVEY_H
#define TG_PLAN_RUN_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json_out.h"
#include "plan/run.h"

/* One thing on the lab's network that the lab file does not name. */
struct tg_survey_thing {
    char name[160];  /* "Firewall/gke-gke-us-east5-0123abcd-mcsd" */
    bool is_removed; /* left behind by a controller of the lab: goes with it */
};

/* What is observed of that kind now, for the steps of the run; *count of them. The caller frees
 * with free(). */
struct tg_survey_thing *tg_survey_things(const struct tg_run_config *config,
                                         const struct tg_model *model, size_t *count);

/* One kind of resource in the statement. */
struct tg_survey_scope {
    const char *name; /* "Network", "forwardingRules" */
    bool is_billed;
    bool is_beyond;    /* no run removes it: the statement gives the commands that do */
    struct tg_err err; /* code NONE: it was read */
    char found[240];   /* of the lab's, or of what its controllers made, what is left; "" nothing */
    size_t found_count;
};

struct tg_survey;
void tg_survey_free(struct tg_survey *survey); /* NULL allowed */

/* Asks for what nothing observes; again and later what was refused in passing. False while answers
 * are awaited, at most a minute of lab time. */
bool tg_survey_is_over(struct tg_run *run, const struct tg_run_event *event,
                       struct tg_run_update *update);

/* Takes an answer; false when the message is none of the survey's. */
bool tg_survey_take(struct tg_run *run, const struct tg_msg *msg);

/* Writes the statement down in the run. True when something billed is left. */
bool tg_survey_conclude(struct tg_run *run, const struct tg_run_event *event);

/* What the statement comes to: the first of these that is so. */
enum tg_survey_verdict {
    TG_SURVEY_NONE,        /* nothing is left that is known, or there is no statement yet */
    TG_SURVEY_LEFT,        /* what another run removes */
    TG_SURVEY_LEFT_BEYOND, /* billed, and nothing that a run removes */
    TG_SURVEY_UNREAD,      /* nothing was found, but not all that may be billed could be read */
};
enum tg_survey_verdict tg_survey_verdict(const struct tg_run *run);

/* True when every step ended well and that is all that is known: it may still be billed. */
bool tg_survey_is_inconclusive(const struct tg_run *run);

/* The statement; *count scopes, 0 before there is one. */
const struct tg_survey_scope *tg_survey_scopes(const struct tg_run *run, size_t *count);
const struct tg_survey_thing *tg_survey_left(const struct tg_run *run, size_t *count);

/* Permissions that the survey of the step's things takes, appended as tg_permission_of_step()
 * does; index 0.. in turn, NULL at the end. */
const char *tg_survey_permission(const struct tg_lab_step *step, size_t index);

/* The same as text for people, and as members of an open JSON object; nothing before there is a
 * statement. */
void tg_survey_text(const struct tg_run *run, struct tg_buf *out);
void tg_survey_json(const struct tg_run *run, struct tg_json_out *json);

#endif
