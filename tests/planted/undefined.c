/* tests/planted/undefined.c - an addition beyond INT_MAX: the gate must see it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <limits.h>

Test(planted, signed_overflow)
{
    volatile int large = INT_MAX;
    volatile int sum = large + 1;

    (void)sum;
    cr_assert(true);
}
