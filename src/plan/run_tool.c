/* plan/run_tool.c - a step's commands: when they are run, what they say, how they are stopped, and
 * what is made of their end. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/run_items.h"
#include "plan/run_machine.h"
#include "plan/run_past.h"

#define SCRIPT_LEN_MAX  (64u * 1024)
#define OUTPUT_LEN_MAX  (1024u * 1024) /* of one step, in the journal */
#define UNWRITTEN_MAX   (12u * 1024)   /* escaped it still fits into a record */
#define WRITE_EVERY_US  TG_US_PER_S
#define WRITE_SOON_LEN  (8u * 1024)
#define LINE_KEPT_MAX   4096
#define RETRY_US        (5 * TG_US_PER_S)
#define HARDER_AFTER_US (60 * TG_US_PER_S) /* a program whose time is up, from INT to TERM */
#define KILL_AFTER_US   (10 * TG_US_PER_S) /* from TERM to KILL */

static const char *const mode_names[] = {"native", "commands", "by-hand"};

const char *tg_run_mode_name(enum tg_run_mode mode)
{
    return mode_names[mode];
}

bool tg_run_mode_by_name(const char *name, enum tg_run_mode *out)
{
    for (size_t i = 0; i < TG_COUNT(mode_names); i++) {
        if (tg_str_eq(name, mode_names[i])) {
            *out = (enum tg_run_mode)i;
            return true;
        }
    }
    return false;
}

void tg_run_tool_init(struct tg_run *run)
{
    run->tool.step = -1;
    tg_buf_init(&run->tool.unwritten, UNWRITTEN_MAX);
    tg_buf_init(&run->tool.creates, UNWRITTEN_MAX);
    tg_buf_init(&run->tool.refused, UNWRITTEN_MAX);
}

void tg_run_tool_fini(struct tg_run *run)
{
    for (size_t i = 0; i < TG_RUN_LINES_MAX; i++) {
        free(run->tool.lines[i]);
    }
    tg_buf_fini(&run->tool.unwritten);
    tg_buf_fini(&run->tool.creates);
    tg_buf_fini(&run->tool.refused);
    free(run->tool.imports);
    free(run->tool.imported);
}

/* ---- what is run ---- */

bool tg_run_is_within_clusters(const struct tg_lab_step *step)
{
    /* What is typed there may look at clusters, whatever the step is known by. */
    bool is_within = step->commands != NULL && strstr(step->commands, "kubectl") != NULL;
    for (size_t i = 0; i < step->conditions_count; i++) {
        enum tg_lab_where where = step->conditions[i].where;
        is_within = is_within || where == TG_LAB_WHERE_CONFIG || where == TG_LAB_WHERE_REGIONS;
    }
    for (size_t i = 0; i < step->makes_count; i++) {
        enum tg_lab_where where = step->makes[i].where;
        is_within = is_within || where == TG_LAB_WHERE_CONFIG || where == TG_LAB_WHERE_REGIONS;
    }
    return is_within;
}

static const char *commands_of(const struct tg_run_config *config, int step)
{
    const struct tg_lab_step *of = &config->lab->steps[step];
    return config->direction == TG_RUN_UP ? of->commands : of->undo;
}

static bool expand(const struct tg_run_config *config, const char *text, struct tg_buf *out)
{
    struct tg_lab_place place = {
        .lab = config->lab, .project = config->project, .fixes = config->fixes};
    return text == NULL || tg_lab_expand(text, &place, out);
}

bool tg_run_commands(const struct tg_run_config *config, int step, bool has_before,
                     struct tg_buf *out)
{
    const struct tg_lab *lab = config->lab;
    const char *commands = commands_of(config, step);
    if (commands == NULL) {
        return true;
    }
    const char *before =
        tg_run_is_within_clusters(&lab->steps[step]) ? lab->before_clusters : lab->before_gcp;
    const char *tidy = config->direction == TG_RUN_UP ? lab->steps[step].tidy : NULL;
    return (!has_before || expand(config, before, out)) && expand(config, commands, out) &&
           expand(config, tidy, out);
}

