/* sim/process.c - the life of a command: its environment, its input and output, the shell's loop.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/process.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gateway.h"
#include "sim/json_path.h"

#define SCRIPT_LEN_MAX ((size_t)128 * 1024) /* as long as one argument of a program may be */
#define KILLED         137
#define PROMPT         "/ # "

static void run_next(struct sim_process *process);

/* ---- environment ---- */

static json_t *container_spec(const struct sim_process *process)
{
    const struct sim_pod *pod = process->pod;
    const json_t *object =
        sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
    static const char *const lists[] = {"spec.containers", "spec.initContainers",
                                        "spec.ephemeralContainers"};
    for (size_t l = 0; l < TG_COUNT(lists); l++) {
        size_t i;
        json_t *spec;
        json_array_foreach(sim_json_at(object, lists[l]), i, spec)
        {
            if (tg_str_eq(sim_json_text(spec, "name"), process->container->name)) {
                return spec;
            }
        }
    }
    return NULL;
}

static void set_variable(struct sim_process *process, const char *name, const char *value)
{
    json_object_set_new(process->variables, name, json_string(value));
}

static void read_environment(struct sim_process *process)
{
    process->variables = json_object();
    set_variable(process, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    set_variable(process, "HOSTNAME", process->pod->name);
    set_variable(process, "KUBERNETES_SERVICE_HOST", "34.118.224.1");
    set_variable(process, "KUBERNETES_SERVICE_PORT", "443");
    set_variable(process, "HOME", "/root");
    set_variable(process, "PWD", "/");
    size_t i;
    json_t *item;
    json_array_foreach(sim_json_at(container_spec(process), "env"), i, item)
    {
        const json_t *secret = sim_json_at(item, "valueFrom.secretKeyRef");
        if (secret == NULL) {
            set_variable(process, sim_json_text(item, "name"), sim_json_text(item, "value"));
            continue;
        }
        const struct sim_pod *pod = process->pod;
        const json_t *object =
            sim_store_get(pod->region->store, sim_world_kinds(pod->world)->secret, pod->ns,
                          sim_json_text(secret, "name"));
        const char *text = json_string_value(
            json_object_get(json_object_get(object, "data"), sim_json_text(secret, "key")));
        size_t len = 0;
        char *plain = text == NULL ? NULL : tg_base64_decode(text, strlen(text), &len);
        if (plain != NULL) {
            set_variable(process, sim_json_text(item, "name"), plain);
        }
        free(plain);
    }
}

const char *sim_process_variable(const struct sim_process *process, const char *name)
{
    const char *value = json_string_value(json_object_get(process->variables, name));
    return value == NULL ? "" : value;
}

const char *sim_process_word(const struct sim_process *process, size_t i)
{
    return json_string_value(json_array_get(process->words, i));
}

/* ---- output ---- */

void sim_process_write(struct sim_process *process, int fd, const char *bytes, size_t len)
{
    bool is_off = fd == 1 ? process->is_output_off : process->is_errors_off;
    if (is_off || process->is_over || len == 0) {
        return;
    }
    if (!process->is_terminal) {
        process->io.output(process->io.context, fd, bytes, len);
        return;
    }
    /* a terminal has one stream, and its line discipline adds carriage returns */
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            process->io.output(process->io.context, 1, bytes + from, i - from);
            process->io.output(process->io.context, 1, "\r\n", 2);
            from = i + 1;
        }
    }
    process->io.output(process->io.context, 1, bytes + from, len - from);
}

void sim_process_print(struct sim_process *process, int fd, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    sim_process_write(process, fd, text, strlen(text));
    free(text);
}

/* ---- end ---- */

static void drop_state(struct sim_process *process)
{
    if (process->state != NULL) {
        process->free_state(process->state);
        process->state = NULL;
    }
}

static void tell_end(struct sim_world *world, void *data)
{
    struct sim_process *process = data;
    (void)world;
    process->end_event = 0;
    process->io.exited(process->io.context, process->code);
}

/* Told by an event of its own, so that nobody is called back from within his own call. */
static void end(struct sim_process *process, int code)
{
    if (!process->is_over) {
        process->is_over = true;
        process->is_running = false;
        process->code = code;
        process->end_event = sim_world_at(process->world, sim_world_now_us(process->world),
                                          SIM_PRIORITY_CLIENT, tell_end, process, NULL);
    }
}

static void unlink_process(struct sim_process *process)
{
    if (process->pod != NULL) {
        struct sim_process **at = &process->pod->processes;
        while (*at != process) {
            at = &(*at)->sibling;
        }
        *at = process->sibling;
        process->pod = NULL;
    }
}

static void stop_work(struct sim_process *process)
{
    sim_world_cancel(process->world, process->event);
    process->event = 0;
    if (process->request != 0) {
        sim_gateway_forget(process->world, process->request);
        process->request = 0;
    }
    drop_state(process);
}

void sim_process_free(struct sim_process *process)
{
    if (process == NULL) {
        return;
    }
    stop_work(process);
    sim_world_cancel(process->world, process->end_event);
    unlink_process(process);
    json_decref(process->variables);
    json_decref(process->words);
    tg_buf_fini(&process->script);
    tg_buf_fini(&process->line);
    free(process);
}

bool sim_process_is_refused(const struct sim_process *process)
{
    return process->is_refused;
}

void sim_process_kill_all(struct sim_pod *pod)
{
    while (pod->processes != NULL) {
        struct sim_process *process = pod->processes;
        unlink_process(process);
        stop_work(process);
        end(process, KILLED);
    }
}

/* ---- the loop ---- */

static void command_over(struct sim_process *process, int code)
{
    process->code = code;
    process->is_running = false;
    process->is_reading = false;
    process->is_output_off = false;
    process->is_errors_off = false;
    drop_state(process);
    if (!process->is_shell) {
        end(process, code);
    }
}

