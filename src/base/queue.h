/* base/queue.h - bounded queue from many producer threads to one consumer; messages move, nothing
 * is shared.
 *
 * tg_queue_push() blocks a producer while the queue is full (that is the back-pressure: its sockets
 * are not read meanwhile) and never drops. Closing wakes every blocked producer and makes further
 * pushes fail, so that a shutdown cannot hang. The eventfd becomes readable when there is something
 * to take: poll it, then take until empty.
 *
 * Thread: push from any; take, fd and close from the consumer (close also from a third thread).
 * Ownership: a pushed item belongs to the queue, a taken one to the caller; after a failed push it
 * stays the caller's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_QUEUE_H
#define TG_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct tg_queue;

/* free_item frees what is left when the queue is freed. */
struct tg_queue *tg_queue_new(size_t count_max, void (*free_item)(void *item));
void tg_queue_free(struct tg_queue *queue);

/* False when the queue is closed; the item then stays the caller's. */
bool tg_queue_push(struct tg_queue *queue, void *item);

/* Like push but never blocks: false when full or closed. */
bool tg_queue_try_push(struct tg_queue *queue, void *item);

/* The oldest item, or NULL when there is none. Never blocks. */
void *tg_queue_take(struct tg_queue *queue);

/* File descriptor that polls readable while items wait; owned by the queue. */
int tg_queue_fd(const struct tg_queue *queue);
void tg_queue_close(struct tg_queue *queue);

/* Items waiting now, and the most that ever waited. */
size_t tg_queue_count(struct tg_queue *queue);
size_t tg_queue_high_water(struct tg_queue *queue);

#endif
