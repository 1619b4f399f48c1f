/* sim/fault_stream.c - faults between a stream and its reader, and bodies that come slowly. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/fault_response.h"

#define BLOCK 16384u

/* A watch or a followed log with the fault table in between. */
struct watched {
    struct sim_stream stream; /* first */
    struct watched *next;
    struct watched **link; /* what points to this one */
    struct sim_world *world;
    struct sim_stream *source;
    int server;
    char *route;
    bool is_json;
    bool is_source_over;
    bool is_ending;       /* what is in ready is the last */
    bool is_silenced;     /* while the fault that did it is in force */
    uint64_t asked;       /* faults that had begun when it was last asked who strikes this stream */
    struct tg_buf coming; /* an unfinished line */
    struct tg_buf held;   /* a line that waits to be overtaken */
    struct tg_buf ready;  /* for the reader */
    size_t taken;         /* of ready */
};

static void on_notify(void *context)
{
    struct watched *watched = context;
    if (watched->stream.notify != NULL) {
        watched->stream.notify(watched->stream.notify_context);
    }
}

static const struct sim_fault *strike(struct watched *watched, enum sim_fault_kind kind)
{
    return sim_fault_strikes_route(watched->world, kind, watched->server, watched->route);
}

/* The line with another text behind mark, which opens a string. */
static void write_instead(const char *line, size_t len, const char *mark, const char *text,
                          struct tg_buf *out)
{
    const char *at = memmem(line, len, mark, strlen(mark));
    if (at == NULL) {
        tg_buf_append(out, line, len);
        return;
    }
    at += strlen(mark);
    const char *close = memchr(at, '"', len - (size_t)(at - line));
    tg_buf_append(out, line, (size_t)(at - line));
    tg_buf_puts(out, text);
    tg_buf_append(out, close, len - (size_t)(close - line));
}

static void put_text(struct watched *watched, const char *line, size_t len)
{
    for (int kind = SIM_FAULT_MALFORMED; kind <= SIM_FAULT_BINARY; kind++) {
        bool is_for_logs = kind == SIM_FAULT_LONG_LINE || kind == SIM_FAULT_BINARY;
        const struct sim_fault *fault =
            is_for_logs == watched->is_json ? NULL : strike(watched, (enum sim_fault_kind)kind);
        if (fault != NULL) {
            sim_fault_write(fault, line, len, &watched->ready);
            return;
        }
    }
    if (watched->is_json && strike(watched, SIM_FAULT_BACKWARDS) != NULL) {
        write_instead(line, len, "\"resourceVersion\":\"", "1", &watched->ready);
        return;
    }
    if (watched->is_json && strike(watched, SIM_FAULT_STRAY) != NULL) {
        write_instead(line, len, "\"namespace\":\"", "elsewhere", &watched->ready);
        return;
    }
    tg_buf_append(&watched->ready, line, len);
    if (watched->is_json && strike(watched, SIM_FAULT_REPEAT) != NULL) {
        tg_buf_append(&watched->ready, line, len);
    }
}

/* One whole line, with its end. */
static void put_line(struct watched *watched, const char *line, size_t len)
{
    if (watched->held.len > 0) {
        put_text(watched, line, len);
        put_text(watched, tg_buf_text(&watched->held), watched->held.len);
        tg_buf_reset(&watched->held);
    } else if (watched->is_json && strike(watched, SIM_FAULT_REORDER) != NULL) {
        tg_buf_append(&watched->held, line, len);
    } else {
        put_text(watched, line, len);
    }
}

static void take_lines(struct watched *watched)
{
    size_t at = 0;
    const char *text = tg_buf_text(&watched->coming);
    for (const char *end; (end = memchr(text + at, '\n', watched->coming.len - at)) != NULL;) {
        size_t len = (size_t)(end - text) + 1 - at;
        put_line(watched, text + at, len);
        at += len;
    }
    if (watched->is_source_over) {
        tg_buf_append(&watched->ready, text + at, watched->coming.len - at);
        at = watched->coming.len;
    }
    tg_buf_consume(&watched->coming, at);
}

