/* sim/chat.c - chat completions: two facts are known, everything else is honestly a simulation. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/vllm.h"

static const struct {
    const char *question;
    const char *answer;
} facts[] = {
    {"capital of France", "The capital of France is **Paris**."},
    {"capital of Germany", "The capital of Germany is **Berlin**."},
};

static const char *reply_to(const char *prompt)
{
    for (size_t i = 0; i < TG_COUNT(facts); i++) {
        if (tg_str_contains_nocase(prompt, facts[i].question)) {
            return facts[i].answer;
        }
    }
    return "(simulated) This server computes times, not thoughts: ask it for the capital of France "
           "or Germany.";
}

json_t *sim_chat_error(int status, const char *type, const char *parameter, const char *message)
{
    json_t *param = parameter == NULL ? json_null() : json_string(parameter);
    return json_pack("{s:{s:s,s:s,s:o,s:i}}", "error", "message", message, "type", type, "param",
                     param, "code", status);
}

static void fail(struct sim_chat *chat, int status, const char *type, const char *parameter,
                 const char *message)
{
    chat->status = status;
    chat->error = sim_chat_error(status, type, parameter, message);
}

/* The text of a message: a string, or parts of which the texts count. The caller frees. */
static char *message_text(const json_t *message)
{
    const json_t *content = json_object_get(message, "content");
    if (!json_is_array(content)) {
        const char *text = json_string_value(content);
        return tg_strdup(text == NULL ? "" : text);
    }
    struct tg_buf text;
    tg_buf_init(&text, (size_t)4 << 20);
    size_t i;
    json_t *part;
    json_array_foreach(content, i, part)
    {
        tg_buf_puts(&text, sim_json_text(part, "text"));
    }
    return tg_buf_take(&text, NULL);
}

static void plan_answer(struct sim_chat *chat, const json_t *request, const json_t *messages)
{
    size_t count = json_array_size(messages);
    char *prompt = message_text(json_array_get(messages, count - 1));
    const char *reply = reply_to(prompt);
    int64_t tokens = (int64_t)strlen(reply) / chat->token_bytes + 1;
    int64_t limit =
        sim_json_int(request, "max_completion_tokens", sim_json_int(request, "max_tokens", tokens));
    limit = limit < 1 ? 1 : limit;
    chat->prompt_tokens = (int64_t)strlen(prompt) / chat->token_bytes + 8;
    chat->is_length = limit < tokens;
    chat->output_tokens = chat->is_length ? limit : tokens;
    chat->reply =
        tg_strndup(reply, chat->is_length ? (size_t)(limit * chat->token_bytes) : strlen(reply));
    chat->is_stream = sim_json_is_true(request, "stream");
    chat->is_usage_wanted = sim_json_is_true(request, "stream_options.include_usage");
    free(prompt);
}

void sim_chat_read(struct sim_chat *chat, struct sim_world *world, const char *entity,
                   const char *body, size_t body_len)
{
    *chat = (struct sim_chat){.status = 200, .token_bytes = sim_world_params(world)->token_bytes};
    const struct sim_params *params = sim_world_params(world);
    json_t *request = json_loadb(body == NULL ? "" : body, body_len, 0, NULL);
    const char *model = sim_json_text(request, "model");
    const json_t *messages = sim_json_at(request, "messages");
    if (!json_is_object(request) || json_array_size(messages) == 0) {
        fail(chat, 400, "BadRequestError", NULL,
             "The body must be JSON with a non-empty list of messages.");
    } else if (model[0] != '\0' && !tg_str_eq(model, SIM_MODEL)) {
        char message[200];
        snprintf(message, sizeof message, "The model `%.120s` does not exist.", model);
        fail(chat, 404, "NotFoundError", "model", message);
    } else {
        plan_answer(chat, request, messages);
        if (chat->prompt_tokens > params->max_model_len) {
            char message[200];
            snprintf(message, sizeof message,
                     "This model's maximum context length is %" PRId64
                     " tokens. However, your request has %" PRId64 " input tokens.",
                     params->max_model_len, chat->prompt_tokens);
            fail(chat, 400, "BadRequestError", NULL, message);
        }
    }
    snprintf(chat->id, sizeof chat->id, "chatcmpl-%016" PRIx64,
             sim_world_draw(world, entity, "chat-id"));
    chat->created_s = sim_world_wall_us(world) / TG_US_PER_S;
    json_decref(request);
}

