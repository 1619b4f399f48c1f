/* model/tool.h - a program that a run starts for its user (terraform, gcloud, kubectl, helm): what
 * is ordered of it, and what it says.
 *
 * Thread: made by one thread, moved to another; owner only. Texts of lines come sanitised of escape
 * sequences and secrets from codec/tool_output.h, and are still made safe once more where a
 * terminal is written.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_TOOL_H
#define TG_MODEL_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "model/desired.h"

enum tg_tool_order_kind {
    TG_TOOL_NOTHING,
    TG_TOOL_START,
    TG_TOOL_INTERRUPT, /* as Ctrl-C does, to all that it started */
    TG_TOOL_TERMINATE,
    TG_TOOL_KILL,
};

struct tg_tool_order {
    enum tg_tool_order_kind kind;
    uint64_t id;                    /* of the program, given by who orders, never 0 */
    char *script;                   /* START: for a POSIX shell */
    const struct tg_secret *secret; /* START: what $HF_TOKEN_FILE names; borrowed; NULL: none */
};

enum tg_tool_action {
    TG_TOOL_SAYS,     /* a line of text and nothing else */
    TG_TOOL_PLANS,    /* a resource will be changed */
    TG_TOOL_BEGINS,   /* the change is under way */
    TG_TOOL_GOES_ON,  /* so many seconds already */
    TG_TOOL_FINISHED, /* the change is done */
    TG_TOOL_FAILED,   /* the change was refused; why comes as a complaint of its own */
    TG_TOOL_LOCKED,   /* terraform's state is held by another one */
};

struct tg_tool_line {
    enum tg_tool_action action;
    bool is_complaint;       /* an error in the program's own words */
    char *text;              /* never NULL */
    char *resource;          /* Terraform's address of it; NULL when the line is about none */
    enum tg_ensured ensured; /* what comes of the resource: CREATED, CHANGED, REMOVED */
    int seconds;             /* GOES_ON, FINISHED */
};

/* How a program ended. */
struct tg_tool_end {
    int status;        /* its exit status; -1 when a signal ended it, or it could not be started */
    int signal;        /* 0: none */
    struct tg_err err; /* it could not be started, or waited for */
};

#endif