/* Nothing came behind a held line: nobody overtakes it any more. */
static void release_held(struct watched *watched)
{
    if (watched->held.len > 0) {
        put_text(watched, tg_buf_text(&watched->held), watched->held.len);
        tg_buf_reset(&watched->held);
    }
}

static void pull(struct watched *watched)
{
    char block[BLOCK];
    bool has_faults = sim_fault_has_routes(watched->world);
    for (;;) {
        size_t len =
            watched->source->read(watched->source, block, sizeof block, &watched->is_source_over);
        if (!has_faults && watched->coming.len == 0 && watched->held.len == 0) {
            tg_buf_append(&watched->ready, block, len);
        } else {
            tg_buf_append(&watched->coming, block, len);
        }
        if (len == 0 || watched->is_source_over || watched->ready.len >= BLOCK) {
            break;
        }
    }
    if (watched->coming.len > 0) {
        take_lines(watched);
    }
    release_held(watched);
}

/* True when a fault ends the stream or keeps it silent; *is_silent says which. */
static bool is_struck(struct watched *watched, bool *is_silent)
{
    static const char expired[] =
        "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
        "\"status\":\"Failure\",\"message\":\"too old resource version\",\"reason\":\"Expired\","
        "\"code\":410}}\n";
    int server = watched->server;
    /* however often it is read, a stream is one occasion for each fault */
    bool is_new = watched->asked != sim_fault_begun(watched->world);
    watched->asked = sim_fault_begun(watched->world);
    if (watched->is_silenced &&
        sim_fault_in_force(watched->world, SIM_FAULT_SILENCE, server) == NULL) {
        watched->is_silenced = false;
    }
    if (is_new && !watched->is_silenced) {
        watched->is_silenced = strike(watched, SIM_FAULT_SILENCE) != NULL;
    }
    *is_silent = watched->is_silenced ||
                 sim_fault_in_force(watched->world, SIM_FAULT_REGION_DOWN, server) != NULL;
    if (*is_silent) {
        return true;
    }
    if (sim_fault_in_force(watched->world, SIM_FAULT_CONFIG_DOWN, server) != NULL ||
        (is_new && strike(watched, SIM_FAULT_CUT) != NULL)) {
        watched->stream.is_broken = true;
        watched->is_ending = true;
        return true;
    }
    if (is_new && watched->is_json && strike(watched, SIM_FAULT_EXPIRE) != NULL) {
        tg_buf_puts(&watched->ready, expired);
        watched->is_ending = true;
    }
    return false;
}

static size_t watched_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct watched *watched = (struct watched *)stream;
    bool is_silent = false;
    *is_end = false;
    if (!watched->is_ending && sim_fault_has_routes(watched->world) &&
        is_struck(watched, &is_silent)) {
        *is_end = !is_silent;
        return 0;
    }
    if (watched->taken == watched->ready.len && !watched->is_ending && !watched->is_source_over) {
        tg_buf_reset(&watched->ready);
        watched->taken = 0;
        pull(watched);
    }
    size_t left = watched->ready.len - watched->taken;
    size_t len = left < size ? left : size;
    memcpy(out, tg_buf_text(&watched->ready) + watched->taken, len);
    watched->taken += len;
    *is_end =
        watched->taken == watched->ready.len && (watched->is_ending || watched->is_source_over);
    return len;
}

static void watched_free(struct sim_stream *stream)
{
    struct watched *watched = (struct watched *)stream;
    *watched->link = watched->next;
    if (watched->next != NULL) {
        watched->next->link = watched->link;
    }
    watched->source->free(watched->source);
    tg_buf_fini(&watched->coming);
    tg_buf_fini(&watched->held);
    tg_buf_fini(&watched->ready);
    free(watched->route);
    free(watched);
}

