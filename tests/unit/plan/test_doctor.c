/* tests/unit/plan/test_doctor.c - what the preflight makes of each answer: pass, warn, fail, or
 * unknown with why. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/doctor.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "model/reduce.h"
#include "plan/doctor_report.h"

#define SECOND    INT64_C(1000000)
#define LAB_START INT64_C(1767225600000000)

static const char lab_text[] =
    "name: t\ntitle: {en: T}\nconfig_cluster: gke-us\nnamespace: default\ndeployment: d\n"
    "app_label: a\nmodel: m\ngateway: g\nprimary_region: us\nhub_model: owner/model\n"
    "tpu: {machine_type: ct6e, family: CT6E, chips: 4}\npool_cpus: 16\n"
    "before_clusters: \"gcloud container clusters get-credentials c\"\nregions:\n"
    "  - {name: us, zone: us-b, cluster: gke-us, node_pool: p, address_name: ip-us, node_range: "
    "10.0.2.0/24, proxy_range: 10.1.2.0/24}\n"
    "hazards:\n  - {id: slow, title: {en: It is slow}, why: {en: Because}, fix: true}\n"
    "steps:\n"
    "  - id: apis\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    verify:\n"
    "      - {where: gcp, kind: Service, name: compute.googleapis.com}\n    make:\n"
    "      - {where: gcp, api: serviceusage, form: service, collection: \"projects/{project}\", "
    "name: compute.googleapis.com, keep: true}\n"
    "  - id: vpc\n    section: 1\n    title: {en: T}\n    why: {en: W}\n"
    "    commands: \"terraform apply\"\n    verify:\n"
    "      - {where: gcp, kind: Network, name: vpc}\n    make:\n"
    "      - {where: gcp, api: compute, collection: \"projects/{project}/global/networks\", name: "
    "vpc, body: {mtu: 8896}}\n"
    "      - {where: each_region_gcp, api: compute, collection: "
    "\"projects/{project}/regions/{region}/subnetworks\", name: \"nodes\", body: {ipCidrRange: "
    "\"{node_range}\"}}\n"
    "  - id: pools\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    verify:\n"
    "      - {where: each_region_gcp, kind: NodePool, name: p}\n    make:\n"
    "      - {where: each_region_gcp, api: container, collection: "
    "\"projects/{project}/locations/{zone}/clusters\", name: \"{cluster}\"}\n"
    "      - {where: each_region_gcp, api: container, collection: "
    "\"projects/{project}/locations/{zone}/clusters/{cluster}/nodePools\", name: p}\n"
    "  - id: weights\n    section: 1\n    title: {en: T}\n    why: {en: W}\n    once: true\n"
    "    verify:\n      - {where: gcp, kind: Bucket, name: b}\n    make:\n"
    "      - {where: config, manifest: manifests/hf-secret.yaml, secret: hf_token, secret_key: "
    "hf_token}\n"
    "    commands: \"kubectl apply -f job.yaml; helm ls\"\n";

/* What the world answers; a test changes what it is about. */
static struct {
    struct tg_err refusal[TG_QUESTION_KIND_COUNT];
    bool is_billed;
    int64_t chips; /* -2: no entry */
    int64_t cpus;
    const char *denied_permission; /* NULL: none */
    const char *denied_verb;
    int64_t skew_us;
    const char *member; /* of a role the lab gives */
} world;

static struct tg_lab *lab;
static struct tg_model *model;
static struct tg_step_status statuses[8];
static struct tg_doctor *doctor;
static struct tg_doctor_config config;
static uint64_t next_call_id;
static int64_t now_us;
static int asked[TG_QUESTION_KIND_COUNT];

static void put(enum tg_kind kind, const struct tg_obj *drafts, size_t count)
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

