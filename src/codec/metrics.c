/* codec/metrics.c - the metrics of vLLM (k8s-api 3.3). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

struct wanted {
    const char *name;
    size_t offset;
};

static const struct wanted wanted[] = {
    {"vllm:num_requests_running", offsetof(struct tg_replica_metrics, running)},
    {"vllm:num_requests_waiting", offsetof(struct tg_replica_metrics, waiting)},
    {"vllm:kv_cache_usage_perc", offsetof(struct tg_replica_metrics, kv_cache_usage)},
    {"vllm:request_success_total", offsetof(struct tg_replica_metrics, success_total)},
    {"vllm:prompt_tokens_total", offsetof(struct tg_replica_metrics, prompt_tokens_total)},
    {"vllm:generation_tokens_total", offsetof(struct tg_replica_metrics, generation_tokens_total)},
    {"vllm:time_to_first_token_seconds_sum", offsetof(struct tg_replica_metrics, ttft_sum_s)},
    {"vllm:time_to_first_token_seconds_count", offsetof(struct tg_replica_metrics, ttft_count)},
    {"process_start_time_seconds", offsetof(struct tg_replica_metrics, process_start_s)},
};

/* Value of a sample line after its name and labels; labels may hold blanks and braces within
 * quotes. */
static bool read_value(const char *line, size_t len, size_t name_len, double *value)
{
    size_t at = name_len;
    bool is_quoted = false;
    if (at < len && line[at] == '{') {
        for (at++; at < len && (is_quoted || line[at] != '}'); at++) {
            if (line[at] == '\\') {
                at++;
            } else if (line[at] == '"') {
                is_quoted = !is_quoted;
            }
        }
        at++;
    }
    while (at < len && line[at] == ' ') {
        at++;
    }
    char text[64];
    size_t used = 0;
    while (at < len && line[at] != ' ' && used + 1 < sizeof(text)) {
        text[used++] = line[at++];
    }
    text[used] = '\0';
    return tg_str_to_double(text, value);
}

bool tg_metrics_decode(const char *text, size_t len, struct tg_replica_metrics *metrics)
{
    bool has_any = false;
    *metrics = (struct tg_replica_metrics){0};
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - text) : len;
        size_t name_len = 0;
        while (name_len < line_len && text[name_len] != '{' && text[name_len] != ' ') {
            name_len++;
        }
        for (size_t i = 0; i < TG_COUNT(wanted) && text[0] != '#'; i++) {
            double value = 0;
            if (strlen(wanted[i].name) == name_len && memcmp(wanted[i].name, text, name_len) == 0 &&
                read_value(text, line_len, name_len, &value)) {
                *(double *)(void *)((char *)metrics + wanted[i].offset) += value;
                has_any = true;
            }
        }
        size_t step = line_len + (end != NULL ? 1 : 0);
        text += step;
        len -= step;
    }
    return has_any;
}
