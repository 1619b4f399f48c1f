/* sim/vllm_http.c - the model server's counters and its HTTP face. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/chat.h"
#include "sim/json_path.h"
#include "sim/vllm.h"

#define LABELS "engine=\"0\",model_name=\"" SIM_MODEL "\""

static const int64_t first_token_bounds[] = {
    1000,     5000,     10000,    20000,     40000,     60000,      80000,   100000,
    250000,   500000,   750000,   1000000,   2500000,   5000000,    7500000, 10000000,
    20000000, 40000000, 80000000, 160000000, 640000000, 2560000000, 0};
static const int64_t inter_token_bounds[] = {
    10000,  25000,   50000,   75000,   100000,  150000,   200000,   300000,   400000,   500000,
    750000, 1000000, 2500000, 5000000, 7500000, 10000000, 20000000, 40000000, 80000000, 0};
static const int64_t request_bounds[] = {
    300000,    500000,    800000,    1000000,    1500000,    2000000,  2500000,  5000000,
    10000000,  15000000,  20000000,  30000000,   40000000,   50000000, 60000000, 120000000,
    240000000, 480000000, 960000000, 1920000000, 7680000000, 0};
static const int64_t size_bounds[] = {1,    2,    5,    10,    20,    50,    100,    200, 500,
                                      1000, 2000, 5000, 10000, 20000, 50000, 100000, 0};

void sim_vllm_counters_init(struct sim_vllm_counters *counters, int64_t start_wall_us)
{
    memset(counters, 0, sizeof *counters);
    counters->start_wall_us = start_wall_us;
    counters->first_token.bounds = first_token_bounds;
    counters->inter_token.bounds = inter_token_bounds;
    counters->end_to_end.bounds = request_bounds;
    counters->queue.bounds = request_bounds;
    counters->prefill.bounds = request_bounds;
    counters->decode.bounds = request_bounds;
    counters->inference.bounds = request_bounds;
    counters->output_token.bounds = inter_token_bounds;
    counters->prompt_sizes.bounds = size_bounds;
    counters->output_sizes.bounds = size_bounds;
}

void sim_histogram_add(struct sim_histogram *histogram, int64_t value, uint64_t times)
{
    for (size_t i = 0; histogram->bounds[i] != 0; i++) {
        tg_assert(i < SIM_VLLM_BUCKETS_MAX);
        if (value <= histogram->bounds[i]) {
            histogram->counts[i] += times;
            break;
        }
    }
    histogram->count += times;
    histogram->sum += value * (int64_t)times;
}

void sim_vllm_book(struct sim_vllm *vllm, const char *client_ip, int64_t prompt_tokens,
                   int64_t output_tokens, int64_t queue_us, int64_t first_us, int64_t total_us,
                   bool is_length)
{
    struct sim_vllm_counters *counters = sim_vllm_counters(vllm);
    if (is_length) {
        counters->success_length++;
    } else {
        counters->success_stop++;
    }
    counters->prompt_tokens += (uint64_t)prompt_tokens;
    counters->generation_tokens += (uint64_t)output_tokens;
    counters->prefix_queries += (uint64_t)prompt_tokens;
    sim_histogram_add(&counters->queue, queue_us, 1);
    sim_histogram_add(&counters->first_token, first_us, 1);
    sim_histogram_add(&counters->end_to_end, total_us, 1);
    sim_histogram_add(&counters->prefill, first_us - queue_us, 1);
    sim_histogram_add(&counters->decode, total_us - first_us, 1);
    sim_histogram_add(&counters->inference, total_us - queue_us, 1);
    sim_histogram_add(&counters->prompt_sizes, prompt_tokens, 1);
    sim_histogram_add(&counters->output_sizes, output_tokens, 1);
    if (output_tokens > 1) {
        sim_histogram_add(&counters->inter_token, (total_us - first_us) / (output_tokens - 1),
                          (uint64_t)(output_tokens - 1));
        sim_histogram_add(&counters->output_token, (total_us - first_us) / (output_tokens - 1), 1);
    }
    struct sim_pod *pod = sim_vllm_pod(vllm);
    sim_log_line(sim_pod_main(pod)->log,
                 "INFO:     %s:0 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK", client_ip);
}

/* ---- metrics ---- */

