/* base/queue.c - a ring behind a mutex, with an eventfd for whoever polls. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/queue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

#define QUEUE_MAGIC UINT32_C(0x51554555)

struct tg_queue {
    uint32_t magic;
    int fd;
    size_t count_max;
    void (*free_item)(void *item);
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    /* under lock */
    void **items;
    size_t first;
    size_t count;
    size_t high_water;
    bool is_closed;
};

struct tg_queue *tg_queue_new(size_t count_max, void (*free_item)(void *item))
{
    struct tg_queue *queue = TG_NEW(struct tg_queue);

    tg_assert(count_max > 0);
    queue->magic = QUEUE_MAGIC;
    queue->count_max = count_max;
    queue->free_item = free_item;
    queue->items = tg_calloc(count_max, sizeof(*queue->items));
    queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tg_assert(queue->fd >= 0);
    tg_assert(pthread_mutex_init(&queue->lock, NULL) == 0);
    tg_assert(pthread_cond_init(&queue->has_room, NULL) == 0);
    return queue;
}

void tg_queue_free(struct tg_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    for (size_t i = 0; i < queue->count && queue->free_item != NULL; i++) {
        queue->free_item(queue->items[(queue->first + i) % queue->count_max]);
    }
    pthread_cond_destroy(&queue->has_room);
    pthread_mutex_destroy(&queue->lock);
    close(queue->fd);
    free(queue->items);
    queue->magic = 0;
    free(queue);
}

/* The eventfd holds 1 exactly while items wait; both ends change it under the lock. */
static void signal_waiting(struct tg_queue *queue)
{
    uint64_t one = 1;

    tg_assert(write(queue->fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

static void clear_waiting(struct tg_queue *queue)
{
    uint64_t value = 0;

    tg_assert(read(queue->fd, &value, sizeof(value)) == (ssize_t)sizeof(value));
}

static bool push(struct tg_queue *queue, void *item, bool may_block)
{
    bool is_pushed = false;

    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    tg_assert(item != NULL);
    pthread_mutex_lock(&queue->lock);
    while (may_block && !queue->is_closed && queue->count == queue->count_max) {
        pthread_cond_wait(&queue->has_room, &queue->lock);
    }
    if (!queue->is_closed && queue->count < queue->count_max) {
        queue->items[(queue->first + queue->count) % queue->count_max] = item;
        queue->count++;
        if (queue->count > queue->high_water) {
            queue->high_water = queue->count;
        }
        if (queue->count == 1) {
            signal_waiting(queue);
        }
        is_pushed = true;
    }
    pthread_mutex_unlock(&queue->lock);
    return is_pushed;
}

bool tg_queue_push(struct tg_queue *queue, void *item)
{
    return push(queue, item, true);
}

bool tg_queue_try_push(struct tg_queue *queue, void *item)
{
    return push(queue, item, false);
}

void *tg_queue_take(struct tg_queue *queue)
{
    void *item = NULL;

    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    pthread_mutex_lock(&queue->lock);
    if (queue->count > 0) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % queue->count_max;
        queue->count--;
        if (queue->count == 0) {
            clear_waiting(queue);
        }
        pthread_cond_signal(&queue->has_room);
    }
    pthread_mutex_unlock(&queue->lock);
    return item;
}

int tg_queue_fd(const struct tg_queue *queue)
{
    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    return queue->fd;
}

void tg_queue_close(struct tg_queue *queue)
{
    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    pthread_mutex_lock(&queue->lock);
    queue->is_closed = true;
    pthread_cond_broadcast(&queue->has_room);
    pthread_mutex_unlock(&queue->lock);
}

size_t tg_queue_count(struct tg_queue *queue)
{
    size_t count = 0;

    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    pthread_mutex_lock(&queue->lock);
    count = queue->count;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

size_t tg_queue_high_water(struct tg_queue *queue)
{
    size_t high_water = 0;

    TG_MAGIC_CHECK(queue, QUEUE_MAGIC);
    pthread_mutex_lock(&queue->lock);
    high_water = queue->high_water;
    pthread_mutex_unlock(&queue->lock);
    return high_water;
}
