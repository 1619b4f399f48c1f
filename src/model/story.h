/* model/story.h - which changes are told in the timeline, and in which words.
 *
 * The words are the field's own (Pod phases, condition types, replica counts), not sentences: they
 * read alike in every language. A first list is not told, it is not news.
 *
 * Thread: UI thread; called by the reducer alone.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_STORY_H
#define TG_MODEL_STORY_H

#include "model/fleet.h"

void tg_story_appeared(struct tg_model *model, const struct tg_target *target,
                       const struct tg_obj *obj, int64_t at_us, bool is_first_list);
void tg_story_changed(struct tg_model *model, const struct tg_target *target,
                      const struct tg_obj *before, const struct tg_obj *after, int64_t at_us);
void tg_story_vanished(struct tg_model *model, const struct tg_target *target,
                       const struct tg_obj *obj, int64_t at_us);

/* A kind's source was lost or came back; told once for a target, whatever number of kinds it takes
 * along. */
void tg_story_phase(struct tg_model *model, const struct tg_target *target, enum tg_kind kind,
                    enum tg_kind_phase before, const struct tg_msg *msg);

#endif
