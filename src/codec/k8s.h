/* codec/k8s.h - Kubernetes JSON to observed objects, watch lines and errors.
 *
 * Thread: a worker's. Ownership: objects returned have one reference, the caller's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_H
#define TG_CODEC_K8S_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/obj.h"

/* One object; NULL and err (PROTOCOL) when it is not one of that kind. */
struct tg_obj *tg_k8s_decode(enum tg_kind kind, const char *json, size_t len, struct tg_err *err);

/* One page of a list. */
struct tg_k8s_list {
    struct tg_obj **items; /* the caller's, with their references */
    size_t count;
    uint64_t rejected; /* documents in it that could not be decoded */
    char resource_version[64];
    char *continue_token; /* NULL on the last page; the caller frees */
};
bool tg_k8s_decode_list(enum tg_kind kind, const char *json, size_t len, struct tg_k8s_list *list,
                        struct tg_err *err);

enum tg_k8s_watch_type {
    TG_K8S_ADDED,
    TG_K8S_MODIFIED,
    TG_K8S_DELETED,
    TG_K8S_BOOKMARK,
    TG_K8S_ERROR,
    TG_K8S_OTHER, /* a type we do not know: ignored */
};

struct tg_k8s_watch_line {
    enum tg_k8s_watch_type type;
    struct tg_obj *obj; /* ADDED, MODIFIED, DELETED; the caller's */
    char resource_version[64];
    struct tg_err err; /* ERROR: what the Status says */
};

/* One line of a watch. False (PROTOCOL) when the line is malformed; the resourceVersion must not
 * move then. */
bool tg_k8s_decode_watch_line(enum tg_kind kind, const char *json, size_t len,
                              struct tg_k8s_watch_line *line, struct tg_err *err);

/* Error for an HTTP status with its body, which may be a Status object or any text. */
void tg_k8s_decode_status(int http_status, const char *body, size_t len, struct tg_err *err);

/* status.allowed of a SelfSubjectAccessReview. */
bool tg_k8s_decode_allowed(const char *json, size_t len, struct tg_err *err);

/* Object as readable lines (YAML's look), without managedFields, and without the data of Secrets.
 * The caller frees. */
char *tg_k8s_text(const char *json, size_t len, struct tg_err *err);

#endif
