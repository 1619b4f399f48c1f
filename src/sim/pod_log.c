/* sim/pod_log.c - what containers print: kept, bounded, and followed. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/pod.h"

#define LOG_LEN_MAX ((size_t)10 << 20) /* the kubelet's default for a log file */

struct line {
    int64_t wall_us;
    char *text;
};

struct log_stream {
    struct sim_stream stream; /* first: the front sees only this */
    struct sim_log *log;
    uint64_t next; /* number of the next line, counted from the log's first ever */
    int64_t since_wall_us;
    bool has_timestamps;
    bool is_follow;
    struct tg_buf pending; /* rest of a line that did not fit */
    struct log_stream *sibling;
};

struct sim_log {
    struct sim_world *world;
    unsigned references;
    struct line *lines; /* ring */
    size_t cap;
    size_t first;
    size_t count;
    uint64_t dropped; /* lines pushed out */
    size_t len;
    bool is_ended;
    struct log_stream *streams;
};

struct sim_log *sim_log_new(struct sim_world *world)
{
    struct sim_log *log = TG_NEW(struct sim_log);
    log->world = world;
    log->references = 1;
    return log;
}

struct sim_log *sim_log_keep(struct sim_log *log)
{
    log->references++;
    return log;
}

static void drop_oldest(struct sim_log *log)
{
    struct line *line = &log->lines[log->first];
    log->len -= strlen(line->text) + 1;
    free(line->text);
    log->first = (log->first + 1) % log->cap;
    log->count--;
    log->dropped++;
}

void sim_log_drop(struct sim_log *log)
{
    if (log == NULL || --log->references > 0) {
        return;
    }
    tg_assert(log->streams == NULL);
    while (log->count > 0) {
        drop_oldest(log);
    }
    free(log->lines);
    free(log);
}

static void grow(struct sim_log *log)
{
    size_t cap = log->cap == 0 ? 64 : log->cap * 2;
    struct line *lines = tg_calloc(cap, sizeof *lines);
    for (size_t i = 0; i < log->count; i++) {
        lines[i] = log->lines[(log->first + i) % log->cap];
    }
    free(log->lines);
    log->lines = lines;
    log->cap = cap;
    log->first = 0;
}

static void notify(struct sim_log *log)
{
    for (struct log_stream *s = log->streams; s != NULL; s = s->sibling) {
        if (s->stream.notify != NULL) {
            s->stream.notify(s->stream.notify_context);
        }
    }
}

void sim_log_line(struct sim_log *log, const char *format, ...)
{
    tg_assert(!log->is_ended);
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    if (log->count == log->cap) {
        grow(log);
    }
    log->lines[(log->first + log->count) % log->cap] =
        (struct line){sim_world_wall_us(log->world), text};
    log->count++;
    log->len += strlen(text) + 1;
    while (log->len > LOG_LEN_MAX) {
        drop_oldest(log);
    }
    notify(log);
}

void sim_log_end(struct sim_log *log)
{
    log->is_ended = true;
    notify(log);
}

size_t sim_log_count(const struct sim_log *log)
{
    return log->count;
}

const char *sim_log_at(const struct sim_log *log, size_t i, int64_t *wall_us)
{
    if (i >= log->count) {
        return NULL;
    }
    const struct line *line = &log->lines[(log->first + i) % log->cap];
    if (wall_us != NULL) {
        *wall_us = line->wall_us;
    }
    return line->text;
}

/* ---- streams ---- */

/* Puts the next line into pending; false when there is none now. */
static bool take_line(struct log_stream *s)
{
    struct sim_log *log = s->log;
    if (s->next < log->dropped) {
        s->next = log->dropped; /* rotation cut the log under the reader */
    }
    for (;;) {
        int64_t wall_us;
        const char *text = sim_log_at(log, (size_t)(s->next - log->dropped), &wall_us);
        if (text == NULL) {
            return false;
        }
        s->next++;
        if (wall_us < s->since_wall_us) {
            continue;
        }
        tg_buf_reset(&s->pending);
        if (s->has_timestamps) {
            char stamp[48];
            tg_buf_printf(&s->pending, "%s ", tg_fmt_rfc3339(stamp, sizeof stamp, wall_us, 9));
        }
        tg_buf_puts(&s->pending, text);
        tg_buf_putc(&s->pending, '\n');
        return true;
    }
}

static size_t stream_read(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct log_stream *s = (struct log_stream *)stream;
    size_t used = 0;
    *is_end = false;
    while (used < size) {
        if (s->pending.len == 0 && !take_line(s)) {
            *is_end = !s->is_follow || s->log->is_ended;
            break;
        }
        size_t len = s->pending.len < size - used ? s->pending.len : size - used;
        memcpy(out + used, s->pending.data, len);
        tg_buf_consume(&s->pending, len);
        used += len;
    }
    if (used > 0) {
        *is_end = false; /* the end is told by an empty read, so that no byte is lost */
    }
    return used;
}

