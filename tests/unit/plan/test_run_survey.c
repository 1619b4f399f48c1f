/* tests/unit/plan/test_run_survey.c - the statement at the end of taking a lab down: what it calls
 * the lab's, what billed, what left, and when it asks. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_survey.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "model/reduce.h"
#include "plan/run_report.h"
#include "plan/verify.h"

#define SECOND    INT64_C(1000000)
#define LAB_START INT64_C(1767225600000000)

#define STEP(id) \
    "  - id: " id "\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    verify:\n"
#define SEEN(where, kind, name) \
    "      - {where: " where ", kind: " kind ", name: \"" name "\"}\n    make:\n"
#define THING(where, collection, name)                                                             \
    "      - {where: " where ", api: compute, collection: \"" collection "\", name: \"" name "\"}" \
    "\n"

static const char lab_text[] =
    "name: t\ntitle: {en: T}\nconfig_cluster: gke-us\nnamespace: default\ndeployment: d\n"
    "app_label: a\nmodel: m\ngateway: g\nprimary_region: us\nregions:\n"
    "  - {name: us, zone: us-b, cluster: gke-us, node_pool: tpu, address_name: ip-us}\n"
    "  - {name: eu, zone: eu-a, cluster: gke-eu, node_pool: tpu, address_name: ip-eu}\n"
    "steps:\n" STEP("net") SEEN("gcp", "Network", "vpc") THING(
        "gcp", "projects/{project}/global/networks",
        "vpc") "    leftovers:\n      - {kind: Firewall, name: \"ghost*\", parent: vpc, "
               "collection: firewalls}\n" STEP("addresses")
                   SEEN("each_region_gcp", "Address", "{address}")
                       THING("each_region_gcp", "r/{region}/addresses", "{address}")
                           STEP("clusters") SEEN("each_region_gcp", "Cluster", "{cluster}")
                               THING("each_region_gcp", "z/{zone}/clusters",
                                     "{cluster}") "    needs: [net]\n" STEP("gateway")
                                   SEEN("config", "Gateway",
                                        "cross-region-gateway") "      - {where: config, manifest: "
                                                                "manifests/gateway.yaml}\n";

static struct tg_lab *lab;
static struct tg_model *model;
static struct tg_step_status statuses[4];
static struct tg_run *run;
static uint64_t next_call_id;
static int64_t now_us; /* both clocks, LAB_START apart */
static struct tg_call *under_way[64];
static size_t under_way_count;
static int asked; /* questions so far */
static struct tg_buf text;

/* What Google tells of, by question: name and owner; up to a NULL. */
struct tale {
    enum tg_question question;
    const char *name;
    const char *owner;
};
static struct tale tales[8];
static enum tg_code refusals[TG_QUESTION_KIND_COUNT];

static void list(enum tg_kind kind, const struct tg_obj *drafts, size_t count)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, 0, now_us);
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(count + 1, sizeof(struct tg_obj *));
    for (size_t i = 0; i < count; i++) {
        struct tg_obj copy = drafts[i];
        copy.kind = kind;
        msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&copy);
    }
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static void lose(enum tg_kind kind, enum tg_kind_phase phase, enum tg_code code)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, 0, now_us);
    msg->resource = kind;
    msg->as.phase.phase = phase;
    tg_err_set(&msg->as.phase.err, code, 0, "the server's reason");
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
    next_call_id = 1;
    now_us = SECOND;
    list(TG_KIND_GCP_PROJECT, &(struct tg_obj){.name = "p", .as.gcp = {.number = 42}}, 1);
    static const enum tg_kind kinds[] = {TG_KIND_GCP_NETWORK, TG_KIND_GCP_ADDRESS,
                                         TG_KIND_GCP_FIREWALL, TG_KIND_GCP_CLUSTER};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        list(kinds[i], NULL, 0);
    }
    tg_buf_init(&text, 1 << 20);
}

static void tear_down(void)
{
    for (size_t i = 0; i < under_way_count; i++) {
        tg_call_free(under_way[i]);
    }
    tg_buf_fini(&text);
    tg_run_free(run);
    tg_model_free(model);
    tg_lab_free(lab);
}

TestSuite(run_survey, .init = set_up, .fini = tear_down);

static void send(struct tg_run_event *event)
{
    struct tg_run_update update = {0};
    event->at_us = now_us;
    event->lab_us = LAB_START + now_us;
    event->model = model;
    event->statuses = statuses;
    tg_verify_lab(lab, model, now_us, statuses);
    tg_run_step(run, event, &update);
    for (size_t i = 0; i < update.calls_count; i++) {
        asked += update.calls[i]->kind == TG_CALL_ASK ? 1 : 0;
        under_way[under_way_count++] = update.calls[i];
    }
    update.calls_count = 0;
    bool has_records = update.records_count > 0;
    tg_run_update_fini(&update);
    if (has_records) {
        send(&(struct tg_run_event){.kind = TG_RUN_EVENT_JOURNALLED});
    }
}

static void tick(void)
{
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_TICK});
}

