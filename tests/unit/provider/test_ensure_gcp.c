/* tests/unit/provider/test_ensure_gcp.c - resources of Google Cloud: what is asked, in which order,
 * and what the refusals mean. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/provider/ensure_rig.h"

#define NETWORKS "projects/p/global/networks"
#define POOLS    "projects/p/locations/us-east5-b/clusters/c/nodePools"
#define HUB      "projects/p/locations/global"
#define ABSENT   "{'error':{'code':404,'status':'NOT_FOUND','message':'not found'}}"
#define BUSY                                                                                   \
    "{'error':{'code':400,'status':'FAILED_PRECONDITION','message':'Operation operation-1 is " \
    "currently operating on cluster c. Please wait and try again once it is done.'}}"

static struct tg_desired *network(void)
{
    struct tg_desired *desired = ensure_object(TG_API_COMPUTE, NETWORKS, "vpc", "{'mtu':8896}");
    desired->create_body = ensure_json("{'routingConfig':{'routingMode':'REGIONAL'}}");
    desired->request_id = tg_strdup("11111111-2222-4333-8444-555555555555");
    return desired;
}

static struct tg_desired *pool(void)
{
    struct tg_desired *desired = ensure_object(TG_API_CONTAINER, POOLS, "tpu",
                                               "{'config':{'machineType':'ct6e-standard-4t'}}");
    desired->create_body = ensure_json("{'initialNodeCount':1,'config':{'oauthScopes':['x']}}");
    return desired;
}

#define OWN_BUCKETS "/storage/v1/b?project=p&prefix=weights&fields=items%28name%29%2CnextPageToken"

static struct tg_desired *bucket(void)
{
    return ensure_object(TG_API_STORAGE, "b", "weights", "{'location':'us'}");
}

/* A POST that is repeated is the same one; the operation is followed where its link says, and what
 * came of it is read. */
Test(ensure_gcp, a_network_is_made_once)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    EXPECT_ASKED(rig, "GET", "/compute/v1/projects/p/global/networks/vpc");
    rig_answer(rig, 404, ABSENT);
    EXPECT_ASKED(rig, "POST",
                 "/compute/v1/projects/p/global/networks"
                 "?requestId=11111111-2222-4333-8444-555555555555");
    cr_assert_str_eq(rig->body, "{\"routingConfig\":{\"routingMode\":\"REGIONAL\"},"
                                "\"mtu\":8896,\"name\":\"vpc\"}");
    rig_end(rig, TG_CODE_BROKEN);
    rig_wait(rig);
    cr_assert_not_null(strstr(rig->path, "requestId=11111111-2222"), "the same one");
    rig_answer(rig, 200,
               "{'operationType':'insert','status':'RUNNING','progress':0,'selfLink':"
               "'https://www.googleapis.com/compute/v1/projects/p/global/operations/op-1'}");
    cr_assert_str_eq(ensure_told(rig), "insert RUNNING");
    rig_wait(rig);
    EXPECT_ASKED(rig, "GET", "/compute/v1/projects/p/global/operations/op-1");
    rig_answer(rig, 200, "{'operationType':'insert','status':'DONE','progress':100}");
    EXPECT_ASKED(rig, "GET", "/compute/v1/projects/p/global/networks/vpc");
    rig_answer(rig, 200, "{'name':'vpc','mtu':8896}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CREATED);
    ensure_close(rig);
}

/* Without a stated endpoint each API is asked at its own host. */
Test(ensure_gcp, hosts_of_google)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    rig->context.config.endpoint.base_url = NULL;
    rig_answer(rig, 404, ABSENT);
    cr_assert(tg_str_has_prefix(rig->path, "//compute.googleapis.com/compute/v1/projects/p/"));
    ensure_close(rig);
}

