/* model/command.h - look-ups over the command catalogue.
 *
 * Thread: any; static storage.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_COMMAND_H
#define TG_MODEL_COMMAND_H

#include <stddef.h>

enum tg_command {
#define TG_COMMAND(id, name, scope, flags, keys, hint, help) TG_COMMAND_##id,
#include "model/command.def"
#undef TG_COMMAND
    TG_COMMAND_COUNT,
    TG_COMMAND_NONE = TG_COMMAND_COUNT
};

enum tg_command_scope {
    TG_SCOPE_ALL,
    TG_SCOPE_PANE,
    TG_SCOPE_LIST,
    TG_SCOPE_DETAIL,
    TG_SCOPE_DRILL,
};

#define TG_COMMAND_FLAG_NONE    0U
#define TG_COMMAND_FLAG_WRITE   1U
#define TG_COMMAND_FLAG_CONFIRM 2U
#define TG_COMMAND_FLAG_HIDDEN  4U

struct tg_command_info {
    const char *name;
    enum tg_command_scope scope;
    unsigned flags;
    const char *keys;
    const char *hint; /* for the bottom line, "" for none; untranslated, marked N_ */
    const char *help; /* untranslated, marked N_ */
};

/* Never NULL for a command below TG_COMMAND_COUNT. */
const struct tg_command_info *tg_command_info(enum tg_command command);

/* Command by its whole name, or by a start of it that no other name shares; TG_COMMAND_NONE
 * otherwise. */
enum tg_command tg_command_by_name(const char *name);

/* Score of a fuzzy match of pattern in text (letters in order, ASCII case ignored): higher is
 * better, -1 no match. */
int tg_command_fuzzy_score(const char *pattern, const char *text);

#endif
