/* tests/unit/sim/test_gcp_access.c - roles, denials, policies with etags, tokens, and the metadata
 * server. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/certificate.h"
#include "sim/fault.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_store.h"
#include "sim/gcp_token.h"
#include "tests/unit/sim/gcp_rig.h"

#define PROJECT  "/cloudresourcemanager/v1/projects/demo-4711"
#define ACCOUNTS "/iam/v1/projects/demo-4711/serviceAccounts"
#define FUSE     "gcs-fuse-sa@demo-4711.iam.gserviceaccount.com"
#define SERVICE  "serviceAccount:" FUSE

Test(gcp_access, a_role_gives_its_permissions_and_no_more)
{
    struct sim_world *world = rig_world(1, 2, true);
    const char *bucket = "demo-4711-gemma-weights";
    cr_expect(sim_gcp_may(world, SIM_GCP_OPERATOR, "container.clusters.delete", NULL));
    cr_expect(sim_gcp_may(world, SERVICE, "storage.objects.create", bucket));
    cr_expect_not(sim_gcp_may(world, SERVICE, "storage.buckets.delete", bucket));
    cr_expect_not(sim_gcp_may(world, SERVICE, "storage.objects.create", "another"));
    cr_expect_not(sim_gcp_may(world, SERVICE, "compute.networks.list", NULL));
    sim_gcp_deny(world, "compute.networks.*", true);
    cr_expect_not(sim_gcp_may(world, SIM_GCP_OPERATOR, "compute.networks.list", NULL));
    json_t *denied = rig_ask(world, "GET", RIG_COMPUTE "/global/networks", NULL, 403);
    cr_expect_str_eq(sim_json_text(denied, "error.message"),
                     "Required 'compute.networks.list' permission for "
                     "'projects/demo-4711/global/networks'");
    cr_expect_str_eq(rig_reason(denied), "forbidden");
    json_decref(denied);
    rig_do(world, "GET", RIG_COMPUTE "/global/firewalls", NULL, 200);
    sim_gcp_deny(world, "compute.networks.*", false);
    rig_do(world, "GET", RIG_COMPUTE "/global/networks", NULL, 200);
    sim_world_free(world);
}

Test(gcp_access, denied_calls_say_which_permission_in_error_info)
{
    struct sim_world *world = rig_world(1, 2, true);
    sim_gcp_deny(world, "gkehub.features.delete", true);
    json_t *denied = rig_ask(
        world, "DELETE",
        "/gkehub/v1/projects/demo-4711/locations/global/features/multiclusteringress", NULL, 403);
    const json_t *info = json_array_get(sim_json_at(denied, "error.details"), 0);
    cr_expect_str_eq(sim_json_text(info, "reason"), "IAM_PERMISSION_DENIED");
    cr_expect_str_eq(sim_json_text(info, "metadata.permission"), "gkehub.features.delete");
    cr_expect_str_eq(sim_json_text(denied, "error.status"), "PERMISSION_DENIED");
    json_decref(denied);
    json_t *held = rig_ask(
        world, "POST", PROJECT ":testIamPermissions",
        json_pack("{s:[s,s]}", "permissions", "gkehub.features.delete", "gkehub.features.get"),
        200);
    cr_expect_eq(sim_json_count(held, "permissions"), 1);
    json_decref(held);
    sim_world_free(world);
}

static json_t *policy_with(const char *etag, const char *member)
{
    json_t *policy =
        json_pack("{s:[{s:s,s:[s]},{s:s,s:[s]}]}", "bindings", "role", "roles/owner", "members",
                  SIM_GCP_OPERATOR, "role", "roles/viewer", "members", member);
    json_object_set_new(policy, "etag", json_string(etag));
    return json_pack("{s:o}", "policy", policy);
}

Test(gcp_access, a_policy_is_replaced_only_by_who_read_it_last)
{
    struct sim_world *world = rig_project();
    json_t *policy = rig_ask(world, "POST", PROJECT ":getIamPolicy", json_object(), 200);
    char *etag = strdup(sim_json_text(policy, "etag"));
    json_decref(policy);
    rig_do(world, "POST", PROJECT ":setIamPolicy", policy_with(etag, "user:a@example.com"), 200);
    json_t *late = rig_ask(world, "POST", PROJECT ":setIamPolicy",
                           policy_with(etag, "user:b@example.com"), 409);
    cr_expect_str_eq(sim_json_text(late, "error.status"), "ABORTED");
    json_decref(late);
    cr_expect_not(sim_gcp_may(world, "user:a@example.com", "compute.networks.list", NULL),
                  "roles take a while to work");
    rig_run(world, 10);
    cr_expect(sim_gcp_may(world, "user:a@example.com", "compute.networks.list", NULL));
    cr_expect(sim_gcp_may(world, SIM_GCP_OPERATOR, "compute.networks.list", NULL));
    free(etag);
    sim_world_free(world);
}

Test(gcp_access, etags_read_alike_in_both_alphabets_of_base64)
{
    struct sim_world *world = rig_project();
    for (int i = 0; i < 100; i++) {
        char etag[24];
        sim_gcp_fingerprint(world, etag);
        cr_expect_eq(strcspn(etag, "+/"), strlen(etag), "%s", etag);
    }
    sim_world_free(world);
}

Test(gcp_access, members_must_be_somebody)
{
    struct sim_world *world = rig_project();
    json_t *refused =
        rig_ask(world, "POST", PROJECT ":setIamPolicy",
                policy_with("", "serviceAccount:nobody@demo-4711.iam.gserviceaccount.com"), 400);
    cr_expect_not_null(strstr(sim_json_text(refused, "error.message"), "does not exist"));
    json_decref(refused);
    rig_do(world, "POST", PROJECT ":setIamPolicy", policy_with("", "somebody"), 400);
    const char *workload = "serviceAccount:demo-4711.svc.id.goog[default/gemma-ksa]";
    rig_do(world, "POST", PROJECT ":setIamPolicy", policy_with("", workload), 200);
    rig_do(world, "POST", PROJECT ":setIamPolicy", policy_with("", "user:a@example.com"), 200);
    sim_world_params(world)->has_pool_check = 1;
    refused = rig_ask(world, "POST", PROJECT ":setIamPolicy", policy_with("", workload), 400);
    cr_expect_not_null(
        strstr(sim_json_text(refused, "error.message"), "Identity Pool does not exist"));
    json_decref(refused);
    sim_world_free(world);
}

/* ---- tokens ---- */

