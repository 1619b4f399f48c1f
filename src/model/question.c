/* model/question.c - the table of questions; lists of facts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/question.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

static const struct tg_question_info questions[] = {
#define TG_QUESTION(id, name, api, method, path) {name, TG_API_##api, method, path},
#include "model/question.def"
#undef TG_QUESTION
};

const struct tg_question_info *tg_question_info(enum tg_question question)
{
    tg_assert(question < TG_QUESTION_KIND_COUNT);
    return &questions[question];
}

void tg_facts_add(struct tg_facts *facts, const char *name, const char *text, int64_t number)
{
    facts->items = tg_realloc_array(facts->items, facts->count + 1, sizeof(*facts->items));
    facts->items[facts->count++] = (struct tg_fact){tg_strdup(name != NULL ? name : ""),
                                                    tg_strdup(text != NULL ? text : ""), number};
}

void tg_facts_fini(struct tg_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free(facts->items[i].name);
        free(facts->items[i].text);
    }
    free(facts->items);
    *facts = (struct tg_facts){0};
}

const struct tg_fact *tg_facts_find(const struct tg_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (tg_str_eq(facts->items[i].name, name)) {
            return &facts->items[i];
        }
    }
    return NULL;
}