/* Progress is told when it changes; questions come seldom, and never more than ten seconds late. */
Test(ensure_gcp, an_operation_is_followed_for_as_long_as_it_runs)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, pool());
    rig_answer(rig, 404, ABSENT);
    cr_assert_str_eq(rig->body,
                     "{\"nodePool\":{\"initialNodeCount\":1,\"config\":{\"oauthScopes\":[\"x\"],"
                     "\"machineType\":\"ct6e-standard-4t\"},\"name\":\"tpu\"}}");
    static const char running[] =
        "{'name':'op-2','operationType':'CREATE_NODE_POOL','status':'RUNNING','progress':{"
        "'metrics':[{'name':'nodes total','intValue':'1'},{'name':'nodes done','intValue':'0'}]}}";
    rig_answer(rig, 200, running);
    cr_assert_str_eq(ensure_told(rig), "CREATE_NODE_POOL RUNNING: nodes total 1, nodes done 0");
    int64_t until_us = rig->now_us + 3600 * SECOND;
    size_t messages = rig->messages_count;
    int asked = rig->submitted;
    while (rig->now_us < until_us) {
        cr_assert_leq(rig_wait(rig), 10 * SECOND);
        EXPECT_ASKED(rig, "GET", "/v1beta1/projects/p/locations/us-east5-b/operations/op-2");
        rig_answer(rig, 200, running);
    }
    cr_assert_eq(rig->messages_count, messages, "nothing new to tell");
    cr_assert_lt(rig->submitted - asked, 800, "an hour of waiting is some hundred questions");
    ensure_close(rig);
}

/* Somebody else was quicker: what is there is compared, not made again. */
Test(ensure_gcp, what_exists_is_adopted_or_refused)
{
    static const char exists[] =
        "{'error':{'code':409,'status':'ALREADY_EXISTS','message':'already exists'}}";
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    rig_answer(rig, 404, ABSENT);
    rig_answer(rig, 409, exists);
    EXPECT_ASKED(rig, "GET", "/compute/v1/projects/p/global/networks/vpc");
    rig_answer(rig, 200, "{'name':'vpc','mtu':'8896'}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_FOUND);
    ensure_close(rig);
    rig = ensure_open(TG_CALL_ENSURE, network());
    rig_answer(rig, 404, ABSENT);
    rig_answer(rig, 409, exists);
    rig_answer(rig, 200, "{'name':'vpc','mtu':1460}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_CONFLICT);
    cr_assert_str_eq(ensure_err(rig)->msg, "network vpc: mtu is 1460, wanted 8896");
    ensure_close(rig);
}

static void expect_refusal(int status, const char *quoted, enum tg_code code, const char *msg)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    rig_answer(rig, status, quoted);
    cr_assert_eq(ensure_err(rig)->code, code, "%s for %s", tg_code_name(ensure_err(rig)->code),
                 quoted);
    cr_assert_str_eq(ensure_err(rig)->msg, msg);
    cr_assert_eq(ensure_err(rig)->detail, status);
    ensure_close(rig);
}

Test(ensure_gcp, refusals_have_types)
{
    expect_refusal(401, "{'error':{'status':'UNAUTHENTICATED','message':'expired'}}",
                   TG_CODE_UNAUTHORIZED, "UNAUTHENTICATED: expired");
    expect_refusal(403, "{'error':{'status':'PERMISSION_DENIED','message':'no'}}",
                   TG_CODE_FORBIDDEN, "PERMISSION_DENIED: no");
    expect_refusal(403,
                   "{'error':{'status':'PERMISSION_DENIED','message':'Compute Engine API is "
                   "disabled.','details':[{'reason':'SERVICE_DISABLED','metadata':{'service':"
                   "'compute.googleapis.com'}}]}}",
                   TG_CODE_DISABLED,
                   "compute.googleapis.com is not enabled: Compute Engine API is disabled.");
    expect_refusal(403,
                   "{'error':{'message':'Enable it at https://console/apis/api/"
                   "gkehub.googleapis.com/overview.','errors':[{'reason':'accessNotConfigured'}]}}",
                   TG_CODE_DISABLED,
                   "gkehub.googleapis.com is not enabled: Enable it at "
                   "https://console/apis/api/gkehub.googleapis.com/overview.");
    expect_refusal(403,
                   "{'error':{'message':'Insufficient regional quota to satisfy request: resource "
                   "X','errors':[{'reason':'forbidden'}]}}",
                   TG_CODE_QUOTA, "Insufficient regional quota to satisfy request: resource X");
    expect_refusal(400, "{'error':{'status':'INVALID_ARGUMENT','message':'bad range'}}",
                   TG_CODE_INVALID, "INVALID_ARGUMENT: bad range");
}

/* What may pass is tried again, as the server asks, and for five minutes at most. */
Test(ensure_gcp, what_may_pass_is_tried_again)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    rig_headers(rig, 429, 45 * SECOND);
    rig_end(rig, TG_CODE_NONE);
    cr_assert_geq(rig_wait(rig), 45 * SECOND);
    rig_answer(rig, 403,
               "{'error':{'message':'Quota exceeded for quota metric q and limit l per minute'}}");
    int64_t failing_us = 45 * SECOND;
    while (rig_newest(rig, TG_MSG_CALL_DONE) == NULL) {
        failing_us += rig_wait(rig);
        rig_answer(rig, 503, "{'error':{'status':'UNAVAILABLE','message':'later'}}");
    }
    cr_assert_geq(failing_us, 300 * SECOND);
    cr_assert_leq(failing_us, 320 * SECOND);
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_SERVER);
    cr_assert_str_eq(ensure_err(rig)->msg, "UNAVAILABLE: later");
    ensure_close(rig);
}

