/* base/assert.c - the end of a process whose program was wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

static void (*fail_hook)(void);

void tg_assert_set_hook(void (*hook)(void))
{
    fail_hook = hook;
}

_Noreturn void tg_assert_fail(const char *belief, const char *file, int line, const char *function)
{
    void (*hook)(void) = fail_hook;

    /* Cleared first: a hook that asserts must not come round again. */
    fail_hook = NULL;
    if (hook != NULL) {
        hook();
    }
    dprintf(2, "tidegate: %s:%d: %s: does not hold: %s\n", file, line, function, belief);
    abort();
}
