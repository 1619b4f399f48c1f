/* tests/unit/codec/test_tool_output.c - what programs print, as lines that can be shown and kept.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/tool_output.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static char story[512 * 1024]; /* a line for each: action, resource, seconds, text */
static int complaints;

static void note(void *context, struct tg_tool_line *line)
{
    (void)context;
    size_t len = strlen(story);
    snprintf(story + len, sizeof(story) - len, "%d %s %d %s\n", (int)line->action,
             line->resource != NULL ? line->resource : "-", line->seconds, line->text);
    complaints += line->is_complaint ? 1 : 0;
    free(line->text);
    free(line->resource);
}

/* In pieces of every length, so that nothing depends on where bytes are cut. */
static void read_all(const char *bytes, size_t len, size_t piece)
{
    struct tg_tool_output *output = tg_tool_output_new();
    story[0] = '\0';
    complaints = 0;
    for (size_t at = 0; at < len; at += piece) {
        tg_tool_output_feed(output, bytes + at, at + piece < len ? piece : len - at, note, NULL);
    }
    tg_tool_output_finish(output, note, NULL);
    tg_tool_output_free(output);
}

static void expect(const char *bytes, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(bytes); piece++) {
        read_all(bytes, strlen(bytes), piece);
        cr_assert_str_eq(story, wanted, "in pieces of %zu", piece);
    }
}

Test(tool_output, lines_end_where_they_end)
{
    expect("one\ntwo\r\n\nthree", "0 - 0 one\n0 - 0 two\n0 - 0 three\n");
}

Test(tool_output, escape_sequences_are_taken_out)
{
    expect(
        "\x1b[1m\x1b[32mgreen\x1b[0m and \x1b]0;title\x07plain\x1b]8;;http://x\x1b\\link\x1b(B\n",
        "0 - 0 green and plainlink\n");
}

Test(tool_output, what_is_left_of_controls_is_visible)
{
    expect("a\bb\x9b"
           "c\n",
           "0 - 0 a\\x08b\xef\xbf\xbd"
           "c\n");
}

Test(tool_output, a_sequence_that_never_ends_does_not_swallow_the_next_line)
{
    expect("x\x1b]0;never\nnext\n\x1b[12\nlast\n", "0 - 0 x\n0 - 0 next\n0 - 0 last\n");
}

Test(tool_output, an_overwritten_line_is_what_it_was_in_the_end)
{
    expect("10%\r20%\rdone\n", "0 - 0 done\n");
}

Test(tool_output, secrets_are_masked_also_within_sequences)
{
    struct tg_secret *secret = tg_secret_new("hf_planted_0123", 15);
    expect("token hf_plan\x1b[0mted_0123 said\n", "0 - 0 token *** said\n");
    tg_secret_free(secret);
}

Test(tool_output, secrets_are_masked_in_what_terraform_tells)
{
    struct tg_secret *secret = tg_secret_new("hf_planted_0123", 15);
    expect("{\"@level\":\"info\",\"@message\":\"hf_planted\\u005f0123\",\"type\":\"log\"}\n",
           "0 - 0 ***\n");
    tg_secret_free(secret);
}

Test(tool_output, a_line_without_end_is_told_by_its_start)
{
    size_t len = 3 * 1024 * 1024;
    char *bytes = malloc(len + 6);
    cr_assert_not_null(bytes);
    memset(bytes, 'x', len);
    memcpy(bytes + len, "\nnext\n", 6);
    struct tg_tool_output *output = tg_tool_output_new();
    story[0] = '\0';
    tg_tool_output_feed(output, bytes, len + 6, note, NULL);
    cr_assert_str_eq(story + strlen(story) - 11, "0 - 0 next\n");
    tg_tool_output_free(output);
    free(bytes);
}

#define EVENT(message, type, rest) \
    "{\"@level\":\"info\",\"@message\":\"" message "\",\"type\":\"" type "\"" rest "}\n"
#define HOOK(action, rest) \
    ",\"hook\":{\"resource\":{\"addr\":\"a.b[\\\"us\\\"]\"},\"action\":\"" action "\"" rest "}"

Test(tool_output, terraform_tells_what_becomes_of_a_resource)
{
    expect(EVENT("Plan", "planned_change",
                 ",\"change\":{\"resource\":{\"addr\":\"a.b[\\\"us\\\"]\"},\"action\":\"create\"}")
               EVENT("Creating...", "apply_start", HOOK("create", "")) EVENT(
                   "Still", "apply_progress", HOOK("create", ",\"elapsed_seconds\":10"))
                   EVENT("Complete", "apply_complete", HOOK("create", ",\"elapsed_seconds\":12")),
           "1 a.b[\"us\"] 0 Plan\n2 a.b[\"us\"] 0 Creating...\n3 a.b[\"us\"] 10 Still\n"
           "4 a.b[\"us\"] 12 Complete\n");
    cr_assert_eq(complaints, 0);
}

Test(tool_output, what_terraform_only_reads_is_no_change)
{
    expect(EVENT("Reading", "apply_start", HOOK("read", "")), "");
}

Test(tool_output, a_refusal_is_a_complaint_with_its_detail)
{
    expect(
        "{\"@level\":\"error\",\"@message\":\"Error: it is in use\",\"diagnostic\":{\"severity\":"
        "\"error\",\"summary\":\"it is in use\",\"detail\":\"by one\\nand another\",\"address\":"
        "\"a.b\"},\"type\":\"diagnostic\"}\n",
        "0 - 0 Error: it is in use\n0 - 0   with a.b\n0 - 0   by one\n0 - 0   and another\n");
    cr_assert_eq(complaints, 1);
}

Test(tool_output, a_held_state_names_its_holder)
{
    expect("{\"@level\":\"error\",\"@message\":\"Error: Error acquiring the state lock\","
           "\"diagnostic\":{\"severity\":\"error\",\"summary\":\"Error acquiring the state lock\","
           "\"detail\":\"Error message: resource temporarily unavailable\\nLock Info:\\n"
           "  ID:        35af-7\\n  Path:      terraform.tfstate\\n  Operation: OperationTypeApply"
           "\\n  Who:       ann@host\\n  Version:   1.11.4\\n  Created:   2026-01-02 18:10:27.83 "
           "+0000 UTC\\n  Info:      \\n\"},\"type\":\"diagnostic\"}\n",
           "6 - 0 the state is locked by ann@host since 2026-01-02 18:10:27 UTC, lock 35af-7\n");
    cr_assert_eq(complaints, 1);
}

Test(tool_output, json_of_anybody_else_is_text)
{
    expect("{\"kind\":\"Status\"}\n{not json\n", "0 - 0 {\"kind\":\"Status\"}\n0 - 0 {not json\n");
}

Test(tool_output, errors_of_kubectl_and_gcloud_are_complaints)
{
    static const char text[] = "Error from server (NotFound): x\nERROR: (gcloud.x) no\nfine\n";
    read_all(text, sizeof(text) - 1, sizeof(text));
    cr_assert_eq(complaints, 2);
}
