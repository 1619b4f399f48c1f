/* tests/unit/base/test_assert.c - the end that a wrong program meets. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <signal.h>
#include <unistd.h>

#include "base/assert.h"

static void leave(void)
{
    _exit(42);
}

static void fail_again(void)
{
    tg_assert(2 + 2 == 5);
}

Test(assert, a_belief_that_holds_costs_nothing)
{
    tg_assert(1 + 1 == 2);
}

Test(assert, a_wrong_belief_aborts, .signal = SIGABRT)
{
    tg_assert(1 + 1 == 3);
}

Test(assert, unreachable_aborts, .signal = SIGABRT)
{
    TG_UNREACHABLE("the tide waits for nobody");
}

Test(assert, the_hook_runs_first, .exit_code = 42)
{
    tg_assert_set_hook(leave);
    tg_assert(1 + 1 == 3);
}

Test(assert, a_hook_that_fails_itself_does_not_loop, .signal = SIGABRT)
{
    tg_assert_set_hook(fail_again);
    tg_assert(1 + 1 == 3);
}