static void phase(enum tg_kind kind, enum tg_kind_phase to, enum tg_code code, const char *text)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_KIND_PHASE, 0, now_us);
    msg->resource = kind;
    msg->as.phase.phase = to;
    if (code != TG_CODE_NONE) {
        tg_err_set(&msg->as.phase.err, code, 403, "%s", text);
    }
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static void set_up(void)
{
    struct tg_err err = TG_ERR_INIT;
    memset(&world, 0, sizeof(world));
    memset(asked, 0, sizeof(asked));
    world.is_billed = true;
    world.chips = 4;
    world.cpus = 72;
    lab = tg_lab_parse("t.yaml", lab_text, strlen(lab_text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    model = tg_model_new();
    tg_model_add_gcp(model, "p");
    next_call_id = 1;
    now_us = SECOND;
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        if (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP) {
            put((enum tg_kind)kind, NULL, 0);
            phase((enum tg_kind)kind, TG_KIND_PHASE_LIVE, TG_CODE_NONE, "");
        }
    }
    put(TG_KIND_GCP_PROJECT, &(struct tg_obj){.name = "p", .as.gcp = {.status = "ACTIVE"}}, 1);
    put(TG_KIND_GCP_SERVICE,
        &(struct tg_obj){.name = "compute.googleapis.com", .as.gcp = {.status = "ENABLED"}}, 1);
    for (size_t i = 0; i < lab->steps_count; i++) {
        statuses[i] = (struct tg_step_status){.state = TG_STEP_MISSING};
    }
    config = (struct tg_doctor_config){.lab = lab, .project = "p", .until = 3};
    config.hub_token = tg_secret_new("hf_x", 4);
}

static void tear_down(void)
{
    tg_doctor_free(doctor);
    tg_secret_free((struct tg_secret *)(uintptr_t)config.hub_token);
    tg_model_free(model);
    tg_lab_free(lab);
}

TestSuite(doctor, .init = set_up, .fini = tear_down);

static void answer_permissions(const struct tg_call *call, struct tg_facts *facts)
{
    for (const char *at = call->words; *at != '\0';) {
        char word[96];
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, at);
        if (!tg_str_eq(word, world.denied_permission)) {
            tg_facts_add(facts, word, NULL, 1);
        }
        at += len + strspn(at + len, " ");
    }
}

static void answer(const struct tg_call *call, struct tg_msg *msg)
{
    struct tg_facts *facts = &msg->as.call.facts;
    if (call->kind == TG_CALL_ACCESS_REVIEW) {
        msg->as.call.is_allowed = !tg_str_eq(call->verb, world.denied_verb);
        return;
    }
    asked[call->question]++;
    msg->as.call.err = world.refusal[call->question];
    msg->as.call.server_date_us = (LAB_START + now_us + world.skew_us) / SECOND * SECOND;
    if (msg->as.call.err.code != TG_CODE_NONE) {
        return;
    }
    if (call->question == TG_QUESTION_IDENTITY) {
        tg_facts_add(facts, "email", "me@example.com", 0);
    } else if (call->question == TG_QUESTION_PERMISSIONS) {
        answer_permissions(call, facts);
    } else if (call->question == TG_QUESTION_BILLING) {
        tg_facts_add(facts, "enabled", "billingAccounts/1", world.is_billed);
    } else if (call->question == TG_QUESTION_QUOTA && world.chips > -2) {
        tg_facts_add(facts, "", "", 99); /* the most specific entry counts */
        tg_facts_add(facts, "us", "CT6E", world.chips);
    } else if (call->question == TG_QUESTION_REGION) {
        tg_facts_add(facts, "CPUS", NULL, world.cpus);
    } else if (call->question == TG_QUESTION_HUB_IDENTITY) {
        cr_assert_str_eq(tg_secret_peek(call->secret), "hf_x");
        tg_facts_add(facts, "name", "me", 0);
    } else if (call->question == TG_QUESTION_HUB_REPOSITORY) {
        cr_assert_str_eq(call->name, "owner");
        cr_assert_str_eq(call->ns, "model");
    }
}

static void step(const struct tg_msg *msg, struct tg_doctor_update *update)
{
    struct tg_doctor_event event = {.kind =
                                        msg != NULL ? TG_DOCTOR_EVENT_MSG : TG_DOCTOR_EVENT_TICK,
                                    .at_us = now_us,
                                    .lab_us = LAB_START + now_us,
                                    .speed = 1,
                                    .model = model,
                                    .statuses = statuses,
                                    .msg = msg};
    tg_doctor_step(doctor, &event, update);
}

