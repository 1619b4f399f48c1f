/* io/token_keeper.h - one credential that is renewed in time: when the next try is due, what askers
 * are told meanwhile, and what a refusal or a failure changes. Whoever has it fetches.
 *
 * It is a token source, and decides by the given clock alone. A credential is renewed at 75 to 80 %
 * of its life; once at once, and at most once a minute, when a server refused it; later and later
 * while trying fails, up to a minute apart, and 30 s apart at least when somebody has to sign in
 * first. A credential without an end is only renewed after a refusal.
 *
 * Thread: any; it locks. wake() and the listeners are called under its lock.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_TOKEN_KEEPER_H
#define TG_IO_TOKEN_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/token_source.h"

struct tg_token_keeper;

/* Due at once. wake(context) is called whenever due_us() may have become earlier; it must not call
 * back. */
struct tg_token_keeper *tg_token_keeper_new(struct tg_clock clock, uint64_t seed,
                                            void (*wake)(void *context), void *context);

/* Nobody uses the source any more. Wipes what is kept; NULL allowed. */
void tg_token_keeper_free(struct tg_token_keeper *keeper);

struct tg_token_source *tg_token_keeper_source(struct tg_token_keeper *keeper);

/* Monotonic time of the next try; TG_TIME_NEVER when none is due. */
int64_t tg_token_keeper_due_us(struct tg_token_keeper *keeper);

/* A try is under way: who asks waits for it, unless there is a good credential still. */
void tg_token_keeper_begin(struct tg_token_keeper *keeper);

/* Ends of a try. What grant holds is moved in (its serial is given here); life_us is from now on,
 * TG_TIME_NEVER when no end was told. */
void tg_token_keeper_succeed(struct tg_token_keeper *keeper, struct tg_token_grant *grant,
                             int64_t life_us);
void tg_token_keeper_fail(struct tg_token_keeper *keeper, const struct tg_err *err);

/* True when the last try failed in a way that no waiting mends: what it is fetched with is worth
 * being watched, and tg_token_keeper_hurry() makes the next try due now. */
bool tg_token_keeper_needs_help(struct tg_token_keeper *keeper);
void tg_token_keeper_hurry(struct tg_token_keeper *keeper);

#endif
