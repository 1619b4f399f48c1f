/* codec/gcp_policy.h - one member of one role in an IAM policy, put in or taken out, and everything
 * else left as it is.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_GCP_POLICY_H
#define TG_CODEC_GCP_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/desired.h"

/* Body of the question for a policy with conditional bindings in it; static. */
#define TG_GCP_POLICY_QUESTION "{\"options\":{\"requestedPolicyVersion\":3}}"

/* Reads a policy and writes the body that gives it back with the member of desired (form ROLE) in
 * it, or out of it when is_removal. *body is NULL when it is so already; the caller frees. Bindings
 * with a condition are another's. False and err (PROTOCOL; INVALID without a member) when it cannot
 * be read. */
bool tg_gcp_write_policy(const struct tg_desired *desired, bool is_removal, const char *json,
                         size_t len, char **body, struct tg_err *err);

#endif
