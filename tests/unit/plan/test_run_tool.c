/* tests/unit/plan/test_run_tool.c - steps done by the lab's commands: one program at a time, judged
 * by what is observed, stopped gently first, written down as it speaks. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "model/reduce.h"
#include "plan/run.h"
#include "plan/run_advice.h"
#include "plan/run_past.h"

#define SECOND    INT64_C(1000000)
#define LAB_START INT64_C(1767225600000000)

static const char lab_text[] =
    "name: t\ntitle: {en: T}\nconfig_cluster: gke-us\nnamespace: default\ndeployment: d\n"
    "app_label: a\nmodel: m\ngateway: g\nprimary_region: us\n"
    "shell: \"export P={project}\\n\"\nbefore_gcp: \"tool init\\n\"\n"
    "before_clusters: \"tool credentials\\n\"\nregions:\n"
    "  - {name: us, zone: us-b, cluster: gke-us, node_pool: p, address_name: ip-us}\n"
    "steps:\n"
    "  - id: net\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    timeout: 10m\n"
    "    needs: []\n    commands: \"tool make 'net'\\n\"\n    undo: \"tool unmake net\\n\"\n"
    "    verify:\n      - {where: gcp, kind: Network, name: net}\n"
    "    make:\n      - {where: gcp, api: compute, collection: \"projects/{project}/c\", name: "
    "net, "
    "terraform: tf_net.net}\n"
    "  - id: bucket\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    needs: []\n"
    "    commands: \"tool make bucket\\n\"\n    undo: \"tool unmake bucket\\n\"\n"
    "    verify:\n      - {where: gcp, kind: Bucket, name: bucket}\n"
    "    make:\n      - {where: gcp, api: storage, collection: b, name: bucket}\n"
    "  - id: weights\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    needs: [bucket]\n"
    "    once: true\n    commands: \"tool load\\n\"\n    tidy: \"tool hide\\n\"\n    undo: \"tool "
    "unload\\n\"\n"
    "    verify:\n      - {where: gcp, kind: Bucket, name: bucket, field: number, equals: 1+}\n"
    "    make:\n      - {where: config, manifest: manifests/hf-secret.yaml, secret: hf_token, "
    "secret_key: hf_token, passing: true}\n"
    "  - id: seen\n    section: 1\n    title: {en: T}\n    why: {en: W}\n"
    "    commands: \"tool look\\n\"\n"
    "    verify:\n      - {where: gcp, kind: Bucket, name: bucket, field: number, equals: 1+}\n";

static struct tg_lab *lab;
static struct tg_model *model;
static struct tg_step_status statuses[4];
static struct tg_run *run;
static uint64_t next_call_id;
static int64_t now_us;
static struct tg_tool_order ordered; /* the last one; its script is kept */
static int orders;
static char written[4 * 1024 * 1024]; /* records, a line each */
static size_t written_len;
static struct tg_secret *token;

