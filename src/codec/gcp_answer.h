/* codec/gcp_answer.h - what Google's APIs say of requests that change something: refusals and
 * long-running operations.
 *
 * Thread: a worker's. Ownership: values; nothing to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_GCP_ANSWER_H
#define TG_CODEC_GCP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/desired.h"

enum tg_gcp_remedy {
    TG_GCP_NO_REMEDY, /* it stays so until somebody acts */
    TG_GCP_RETRY,     /* nothing was done, and the same request may succeed soon */
    TG_GCP_WAIT,      /* another operation is under way on it, which the server says will end */
    TG_GCP_REREAD,    /* it is there already, or somebody changed it first */
};

/* Error of an HTTP status with Google's error body, or any text, typed: DISABLED names the API
 * first, IN_USE is "in use by PATH" when the server tells a path, QUOTA and STOCKOUT are told from
 * the ordinary refusals. Returns what may help. */
enum tg_gcp_remedy tg_gcp_decode_failure(int http_status, const char *body, size_t len,
                                         struct tg_err *err);

/* The error alone, for those who only read. */
void tg_gcp_decode_error(int http_status, const char *body, size_t len, struct tg_err *err);

/* What a message comes to: GKE puts the cause behind the count of instances. Borrowed from it. */
const char *tg_gcp_gist(const char *message);

/* QUOTA, STOCKOUT or IN_USE when text speaks of one; NONE otherwise. */
enum tg_code tg_gcp_code_of_text(const char *text);

struct tg_gcp_operation {
    bool is_done;
    int percent;       /* -1: not told */
    char path[320];    /* below the API's base path; "" when there is nothing to follow */
    char text[192];    /* "CREATE_NODE_POOL RUNNING: nodes total 1, nodes done 0" */
    struct tg_err err; /* done, and failed */
};

/* Reads the answer to a request that changes something, or to the question how it goes. False
 * without an error when the answer is no operation: the change is made. False with err (PROTOCOL)
 * when it cannot be read. */
bool tg_gcp_read_operation(const struct tg_desired *desired, const char *json, size_t len,
                           struct tg_gcp_operation *operation, struct tg_err *err);

#endif
