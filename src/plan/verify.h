/* plan/verify.h - says of each step of a lab whether it is done, by what is observed and nothing
 * else.
 *
 * Pure. A condition whose source cannot be read is UNKNOWN, not missing: the difference is shown.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_VERIFY_H
#define TG_PLAN_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/fleet.h"
#include "plan/lab.h"

enum tg_step_state {
    TG_STEP_UNKNOWN, /* its sources are not readable (yet) */
    TG_STEP_MISSING, /* nothing of it is there */
    TG_STEP_RUNNING, /* some of it, or it is there and not ready */
    TG_STEP_DONE,
};

/* What the Pods themselves said, of a step that wants it proved. */
enum tg_step_proof {
    TG_STEP_PROOF_NONE, /* the step wants none */
    TG_STEP_PROOF_OPEN, /* somebody is not asked yet, or did not answer */
    TG_STEP_PROOF_AGREES,
    TG_STEP_PROOF_REFUSED, /* pods/exec is not allowed, so that the claims' word alone counts */
    TG_STEP_PROOF_DIFFERS, /* the step is not done, whatever else is observed */
};

struct tg_step_status {
    enum tg_step_state state;
    int conditions_met;
    int conditions_total; /* regions multiply */
    char missing[160]; /* first unmet condition in the field's words: "Gateway/cross-region-gateway
                          Programmed=False" */
    /* The same in parts, for people; all "" when missing says something else. */
    char missing_object[130]; /* "Gateway/cross-region-gateway" */
    const char *missing_word; /* N_(): "missing" or "not observed"; NULL: missing_why says it */
    char missing_why[64];     /* "Programmed=False" */
    char missing_region[44];
    enum tg_step_proof proof;
    char proof_note[200];     /* which Pod, and what it said; "" when there is nothing to say */
    int64_t age_us;           /* of the oldest source it was judged by; -1: never seen */
    int64_t observed_span_us; /* first object's creation to the last condition's transition, when
                                 done; 0 unknown */
};

/* Fills statuses[lab->steps_count]. */
void tg_verify_lab(const struct tg_lab *lab, const struct tg_model *model, int64_t now_us,
                   struct tg_step_status *statuses);

/* True when a condition may ask for this field of that kind. */
bool tg_verify_has_field(enum tg_kind kind, const char *field);

/* What is missing in the reader's language; returns out, "" when nothing is. */
const char *tg_step_missing_text(const struct tg_step_status *status, char *out, size_t size);

/* The watched cluster with this name, or NULL. */
const struct tg_target *tg_verify_cluster(const struct tg_model *model, const char *cluster);

/* The first object that meets a condition in one place, region NULL for those of no region; NULL
 * when none is observed to. Borrowed from the model. */
const struct tg_obj *tg_verify_find(const struct tg_lab *lab, const struct tg_model *model,
                                    int64_t now_us, const struct tg_lab_condition *condition,
                                    const struct tg_lab_region *region);

/* The observed object that a step makes, in one place: by the step's condition that speaks of a
 * thing of that name there, whatever its state. NULL when there is none. Borrowed from the model.
 */
const struct tg_obj *tg_verify_find_made(const struct tg_lab *lab, const struct tg_model *model,
                                         int64_t now_us, int step, const struct tg_lab_make *make,
                                         const struct tg_lab_region *region);

/* True when Google Cloud's clusters are seen, or their API is not enabled, and this one is not
 * among them: then nothing is in it either. */
bool tg_verify_is_cluster_absent(const struct tg_model *model, const char *cluster);

#endif
