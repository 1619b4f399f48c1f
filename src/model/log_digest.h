/* model/log_digest.h - what a container's log says so far, in a few fields: how far it is, and its
 * last lines.
 *
 * Filled by codec/log_digest.h from lines of the lab's download script and of vLLM. Texts are clean
 * for a terminal and hold no token of Hugging Face's.
 *
 * Thread: values.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_LOG_DIGEST_H
#define TG_MODEL_LOG_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum tg_log_phase {
    TG_LOG_NOTHING, /* no line told of a phase yet */
    TG_LOG_SETUP,   /* packages are installed, Python imports */
    TG_LOG_DOWNLOAD,
    TG_LOG_DOWNLOAD_OVER, /* the script said so, which proves nothing */
    TG_LOG_DEVICES,       /* chips were found */
    TG_LOG_LOAD,          /* weights are read */
    TG_LOG_COMPILE,       /* XLA */
    TG_LOG_LISTENING,
};

#define TG_LOG_LAST_MAX  5
#define TG_LOG_LINE_SIZE 200
struct tg_log_digest {
    enum tg_log_phase phase;
    int percent; /* of this phase; -1: not told */
    int done;    /* files, shards; of total, when that is above 0 */
    int total;
    char failure[TG_LOG_LINE_SIZE];               /* the last line that names an error; "" none */
    char last[TG_LOG_LAST_MAX][TG_LOG_LINE_SIZE]; /* oldest first */
    int last_count;
    int64_t lines_seen;
    bool is_ended;     /* the log is over: the container is, or it could not be read on */
    struct tg_err err; /* why it could not */
};

#endif
