/* app/doctor.h - the preflight joined to the app: its questions, its answers, and the fixes that
 * are chosen for the next run.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_DOCTOR_H
#define TG_APP_DOCTOR_H

#include "app/app.h"

/* Begins a preflight; one that is under way, or its findings, go. Of config the lab, the project
 * and the fixes are the app's; until below 0 is the last step. NOT_FOUND without a project.
 */
bool tg_app_doctor_start(struct tg_app *app, const struct tg_doctor_config *config,
                         struct tg_err *err);

/* True once there are findings. */
bool tg_app_doctor_is_over(const struct tg_app *app);

/* Chooses the fixes of the next run; findings there are say so at once. */
void tg_app_choose_fixes(struct tg_app *app, tg_lab_fixes fixes);

/* Gives a message to the preflight, or lets time pass; true when a view of it may differ. */
bool tg_app_doctor_handle(struct tg_app *app, const struct tg_msg *msg);
bool tg_app_doctor_tick(struct tg_app *app);

#endif
