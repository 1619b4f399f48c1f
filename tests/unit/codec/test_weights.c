/* tests/unit/codec/test_weights.c - what a bucket holds, and of how many shards. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "codec/weights.h"
#include "tests/unit/codec/quoted.h"

static struct tg_bucket_contents contents_of(const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_bucket_contents contents;
    char *json = quoted(text);
    cr_assert(tg_weights_decode_objects(json, strlen(json), &contents, &err), "%s", err.msg);
    free(json);
    return contents;
}

Test(weights, objects_of_a_bucket_are_counted_and_summed)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_bucket_contents contents = contents_of(
        "{'items':[{'name':'a','size':'5368709120'},{'name':'b','size':'1'},{'name':'c'}]}");
    cr_assert_eq(contents.count, 3);
    cr_assert_eq(contents.bytes, INT64_C(5368709121));
    cr_assert_eq(contents.weights.judge, TG_WEIGHTS_UNJUDGED);
    cr_assert_not(tg_weights_are_complete(&contents.weights));
    contents = contents_of("{}");
    cr_assert_eq(contents.count, 0);
    cr_assert_eq(contents.bytes, 0);
    cr_assert_not(tg_weights_decode_objects("", 0, &contents, &err));
}

/* Each counts once, wherever it lies; what only looks like one does not. */
Test(weights, shards_are_told_by_their_names)
{
    struct tg_bucket_contents contents =
        contents_of("{'items':[{'name':'model-00001-of-00003.safetensors','size':'10'},"
                    "{'name':'x/model-00003-of-00003.safetensors','size':'5'},"
                    "{'name':'old/model-00003-of-00003.safetensors','size':'5'},"
                    "{'name':'model-00004-of-00003.safetensors','size':'100'},"
                    "{'name':'model-00000-of-00003.safetensors','size':'100'},"
                    "{'name':'model-00002-of-00003.safetensors.incomplete','size':'100'},"
                    "{'name':'model-0000x-of-00003.safetensors','size':'100'},"
                    "{'name':'-00002-of-99999.safetensors','size':'-7'},"
                    "{'name':'model.safetensors.index.json','generation':'17'}]}");
    cr_assert_eq(contents.weights.judge, TG_WEIGHTS_BY_NAMES);
    cr_assert_eq(contents.weights.shards, 2);
    cr_assert_eq(contents.weights.shards_expected, 3);
    cr_assert_eq(contents.weights.bytes, 20);
    cr_assert(contents.has_index);
    cr_assert_str_eq(contents.index_generation, "17");
    cr_assert_not(tg_weights_are_complete(&contents.weights));
    contents.weights.shards = 3;
    cr_assert(tg_weights_are_complete(&contents.weights));
    contents.weights.bytes_expected = 21;
    cr_assert_not(tg_weights_are_complete(&contents.weights), "one is cut off");
    contents = contents_of("{'items':[{'name':'model.safetensors','size':'10'}]}");
    cr_assert(tg_weights_are_complete(&contents.weights));
}

static bool index_of(const char *text, int *shards, int64_t *bytes)
{
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    bool is_ok = tg_weights_decode_index(json, strlen(json), shards, bytes, &err);
    free(json);
    return is_ok;
}

Test(weights, the_index_names_every_shard)
{
    int shards = 0;
    int64_t bytes = 0;
    cr_assert(index_of("{'metadata':{'total_size':54000},'weight_map':{"
                       "'a':'model-00001-of-00002.safetensors',"
                       "'b':'model-00002-of-00002.safetensors',"
                       "'c':'model-00002-of-00002.safetensors','d':7}}",
                       &shards, &bytes));
    cr_assert_eq(shards, 2);
    cr_assert_eq(bytes, 54000);
    cr_assert(index_of("{'weight_map':{'a':'model-00001-of-00002.safetensors'}}", &shards, &bytes));
    cr_assert_eq(bytes, 0);
    cr_assert_not(index_of("{'weight_map':{}}", &shards, &bytes));
    cr_assert_not(index_of("{'weight_map':'x'}", &shards, &bytes));
    cr_assert_not(index_of("[]", &shards, &bytes));
    cr_assert_not(index_of("not JSON", &shards, &bytes));
}
