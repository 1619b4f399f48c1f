/* app/provision.h - runs that stand a lab up or take it down, joined to the app: their records,
 * their calls, what they wait for, and clusters that come to be on the way.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_PROVISION_H
#define TG_APP_PROVISION_H

#include "app/app.h"

/* What is asked for; texts and secrets are borrowed until the run is freed. */
struct tg_provision_request {
    enum tg_run_direction direction;
    enum tg_run_mode mode;
    const char *from;  /* id of a step; NULL: the first */
    const char *until; /* NULL: the last */
    const struct tg_run_secret *secrets;
    size_t secrets_count;
    enum tg_run_stockout on_stockout;
    tg_lab_fixes fixes; /* up: an open run with other ones is closed, and a new one begun */
};

/* Fills from and until of config from ids of steps, NULL for the first and the last. False with
 * USAGE. */
bool tg_app_provision_range(const struct tg_lab *lab, const char *from, const char *until,
                            struct tg_run_config *config, struct tg_err *err);

/* True when every kind of Google Cloud's was read, or is known not to be readable: a plan is only
 * worth reading when everything it speaks of was looked at. False without a project. */
bool tg_app_is_project_seen(const struct tg_app *app);

/* Starts a run, or takes up the open one of the journal when it is of the same direction (an open
 * one of the other is closed: what was half made is what is taken down now). Fails (READ_ONLY,
 * STATE, NOT_FOUND, USAGE) without having done anything. */
bool tg_app_provision_start(struct tg_app *app, const struct tg_provision_request *request,
                            struct tg_err *err);

/* What is done from now on when a zone has no machines; what waits for some is tried at once, or
 * given up. False (STATE) when no run is under way. */
bool tg_app_provision_on_stockout(struct tg_app *app, enum tg_run_stockout policy,
                                  struct tg_err *err);

/* What waits for machines is tried at once where it would be tried next; the policy stays. False
 * (STATE) when no run is under way. */
bool tg_app_provision_try_now(struct tg_app *app, struct tg_err *err);

/* What failed, and what waits for that, is begun again while the rest goes on. False (STATE) when
 * no run is under way or nothing failed. */
bool tg_app_provision_retry(struct tg_app *app, struct tg_err *err);

/* Nothing more is started; a program that runs is told to stop, and harder the second time. */
void tg_app_provision_abort(struct tg_app *app);

/* The fixes of the lab's last run up in this project, as the journal has them, are chosen for the
 * next one: what was made with them stays so until somebody chooses otherwise. */
void tg_app_remember_fixes(struct tg_app *app);

/* True while a program runs the lab's commands. */
bool tg_app_provision_has_program(const struct tg_app *app);

/* Gives a message to the run when it is the run's; true when a view of it may differ. */
bool tg_app_provision_handle(struct tg_app *app, const struct tg_msg *msg);

/* Lets time pass; true when a view of the run may differ. */
bool tg_app_provision_tick(struct tg_app *app);

/* Opens the lab's clusters that Google Cloud shows running and that are not watched yet; takes
 * those for removed that it does not have any more. */
bool tg_app_open_clusters(struct tg_app *app);
bool tg_app_close_clusters(struct tg_app *app);

#endif