bool tg_run_shell(const struct tg_run_config *config, struct tg_buf *out)
{
    return expand(config, config->lab->shell, out);
}

static bool *has_before(struct tg_run *run, int step)
{
    return tg_run_is_within_clusters(&run->config.lab->steps[step]) ? &run->tool.has_clusters
                                                                    : &run->tool.has_gcp;
}

static void put_quoted(struct tg_buf *out, const char *text, size_t len)
{
    tg_buf_putc(out, '\'');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\'') {
            tg_buf_puts(out, "'\\''");
        } else {
            tg_buf_putc(out, text[i]);
        }
    }
    tg_buf_putc(out, '\'');
}

/* Says the line and runs it; behind stands after it, as what is done when it fails ("" for none).
 */
static void put_told(struct tg_buf *out, const char *line, size_t len, const char *behind)
{
    tg_buf_puts(out, *line == '#' ? "printf '%s\\n' " : "printf '$ %s\\n' ");
    put_quoted(out, line, len);
    tg_buf_putc(out, '\n');
    tg_buf_append(out, line, len);
    tg_buf_puts(out, *line == '#' ? "" : behind);
    tg_buf_putc(out, '\n');
}

/* Each line says itself before it is run. */
static void put_lines(struct tg_buf *out, const char *text, const char *behind)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        put_told(out, text, len, behind);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* What is in the state by now needs no import: one that was interrupted is not made twice. */
static void put_imports(struct tg_buf *out, const struct tg_run_tool *tool)
{
    const char *address = tool->imported;
    for (const char *at = tool->imports; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, "\n");
        size_t address_len = strcspn(address, "\n");
        tg_buf_printf(out, "terraform -chdir=%s state list '%.*s' 2>/dev/null | grep -q . || {\n",
                      TG_RUN_TERRAFORM_FOLDER, (int)address_len, address);
        put_told(out, at, len, "");
        tg_buf_puts(out, "}\n");
        at += len + (at[len] == '\n' ? 1 : 0);
        address += address_len + (address[address_len] == '\n' ? 1 : 0);
    }
}

static void put_expanded(const struct tg_run *run, const char *text, const char *behind,
                         struct tg_buf *out)
{
    struct tg_buf lines;
    tg_buf_init(&lines, SCRIPT_LEN_MAX);
    (void)expand(&run->config, text, &lines);
    put_lines(out, tg_buf_text(&lines), behind);
    tg_buf_fini(&lines);
}

/* What only passes goes however the rest ends, and the failure of any of its lines is one. */
static void put_tidy(const struct tg_run *run, const char *tidy, struct tg_buf *out)
{
    tg_buf_puts(out, "tidy() {\nset +e\nt=0\n");
    put_expanded(run, tidy, " || t=1", out);
    tg_buf_puts(
        out, "return $t\n}\ntrap 's=$?; trap - EXIT; tidy || [ $s != 0 ] || s=1; exit $s' EXIT\n");
}

/* The shell outlives the signals that its programs get, and
 * goes no further then, with the program's own status: were it gone first, the terminal would hang
 * up on a program that is still putting things in order. Nobody's death is theirs either: HUP is
 * ignored. */
static char *script_of(struct tg_run *run, int step)
{
    struct tg_buf out;
    const struct tg_lab *lab = run->config.lab;
    const struct tg_lab_step *of = &lab->steps[step];
    tg_buf_init(&out, 4 * SCRIPT_LEN_MAX);
    tg_buf_puts(&out, "stop() { s=$?; [ $s != 0 ] || s=$1; exit $s; }\n"
                      "trap '' HUP\ntrap 'stop 130' INT\ntrap 'stop 143' TERM\nset -e\n");
    tg_run_shell(&run->config, &out);
    if (!*has_before(run, step)) {
        put_expanded(run, tg_run_is_within_clusters(of) ? lab->before_clusters : lab->before_gcp,
                     "", &out);
    }
    if (run->config.direction == TG_RUN_UP && of->tidy != NULL) {
        put_tidy(run, of->tidy, &out);
    }
    put_imports(&out, &run->tool);
    if (!run->tool.is_tidying) {
        put_expanded(run, commands_of(&run->config, step), "", &out);
    }
    return tg_buf_take(&out, NULL);
}

