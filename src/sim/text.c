/* sim/text.c - counted serialised JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/text.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "sim/json_write.h"

#define TEXT_LEN_MAX ((size_t)256 << 20)

struct sim_text *sim_text_of_json(json_t *value, const char *skip_a, const char *skip_b)
{
    struct tg_buf out;
    tg_buf_init(&out, TEXT_LEN_MAX);
    sim_json_write_without(&out, value, skip_a, skip_b);
    tg_assert(!out.is_full);
    struct sim_text *text = TG_NEW(struct sim_text);
    text->count = 1;
    text->len = out.len;
    text->bytes = tg_strdup(tg_buf_text(&out)); /* as long as it is: many are kept */
    tg_buf_fini(&out);
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