static void head(struct tg_buf *out, const char *name, const char *type, const char *help)
{
    tg_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct tg_buf *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "counter", help);
    tg_buf_printf(out, "%s{" LABELS "} %" PRIu64 ".0\n", name, value);
}

static void gauge(struct tg_buf *out, const char *name, const char *help, int64_t value)
{
    head(out, name, "gauge", help);
    tg_buf_printf(out, "%s{" LABELS "} %" PRId64 ".0\n", name, value);
}

/* Decimal digits of value: a page of metrics has hundreds of numbers, and printf is slow at them.
 */
static void number(struct tg_buf *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    tg_buf_append(out, digits + at, sizeof digits - at);
}

/* value / unit without floating point: "0.0605". unit is 1 or a million. */
static void decimal(struct tg_buf *out, int64_t value, int64_t unit)
{
    tg_assert(unit == 1 || unit == TG_US_PER_S);
    if (value < 0) { /* a start before 1970, in a world without a date */
        tg_buf_putc(out, '-');
        value = -value;
    }
    number(out, (uint64_t)(value / unit));
    char part[8] = ".000000";
    int64_t left = value % unit;
    for (size_t i = 6; i > 0; i--) {
        part[i] = (char)('0' + left % 10);
        left /= 10;
    }
    size_t len = 7;
    while (len > 2 && part[len - 1] == '0') {
        len--;
    }
    tg_buf_append(out, part, len);
}

static void bucket_head(struct tg_buf *out, const char *name)
{
    tg_buf_puts(out, name);
    tg_buf_puts(out, "_bucket{" LABELS ",le=\"");
}

static void histogram(struct tg_buf *out, const char *name, const char *help,
                      const struct sim_histogram *h, int64_t unit)
{
    head(out, name, "histogram", help);
    uint64_t sum = 0;
    for (size_t i = 0; h->bounds[i] != 0; i++) {
        sum += h->counts[i];
        bucket_head(out, name);
        decimal(out, h->bounds[i], unit);
        tg_buf_puts(out, "\"} ");
        number(out, sum);
        tg_buf_puts(out, ".0\n");
    }
    bucket_head(out, name);
    tg_buf_printf(out, "+Inf\"} %" PRIu64 ".0\n", h->count);
    tg_buf_printf(out, "%s_count{" LABELS "} %" PRIu64 ".0\n%s_sum{" LABELS "} ", name, h->count,
                  name);
    decimal(out, h->sum, unit);
    tg_buf_putc(out, '\n');
}

static void write_finished(struct tg_buf *out, const struct sim_vllm_counters *counters)
{
    head(out, "vllm:request_success_total", "counter", "Count of successfully processed requests.");
    const struct {
        const char *reason;
        uint64_t count;
    } rows[] = {{"stop", counters->success_stop},
                {"length", counters->success_length},
                {"abort", counters->success_abort},
                {"error", counters->success_error}};
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        tg_buf_printf(
            out, "vllm:request_success_total{" LABELS ",finished_reason=\"%s\"} %" PRIu64 ".0\n",
            rows[i].reason, rows[i].count);
    }
}

static void write_histograms(struct tg_buf *out, const struct sim_vllm_counters *counters)
{
    histogram(out, "vllm:time_to_first_token_seconds",
              "Histogram of time to first token in seconds.", &counters->first_token, TG_US_PER_S);
    histogram(out, "vllm:inter_token_latency_seconds",
              "Histogram of inter-token latency in seconds.", &counters->inter_token, TG_US_PER_S);
    histogram(out, "vllm:e2e_request_latency_seconds",
              "Histogram of e2e request latency in seconds.", &counters->end_to_end, TG_US_PER_S);
    histogram(out, "vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase.",
              &counters->queue, TG_US_PER_S);
    histogram(out, "vllm:request_inference_time_seconds",
              "Histogram of time spent in RUNNING phase.", &counters->inference, TG_US_PER_S);
    histogram(out, "vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase.",
              &counters->prefill, TG_US_PER_S);
    histogram(out, "vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase.",
              &counters->decode, TG_US_PER_S);
    histogram(out, "vllm:request_time_per_output_token_seconds",
              "Histogram of time per output token in seconds per request.", &counters->output_token,
              TG_US_PER_S);
    histogram(out, "vllm:request_prompt_tokens", "Number of prefill tokens processed.",
              &counters->prompt_sizes, 1);
    histogram(out, "vllm:request_generation_tokens", "Number of generation tokens processed.",
              &counters->output_sizes, 1);
}

