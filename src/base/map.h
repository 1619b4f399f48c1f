/* base/map.h - map from text keys to pointers, kept in byte order of the keys (never pointer or
 * hash order).
 *
 * Lookup, insertion and removal are O(log n). Iteration order is the same on every machine and
 * every run.
 *
 * Thread: owner only. Ownership: keys are copied; values belong to the map when free_value was
 * given.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_MAP_H
#define TG_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct tg_map;
struct tg_map_node;

/* New empty map; free_value (may be NULL) is called for a value that is replaced, removed or left
 * at the end. */
struct tg_map *tg_map_new(void (*free_value)(void *value));
void tg_map_free(struct tg_map *map);
void tg_map_clear(struct tg_map *map);
size_t tg_map_count(const struct tg_map *map);

/* The value of key, or NULL; borrowed. */
void *tg_map_get(const struct tg_map *map, const char *key);

/* Sets key to value (not NULL). Returns true when the key is new. */
bool tg_map_put(struct tg_map *map, const char *key, void *value);

/* Removes key, freeing its value. False when there was none. */
bool tg_map_remove(struct tg_map *map, const char *key);

/* Removes key and hands its value to the caller; NULL when there was none. */
void *tg_map_take(struct tg_map *map, const char *key);

/* Iteration in key order; nodes are valid until the map changes.
 *   for (n = tg_map_first(m); n != NULL; n = tg_map_next(n)) ...
 * tg_map_at_or_after() gives the first node whose key is >= key. */
const struct tg_map_node *tg_map_first(const struct tg_map *map);
const struct tg_map_node *tg_map_next(const struct tg_map_node *node);
const struct tg_map_node *tg_map_at_or_after(const struct tg_map *map, const char *key);
const char *tg_map_node_key(const struct tg_map_node *node);
void *tg_map_node_value(const struct tg_map_node *node);

#endif