/* Every call is answered at once, until there are findings. */
static void examine(void)
{
    struct tg_call *calls[256];
    size_t first = 0;
    size_t count = 0;
    tg_doctor_free(doctor);
    doctor = tg_doctor_new(&config, &next_call_id);
    for (int round = 0; round < 1000 && !doctor->is_over; round++) {
        struct tg_doctor_update update = {0};
        if (first < count) {
            struct tg_msg *msg = tg_msg_new(TG_MSG_CALL_DONE, 0, now_us);
            msg->as.call.call_id = calls[first]->id;
            answer(calls[first], msg);
            tg_call_free(calls[first++]);
            step(msg, &update);
            tg_msg_free(msg);
        } else {
            step(NULL, &update);
            now_us =
                update.calls_count > 0 || update.wake_us == TG_TIME_NEVER ? now_us : update.wake_us;
        }
        for (size_t i = 0; i < update.calls_count; i++) {
            cr_assert_lt(count, 256);
            calls[count++] = update.calls[i];
        }
    }
    cr_assert(doctor->is_over, "the preflight ends");
    while (first < count) {
        tg_call_free(calls[first++]);
    }
}

/* "state: words" of the first finding of a check about a subject. */
static const char *found(enum tg_doctor_check check, const char *subject)
{
    static char text[1024];
    snprintf(text, sizeof(text), "nothing");
    for (size_t i = 0; i < doctor->findings_count; i++) {
        const struct tg_doctor_finding *finding = &doctor->findings[i];
        if (finding->check == check && (subject == NULL || tg_str_eq(finding->subject, subject))) {
            struct tg_buf words;
            tg_buf_init(&words, sizeof(text) - 20);
            tg_doctor_finding_words(doctor, finding, NULL, &words);
            snprintf(text, sizeof(text), "%s: %s", tg_doctor_state_name(finding->state),
                     tg_buf_text(&words));
            tg_buf_fini(&words);
            break;
        }
    }
    return text;
}

static void refuse(enum tg_question question, enum tg_code code, const char *text)
{
    tg_err_set(&world.refusal[question], code, 403, "%s", text);
}

static void done(const char *id)
{
    statuses[tg_lab_step_index(lab, id)].state = TG_STEP_DONE;
}

Test(doctor, what_is_in_order_passes)
{
    examine();
    cr_assert_eq(tg_doctor_count(doctor, TG_DOCTOR_FAIL), 0);
    cr_assert_eq(tg_doctor_count(doctor, TG_DOCTOR_UNKNOWN), 0);
    cr_assert_str_eq(found(TG_DOCTOR_CREDENTIALS, NULL), "pass: me@example.com");
    cr_assert_str_eq(found(TG_DOCTOR_APIS, NULL), "pass: 1 enabled");
    cr_assert_eq(asked[TG_QUESTION_MACHINE_TYPE], 1);
}

Test(doctor, credentials_that_are_refused_fail)
{
    for (int i = 0; i < TG_QUESTION_HUB_IDENTITY; i++) {
        tg_err_set(&world.refusal[i], TG_CODE_UNAUTHORIZED, 401, "expired");
    }
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CREDENTIALS, NULL),
                     "fail: Google Cloud refuses them: expired");
}

Test(doctor, credentials_without_a_name_pass)
{
    refuse(TG_QUESTION_IDENTITY, TG_CODE_FORBIDDEN, "no such scope");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CREDENTIALS, NULL),
                     "pass: accepted; whose they are is not told");
}

Test(doctor, a_project_must_be_active)
{
    put(TG_KIND_GCP_PROJECT,
        &(struct tg_obj){.name = "p", .as.gcp = {.status = "DELETE_REQUESTED"}}, 1);
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PROJECT, NULL), "fail: p is DELETE_REQUESTED");
}

