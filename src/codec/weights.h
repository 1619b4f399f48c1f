/* codec/weights.h - what a bucket holds: objects, bytes, and the shards of a model among them.
 *
 * Source: the names and the index that Hugging Face's safetensors files have: NAME-00001-of-00012
 * .safetensors, and NAME.safetensors.index.json with weight_map and metadata.total_size.
 *
 * Thread: a worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_WEIGHTS_H
#define TG_CODEC_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/obj.h"

#define TG_WEIGHTS_SHARDS_MAX 4096
#define TG_WEIGHTS_INDEX      "model.safetensors.index.json"

struct tg_bucket_contents {
    int64_t count;
    int64_t bytes;
    struct tg_weights weights; /* by the names */
    bool has_index;
    char index_generation[32]; /* "" when it was not told */
};

/* A bucket's list of objects. */
bool tg_weights_decode_objects(const char *json, size_t len, struct tg_bucket_contents *contents,
                               struct tg_err *err);

/* The index: how many shards it names, and their bytes (0: not told). False (PROTOCOL, LIMIT) when
 * it is none. */
bool tg_weights_decode_index(const char *json, size_t len, int *shards, int64_t *bytes,
                             struct tg_err *err);

#endif
