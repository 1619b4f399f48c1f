/* tests/unit/plan/test_run.c - in which order a lab is stood up and taken down, and what happens
 * when something fails on the way. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "model/reduce.h"
#include "plan/run_items.h"
#include "plan/run_machine.h"

#define SECOND    INT64_C(1000000)
#define LAB_START INT64_C(1767225600000000)

#define STEP(id, rest)                                                                    \
    "  - id: " id "\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    verify:\n" \
    "      - {where: gcp, kind: Network, name: seen-" id "}\n" rest
#define THING(where, collection, name)                                                             \
    "      - {where: " where ", api: compute, collection: \"" collection "\", name: \"" name "\"}" \
    "\n"

static const char lab_text[] =
    "name: t\ntitle: {en: T}\nconfig_cluster: gke-us\nnamespace: default\ndeployment: d\n"
    "app_label: a\nmodel: m\ngateway: g\nprimary_region: us\nregions:\n"
    "  - {name: us, zone: us-b, cluster: gke-us, node_pool: p, address_name: ip-us}\n"
    "  - {name: eu, zone: eu-a, cluster: gke-eu, node_pool: p, address_name: ip-eu}\n"
    "steps:\n" STEP("apis", "    make:\n      - {where: gcp, api: serviceusage, form: service, "
                            "collection: \"projects/{project}\", name: compute, keep: true}\n")
        STEP("net",
             "    timeout: 10m\n    make:\n" THING(
                 "gcp", "networks",
                 "vpc") "    leftovers:\n      - {kind: Firewall, name: \"ghost*\", parent: vpc, "
                        "collection: firewalls}\n")
            STEP("subnets",
                 "    make:\n" THING("each_region_gcp", "r/{region}/subnetworks", "s-{region}"))
                STEP("bucket",
                     "    needs: [apis]\n    make:\n" THING(
                         "gcp", "b",
                         "{project}-weights") "      - {where: gcp, api: storage, form: role, "
                                              "collection: b, name: reader, "
                                              "body: {member: \"user:{project_number}\"}}\n")
                    STEP("weights", "    needs: [bucket]\n    once: true\n    make:\n"
                                    "      - {where: config, manifest: manifests/hf-secret.yaml, "
                                    "secret: hf_token, secret_key: hf_token, passing: true}\n")
                        STEP("last", "    needs: [subnets, weights]\n");

static struct tg_lab *lab;
static struct tg_model *model;
static struct tg_step_status statuses[16];
static struct tg_run *run;
static uint64_t next_call_id;
static int64_t now_us;    /* both clocks, LAB_START apart */
static char story[16384]; /* what was sent and written, a line each */
static struct tg_call *under_way[64];
static size_t under_way_count;
static bool is_disk_slow;