static const struct tg_secret *secret_of(const struct tg_run *run, int step)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    for (size_t i = 0; i < of->makes_count && run->config.direction == TG_RUN_UP; i++) {
        for (size_t s = 0; s < run->config.secrets_count; s++) {
            if (tg_str_eq(of->makes[i].secret, run->config.secrets[s].name)) {
                return run->config.secrets[s].value;
            }
        }
    }
    return NULL;
}

static bool needs_secret(const struct tg_run *run, int step)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    bool needs = false;
    for (size_t i = 0; i < of->makes_count && run->config.direction == TG_RUN_UP; i++) {
        needs = needs || of->makes[i].secret != NULL;
    }
    return needs;
}

/* ---- what it says ---- */

static void keep_line(struct tg_run_tool *tool, const char *text)
{
    char **place = &tool->lines[tool->lines_total % TG_RUN_LINES_MAX];
    char kept[LINE_KEPT_MAX];
    tg_str_copy(kept, sizeof(kept), text);
    free(*place);
    *place = tg_strdup(kept);
    tool->lines_total++;
    if (tool->written_len < OUTPUT_LEN_MAX &&
        tool->unwritten.len + strlen(kept) + 1 < UNWRITTEN_MAX) {
        tg_buf_printf(&tool->unwritten, "%s\n", kept);
    } else {
        tool->unwritten_lost++;
    }
}

static void take_line(struct tg_run *run, const struct tg_tool_line *line,
                      const struct tg_run_event *event)
{
    struct tg_run_tool *tool = &run->tool;
    keep_line(tool, line->text);
    if (line->action == TG_TOOL_LOCKED) {
        tg_str_copy(tool->lock, sizeof(tool->lock), line->text);
    } else if (line->is_complaint && tool->complaint[0] == '\0') {
        tg_str_copy(tool->complaint, sizeof(tool->complaint), line->text);
    }
    if (line->resource != NULL && line->ensured == TG_ENSURED_CREATED &&
        (line->action == TG_TOOL_BEGINS || line->action == TG_TOOL_FAILED)) {
        tg_buf_printf(line->action == TG_TOOL_BEGINS ? &tool->creates : &tool->refused, "%s ",
                      line->resource);
    }
    if (line->resource != NULL) {
        tg_run_items_told(run, tool->step, line, event->lab_us);
    }
    tg_str_copy(run->steps[tool->step].waiting_for, sizeof(run->steps[tool->step].waiting_for),
                line->text);
}

void tg_run_tool_take(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    const struct tg_msg *msg = event->msg;
    if (msg->as.tool.id != tool->id || tool->state != TG_RUN_TOOL_RUNNING) {
        return;
    }
    update->is_changed = true;
    if (msg->kind == TG_MSG_TOOL_LINE) {
        take_line(run, &msg->as.tool.line, event);
    } else {
        tool->end = msg->as.tool.end;
        tool->state = TG_RUN_TOOL_ENDED;
    }
}

/* What is made is known to be ours only by this, should Terraform not live to write it down: at
 * once. */
static void write_creations(struct tg_run *run, struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    if (tool->creates.len + tool->refused.len > 0) {
        tg_run_emit(run, update, TG_RECORD_PHASE,
                    tg_record_new("step", 's', run->config.lab->steps[tool->step].id, "creates",
                                  's', tg_buf_text(&tool->creates), "refused", 's',
                                  tg_buf_text(&tool->refused), NULL));
        tg_buf_reset(&tool->creates);
        tg_buf_reset(&tool->refused);
    }
}