static void set_up(void)
{
    struct tg_err err = TG_ERR_INIT;
    lab = tg_lab_parse("t.yaml", lab_text, strlen(lab_text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    model = tg_model_new();
    tg_model_add_gcp(model, "p");
    token = tg_secret_new("hf_planted_0123", 15);
    next_call_id = 1;
    now_us = SECOND;
    for (size_t i = 0; i < lab->steps_count; i++) {
        statuses[i] = (struct tg_step_status){.state = TG_STEP_MISSING, .missing = "net missing"};
    }
}

static void tear_down(void)
{
    free(ordered.script);
    tg_run_free(run);
    tg_model_free(model);
    tg_lab_free(lab);
    tg_secret_free(token);
}

TestSuite(run_tool, .init = set_up, .fini = tear_down);

static void step(struct tg_run_event *event);

static void take_update(struct tg_run_update *update)
{
    bool has_records = update->records_count > 0;
    cr_assert_eq(update->calls_count, 0, "no calls of our own");
    for (size_t i = 0; i < update->records_count; i++) {
        written_len += (size_t)snprintf(written + written_len, sizeof(written) - written_len,
                                        "%s\n", update->records[i].payload);
        cr_assert_lt(written_len, sizeof(written));
    }
    if (update->order.kind != TG_TOOL_NOTHING) {
        cr_assert(update->order.kind != TG_TOOL_START || !has_records,
                  "nothing is ordered before what announces it is durable");
        char *kept = ordered.script;
        ordered = update->order;
        update->order.script = NULL;
        if (ordered.script == NULL) {
            ordered.script = kept;
        } else {
            free(kept);
        }
        orders++;
    }
    tg_run_update_fini(update);
    if (has_records) {
        struct tg_run_event durable = {.kind = TG_RUN_EVENT_JOURNALLED};
        step(&durable);
    }
}

static void step(struct tg_run_event *event)
{
    struct tg_run_update update = {0};
    event->at_us = now_us;
    event->lab_us = LAB_START + now_us;
    event->model = model;
    event->statuses = statuses;
    tg_run_step(run, event, &update);
    take_update(&update);
}

static void tick(int64_t later_us)
{
    struct tg_run_event event = {.kind = TG_RUN_EVENT_TICK};
    now_us += later_us;
    step(&event);
}

static void begin(enum tg_run_direction direction, enum tg_run_mode mode)
{
    struct tg_run_config config = {.id = "up-1",
                                   .lab = lab,
                                   .direction = direction,
                                   .mode = mode,
                                   .project = "p",
                                   .until = (int)lab->steps_count - 1,
                                   .secrets = {{"hf_token", token}},
                                   .secrets_count = 1};
    run = tg_run_new(&config, &next_call_id);
    for (int i = 0; i < 4; i++) {
        tick(SECOND);
    }
}

static void say_line(struct tg_tool_line *line)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_TOOL_LINE, -1, now_us);
    struct tg_run_event event = {.kind = TG_RUN_EVENT_MSG, .msg = msg};
    msg->as.tool.id = ordered.id;
    msg->as.tool.line = *line;
    step(&event);
    tg_msg_free(msg);
}

static void say(const char *text, enum tg_tool_action action, bool is_complaint)
{
    struct tg_tool_line line = {
        .text = tg_strdup(text), .action = action, .is_complaint = is_complaint};
    say_line(&line);
}

static void end(int status, int signal)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_TOOL_ENDED, -1, now_us);
    struct tg_run_event event = {.kind = TG_RUN_EVENT_MSG, .msg = msg};
    msg->as.tool.id = ordered.id;
    msg->as.tool.end = (struct tg_tool_end){.status = status, .signal = signal};
    step(&event);
    tg_msg_free(msg);
    tick(SECOND);
}

static void see(const char *id, enum tg_step_state state)
{
    statuses[tg_lab_step_index(lab, id)].state = state;
    tick(SECOND);
    tick(SECOND);
}

static const struct tg_run_step *of(const char *id)
{
    return &run->steps[tg_lab_step_index(lab, id)];
}

static void abort_it(void)
{
    struct tg_run_event event = {.kind = TG_RUN_EVENT_ABORT};
    step(&event);
}

Test(run_tool, a_step_is_run_by_its_commands_and_done_when_it_is_seen)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_eq(ordered.kind, TG_TOOL_START);
    cr_assert_not_null(strstr(ordered.script, "export P=p\n"));
    cr_assert_not_null(strstr(ordered.script, "tool init\n"));
    cr_assert_not_null(strstr(ordered.script, "printf '$ %s\\n' 'tool make '\\''net'\\'''\n"), "%s",
                       ordered.script);
    cr_assert_not_null(strstr(written, "\"what\":\"commands\",\"step\":\"net\""), "%s", written);
    end(0, 0);
    cr_assert_eq(of("net")->state, TG_RUN_WAITING, "exit 0 proves nothing");
    see("net", TG_STEP_DONE);
    cr_assert_eq(of("net")->state, TG_RUN_DONE);
}

Test(run_tool, programs_run_one_after_the_other_and_prepare_once)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_eq(orders, 1);
    cr_assert_eq(of("bucket")->state, TG_RUN_PENDING, "as a person would");
    end(0, 0);
    tick(SECOND);
    cr_assert_eq(orders, 2, "the next one does not wait for the first to be seen");
    cr_assert_not_null(strstr(ordered.script, "tool make bucket\n"));
    cr_assert_null(strstr(ordered.script, "tool init\n"), "%s", ordered.script);
}

