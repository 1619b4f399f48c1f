/* codec/metrics.h - Prometheus text of a vLLM replica to the few figures that are shown.
 *
 * Thread: a worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_METRICS_H
#define TG_CODEC_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/msg.h"

/* Sums each metric over its labels; names are matched whole. False when none of them is in the
 * text. */
bool tg_metrics_decode(const char *text, size_t len, struct tg_replica_metrics *metrics);

#endif
