/* integration/test_ensure.c - what the lab is made of, wanted one by one from an empty simulated
 * project: made, found again without a write, and taken away. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "provider/target.h"
#include "sim/cloud.h"
#include "sim/direct.h"
#include "tests/unit/codec/quoted.h"

#define PROJECT  "demo-4711"
#define NETWORK  "projects/" PROJECT "/global/networks/tpu-gke-dranet-vpc"
#define REGION   "projects/" PROJECT "/regions/us-east5"
#define ZONE     "projects/" PROJECT "/locations/us-east5-b"
#define FLEET    "projects/" PROJECT "/locations/global"
#define BUCKET   PROJECT "-gemma-weights"
#define ACCOUNT  "gcs-fuse-sa@" PROJECT ".iam.gserviceaccount.com"
#define LIMIT_US (INT64_C(7200) * TG_US_PER_S)

/* ---- a world, one provider, and a transport that counts what is written ---- */

struct bench {
    struct tg_transport transport; /* first */
    struct tg_transport *real;
    struct sim_world *world;
    struct tg_provider *provider;
    uint64_t next_exchange;
    int writes;
    int64_t now_us;
    int64_t wake_us;
    struct tg_msg *done;  /* CALL_DONE of the call under way */
    char progress[16384]; /* all texts of it, one a line */
};

static void submit(struct tg_transport *transport, uint64_t id, struct tg_http_request *request)
{
    static const char *const questions[] = {":getIamPolicy", ":generateServiceIdentity",
                                            "/getHealth"};
    struct bench *bench = (struct bench *)transport;
    bool is_question = tg_str_eq(request->method, "GET");
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        is_question = is_question || strstr(request->path, questions[i]) != NULL;
    }
    bench->writes += is_question ? 0 : 1;
    bench->real->ops->submit(bench->real, id, request);
}

static void cancel(struct tg_transport *transport, uint64_t id)
{
    struct bench *bench = (struct bench *)transport;
    bench->real->ops->cancel(bench->real, id);
}

static const struct tg_transport_ops ops = {.submit = submit, .cancel = cancel};

static void take_message(void *context, struct tg_msg *msg)
{
    struct bench *bench = context;
    if (msg->kind == TG_MSG_CALL_DONE) {
        cr_assert_null(bench->done, "one end for each call");
        bench->done = msg;
        return;
    }
    if (msg->kind == TG_MSG_CALL_PROGRESS) {
        size_t len = strlen(bench->progress);
        snprintf(bench->progress + len, sizeof(bench->progress) - len, "%s\n",
                 msg->as.progress.text);
    }
    tg_msg_free(msg);
}

static void open_provider(struct bench *bench, const char *url)
{
    struct tg_emitter emitter = {take_message, bench};
    struct tg_target_config config = {.is_gcp = tg_str_eq(url, "sim://gcp"),
                                      .endpoint.base_url = tg_strdup(url),
                                      .project = tg_strdup(PROJECT),
                                      .seed = 3};
    tg_provider_free(bench->provider);
    bench->provider = tg_provider_new(&config, &bench->transport, &emitter, &bench->next_exchange);
    bench->wake_us = 0;
}

static struct bench *bench_new(bool is_built)
{
    struct tg_err err = TG_ERR_INIT;
    struct bench *bench = TG_NEW(struct bench);
    struct sim_config config = {.seed = 5,
                                .regions = 2,
                                .is_built = is_built,
                                .start_wall_us = INT64_C(1767225600) * TG_US_PER_S};
    bench->transport.ops = &ops;
    bench->world = sim_world_new(&config, &err);
    cr_assert_not_null(bench->world, "%s", err.msg);
    bench->real = sim_direct_new(bench->world);
    bench->next_exchange = 1;
    bench->now_us = TG_US_PER_S;
    open_provider(bench, "sim://gcp");
    return bench;
}

static void bench_free(struct bench *bench)
{
    tg_provider_free(bench->provider);
    bench->real->ops->free(bench->real);
    sim_world_free(bench->world);
    tg_msg_free(bench->done);
    free(bench);
}