static void write_metrics(const struct sim_vllm_counters *counters,
                          const struct sim_vllm_gauges *gauges, const struct sim_params *params,
                          struct tg_buf *out)
{
    head(out, "process_start_time_seconds", "gauge",
         "Start time of the process since unix epoch in seconds.");
    tg_buf_puts(out, "process_start_time_seconds ");
    decimal(out, counters->start_wall_us, TG_US_PER_S);
    tg_buf_putc(out, '\n');
    gauge(out, "vllm:num_requests_running", "Number of requests in model execution batches.",
          gauges->running);
    gauge(out, "vllm:num_requests_waiting", "Number of requests waiting to be processed.",
          gauges->waiting);
    head(out, "vllm:num_requests_waiting_by_reason", "gauge",
         "Number of requests waiting to be processed, by reason.");
    tg_buf_printf(out,
                  "vllm:num_requests_waiting_by_reason{" LABELS ",reason=\"capacity\"} %" PRId64
                  ".0\nvllm:num_requests_waiting_by_reason{" LABELS ",reason=\"deferred\"} 0.0\n",
                  gauges->waiting);
    head(
        out, "vllm:engine_sleep_state", "gauge",
        "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake.");
    tg_buf_puts(out, "vllm:engine_sleep_state{" LABELS ",sleep_state=\"awake\"} 1.0\n");
    head(out, "vllm:kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.");
    tg_buf_puts(out, "vllm:kv_cache_usage_perc{" LABELS "} ");
    decimal(out, gauges->kv_ppm, 1000000);
    tg_buf_putc(out, '\n');
    counter(out, "vllm:prefix_cache_queries_total", "Prefix cache queries, in tokens.",
            counters->prefix_queries);
    counter(out, "vllm:prefix_cache_hits_total", "Prefix cache hits, in tokens.",
            counters->prefix_hits);
    counter(out, "vllm:num_preemptions_total", "Cumulative number of preemptions.",
            counters->preemptions);
    counter(out, "vllm:prompt_tokens_total", "Number of prefill tokens processed.",
            counters->prompt_tokens);
    head(out, "vllm:prompt_tokens_by_source_total", "counter",
         "Number of prompt tokens by where they came from.");
    tg_buf_printf(
        out,
        "vllm:prompt_tokens_by_source_total{" LABELS ",source=\"local_compute\"} %" PRIu64
        ".0\nvllm:prompt_tokens_by_source_total{" LABELS ",source=\"local_cache_hit\"} %" PRIu64
        ".0\nvllm:prompt_tokens_by_source_total{" LABELS ",source=\"external_kv_transfer\"} 0.0\n",
        counters->prompt_tokens - counters->prefix_hits, counters->prefix_hits);
    counter(out, "vllm:generation_tokens_total", "Number of generation tokens processed.",
            counters->generation_tokens);
    write_finished(out, counters);
    write_histograms(out, counters);
    head(out, "vllm:cache_config_info", "gauge", "Information of the LLMEngine CacheConfig");
    tg_buf_printf(out,
                  "vllm:cache_config_info{engine=\"0\",block_size=\"%" PRId64
                  "\",num_gpu_blocks=\"%" PRId64 "\",gpu_memory_utilization=\"0.9\"} 1.0\n",
                  params->kv_block_tokens, params->kv_blocks);
}

