/* sim/text.c - counted serialised JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define TEXT_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

struct sim_text *sim_text_of_json(json_t *value, const char *skip_a, const char *skip_b)
{
    json_t *shown = json_incref(value);
    if ((skip_a != NULL || skip_b != NULL) && json_is_object(value)) {
        json_decref(shown);
        shown = json_copy(value);
        if (skip_a != NULL) {
            json_object_del(shown, skip_a);
        }
        if (skip_b != NULL) {
            json_object_del(shown, skip_b);
        }
    }
    struct sim_text *text = TG_NEW(struct sim_text);
    text->count = 1;
    text->bytes = json_dumps(shown, TEXT_FLAGS);
    tg_assert(text->bytes != NULL);
    text->len = strlen(text->bytes);
    json_decref(shown);
    return text;
}

struct sim_text *sim_text_keep(struct sim_text *text)
{
    text->count++;
    return text;
}

void sim_text_drop(struct sim_text *text)
{
    if (text == NULL) {
        return;
    }
    tg_assert(text->count > 0);
    if (--text->count == 0) {
        free(text->bytes);
        free(text);
    }
}