/* A cluster that is busy says that it will be done: that is not a failure, however long it takes.
 */
Test(ensure_gcp, a_busy_cluster_is_waited_for)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, pool());
    int64_t until_us = rig->now_us + 1200 * SECOND;
    rig_answer(rig, 404, ABSENT);
    while (rig->now_us < until_us) {
        rig_answer(rig, 400, BUSY);
        cr_assert_not_null(strstr(ensure_told(rig), "operation-1 is currently operating"));
        rig_wait(rig);
        cr_assert_str_eq(rig->method, "POST");
    }
    ensure_close(rig);
}

static void expect_pool_failure(const char *quoted, enum tg_code code)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, pool());
    rig_answer(rig, 404, ABSENT);
    rig_answer(rig, 200, quoted);
    cr_assert_eq(ensure_err(rig)->code, code, "%s", quoted);
    ensure_close(rig);
}

Test(ensure_gcp, no_machines_and_no_quota_are_told_apart)
{
    expect_pool_failure("{'name':'o','operationType':'CREATE_NODE_POOL','status':'DONE','error':{"
                        "'code':8,'message':'[GCE_STOCKOUT]: does not have enough resources'}}",
                        TG_CODE_STOCKOUT);
    expect_pool_failure("{'name':'o','operationType':'CREATE_NODE_POOL','status':'DONE',"
                        "'statusMessage':'[GCE_QUOTA_EXCEEDED]: Quota X exceeded.  Limit: 0.0'}",
                        TG_CODE_QUOTA);
    expect_pool_failure("{'name':'o','operationType':'CREATE_NODE_POOL','status':'DONE','error':{"
                        "'code':7,'message':'no'}}",
                        TG_CODE_FORBIDDEN);
}

/* A pool that stands broken since an earlier try says why. */
Test(ensure_gcp, what_is_broken_says_why)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, pool());
    rig_answer(rig, 200,
               "{'name':'tpu','status':'ERROR','statusMessage':'[GCE_STOCKOUT]: none',"
               "'config':{'machineType':'ct6e-standard-4t'}}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_STOCKOUT);
    cr_assert_str_eq(ensure_err(rig)->msg, "node pool tpu is ERROR: [GCE_STOCKOUT]: none");
    ensure_close(rig);
}

/* What is on its way out is waited for and then made afresh. */
Test(ensure_gcp, what_is_going_is_made_again)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, pool());
    rig_answer(rig, 200, "{'name':'tpu','status':'STOPPING'}");
    cr_assert_str_eq(ensure_told(rig), "node pool tpu is STOPPING");
    rig_wait(rig);
    rig_answer(rig, 404, ABSENT);
    cr_assert_str_eq(rig->method, "POST");
    ensure_close(rig);
}

