/* sim/command.c - runs main commands and shares their output between the log and who is attached.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/ephemeral.h"
#include "sim/json_path.h"

#define WORDS_MAX    1000
#define LINE_LEN_MAX ((size_t)16 * 1024)

/* Of one container; made when first needed. */
struct sim_command {
    struct sim_pod *pod;
    struct sim_container *container;
    struct sim_process *process; /* NULL: nothing that is simulated runs */
    struct tg_buf line;          /* of output, until its end comes */
    struct sim_attachment *attachments;
};

struct sim_attachment {
    struct sim_attachment *sibling;
    struct sim_command *command; /* NULL once the container is gone */
    struct sim_world *world;
    struct sim_process_io io;
    struct sim_stream *log; /* of containers that are no plain commands */
    int code;
    uint64_t event;
};

/* All containers that are not ephemeral share the main one's. */
static struct sim_command *command_of(struct sim_pod *pod, const struct sim_container *container)
{
    struct sim_ephemeral *ephemeral = sim_ephemeral_of(pod, container);
    struct sim_command **slot = ephemeral == NULL ? &pod->command : &ephemeral->command;
    if (*slot == NULL) {
        *slot = TG_NEW(struct sim_command);
        (*slot)->pod = pod;
        (*slot)->container = ephemeral == NULL ? sim_pod_main(pod) : &ephemeral->container;
        tg_buf_init(&(*slot)->line, LINE_LEN_MAX);
    }
    return *slot;
}

/* ---- output ---- */

static void log_line(struct sim_command *command)
{
    if (command->line.len > 0 && command->line.data[command->line.len - 1] == '\r') {
        command->line.len--;
    }
    sim_log_line(command->container->log, "%.*s", (int)command->line.len,
                 tg_buf_text(&command->line));
    tg_buf_reset(&command->line);
}

static void on_output(void *context, int fd, const char *bytes, size_t len)
{
    struct sim_command *command = context;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' || !tg_buf_putc(&command->line, bytes[i])) {
            log_line(command);
        }
    }
    for (struct sim_attachment *a = command->attachments; a != NULL; a = a->sibling) {
        a->io.output(a->io.context, fd, bytes, len);
    }
}

static void on_exited(void *context, int code)
{
    struct sim_command *command = context;
    struct sim_pod *pod = command->pod;
    if (command->line.len > 0) {
        log_line(command);
    }
    bool is_refused = sim_process_is_refused(command->process);
    sim_process_free(command->process);
    command->process = NULL;
    if (sim_ephemeral_of(pod, command->container) != NULL) {
        sim_ephemeral_exited(pod, command->container, code);
    } else if (is_refused) {
        sim_log_line(command->container->log,
                     "(simulated) this command is not simulated; the container goes on without it");
    } else if (pod->step == SIM_STEP_RUNNING) {
        sim_kubelet_exited(pod, code);
    }
}

/* ---- start and stop ---- */

static int collect_words(const json_t *spec, const char *words[WORDS_MAX])
{
    static const char *const lists[] = {"command", "args"};
    int count = 0;
    for (size_t l = 0; l < TG_COUNT(lists); l++) {
        size_t i;
        json_t *word;
        json_array_foreach(json_object_get(spec, lists[l]), i, word)
        {
            if (count < WORDS_MAX && json_is_string(word)) {
                words[count++] = json_string_value(word);
            }
        }
    }
    return count;
}

bool sim_command_start_in(struct sim_pod *pod, struct sim_container *container, const json_t *spec)
{
    const char *words[WORDS_MAX];
    struct sim_process_spec process = {.words = words,
                                       .count = collect_words(spec, words),
                                       .has_input = sim_json_is_true(spec, "stdin"),
                                       .is_terminal = sim_json_is_true(spec, "tty")};
    if (process.count == 0) {
        words[process.count++] = "sh";
    }
    if (!sim_program_exists(container, words[0])) {
        return false;
    }
    struct sim_command *command = command_of(pod, container);
    struct sim_process_io io = {.output = on_output, .exited = on_exited, .context = command};
    struct tg_err err = TG_ERR_INIT;
    command->process = sim_process_start(pod, container, &process, &io, &err);
    return command->process != NULL;
}

void sim_command_start(struct sim_pod *pod)
{
    const json_t *object =
        sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
    const json_t *spec = json_array_get(sim_json_at(object, "spec.containers"), 0);
    const char *words[WORDS_MAX];
    if (collect_words(spec, words) > 0) { /* else an image's own program: it just runs */
        sim_command_start_in(pod, sim_pod_main(pod), spec);
    }
}

static void tell_end(struct sim_world *world, void *data)
{
    struct sim_attachment *attachment = data;
    (void)world;
    attachment->event = 0;
    attachment->io.exited(attachment->io.context, attachment->code);
}

void sim_command_stop_in(struct sim_command **slot, int code)
{
    struct sim_command *command = *slot;
    if (command == NULL) {
        return;
    }
    struct sim_pod *pod = command->pod;
    *slot = NULL;
    while (command->attachments != NULL) {
        struct sim_attachment *attachment = command->attachments;
        command->attachments = attachment->sibling;
        attachment->command = NULL;
        attachment->code = code;
        attachment->event = sim_world_at(pod->world, sim_world_now_us(pod->world),
                                         SIM_PRIORITY_CLIENT, tell_end, attachment, NULL);
    }
    sim_process_free(command->process);
    tg_buf_fini(&command->line);
    free(command);
}

void sim_command_stop(struct sim_pod *pod, int code)
{
    sim_command_stop_in(&pod->command, code);
}

/* ---- attached ---- */

static void pump_log(void *context)
{
    struct sim_attachment *attachment = context;
    char bytes[4096];
    bool is_end = false;
    size_t len;
    while ((len = attachment->log->read(attachment->log, bytes, sizeof bytes, &is_end)) > 0) {
        attachment->io.output(attachment->io.context, 1, bytes, len);
    }
}

struct sim_attachment *sim_command_attach(struct sim_pod *pod,
                                          const struct sim_container *container,
                                          const struct sim_process_io *io)
{
    struct sim_command *command = command_of(pod, container);
    struct sim_attachment *attachment = TG_NEW(struct sim_attachment);
    attachment->command = command;
    attachment->world = pod->world;
    attachment->io = *io;
    attachment->sibling = command->attachments;
    command->attachments = attachment;
    if (command->process == NULL) {
        struct tg_err err = TG_ERR_INIT;
        attachment->log = sim_pod_log(pod->world, pod->region->index, pod->ns, pod->name,
                                      command->container->name, true, false, 0, 0, &err);
        if (attachment->log != NULL) {
            attachment->log->notify = pump_log;
            attachment->log->notify_context = attachment;
        }
    } else if (command->line.len > 0) { /* a prompt that waits */
        io->output(io->context, 1, command->line.data, command->line.len);
    }
    return attachment;
}

void sim_command_detach(struct sim_attachment *attachment)
{
    if (attachment == NULL) {
        return;
    }
    if (attachment->command != NULL) {
        struct sim_attachment **at = &attachment->command->attachments;
        while (*at != attachment) {
            at = &(*at)->sibling;
        }
        *at = attachment->sibling;
    }
    if (attachment->log != NULL) {
        attachment->log->free(attachment->log);
    }
    sim_world_cancel(attachment->world, attachment->event);
    free(attachment);
}

void sim_command_input(struct sim_attachment *attachment, const char *bytes, size_t len)
{
    if (attachment->command != NULL && attachment->command->process != NULL) {
        sim_process_input(attachment->command->process, bytes, len);
    }
}
