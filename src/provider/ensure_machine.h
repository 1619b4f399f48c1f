/* provider/ensure_machine.h - the machine of one call ENSURE or REMOVE: what the forms of wanted
 * things share.
 *
 * Private to provider/ensure*.c. A form asks (submits the request of the present stage) and takes
 * (judges the whole answer, then goes on, waits, tries again or ends).
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_ENSURE_MACHINE_H
#define TG_PROVIDER_ENSURE_MACHINE_H

#include "base/buf.h"
#include "base/map.h"
#include "codec/gcp_resource.h"
#include "codec/k8s_apply.h"
#include "net/backoff.h"
#include "provider/ensure.h"

enum tg_ensure_stage {
    TG_ENSURE_DISCOVER,  /* Kubernetes: how is the kind asked for? */
    TG_ENSURE_READ,      /* is it there? */
    TG_ENSURE_MAKE,      /* POST, or apply */
    TG_ENSURE_CHANGE,    /* PATCH, or the policy given back */
    TG_ENSURE_OPERATION, /* how goes the long-running operation? */
    TG_ENSURE_OWNER,     /* is the bucket one of the project's? */
    TG_ENSURE_LIST,      /* what does the bucket hold? */
    TG_ENSURE_EMPTY,     /* one object of it goes */
    TG_ENSURE_DELETE,
    TG_ENSURE_GONE, /* is it gone? */
};

struct tg_ensure;

struct tg_ensure_form {
    enum tg_ensure_stage first_for_ensure;
    enum tg_ensure_stage first_for_removal;
    void (*ask)(struct tg_ensure *ensure);
    void (*take)(struct tg_ensure *ensure);
};

extern const struct tg_ensure_form tg_ensure_gcp;      /* OBJECT on Google Cloud */
extern const struct tg_ensure_form tg_ensure_service;  /* SERVICE */
extern const struct tg_ensure_form tg_ensure_identity; /* SERVICE_IDENTITY */
extern const struct tg_ensure_form tg_ensure_policy;   /* ROLE */
extern const struct tg_ensure_form tg_ensure_k8s;      /* OBJECT on Kubernetes */

struct tg_ensures {
    struct tg_provider_context *context;
    struct tg_ensure *first;
    struct tg_map *groups; /* "apps/v1" to what its discovery said, as text */
    int64_t now_us;
};

struct tg_ensure {
    struct tg_ensure *next;
    struct tg_ensures *owner;
    struct tg_call *call;
    const struct tg_desired *desired; /* the call's */
    const struct tg_ensure_form *form;
    enum tg_ensure_stage stage;
    bool is_removal;
    bool is_over;
    enum tg_ensured outcome; /* what it is once the last question is answered well */

    uint64_t exchange; /* 0: waiting until wake_us */
    int64_t wake_us;
    int status;
    int64_t retry_after_us;
    struct tg_buf body; /* of the answer */

    struct tg_backoff polling;
    struct tg_backoff retrying;
    int64_t failing_since_us; /* -1: not failing */
    char *told;               /* last progress */
    int told_percent;

    /* Google Cloud */
    char operation[320];               /* path of the operation */
    enum tg_ensure_stage after;        /* stage when it is done */
    char *change;                      /* body of CHANGE */
    char *change_mask;                 /* its members */
    bool has_collided;                 /* MAKE was told that it is there already */
    bool has_remade;                   /* what was broken was taken away */
    bool is_refused;                   /* READ was forbidden: MAKE tells whether it is another's */
    bool is_of_project;                /* the bucket, as its project's list says */
    struct tg_gcp_contents contents;   /* of a bucket, one page */
    size_t content_at;                 /* next one to go */
    unsigned long long contents_taken; /* all pages */

    /* Kubernetes */
    struct tg_k8s_resource resource;
    char resource_version[64]; /* before; "" when it was not there */
};

/* Submits a request with a deadline for slow writes; path, body and request move. */
void tg_ensure_submit(struct tg_ensure *ensure, struct tg_http_request *request);

/* Asks the question of that stage now. */
void tg_ensure_go(struct tg_ensure *ensure, enum tg_ensure_stage stage);

/* The server is at work: asks again after a while, for as long as it takes. */
void tg_ensure_wait(struct tg_ensure *ensure, enum tg_ensure_stage stage);

/* Something went wrong that may pass: goes on at that stage after a while, or ends with err when
 * nothing went well for too long. */
void tg_ensure_retry(struct tg_ensure *ensure, enum tg_ensure_stage stage,
                     const struct tg_err *err);

void tg_ensure_finish(struct tg_ensure *ensure, enum tg_ensured ensured);
void tg_ensure_fail(struct tg_ensure *ensure, const struct tg_err *err);

/* Says what is waited for, once. operation may be NULL; percent -1: not known. */
void tg_ensure_tell(struct tg_ensure *ensure, const char *text, const char *operation, int percent);

/* True when the answer's status is 2xx. */
bool tg_ensure_is_ok(const struct tg_ensure *ensure);

#endif
