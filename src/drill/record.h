/* drill/record.h - payloads of journal records: flat JSON objects of texts and whole numbers,
 * written and read here alone.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_DRILL_RECORD_H
#define TG_DRILL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