static void answer(struct tg_call *call)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, call->target, now_us);
    msg->as.call.call_id = call->id;
    msg->as.call.ensured = TG_ENSURED_REMOVED;
    if (call->kind == TG_CALL_ASK && refusals[call->question] != TG_CODE_NONE) {
        tg_err_set(&msg->as.call.err, refusals[call->question], 0, "the server's reason");
    }
    for (size_t i = 0; call->kind == TG_CALL_ASK && tales[i].name != NULL; i++) {
        if (tales[i].question == call->question) {
            tg_facts_add(&msg->as.call.facts, tales[i].name, tales[i].owner, 1);
        }
    }
    tg_call_free(call);
    send(&(struct tg_run_event){.kind = TG_RUN_EVENT_MSG, .msg = msg});
    tg_msg_free(msg);
}

static void answer_all(void)
{
    struct tg_call *calls[64];
    size_t count = under_way_count;
    memcpy(calls, under_way, sizeof(calls));
    under_way_count = 0;
    for (size_t i = 0; i < count; i++) {
        answer(calls[i]);
    }
}

static void go(int seconds)
{
    for (int i = 0; i < seconds && !run->is_over; i++) {
        now_us += SECOND;
        tick();
        answer_all();
    }
}

static void start(void)
{
    struct tg_run_config config = {.id = "down-1",
                                   .lab = lab,
                                   .direction = TG_RUN_DOWN,
                                   .project = "p",
                                   .from = 0,
                                   .until = (int)lab->steps_count - 1,
                                   .rescan_us = 60 * SECOND};
    run = tg_run_new(&config, &next_call_id);
    tick();
}

static const char *said(void)
{
    tg_buf_reset(&text);
    tg_run_report_text(run, "C", &text);
    return tg_buf_text(&text);
}

static const char *json(void)
{
    tg_buf_reset(&text);
    tg_run_report_json(run, statuses, model, now_us, LAB_START + now_us, &text);
    return tg_buf_text(&text);
}

static void end_down(void)
{
    start();
    go(7200);
    cr_assert(run->is_over, "%s", json());
}

static void expect_said(const char *words)
{
    cr_expect_not_null(strstr(said(), words), "'%s' is missing in\n%s", words, said());
}

static void expect_unsaid(const char *words)
{
    cr_expect_null(strstr(said(), words), "'%s' is said in\n%s", words, said());
}

static void has(enum tg_question question, const char *name, const char *owner)
{
    size_t i = 0;
    while (tales[i].name != NULL) {
        i++;
    }
    tales[i] = (struct tale){question, name, owner};
}

/* The second look finds something new: what was answered before that is asked again. */
Test(run_survey, answers_are_of_the_last_look)
{
    has(TG_QUESTION_DISKS, "us-b/pvc-early", "gke-us");
    refusals[TG_QUESTION_INSTANCES] = TG_CODE_SERVER;
    start();
    while (asked == 0) {
        go(1);
    }
    go(2);
    cr_assert_not(run->is_over);
    list(TG_KIND_GCP_FIREWALL, &(struct tg_obj){.name = "ghost-1", .as.gcp = {.parent = "vpc"}}, 1);
    memset(tales, 0, sizeof(tales));
    has(TG_QUESTION_DISKS, "us-b/pvc-late", "gke-us");
    refusals[TG_QUESTION_INSTANCES] = TG_CODE_NONE;
    go(1);
    list(TG_KIND_GCP_FIREWALL, NULL, 0);
    go(600);
    cr_assert(run->is_over);
    expect_said("us-b/pvc-late");
    expect_unsaid("pvc-early");
}

/* Networks cost nothing. What is left is named as it is, one by one. */
Test(run_survey, what_is_left_is_named_and_billed_by_its_kind)
{
    static const struct tg_obj addresses[] = {{.name = "ip-us", .as.gcp = {.location = "us"}}};
    static const struct tg_obj networks[] = {{.name = "vpc"}};
    list(TG_KIND_GCP_ADDRESS, addresses, 1);
    list(TG_KIND_GCP_NETWORK, networks, 1);
    end_down();
    cr_expect_not(tg_run_is_good(run));
    expect_said("Still there, and billed: Address us/ip-us\n");
    expect_said("Still there, not billed: Network vpc\n");
    expect_unsaid("{");
    expect_said("run again");
}

Test(run_survey, each_that_is_left_counts)
{
    static const struct tg_obj clusters[] = {
        {.name = "gke-us", .as.gcp = {.location = "us-b", .status = "ERROR"}},
        {.name = "gke-eu", .as.gcp = {.location = "eu-a", .status = "ERROR"}}};
    list(TG_KIND_GCP_CLUSTER, clusters, 2);
    end_down();
    expect_said("Still there, and billed: Cluster us-b/gke-us, eu-a/gke-eu\n");
    cr_expect_not_null(strstr(json(), "\"left\": 2"), "%s", json());
}

