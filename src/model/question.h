/* model/question.h - questions that are asked once, and the facts that answer them.
 *
 * Thread: any; values. Ownership: tg_facts_fini() frees what the list holds.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_QUESTION_H
#define TG_MODEL_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include "model/desired.h"

enum tg_question {
#define TG_QUESTION(id, name, api, method, path) TG_QUESTION_##id,
#include "model/question.def"
#undef TG_QUESTION
    TG_QUESTION_KIND_COUNT
};

struct tg_question_info {
    const char *name;
    enum tg_api api; /* TG_API_COUNT: the Hugging Face hub */
    const char *method;
    const char *path;
};

/* Never NULL for a question below TG_QUESTION_KIND_COUNT. */
const struct tg_question_info *tg_question_info(enum tg_question question);

/* One thing that is so. What name, text and number mean is said by the question's decoder. */
struct tg_fact {
    char *name;
    char *text;
    int64_t number;
};

struct tg_facts {
    struct tg_fact *items;
    size_t count;
};

/* Adds a fact; texts are copied, NULL counts as "". */
void tg_facts_add(struct tg_facts *facts, const char *name, const char *text, int64_t number);
void tg_facts_fini(struct tg_facts *facts);

/* The first fact with this name, or NULL. */
const struct tg_fact *tg_facts_find(const struct tg_facts *facts, const char *name);

#endif
