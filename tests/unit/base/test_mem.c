/* tests/unit/base/test_mem.c - blocks, copies and the refusal of impossible sizes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

Test(mem, nothing_is_still_a_block)
{
    void *block = tg_malloc(0);

    cr_assert_not_null(block);
    free(block);
    block = tg_calloc(0, 8);
    cr_assert_not_null(block);
    free(block);
}

Test(mem, calloc_is_zero_and_realloc_keeps)
{
    int *numbers = tg_calloc(4, sizeof(*numbers));

    cr_assert_eq(numbers[0] | numbers[1] | numbers[2] | numbers[3], 0);
    numbers[3] = 7;
    numbers = tg_realloc_array(numbers, 1000, sizeof(*numbers));
    cr_assert_eq(numbers[3], 7);
    free(numbers);
}

Test(mem, copies)
{
    char *text = tg_strdup("reef");
    char *part = tg_strndup("lagoon", 3);
    char *made = tg_asprintf("%s-%d", "pool", 3);

    cr_assert_str_eq(text, "reef");
    cr_assert_str_eq(part, "lag");
    cr_assert_str_eq(made, "pool-3");
    cr_assert_null(tg_strdup(NULL));
    free(text);
    free(part);
    free(made);
}

Test(mem, replace_frees_the_old_and_takes_a_part_of_it)
{
    char *slot = NULL;

    tg_str_replace(&slot, "region/us-east4");
    tg_str_replace(&slot, slot + 7);
    cr_assert_str_eq(slot, "us-east4");
    tg_str_replace(&slot, NULL);
    cr_assert_null(slot);
}

Test(mem, a_product_that_overflows_ends_the_process, .signal = SIGABRT)
{
    free(tg_calloc(SIZE_MAX / 2, 3));
}

Test(mem, a_resize_that_overflows_ends_the_process, .signal = SIGABRT)
{
    free(tg_realloc_array(NULL, SIZE_MAX / 4, 8));
}
