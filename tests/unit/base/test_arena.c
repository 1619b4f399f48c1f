/* tests/unit/base/test_arena.c - memory that dies together. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(arena, blocks_are_zeroed_aligned_and_apart)
{
    struct tg_arena *arena = tg_arena_new((size_t)1 << 20);
    char *before = NULL;

    for (size_t size = 1; size < 300; size++) {
        char *block = tg_arena_alloc(arena, size);

        cr_assert_eq((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            cr_assert_eq(block[i], 0);
        }
        memset(block, 0x5a, size);
        cr_assert_neq(block, before);
        before = block;
    }
    tg_arena_free(arena);
}

Test(arena, text_lives_until_reset_and_the_memory_is_used_again)
{
    struct tg_arena *arena = tg_arena_new(200000);
    char *first = tg_arena_strdup(arena, "ebb");
    char *made = tg_arena_printf(arena, "%s and %s", first, "flow");
    char *large = tg_arena_alloc(arena, 100000);

    large[99999] = 1;
    cr_assert_str_eq(first, "ebb");
    cr_assert_str_eq(made, "ebb and flow");
    for (int i = 0; i < 50; i++) {
        tg_arena_reset(arena);
        cr_assert_eq(tg_arena_alloc(arena, 4), first);
        large = tg_arena_alloc(arena, 100000);
        cr_assert_eq(large[99999], 0);
        large[99999] = 1;
    }
    tg_arena_free(arena);
}

Test(arena, passing_the_ceiling_is_a_fault, .signal = SIGABRT)
{
    struct tg_arena *arena = tg_arena_new(100);

    tg_arena_alloc(arena, 60);
    tg_arena_alloc(arena, 41);
}
