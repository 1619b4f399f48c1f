/* plan/lab.c - look-ups in a lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/lab.h"

#include "base/str.h"

void tg_lab_free(struct tg_lab *lab)
{
    if (lab != NULL) {
        tg_arena_free(lab->arena); /* the lab itself lives in it */
    }
}

const struct tg_lab_region *tg_lab_region(const struct tg_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (tg_str_eq(lab->regions[i].name, name)) {
            return &lab->regions[i];
        }
    }
    return NULL;
}

const char *tg_lab_text_for(const struct tg_lab_text *text, const char *locale)
{
    if (text->zh_tw != NULL && locale != NULL && tg_str_has_prefix(locale, "zh_TW")) {
        return text->zh_tw;
    }
    return text->en != NULL ? text->en : "";
}