/* What cannot be read is neither left nor gone. */
Test(run_survey, what_is_not_readable_is_not_called_left)
{
    static const struct tg_obj addresses[] = {{.name = "ip-us", .as.gcp = {.location = "us"}}};
    list(TG_KIND_GCP_ADDRESS, addresses, 1);
    lose(TG_KIND_GCP_ADDRESS, TG_KIND_PHASE_DENIED, TG_CODE_FORBIDDEN);
    end_down();
    expect_said("Could not be read, so nothing is known of: Address");
    expect_unsaid("Still there");
    cr_expect_not(tg_run_is_good(run));
}

Test(run_survey, what_is_others_is_not_called_the_labs)
{
    has(TG_QUESTION_FORWARDING_RULES, "global/gkemcg1-default-shop-0123456789ab-us", "shop-vpc");
    has(TG_QUESTION_FORWARDING_RULES, "global/gkemcg1-default-shop-0123456789ab", "");
    has(TG_QUESTION_INSTANCES, "us-b/gke-gke-us-prod-default-pool-0123abcd-x1y2", "default");
    has(TG_QUESTION_DISKS, "us-b/gke-gke-us-prod-default-pool-0123abcd-x1y2", "");
    has(TG_QUESTION_DISKS, "us-b/gke-gke-us-tpu-0123abcd-x1y2", "gke-us-prod");
    end_down();
    expect_unsaid("Still there");
    cr_expect(tg_run_is_good(run), "%s", said());
}

Test(run_survey, what_is_the_labs_is_known_by_its_network_label_or_name)
{
    has(TG_QUESTION_FORWARDING_RULES, "global/gkemcg1-default-x-0123456789ab", "vpc");
    has(TG_QUESTION_URL_MAPS, "global/gkemcg1-default-cross-region-gateway-0123456789ab", "");
    has(TG_QUESTION_DISKS, "us-b/gke-gke-us-tpu-0123abcd-x1y2", "");
    has(TG_QUESTION_DISKS, "us-b/gke-gke-us-default-pool-0123abcd-x1y2", "");
    has(TG_QUESTION_DISKS, "us-b/gke-gke-us-0123abcd-dynamic-pvc-1", "");
    has(TG_QUESTION_DISKS, "us-b/pvc-2", "gke-us");
    end_down();
    cr_expect_not(tg_run_is_good(run));
    expect_said("billed: forwardingRules global/gkemcg1-default-x-0123456789ab\n");
    expect_said("not billed: urlMaps global/gkemcg1-default-cross-region-gateway-0123456789ab\n");
    expect_said("disks us-b/gke-gke-us-tpu-0123abcd-x1y2, us-b/gke-gke-us-default-pool-0123abcd-"
                "x1y2, us-b/gke-gke-us-0123abcd-dynamic-pvc-1, us-b/pvc-2\n");
}

/* Another run would find nothing to remove: the command is told. */
Test(run_survey, what_no_run_removes_comes_with_its_command)
{
    has(TG_QUESTION_FORWARDING_RULES, "global/gkemcg1-x", "vpc");
    has(TG_QUESTION_DISKS, "us-b/pvc-2", "gke-us");
    has(TG_QUESTION_DISKS, "us-b/pvc;reboot", "gke-us");
    end_down();
    cr_expect_not(tg_run_is_good(run));
    expect_unsaid("run again");
    expect_unsaid("delete pvc;");
    expect_said("    gcloud compute forwarding-rules delete gkemcg1-x --global --project=p\n");
    expect_said("    gcloud compute disks delete pvc-2 --zone=us-b --project=p\n");
    cr_expect_not_null(strstr(json(), "[\"gcloud compute disks delete pvc-2 --zone=us-b "
                                      "--project=p\"]"),
                       "%s", json());
}

/* Nothing found is no success while what would be billed was not looked at. */
Test(run_survey, what_may_be_billed_and_is_not_readable_leaves_it_open)
{
    refusals[TG_QUESTION_DISKS] = TG_CODE_FORBIDDEN;
    end_down();
    cr_expect_not(tg_run_is_good(run));
    expect_said("Could not be read, so nothing is known of: disks (");
    expect_unsaid("Nothing of the lab is left");
    cr_expect_not_null(strstr(json(), "\"good\": false,\"inconclusive\": true"), "%s", json());
}

Test(run_survey, what_costs_nothing_and_is_not_readable_is_only_told)
{
    refusals[TG_QUESTION_URL_MAPS] = TG_CODE_FORBIDDEN;
    end_down();
    cr_expect(tg_run_is_good(run), "%s", said());
    expect_said("Could not be read, so nothing is known of: urlMaps (");
}

/* A refusal that may pass is not met as fast as it comes. */
Test(run_survey, what_is_refused_for_now_is_asked_again_later_and_later)
{
    for (int i = 0; i < TG_QUESTION_KIND_COUNT; i++) {
        refusals[i] = TG_CODE_RATE_LIMITED;
    }
    start();
    while (asked == 0) {
        go(1);
    }
    int first = asked;
    go(1);
    cr_expect_eq(asked, first, "asked again within a second: %d", asked);
    go(200);
    cr_assert(run->is_over);
    cr_expect_gt(asked, first, "it was asked again");
    cr_expect_leq(asked, 9 * 7, "%d questions in a minute", asked);
}