Test(doctor, a_project_that_may_not_be_seen_fails)
{
    put(TG_KIND_GCP_PROJECT, NULL, 0);
    phase(TG_KIND_GCP_PROJECT, TG_KIND_PHASE_DENIED, TG_CODE_FORBIDDEN, "denied");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PROJECT, NULL),
                     "fail: p does not exist, or may not be seen: denied");
}

Test(doctor, billing_is_on_or_off_or_not_told)
{
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_BILLING, NULL), "pass: enabled: billingAccounts/1");
    world.is_billed = false;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_BILLING, NULL),
                     "fail: no billing account pays for the project");
    refuse(TG_QUESTION_BILLING, TG_CODE_FORBIDDEN, "not yours");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_BILLING, NULL), "unknown: could not be read: not yours");
}

Test(doctor, a_missing_permission_fails_the_step_that_needs_it)
{
    world.denied_permission = "compute.networks.create";
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PERMISSIONS, "vpc"), "fail: needs compute.networks.create");
    world.denied_permission = "compute.networks.delete";
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PERMISSIONS, "vpc"),
                     "fail: could not be undone without compute.networks.delete");
    done("vpc");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PERMISSIONS, "vpc"),
                     "warn: could not be undone without compute.networks.delete");
}

/* One permission that Google does not know spoils only the question of its step. */
Test(doctor, permissions_that_cannot_be_asked_are_unknown)
{
    refuse(TG_QUESTION_PERMISSIONS, TG_CODE_INVALID, "not valid for this resource");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_PERMISSIONS, "apis"),
                     "unknown: could not be read: not valid for this resource");
    cr_assert_eq(tg_doctor_count(doctor, TG_DOCTOR_FAIL), 0);
}

Test(doctor, rights_are_asked_of_clusters_that_exist)
{
    world.denied_verb = "delete";
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLUSTER_RIGHTS, NULL), "nothing");
    tg_model_add_cluster(model, "gke_p_us-b_gke-us");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLUSTER_RIGHTS, "gke-us"), "fail: may not: delete secrets");
    done("weights");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLUSTER_RIGHTS, "gke-us"), "warn: may not: delete secrets");
    world.denied_verb = NULL;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLUSTER_RIGHTS, "gke-us"), "pass: all there (4 looked at)");
}

Test(doctor, an_api_that_no_step_enables_fails)
{
    put(TG_KIND_GCP_SERVICE, NULL, 0);
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_APIS, NULL), "pass: 0 enabled; up enables 1 more");
    config.from = 1;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_APIS, NULL),
                     "fail: not enabled, and by none of the steps asked for: "
                     "compute.googleapis.com");
    ((struct tg_lab_step *)(uintptr_t)&lab->steps[1])->needs_count = 0;
    config.until = 1;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_APIS, NULL), "pass: 0 enabled", "it does not need them");
}

Test(doctor, chips_are_counted_by_region)
{
    world.chips = 3;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TPU_QUOTA, "us"), "fail: 3 chips, and 4 are wanted");
    world.chips = -1;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TPU_QUOTA, "us"), "pass: no limit; 4 chips are wanted");
    world.chips = -2;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TPU_QUOTA, "us"), "fail: 0 chips, and 4 are wanted");
    done("pools");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TPU_QUOTA, "us"), "warn: 0 chips, and 4 are wanted");
}

Test(doctor, a_quota_is_read_in_one_of_two_places)
{
    refuse(TG_QUESTION_QUOTA, TG_CODE_FORBIDDEN, "no");
    refuse(TG_QUESTION_QUOTA_INFO, TG_CODE_DISABLED,
           "cloudquotas.googleapis.com is not enabled: x");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TPU_QUOTA, "us"), "unknown: could not be read: no");
}

Test(doctor, cpus_that_are_left_are_counted)
{
    world.cpus = 15;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CPU_QUOTA, "us"), "fail: 15 CPUs left, and 16 are wanted");
    refuse(TG_QUESTION_REGION, TG_CODE_DISABLED, "compute.googleapis.com is not enabled: visit x");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CPU_QUOTA, "us"),
                     "unknown: compute.googleapis.com is not enabled yet");
}

