/* app/plain.c - timeline entries as lines. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/plain.h"

#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

static void print_entry(const struct tg_model *model, const struct tg_timeline_entry *entry,
                        FILE *out)
{
    static const char *const signs[] = {" ", "+", "!", "X"};
    char clock[16];
    char *line = tg_asprintf("%s %s %s", entry->object, entry->reason, entry->message);
    char *safe = tg_utf8_sanitize(line, strlen(line));
    fprintf(out, "%s %s %-14s %s\n", tg_fmt_clock(clock, sizeof(clock), entry->lab_us),
            signs[entry->severity],
            entry->target >= 0 ? tg_model_target(model, entry->target)->label : "", safe);
    free(safe);
    free(line);
}

uint64_t tg_plain_print(const struct tg_model *model, uint64_t told, FILE *out)
{
    uint64_t gone = model->timeline_total - model->timeline_count;
    if (told < gone) {
        fprintf(out, _("(%llu entries are no longer kept)\n"), (unsigned long long)(gone - told));
        told = gone;
    }
    for (uint64_t i = told - gone; i < model->timeline_count; i++) {
        print_entry(model, &model->timeline[(model->timeline_first + i) % TG_TIMELINE_MAX], out);
    }
    return model->timeline_total;
}
