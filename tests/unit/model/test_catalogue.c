/* tests/unit/model/test_catalogue.c - the catalogue of commands holds together. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/command.h"

Test(catalogue, every_command_has_a_name_of_its_own_and_says_what_it_does)
{
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        const struct tg_command_info *info = tg_command_info((enum tg_command)i);
        cr_assert_neq(info->name[0], '\0');
        cr_assert_neq(info->help[0], '\0');
        cr_assert_eq((int)tg_command_by_name(info->name), i, "%s", info->name);
        for (int other = 0; other < i; other++) {
            cr_assert_str_neq(info->name, tg_command_info((enum tg_command)other)->name);
        }
    }
}

/* One key does one thing, wherever the focus is. */
Test(catalogue, no_key_has_two_commands)
{
    char seen[4096] = " ";
    for (int i = 0; i < TG_COMMAND_COUNT; i++) {
        const char *keys = tg_command_info((enum tg_command)i)->keys;
        while (*keys != '\0') {
            char key[32];
            size_t len = strcspn(keys, " ");
            snprintf(key, sizeof(key), " %.*s ", (int)len, keys);
            cr_assert_null(strstr(seen, key), "the key%shas two commands", key);
            strncat(seen, key + 1, sizeof(seen) - strlen(seen) - 1);
            keys += len + (keys[len] == ' ' ? 1 : 0);
        }
    }
}

/* What changes the world asks, or undoes a change. */
Test(catalogue, what_writes_asks_first_or_restores)
{
    cr_assert(tg_command_info(TG_COMMAND_DRILL_START)->flags & TG_COMMAND_FLAG_WRITE);
    cr_assert(tg_command_info(TG_COMMAND_DRILL_START)->flags & TG_COMMAND_FLAG_CONFIRM);
    cr_assert(tg_command_info(TG_COMMAND_WAIVE)->flags & TG_COMMAND_FLAG_CONFIRM);
}

Test(catalogue, names_may_be_cut_where_they_are_clear)
{
    cr_assert_eq(tg_command_by_name("qu"), TG_COMMAND_QUIT);
    cr_assert_eq(tg_command_by_name("pane.dr"), TG_COMMAND_PANE_DRILL);
    cr_assert_eq(tg_command_by_name("pane.p"), TG_COMMAND_NONE, "previous or pods");
    cr_assert_eq(tg_command_by_name("filter"), TG_COMMAND_FILTER,
                 "a whole name, though it starts another");
    cr_assert_eq(tg_command_by_name(""), TG_COMMAND_NONE);
    cr_assert_eq(tg_command_by_name("no-such"), TG_COMMAND_NONE);
}

Test(catalogue, letters_in_order_match_and_starts_of_words_win)
{
    cr_assert_eq(tg_command_fuzzy_score("xyz", "pane.drill"), -1);
    cr_assert_geq(tg_command_fuzzy_score("pd", "pane.drill"), 0);
    cr_assert_gt(tg_command_fuzzy_score("pd", "pane.drill"),
                 tg_command_fuzzy_score("pd", "paused"));
    cr_assert_gt(tg_command_fuzzy_score("drill", "drill"),
                 tg_command_fuzzy_score("drill", "pane.drill"));
    cr_assert_geq(tg_command_fuzzy_score("DRILL", "drill"), 0);
}
