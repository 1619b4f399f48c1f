/* codec/k8s_apply.h - server-side apply and deletion: what is sent, and what comes back.
 *
 * Thread: a worker's. Ownership: texts returned are the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_APPLY_H
#define TG_CODEC_K8S_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "codec/json_match.h"
#include "model/desired.h"

struct tg_k8s_resource {
    char plural[128];
    bool is_namespaced;
};

/* Looks kind up in an APIResourceList. False without an error when the list lacks it, with err
 * (PROTOCOL) when it cannot be read. */
bool tg_k8s_read_resource(const char *json, size_t len, const char *kind,
                          struct tg_k8s_resource *resource, struct tg_err *err);

/* The body of a server-side apply, as JSON: body and create_body as one, with apiVersion, kind and
 * name. A secret stands in it as data, and nowhere else in memory that this leaves behind: whoever
 * takes the body wipes it. NULL and err (INVALID) when the wanted body is no JSON object. */
char *tg_k8s_write_apply(const struct tg_desired *desired, size_t *len, struct tg_err *err);

/* DeleteOptions: in the background, and only that uid (NULL: whatever it is). */
char *tg_k8s_write_removal(const char *uid);

struct tg_k8s_found {
    char resource_version[64];
    bool is_going;        /* it was deleted, and is still there */
    char finalizers[128]; /* what holds it: "a, b" */
};

/* Reads an object's metadata. */
bool tg_k8s_read_found(const char *json, size_t len, struct tg_k8s_found *found,
                       struct tg_err *err);

/* True when the object is as wanted; else the difference. False with err when it cannot be read. */
bool tg_k8s_match(const struct tg_desired *desired, const char *json, size_t len,
                  struct tg_json_difference *difference, struct tg_err *err);

/* The managers and their fields that a refused apply tells of: CONFLICT, and true. False when the
 * Status tells of none. */
bool tg_k8s_read_owners(const struct tg_desired *desired, const char *json, size_t len,
                        struct tg_err *err);

#endif
