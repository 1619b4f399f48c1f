/* codec/question.h - questions of model/question.def as requests, and their answers as facts.
 *
 * Facts, by question:
 *
 * IDENTITY: "email".
 *
 * PERMISSIONS: each permission that the caller has.
 *
 * POLICY: each member ("user:..."); text: its role.
 *
 * BILLING: "enabled", number: 0 or 1; text: the billing account.
 *
 * QUOTA, QUOTA_INFO: each region ("": every region); text: the TPU family; number: chips (-1: no
 * limit).
 *
 * REGION: each metric ("CPUS"); number: what is left of it.
 *
 * MACHINE_TYPE: the type; number: CPUs.
 *
 * HEALTH_CHECKS: each check; text: "/health:8000 every 5 s, timeout 5 s, 2 up, 2 down"; number: 1
 * when it asks /health.
 *
 * FORWARDING_RULES to DISKS: "us-east5-b/NAME"; text: the network or, where there is none, the
 * cluster that it was made for.
 *
 * HUB_IDENTITY: "name"; "role", when the token says one.
 *
 * HUB_REPOSITORY: none: that it was answered is all.
 *
 * Thread: a worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_QUESTION_H
#define TG_CODEC_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/msg.h"

/* Body of the request; NULL when it has none. The caller frees. */
char *tg_question_write(const struct tg_call *call);

/* Reads the whole answer with this status. False and err: of Google's as tg_gcp_decode_failure()
 * types them; of the hub's UNAUTHORIZED (the token is not valid) and FORBIDDEN (it is, but may not
 * read this), else by status. */
bool tg_question_read(enum tg_question question, int status, const char *body, size_t len,
                      struct tg_facts *facts, struct tg_err *err);

#endif