Test(doctor, a_machine_type_is_offered_or_not)
{
    refuse(TG_QUESTION_MACHINE_TYPE, TG_CODE_NOT_FOUND, "no such type");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_MACHINE_TYPE, "us-b"), "fail: ct6e is not offered");
    done("pools");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_MACHINE_TYPE, "us-b"), "warn: ct6e is not offered");
}

static void put_subnet(const char *name, const char *network, const char *range)
{
    put(TG_KIND_GCP_SUBNETWORK,
        &(struct tg_obj){.name = name,
                         .ns = "us",
                         .as.gcp = {.location = "us", .range = range, .parent = network}},
        1);
    examine();
}

Test(doctor, ranges_overlap_in_one_network_or_in_two)
{
    put_subnet("nodes", "vpc", "10.0.2.0/24");
    cr_assert_str_eq(found(TG_DOCTOR_SUBNETS, NULL), "pass: none of the project's 1 is in the way");
    put_subnet("nodes", "vpc", "10.0.3.0/24");
    cr_assert_str_eq(found(TG_DOCTOR_SUBNETS, "nodes"),
                     "fail: is 10.0.3.0/24, and 10.0.2.0/24 is wanted");
    put_subnet("x", "vpc", "10.0.0.0/16");
    cr_assert_str_eq(found(TG_DOCTOR_SUBNETS, "x"),
                     "fail: 10.0.0.0/16 overlaps the lab's 10.0.2.0/24 in the same network");
    put_subnet("x", "other", "10.1.2.128/25");
    cr_assert_str_eq(found(TG_DOCTOR_SUBNETS, "x"),
                     "warn: 10.1.2.128/25 of another network overlaps the lab's 10.1.2.0/24");
    put_subnet("x", "other", "10.128.0.0/9");
    cr_assert_str_eq(found(TG_DOCTOR_SUBNETS, NULL), "pass: none of the project's 1 is in the way");
}

Test(doctor, the_hub_is_asked_only_when_a_token_is_to_be_used)
{
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_TOKEN, NULL), "pass: valid, of me");
    cr_assert_str_eq(found(TG_DOCTOR_HUB_LICENCE, NULL),
                     "pass: owner/model may be read with this token");
    config.is_hub_left_out = true;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_TOKEN, NULL), "unknown: left out, as asked");
    config.is_hub_left_out = false;
    done("weights");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_TOKEN, NULL),
                     "pass: not needed: no step that is to be done downloads the weights");
    cr_assert_eq(asked[TG_QUESTION_HUB_IDENTITY], 1);
}

Test(doctor, a_token_may_be_refused_or_its_licence_missing)
{
    tg_err_set(&world.refusal[TG_QUESTION_HUB_REPOSITORY], TG_CODE_FORBIDDEN, 403, "HTTP 403");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_LICENCE, NULL),
                     "fail: owner/model may not be read with this token");
    tg_err_set(&world.refusal[TG_QUESTION_HUB_IDENTITY], TG_CODE_UNAUTHORIZED, 401, "bad");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_TOKEN, NULL), "fail: the hub refuses it: bad");
    cr_assert_str_eq(found(TG_DOCTOR_HUB_LICENCE, NULL), "nothing");
    /* a hub that is not reached says nothing of the token */
    tg_err_set(&world.refusal[TG_QUESTION_HUB_IDENTITY], TG_CODE_DNS, 0, "no such host");
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HUB_TOKEN, NULL), "unknown: could not be read: no such host");
    cr_assert_eq(asked[TG_QUESTION_HUB_IDENTITY], 1 + 1 + 3, "tried again");
}

Test(doctor, clocks_may_differ_a_little)
{
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLOCK, NULL),
                     "pass: agrees with Google's, within a few seconds");
    world.skew_us = 30 * SECOND;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_CLOCK, NULL), "warn: ours is 30 s behind Google's");
    world.skew_us = -400 * SECOND;
    examine();
    cr_assert(tg_str_has_prefix(found(TG_DOCTOR_CLOCK, NULL), "fail: ours is ") &&
              tg_str_has_suffix(found(TG_DOCTOR_CLOCK, NULL), " s ahead of Google's"));
}

