/* sim/remote_exec.c - exec and attach: the streams of one command. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/command.h"
#include "sim/json_path.h"
#include "sim/process.h"
#include "sim/remote.h"

#define WORDS_MAX 1000u

/* Channels of a WebSocket; over SPDY each stream says which it is. */
enum role { ROLE_INPUT, ROLE_OUTPUT, ROLE_ERRORS, ROLE_STATUS, ROLE_RESIZE, ROLE_COUNT };

struct exec {
    struct sim_remote *remote;
    struct sim_exec_options options; /* without pointers: those are below, or looked up again */
    struct sim_region *region;
    char *ns;
    char *name;
    char *uid;
    char *container;
    json_t *words;
    struct sim_process *process;
    struct sim_attachment *attachment;
    uint32_t streams[ROLE_COUNT]; /* SPDY's number of each, 0: not opened */
    uint64_t start_event;
    bool is_started;
};

static uint32_t stream_of(const struct exec *exec, enum role role)
{
    return exec->options.is_websocket ? (uint32_t)role : exec->streams[role];
}

static void end_streams(struct exec *exec)
{
    if (!exec->options.is_websocket) {
        if (exec->streams[ROLE_OUTPUT] != 0) {
            sim_remote_send(exec->remote, exec->streams[ROLE_OUTPUT], "", 0, true);
        }
        if (exec->streams[ROLE_ERRORS] != 0) {
            sim_remote_send(exec->remote, exec->streams[ROLE_ERRORS], "", 0, true);
        }
    }
}

static void send_status(struct exec *exec, json_t *status)
{
    char *text = json_dumps(status, JSON_COMPACT);
    end_streams(exec);
    sim_remote_send(exec->remote, stream_of(exec, ROLE_STATUS), text, strlen(text), true);
    free(text);
    json_decref(status);
    sim_remote_close(exec->remote);
}

static void on_output(void *context, int fd, const char *bytes, size_t len)
{
    struct exec *exec = context;
    bool is_output = fd == 1;
    if (len > 0 && (is_output ? exec->options.has_output : exec->options.has_errors)) {
        sim_remote_send(exec->remote, stream_of(exec, is_output ? ROLE_OUTPUT : ROLE_ERRORS), bytes,
                        len, false);
    }
}

static void on_exited(void *context, int code)
{
    struct exec *exec = context;
    if (code == 0 || exec->attachment != NULL) { /* whoever is attached learns no exit code */
        send_status(exec, json_pack("{s:{},s:s}", "metadata", "status", "Success"));
        return;
    }
    char number[12];
    char message[100];
    snprintf(number, sizeof number, "%d", code);
    snprintf(message, sizeof message, "command terminated with non-zero exit code: exit status %d",
             code);
    send_status(exec, json_pack("{s:{},s:s,s:s,s:s,s:{s:[{s:s,s:s}]}}", "metadata", "status",
                                "Failure", "reason", "NonZeroExitCode", "message", message,
                                "details", "causes", "reason", "ExitCode", "message", number));
}

static void fail_start(struct exec *exec, const char *why)
{
    char id[65]; /* as long as containerd's */
    for (int i = 0; i < 4; i++) {
        snprintf(id + (size_t)i * 16, 17, "%016llx",
                 (unsigned long long)sim_world_draw(exec->remote->world, exec->uid, "exec"));
    }
    char *message = tg_asprintf(
        "Internal error occurred: error executing command in container: failed to exec in "
        "container: failed to start exec \"%s\": OCI runtime exec failed: exec failed: %s: unknown",
        id, why);
    send_status(exec, json_pack("{s:{},s:s,s:s,s:s,s:{s:[{s:s}]},s:i}", "metadata", "status",
                                "Failure", "message", message, "reason", "InternalError", "details",
                                "causes", "message", message, "code", 500));
    free(message);
}

/* The Pod, if it is still the one that was asked for: it may go while the client sets its streams
 * up. Its running container goes to *container. NULL when one of them is gone. */
static struct sim_pod *find_pod(const struct exec *exec, const struct sim_container **container)
{
    struct sim_pod *pod = sim_pod_find(exec->region, exec->ns, exec->name);
    if (pod == NULL || !tg_str_eq(pod->uid, exec->uid)) {
        return NULL;
    }
    *container = sim_pod_container(pod, exec->container);
    bool is_running = *container != NULL && (*container)->state == SIM_CONTAINER_RUNNING;
    return is_running ? pod : NULL;
}