/* As it comes, but not line by line: each record is one wait for the disk. */
static void write_output(struct tg_run *run, const struct tg_run_event *event,
                         struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    bool is_due = tool->state == TG_RUN_TOOL_ENDED || tool->unwritten.len > WRITE_SOON_LEN ||
                  event->at_us - tool->written_us >= WRITE_EVERY_US;
    bool has_any =
        tool->unwritten.len > 0 || (tool->unwritten_lost > 0 && tool->state == TG_RUN_TOOL_ENDED);
    if (!has_any || !is_due) {
        return;
    }
    tg_run_emit(run, update, TG_RECORD_OUTPUT,
                tg_record_new("step", 's', run->config.lab->steps[tool->step].id, "text", 's',
                              tg_buf_text(&tool->unwritten), "lines_lost", 'd',
                              tool->unwritten_lost, NULL));
    tool->unwritten_lost = 0;
    tool->written_len += tool->unwritten.len;
    tool->written_us = event->at_us;
    tg_buf_reset(&tool->unwritten);
}

/* ---- stopping ---- */

static void order(struct tg_run *run, enum tg_tool_order_kind kind,
                  const struct tg_run_event *event, struct tg_run_update *update)
{
    update->order = (struct tg_tool_order){.kind = kind, .id = run->tool.id};
    run->tool.stopped_us = event->at_us;
    update->is_changed = true;
}

void tg_run_tool_stop(struct tg_run *run, const struct tg_run_event *event,
                      struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    if (tool->state == TG_RUN_TOOL_INTENT) {
        tool->state = TG_RUN_TOOL_IDLE; /* it was never ordered */
    } else if (tool->state == TG_RUN_TOOL_RUNNING) {
        tool->wishes++;
        order(run, tool->wishes == 1 ? TG_TOOL_INTERRUPT : TG_TOOL_TERMINATE, event, update);
    }
}

/* A program that does not stop when it is told is told harder: at once when its time was up, else
 * only when its operator wishes so, for Terraform may have to wait for what it began. */
static void press(struct tg_run *run, const struct tg_run_event *event,
                  struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    int64_t limit_us =
        (int64_t)run->config.lab->steps[tool->step].timeout_s * TG_US_PER_S + tool->started_us;
    int64_t since_us = event->at_us - tool->stopped_us;
    if (tool->wishes >= 2 && since_us >= KILL_AFTER_US) {
        order(run, TG_TOOL_KILL, event, update);
    } else if (tool->is_overdue && tool->wishes == 1 && since_us >= HARDER_AFTER_US) {
        tg_run_tool_stop(run, event, update);
    } else if (tool->wishes == 0 && event->at_us >= limit_us) {
        tool->is_overdue = true;
        tg_run_tool_stop(run, event, update);
    }
}

/* ---- starting ---- */

void tg_run_tool_refused(struct tg_run *run, const struct tg_run_event *event)
{
    struct tg_run_tool *tool = &run->tool;
    if (event->err.code == TG_CODE_LOCKED) {
        tool->state = TG_RUN_TOOL_IDLE;
        tool->retry_us = event->at_us + RETRY_US;
        tg_str_copy(run->steps[tool->step].waiting_for, sizeof(run->steps[tool->step].waiting_for),
                    event->err.msg);
    } else {
        tool->state = TG_RUN_TOOL_ENDED;
        tool->end = (struct tg_tool_end){.status = -1, .err = event->err};
    }
}

/* Decided before it is written down: what is done then is that, and nothing else. */
static void plan_imports(struct tg_run *run, int step, const struct tg_run_event *event)
{
    struct tg_buf commands;
    struct tg_buf addresses;
    tg_buf_init(&commands, SCRIPT_LEN_MAX);
    tg_buf_init(&addresses, SCRIPT_LEN_MAX);
    tg_run_imports(run, step, event, &commands, &addresses);
    free(run->tool.imports);
    free(run->tool.imported);
    run->tool.imports = tg_buf_take(&commands, NULL);
    run->tool.imported = tg_buf_take(&addresses, NULL);
}

