/* tests/unit/base/test_heap.c - the order of timers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/rng.h"

Test(heap, orders_by_time_then_priority_then_addition)
{
    static const struct {
        int64_t time_us;
        int32_t priority;
        int place;
    } rows[] = {{20, 0, 4}, {10, 1, 2}, {10, 1, 3}, {10, 0, 1}, {-5, 9, 0}, {20, 0, 5}};
    int places[TG_COUNT(rows)];
    struct tg_heap *heap = tg_heap_new(10);
    struct tg_heap_entry entry;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        places[i] = rows[i].place;
        tg_heap_add(heap, rows[i].time_us, rows[i].priority, &places[i]);
    }
    cr_assert_eq(tg_heap_peek(heap)->time_us, -5);
    for (int i = 0; i < (int)TG_COUNT(rows); i++) {
        cr_assert(tg_heap_pop(heap, &entry));
        cr_assert_eq(*(int *)entry.data, i);
    }
    cr_assert_not(tg_heap_pop(heap, &entry));
    cr_assert_null(tg_heap_peek(heap));
    tg_heap_free(heap);
}

Test(heap, ids_increase_and_are_never_zero)
{
    struct tg_heap *heap = tg_heap_new(10);
    uint64_t first = tg_heap_add(heap, 5, 0, NULL);
    uint64_t second = tg_heap_add(heap, 1, 0, NULL);

    cr_assert_gt(first, 0);
    cr_assert_gt(second, first);
    cr_assert_not(tg_heap_remove(heap, second + 1));
    cr_assert(tg_heap_remove(heap, second));
    cr_assert_not(tg_heap_remove(heap, second));
    cr_assert_eq(tg_heap_count(heap), 1);
    cr_assert_eq(tg_heap_peek(heap)->id, first);
    tg_heap_free(heap);
}

Test(heap, stays_ordered_through_random_adds_removes_and_pops)
{
    struct tg_heap *heap = tg_heap_new(5000);
    struct tg_rng rng = tg_rng_named(3, "heap test");
    struct tg_heap_entry before = {INT64_MIN, INT32_MIN, 0, NULL};
    struct tg_heap_entry entry;
    uint64_t id_last = 0;
    size_t expected = 0;

    for (int i = 0; i < 5000; i++) {
        id_last = tg_heap_add(heap, (int64_t)tg_rng_below(&rng, 300),
                              (int32_t)tg_rng_below(&rng, 3), NULL);
        if (i % 3 == 0 && tg_heap_remove(heap, 1 + tg_rng_below(&rng, id_last))) {
            expected--;
        }
        expected++;
    }
    cr_assert_eq(tg_heap_count(heap), expected);
    while (tg_heap_pop(heap, &entry)) {
        cr_assert(entry.time_us >= before.time_us);
        if (entry.time_us == before.time_us) {
            cr_assert(entry.priority >= before.priority);
            cr_assert(entry.priority > before.priority || entry.id > before.id);
        }
        before = entry;
        expected--;
    }
    cr_assert_eq(expected, 0);
    tg_heap_free(heap);
}

Test(heap, one_more_than_its_ceiling_is_a_fault, .signal = SIGABRT)
{
    struct tg_heap *heap = tg_heap_new(1);

    tg_heap_add(heap, 0, 0, NULL);
    tg_heap_add(heap, 0, 0, NULL);
}