void sim_chat_fini(struct sim_chat *chat)
{
    json_decref(chat->error);
    free(chat->reply);
    *chat = (struct sim_chat){.status = 0};
}

static json_t *usage_of(const struct sim_chat *chat)
{
    return json_pack("{s:I,s:I,s:I,s:n}", "prompt_tokens", (json_int_t)chat->prompt_tokens,
                     "total_tokens", (json_int_t)(chat->prompt_tokens + chat->output_tokens),
                     "completion_tokens", (json_int_t)chat->output_tokens, "prompt_tokens_details");
}

json_t *sim_chat_answer(const struct sim_chat *chat)
{
    if (chat->error != NULL) {
        return json_incref(chat->error);
    }
    json_t *message = json_pack("{s:s,s:s,s:n,s:[]}", "role", "assistant", "content", chat->reply,
                                "refusal", "tool_calls");
    json_t *choice = json_pack("{s:i,s:o,s:n,s:s,s:n}", "index", 0, "message", message, "logprobs",
                               "finish_reason", chat->is_length ? "length" : "stop", "stop_reason");
    return json_pack("{s:s,s:s,s:I,s:s,s:[o],s:o}", "id", chat->id, "object", "chat.completion",
                     "created", (json_int_t)chat->created_s, "model", SIM_MODEL, "choices", choice,
                     "usage", usage_of(chat));
}

/* ---- streamed ---- */

static void put_event(const struct sim_chat *chat, struct tg_buf *out, json_t *choices,
                      json_t *usage)
{
    json_t *event =
        json_pack("{s:s,s:s,s:I,s:s,s:o}", "id", chat->id, "object", "chat.completion.chunk",
                  "created", (json_int_t)chat->created_s, "model", SIM_MODEL, "choices", choices);
    if (usage != NULL) {
        json_object_set_new(event, "usage", usage);
    }
    char *text = json_dumps(event, JSON_COMPACT);
    tg_buf_printf(out, "data: %s\n\n", text);
    free(text);
    json_decref(event);
}

static json_t *delta_choice(const char *role, const char *content, size_t len, const char *reason)
{
    json_t *delta = json_pack("{s:s%}", "content", content, len);
    if (role != NULL) {
        json_object_set_new(delta, "role", json_string(role));
    }
    json_t *finish = reason == NULL ? json_null() : json_string(reason);
    return json_pack("[{s:i,s:o,s:n,s:o}]", "index", 0, "delta", delta, "logprobs", "finish_reason",
                     finish);
}

/* Where the text of the first so many tokens ends: before a space, so that words come whole, as
 * from the tokeniser. */
static size_t end_of(const struct sim_chat *chat, int64_t tokens)
{
    size_t len = strlen(chat->reply);
    size_t end = (size_t)(tokens * chat->token_bytes);
    if (tokens <= 0 || tokens >= chat->output_tokens || end >= len) {
        return tokens <= 0 ? 0 : len;
    }
    return end + strcspn(chat->reply + end, " ");
}

bool sim_chat_event(const struct sim_chat *chat, int64_t number, struct tg_buf *out)
{
    if (number > chat->output_tokens) {
        return false;
    }
    if (number == 0) {
        put_event(chat, out, delta_choice("assistant", "", 0, NULL), NULL);
        return true;
    }
    bool is_last = number == chat->output_tokens;
    size_t from = end_of(chat, number - 1);
    size_t len = end_of(chat, number) - from;
    const char *reason = !is_last ? NULL : chat->is_length ? "length" : "stop";
    put_event(chat, out, delta_choice(NULL, chat->reply + from, len, reason), NULL);
    if (is_last) {
        if (chat->is_usage_wanted) {
            put_event(chat, out, json_array(), usage_of(chat));
        }
        tg_buf_puts(out, "data: [DONE]\n\n");
    }
    return true;
}
