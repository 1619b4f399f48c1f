/* tests/planted/leak.c - a block that nobody frees: the test passes, the gate must not. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>

Test(planted, leak)
{
    volatile char *block = malloc(100);

    block[0] = 1;
    cr_assert_eq(block[0], 1);
    block = NULL;
}