/* Buckets of everybody share their names: one that may not be read is somebody else's. */
Test(ensure_gcp, a_bucket_name_may_be_taken)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, bucket());
    rig_answer(rig, 403, "{'error':{'code':403,'message':'no access'}}");
    EXPECT_ASKED(rig, "POST", "/storage/v1/b?project=p");
    rig_answer(rig, 409,
               "{'error':{'code':409,'message':'The requested bucket name is not available.',"
               "'errors':[{'reason':'conflict'}]}}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_CONFLICT);
    cr_assert_str_eq(ensure_err(rig)->msg, "The requested bucket name is not available.");
    ensure_close(rig);
}

Test(ensure_gcp, a_bucket_is_made_and_its_location_read_in_capitals)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, bucket());
    rig_answer(rig, 200, "{'name':'weights','location':'US'}");
    EXPECT_ASKED(rig, "GET", OWN_BUCKETS);
    rig_answer(rig, 200, "{'items':[{'name':'weights'},{'name':'weights-2'}]}");
    EXPECT_ASKED(rig, "GET", "/storage/v1/b/weights");
    rig_answer(rig, 200, "{'name':'weights','location':'US'}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_FOUND);
    ensure_close(rig);
}

/* The operator may read and empty another project's bucket: its name alone proves nothing. */
Test(ensure_gcp, a_bucket_of_another_project_is_neither_adopted_nor_removed)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, bucket());
    rig_answer(rig, 200, "{'name':'weights','location':'US'}");
    EXPECT_ASKED(rig, "GET", OWN_BUCKETS);
    rig_answer(rig, 200, "{'items':[{'name':'weights-2'}]}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_CONFLICT);
    cr_assert_str_eq(ensure_err(rig)->msg, "bucket weights is there, and of another project");
    ensure_close(rig);
    struct tg_desired *full = bucket();
    full->has_content = true;
    rig = ensure_open(TG_CALL_REMOVE, full);
    EXPECT_ASKED(rig, "GET", OWN_BUCKETS);
    rig_answer(rig, 200, "{}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_ABSENT);
    ensure_close(rig);
}

Test(ensure_gcp, an_account_is_made_by_its_short_name)
{
    struct tg_desired *account = ensure_object(TG_API_IAM, "projects/p/serviceAccounts",
                                               "fuse-sa@p.iam.gserviceaccount.com", NULL);
    account->create_body = ensure_json("{'displayName':'FUSE'}");
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, account);
    EXPECT_ASKED(rig, "GET", "/v1/projects/p/serviceAccounts/fuse-sa%40p.iam.gserviceaccount.com");
    rig_answer(rig, 404, ABSENT);
    cr_assert_str_eq(rig->body, "{\"accountId\":\"fuse-sa\","
                                "\"serviceAccount\":{\"displayName\":\"FUSE\"}}");
    rig_answer(rig, 200, "{'email':'fuse-sa@p.iam.gserviceaccount.com'}");
    rig_answer(rig, 404, ABSENT); /* not known everywhere yet */
    cr_assert_null(rig_newest(rig, TG_MSG_CALL_DONE));
    rig_wait(rig);
    cr_assert_str_eq(rig->method, "GET");
    rig_answer(rig, 200, "{'email':'fuse-sa@p.iam.gserviceaccount.com'}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CREATED);
    ensure_close(rig);
}

/* A feature is changed in the members that differ, with what stands beside them. */
Test(ensure_gcp, a_feature_is_patched)
{
    struct provider_rig *rig = ensure_open(
        TG_CALL_ENSURE, ensure_object(TG_API_GKEHUB, HUB "/features", "multiclusteringress",
                                      "{'spec':{'multiclusteringress':{'configMembership':'" HUB
                                      "/memberships/a'}}}"));
    rig_answer(rig, 200,
               "{'resourceState':{'state':'ACTIVE'},'spec':{'other':1,'multiclusteringress':{"
               "'configMembership':'projects/123/locations/global/memberships/b'}}}");
    EXPECT_ASKED(rig, "PATCH", "/v1/" HUB "/features/multiclusteringress?updateMask=spec");
    cr_assert_not_null(strstr(rig->body, "\"other\":1"));
    rig_answer(rig, 200, "{'name':'" HUB "/operations/o','done':true,'response':{}}");
    rig_answer(rig, 200,
               "{'resourceState':{'state':'ACTIVE'},'spec':{'other':1,'multiclusteringress':{"
               "'configMembership':'projects/123/locations/global/memberships/a'}}}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CHANGED);
    ensure_close(rig);
}

Test(ensure_gcp, a_membership_is_named_in_the_query)
{
    struct tg_desired *membership = ensure_object(TG_API_GKEHUB, HUB "/memberships", "gke-a", "{}");
    membership->request_id = tg_strdup("f1111111-2222-4333-8444-555555555555");
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, membership);
    rig_answer(rig, 404, ABSENT);
    EXPECT_ASKED(rig, "POST",
                 "/v1/" HUB "/memberships?membershipId=gke-a"
                 "&requestId=f1111111-2222-4333-8444-555555555555");
    rig_answer(rig, 200, "{'name':'" HUB "/operations/o-1','metadata':{'verb':'create'}}");
    cr_assert_str_eq(ensure_told(rig), "create under way");
    rig_wait(rig);
    EXPECT_ASKED(rig, "GET", "/v1/" HUB "/operations/o-1");
    rig_answer(rig, 200,
               "{'name':'" HUB "/operations/o-1','done':true,'error':{'code':9,'message':'m'}}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_STATE);
    ensure_close(rig);
}

/* The network that cannot go names what holds it, whole. */
Test(ensure_gcp, what_is_in_use_names_its_user)
{
    struct provider_rig *rig = ensure_open(TG_CALL_REMOVE, network());
    EXPECT_ASKED(rig, "DELETE", "/compute/v1/projects/p/global/networks/vpc");
    rig_answer(rig, 200,
               "{'operationType':'delete','status':'DONE','httpErrorStatusCode':400,'error':{"
               "'errors':[{'code':'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE','message':'The network "
               "resource \\u0027projects/a-project-with-a-long-name-4711/global/networks/"
               "tpu-gke-dranet-vpc\\u0027 is already being used by \\u0027projects/"
               "a-project-with-a-long-name-4711/global/firewalls/gke-gke-us-east5-0123abcd-mcsd"
               "\\u0027'}]}}");
    cr_assert_eq(ensure_err(rig)->code, TG_CODE_IN_USE);
    cr_assert_str_eq(ensure_err(rig)->msg,
                     "in use by projects/a-project-with-a-long-name-4711/global/firewalls/"
                     "gke-gke-us-east5-0123abcd-mcsd");
    ensure_close(rig);
}

Test(ensure_gcp, what_is_not_there_is_absent)
{
    struct provider_rig *rig = ensure_open(TG_CALL_REMOVE, network());
    rig_answer(rig, 404, ABSENT);
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_ABSENT);
    ensure_close(rig);
}

/* Somebody deletes it already: that is waited for, and it is removed. */
Test(ensure_gcp, a_removal_under_way_is_waited_for)
{
    struct provider_rig *rig = ensure_open(TG_CALL_REMOVE, pool());
    rig_answer(rig, 400, BUSY);
    EXPECT_ASKED(rig, "GET", "/v1beta1/" POOLS "/tpu");
    rig_answer(rig, 200, "{'name':'tpu','status':'STOPPING'}");
    for (int i = 0; i < 100; i++) {
        rig_wait(rig);
        cr_assert_str_eq(rig->method, "GET");
        rig_answer(rig, 200, "{'name':'tpu','status':'STOPPING'}");
    }
    rig_wait(rig);
    rig_answer(rig, 404, ABSENT);
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_REMOVED);
    ensure_close(rig);
}

