/* base/map.c - a treap whose shape follows from its keys alone, threaded in key order. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

#define MAP_MAGIC UINT32_C(0x4d415050)

struct tg_map_node {
    struct tg_map_node *left;
    struct tg_map_node *right;
    struct tg_map_node *before; /* in key order */
    struct tg_map_node *after;
    uint64_t priority;
    void *value;
    char key[];
};

struct tg_map {
    uint32_t magic;
    size_t count;
    struct tg_map_node *root;
    struct tg_map_node *first;
    void (*free_value)(void *value);
};

struct tg_map *tg_map_new(void (*free_value)(void *value))
{
    struct tg_map *map = TG_NEW(struct tg_map);

    map->magic = MAP_MAGIC;
    map->free_value = free_value;
    return map;
}

void tg_map_free(struct tg_map *map)
{
    if (map == NULL) {
        return;
    }
    tg_map_clear(map);
    map->magic = 0;
    free(map);
}

static void release_value(const struct tg_map *map, void *value)
{
    if (map->free_value != NULL) {
        map->free_value(value);
    }
}

void tg_map_clear(struct tg_map *map)
{
    struct tg_map_node *node = NULL;

    TG_MAGIC_CHECK(map, MAP_MAGIC);
    node = map->first;
    map->root = NULL;
    map->first = NULL;
    map->count = 0;
    while (node != NULL) {
        struct tg_map_node *after = node->after;

        release_value(map, node->value);
        free(node);
        node = after;
    }
}

size_t tg_map_count(const struct tg_map *map)
{
    TG_MAGIC_CHECK(map, MAP_MAGIC);
    return map->count;
}

static struct tg_map_node *find(const struct tg_map *map, const char *key)
{
    struct tg_map_node *node = NULL;

    TG_MAGIC_CHECK(map, MAP_MAGIC);
    tg_assert(key != NULL);
    node = map->root;
    while (node != NULL) {
        int order = strcmp(key, node->key);

        if (order == 0) {
            break;
        }
        node = order < 0 ? node->left : node->right;
    }
    return node;
}

void *tg_map_get(const struct tg_map *map, const char *key)
{
    const struct tg_map_node *node = find(map, key);

    return node == NULL ? NULL : node->value;
}

/* FNV alone keeps neighbours of similar keys close; the mix makes the priorities look random. */
static uint64_t priority_of(const char *key)
{
    uint64_t hash = tg_hash_str(key);

    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

/* Splits a tree at key, which is not in it, into what is smaller and what is greater. */
static void split(struct tg_map_node *tree, const char *key, struct tg_map_node **smaller,
                  struct tg_map_node **greater)
{
    while (tree != NULL) {
        if (strcmp(tree->key, key) < 0) {
            *smaller = tree;
            smaller = &tree->right;
            tree = tree->right;
        } else {
            *greater = tree;
            greater = &tree->left;
            tree = tree->left;
        }
    }
    *smaller = NULL;
    *greater = NULL;
}

static void thread_in(struct tg_map *map, struct tg_map_node *node, struct tg_map_node *before,
                      struct tg_map_node *after)
{
    node->before = before;
    node->after = after;
    if (before == NULL) {
        map->first = node;
    } else {
        before->after = node;
    }
    if (after != NULL) {
        after->before = node;
    }
}

static void insert(struct tg_map *map, const char *key, void *value)
{
    size_t key_len = strlen(key);
    struct tg_map_node *node = tg_calloc(1, sizeof(*node) + key_len + 1);
    struct tg_map_node **link = &map->root;
    struct tg_map_node *before = NULL;
    struct tg_map_node *after = NULL;
    struct tg_map_node **place = NULL;

    memcpy(node->key, key, key_len + 1);
    node->value = value;
    node->priority = priority_of(key);
    while (*link != NULL) {
        if (place == NULL && (*link)->priority < node->priority) {
            place = link;
        }
        if (strcmp(key, (*link)->key) < 0) {
            after = *link;
            link = &after->left;
        } else {
            before = *link;
            link = &before->right;
        }
    }
    if (place == NULL) {
        place = link;
    }
    split(*place, key, &node->left, &node->right);
    *place = node;
    thread_in(map, node, before, after);
    map->count++;
}

bool tg_map_put(struct tg_map *map, const char *key, void *value)
{
    struct tg_map_node *node = find(map, key);

    tg_assert(value != NULL);
    if (node == NULL) {
        insert(map, key, value);
        return true;
    }
    if (node->value != value) {
        void *old = node->value;

        node->value = value;
        release_value(map, old);
    }
    return false;
}

static struct tg_map_node *merge(struct tg_map_node *smaller, struct tg_map_node *greater)
{
    struct tg_map_node *root = NULL;
    struct tg_map_node **link = &root;

    while (smaller != NULL && greater != NULL) {
        if (smaller->priority >= greater->priority) {
            *link = smaller;
            link = &smaller->right;
            smaller = smaller->right;
        } else {
            *link = greater;
            link = &greater->left;
            greater = greater->left;
        }
    }
    *link = smaller != NULL ? smaller : greater;
    return root;
}

void *tg_map_take(struct tg_map *map, const char *key)
{
    struct tg_map_node *node = find(map, key);
    struct tg_map_node **link = &map->root;
    void *value = NULL;

    if (node == NULL) {
        return NULL;
    }
    while (*link != node) {
        link = strcmp(key, (*link)->key) < 0 ? &(*link)->left : &(*link)->right;
    }
    *link = merge(node->left, node->right);
    if (node->before == NULL) {
        map->first = node->after;
    } else {
        node->before->after = node->after;
    }
    if (node->after != NULL) {
        node->after->before = node->before;
    }
    tg_assert(map->count > 0);
    map->count--;
    value = node->value;
    free(node);
    return value;
}

bool tg_map_remove(struct tg_map *map, const char *key)
{
    void *value = tg_map_take(map, key);

    if (value == NULL) {
        return false;
    }
    release_value(map, value);
    return true;
}

const struct tg_map_node *tg_map_first(const struct tg_map *map)
{
    TG_MAGIC_CHECK(map, MAP_MAGIC);
    return map->first;
}

const struct tg_map_node *tg_map_next(const struct tg_map_node *node)
{
    tg_assert(node != NULL);
    return node->after;
}

const struct tg_map_node *tg_map_at_or_after(const struct tg_map *map, const char *key)
{
    const struct tg_map_node *found = NULL;
    const struct tg_map_node *node = NULL;

    TG_MAGIC_CHECK(map, MAP_MAGIC);
    tg_assert(key != NULL);
    node = map->root;
    while (node != NULL) {
        if (strcmp(node->key, key) >= 0) {
            found = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return found;
}

const char *tg_map_node_key(const struct tg_map_node *node)
{
    tg_assert(node != NULL);
    return node->key;
}

void *tg_map_node_value(const struct tg_map_node *node)
{
    tg_assert(node != NULL);
    return node->value;
}