Test(run_tool, the_first_in_the_labs_order_is_the_next)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    end(0, 0);
    tick(SECOND);
    cr_assert_not_null(strstr(ordered.script, "tool make bucket\n"));
    see("net", TG_STEP_MISSING);
    statuses[1].state = TG_STEP_DONE;
    statuses[0].state = TG_STEP_DONE;
    end(0, 0);
    tick(SECOND);
    cr_assert_not_null(strstr(ordered.script, "tool load\n"), "%s", ordered.script);
}

Test(run_tool, what_is_there_is_not_made_again)
{
    statuses[0].state = TG_STEP_DONE;
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_eq(of("net")->state, TG_RUN_SATISFIED);
    cr_assert_not_null(strstr(ordered.script, "tool make bucket\n"));
}

Test(run_tool, exit_0_but_nothing_made_is_no_success)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    end(0, 0);
    tick(9 * 60 * SECOND);
    cr_assert_eq(of("net")->state, TG_RUN_WAITING);
    tick(2 * 60 * SECOND);
    cr_assert_eq(of("net")->state, TG_RUN_FAILED);
    cr_assert_not_null(strstr(of("net")->err.msg, "ended with 0, not yet seen: net missing"), "%s",
                       of("net")->err.msg);
    cr_assert(of("net")->has_exit && of("net")->exit_status == 0);
}

Test(run_tool, another_exit_is_a_failure_in_the_programs_words)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    say("trying", TG_TOOL_SAYS, false);
    say("Error: no right", TG_TOOL_SAYS, true);
    say("bye", TG_TOOL_SAYS, false);
    end(3, 0);
    cr_assert_eq(of("net")->state, TG_RUN_FAILED);
    cr_assert_str_eq(of("net")->err.msg, "its commands ended with 3: Error: no right");
    cr_assert_eq(of("net")->exit_status, 3);
    cr_assert_eq(orders, 2, "what does not need it goes on");
}

Test(run_tool, a_held_state_is_told_as_such_and_not_tried_harder)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    say("the state is locked by ann@host", TG_TOOL_LOCKED, true);
    end(1, 0);
    cr_assert_eq(of("net")->err.code, TG_CODE_LOCKED);
    cr_assert_not_null(strstr(of("net")->err.msg, "ann@host"));
    cr_assert_null(strstr(ordered.script, "-lock="));
}

Test(run_tool, what_it_says_is_kept_and_written_down)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    say("one", TG_TOOL_SAYS, false);
    say("two", TG_TOOL_SAYS, false);
    say("three", TG_TOOL_SAYS, false);
    cr_assert_null(strstr(written, "two"), "not line by line");
    tick(2 * SECOND);
    cr_assert_not_null(strstr(written, "\"step\":\"net\",\"text\":\"two\\u000athree\\u000a\""),
                       "%s", written);
    cr_assert_eq(run->tool.lines_total, 3);
    cr_assert_str_eq(of("net")->waiting_for, "three");
}

Test(run_tool, what_it_says_last_is_written_down_too)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    say("last words", TG_TOOL_SAYS, false);
    end(1, 0);
    cr_assert_not_null(strstr(written, "last words"));
}

Test(run_tool, a_flood_is_cut_and_says_so)
{
    char line[4001];
    memset(line, 'x', 4000);
    line[4000] = '\0';
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    for (int i = 0; i < 2000; i++) {
        say(line, TG_TOOL_SAYS, false);
    }
    end(0, 0);
    cr_assert_eq(run->tool.lines_total, 2000);
    cr_assert_lt(written_len, 3 * 1024 * 1024 / 2);
    cr_assert_null(strstr(written + written_len - 100, "\"lines_lost\":0"));
}

