/* base/heap.h - timer heap ordered by (time, priority, sequence): equal times run in the order they
 * were added.
 *
 * Thread: owner only. Ownership: entries' data pointers are borrowed, never freed here.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_HEAP_H
#define TG_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_heap;

struct tg_heap_entry {
    int64_t time_us;
    int32_t priority; /* smaller first within one time */
    uint64_t id;      /* given by tg_heap_add(); also the tie-break */
    void *data;
};

/* Heap that refuses more than count_max entries by assertion. */
struct tg_heap *tg_heap_new(size_t count_max);
void tg_heap_free(struct tg_heap *heap);
size_t tg_heap_count(const struct tg_heap *heap);

/* Adds an entry and returns its id (never 0, increasing). */
uint64_t tg_heap_add(struct tg_heap *heap, int64_t time_us, int32_t priority, void *data);

/* Removes the entry with this id; false when it is not there (already popped). O(log n). */
bool tg_heap_remove(struct tg_heap *heap, uint64_t id);

/* First entry, or NULL; borrowed until the heap changes. */
const struct tg_heap_entry *tg_heap_peek(const struct tg_heap *heap);

/* Takes the first entry out; false when empty. */
bool tg_heap_pop(struct tg_heap *heap, struct tg_heap_entry *entry);

#endif
