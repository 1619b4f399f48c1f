/* provider/scrape.h - scrapes the /metrics of model server Pods through the API server's proxy.
 *
 * Knows its Pods from the objects that pass by on their way to the model.
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_SCRAPE_H
#define TG_PROVIDER_SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "provider/context.h"

struct tg_scrape;

struct tg_scrape *tg_scrape_new(struct tg_provider_context *context);
void tg_scrape_free(struct tg_scrape *scrape);

/* Looks at a message that is about to be emitted and keeps the list of Pods current. */
void tg_scrape_observe(struct tg_scrape *scrape, const struct tg_msg *msg);

/* All Pods are due now. */
void tg_scrape_hasten(struct tg_scrape *scrape);

int64_t tg_scrape_step(struct tg_scrape *scrape, int64_t now_us);
bool tg_scrape_event(struct tg_scrape *scrape, const struct tg_transport_event *event,
                     int64_t now_us);

#endif
