/* tests/unit/base/test_map.c - order, ownership and a long random walk against a plain array. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rng.h"

#define KEY_COUNT 200

static int freed;

static void count_free(void *value)
{
    freed++;
    free(value);
}

Test(map, iterates_in_byte_order_whatever_the_order_of_insertion)
{
    static const char *const keys[] = {"b", "a/1", "\xe6\xbd\xae", "B", "a", "ab", "", "a-1"};
    static const char *const sorted[] = {"", "B", "a", "a-1", "a/1", "ab", "b", "\xe6\xbd\xae"};
    struct tg_map *map = tg_map_new(NULL);
    size_t at = 0;
    int value = 0;

    for (size_t i = 0; i < TG_COUNT(keys); i++) {
        cr_assert(tg_map_put(map, keys[i], &value));
    }
    for (const struct tg_map_node *node = tg_map_first(map); node != NULL;
         node = tg_map_next(node)) {
        cr_assert_str_eq(tg_map_node_key(node), sorted[at]);
        at++;
    }
    cr_assert_eq(at, TG_COUNT(sorted));
    tg_map_free(map);
}

Test(map, put_replaces_and_frees_the_old_value)
{
    struct tg_map *map = tg_map_new(count_free);
    char *taken = NULL;

    freed = 0;
    cr_assert(tg_map_put(map, "key", tg_strdup("one")));
    cr_assert_not(tg_map_put(map, "key", tg_strdup("two")));
    cr_assert_eq(freed, 1);
    cr_assert_str_eq(tg_map_get(map, "key"), "two");
    cr_assert_not(tg_map_put(map, "key", tg_map_get(map, "key")));
    cr_assert_eq(freed, 1, "putting the same value again must not free it");
    taken = tg_map_take(map, "key");
    cr_assert_str_eq(taken, "two");
    cr_assert_eq(freed, 1);
    free(taken);
    cr_assert_null(tg_map_take(map, "key"));
    cr_assert_not(tg_map_remove(map, "key"));
    tg_map_put(map, "a", tg_strdup("1"));
    tg_map_put(map, "b", tg_strdup("2"));
    cr_assert(tg_map_remove(map, "a"));
    cr_assert_eq(freed, 2);
    tg_map_clear(map);
    cr_assert_eq(freed, 3);
    cr_assert_eq(tg_map_count(map), 0);
    cr_assert_null(tg_map_first(map));
    tg_map_put(map, "c", tg_strdup("3"));
    tg_map_free(map);
    cr_assert_eq(freed, 4);
}

Test(map, at_or_after_finds_the_start_of_a_range)
{
    struct tg_map *map = tg_map_new(NULL);
    int value = 0;

    tg_map_put(map, "pods/a", &value);
    tg_map_put(map, "pods/b", &value);
    tg_map_put(map, "services/a", &value);
    cr_assert_str_eq(tg_map_node_key(tg_map_at_or_after(map, "pods/")), "pods/a");
    cr_assert_str_eq(tg_map_node_key(tg_map_at_or_after(map, "pods/b")), "pods/b");
    cr_assert_str_eq(tg_map_node_key(tg_map_at_or_after(map, "pods/c")), "services/a");
    cr_assert_null(tg_map_at_or_after(map, "services/b"));
    tg_map_free(map);
}

static void compare(const struct tg_map *map, const bool *is_there)
{
    const struct tg_map_node *node = tg_map_first(map);
    size_t count = 0;

    for (int i = 0; i < KEY_COUNT; i++) {
        char key[16];

        snprintf(key, sizeof(key), "key-%03d", i);
        cr_assert_eq(tg_map_get(map, key) != NULL, is_there[i]);
        if (is_there[i]) {
            cr_assert_not_null(node);
            cr_assert_str_eq(tg_map_node_key(node), key);
            node = tg_map_next(node);
            count++;
        }
    }
    cr_assert_null(node);
    cr_assert_eq(tg_map_count(map), count);
}

Test(map, stays_whole_through_random_puts_and_removes)
{
    struct tg_map *map = tg_map_new(NULL);
    struct tg_rng rng = tg_rng_named(7, "map test");
    bool is_there[KEY_COUNT] = {false};
    int value = 0;

    for (int step = 0; step < 4000; step++) {
        int at = (int)tg_rng_below(&rng, KEY_COUNT);
        char key[16];

        snprintf(key, sizeof(key), "key-%03d", at);
        if (tg_rng_chance(&rng, 500000)) {
            cr_assert_eq(tg_map_put(map, key, &value), !is_there[at]);
            is_there[at] = true;
        } else {
            cr_assert_eq(tg_map_remove(map, key), is_there[at]);
            is_there[at] = false;
        }
        if (step % 100 == 0) {
            compare(map, is_there);
        }
    }
    compare(map, is_there);
    tg_map_free(map);
}
