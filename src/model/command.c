/* model/command.c - look-ups over the command catalogue. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/command.h"

#include <stdbool.h>

#include "base/assert.h"
#include "base/i18n.h"
#include "base/str.h"

static const struct tg_command_info commands[] = {
#define NONE    TG_COMMAND_FLAG_NONE
#define WRITE   TG_COMMAND_FLAG_WRITE
#define CONFIRM TG_COMMAND_FLAG_CONFIRM
#define HIDDEN  TG_COMMAND_FLAG_HIDDEN
#define TG_COMMAND(id, name, scope, flags, keys, hint, help) \
    {name, TG_SCOPE_##scope, flags, keys, hint, help},
#include "model/command.def"
#undef TG_COMMAND
#undef NONE
#undef WRITE
#undef CONFIRM
#undef HIDDEN
};

const struct tg_command_info *tg_command_info(enum tg_command command)
{
    tg_assert((int)command >= 0 && command < TG_COMMAND_COUNT);
    return &commands[command];
}

enum tg_command tg_command_by_name(const char *name)
{
    enum tg_command found = TG_COMMAND_NONE;
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        if (tg_str_eq(commands[i].name, name)) {
            return (enum tg_command)i;
        }
        if (*name != '\0' && tg_str_has_prefix(commands[i].name, name)) {
            if (found != TG_COMMAND_NONE) {
                return TG_COMMAND_NONE;
            }
            found = (enum tg_command)i;
        }
    }
    return found;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int tg_command_fuzzy_score(const char *pattern, const char *text)
{
    int score = 0;
    bool is_run = true;
    const char *at = text;
    for (; *pattern != '\0'; pattern++) {
        while (*at != '\0' && lower(*at) != lower(*pattern)) {
            at++;
            is_run = false;
            score -= 1;
        }
        if (*at == '\0') {
            return -1;
        }
        bool is_word_start = at == text || at[-1] == ' ' || at[-1] == '.';
        score += 10 + (is_run ? 8 : 0) + (is_word_start ? 6 : 0);
        is_run = true;
        at++;
    }
    return score < 0 ? 0 : score;
}