static void announce(struct tg_run *run, int step, const struct tg_run_event *event,
                     struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    struct tg_err err = TG_ERR_INIT;
    bool is_there = event->statuses[step].state == TG_STEP_DONE;
    tool->is_tidying = run->config.direction == TG_RUN_UP &&
                       run->config.lab->steps[step].is_made_only_once && is_there;
    if (!tool->is_tidying && needs_secret(run, step) && secret_of(run, step) == NULL) {
        tg_err_set(&err, TG_CODE_CONFIG, 0, "a token is needed and was not given");
        tg_run_fail(run, step, &err, event, update);
        return;
    }
    tool->state = TG_RUN_TOOL_INTENT;
    tool->step = step;
    tool->wishes = 0;
    tool->is_overdue = false;
    tool->stopped_us = 0;
    tool->lock[0] = '\0';
    tool->complaint[0] = '\0';
    tool->written_len = 0;
    run->steps[step].due_from_lab_us = event->lab_us;
    struct tg_buf absent;
    tg_buf_init(&absent, UNWRITTEN_MAX);
    tg_run_absent(run, step, event, &absent);
    plan_imports(run, step, event);
    tg_run_emit(run, update, TG_RECORD_INTENT,
                tg_record_new("what", 's', "commands", "step", 's', run->config.lab->steps[step].id,
                              "lab_us", 'd', event->lab_us, "absent", 's', tg_buf_text(&absent),
                              "imports", 's', tool->imports, NULL));
    tg_buf_fini(&absent);
    update->is_changed = true;
}

/* ---- what comes of it ---- */

static void describe(const struct tg_run_tool *tool, struct tg_err *err)
{
    const char *last =
        tool->lines_total > 0 ? tool->lines[(tool->lines_total - 1) % TG_RUN_LINES_MAX] : "";
    if (tool->end.err.code != TG_CODE_NONE) {
        *err = tool->end.err;
    } else if (tool->is_overdue) {
        tg_err_set(err, TG_CODE_TIMEOUT, 0, "its commands took too long and were stopped: %.150s",
                   last);
    } else if (tool->lock[0] != '\0') {
        tg_err_set(err, TG_CODE_LOCKED, 0, "terraform: %.190s", tool->lock);
    } else if (tool->end.signal != 0) {
        tg_err_set(err, TG_CODE_STATE, tool->end.signal, "its commands were ended by signal %d",
                   tool->end.signal);
    } else {
        /* Terraform only knows what it made: what is there already it cannot make */
        bool is_there = strstr(tool->complaint, "already exists") != NULL ||
                        strstr(tool->complaint, "Error 409") != NULL;
        tg_err_set(err, is_there ? TG_CODE_CONFLICT : TG_CODE_STATE, tool->end.status,
                   "its commands ended with %d: %.180s", tool->end.status,
                   tool->complaint[0] != '\0' ? tool->complaint : last);
    }
}

/* Exit 0 is no proof: the step waits until it is observed. Anything else is a failure, whatever is
 * observed, since some of the commands were not run. */
static void judge(struct tg_run *run, const struct tg_run_event *event,
                  struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    struct tg_run_step *of = &run->steps[tool->step];
    bool is_good = tool->end.err.code == TG_CODE_NONE && tool->end.status == 0;
    tool->state = TG_RUN_TOOL_IDLE;
    of->has_exit = tool->end.err.code == TG_CODE_NONE;
    of->exit_status = tool->end.status;
    of->exit_signal = tool->end.signal;
    if (is_good) {
        *has_before(run, tool->step) = true;
        of->is_commanded = true;
        of->due_from_lab_us = event->lab_us;
        tg_run_enter(run, tool->step, TG_RUN_WAITING, event, update);
    } else if (!run->is_aborted || tool->is_overdue) {
        struct tg_err err = TG_ERR_INIT;
        describe(tool, &err);
        tg_run_fail(run, tool->step, &err, event, update);
    }
}

