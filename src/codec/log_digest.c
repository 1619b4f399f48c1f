/* codec/log_digest.c - what is recognised in logs. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/log_digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define SEGMENT_MAX 2000 /* bytes of one line that are looked at */
#define COUNT_MAX   100000

static const struct {
    const char *part;
    enum tg_log_phase phase;
} marks[] = {
    {"Collecting ", TG_LOG_SETUP},
    {"Booting vLLM", TG_LOG_SETUP},
    {"vLLM API server version", TG_LOG_SETUP},
    {"Downloading Gemma", TG_LOG_DOWNLOAD},
    {"Fetching ", TG_LOG_DOWNLOAD},
    {"Download complete!", TG_LOG_DOWNLOAD_OVER},
    {"TPU info:", TG_LOG_DEVICES},
    {"Init worker", TG_LOG_DEVICES},
    {"Starting to load model", TG_LOG_LOAD},
    {"Loading weights", TG_LOG_LOAD},
    {"Loading safetensors checkpoint shards", TG_LOG_LOAD},
    {"Precompile ", TG_LOG_COMPILE},
    {"Compilation of ", TG_LOG_COMPILE},
    {"Application startup complete", TG_LOG_LISTENING},
};

static const char *const failures[] = {"Error: ",
                                       "ERROR ",
                                       "error: ",
                                       "Errno",
                                       "RESOURCE_EXHAUSTED",
                                       "No such file",
                                       "Transport endpoint",
                                       "is restricted"};

void tg_log_digest_init(struct tg_log_digest *digest)
{
    *digest = (struct tg_log_digest){.percent = -1};
}

/* A token of Hugging Face's in a message of error would live on in screens and reports. */
static void hide_tokens(char *text)
{
    static const char start[] = "hf_";
    for (char *at = strstr(text, start); at != NULL; at = strstr(at + 1, start)) {
        size_t len = sizeof(start) - 1;
        while ((at[len] >= '0' && at[len] <= '9') || (at[len] >= 'A' && at[len] <= 'Z') ||
               (at[len] >= 'a' && at[len] <= 'z')) {
            len++;
        }
        if (len >= 11) {
            memset(at + sizeof(start) - 1, '*', len - (sizeof(start) - 1));
        }
    }
}

/* "Fetching 15 files:  40%|...| 6/15 [" and "shards:  58% Completed | 7/12 [". */
static void read_progress(struct tg_log_digest *digest, const char *text)
{
    const char *percent = strchr(text, '%');
    const char *slash = percent != NULL ? strrchr(text, '|') : NULL;
    char *end = NULL;
    if (percent == NULL || percent == text || slash == NULL) {
        return;
    }
    const char *from = percent;
    while (from > text && from[-1] >= '0' && from[-1] <= '9' && percent - from < 3) {
        from--;
    }
    long done = strtol(slash + 1, &end, 10);
    long total = *end == '/' ? strtol(end + 1, NULL, 10) : 0;
    if (from == percent || done < 0 || total <= 0 || done > total || total > COUNT_MAX) {
        return;
    }
    long value = strtol(from, NULL, 10);
    digest->percent = value > 100 ? 100 : (int)value;
    digest->done = (int)done;
    digest->total = (int)total;
}

static bool is_progress(const char *text)
{
    return strchr(text, '%') != NULL &&
           (tg_str_has_prefix(text, "Fetching ") || strstr(text, "checkpoint shards:") != NULL);
}

static void read_phase(struct tg_log_digest *digest, const char *text)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (marks[i].phase >= digest->phase && strstr(text, marks[i].part) != NULL) {
            if (marks[i].phase != digest->phase) {
                digest->percent = -1;
                digest->done = 0;
                digest->total = 0;
            }
            digest->phase = marks[i].phase;
        }
    }
    if (is_progress(text)) {
        read_progress(digest, text);
    }
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (strstr(text, failures[i]) != NULL) {
            tg_str_copy(digest->failure, sizeof(digest->failure), text);
            break;
        }
    }
}

/* Of a bar that moves only where it is now is kept. */
static void keep(struct tg_log_digest *digest, const char *text)
{
    int last = digest->last_count - 1;
    if (last >= 0 && is_progress(text) && is_progress(digest->last[last])) {
        tg_str_copy(digest->last[last], sizeof(digest->last[last]), text);
        return;
    }
    if (digest->last_count == TG_LOG_LAST_MAX) {
        memmove(digest->last[0], digest->last[1], sizeof(digest->last[0]) * (TG_LOG_LAST_MAX - 1));
        digest->last_count--;
    }
    last = digest->last_count++;
    tg_str_copy(digest->last[last], sizeof(digest->last[last]), text);
}

static void take_segment(struct tg_log_digest *digest, const char *segment, size_t len)
{
    char text[SEGMENT_MAX];
    (void)tg_utf8_sanitize_into(text, sizeof(text), segment, len);
    if (text[strspn(text, " ")] != '\0') {
        hide_tokens(text);
        read_phase(digest, text);
        keep(digest, text);
    }
}

void tg_log_digest_line(struct tg_log_digest *digest, const char *line, size_t len)
{
    digest->lines_seen++;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(line + at, '\r', len - at);
        size_t segment = end != NULL ? (size_t)(end - line) - at : len - at;
        take_segment(digest, line + at, segment < SEGMENT_MAX ? segment : SEGMENT_MAX);
        at += segment + 1;
    }
}