void sim_fault_watch_stream(struct sim_world *world, const struct sim_request *request,
                            struct sim_response *response)
{
    char route[700];
    struct watched **first = &sim_world_behaviour(world)->streams;
    struct watched *watched = TG_NEW(struct watched);
    watched->stream.read = watched_read;
    watched->stream.free = watched_free;
    watched->world = world;
    watched->source = response->stream;
    watched->source->notify = on_notify;
    watched->source->notify_context = watched;
    watched->server = request->server;
    watched->route = tg_strdup(sim_fault_route(request, route, sizeof route));
    watched->is_json = strstr(response->content_type, "json") != NULL;
    tg_buf_init(&watched->coming, SIM_RESPONSE_BODY_MAX);
    tg_buf_init(&watched->held, SIM_RESPONSE_BODY_MAX);
    tg_buf_init(&watched->ready, SIM_RESPONSE_BODY_MAX);
    watched->next = *first;
    watched->link = first;
    if (watched->next != NULL) {
        watched->next->link = &watched->next;
    }
    *first = watched;
    response->stream = &watched->stream;
}

void sim_fault_wake_streams(struct sim_world *world)
{
    for (struct watched *w = sim_world_behaviour(world)->streams; w != NULL; w = w->next) {
        on_notify(w);
    }
}

/* ---- a body that comes slowly, or not all of it ---- */

struct slow {
    struct sim_stream stream; /* first */
    struct sim_world *world;
    struct tg_buf body;
    size_t taken;
    size_t len_max;
    bool is_cut;
    int64_t bytes_per_s; /* 0: as fast as it is read */
    int64_t start_us;
    uint64_t wake_event;
};

static void slow_wake(struct sim_world *world, void *data)
{
    struct slow *slow = data;
    (void)world;
    slow->wake_event = 0;
    if (slow->stream.notify != NULL) {
        slow->stream.notify(slow->stream.notify_context);
    }
}

static size_t slow_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct slow *slow = (struct slow *)stream;
    size_t allowed = slow->len_max;
    if (slow->bytes_per_s > 0) {
        int64_t seconds = (sim_world_now_us(slow->world) - slow->start_us) / TG_US_PER_S;
        size_t due = (size_t)(seconds * slow->bytes_per_s);
        allowed = due < allowed ? due : allowed;
    }
    size_t left = allowed - slow->taken;
    size_t len = left < size ? left : size;
    memcpy(out, tg_buf_text(&slow->body) + slow->taken, len);
    slow->taken += len;
    *is_end = slow->taken == slow->len_max;
    stream->is_broken = *is_end && slow->is_cut;
    if (!*is_end && slow->bytes_per_s > 0 && slow->wake_event == 0) {
        slow->wake_event = sim_world_at(slow->world, sim_world_now_us(slow->world) + TG_US_PER_S,
                                        SIM_PRIORITY_NETWORK, slow_wake, slow, NULL);
    }
    return len;
}

static void slow_free(struct sim_stream *stream)
{
    struct slow *slow = (struct slow *)stream;
    sim_world_cancel(slow->world, slow->wake_event);
    tg_buf_fini(&slow->body);
    free(slow);
}

void sim_fault_slow_body(struct sim_world *world, struct sim_response *response,
                         int64_t bytes_per_s, int64_t bytes_max)
{
    struct slow *slow = TG_NEW(struct slow);
    slow->stream.read = slow_read;
    slow->stream.free = slow_free;
    slow->world = world;
    slow->body = response->body;
    slow->bytes_per_s = bytes_per_s;
    slow->start_us = sim_world_now_us(world);
    slow->len_max = slow->body.len;
    slow->is_cut = bytes_max >= 0 && (size_t)bytes_max < slow->body.len;
    if (slow->is_cut) {
        slow->len_max = (size_t)bytes_max;
    }
    tg_buf_init(&response->body, SIM_RESPONSE_BODY_MAX);
    response->stream = &slow->stream;
}
