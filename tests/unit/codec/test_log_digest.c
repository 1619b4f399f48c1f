/* tests/unit/codec/test_log_digest.c - what logs say in brief, and that nothing else gets out of
 * them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "codec/log_digest.h"

static struct tg_log_digest digest_of(const char *const *lines, size_t count)
{
    struct tg_log_digest digest;
    tg_log_digest_init(&digest);
    for (size_t i = 0; i < count; i++) {
        tg_log_digest_line(&digest, lines[i], strlen(lines[i]));
    }
    return digest;
}

#define DIGEST_OF(...)                            \
    digest_of((const char *const[]){__VA_ARGS__}, \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

Test(log_digest, the_download_tells_files_and_percent)
{
    struct tg_log_digest digest =
        DIGEST_OF("Collecting huggingface_hub", "Downloading Gemma 3 directly to GCS bucket...",
                  "Fetching 15 files:  40%|####      | 6/15 [02:33<03:49, 25.51s/it]");
    cr_assert_eq(digest.phase, TG_LOG_DOWNLOAD);
    cr_assert_eq(digest.percent, 40);
    cr_assert_eq(digest.done, 6);
    cr_assert_eq(digest.total, 15);
    cr_assert_str_empty(digest.failure);
    tg_log_digest_line(&digest, "Download complete! Safe to proceed.", 35);
    cr_assert_eq(digest.phase, TG_LOG_DOWNLOAD_OVER);
}

/* A progress bar sends carriage returns and no line breaks: what it says last counts. */
Test(log_digest, a_bar_is_one_line_that_moves)
{
    struct tg_log_digest digest =
        DIGEST_OF("Fetching 15 files:   0%|          | 0/15 [00:00<?, ?it/s]\r"
                  "Fetching 15 files:  13%|#         | 2/15 [00:51<05:34, 25.73s/it]\r"
                  "Fetching 15 files:  20%|##        | 3/15 [01:17<05:08, 25.73s/it]");
    cr_assert_eq(digest.done, 3);
    cr_assert_eq(digest.last_count, 1);
    cr_assert_not_null(strstr(digest.last[0], "3/15"));
}

Test(log_digest, the_model_server_tells_how_far_it_is)
{
    struct tg_log_digest digest =
        DIGEST_OF("Booting vLLM instantly from local GCS FUSE mount...",
                  "INFO 01-01 [tpu_worker.py:170] Init worker | rank=0 | hbm=[(0.0, 31.25)]GiB",
                  "Loading safetensors checkpoint shards:  58% Completed | 7/12 [01:02<00:44]");
    cr_assert_eq(digest.phase, TG_LOG_LOAD);
    cr_assert_eq(digest.done, 7);
    const char *line = "Precompile all the subgraphs with possible input shapes.";
    tg_log_digest_line(&digest, line, strlen(line));
    cr_assert_eq(digest.phase, TG_LOG_COMPILE);
    cr_assert_eq(digest.total, 0, "the shards are of another phase");
    line = "INFO:     Application startup complete.";
    tg_log_digest_line(&digest, line, strlen(line));
    cr_assert_eq(digest.phase, TG_LOG_LISTENING);
}

Test(log_digest, the_last_lines_and_the_last_error_are_kept)
{
    struct tg_log_digest digest = DIGEST_OF(
        "one", "two", "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: x",
        "", "   ", "four", "five", "six", "seven");
    cr_assert_eq(digest.last_count, TG_LOG_LAST_MAX);
    cr_assert_str_eq(digest.last[TG_LOG_LAST_MAX - 1], "seven");
    cr_assert_str_eq(digest.last[1], "four");
    cr_assert_not_null(strstr(digest.failure, "401 Client Error"));
}

Test(log_digest, nothing_for_the_terminal_and_no_token_gets_out)
{
    struct tg_log_digest digest = DIGEST_OF(
        "\x1b]0;title\x07\x1b[31mError: token hf_abcdefghijKLMNOP0123 is bad\xff\xe2\x80\xae");
    cr_assert_null(strchr(digest.last[0], '\x1b'));
    cr_assert_null(strchr(digest.failure, '\x07'));
    cr_assert_null(strstr(digest.failure, "abcdefghij"));
    cr_assert_not_null(strstr(digest.failure, "hf_****"));
    cr_assert_null(strstr(digest.last[0], "\xe2\x80\xae"));
}

/* A line of a megabyte, and numbers that are none. */
Test(log_digest, what_is_huge_or_odd_moves_nothing)
{
    struct tg_log_digest digest;
    size_t len = 1000000;
    char *line = malloc(len);
    cr_assert_not_null(line);
    memset(line, 'x', len);
    tg_log_digest_init(&digest);
    tg_log_digest_line(&digest, line, len);
    free(line);
    cr_assert_lt(strlen(digest.last[0]), (size_t)TG_LOG_LINE_SIZE);
    digest = DIGEST_OF("Fetching 15 files: %|", "Fetching -1%|x| 9/3 [", "Fetching 7%|| 1/0",
                       "Fetching 99999%|| 99999999999999999999/99999999999999999999");
    cr_assert_eq(digest.total, 0);
    cr_assert_eq(digest.percent, -1);
}