Test(run_tool, resources_become_rows)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    struct tg_tool_line planned = {.action = TG_TOOL_PLANS,
                                   .text = tg_strdup("Plan"),
                                   .resource = tg_strdup("net.vpc"),
                                   .ensured = TG_ENSURED_CREATED};
    say_line(&planned);
    struct tg_tool_line still = {.action = TG_TOOL_GOES_ON,
                                 .text = tg_strdup("Still"),
                                 .resource = tg_strdup("net.vpc"),
                                 .seconds = 10};
    say_line(&still);
    cr_assert_eq(run->items_count, 1);
    cr_assert_str_eq(run->items[0].progress, "10 s");
    struct tg_tool_line done = {.action = TG_TOOL_FINISHED,
                                .text = tg_strdup("Done"),
                                .resource = tg_strdup("net.vpc"),
                                .ensured = TG_ENSURED_CREATED};
    say_line(&done);
    cr_assert_eq(run->items[0].state, TG_RUN_ITEM_DONE);
    cr_assert_eq(run->items[0].ensured, TG_ENSURED_CREATED);
}

Test(run_tool, stopping_is_gentle_first_then_harder_then_final)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    abort_it();
    cr_assert_eq(ordered.kind, TG_TOOL_INTERRUPT);
    tick(60 * 60 * SECOND);
    cr_assert_eq(ordered.kind, TG_TOOL_INTERRUPT, "it has all the time that it needs");
    cr_assert_not(run->is_over);
    abort_it();
    cr_assert_eq(ordered.kind, TG_TOOL_TERMINATE);
    tick(11 * SECOND);
    cr_assert_eq(ordered.kind, TG_TOOL_KILL);
    end(-1, 9);
    cr_assert(run->is_over);
    cr_assert(run->is_aborted);
    cr_assert_eq(of("net")->exit_signal, 9);
    cr_assert_eq(orders, 4, "nothing more is begun");
}

Test(run_tool, what_ends_in_order_after_a_wish_to_stop_ends_the_run)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    abort_it();
    end(130, 0);
    cr_assert(run->is_over);
    cr_assert_not(tg_run_is_good(run));
    cr_assert_neq(of("net")->state, TG_RUN_FAILED, "it was its operator's wish");
}

Test(run_tool, a_program_whose_time_is_up_is_stopped_and_fails)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    tick(11 * 60 * SECOND);
    cr_assert_eq(ordered.kind, TG_TOOL_INTERRUPT);
    tick(61 * SECOND);
    cr_assert_eq(ordered.kind, TG_TOOL_TERMINATE);
    end(143, 0);
    cr_assert_eq(of("net")->err.code, TG_CODE_TIMEOUT, "%s", of("net")->err.msg);
    cr_assert_not(run->is_aborted);
}

static void refuse(enum tg_code code, const char *why)
{
    struct tg_run_event event = {.kind = TG_RUN_EVENT_REFUSED};
    tg_err_set(&event.err, code, 0, "%s", why);
    step(&event);
}

Test(run_tool, commands_of_an_earlier_run_come_first)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    refuse(TG_CODE_LOCKED, "still run");
    cr_assert_eq(of("net")->state, TG_RUN_MAKING);
    cr_assert_str_eq(of("net")->waiting_for, "still run");
    tick(SECOND);
    cr_assert_eq(orders, 1);
    tick(5 * SECOND);
    tick(SECOND);
    cr_assert_eq(orders, 2);
    cr_assert_not_null(strstr(ordered.script, "tool make 'net'"));
}

Test(run_tool, what_cannot_be_started_fails_its_step)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    refuse(TG_CODE_IO, "no terminal");
    tick(SECOND);
    cr_assert_eq(of("net")->state, TG_RUN_FAILED);
    cr_assert_str_eq(of("net")->err.msg, "no terminal");
    cr_assert_not(of("net")->has_exit);
}

Test(run_tool, only_the_step_that_needs_the_token_gets_it)
{
    statuses[0].state = TG_STEP_DONE;
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_null(ordered.secret);
    end(0, 0);
    see("bucket", TG_STEP_DONE);
    cr_assert_not_null(strstr(ordered.script, "tool load\n"));
    cr_assert_eq(ordered.secret, token);
    cr_assert_null(strstr(ordered.script, "planted"));
    cr_assert_not_null(strstr(ordered.script, "tool credentials\n"), "it is within a cluster");
}

