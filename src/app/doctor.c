/* app/doctor.c - the preflight, with the app's clock and targets. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool step_doctor(struct tg_app *app, struct tg_doctor_event *event)
{
    struct tg_doctor_update update = {0};
    /* judged now: what was observed a moment ago decides what is still to be done */
    struct tg_step_status *statuses = tg_calloc(app->lab->steps_count + 1, sizeof(*statuses));
    event->at_us = tg_clock_monotonic_us(&app->clock);
    event->lab_us = tg_app_lab_us(app);
    event->model = app->model;
    event->statuses = statuses;
    event->speed = 1;
    (void)tg_model_is_simulated(app->model, &event->speed);
    tg_verify_lab(app->lab, app->model, event->at_us, statuses);
    tg_doctor_step(app->doctor, event, &update);
    free(statuses);
    app->doctor_wake_us = update.wake_us;
    struct tg_call *calls[TG_DOCTOR_CALLS_MAX];
    size_t count = update.calls_count;
    memcpy(calls, update.calls, sizeof(calls));
    update.calls_count = 0;
    bool is_changed = update.is_changed;
    for (size_t i = 0; i < count; i++) {
        tg_app_send(app, calls[i]);
    }
    tg_doctor_update_fini(&update);
    return is_changed;
}

bool tg_app_doctor_start(struct tg_app *app, const struct tg_doctor_config *config,
                         struct tg_err *err)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    struct tg_doctor_config whole = *config;
    if (gcp == NULL) {
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "no Google Cloud project is given");
    }
    whole.lab = app->lab;
    whole.project = gcp->name;
    whole.fixes = app->fixes;
    whole.until = whole.until >= 0 ? whole.until : (int)app->lab->steps_count - 1;
    tg_doctor_free(app->doctor);
    app->doctor = tg_doctor_new(&whole, &app->next_call_id);
    app->doctor_wake_us = 0;
    return true;
}

bool tg_app_doctor_is_over(const struct tg_app *app)
{
    return app->doctor != NULL && app->doctor->is_over;
}

void tg_app_choose_fixes(struct tg_app *app, tg_lab_fixes fixes)
{
    app->fixes = fixes;
    if (app->doctor != NULL) {
        tg_doctor_choose(app->doctor, fixes);
    }
}

bool tg_app_doctor_handle(struct tg_app *app, const struct tg_msg *msg)
{
    struct tg_doctor_event event = {.kind = TG_DOCTOR_EVENT_MSG, .msg = msg};
    return app->doctor != NULL && !app->doctor->is_over && msg->kind == TG_MSG_CALL_DONE &&
           step_doctor(app, &event);
}

bool tg_app_doctor_tick(struct tg_app *app)
{
    struct tg_doctor_event event = {.kind = TG_DOCTOR_EVENT_TICK};
    return app->doctor != NULL && !app->doctor->is_over && step_doctor(app, &event);
}
