/* unit/provider/ensure_rig.h - one call ENSURE or REMOVE over the transport that only remembers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TESTS_UNIT_ENSURE_RIG_H
#define TESTS_UNIT_ENSURE_RIG_H

#include "base/str.h"
#include "provider/ensure.h"
#include "tests/unit/codec/quoted.h"
#include "tests/unit/provider/provider_rig.h"

#define CALL_ID 7

static inline bool ensure_event(void *machine, const struct tg_transport_event *event,
                                int64_t now_us)
{
    return tg_ensures_event(machine, event, now_us);
}

static inline int64_t ensure_step(void *machine, int64_t now_us)
{
    return tg_ensures_step(machine, now_us);
}

static inline char *ensure_json(const char *text)
{
    return text != NULL ? quoted(text) : NULL;
}

static inline struct tg_desired *ensure_object(enum tg_api api, const char *collection,
                                               const char *name, const char *body)
{
    struct tg_desired *desired = tg_desired_new(api, TG_FORM_OBJECT);
    desired->collection = tg_strdup(collection);
    desired->name = tg_strdup(name);
    desired->body = ensure_json(body);
    return desired;
}

/* Starts the call; desired moves. */
static inline struct provider_rig *ensure_open(enum tg_call_kind kind, struct tg_desired *desired)
{
    static char project[] = "p";
    static char url[] = "sim://gcp";
    struct provider_rig *rig = rig_new();
    struct tg_call *call = tg_call_new(kind, 0);
    rig->context.config.project = project;
    rig->context.config.endpoint.base_url = url;
    rig->machine = tg_ensures_new(&rig->context);
    rig->step = ensure_step;
    rig->event = ensure_event;
    call->id = CALL_ID;
    call->desired = desired;
    tg_ensures_start(rig->machine, call, rig->now_us);
    rig_step(rig);
    return rig;
}

static inline void ensure_close(struct provider_rig *rig)
{
    tg_ensures_free(rig->machine);
    rig_close(rig);
}

/* What the call ended with; fails the test when it has not. */
static inline enum tg_ensured ensure_ended(const struct provider_rig *rig)
{
    const struct tg_msg *done = rig_newest(rig, TG_MSG_CALL_DONE);
    cr_assert_not_null(done, "the call goes on");
    cr_assert_eq(done->as.call.call_id, CALL_ID);
    return done->as.call.ensured;
}

static inline const struct tg_err *ensure_err(const struct provider_rig *rig)
{
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_NOT);
    return &rig_newest(rig, TG_MSG_CALL_DONE)->as.call.err;
}

static inline const char *ensure_told(const struct provider_rig *rig)
{
    const struct tg_msg *progress = rig_newest(rig, TG_MSG_CALL_PROGRESS);
    return progress == NULL ? "" : progress->as.progress.text;
}

#define EXPECT_ASKED(rig, method_wanted, path_wanted)   \
    do {                                                \
        cr_assert_str_eq((rig)->method, method_wanted); \
        cr_assert_str_eq((rig)->path, path_wanted);     \
    } while (0)

#endif