void sim_process_done(struct sim_process *process, int code)
{
    command_over(process, code);
    run_next(process);
}

static void run_command(struct sim_process *process)
{
    process->is_running = true;
    int code = sim_program_run(process);
    if (code != SIM_PROGRAM_PENDING) {
        command_over(process, code);
    }
}

static void prompt(struct sim_process *process)
{
    if (process->is_terminal && process->is_interactive && !process->is_over) {
        sim_process_print(process, 1, PROMPT);
    }
}

/* A loop, not a recursion: a script may have any number of commands that end at once. */
static void run_next(struct sim_process *process)
{
    while (process->is_shell && !process->is_running && !process->is_over) {
        switch (sim_shell_next(process)) {
        case SIM_SHELL_COMMAND:
            run_command(process);
            break;
        case SIM_SHELL_EMPTY:
        case SIM_SHELL_INCOMPLETE:
            if (process->is_interactive && !process->is_input_over) {
                prompt(process);
                return;
            }
            end(process, process->code);
            break;
        case SIM_SHELL_BROKEN:
            process->is_refused = true;
            end(process, 2);
            break;
        }
    }
}

/* ---- start ---- */

static bool is_shell_name(const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash == NULL ? word : slash + 1;
    return tg_str_eq(name, "sh") || tg_str_eq(name, "bash") || tg_str_eq(name, "ash");
}

static void begin(struct sim_world *world, void *data)
{
    struct sim_process *process = data;
    (void)world;
    process->event = 0;
    if (process->is_shell) {
        run_next(process);
    } else {
        run_command(process);
    }
}

static void prepare_shell(struct sim_process *process, const struct sim_process_spec *spec)
{
    process->is_shell = true;
    if (spec->count >= 3 && tg_str_has_prefix(spec->words[1], "-") &&
        tg_str_has_suffix(spec->words[1], "c")) {
        tg_buf_puts(&process->script, spec->words[2]);
        tg_buf_putc(&process->script, '\n');
    } else {
        process->is_interactive = true;
    }
}

struct sim_process *sim_process_start(struct sim_pod *pod, const struct sim_container *container,
                                      const struct sim_process_spec *spec,
                                      const struct sim_process_io *io, struct tg_err *err)
{
    tg_assert(spec->count > 0);
    if (!sim_program_exists(container, spec->words[0])) {
        tg_err_set(err, TG_CODE_NOT_FOUND, 0,
                   "unable to start container process: exec: \"%s\": executable file not found in "
                   "$PATH",
                   spec->words[0]);
        return NULL;
    }
    struct sim_process *process = TG_NEW(struct sim_process);
    process->pod = pod;
    process->world = pod->world;
    process->container = container;
    process->io = *io;
    process->has_input = spec->has_input;
    process->is_terminal = spec->is_terminal;
    process->is_input_over = !spec->has_input;
    process->sibling = pod->processes;
    pod->processes = process;
    tg_buf_init(&process->script, SCRIPT_LEN_MAX);
    tg_buf_init(&process->line, SCRIPT_LEN_MAX);
    read_environment(process);
    process->words = json_array();
    if (is_shell_name(spec->words[0])) {
        prepare_shell(process, spec);
    } else {
        for (int i = 0; i < spec->count; i++) {
            json_array_append_new(process->words, json_string(spec->words[i]));
        }
    }
    /* the runtime needs a moment to set the process up */
    process->event = sim_world_at(process->world,
                                  sim_world_now_us(process->world) +
                                      sim_world_params(process->world)->process_start_us,
                                  SIM_PRIORITY_CLIENT, begin, process, NULL);
    return process;
}

/* ---- input ---- */

static void take_line(struct sim_process *process, const char *bytes, size_t len)
{
    if (process->is_reading) {
        sim_process_write(process, 1, bytes, len);
    } else if (process->is_interactive) {
        for (size_t i = 0; i < len; i++) {
            if (bytes[i] != '\0') { /* which shells ignore */
                tg_buf_putc(&process->script, bytes[i]);
            }
        }
        run_next(process);
    }
}

/* One key at a terminal: echoed, gathered to lines. */
static void take_key(struct sim_process *process, char key)
{
    if (key == 3) { /* Ctrl-C */
        tg_buf_reset(&process->line);
        sim_process_print(process, 1, "^C\n");
        if (process->is_running) {
            stop_work(process);
            sim_process_done(process, 130);
        } else {
            prompt(process);
        }
    } else if (key == 4) { /* Ctrl-D */
        if (process->line.len == 0) {
            sim_process_input_end(process);
        }
    } else if (key == 127 || key == 8) {
        if (process->line.len > 0) {
            process->line.len--;
            sim_process_print(process, 1, "\b \b");
        }
    } else {
        key = key == '\r' ? '\n' : key;
        sim_process_write(process, 1, &key, 1);
        tg_buf_putc(&process->line, key);
        if (key == '\n') {
            size_t len;
            char *line = tg_buf_take(&process->line, &len);
            take_line(process, line, len);
            free(line);
        }
    }
}

void sim_process_input(struct sim_process *process, const char *bytes, size_t len)
{
    if (!process->is_terminal) {
        take_line(process, bytes, len);
        return;
    }
    for (size_t i = 0; i < len && !process->is_over; i++) {
        take_key(process, bytes[i]);
    }
}

void sim_process_input_end(struct sim_process *process)
{
    if (process->is_input_over || process->is_over) {
        return;
    }
    process->is_input_over = true;
    if (process->is_reading) {
        sim_process_done(process, 0);
    } else if (process->is_interactive) {
        run_next(process);
    }
}
