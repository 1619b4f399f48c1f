/* app/witness.h - asks the Pods themselves: for their network interfaces, by exec, when somebody
 * wants to know; and what their logs say while the lab is stood up.
 *
 * Neither changes anything. Exec needs a permission of its own, so that it is never done unasked: a
 * step that is to be proved asks, and :dranet.prove and status --prove do.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_WITNESS_H
#define TG_APP_WITNESS_H

#include "app/app.h"

/* Asks every running Pod with a claim for its interfaces; returns how many are asked now. */
size_t tg_app_prove(struct tg_app *app);

/* True while an answer is still to come. */
bool tg_app_is_proving(const struct tg_app *app);

/* Hears that a call ended. */
void tg_app_witness_handle(struct tg_app *app, const struct tg_msg *msg);
void tg_app_witness_fini(struct tg_app *app);

/* Lets time pass: asks for what the steps under way want to know, and again after a while for what
 * was not answered, or not as it should be; begins and ends the following of logs. */
void tg_app_witness_tick(struct tg_app *app);

#endif
