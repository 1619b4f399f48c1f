/* plan/record.h - records of the journal: what a run of the program is about to do to the world,
 * and what came of it.
 *
 * A run is a drill or a provisioning; its records carry its id. Payloads are flat JSON objects of
 * texts and whole numbers, written and read here alone.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_RECORD_H
#define TG_PLAN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tg_record_kind {
    TG_RECORD_PLAN,
    TG_RECORD_INTENT,
    TG_RECORD_RESULT,
    TG_RECORD_PHASE,
    TG_RECORD_VERIFY,
    TG_RECORD_WAIVE,
    TG_RECORD_CLOSE,
    TG_RECORD_OUTPUT /* what a program said that the run started */
};

struct tg_record {
    enum tg_record_kind kind;
    char *run_id;
    char *payload; /* one JSON object as text */
};

enum tg_run_family { TG_RUN_DRILL, TG_RUN_PROVISION };

/* What kind of run an id belongs to: those of provisioning start with "up-" or "down-". */
enum tg_run_family tg_run_family_of(const char *run_id);

/* Payload with one text member. The caller frees. */
char *tg_record_new_text(const char *key, const char *value);

/* Payload from a printf-like list: key, then 's' and a const char * or 'd' and an int64_t; ended by
 * NULL. The caller frees:  tg_record_new("uid", 's', uid, "replicas", 'd', (int64_t)1, NULL) */
char *tg_record_new(const char *key, ...) __attribute__((sentinel));

/* Text member of a payload, into out; false when it is not there or the payload is no such object.
 */
bool tg_record_get_text(const char *payload, const char *key, char *out, size_t size);

/* Whole-number member. */
bool tg_record_get_int(const char *payload, const char *key, int64_t *value);

#endif
