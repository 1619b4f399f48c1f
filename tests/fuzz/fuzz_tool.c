/* fuzz/fuzz_tool.c - what a program writes to its terminal: however it is cut, the lines are the
 * same, and nothing in them commands a terminal. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/tool_output.h"
#include "tests/fuzz/fuzz.h"

struct sum {
    uint64_t hash;
    size_t count;
};

static void take(void *context, struct tg_tool_line *line)
{
    struct sum *sum = context;
    for (const char *at = line->text; *at != '\0'; at++) {
        tg_assert((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
    tg_assert(tg_utf8_is_valid(line->text, strlen(line->text)));
    sum->hash = sum->hash * 31 + tg_hash_str(line->text) + (uint64_t)line->action;
    sum->count++;
    free(line->text);
    free(line->resource);
}

static struct sum read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
    struct sum sum = {0};
    struct tg_tool_output *output = tg_tool_output_new();
    for (size_t at = 0; at < size; at += piece) {
        tg_tool_output_feed(output, (const char *)data + at, at + piece < size ? piece : size - at,
                            take, &sum);
    }
    tg_tool_output_finish(output, take, &sum);
    tg_tool_output_free(output);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole = read_in_pieces(data, size, size + 1);
    struct sum cut = read_in_pieces(data, size, 3);
    tg_assert(whole.hash == cut.hash && whole.count == cut.count);
    return 0;
}