static void take_event(void *context, const struct tg_transport_event *event)
{
    struct bench *bench = context;
    if (tg_provider_event(bench->provider, event, bench->now_us)) {
        bench->wake_us = 0;
    }
}

static void settle(struct bench *bench)
{
    struct tg_transport_sink sink = {take_event, bench};
    for (int round = 0; round < 64; round++) {
        uint64_t before = bench->next_exchange;
        if (bench->wake_us <= bench->now_us) {
            bench->wake_us = tg_provider_step(bench->provider, bench->now_us);
        }
        bench->real->ops->poll(bench->real, 0, &sink);
        if (bench->next_exchange == before && bench->wake_us > bench->now_us) {
            return;
        }
    }
}

/* Runs a call of that kind to its end; the CALL_DONE stays the bench's. desired moves. */
static const struct tg_msg *run(struct bench *bench, enum tg_call_kind kind,
                                struct tg_desired *desired)
{
    struct tg_call *call = tg_call_new(kind, 0);
    tg_msg_free(bench->done);
    bench->done = NULL;
    bench->writes = 0;
    bench->progress[0] = '\0';
    call->id = 1;
    call->desired = desired;
    tg_provider_call(bench->provider, call, bench->now_us);
    bench->wake_us = 0;
    settle(bench);
    int64_t until_us = bench->now_us + LIMIT_US;
    while (bench->done == NULL && bench->now_us < until_us) {
        bench->now_us += TG_US_PER_S;
        sim_world_run_until(bench->world, sim_world_now_us(bench->world) + TG_US_PER_S);
        settle(bench);
    }
    cr_assert_not_null(bench->done, "no end in two hours; told:\n%s", bench->progress);
    return bench->done;
}

/* ---- what is wanted ---- */

struct thing {
    enum tg_api api;
    enum tg_desired_form form;
    const char *collection;
    const char *name;
    const char *body; /* with ' for " */
    const char *create;
};