static void list(enum tg_kind kind, const struct tg_obj *draft)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, 0, now_us);
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(1, sizeof(struct tg_obj *));
    if (draft != NULL) {
        struct tg_obj copy = *draft;
        copy.kind = kind;
        msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&copy);
    }
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static void set_up(void)
{
    struct tg_err err = TG_ERR_INIT;
    lab = tg_lab_parse("t.yaml", lab_text, strlen(lab_text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    model = tg_model_new();
    tg_model_add_gcp(model, "p");
    tg_model_add_cluster(model, "gke_p_us-b_gke-us");
    next_call_id = 1;
    now_us = SECOND;
    list(TG_KIND_GCP_PROJECT, &(struct tg_obj){.name = "p", .as.gcp = {.number = 42}});
    for (size_t i = 0; i < lab->steps_count; i++) {
        statuses[i] = (struct tg_step_status){.state = TG_STEP_MISSING, .missing = "not there"};
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < under_way_count; i++) {
        tg_call_free(under_way[i]);
    }
    tg_run_free(run);
    tg_model_free(model);
    tg_lab_free(lab);
}

TestSuite(run, .init = set_up, .fini = tear_down);

static int index_of(const char *id)
{
    return tg_lab_step_index(lab, id);
}

static void tell(const char *what, const char *which)
{
    size_t used = strlen(story);
    snprintf(story + used, sizeof(story) - used, "%s %s\n", what, which);
}

static void send(struct tg_run_event *event)
{
    struct tg_run_update update = {0};
    event->at_us = now_us;
    event->lab_us = LAB_START + now_us;
    event->model = model;
    event->statuses = statuses;
    tg_run_step(run, event, &update);
    for (size_t i = 0; i < update.calls_count; i++) {
        tell(update.calls[i]->kind == TG_CALL_REMOVE ? "remove" : "ensure",
             update.calls[i]->desired->name);
        under_way[under_way_count++] = update.calls[i];
    }
    update.calls_count = 0;
    bool has_records = update.records_count > 0;
    for (size_t i = 0; i < update.records_count; i++) {
        if (update.records[i].kind == TG_RECORD_CLOSE) {
            tell("close", "");
        }
    }
    tg_run_update_fini(&update);
    if (has_records && !is_disk_slow) {
        send(&(struct tg_run_event){.kind = TG_RUN_EVENT_JOURNALLED});
    }
}

static void start(enum tg_run_direction direction)
{
    static const char token[] = "hf_0123456789";
    static struct tg_secret *secret;
    secret = secret == NULL ? tg_secret_new(token, sizeof(token) - 1) : secret;
    struct tg_run_config config = {.id = direction == TG_RUN_UP ? "up-1" : "down-1",
                                   .lab = lab,
                                   .direction = direction,
                                   .project = "p",
                                   .from = 0,
                                   .until = (int)lab->steps_count - 1,
                                   .secrets = {{"hf_token", secret}},
                                   .secrets_count = 1,
                                   .rescan_us = 60 * SECOND};
    story[0] = '\0';
    run = tg_run_new(&config, &next_call_id);
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_TICK});
}

static void wait_s(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        now_us += SECOND;
        send(&(struct tg_run_event){.kind = TG_RUN_EVENT_TICK});
    }
}

/* The answer to the call for a thing; it must be under way. */
static void answer(const char *name, enum tg_ensured ensured, enum tg_code code)
{
    for (size_t i = 0; i < under_way_count; i++) {
        struct tg_call *call = under_way[i];
        if (strcmp(call->desired->name, name) != 0) {
            continue;
        }
        under_way[i] = under_way[--under_way_count];
        struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, call->target, now_us);
        msg->as.call.call_id = call->id;
        msg->as.call.ensured = ensured;
        if (code != TG_CODE_NONE) {
            tg_err_set(&msg->as.call.err, code, 0, "the server's reason");
        }
        tg_call_free(call);
        send(&(struct tg_run_event){.kind = TG_RUN_EVENT_MSG, .msg = msg});
        tg_msg_free(msg);
        return;
    }
    cr_assert_fail("%s is not under way; so far:\n%s", name, story);
}