Test(run_tool, what_only_waits_runs_nothing)
{
    for (int i = 0; i < 3; i++) {
        statuses[i].state = TG_STEP_DONE;
    }
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_eq(orders, 0);
    cr_assert_eq(of("seen")->state, TG_RUN_WAITING);
}

Test(run_tool, what_is_not_observed_is_not_run_blindly)
{
    statuses[0].state = TG_STEP_UNKNOWN;
    statuses[1].state = TG_STEP_DONE;
    statuses[2].state = TG_STEP_DONE;
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_eq(orders, 0);
    see("net", TG_STEP_MISSING);
    cr_assert_eq(orders, 1);
}

static void list(enum tg_kind kind, const char *name)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, 0, now_us);
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(1, sizeof(struct tg_obj *));
    if (name != NULL) {
        struct tg_obj obj = {.kind = kind, .name = name};
        msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&obj);
    }
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

Test(run_tool, down_undoes_in_the_other_order_what_is_there)
{
    list(TG_KIND_GCP_BUCKET, NULL);
    statuses[0].state = TG_STEP_DONE;
    statuses[1].state = TG_STEP_DONE;
    begin(TG_RUN_DOWN, TG_RUN_COMMANDS);
    cr_assert_not_null(strstr(ordered.script, "tool unmake bucket\n"), "%s", ordered.script);
    end(0, 0);
    tick(SECOND);
    cr_assert_not_null(strstr(ordered.script, "tool unmake net\n"), "%s", ordered.script);
    end(0, 0);
    see("bucket", TG_STEP_MISSING);
    see("net", TG_STEP_MISSING);
    for (int i = 0; i < 4; i++) {
        tick(200 * SECOND);
    }
    cr_assert(run->is_over);
    cr_assert(tg_run_is_good(run));
}

Test(run_tool, down_undoes_what_is_not_observed_as_long_as_its_cluster_stands)
{
    statuses[1].state = TG_STEP_DONE;
    statuses[2].state = TG_STEP_DONE;
    list(TG_KIND_GCP_CLUSTER, "gke-us");
    begin(TG_RUN_DOWN, TG_RUN_COMMANDS);
    cr_assert_not_null(strstr(ordered.script, "tool unload\n"), "%s", ordered.script);
}

Test(run_tool, down_asks_nothing_of_clusters_that_are_gone)
{
    statuses[1].state = TG_STEP_DONE;
    statuses[2].state = TG_STEP_DONE;
    list(TG_KIND_GCP_CLUSTER, NULL);
    begin(TG_RUN_DOWN, TG_RUN_COMMANDS);
    cr_assert_not_null(strstr(ordered.script, "tool unmake bucket\n"), "%s", ordered.script);
    cr_assert_eq(orders, 1);
}

Test(run_tool, by_hand_runs_nothing_and_has_no_deadline)
{
    begin(TG_RUN_UP, TG_RUN_BY_HAND);
    cr_assert_eq(orders, 0);
    cr_assert_eq(of("net")->state, TG_RUN_WAITING);
    cr_assert_eq(of("bucket")->state, TG_RUN_WAITING, "what can be done now is shown");
    tick(24 * 60 * 60 * SECOND);
    cr_assert_eq(of("net")->state, TG_RUN_WAITING);
    for (int i = 0; i < 4; i++) {
        see(lab->steps[i].id, TG_STEP_DONE);
    }
    cr_assert_eq(of("net")->state, TG_RUN_DONE);
    cr_assert(tg_run_is_good(run));
}

Test(run_tool, what_is_typed_is_what_is_run)
{
    struct tg_run_config config = {.lab = lab, .project = "p"};
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    tg_run_shell(&config, &out);
    tg_run_commands(&config, 0, true, &out);
    cr_assert_str_eq(tg_buf_text(&out), "export P=p\ntool init\ntool make 'net'\n");
    tg_buf_fini(&out);
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    cr_assert_not_null(strstr(ordered.script, "\ntool make 'net'\n"));
}

/* ---- what was broken off ---- */

