/* model/select_unseen.c - kinds that a target does not show, and why. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/mem.h"
#include "model/select.h"

struct tg_unseen_row *tg_select_unseen(const struct tg_model *model, int64_t now_us, size_t *count)
{
    struct tg_unseen_row *rows = tg_calloc(model->targets_count * TG_KIND_COUNT + 1, sizeof(*rows));
    *count = 0;
    for (size_t t = 0; t < model->targets_count; t++) {
        if (model->targets[t]->removed_us != 0) {
            continue; /* nobody looks there again */
        }
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            const struct tg_kind_view *view = &model->targets[t]->kinds[kind];
            if (view->phase != TG_KIND_PHASE_ABSENT && view->phase != TG_KIND_PHASE_DENIED) {
                continue;
            }
            rows[(*count)++] = (struct tg_unseen_row){
                .target = (int)t,
                .kind = (enum tg_kind)kind,
                .is_denied = view->phase == TG_KIND_PHASE_DENIED,
                .why = view->err.msg,
                .retry_in_us = view->retry_at_us > now_us ? view->retry_at_us - now_us : 0};
        }
    }
    return rows;
}