static bool is_under_way(const char *name)
{
    for (size_t i = 0; i < under_way_count; i++) {
        if (strcmp(under_way[i]->desired->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void see(const char *id, enum tg_step_state state)
{
    statuses[index_of(id)].state = state;
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_TICK});
}

static enum tg_run_state state(const char *id)
{
    return run->steps[index_of(id)].state;
}

Test(run, a_step_starts_when_what_it_needs_is_seen_and_not_before)
{
    start(TG_RUN_UP);
    cr_assert(is_under_way("compute"));
    cr_assert_not(is_under_way("vpc"));
    answer("compute", TG_ENSURED_CREATED, TG_CODE_NONE);
    cr_assert_eq(state("apis"), TG_RUN_WAITING, "made is not yet seen");
    cr_assert_not(is_under_way("vpc"));
    see("apis", TG_STEP_DONE);
    cr_assert_eq(state("apis"), TG_RUN_DONE);
    cr_assert(is_under_way("vpc"), "%s", story);
    cr_assert(is_under_way("p-weights"), "steps that do not need each other go side by side");
    answer("vpc", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("net", TG_STEP_DONE);
    cr_assert_eq(state("net"), TG_RUN_SATISFIED, "nothing had to be changed");
    cr_assert(is_under_way("s-us"));
    cr_assert(is_under_way("s-eu"), "both regions at once");
}

Test(run, things_of_one_step_are_made_in_order)
{
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    cr_assert_not(is_under_way("reader"), "the role comes after its bucket");
    answer("p-weights", TG_ENSURED_CREATED, TG_CODE_NONE);
    cr_assert(is_under_way("reader"));
    cr_assert_str_eq(under_way[under_way_count - 1]->desired->body, "{\"member\": \"user:42\"}");
}

Test(run, nothing_is_sent_before_its_record_is_durable)
{
    is_disk_slow = true;
    start(TG_RUN_UP);
    wait_s(30);
    cr_assert_str_eq(story, "", "the plan is not written down yet");
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_JOURNALLED});
    wait_s(30);
    cr_assert_str_eq(story, "", "the intent is not written down yet");
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_JOURNALLED});
    cr_assert_str_eq(story, "ensure compute\n");
    is_disk_slow = false;
}

Test(run, a_journal_that_refuses_ends_it)
{
    is_disk_slow = true;
    start(TG_RUN_UP);
    struct tg_run_event event = {.kind = TG_RUN_EVENT_JOURNALLED};
    tg_err_set(&event.err, TG_CODE_IO, 28, "no space left");
    send(&event);
    cr_assert(run->is_over);
    cr_assert_not(tg_run_is_good(run));
    cr_assert_str_eq(story, "");
    is_disk_slow = false;
}

Test(run, a_failure_blocks_what_needs_it_and_nothing_else)
{
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    answer("vpc", TG_ENSURED_NOT, TG_CODE_QUOTA);
    cr_assert_eq(state("net"), TG_RUN_FAILED);
    cr_assert_not_null(strstr(run->steps[index_of("net")].err.msg, "the server's reason"));
    cr_assert_eq(state("subnets"), TG_RUN_BLOCKED);
    cr_assert_eq(state("last"), TG_RUN_BLOCKED);
    cr_assert_not(run->is_over, "the bucket is still being made");
    answer("p-weights", TG_ENSURED_CREATED, TG_CODE_NONE);
    answer("reader", TG_ENSURED_CREATED, TG_CODE_NONE);
    see("bucket", TG_STEP_DONE);
    answer("hf-secret", TG_ENSURED_CREATED, TG_CODE_NONE);
    see("weights", TG_STEP_DONE);
    answer("hf-secret", TG_ENSURED_REMOVED, TG_CODE_NONE);
    cr_assert(run->is_over);
    cr_assert_not(tg_run_is_good(run));
}

/* Machines come when others give them back: no step's time is meant for that, but a day is enough.
 */
Test(run, a_stockout_is_tried_again_later_and_later_for_a_day)
{
    static const int waits_s[] = {120, 240, 480, 900};
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    int waited_s = 0;
    for (int i = 0; waited_s < 86400 - 900; i++) {
        int wait = waits_s[i < 3 ? i : 3];
        answer("vpc", TG_ENSURED_NOT, TG_CODE_STOCKOUT);
        wait_s(wait - 1);
        cr_assert_not(is_under_way("vpc"), "try %d comes too early", i);
        cr_assert_not_null(strstr(run->steps[index_of("net")].waiting_for, "no machines are free"));
        wait_s(3);
        cr_assert(is_under_way("vpc"), "try %d comes too late", i);
        waited_s += wait + 2;
    }
    cr_assert_eq(state("net"), TG_RUN_MAKING);
    answer("vpc", TG_ENSURED_NOT, TG_CODE_STOCKOUT);
    wait_s(1800);
    cr_assert_eq(state("net"), TG_RUN_FAILED);
    cr_assert_eq(run->steps[index_of("net")].err.code, TG_CODE_TIMEOUT);
    cr_assert_not_null(strstr(run->steps[index_of("net")].err.msg, "the server's reason"),
                       "the deadline tells what was waited for");
}

