/* base/arena.h - bump allocator with a ceiling, for memory that dies together (a frame, a loaded
 * file).
 *
 * Thread: owner only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_ARENA_H
#define TG_BASE_ARENA_H

#include <stddef.h>

struct tg_arena;

/* Arena of at most size_max bytes; passing the ceiling is an assertion failure (size what can be
 * sized by a peer with a struct tg_buf instead). */
struct tg_arena *tg_arena_new(size_t size_max);
void tg_arena_free(struct tg_arena *arena);

/* Forgets everything allocated, keeping the memory. */
void tg_arena_reset(struct tg_arena *arena);

/* Overwrites everything that was allocated: before the free of an arena that held secrets. */
void tg_arena_wipe(struct tg_arena *arena);

/* Zeroed block aligned for any type; lives until reset or free. */
void *tg_arena_alloc(struct tg_arena *arena, size_t size);

/* Block that is not zeroed, or NULL past the ceiling: for what a peer can size. */
void *tg_arena_try_alloc(struct tg_arena *arena, size_t size);
char *tg_arena_strdup(struct tg_arena *arena, const char *text);
char *tg_arena_printf(struct tg_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
