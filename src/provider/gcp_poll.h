/* provider/gcp_poll.h - polls one kind of Google Cloud resource, page by page, at its own pace.
 *
 * Thread: the worker's; instances are independent.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_GCP_POLL_H
#define TG_PROVIDER_GCP_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_gcp_poll;

struct tg_gcp_poll *tg_gcp_poll_new(struct tg_provider_context *context, enum tg_kind kind);
void tg_gcp_poll_free(struct tg_gcp_poll *poll);
/* The next round is due now, unless the server refused the last one or one is under way. */
void tg_gcp_poll_hasten(struct tg_gcp_poll *poll);

int64_t tg_gcp_poll_step(struct tg_gcp_poll *poll, int64_t now_us);
bool tg_gcp_poll_event(struct tg_gcp_poll *poll, const struct tg_transport_event *event,
                       int64_t now_us);

#endif