static struct sim_response token_request(struct sim_world *world, const char *form)
{
    struct sim_request request = {.method = "POST",
                                  .content_type = "application/x-www-form-urlencoded",
                                  .body = form,
                                  .body_len = strlen(form)};
    return rig_http(world, request, "/token");
}

static int list_networks(struct sim_world *world, const char *token)
{
    char header[128];
    snprintf(header, sizeof header, "Bearer %s", token);
    struct sim_response response = rig_http(world, (struct sim_request){.authorization = header},
                                            RIG_COMPUTE "/global/networks");
    int status = response.status;
    sim_response_fini(&response);
    return status;
}

Test(gcp_access, a_refresh_token_gives_tokens_that_expire)
{
    struct sim_world *world = rig_world(1, 2, true);
    sim_front_set_token(world, SIM_SERVER_GCP, "main");
    sim_gcp_set_sign_in(world, "https://127.0.0.1:1/token", "refresh-me");
    struct sim_response response = token_request(world, "grant_type=refresh_token&refresh_token=x");
    cr_expect_eq(response.status, 400);
    json_t *refused = rig_json(&response);
    cr_expect_str_eq(sim_json_text(refused, "error"), "invalid_grant");
    json_decref(refused);
    response = token_request(world, "grant_type=refresh_token&refresh_token=refresh-me");
    cr_expect_eq(response.status, 200);
    json_t *answer = rig_json(&response);
    cr_expect_eq(sim_json_int(answer, "expires_in", 0), 3599);
    char *token = strdup(sim_json_text(answer, "access_token"));
    json_decref(answer);
    cr_expect_eq(list_networks(world, token), 200);
    cr_expect_eq(list_networks(world, "other"), 401);
    rig_run(world, 3601);
    cr_expect_eq(list_networks(world, token), 401);
    cr_expect_eq(list_networks(world, "main"), 200);
    free(token);
    sim_world_free(world);
}

