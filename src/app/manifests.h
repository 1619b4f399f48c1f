/* app/manifests.h - manifests that are not built in: downloaded from where their release is,
 * checked against the digest that the lab pins, kept in a cache.
 *
 * Between the run, which only says what it wants, and the workers: a call whose body is elsewhere
 * is held until the body is here, and then sent on. What cannot be had ends the call with why.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_MANIFESTS_H
#define TG_APP_MANIFESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/msg.h"

struct tg_app;

struct tg_manifests {
    char *cache;  /* folder; NULL: nothing is kept */
    char *url;    /* instead of the lab's; NULL: the lab's */
    char *sha256; /* instead of the lab's; NULL: the lab's */
    struct tg_call **held;
    size_t held_count;
    uint64_t download; /* call under way; 0: none */
    char *wanted;      /* digest of what it fetches */
};

/* Where to look instead of where the lab says; all may be NULL, and are copied. */
void tg_manifests_init(struct tg_manifests *manifests, const char *cache, const char *url,
                       const char *sha256);
void tg_manifests_fini(struct tg_manifests *manifests);

/* Takes the call over when its body is elsewhere; false: it can be sent as it is. */
bool tg_manifests_hold(struct tg_app *app, struct tg_call *call);

/* Nothing that waits is sent any more. */
void tg_manifests_drop(struct tg_app *app);

/* Takes the answer of a download; true when it was one. */
bool tg_manifests_handle(struct tg_app *app, const struct tg_msg *msg);

#endif