/* A call that is cancelled is silent from then on. */
Test(ensure_gcp, a_cancelled_call_says_nothing)
{
    struct provider_rig *rig = ensure_open(TG_CALL_ENSURE, network());
    uint64_t exchange = rig->exchange;
    tg_ensures_cancel(rig->machine, CALL_ID);
    cr_assert_eq(rig->cancelled, exchange);
    rig_step(rig);
    cr_assert_eq(rig->wake_us, TG_TIME_NEVER);
    cr_assert_eq(rig->messages_count, 0);
    ensure_close(rig);
}

/* ---- roles ---- */

static struct tg_desired *role(enum tg_api api, const char *collection)
{
    struct tg_desired *desired = tg_desired_new(api, TG_FORM_ROLE);
    desired->collection = tg_strdup(collection);
    desired->name = tg_strdup("roles/viewer");
    desired->body = ensure_json("{'member':'user:me@x.org'}");
    return desired;
}

/* Whoever came between starts it over; conditions of others are not ours. */
Test(ensure_gcp, a_role_is_added_to_what_is_read)
{
    struct provider_rig *rig =
        ensure_open(TG_CALL_ENSURE, role(TG_API_RESOURCE_MANAGER, "projects/p"));
    EXPECT_ASKED(rig, "POST", "/v1/projects/p:getIamPolicy");
    cr_assert_str_eq(rig->body, "{\"options\":{\"requestedPolicyVersion\":3}}");
    static const char policy[] =
        "{'version':3,'etag':'E1','bindings':[{'role':'roles/viewer','members':['user:a@x.org'],"
        "'condition':{'title':'t'}}]}";
    rig_answer(rig, 200, policy);
    EXPECT_ASKED(rig, "POST", "/v1/projects/p:setIamPolicy");
    cr_assert_not_null(strstr(rig->body, "\"members\":[\"user:a@x.org\"],\"condition\""));
    cr_assert_not_null(strstr(rig->body, "{\"role\":\"roles/viewer\","
                                         "\"members\":[\"user:me@x.org\"]}"));
    cr_assert_not_null(strstr(rig->body, "\"etag\":\"E1\""));
    rig_answer(rig, 409, "{'error':{'status':'ABORTED','message':'concurrent policy changes'}}");
    rig_wait(rig);
    EXPECT_ASKED(rig, "POST", "/v1/projects/p:getIamPolicy");
    rig_answer(rig, 200, policy);
    rig_answer(rig, 200, policy);
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CREATED);
    ensure_close(rig);
}