static struct tg_record history[16];
static size_t history_count;

/* One more record of what was before; the payload is moved. */
static void past(enum tg_record_kind kind, char *payload)
{
    static char id[] = "up-0";
    history[history_count++] = (struct tg_record){kind, id, payload};
}

static void past_plan(const char *project)
{
    past(TG_RECORD_PLAN, tg_record_new("lab", 's', "t", "project", 's', project, NULL));
}

static void past_commands_at(const char *step_id, const char *absent, int64_t lab_us)
{
    past(TG_RECORD_INTENT, tg_record_new("what", 's', "commands", "step", 's', step_id, "lab_us",
                                         'd', lab_us, "absent", 's', absent, NULL));
}

static void past_commands(const char *step_id, const char *absent)
{
    past_commands_at(step_id, absent, LAB_START);
}

static void past_creates(const char *creates, const char *refused)
{
    past(TG_RECORD_PHASE,
         tg_record_new("step", 's', "net", "creates", 's', creates, "refused", 's', refused, NULL));
}

/* A run that goes on after what was before. */
static void begin_again(enum tg_run_direction direction, const char *id)
{
    struct tg_run_config config = {.id = id,
                                   .lab = lab,
                                   .direction = direction,
                                   .mode = TG_RUN_COMMANDS,
                                   .project = "p",
                                   .until = (int)lab->steps_count - 1,
                                   .secrets = {{"hf_token", token}},
                                   .secrets_count = 1};
    run = tg_run_new(&config, &next_call_id);
    tg_run_remember(run, tg_run_past_new(history, history_count, lab, "p", id));
    for (size_t i = 0; i < history_count; i++) {
        free(history[i].payload);
    }
    history_count = 0;
    for (int i = 0; i < 4; i++) {
        tick(SECOND);
    }
}

static void observe_net(void)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, 0, now_us);
    struct tg_obj net = {.kind = TG_KIND_GCP_NETWORK, .name = "net"};
    msg->resource = TG_KIND_GCP_NETWORK;
    msg->as.replace.items = tg_calloc(1, sizeof(struct tg_obj *));
    msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&net);
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

#define IMPORT "\nterraform -chdir=gke-tf import 'tf_net.net' 'projects/p/c/net'\n"
#define LACKS  "terraform -chdir=gke-tf state list 'tf_net.net' 2>/dev/null | grep -q . || {\n"

/* Terraform was killed in mid-create: the step seems done, and nothing can be built on it. */
Test(run_tool, what_terraform_did_not_live_to_write_down_is_imported)
{
    past_plan("p");
    past_commands("net", "tf_net.net ");
    past_creates("tf_net.net ", "");
    observe_net();
    statuses[0].state = TG_STEP_DONE;
    begin_again(TG_RUN_UP, "up-1");
    cr_assert_not_null(ordered.script, "a step that was broken off is run again");
    const char *import = strstr(ordered.script, IMPORT);
    const char *make = strstr(ordered.script, "\ntool make 'net'\n");
    cr_assert(import != NULL && make != NULL && import < make, "%s", ordered.script);
    cr_assert_not_null(strstr(ordered.script, LACKS), "only what its state lacks");
    cr_assert_not_null(strstr(written, "import 'tf_net.net' 'projects/p/c/net'"),
                       "written down before: %s", written);
}

/* A lab that goes takes along what Terraform had lost. */
Test(run_tool, down_imports_too)
{
    past_plan("p");
    past_commands("net", "tf_net.net ");
    past_creates("tf_net.net ", "");
    observe_net();
    list(TG_KIND_GCP_CLUSTER, NULL);
    statuses[0].state = TG_STEP_DONE;
    begin_again(TG_RUN_DOWN, "down-1");
    cr_assert_not_null(strstr(ordered.script, IMPORT), "%s", ordered.script);
    cr_assert_not_null(strstr(ordered.script, "\ntool unmake net\n"));
}

