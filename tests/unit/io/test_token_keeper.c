/* tests/unit/io/test_token_keeper.c - a credential's age, on a clock that is moved by hand. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/token_keeper.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"

#define LIFE_US   (3600 * TG_US_PER_S)
#define MINUTE_US (60 * TG_US_PER_S)

static struct tg_virtual_clock at;
static struct tg_token_keeper *keeper;
static int wakes;

static void count_wake(void *context)
{
    (void)context;
    wakes++;
}

static void begin(void)
{
    at = (struct tg_virtual_clock){1000 * TG_US_PER_S, 0};
    keeper = tg_token_keeper_new(tg_clock_virtual(&at), 7, count_wake, NULL);
}

static void end(void)
{
    tg_token_keeper_free(keeper);
}

TestSuite(token_keeper, .init = begin, .fini = end);

static int64_t wait_us(void)
{
    return tg_token_keeper_due_us(keeper) - at.monotonic_us;
}

static void succeed(int64_t life_us)
{
    struct tg_token_grant grant = {.token = tg_secret_new("ya29.secret", 11)};
    tg_token_keeper_begin(keeper);
    tg_token_keeper_succeed(keeper, &grant, life_us);
}

static void fail(enum tg_code code)
{
    struct tg_err err = TG_ERR_INIT;
    tg_err_set(&err, code, 0, "no");
    tg_token_keeper_begin(keeper);
    tg_token_keeper_fail(keeper, &err);
}

static enum tg_token_answer ask(uint64_t *serial)
{
    struct tg_token_source *source = tg_token_keeper_source(keeper);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    enum tg_token_answer answer = source->ops->get(source, &grant, &err);
    if (serial != NULL) {
        *serial = grant.serial;
    }
    tg_token_grant_fini(&grant);
    return answer;
}

static bool refuse(uint64_t serial)
{
    struct tg_token_source *source = tg_token_keeper_source(keeper);
    return source->ops->refused(source, serial);
}

Test(token_keeper, is_due_at_once_and_askers_wait)
{
    cr_expect_eq(wait_us(), 0);
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_PENDING);
}

Test(token_keeper, is_renewed_at_four_fifths_of_its_life)
{
    uint64_t serial = 0;
    for (uint64_t n = 1; n <= 40; n++) {
        succeed(LIFE_US);
        cr_expect_geq(wait_us(), LIFE_US / 100 * 75);
        cr_expect_leq(wait_us(), LIFE_US / 100 * 80);
        cr_expect_eq((int)ask(&serial), (int)TG_TOKEN_READY);
        cr_expect_eq(serial, n);
        tg_virtual_clock_advance(&at, wait_us());
        cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_READY, "it is good until its end");
    }
}

/* While renewing fails, the old one serves until its end; after that askers are told why. */
Test(token_keeper, an_old_credential_serves_while_renewing_fails)
{
    succeed(LIFE_US);
    tg_virtual_clock_advance(&at, wait_us());
    fail(TG_CODE_CONNECT);
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_READY);
    tg_virtual_clock_advance(&at, LIFE_US);
    fail(TG_CODE_CONNECT);
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_FAILED);
}

Test(token_keeper, tries_come_later_and_later_up_to_a_minute_and_start_over)
{
    int64_t scheduled_us = TG_US_PER_S;
    for (int i = 0; i < 12; i++) {
        fail(TG_CODE_SERVER);
        cr_expect_geq(wait_us(), scheduled_us, "try %d", i);
        cr_expect_lt(wait_us(), 2 * scheduled_us, "try %d", i);
        tg_virtual_clock_advance(&at, wait_us());
        scheduled_us = scheduled_us * 2 > MINUTE_US ? MINUTE_US : scheduled_us * 2;
    }
    succeed(LIFE_US);
    tg_virtual_clock_advance(&at, wait_us());
    fail(TG_CODE_SERVER);
    cr_expect_lt(wait_us(), 2 * TG_US_PER_S, "a good try forgives");
}

Test(token_keeper, a_refused_sign_in_waits_for_help_and_hurries_when_it_comes)
{
    fail(TG_CODE_CONNECT);
    cr_expect_not(tg_token_keeper_needs_help(keeper));
    fail(TG_CODE_UNAUTHORIZED);
    cr_expect(tg_token_keeper_needs_help(keeper));
    cr_expect_geq(wait_us(), 30 * TG_US_PER_S);
    wakes = 0;
    tg_token_keeper_hurry(keeper);
    cr_expect_eq(wait_us(), 0);
    cr_expect_eq(wakes, 1);
    succeed(LIFE_US);
    cr_expect_not(tg_token_keeper_needs_help(keeper));
}

/* A server that refuses every credential must not keep the sign-in busy. */
Test(token_keeper, a_refused_credential_is_replaced_once_a_minute_at_most)
{
    succeed(LIFE_US);
    cr_expect(refuse(1));
    cr_expect_eq(wait_us(), 0);
    cr_expect(refuse(1), "the same refusal waits for the same try");
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_PENDING, "it is not given out again");
    succeed(LIFE_US);
    cr_expect(refuse(1), "what was refused is not what is had now");
    cr_expect_not(refuse(2));
    cr_expect_gt(wait_us(), MINUTE_US);
    tg_virtual_clock_advance(&at, MINUTE_US);
    cr_expect(refuse(2));
    cr_expect_eq(wait_us(), 0);
}

Test(token_keeper, without_an_end_only_a_refusal_asks_again)
{
    succeed(TG_TIME_NEVER);
    cr_expect_eq(tg_token_keeper_due_us(keeper), TG_TIME_NEVER);
    tg_virtual_clock_advance(&at, 1000 * LIFE_US);
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_READY);
    cr_expect(refuse(1));
    cr_expect_eq(wait_us(), 0);
}

/* The machine slept: what became due meanwhile is woken by who asks. */
Test(token_keeper, an_asker_wakes_what_slept)
{
    succeed(LIFE_US);
    tg_virtual_clock_advance(&at, 2 * LIFE_US);
    wakes = 0;
    cr_expect_eq((int)ask(NULL), (int)TG_TOKEN_PENDING);
    cr_expect_eq(wakes, 1);
}