/* In the order of the lab; removal goes the other way round. */
static const struct thing things[] = {
    {TG_API_SERVICE_USAGE, TG_FORM_SERVICE, "projects/" PROJECT, "compute.googleapis.com", NULL,
     NULL},
    {TG_API_SERVICE_USAGE, TG_FORM_SERVICE, "projects/" PROJECT, "container.googleapis.com", NULL,
     NULL},
    {TG_API_COMPUTE, TG_FORM_OBJECT, "projects/" PROJECT "/global/networks", "tpu-gke-dranet-vpc",
     "{'autoCreateSubnetworks':false,'mtu':8896}", "{'routingConfig':{'routingMode':'REGIONAL'}}"},
    {TG_API_COMPUTE, TG_FORM_OBJECT, REGION "/subnetworks", "tpu-gke-dranet-node-subnet",
     "{'network':'" NETWORK "','ipCidrRange':'10.0.2.0/24'}", NULL},
    {TG_API_COMPUTE, TG_FORM_OBJECT, REGION "/subnetworks", "tpu-gke-dranet-proxy-subnet-us-east5",
     "{'network':'" NETWORK "','ipCidrRange':'10.1.2.0/24','purpose':'GLOBAL_MANAGED_PROXY',"
     "'role':'ACTIVE'}",
     NULL},
    {TG_API_COMPUTE, TG_FORM_OBJECT, REGION "/addresses", "gemma-gateway-ip-us-east5",
     "{'addressType':'INTERNAL','subnetwork':'" REGION "/subnetworks/tpu-gke-dranet-node-subnet'}",
     NULL},
    {TG_API_COMPUTE, TG_FORM_OBJECT, "projects/" PROJECT "/global/firewalls",
     "tpu-gke-dranet-allow-hc",
     "{'network':'" NETWORK "','sourceRanges':['130.211.0.0/22','35.191.0.0/16'],"
     "'allowed':[{'IPProtocol':'tcp','ports':['8000']}]}",
     "{'direction':'INGRESS','priority':1000}"},
    {TG_API_STORAGE, TG_FORM_OBJECT, "b", BUCKET,
     "{'location':'US','iamConfiguration':{'uniformBucketLevelAccess':{'enabled':true}}}",
     "{'storageClass':'STANDARD'}"},
    {TG_API_IAM, TG_FORM_OBJECT, "projects/" PROJECT "/serviceAccounts", ACCOUNT, NULL,
     "{'displayName':'Service Account for GCS FUSE'}"},
    {TG_API_STORAGE, TG_FORM_ROLE, "b/" BUCKET, "roles/storage.objectAdmin",
     "{'member':'serviceAccount:" ACCOUNT "'}", NULL},
    {TG_API_RESOURCE_MANAGER, TG_FORM_ROLE, "projects/" PROJECT, "roles/iam.workloadIdentityUser",
     "{'member':'serviceAccount:" PROJECT ".svc.id.goog[default/gemma-ksa]'}", NULL},
    {TG_API_CONTAINER, TG_FORM_OBJECT, ZONE "/clusters", "gke-us-east5",
     "{'releaseChannel':{'channel':'RAPID'},'workloadIdentityConfig':{'workloadPool':'" PROJECT
     ".svc.id.goog'},'network':'" NETWORK "'}",
     "{'initialNodeCount':1,'subnetwork':'" REGION "/subnetworks/tpu-gke-dranet-node-subnet',"
     "'nodeConfig':{'machineType':'e2-standard-16'}}"},
    {TG_API_CONTAINER, TG_FORM_OBJECT, ZONE "/clusters/gke-us-east5/nodePools", "tpu-v6e-pool",
     "{'networkConfig':{'acceleratorNetworkProfile':'auto'},"
     "'config':{'machineType':'ct6e-standard-4t'}}",
     "{'initialNodeCount':1,"
     "'config':{'labels':{'cloud.google.com/gke-networking-dra-driver':'true'}}}"},
    {TG_API_SERVICE_USAGE, TG_FORM_SERVICE, "projects/" PROJECT, "gkehub.googleapis.com", NULL,
     NULL},
    {TG_API_GKEHUB, TG_FORM_OBJECT, FLEET "/memberships", "gke-us-east5",
     "{'endpoint':{'gkeCluster':{'resourceLink':'//container.googleapis.com/" ZONE
     "/clusters/gke-us-east5'}}}",
     NULL},
    {TG_API_GKEHUB, TG_FORM_OBJECT, FLEET "/features", "multiclusterservicediscovery", NULL, NULL},
    {TG_API_GKEHUB, TG_FORM_OBJECT, FLEET "/features", "multiclusteringress",
     "{'spec':{'multiclusteringress':{'configMembership':'" FLEET "/memberships/gke-us-east5'}}}",
     NULL},
};

#define THINGS (sizeof(things) / sizeof(things[0]))

static char *unquoted(const char *text)
{
    return text != NULL ? quoted(text) : NULL;
}

static struct tg_desired *desired_of(const struct thing *thing)
{
    struct tg_desired *desired = tg_desired_new(thing->api, thing->form);
    desired->collection = tg_strdup(thing->collection);
    desired->name = tg_strdup(thing->name);
    desired->body = unquoted(thing->body);
    desired->create_body = unquoted(thing->create);
    desired->has_content = tg_str_eq(thing->collection, "b");
    return desired;
}

static const struct thing *thing_named(const char *name)
{
    for (size_t i = 0; i < THINGS; i++) {
        if (tg_str_eq(things[i].name, name)) {
            return &things[i];
        }
    }
    cr_assert_fail("no thing called %s", name);
    return NULL;
}

static void expect(struct bench *bench, enum tg_call_kind kind, const struct thing *thing,
                   enum tg_ensured expected)
{
    const struct tg_msg *done = run(bench, kind, desired_of(thing));
    cr_assert_eq(done->as.call.ensured, expected, "%s %s: %s, not %s: %s; told:\n%s",
                 kind == TG_CALL_ENSURE ? "ensure" : "remove", thing->name,
                 tg_ensured_name(done->as.call.ensured), tg_ensured_name(expected),
                 done->as.call.err.msg, bench->progress);
}

/* Makes everything up to and including the thing of that name. */
static void make_until(struct bench *bench, const char *name)
{
    for (size_t i = 0; i < THINGS; i++) {
        expect(bench, TG_CALL_ENSURE, &things[i], TG_ENSURED_CREATED);
        if (tg_str_eq(things[i].name, name)) {
            return;
        }
    }
}

