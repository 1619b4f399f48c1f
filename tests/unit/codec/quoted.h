/* tests/unit/codec/quoted.h - JSON in C texts that stays readable: apostrophes stand for quotation
 * marks.
 *
 * Ownership: the result is the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_QUOTED_H
#define TG_TESTS_QUOTED_H

#include <string.h>

#include "base/mem.h"

/* A copy of text in which every apostrophe is a quotation mark. */
static inline char *quoted(const char *text)
{
    char *json = tg_strdup(text);
    for (char *at = strchr(json, '\''); at != NULL; at = strchr(at, '\'')) {
        *at = '"';
    }
    return json;
}

#endif
