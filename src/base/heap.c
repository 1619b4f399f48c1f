/* base/heap.c - binary heap of timers, with an index from id to place. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/heap.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

#define HEAP_MAGIC         UINT32_C(0x48454150)
#define BUCKET_COUNT_FIRST 64

struct node {
    struct tg_heap_entry entry;
    size_t place;      /* index in nodes */
    struct node *next; /* in its bucket */
};

struct tg_heap {
    uint32_t magic;
    size_t count_max;
    size_t count;
    size_t cap;
    struct node **nodes;
    size_t bucket_count; /* a power of two */
    struct node **buckets;
    uint64_t id_last;
};

struct tg_heap *tg_heap_new(size_t count_max)
{
    struct tg_heap *heap = TG_NEW(struct tg_heap);

    tg_assert(count_max > 0);
    heap->magic = HEAP_MAGIC;
    heap->count_max = count_max;
    heap->bucket_count = BUCKET_COUNT_FIRST;
    heap->buckets = tg_calloc(heap->bucket_count, sizeof(struct node *));
    return heap;
}

void tg_heap_free(struct tg_heap *heap)
{
    if (heap == NULL) {
        return;
    }
    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    for (size_t i = 0; i < heap->count; i++) {
        free(heap->nodes[i]);
    }
    free(heap->nodes);
    free(heap->buckets);
    heap->magic = 0;
    free(heap);
}

size_t tg_heap_count(const struct tg_heap *heap)
{
    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    return heap->count;
}

static bool is_before(const struct tg_heap_entry *a, const struct tg_heap_entry *b)
{
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us;
    }
    if (a->priority != b->priority) {
        return a->priority < b->priority;
    }
    return a->id < b->id;
}

static void set_place(struct tg_heap *heap, size_t place, struct node *node)
{
    heap->nodes[place] = node;
    node->place = place;
}

static void sift_up(struct tg_heap *heap, struct node *node)
{
    size_t place = node->place;

    while (place > 0) {
        struct node *parent = heap->nodes[(place - 1) / 2];

        if (!is_before(&node->entry, &parent->entry)) {
            break;
        }
        set_place(heap, place, parent);
        place = (place - 1) / 2;
    }
    set_place(heap, place, node);
}

static void sift_down(struct tg_heap *heap, struct node *node)
{
    size_t place = node->place;

    for (;;) {
        size_t child = place * 2 + 1;

        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count &&
            is_before(&heap->nodes[child + 1]->entry, &heap->nodes[child]->entry)) {
            child++;
        }
        if (!is_before(&heap->nodes[child]->entry, &node->entry)) {
            break;
        }
        set_place(heap, place, heap->nodes[child]);
        place = child;
    }
    set_place(heap, place, node);
}

/* Ids count up, so that their low bits spread evenly over the buckets. */
static struct node **bucket_of(struct tg_heap *heap, uint64_t id)
{
    return &heap->buckets[id & (heap->bucket_count - 1)];
}

static void buckets_grow(struct tg_heap *heap)
{
    free(heap->buckets);
    heap->bucket_count *= 2;
    heap->buckets = tg_calloc(heap->bucket_count, sizeof(struct node *));
    for (size_t i = 0; i < heap->count; i++) {
        struct node **bucket = bucket_of(heap, heap->nodes[i]->entry.id);

        heap->nodes[i]->next = *bucket;
        *bucket = heap->nodes[i];
    }
}

uint64_t tg_heap_add(struct tg_heap *heap, int64_t time_us, int32_t priority, void *data)
{
    struct node *node = NULL;
    struct node **bucket = NULL;

    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    tg_assert(heap->count < heap->count_max);
    if (heap->count == heap->cap) {
        heap->cap = heap->cap == 0 ? 64 : heap->cap * 2;
        heap->nodes = tg_realloc_array(heap->nodes, heap->cap, sizeof(struct node *));
    }
    if (heap->count == heap->bucket_count) {
        buckets_grow(heap);
    }
    node = TG_NEW(struct node);
    node->entry = (struct tg_heap_entry){time_us, priority, ++heap->id_last, data};
    bucket = bucket_of(heap, node->entry.id);
    node->next = *bucket;
    *bucket = node;
    node->place = heap->count++;
    sift_up(heap, node);
    return node->entry.id;
}

/* Takes the node out of tree and index; the caller frees it. */
static void detach(struct tg_heap *heap, struct node *node)
{
    struct node **link = bucket_of(heap, node->entry.id);
    struct node *last = heap->nodes[--heap->count];

    tg_assert(heap->nodes[node->place] == node || last == node);
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    if (last != node) {
        set_place(heap, node->place, last);
        sift_up(heap, last);
        sift_down(heap, last);
    }
}

bool tg_heap_remove(struct tg_heap *heap, uint64_t id)
{
    struct node *node = NULL;

    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    node = *bucket_of(heap, id);
    while (node != NULL && node->entry.id != id) {
        node = node->next;
    }
    if (node == NULL) {
        return false;
    }
    detach(heap, node);
    free(node);
    return true;
}

const struct tg_heap_entry *tg_heap_peek(const struct tg_heap *heap)
{
    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    return heap->count == 0 ? NULL : &heap->nodes[0]->entry;
}

bool tg_heap_pop(struct tg_heap *heap, struct tg_heap_entry *entry)
{
    struct node *node = NULL;

    TG_MAGIC_CHECK(heap, HEAP_MAGIC);
    tg_assert(entry != NULL);
    if (heap->count == 0) {
        return false;
    }
    node = heap->nodes[0];
    *entry = node->entry;
    detach(heap, node);
    free(node);
    return true;
}
