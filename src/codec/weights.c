/* codec/weights.c - shards by their names, and the index that names them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"

#define SUFFIX ".safetensors"
#define DIGITS 5

/* Five digits at text; -1 when they are none. */
static int number_at(const char *text)
{
    int value = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + text[i] - '0';
    }
    return value;
}

/* "model-00003-of-00012.safetensors" is the third of twelve; "model.safetensors" the only one. */
static bool read_name(const char *name, int *number, int *total)
{
    static const char of[] = "-of-";
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    size_t len = strlen(file);
    size_t tail = 1 + DIGITS + sizeof(of) - 1 + DIGITS + sizeof(SUFFIX) - 1;
    if (tg_str_eq(file, "model" SUFFIX)) {
        *number = *total = 1;
        return true;
    }
    if (len < tail || !tg_str_has_suffix(file, SUFFIX)) {
        return false;
    }
    const char *at = file + len - tail;
    *number = number_at(at + 1);
    *total = number_at(at + 1 + DIGITS + sizeof(of) - 1);
    return at[0] == '-' && strncmp(at + 1 + DIGITS, of, sizeof(of) - 1) == 0 && *number >= 1 &&
           *number <= *total && *total <= TG_WEIGHTS_SHARDS_MAX;
}

static void add_object(struct tg_bucket_contents *contents, const json_t *item, bool *seen)
{
    const char *name = tg_json_text(item, "name");
    int64_t size = tg_json_int(item, "size", 0);
    int number = 0;
    int total = 0;
    size = size > 0 ? size : 0;
    contents->bytes += size < INT64_MAX - contents->bytes ? size : 0;
    if (read_name(name, &number, &total)) {
        contents->weights.judge = TG_WEIGHTS_BY_NAMES;
        contents->weights.shards += seen[number] ? 0 : 1;
        contents->weights.bytes += size < INT64_MAX - contents->weights.bytes ? size : 0;
        seen[number] = true;
        if (total > contents->weights.shards_expected) {
            contents->weights.shards_expected = total;
        }
    } else if (tg_str_eq(name, TG_WEIGHTS_INDEX)) {
        contents->has_index = true;
        tg_str_copy(contents->index_generation, sizeof(contents->index_generation),
                    tg_json_text(item, "generation"));
    }
}

bool tg_weights_decode_objects(const char *json, size_t len, struct tg_bucket_contents *contents,
                               struct tg_err *err)
{
    struct tg_json document = {0};
    *contents = (struct tg_bucket_contents){.count = 0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *items = json_object_get(document.root, "items");
    bool *seen = tg_calloc(TG_WEIGHTS_SHARDS_MAX + 1, sizeof(*seen));
    contents->count = (int64_t)json_array_size(items);
    for (size_t i = 0; i < json_array_size(items); i++) {
        add_object(contents, json_array_get(items, i), seen);
    }
    free(seen);
    tg_json_release(&document);
    return true;
}

bool tg_weights_decode_index(const char *json, size_t len, int *shards, int64_t *bytes,
                             struct tg_err *err)
{
    struct tg_json document = {0};
    *shards = 0;
    *bytes = 0;
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    bool *seen = tg_calloc(TG_WEIGHTS_SHARDS_MAX + 1, sizeof(*seen));
    json_t *map = json_object_get(document.root, "weight_map");
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value)
    {
        int number = 0;
        int total = 0;
        const char *name = json_string_value(value);
        if (name != NULL && read_name(name, &number, &total)) {
            *shards += seen[number] ? 0 : 1;
            seen[number] = true;
        }
    }
    int64_t told = tg_json_int(document.root, "metadata/total_size", 0);
    *bytes = told > 0 ? told : 0;
    free(seen);
    tg_json_release(&document);
    return *shards > 0 || tg_err_set(err, TG_CODE_PROTOCOL, 0, "the index names no shard");
}
