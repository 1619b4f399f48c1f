/* sim/chat.h - one chat completion: what was asked, what is answered, in the form of OpenAI's API
 * as vLLM serves it.
 *
 * Thread: the world's. Ownership: a struct sim_chat owns its texts until sim_chat_fini().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CHAT_H
#define TG_SIM_CHAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/world.h"

struct sim_chat {
    int status;    /* 200, or of the error */
    json_t *error; /* body of the error, NULL when there is none */
    char *reply;   /* text of the answer, cut to max_tokens */
    char id[40];   /* "chatcmpl-..." */
    int64_t created_s;
    int64_t prompt_tokens;
    int64_t output_tokens;
    int64_t token_bytes;  /* text of each */
    bool is_length;       /* max_tokens ended it */
    bool is_stream;       /* server-sent events were asked for */
    bool is_usage_wanted; /* stream_options.include_usage */
};

/* Reads the body of a request; entity names the server for the answer's id. */
void sim_chat_read(struct sim_chat *chat, struct sim_world *world, const char *entity,
                   const char *body, size_t body_len);
void sim_chat_fini(struct sim_chat *chat);

/* The body of the answer when it is not streamed, also of an error. New reference. */
json_t *sim_chat_answer(const struct sim_chat *chat);

/* Events of a streamed answer: number 0 gives the role, then one for each output token, then the
 * last ones with [DONE]. False past the end. */
bool sim_chat_event(const struct sim_chat *chat, int64_t number, struct tg_buf *out);

/* {"error": {...}} as vLLM writes it; parameter may be NULL. New reference. */
json_t *sim_chat_error(int status, const char *type, const char *parameter, const char *message);

#endif