Test(gcp_access, a_key_has_two_halves)
{
    char *private_pem;
    char *public_pem;
    cr_assert(sim_certificates_rsa(&private_pem, &public_pem));
    cr_expect_not_null(strstr(private_pem, "BEGIN PRIVATE KEY"));
    cr_expect_not_null(strstr(public_pem, "BEGIN PUBLIC KEY"));
    cr_expect_not(sim_certificates_is_signed(public_pem, "text", 4, "no signature", 12));
    free(private_pem);
    free(public_pem);
}

Test(gcp_access, an_assertion_of_nobody_or_without_a_signature_is_no_grant)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char head[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
                               "&assertion=";
    static const char *const claims[] = {
        "{\"iss\":\"nobody@demo-4711.iam.gserviceaccount.com\"}",
        "{\"iss\":\"" FUSE "\",\"aud\":\"elsewhere\",\"iat\":1,\"exp\":2}",
        "{\"iss\":\"" FUSE "\",\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":1,\"exp\":"
        "7300}",
        "{\"iss\":\"" FUSE "\",\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":1,\"exp\":"
        "3601}"};
    static const char *const said[] = {"account not found", "audience", "short-lived",
                                       "Invalid JWT Signature."};
    for (size_t i = 0; i < TG_COUNT(claims); i++) {
        char form[1024];
        char *middle = tg_base64_encode(claims[i], strlen(claims[i]));
        middle[strcspn(middle, "=")] = '\0';
        snprintf(form, sizeof form, "%seyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.%s.AAAA", head, middle);
        struct sim_response response = token_request(world, form);
        cr_expect_eq(response.status, 400);
        json_t *refused = rig_json(&response);
        cr_expect_not_null(strstr(sim_json_text(refused, "error_description"), said[i]), "%s",
                           sim_json_text(refused, "error_description"));
        json_decref(refused);
        free(middle);
    }
    sim_world_free(world);
}

Test(gcp_access, the_metadata_server_wants_its_header)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char target[] = "/computeMetadata/v1/instance/service-accounts/default/token";
    struct sim_response response =
        rig_http(world, (struct sim_request){.server = SIM_SERVER_METADATA}, target);
    cr_expect_eq(response.status, 403);
    sim_response_fini(&response);
    struct sim_request request = {.server = SIM_SERVER_METADATA, .metadata_flavor = "Google"};
    response = rig_http(world, request, target);
    cr_expect_eq(response.status, 200);
    cr_expect_str_eq(rig_header(&response, "Metadata-Flavor"), "Google");
    json_t *answer = rig_json(&response);
    char *token = strdup(sim_json_text(answer, "access_token"));
    json_decref(answer);
    sim_front_set_token(world, SIM_SERVER_GCP, "main");
    cr_expect_eq(list_networks(world, token), 200);
    free(token);
    response = rig_http(world, request, "/computeMetadata/v1/project/project-id");
    cr_expect_str_eq(tg_buf_text(&response.body), "demo-4711");
    sim_response_fini(&response);
    response = rig_http(world, request, "/computeMetadata/v1/instance/attributes/none");
    cr_expect_eq(response.status, 404);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(gcp_access, a_deleted_account_that_is_made_again_is_another)
{
    struct sim_world *world = rig_world(1, 2, true);
    char *before = rig_text(world, ACCOUNTS "/" FUSE, "uniqueId");
    rig_do(world, "DELETE", ACCOUNTS "/" FUSE, NULL, 200);
    rig_do(world, "GET", ACCOUNTS "/" FUSE, NULL, 404);
    rig_do(world, "POST", ACCOUNTS, json_pack("{s:s}", "accountId", "gcs-fuse-sa"), 200);
    char *after = rig_text(world, "/iam/v1/projects/-/serviceAccounts/" FUSE, "uniqueId");
    cr_expect_str_neq(before, after);
    free(before);
    free(after);
    sim_world_free(world);
}

