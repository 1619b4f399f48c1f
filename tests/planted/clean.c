/* tests/planted/clean.c - nothing is wrong here; the gate must let it pass. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>

Test(planted, clean)
{
    volatile int *block = malloc(4 * sizeof(*block));

    block[3] = 41;
    cr_assert_eq(block[3] + 1, 42);
    free((void *)block);
}