static void stream_free(struct sim_stream *stream)
{
    struct log_stream *s = (struct log_stream *)stream;
    struct log_stream **link = &s->log->streams;
    while (*link != s) {
        link = &(*link)->sibling;
    }
    *link = s->sibling;
    sim_log_drop(s->log);
    tg_buf_fini(&s->pending);
    free(s);
}

static struct sim_stream *stream_new(struct sim_log *log, bool is_follow, bool has_timestamps,
                                     int64_t since_wall_us, int64_t tail)
{
    struct log_stream *s = TG_NEW(struct log_stream);
    s->stream.read = stream_read;
    s->stream.free = stream_free;
    s->log = sim_log_keep(log);
    s->next = log->dropped;
    if (tail >= 0 && (uint64_t)tail < log->count) {
        s->next += log->count - (uint64_t)tail;
    }
    s->since_wall_us = since_wall_us;
    s->has_timestamps = has_timestamps;
    s->is_follow = is_follow;
    tg_buf_init(&s->pending, (size_t)1 << 20);
    s->sibling = log->streams;
    log->streams = s;
    return &s->stream;
}

static void list_containers(const struct sim_pod *pod, char *out, size_t size)
{
    out[0] = '\0';
    for (int i = 0; i < pod->container_count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, size - len, "%s%s", i == 0 ? "" : " ", pod->containers[i].name);
    }
}

static struct sim_container *pick_container(struct sim_pod *pod, const char *name,
                                            struct tg_err *err)
{
    if (name != NULL && name[0] != '\0') {
        struct sim_container *container = sim_pod_container(pod, name);
        if (container != NULL) {
            return container;
        }
        tg_err_set(err, TG_CODE_INVALID, 400, "container %s is not valid for pod %s", name,
                   pod->name);
        return NULL;
    }
    int main_count = 0;
    for (int i = 0; i < pod->container_count; i++) {
        main_count += pod->containers[i].is_sidecar ? 0 : 1;
    }
    if (main_count != 1) {
        char names[200];
        list_containers(pod, names, sizeof names);
        tg_err_set(err, TG_CODE_INVALID, 400,
                   "a container name must be specified for pod %s, choose one of: [%s]", pod->name,
                   names);
        return NULL;
    }
    return sim_pod_main(pod);
}

static struct sim_container *find_container(struct sim_pod *pod, const char *name,
                                            const char *container_name, struct tg_err *err)
{
    if (pod == NULL) {
        tg_err_set(err, TG_CODE_NOT_FOUND, 404, "pods \"%s\" not found", name);
        return NULL;
    }
    return pick_container(pod, container_name, err);
}

struct sim_stream *sim_pod_previous_log(struct sim_world *world, int region_index, const char *ns,
                                        const char *name, const char *container_name,
                                        bool has_timestamps, int64_t since_wall_us, int64_t tail,
                                        struct tg_err *err)
{
    struct sim_pod *pod = sim_pod_find(sim_world_region(world, region_index), ns, name);
    struct sim_container *container = find_container(pod, name, container_name, err);
    if (container == NULL) {
        return NULL;
    }
    bool is_ended = container->has_ended && container->state == SIM_CONTAINER_WAITING;
    struct sim_log *log = is_ended ? container->log : container->last_log;
    if (log == NULL) {
        tg_err_set(err, TG_CODE_INVALID, 400,
                   "previous terminated container \"%s\" in pod \"%s\" not found", container->name,
                   pod->name);
        return NULL;
    }
    return stream_new(log, false, has_timestamps, since_wall_us, tail);
}

struct sim_stream *sim_pod_log(struct sim_world *world, int region_index, const char *ns,
                               const char *name, const char *container_name, bool is_follow,
                               bool has_timestamps, int64_t since_wall_us, int64_t tail,
                               struct tg_err *err)
{
    struct sim_pod *pod = sim_pod_find(sim_world_region(world, region_index), ns, name);
    struct sim_container *container = find_container(pod, name, container_name, err);
    if (container == NULL) {
        return NULL;
    }
    if (container->state == SIM_CONTAINER_WAITING && !container->has_ended) {
        tg_err_set(err, TG_CODE_INVALID, 400,
                   "container \"%s\" in pod \"%s\" is waiting to start: %s", container->name,
                   pod->name, container->reason);
        return NULL;
    }
    return stream_new(container->log, is_follow, has_timestamps, since_wall_us, tail);
}