Test(ensure_gcp, a_role_of_a_bucket_is_taken_out_alone)
{
    struct provider_rig *rig = ensure_open(TG_CALL_REMOVE, role(TG_API_STORAGE, "b/weights"));
    EXPECT_ASKED(rig, "GET", "/storage/v1/b/weights/iam?optionsRequestedPolicyVersion=3");
    rig_answer(rig, 200,
               "{'etag':'E','bindings':[{'role':'roles/viewer','members':['user:me@x.org']},"
               "{'role':'roles/editor','members':['user:me@x.org','user:b@x.org']}]}");
    EXPECT_ASKED(rig, "PUT", "/storage/v1/b/weights/iam");
    cr_assert_str_eq(rig->body, "{\"etag\":\"E\",\"bindings\":[{\"role\":\"roles/editor\","
                                "\"members\":[\"user:me@x.org\",\"user:b@x.org\"]}]}");
    rig_answer(rig, 200, "{}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_REMOVED);
    ensure_close(rig);
}

/* An account made a moment ago is not known to every policy yet. */
Test(ensure_gcp, a_role_waits_for_its_member)
{
    struct provider_rig *rig =
        ensure_open(TG_CALL_ENSURE, role(TG_API_IAM, "projects/p/serviceAccounts/a@p"));
    EXPECT_ASKED(rig, "POST",
                 "/v1/projects/p/serviceAccounts/a%40p:getIamPolicy"
                 "?options.requestedPolicyVersion=3");
    rig_answer(rig, 200, "{'etag':'E'}");
    rig_answer(rig, 400, "{'error':{'message':'Service account b does not exist.'}}");
    cr_assert_null(rig_newest(rig, TG_MSG_CALL_DONE));
    cr_assert_str_eq(ensure_told(rig), "Service account b does not exist.");
    rig_wait(rig);
    rig_answer(rig, 200, "{'etag':'E'}");
    rig_answer(rig, 200, "{}");
    cr_assert_eq(ensure_ended(rig), TG_ENSURED_CREATED);
    ensure_close(rig);
}