Test(run, a_denial_is_waited_for_only_while_a_grant_may_be_on_its_way)
{
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_CREATED, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    answer("vpc", TG_ENSURED_NOT, TG_CODE_DISABLED);
    cr_assert_eq(state("net"), TG_RUN_MAKING, "the API was enabled a moment ago");
    wait_s(11);
    answer("vpc", TG_ENSURED_CREATED, TG_CODE_NONE);
    cr_assert_eq(state("net"), TG_RUN_WAITING);
    wait_s(590);
    answer("p-weights", TG_ENSURED_NOT, TG_CODE_FORBIDDEN);
    cr_assert_eq(state("bucket"), TG_RUN_FAILED, "nothing that was granted is that slow");
}

Test(run, a_secret_that_is_needed_on_the_way_is_removed_after_it)
{
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    answer("p-weights", TG_ENSURED_FOUND, TG_CODE_NONE);
    answer("reader", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("bucket", TG_STEP_DONE);
    const struct tg_desired *secret = under_way[under_way_count - 1]->desired;
    cr_assert_str_eq(secret->name, "hf-secret");
    cr_assert_str_eq(tg_secret_peek(secret->secret), "hf_0123456789");
    cr_assert_null(strstr(secret->body, "hf_0123456789"), "its value is not in the body");
    answer("hf-secret", TG_ENSURED_CREATED, TG_CODE_NONE);
    see("weights", TG_STEP_DONE);
    cr_assert_eq(state("weights"), TG_RUN_MAKING);
    cr_assert_not_null(strstr(story, "remove hf-secret"));
    answer("hf-secret", TG_ENSURED_REMOVED, TG_CODE_NONE);
    cr_assert_eq(state("weights"), TG_RUN_DONE);
}

Test(run, what_is_made_only_once_is_not_made_again)
{
    statuses[index_of("weights")].state = TG_STEP_DONE;
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    answer("p-weights", TG_ENSURED_FOUND, TG_CODE_NONE);
    answer("reader", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("bucket", TG_STEP_DONE);
    cr_assert_null(strstr(story, "ensure hf-secret"));
    answer("hf-secret", TG_ENSURED_ABSENT, TG_CODE_NONE);
    cr_assert_eq(state("weights"), TG_RUN_SATISFIED);
}

/* A run was killed while its secret was there: the next one makes nothing, and still removes it. */
Test(run, a_secret_that_a_killed_run_left_is_removed)
{
    start(TG_RUN_UP);
    answer("compute", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("apis", TG_STEP_DONE);
    answer("p-weights", TG_ENSURED_FOUND, TG_CODE_NONE);
    answer("reader", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("bucket", TG_STEP_DONE);
    answer("hf-secret", TG_ENSURED_FOUND, TG_CODE_NONE);
    see("weights", TG_STEP_DONE);
    cr_assert_not_null(strstr(story, "remove hf-secret"));
    answer("hf-secret", TG_ENSURED_REMOVED, TG_CODE_NONE);
    cr_assert_eq(state("weights"), TG_RUN_DONE);
}

static void answer_all(void)
{
    while (under_way_count > 0) {
        char name[64];
        snprintf(name, sizeof(name), "%s", under_way[0]->desired->name);
        answer(name, TG_ENSURED_REMOVED, TG_CODE_NONE);
    }
}

static void at(const char *what, const char *after)
{
    const char *first = strstr(story, what);
    const char *second = strstr(story, after);
    cr_assert_not_null(first, "%s is missing in\n%s", what, story);
    cr_assert_not_null(second, "%s is missing in\n%s", after, story);
    cr_assert_lt(first, second, "'%s' should come before '%s' in\n%s", what, after, story);
}

Test(run, down_goes_the_other_way_round_and_keeps_what_is_kept)
{
    list(TG_KIND_GCP_FIREWALL, &(struct tg_obj){.name = "ghost-1", .as.gcp = {.parent = "vpc"}});
    start(TG_RUN_DOWN);
    cr_assert_not(is_under_way("vpc"));
    answer_all();
    list(TG_KIND_GCP_FIREWALL, NULL);
    wait_s(1);
    answer_all();
    wait_s(5);
    answer_all();
    at("remove s-us", "remove vpc");
    at("remove ghost-1", "remove vpc");
    at("remove reader", "remove p-weights");
    cr_assert_null(strstr(story, "remove compute"), "an enabled API is left as it is");
    cr_assert_not(run->is_over, "a second look comes later");
    wait_s(62);
    cr_assert(run->is_over);
    cr_assert(tg_run_is_good(run));
}

Test(run, what_controllers_resurrect_is_removed_at_the_second_look)
{
    start(TG_RUN_DOWN);
    for (int i = 0; i < 4; i++) {
        answer_all();
        wait_s(1);
    }
    list(TG_KIND_GCP_FIREWALL, &(struct tg_obj){.name = "ghost-2", .as.gcp = {.parent = "vpc"}});
    cr_assert_null(strstr(story, "ghost-2"));
    wait_s(62);
    cr_assert(is_under_way("ghost-2"), "%s", story);
    answer("ghost-2", TG_ENSURED_REMOVED, TG_CODE_NONE);
    list(TG_KIND_GCP_FIREWALL, NULL);
    wait_s(65);
    cr_assert(run->is_over);
    cr_assert(tg_run_is_good(run));
}

Test(run, what_is_still_seen_at_the_end_is_no_success)
{
    start(TG_RUN_DOWN);
    for (int i = 0; i < 4; i++) {
        answer_all();
        wait_s(1);
    }
    see("net", TG_STEP_DONE);
    wait_s(200);
    cr_assert(run->is_over);
    cr_assert_not(tg_run_is_good(run));
    cr_assert(run->has_left_behind);
}

Test(run, something_in_use_is_tried_again_after_what_uses_it)
{
    start(TG_RUN_DOWN);
    while (!is_under_way("vpc")) {
        cr_assert_gt(under_way_count, 0, "%s", story);
        char name[64];
        snprintf(name, sizeof(name), "%s", under_way[0]->desired->name);
        answer(name, TG_ENSURED_REMOVED, TG_CODE_NONE);
    }
    list(TG_KIND_GCP_FIREWALL, &(struct tg_obj){.name = "ghost-3", .as.gcp = {.parent = "vpc"}});
    answer("vpc", TG_ENSURED_NOT, TG_CODE_IN_USE);
    cr_assert(is_under_way("ghost-3"), "%s", story);
    answer("ghost-3", TG_ENSURED_REMOVED, TG_CODE_NONE);
    wait_s(5);
    cr_assert(is_under_way("vpc"));
}

Test(run, an_abort_starts_nothing_more)
{
    start(TG_RUN_UP);
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_ABORT});
    wait_s(60);
    cr_assert(run->is_over);
    cr_assert_not(tg_run_is_good(run));
    cr_assert_str_eq(story, "ensure compute\nclose \n");
}

Test(run, an_open_run_is_taken_up_as_it_was_planned)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_run_reopened reopened;
    static char payload[] = "{\"kind\":\"up\",\"lab\":\"t\",\"project\":\"p\",\"from\":\"net\","
                            "\"until\":\"bucket\"}";
    static char other[] = "{\"kind\":\"up\",\"lab\":\"else\",\"project\":\"p\",\"from\":\"net\","
                          "\"until\":\"bucket\"}";
    struct tg_record record = {TG_RECORD_PLAN, (char[]){"up-7"}, payload};
    cr_assert(tg_run_reopen(&record, 1, lab, &reopened, &err), "%s", err.msg);
    cr_assert_str_eq(reopened.config.id, "up-7");
    cr_assert_eq(reopened.config.direction, TG_RUN_UP);
    cr_assert_eq(reopened.config.from, index_of("net"));
    cr_assert_eq(reopened.config.until, index_of("bucket"));
    record.payload = other;
    cr_assert_not(tg_run_reopen(&record, 1, lab, &reopened, &err));
    cr_assert_eq(err.code, TG_CODE_STATE);
}

Test(run, the_same_thing_of_the_same_run_is_the_same_request)
{
    char ids[2][40];
    for (int i = 0; i < 2; i++) {
        start(TG_RUN_UP);
        snprintf(ids[i], sizeof(ids[i]), "%s", under_way[0]->desired->request_id);
        tg_call_free(under_way[0]);
        under_way_count = 0;
        tg_run_free(run);
        run = NULL;
    }
    cr_assert_str_eq(ids[0], ids[1], "sent again after a restart it makes nothing twice");
    cr_assert_eq(strlen(ids[0]), 36);
}

/* ---- what must not stay ---- */

Test(run_passing, what_passes_goes_though_what_came_after_it_failed)
{
    struct tg_lab_make makes[] = {{.is_passing = true}, {.is_passing = false}};
    struct tg_lab_step steps[] = {{.makes = makes, .makes_count = 2}};
    struct tg_lab own_lab = {.steps = steps, .steps_count = 1};
    struct tg_run_step states[] = {{.state = TG_RUN_MAKING, .given_up_lab_us = 1}};
    struct tg_run_item items[] = {
        {.make = 0, .region = -1, .state = TG_RUN_ITEM_DONE},
        {.make = 1, .region = -1, .state = TG_RUN_ITEM_FAILED},
        {.make = 0, .region = -1, .state = TG_RUN_ITEM_WAITING, .is_removal = true},
    };
    struct tg_run own = {.items = items, .items_count = 3};
    own.config.lab = &own_lab;
    own.steps = states;
    cr_expect(tg_run_items_is_turn(&own, &items[2]));
    items[0].state = TG_RUN_ITEM_ASKED;
    cr_expect_not(tg_run_items_is_turn(&own, &items[2]), "its making is not answered yet");
}

/* Begun again while the server still makes what needed it, it is there once more, and goes last. */
Test(run_passing, what_passes_comes_back_when_its_step_is_begun_again)
{
    struct tg_lab_make makes[] = {{.is_passing = true}, {.is_passing = false}};
    struct tg_lab_step steps[] = {{.makes = makes, .makes_count = 2}};
    struct tg_lab own_lab = {.steps = steps, .steps_count = 1};
    struct tg_run_step states[] = {
        {.state = TG_RUN_FAILED, .given_up_lab_us = 1, .is_passing_removed = true}};
    struct tg_run_item items[] = {
        {.make = 0, .region = -1, .state = TG_RUN_ITEM_DONE},
        {.make = 1, .region = -1, .state = TG_RUN_ITEM_ASKED},
        {.make = 0, .region = -1, .state = TG_RUN_ITEM_DONE, .is_removal = true},
    };
    struct tg_run own = {.items = items, .items_count = 3, .steps = states};
    struct tg_run_event event = {.kind = TG_RUN_EVENT_RETRY, .lab_us = 7};
    own.config.lab = &own_lab;
    tg_run_retry_failed(&own, &event);
    cr_assert_eq(own.items_count, 2, "its removal belongs to what was given up");
    cr_expect_eq((int)items[0].state, (int)TG_RUN_ITEM_WAITING);
    cr_expect_eq((int)items[1].state, (int)TG_RUN_ITEM_ASKED, "it is not asked for twice");
    cr_expect_eq((int)states[0].state, (int)TG_RUN_MAKING);
    cr_expect_not(states[0].is_passing_removed, "it goes again when the step is done");
}