Test(gcp_access, a_batch_answers_every_part)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char body[] =
        "--b\r\nContent-Type: application/http\r\nContent-ID: <one>\r\n\r\n"
        "GET /compute/v1/projects/demo-4711/global/networks/tpu-gke-dranet-vpc?alt=json "
        "HTTP/1.1\r\n"
        "\r\n\r\n--b\r\nContent-Type: application/http\r\nContent-ID: <two>\r\n\r\n"
        "DELETE https://127.0.0.1/compute/v1/projects/demo-4711/global/firewalls/none HTTP/1.1\r\n"
        "\r\n\r\n--b--\r\n";
    struct sim_request request = {.method = "POST",
                                  .content_type = "multipart/mixed; boundary=\"b\"",
                                  .body = body,
                                  .body_len = strlen(body)};
    struct sim_response response = rig_http(world, request, "/batch/compute/v1");
    const char *text = tg_buf_text(&response.body);
    cr_expect_eq(response.status, 200);
    cr_expect_not_null(strstr(response.content_type, "multipart/mixed; boundary="));
    cr_expect_not_null(strstr(text, "Content-ID: <response-one>"));
    cr_expect_not_null(strstr(text, "\"mtu\": 8896"));
    cr_expect_not_null(strstr(text, "HTTP/1.1 404"));
    sim_response_fini(&response);
    sim_world_free(world);
}

static struct sim_response ask_batch(struct sim_world *world, const char *parts, bool has_waited)
{
    struct sim_request request = {.method = "POST",
                                  .content_type = "multipart/mixed; boundary=\"b\"",
                                  .body = parts,
                                  .body_len = strlen(parts),
                                  .has_waited = has_waited};
    return rig_http(world, request, "/batch/compute/v1");
}

#define PART(id, line)                                                           \
    "--b\r\nContent-Type: application/http\r\nContent-ID: <" id ">\r\n\r\n" line \
    " HTTP/1.1\r\n\r\n\r\n"
#define GLOBAL "/compute/v1/projects/demo-4711/global"

/* gcloud waits so for what it deletes together. */
Test(gcp_access, a_batch_of_waits_waits)
{
    struct sim_world *world = rig_world(1, 2, true);
    char parts[1200];
    char *names[2];
    for (int i = 0; i < 2; i++) {
        json_t *operation = rig_ask(world, "POST", GLOBAL "/firewalls",
                                    json_pack("{s:s,s:s,s:[{s:s}]}", "name", i == 0 ? "a" : "b",
                                              "network", "global/networks/tpu-gke-dranet-vpc",
                                              "allowed", "IPProtocol", "icmp"),
                                    200);
        names[i] = strdup(sim_json_text(operation, "name"));
        json_decref(operation);
    }
    snprintf(parts, sizeof parts,
             PART("1", "POST " GLOBAL "/operations/%s/wait")
                 PART("2", "POST " GLOBAL "/operations/%s/wait") "--b--\r\n",
             names[0], names[1]);
    struct sim_response response = ask_batch(world, parts, false);
    int64_t wait_us = response.wait_us;
    cr_assert_gt(wait_us, 0);
    cr_expect_eq(response.body.len, 0, "nothing is answered yet");
    sim_response_fini(&response);
    sim_world_run_until(world, sim_world_now_us(world) + wait_us);
    response = ask_batch(world, parts, true);
    const char *first = strstr(tg_buf_text(&response.body), "\"DONE\"");
    cr_assert_not_null(first);
    cr_expect_not_null(strstr(first + 1, "\"DONE\""), "it waits for the last of them");
    sim_response_fini(&response);
    response = ask_batch(world, parts, false);
    cr_expect_eq(response.wait_us, 0, "what is done needs no waiting");
    sim_response_fini(&response);
    free(names[0]);
    free(names[1]);
    sim_world_free(world);
}

Test(gcp_access, a_fault_of_a_route_strikes_within_a_batch)
{
    struct sim_world *world = rig_world(1, 2, true);
    struct tg_err err = TG_ERR_INIT;
    struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_STATUS);
    spec.region = SIM_SERVER_GCP;
    spec.value = 503;
    spec.has_value = true;
    snprintf(spec.route, sizeof spec.route, "GET *networks/*");
    cr_assert_not_null(sim_fault_add(world, &spec, &err), "%s", err.msg);
    struct sim_response response = ask_batch(world,
                                             PART("1", "GET " GLOBAL "/networks/tpu-gke-dranet-vpc")
                                                 PART("2", "GET " GLOBAL "/firewalls") "--b--\r\n",
                                             false);
    const char *text = tg_buf_text(&response.body);
    cr_expect_eq(response.status, 200, "the batch itself is well");
    cr_expect_not_null(strstr(text, "HTTP/1.1 503"));
    cr_expect_not_null(strstr(text, "HTTP/1.1 200"));
    sim_response_fini(&response);
    sim_world_free(world);
}