/* Appends the page, which is written afresh only when a number in it is another one. */
static void answer_metrics(struct sim_vllm *vllm, struct tg_buf *out)
{
    const struct sim_params *params = sim_world_params(sim_vllm_pod(vllm)->world);
    const struct sim_vllm_counters *counters = sim_vllm_counters(vllm);
    struct sim_vllm_gauges gauges = sim_vllm_gauges(vllm);
    struct sim_vllm_page *page = sim_vllm_page(vllm);
    if (page->text.len == 0 || memcmp(&page->gauges, &gauges, sizeof gauges) != 0 ||
        memcmp(&page->counters, counters, sizeof *counters) != 0 ||
        page->kv_blocks != params->kv_blocks || page->kv_block_tokens != params->kv_block_tokens) {
        page->gauges = gauges;
        page->counters = *counters;
        page->kv_blocks = params->kv_blocks;
        page->kv_block_tokens = params->kv_block_tokens;
        tg_buf_reset(&page->text);
        write_metrics(counters, &gauges, params, &page->text);
    }
    tg_buf_append(out, tg_buf_text(&page->text), page->text.len);
}

/* ---- HTTP ---- */

static void answer_json(struct sim_response *response, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    response->status = status;
    tg_str_copy(response->content_type, sizeof response->content_type, "application/json");
    tg_buf_puts(&response->body, text);
    free(text);
}

static json_t *permission(struct sim_vllm *vllm, json_int_t created)
{
    uint64_t id = tg_hash_str(sim_vllm_pod(vllm)->uid);
    return json_pack("{s:o,s:s,s:I,s:b,s:b,s:b,s:b,s:b,s:b,s:s,s:n,s:b}", "id",
                     json_sprintf("modelperm-%016" PRIx64 "%016" PRIx64, id, ~id), "object",
                     "model_permission", "created", created, "allow_create_engine", 0,
                     "allow_sampling", 1, "allow_logprobs", 1, "allow_search_indices", 0,
                     "allow_view", 1, "allow_fine_tuning", 0, "organization", "*", "group",
                     "is_blocking", 0);
}

static void answer_models(struct sim_vllm *vllm, struct sim_response *response)
{
    const struct sim_params *params = sim_world_params(sim_vllm_pod(vllm)->world);
    json_int_t created = sim_vllm_counters(vllm)->start_wall_us / TG_US_PER_S;
    json_t *model = json_pack("{s:s,s:s,s:I,s:s,s:s,s:n,s:I,s:[o]}", "id", SIM_MODEL, "object",
                              "model", "created", created, "owned_by", "vllm", "root", SIM_MODEL,
                              "parent", "max_model_len", (json_int_t)params->max_model_len,
                              "permission", permission(vllm, created));
    answer_json(response, 200, json_pack("{s:s,s:[o]}", "object", "list", "data", model));
}

/* ---- a streamed answer: one event for each token, at its time ---- */

struct chat_stream {
    struct sim_stream stream; /* first: the front sees only this */
    struct sim_world *world;
    struct sim_chat chat;
    struct tg_buf pending;
    int64_t next; /* number of the next event */
    int64_t step_us;
    uint64_t event;
    bool is_over;
};

static void emit(struct sim_world *world, void *data)
{
    struct chat_stream *s = data;
    s->event = 0;
    s->is_over = !sim_chat_event(&s->chat, s->next++, &s->pending);
    if (!s->is_over) {
        s->event = sim_world_at(world, sim_world_now_us(world) + s->step_us, SIM_PRIORITY_NODE,
                                emit, s, NULL);
    }
    if (s->stream.notify != NULL) {
        s->stream.notify(s->stream.notify_context);
    }
}

static size_t chat_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct chat_stream *s = (struct chat_stream *)stream;
    size_t len = s->pending.len < size ? s->pending.len : size;
    if (len > 0) {
        memcpy(out, s->pending.data, len);
        tg_buf_consume(&s->pending, len);
    }
    *is_end = len == 0 && s->is_over;
    return len;
}