/* Somebody else's network must never come under our Terraform, which would take it down. */
Test(run_tool, what_is_not_proved_to_be_ours_is_not_imported)
{
    static const struct {
        const char *project;
        const char *absent;
        const char *creates;
        const char *refused;
        int64_t lab_us;
    } cases[] = {
        {"p", "", "tf_net.net ", "", LAB_START}, /* it was there before */
        {"p", "tf_net.net ", "", "", LAB_START}, /* Terraform never began with it */
        {"p", "tf_net.net ", "tf_net.net ", "tf_net.net ",
         LAB_START},                                        /* the server refused to make it */
        {"q", "tf_net.net ", "tf_net.net ", "", LAB_START}, /* another project's */
        {"p", "tf_net.net ", "tf_net.net ", "", LAB_START - 25 * 3600 * TG_US_PER_S}, /* long ago */
    };
    observe_net();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        past_plan(cases[i].project);
        past_commands_at("net", cases[i].absent, cases[i].lab_us);
        past_creates(cases[i].creates, cases[i].refused);
        statuses[0].state = TG_STEP_RUNNING;
        begin_again(TG_RUN_UP, "up-1");
        cr_expect_not_null(strstr(ordered.script, "\ntool make 'net'\n"), "case %zu", i);
        cr_expect_null(strstr(ordered.script, " import "), "case %zu: %s", i, ordered.script);
        tg_run_free(run);
    }
    run = NULL;
}

Test(run_tool, what_is_done_is_not_run_again)
{
    past_plan("p");
    past_commands("net", "tf_net.net ");
    past_creates("tf_net.net ", "");
    past(TG_RECORD_RESULT, tg_record_new("step", 's', "net", "state", 's', "done", NULL));
    observe_net();
    statuses[0].state = TG_STEP_DONE;
    begin_again(TG_RUN_UP, "up-1");
    cr_assert_eq(of("net")->state, TG_RUN_SATISFIED);
}

Test(run_tool, creations_are_written_down_as_they_begin)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    written_len = 0;
    struct tg_tool_line line = {.action = TG_TOOL_BEGINS,
                                .text = tg_strdup("Creating"),
                                .resource = tg_strdup("tf_net.net"),
                                .ensured = TG_ENSURED_CREATED};
    say_line(&line);
    cr_assert_not_null(strstr(written, "\"creates\":\"tf_net.net \""), "%s", written);
}

/* The state lacks what is there: the command that mends it is named, not only the trouble. */
Test(run_tool, what_is_there_already_comes_with_the_command_to_type)
{
    begin(TG_RUN_UP, TG_RUN_COMMANDS);
    struct tg_tool_line line = {.action = TG_TOOL_FAILED,
                                .text = tg_strdup("net: Creation errored after 0s"),
                                .resource = tg_strdup("tf_net.net"),
                                .ensured = TG_ENSURED_CREATED};
    say_line(&line);
    struct tg_tool_line why = {.text = tg_strdup("Error: googleapi: Error 409: already exists"),
                               .is_complaint = true};
    say_line(&why);
    end(1, 0);
    struct tg_buf advice;
    tg_buf_init(&advice, 65536);
    run->config.folder = "/work";
    tg_run_advice(run, 0, TG_RUN_READER_SHELL, &advice);
    cr_assert_eq(of("net")->err.code, TG_CODE_CONFLICT);
    cr_assert_not_null(strstr(tg_buf_text(&advice), "\n      cd /work\n      terraform "
                                                    "-chdir=gke-tf import 'tf_net.net' "
                                                    "'projects/p/c/net'"),
                       "%s", tg_buf_text(&advice));
    tg_buf_fini(&advice);
}

/* A token's Secret goes however the commands end, also when only it is left of a run that died. */
Test(run_tool, what_only_passes_goes_however_the_commands_end)
{
    past_plan("p");
    past_commands("weights", "");
    for (size_t i = 0; i < 4; i++) {
        statuses[i].state = TG_STEP_DONE;
    }
    begin_again(TG_RUN_UP, "up-1");
    cr_assert_not_null(
        strstr(ordered.script, "\ntool hide || t=1\nreturn $t\n}\ntrap 's=$?; trap - EXIT; tidy"),
        "%s", ordered.script);
    cr_assert_null(strstr(ordered.script, "tool load"), "it is there: %s", ordered.script);
}
