/* tests/unit/base/test_queue.c - order, back-pressure and shutdown with real threads. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/queue.h"

#define PRODUCER_COUNT 4
#define ITEM_COUNT     2000

struct item {
    int producer;
    int number;
};

struct producer {
    pthread_t thread;
    struct tg_queue *queue;
    int number;
    int pushed;
};

static bool is_readable(const struct tg_queue *queue)
{
    struct pollfd poll_fd = {.fd = tg_queue_fd(queue), .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1;
}

/* Waits until there is something, without a clock. */
static void *take_waiting(struct tg_queue *queue)
{
    void *item = NULL;

    while ((item = tg_queue_take(queue)) == NULL) {
        struct pollfd poll_fd = {.fd = tg_queue_fd(queue), .events = POLLIN};

        poll(&poll_fd, 1, -1);
    }
    return item;
}

static void *produce(void *context)
{
    struct producer *producer = context;

    for (int i = 0; i < ITEM_COUNT; i++) {
        struct item *item = TG_NEW(struct item);

        item->producer = producer->number;
        item->number = i;
        if (!tg_queue_push(producer->queue, item)) {
            free(item);
            break;
        }
        producer->pushed++;
    }
    return NULL;
}

Test(queue, keeps_order_and_shows_its_state_on_the_descriptor)
{
    struct tg_queue *queue = tg_queue_new(3, NULL);
    int items[3];

    cr_assert_null(tg_queue_take(queue));
    cr_assert_not(is_readable(queue));
    cr_assert(tg_queue_push(queue, &items[0]));
    cr_assert(is_readable(queue));
    cr_assert(tg_queue_push(queue, &items[1]));
    cr_assert_eq(tg_queue_take(queue), &items[0]);
    cr_assert(is_readable(queue));
    cr_assert(tg_queue_push(queue, &items[2]));
    cr_assert(tg_queue_push(queue, &items[0]));
    cr_assert_not(tg_queue_try_push(queue, &items[1]), "full");
    cr_assert_eq(tg_queue_count(queue), 3);
    cr_assert_eq(tg_queue_take(queue), &items[1]);
    cr_assert_eq(tg_queue_take(queue), &items[2]);
    cr_assert_eq(tg_queue_take(queue), &items[0]);
    cr_assert_not(is_readable(queue));
    cr_assert_eq(tg_queue_high_water(queue), 3);
    tg_queue_free(queue);
}

Test(queue, frees_what_is_left)
{
    struct tg_queue *queue = tg_queue_new(3, free);

    /* The leak check of the sanitized build is the witness. */
    cr_assert(tg_queue_push(queue, tg_strdup("left")));
    cr_assert(tg_queue_push(queue, tg_strdup("over")));
    tg_queue_free(queue);
}

Test(queue, loses_and_reorders_nothing_under_back_pressure)
{
    struct tg_queue *queue = tg_queue_new(7, free);
    struct producer producers[PRODUCER_COUNT];
    int next[PRODUCER_COUNT] = {0};

    for (int i = 0; i < PRODUCER_COUNT; i++) {
        producers[i] = (struct producer){.queue = queue, .number = i};
        cr_assert_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (int i = 0; i < PRODUCER_COUNT * ITEM_COUNT; i++) {
        struct item *item = take_waiting(queue);

        cr_assert_eq(item->number, next[item->producer]);
        next[item->producer]++;
        free(item);
    }
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        pthread_join(producers[i].thread, NULL);
        cr_assert_eq(next[i], ITEM_COUNT);
    }
    cr_assert_null(tg_queue_take(queue));
    cr_assert_leq(tg_queue_high_water(queue), 7);
    tg_queue_free(queue);
}

Test(queue, closing_wakes_blocked_producers)
{
    struct tg_queue *queue = tg_queue_new(2, free);
    struct producer producers[PRODUCER_COUNT];
    int pushed = 0;
    int taken = 0;
    void *item = NULL;

    for (int i = 0; i < PRODUCER_COUNT; i++) {
        producers[i] = (struct producer){.queue = queue, .number = i};
        cr_assert_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    free(take_waiting(queue));
    taken++;
    tg_queue_close(queue);
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        pthread_join(producers[i].thread, NULL);
        pushed += producers[i].pushed;
    }
    cr_assert_not(tg_queue_try_push(queue, &pushed));
    while ((item = tg_queue_take(queue)) != NULL) {
        free(item);
        taken++;
    }
    cr_assert_eq(taken, pushed, "what was pushed before the close can still be taken");
    tg_queue_free(queue);
}