/* Google's controllers leave their firewall rules behind: what "in use" names goes first. */
static void remove_with_users(struct bench *bench, const struct thing *thing)
{
    static const char mark[] = "in use by ";
    for (int tries = 0; tries < 10; tries++) {
        const struct tg_msg *done = run(bench, TG_CALL_REMOVE, desired_of(thing));
        if (done->as.call.err.code != TG_CODE_IN_USE) {
            cr_assert_eq(done->as.call.ensured, TG_ENSURED_REMOVED, "%s: %s", thing->name,
                         done->as.call.err.msg);
            return;
        }
        char user[256];
        cr_assert(tg_str_has_prefix(done->as.call.err.msg, mark), "%s", done->as.call.err.msg);
        tg_str_copy(user, sizeof(user), done->as.call.err.msg + strlen(mark));
        char *slash = strrchr(user, '/');
        *slash = '\0';
        struct thing ghost = {TG_API_COMPUTE, TG_FORM_OBJECT, user, slash + 1, NULL, NULL};
        expect(bench, TG_CALL_REMOVE, &ghost, TG_ENSURED_REMOVED);
    }
    cr_assert_fail("%s is used without an end", thing->name);
}

Test(ensure, the_lab_is_made_found_and_taken_away)
{
    struct bench *bench = bench_new(false);
    for (size_t i = 0; i < THINGS; i++) {
        expect(bench, TG_CALL_ENSURE, &things[i], TG_ENSURED_CREATED);
        cr_assert_eq(bench->writes, 1, "%s: %d writes", things[i].name, bench->writes);
        expect(bench, TG_CALL_ENSURE, &things[i], TG_ENSURED_FOUND);
        cr_assert_eq(bench->writes, 0, "%s is written again", things[i].name);
    }
    struct thing identity = {TG_API_SERVICE_USAGE,
                             TG_FORM_SERVICE_IDENTITY,
                             "projects/" PROJECT,
                             "multiclusteringress.googleapis.com",
                             NULL,
                             NULL};
    expect(bench, TG_CALL_ENSURE, &identity, TG_ENSURED_FOUND);
    for (size_t i = THINGS; i > 0; i--) {
        if (things[i - 1].form == TG_FORM_SERVICE) {
            expect(bench, TG_CALL_REMOVE, &things[i - 1], TG_ENSURED_FOUND);
            cr_assert_eq(bench->writes, 0, "an API stays enabled");
            continue;
        }
        remove_with_users(bench, &things[i - 1]);
        expect(bench, TG_CALL_REMOVE, &things[i - 1], TG_ENSURED_ABSENT);
    }
    bench_free(bench);
}

/* Whoever waits reads what is waited for. */
Test(ensure, a_cluster_tells_how_it_goes)
{
    struct bench *bench = bench_new(false);
    make_until(bench, "gke-us-east5");
    cr_assert_not_null(strstr(bench->progress, "CREATE_CLUSTER RUNNING"), "%s", bench->progress);
    bench_free(bench);
}

/* A network with another MTU cannot be changed: it is said which member differs, and how. */
Test(ensure, a_different_network_is_a_conflict)
{
    struct bench *bench = bench_new(false);
    struct thing other = *thing_named("tpu-gke-dranet-vpc");
    other.body = "{'autoCreateSubnetworks':false,'mtu':1460}";
    expect(bench, TG_CALL_ENSURE, thing_named("compute.googleapis.com"), TG_ENSURED_CREATED);
    expect(bench, TG_CALL_ENSURE, &other, TG_ENSURED_CREATED);
    const struct tg_msg *done =
        run(bench, TG_CALL_ENSURE, desired_of(thing_named("tpu-gke-dranet-vpc")));
    cr_assert_eq(done->as.call.err.code, TG_CODE_CONFLICT);
    cr_assert_str_eq(done->as.call.err.msg, "network tpu-gke-dranet-vpc: mtu is 1460, wanted 8896");
    cr_assert_eq(bench->writes, 0);
    bench_free(bench);
}

