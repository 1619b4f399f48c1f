/* base/arena.c - bump allocation in chunks that are kept between frames. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define ARENA_MAGIC    UINT32_C(0x41524e41)
#define CHUNK_SIZE_MIN ((size_t)16 * 1024)

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    max_align_t data[];
};

struct tg_arena {
    uint32_t magic;
    size_t size_max;
    size_t used;
    struct chunk *first;
    struct chunk *current;
};

struct tg_arena *tg_arena_new(size_t size_max)
{
    struct tg_arena *arena = TG_NEW(struct tg_arena);

    tg_assert(size_max > 0 && size_max < SIZE_MAX / 4);
    arena->magic = ARENA_MAGIC;
    arena->size_max = size_max;
    return arena;
}

void tg_arena_wipe(struct tg_arena *arena)
{
    TG_MAGIC_CHECK(arena, ARENA_MAGIC);
    for (struct chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        explicit_bzero(chunk->data, chunk->size);
    }
}

void tg_arena_free(struct tg_arena *arena)
{
    struct chunk *chunk = NULL;

    if (arena == NULL) {
        return;
    }
    TG_MAGIC_CHECK(arena, ARENA_MAGIC);
    chunk = arena->first;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    arena->magic = 0;
    free(arena);
}

void tg_arena_reset(struct tg_arena *arena)
{
    TG_MAGIC_CHECK(arena, ARENA_MAGIC);
    for (struct chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next) {
        chunk->used = 0;
    }
    arena->used = 0;
    arena->current = arena->first;
}

static struct chunk *chunk_add(struct tg_arena *arena, size_t size)
{
    size_t wanted = size > CHUNK_SIZE_MIN ? size : CHUNK_SIZE_MIN;
    struct chunk *chunk = tg_malloc(sizeof(*chunk) + wanted);

    chunk->size = wanted;
    chunk->used = 0;
    if (arena->current == NULL) {
        chunk->next = arena->first;
        arena->first = chunk;
    } else {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    }
    arena->current = chunk;
    return chunk;
}

void *tg_arena_try_alloc(struct tg_arena *arena, size_t size)
{
    const size_t align = sizeof(max_align_t);
    struct chunk *chunk = NULL;
    size_t rounded = 0;
    char *block = NULL;

    TG_MAGIC_CHECK(arena, ARENA_MAGIC);
    if (size > arena->size_max - arena->used) {
        return NULL;
    }
    rounded = (size + align - 1) / align * align;
    chunk = arena->current;
    while (chunk != NULL && chunk->size - chunk->used < rounded && chunk->next != NULL) {
        chunk = chunk->next;
        arena->current = chunk;
    }
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = chunk_add(arena, rounded);
    }
    block = (char *)chunk->data + chunk->used;
    chunk->used += rounded;
    arena->used += size;
    return block;
}

void *tg_arena_alloc(struct tg_arena *arena, size_t size)
{
    void *block = tg_arena_try_alloc(arena, size);

    tg_assert(block != NULL);
    return memset(block, 0, size);
}

char *tg_arena_strdup(struct tg_arena *arena, const char *text)
{
    size_t len = 0;

    tg_assert(text != NULL);
    len = strlen(text);
    return memcpy(tg_arena_alloc(arena, len + 1), text, len + 1);
}

char *tg_arena_printf(struct tg_arena *arena, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    char *copy = NULL;

    va_start(args, format);
    text = tg_vasprintf(format, args);
    va_end(args);
    copy = tg_arena_strdup(arena, text);
    free(text);
    return copy;
}