static void chat_free(struct sim_stream *stream)
{
    struct chat_stream *s = (struct chat_stream *)stream;
    sim_world_cancel(s->world, s->event);
    sim_chat_fini(&s->chat);
    tg_buf_fini(&s->pending);
    free(s);
}

/* Takes over the chat. */
static struct sim_stream *chat_stream_new(struct sim_world *world, struct sim_chat *chat,
                                          int64_t first_us, int64_t step_us)
{
    struct chat_stream *s = TG_NEW(struct chat_stream);
    s->stream.read = chat_read;
    s->stream.free = chat_free;
    s->world = world;
    s->chat = *chat;
    s->step_us = step_us;
    tg_buf_init(&s->pending, (size_t)16 << 20);
    s->event =
        sim_world_at(world, sim_world_now_us(world) + first_us, SIM_PRIORITY_NODE, emit, s, NULL);
    return &s->stream;
}

static void answer_chat(struct sim_vllm *vllm, const char *body, size_t body_len,
                        struct sim_response *response)
{
    struct sim_pod *pod = sim_vllm_pod(vllm);
    const struct sim_params *params = sim_world_params(pod->world);
    struct sim_chat chat;
    sim_chat_read(&chat, pod->world, pod->entity, body, body_len);
    if (chat.error != NULL) {
        answer_json(response, chat.status, sim_chat_answer(&chat));
        sim_chat_fini(&chat);
        return;
    }
    char node_ip[SIM_IP_SIZE]; /* the API server's proxy comes through a node */
    sim_region_node_ip(pod->region, 3, node_ip);
    int64_t running = sim_vllm_gauges(vllm).running + 1;
    int64_t step_us = sim_vllm_step_ns(params, running, running * chat.prompt_tokens) / 1000;
    int64_t first_us = params->server_overhead.median_us +
                       chat.prompt_tokens * params->prefill_ns_per_token / 1000 + step_us;
    sim_vllm_book(vllm, node_ip, chat.prompt_tokens, chat.output_tokens, 0, first_us,
                  first_us + (chat.output_tokens - 1) * step_us, chat.is_length);
    if (chat.is_stream) {
        response->status = 200;
        tg_str_copy(response->content_type, sizeof response->content_type,
                    "text/event-stream; charset=utf-8");
        response->stream = chat_stream_new(pod->world, &chat, first_us, step_us);
    } else {
        answer_json(response, 200, sim_chat_answer(&chat));
        sim_chat_fini(&chat);
    }
}

void sim_vllm_http(struct sim_vllm *vllm, const char *method, const char *path, const char *body,
                   size_t body_len, struct sim_response *response)
{
    bool is_get = tg_str_eq(method, "GET") || tg_str_eq(method, "HEAD");
    if (is_get && (tg_str_eq(path, "/health") || tg_str_eq(path, "/ping"))) {
        response->status = 200;
    } else if (is_get && tg_str_eq(path, "/metrics")) {
        response->status = 200;
        tg_str_copy(response->content_type, sizeof response->content_type,
                    "text/plain; version=0.0.4; charset=utf-8");
        answer_metrics(vllm, &response->body);
    } else if (is_get && tg_str_eq(path, "/v1/models")) {
        answer_models(vllm, response);
    } else if (is_get && tg_str_eq(path, "/load")) {
        struct sim_vllm_gauges gauges = sim_vllm_gauges(vllm);
        answer_json(
            response, 200,
            json_pack("{s:I}", "server_load", (json_int_t)(gauges.running + gauges.waiting)));
    } else if (is_get && tg_str_eq(path, "/version")) {
        answer_json(response, 200, json_pack("{s:s}", "version", "0.11.1"));
    } else if (tg_str_eq(path, "/v1/chat/completions")) {
        if (tg_str_eq(method, "POST")) {
            answer_chat(vllm, body, body_len, response);
        } else {
            answer_json(response, 405, json_pack("{s:s}", "detail", "Method Not Allowed"));
        }
    } else {
        answer_json(response, 404, json_pack("{s:s}", "detail", "Not Found"));
    }
}