void tg_run_tool_ask(struct tg_run *run, const struct tg_run_event *event,
                     struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    if (tool->state == TG_RUN_TOOL_INTENT && !run->is_aborted) {
        tool->state = TG_RUN_TOOL_RUNNING;
        tool->id = (*run->next_call_id)++;
        tool->started_us = event->at_us;
        tool->written_us = event->at_us;
        update->order = (struct tg_tool_order){.kind = TG_TOOL_START,
                                               .id = tool->id,
                                               .script = script_of(run, tool->step),
                                               .secret = secret_of(run, tool->step)};
        update->is_changed = true;
    } else if (tool->state == TG_RUN_TOOL_RUNNING && update->order.kind == TG_TOOL_NOTHING) {
        press(run, event, update);
    }
    write_creations(run, update);
    write_output(run, event, update);
    if (tool->state == TG_RUN_TOOL_ENDED) {
        judge(run, event, update); /* before steps are considered: the first in order is the next */
    }
}

static bool is_reached(const struct tg_run *run, int step, const struct tg_step_status *status)
{
    return run->config.direction == TG_RUN_UP
               ? status->state == TG_STEP_DONE && status->proof != TG_STEP_PROOF_OPEN
               : tg_run_is_seen_gone(run, step, status);
}

static bool are_clusters_absent(const struct tg_run *run, const struct tg_model *model)
{
    bool are_absent = true;
    for (size_t i = 0; i < run->config.lab->regions_count; i++) {
        are_absent =
            are_absent && tg_verify_is_cluster_absent(model, run->config.lab->regions[i].cluster);
    }
    return are_absent;
}

/* What was begun and not done may be more than what is observed: a role that comes after a
 * cluster, a Secret that was to go again, and what Terraform did not live to write down. And what
 * stands was made before a fix was chosen, unless this run made it. */
static bool is_to_be_run_again(const struct tg_run *run, int step)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    bool is_up = run->config.direction == TG_RUN_UP;
    bool has_more = is_up && of->tidy != NULL;
    for (size_t i = 0; i < of->makes_count; i++) {
        has_more = has_more || of->makes[i].terraform != NULL;
    }
    bool is_fixed = is_up && tg_lab_step_is_fixed(of, run->config.fixes) &&
                    !tg_run_past_is_done(run->past, step);
    return run->config.mode == TG_RUN_COMMANDS &&
           ((has_more && tg_run_past_is_begun(run->past, step)) || is_fixed);
}

/* A lab that goes has things that are not observed (Jobs, Secrets): what undoes a step that is made
 * once runs as long as something may be there. */
static bool has_nothing_to_do(const struct tg_run *run, int step, const struct tg_run_event *event)
{
    const struct tg_lab_step *of = &run->config.lab->steps[step];
    const struct tg_step_status *status = &event->statuses[step];
    bool may_hide = run->config.direction == TG_RUN_DOWN && of->is_made_only_once &&
                    of->undo != NULL && status->state != TG_STEP_MISSING &&
                    !(tg_run_is_within_clusters(of) && are_clusters_absent(run, event->model));
    return is_reached(run, step, status) && !may_hide && !is_to_be_run_again(run, step);
}

void tg_run_tool_advance(struct tg_run *run, int step, const struct tg_run_event *event,
                         struct tg_run_update *update)
{
    struct tg_run_tool *tool = &run->tool;
    struct tg_run_step *of = &run->steps[step];
    const struct tg_step_status *status = &event->statuses[step];
    const struct tg_lab_step *lab_step = &run->config.lab->steps[step];
    if (tool->state != TG_RUN_TOOL_IDLE || run->is_aborted) {
        return;
    }
    if (has_nothing_to_do(run, step, event)) {
        tg_run_enter(run, step, TG_RUN_SATISFIED, event, update);
    } else if (status->state == TG_STEP_UNKNOWN) {
        tg_str_copy(of->waiting_for, sizeof(of->waiting_for), status->missing);
        tg_run_fail_overdue(run, step, event, update);
    } else if (run->config.mode == TG_RUN_BY_HAND) {
        of->is_commanded = commands_of(&run->config, step) != NULL;
        tg_run_enter(run, step, TG_RUN_WAITING, event, update);
    } else if (lab_step->makes_count == 0 || commands_of(&run->config, step) == NULL) {
        tg_run_enter(run, step, TG_RUN_WAITING, event, update);
    } else if (event->at_us >= tool->retry_us) {
        announce(run, step, event, update);
    }
}
