/* tests/planted/overflow.c - a byte behind the end of a block: the gate must see it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stddef.h>
#include <stdlib.h>

Test(planted, heap_overflow)
{
    volatile size_t size = 10; /* unknown to the compiler, so that the address sanitizer is asked */
    volatile char *block = malloc(size);

    block[size] = 1;
    free((void *)block);
    cr_assert(true);
}