Test(doctor, terminals_are_told_for_what_they_can)
{
    config.has_terminal = true;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TERMINAL, NULL),
                     "warn: none: the console cannot be shown here");
    config.terminal = (struct tg_doctor_terminal){
        .is_terminal = true, .is_utf8 = true, .colours = 256, .width = 120, .height = 40};
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TERMINAL, "size"), "pass: 120x40");
    cr_assert_str_eq(found(TG_DOCTOR_TERMINAL, "colours"), "pass: 256");
    cr_assert(tg_str_has_prefix(found(TG_DOCTOR_TERMINAL, "clipboard"), "unknown: "));
    config.terminal = (struct tg_doctor_terminal){.is_terminal = true, .width = 50, .height = 40};
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TERMINAL, "size"), "warn: 50x40 is too small for the console");
    cr_assert(tg_str_has_prefix(found(TG_DOCTOR_TERMINAL, "UTF-8"), "warn: "));
    cr_assert(tg_str_has_prefix(found(TG_DOCTOR_TERMINAL, "colours"), "warn: none"));
}

Test(doctor, tools_are_looked_at_only_when_they_are_to_run)
{
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, NULL), "nothing");
    config.has_tools = true;
    config.tool_versions[0] = "Google Cloud SDK 528.0.0\nbq 2.1.18\n";
    config.tool_versions[1] = "Terraform v1.4.6\non linux_amd64\n";
    config.tool_versions[2] = "what?\n";
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "gcloud"), "pass: 528.0.0");
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "terraform"), "warn: 1.4.6 is older than 1.5");
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "kubectl"), "unknown: its version cannot be read");
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "helm"), "fail: is not there");
    config.until = 1;
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "terraform"), "warn: 1.4.6 is older than 1.5");
    cr_assert_str_eq(found(TG_DOCTOR_TOOLS, "helm"), "nothing", "none of its steps is asked for");
}

Test(doctor, a_chosen_fix_settles_its_hazard)
{
    examine();
    cr_assert_str_eq(found(TG_DOCTOR_HAZARD, "slow"), "warn: It is slow");
    size_t count = doctor->findings_count;
    tg_doctor_choose(doctor, 1);
    cr_assert_str_eq(found(TG_DOCTOR_HAZARD, "slow"), "pass: It is slow; the fix is chosen");
    cr_assert_eq(doctor->findings_count, count);
}

/* A server that never answers ends as unknown, not as a preflight without an end. */
Test(doctor, silence_is_unknown)
{
    doctor = tg_doctor_new(&config, &next_call_id);
    for (int i = 0; i < 200 && !doctor->is_over; i++) {
        struct tg_doctor_update update = {0};
        step(NULL, &update);
        tg_doctor_update_fini(&update);
        now_us += SECOND;
    }
    cr_assert(doctor->is_over);
    cr_assert_str_eq(found(TG_DOCTOR_BILLING, NULL), "unknown: could not be read: no answer yet");
    cr_assert_eq(tg_doctor_count(doctor, TG_DOCTOR_FAIL), 0);
}

Test(doctor, json_tells_all_of_it_in_english)
{
    struct tg_buf out;
    world.is_billed = false;
    examine();
    tg_buf_init(&out, 1 << 20);
    cr_assert(tg_doctor_report_json(doctor, &out));
    const char *json = tg_buf_text(&out);
    cr_assert_not_null(strstr(json, "\"schema_version\": 1,\"lab\": \"t\",\"project\": \"p\","
                                    "\"identity\": \"me@example.com\",\"good\": false"));
    cr_assert_not_null(
        strstr(json, "{\"check\": \"billing\",\"subject\": null,\"state\": \"fail\",\"detail\": "
                     "\"no billing account pays for the project\",\"advice\": \"link one: "
                     "console.cloud.google.com/billing/projects\",\"breaks\": \"apis\",\"fix\": "
                     "null,\"error_code\": null}"),
        "%s", json);
    cr_assert_not_null(strstr(json, "\"fix\": \"slow\""));
    tg_buf_fini(&out);
}