static void start_command(struct exec *exec, struct sim_pod *pod,
                          const struct sim_container *container)
{
    const char *words[WORDS_MAX];
    size_t count = json_array_size(exec->words);
    count = count < WORDS_MAX ? count : WORDS_MAX;
    for (size_t i = 0; i < count; i++) {
        words[i] = json_string_value(json_array_get(exec->words, i));
    }
    struct sim_process_spec spec = {.words = words,
                                    .count = (int)count,
                                    .has_input = exec->options.has_input,
                                    .is_terminal = exec->options.is_terminal};
    struct sim_process_io io = {.output = on_output, .exited = on_exited, .context = exec};
    struct tg_err err = TG_ERR_INIT;
    exec->process = sim_process_start(pod, container, &spec, &io, &err);
    if (exec->process == NULL) {
        fail_start(exec, err.msg);
    }
}

static void start(struct sim_world *world, void *data)
{
    struct exec *exec = data;
    (void)world;
    exec->start_event = 0;
    exec->is_started = true;
    if (exec->options.is_websocket) {
        /* an empty message says that the connection stands */
        enum role first = exec->options.has_output   ? ROLE_OUTPUT
                          : exec->options.has_errors ? ROLE_ERRORS
                                                     : ROLE_STATUS;
        sim_remote_send(exec->remote, first, "", 0, false);
    }
    const struct sim_container *container = NULL;
    struct sim_pod *pod = find_pod(exec, &container);
    struct sim_process_io io = {.output = on_output, .exited = on_exited, .context = exec};
    if (pod == NULL) {
        fail_start(exec, "container not running");
    } else if (exec->words != NULL) {
        start_command(exec, pod, container);
    } else {
        exec->attachment = sim_command_attach(pod, container, &io);
    }
}

static void start_soon(struct exec *exec)
{
    if (exec->start_event == 0 && !exec->is_started) {
        exec->start_event = sim_world_at(exec->remote->world, sim_world_now_us(exec->remote->world),
                                         0, start, exec, NULL);
    }
}

static void on_opened(struct sim_remote *remote, uint32_t stream, const json_t *headers)
{
    static const char *const names[ROLE_COUNT] = {"stdin", "stdout", "stderr", "error", "resize"};
    struct exec *exec = remote->state;
    const char *type = sim_json_text(headers, "streamtype");
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (tg_str_eq(type, names[i])) {
            exec->streams[i] = stream;
        }
    }
    const struct sim_exec_options *options = &exec->options;
    bool is_complete =
        exec->streams[ROLE_STATUS] != 0 &&
        (!options->has_input || exec->streams[ROLE_INPUT] != 0) &&
        (!options->has_output || exec->streams[ROLE_OUTPUT] != 0) &&
        (!options->has_errors || options->is_terminal || exec->streams[ROLE_ERRORS] != 0) &&
        (!options->is_terminal || exec->streams[ROLE_RESIZE] != 0);
    if (is_complete) {
        start_soon(exec);
    }
}

static void on_data(struct sim_remote *remote, uint32_t stream, const char *bytes, size_t len,
                    bool is_end)
{
    struct exec *exec = remote->state;
    if (stream != stream_of(exec, ROLE_INPUT) || !exec->options.has_input) {
        return; /* sizes of the terminal change nothing here */
    }
    if (exec->process != NULL && len > 0) {
        sim_process_input(exec->process, bytes, len);
    }
    if (exec->process != NULL && is_end) {
        sim_process_input_end(exec->process);
    }
    if (exec->attachment != NULL && len > 0) {
        sim_command_input(exec->attachment, bytes, len);
    }
}

static void exec_free(struct sim_remote *remote)
{
    struct exec *exec = remote->state;
    sim_world_cancel(remote->world, exec->start_event);
    sim_process_free(exec->process);
    sim_command_detach(exec->attachment);
    json_decref(exec->words);
    free(exec->ns);
    free(exec->name);
    free(exec->uid);
    free(exec->container);
    free(exec);
}

void sim_remote_exec_init(struct sim_remote *remote, const struct sim_exec_options *options)
{
    static const struct sim_remote_session session = {
        .opened = on_opened, .data = on_data, .free = exec_free};
    struct exec *exec = TG_NEW(struct exec);
    exec->remote = remote;
    exec->options = *options;
    exec->words = options->words == NULL ? NULL : json_deep_copy(options->words);
    exec->region = options->pod->region;
    exec->ns = tg_strdup(options->pod->ns);
    exec->name = tg_strdup(options->pod->name);
    exec->uid = tg_strdup(options->pod->uid);
    exec->container = tg_strdup(options->container->name);
    exec->options.pod = NULL;
    exec->options.container = NULL;
    exec->options.words = NULL;
    remote->session = &session;
    remote->state = exec;
    if (options->is_websocket) {
        start_soon(exec);
    }
}