/* A firewall rule can be changed, and is, unless it is to stay as somebody made it. */
Test(ensure, a_different_firewall_is_changed)
{
    struct bench *bench = bench_new(false);
    make_until(bench, "tpu-gke-dranet-allow-hc");
    struct thing wider = *thing_named("tpu-gke-dranet-allow-hc");
    wider.body = "{'sourceRanges':['35.191.0.0/16'],"
                 "'allowed':[{'IPProtocol':'tcp','ports':['8000','8080']}]}";
    struct tg_desired *ours = desired_of(&wider);
    ours->is_only_ours = true;
    const struct tg_msg *done = run(bench, TG_CALL_ENSURE, ours);
    cr_assert_eq(done->as.call.err.code, TG_CODE_CONFLICT);
    expect(bench, TG_CALL_ENSURE, &wider, TG_ENSURED_CHANGED);
    expect(bench, TG_CALL_ENSURE, &wider, TG_ENSURED_FOUND);
    bench_free(bench);
}

/* Two that ask for one cluster at once: the second waits for what the first has made. */
Test(ensure, what_is_being_made_is_waited_for)
{
    struct bench *bench = bench_new(false);
    make_until(bench, "roles/iam.workloadIdentityUser");
    struct tg_call *first = tg_call_new(TG_CALL_ENSURE, 0);
    first->id = 99;
    first->desired = desired_of(thing_named("gke-us-east5"));
    tg_provider_call(bench->provider, first, bench->now_us);
    settle(bench);
    struct tg_call *stop = tg_call_new(TG_CALL_CANCEL, 0);
    stop->cancel_id = 99;
    tg_provider_call(bench->provider, stop, bench->now_us);
    expect(bench, TG_CALL_ENSURE, thing_named("gke-us-east5"), TG_ENSURED_FOUND);
    cr_assert_eq(bench->writes, 0);
    cr_assert_not_null(strstr(bench->progress, "cluster gke-us-east5 is PROVISIONING"), "%s",
                       bench->progress);
    bench_free(bench);
}

/* A bucket goes with everything in it. */
Test(ensure, a_full_bucket_is_emptied_first)
{
    struct bench *bench = bench_new(false);
    make_until(bench, BUCKET);
    for (int i = 0; i < 1203; i++) {
        char name[64];
        snprintf(name, sizeof(name), "gemma weights/model-%05d+of-1203.safetensors", i);
        cr_assert(sim_cloud_object_put(bench->world, BUCKET, name, 1000, NULL));
    }
    struct tg_desired *kept = desired_of(thing_named(BUCKET));
    kept->has_content = false;
    const struct tg_msg *done = run(bench, TG_CALL_REMOVE, kept);
    cr_assert_eq(done->as.call.err.code, TG_CODE_CONFLICT, "not asked for");
    expect(bench, TG_CALL_REMOVE, thing_named(BUCKET), TG_ENSURED_REMOVED);
    cr_assert_not_null(strstr(bench->progress, "objects deleted: 1203"));
    bench_free(bench);
}

/* Others' members and roles stay as they are. */
Test(ensure, roles_of_others_stay)
{
    struct bench *bench = bench_new(false);
    struct thing role = *thing_named("roles/iam.workloadIdentityUser");
    struct thing other = role;
    other.body = "{'member':'user:somebody@example.com'}";
    expect(bench, TG_CALL_ENSURE, &other, TG_ENSURED_CREATED);
    expect(bench, TG_CALL_ENSURE, &role, TG_ENSURED_CREATED);
    expect(bench, TG_CALL_REMOVE, &role, TG_ENSURED_REMOVED);
    expect(bench, TG_CALL_REMOVE, &role, TG_ENSURED_ABSENT);
    expect(bench, TG_CALL_ENSURE, &other, TG_ENSURED_FOUND);
    bench_free(bench);
}

/* ---- Kubernetes ---- */

static struct tg_desired *object(const char *version, const char *kind, const char *name,
                                 const char *body)
{
    struct tg_desired *desired = tg_desired_new(TG_API_KUBERNETES, TG_FORM_OBJECT);
    desired->collection = tg_strdup(version);
    desired->kind = tg_strdup(kind);
    desired->name = tg_strdup(name);
    desired->body = unquoted(body);
    return desired;
}

static void expect_object(struct bench *bench, enum tg_call_kind kind, struct tg_desired *desired,
                          enum tg_ensured expected)
{
    const struct tg_msg *done = run(bench, kind, desired);
    cr_assert_eq(done->as.call.ensured, expected, "%s, not %s: %s; told:\n%s",
                 tg_ensured_name(done->as.call.ensured), tg_ensured_name(expected),
                 done->as.call.err.msg, bench->progress);
}

static struct tg_desired *config_map(const char *value)
{
    char *body = tg_asprintf("{'data':{'a':'%s'}}", value);
    struct tg_desired *desired = object("v1", "ConfigMap", "notes", body);
    desired->ns = tg_strdup("default");
    free(body);
    return desired;
}

Test(ensure, objects_are_applied_found_changed_and_removed)
{
    struct bench *bench = bench_new(true);
    open_provider(bench, "sim://0");
    expect_object(bench, TG_CALL_ENSURE, config_map("1"), TG_ENSURED_CREATED);
    expect_object(bench, TG_CALL_ENSURE, config_map("1"), TG_ENSURED_FOUND);
    expect_object(bench, TG_CALL_ENSURE, config_map("2"), TG_ENSURED_CHANGED);
    struct tg_desired *ours = config_map("3");
    ours->is_only_ours = true;
    const struct tg_msg *done = run(bench, TG_CALL_ENSURE, ours);
    cr_assert_eq(done->as.call.err.code, TG_CODE_CONFLICT);
    cr_assert_str_eq(done->as.call.err.msg, "ConfigMap notes: data.a is \"2\", wanted \"3\"");
    expect_object(bench, TG_CALL_REMOVE, config_map("2"), TG_ENSURED_REMOVED);
    expect_object(bench, TG_CALL_REMOVE, config_map("2"), TG_ENSURED_ABSENT);
    bench_free(bench);
}

/* Kinds that are not built in are applied as any other, defaults and all. */
Test(ensure, custom_kinds_are_found_as_they_were_applied)
{
    struct bench *bench = bench_new(true);
    open_provider(bench, "sim://0");
    for (int round = 0; round < 2; round++) {
        enum tg_ensured expected = round == 0 ? TG_ENSURED_CREATED : TG_ENSURED_FOUND;
        expect_object(bench, TG_CALL_ENSURE,
                      object("apiextensions.k8s.io/v1", "CustomResourceDefinition",
                             "things.example.com",
                             "{'spec':{'group':'example.com','scope':'Namespaced','names':{"
                             "'plural':'things','kind':'Thing'},'versions':[{'name':'v1',"
                             "'served':true,'storage':true,'schema':{'openAPIV3Schema':{'type':"
                             "'object'}}}]}}"),
                      expected);
        expect_object(bench, TG_CALL_ENSURE,
                      object("inference.networking.x-k8s.io/v1alpha2", "InferenceObjective",
                             "planted", "{'spec':{'priority':1,'poolRef':{'name':'gemma-pool'}}}"),
                      expected);
    }
    bench_free(bench);
}

static struct tg_desired *token(const char *value)
{
    struct tg_desired *desired = object("v1", "Secret", "planted-secret", "{'type':'Opaque'}");
    desired->ns = tg_strdup("default");
    desired->secret = tg_secret_new(value, strlen(value));
    desired->secret_key = tg_strdup("hf_token");
    return desired;
}

Test(ensure, a_secret_is_sent_and_never_told)
{
    struct bench *bench = bench_new(true);
    open_provider(bench, "sim://0");
    expect_object(bench, TG_CALL_ENSURE, token("hf_planted_token"), TG_ENSURED_CREATED);
    cr_assert_null(strstr(bench->progress, "planted"));
    expect_object(bench, TG_CALL_ENSURE, token("hf_planted_token"), TG_ENSURED_FOUND);
    expect_object(bench, TG_CALL_ENSURE, token("hf_another_token"), TG_ENSURED_CHANGED);
    expect_object(bench, TG_CALL_REMOVE, token("hf_another_token"), TG_ENSURED_REMOVED);
    bench_free(bench);
}
