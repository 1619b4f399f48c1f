/* tests/unit/sim/test_fault.c - the fault table, and what a user notices of faults of answers and
 * streams. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim/fault.h"
#include "sim/fault_response.h"
#include "tests/unit/sim/fault_rig.h"
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define PODS "/api/v1/namespaces/default/pods"

Test(fault, every_kind_has_a_name_of_its_own_and_a_sentence)
{
    for (int kind = 0; kind < SIM_FAULT_KIND_COUNT; kind++) {
        const struct sim_fault_info *info = sim_fault_info((enum sim_fault_kind)kind);
        cr_expect_eq((int)sim_fault_kind_of(info->name), kind, "%s", info->name);
        cr_expect_gt(strlen(info->help), 10, "%s", info->name);
    }
    cr_expect_eq(sim_fault_kind_of("nothing"), SIM_FAULT_KIND_COUNT);
}

Test(fault, patterns)
{
    cr_expect(sim_fault_is_like("*", ""));
    cr_expect(sim_fault_is_like("/api/*/pods", "/api/v1/namespaces/default/pods"));
    cr_expect(sim_fault_is_like("*b*b", "abcbb"));
    cr_expect_not(sim_fault_is_like("/api/*/pods", "/api/v1/pods/x"));
    cr_expect_not(sim_fault_is_like("", "x"));
}

Test(fault, words_are_checked)
{
    struct sim_world *world = empty_world();
    struct sim_fault_spec spec = sim_fault_spec_of(SIM_FAULT_STATUS);
    struct tg_err err = TG_ERR_INIT;
    static const char *const bad[][2] = {{"region", "nowhere"}, {"rate", "2"},    {"rate", "0"},
                                         {"for", "5"},          {"code", "9999"}, {"colour", "x"},
                                         {"id", "A thing"},     {"times", "0"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(sim_fault_spec_set(world, &spec, bad[i][0], bad[i][1], &err), "%s=%s",
                      bad[i][0], bad[i][1]);
        cr_expect_eq(err.code, TG_CODE_INVALID);
    }
    cr_expect(sim_fault_spec_set(world, &spec, "region", "europe-west4", &err));
    cr_expect_eq(spec.region, 1);
    cr_expect(sim_fault_spec_set(world, &spec, "rate", "12.5%", &err));
    cr_expect_eq(spec.rate_ppm, 125000);
    cr_expect(sim_fault_spec_set(world, &spec, "for", "1m30s", &err));
    cr_expect_eq(spec.duration_us, 90 * TG_US_PER_S);
    sim_world_free(world);
}

Test(fault, a_status_strikes_its_route_so_many_times)
{
    struct sim_world *world = empty_world();
    fault_add(world, "status code=429 retry-after=7 region=0 route=LIST*x times=2");
    fault_add(world, "status id=only code=503 region=0 times=2 skip=1 route=GET~" PODS);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200, "one passes first");
    struct sim_response response = ask(world, (struct ask){.target = PODS});
    cr_expect_eq(response.status, 503);
    cr_expect_not_null(strstr(tg_buf_text(&response.body), "\"kind\":\"Status\""));
    sim_response_fini(&response);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS, .server = 1}), 200, "elsewhere");
    cr_expect_eq(ask_status(world, (struct ask){.target = "/api/v1/nodes"}), 200, "other routes");
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 503);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200, "its times are over");
    cr_expect_eq(sim_fault_count(world), 1);
    sim_world_free(world);
}

Test(fault, a_fault_begins_and_ends_by_the_virtual_clock)
{
    struct sim_world *world = empty_world();
    fault_add(world, "status code=500 region=0 after=10s for=20s");
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200);
    rig_run(world, 11);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 500);
    cr_assert(sim_fault_pause(world, "status-1", true));
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200, "paused");
    cr_assert(sim_fault_pause(world, "status-1", false));
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 500);
    rig_run(world, 20);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200);
    cr_expect_eq(sim_fault_count(world), 0);
    sim_world_free(world);
}

Test(fault, one_more_fault_changes_no_other_ones_draws)
{
    char seen[2][201] = {"", ""};
    for (int run = 0; run < 2; run++) {
        struct sim_world *world = empty_world();
        fault_add(world, "status id=half code=500 rate=0.5 region=0");
        if (run == 1) {
            fault_add(world, "delay value=1ms rate=0.3 region=0");
            fault_add(world, "slow id=other rate=0.5");
        }
        for (int i = 0; i < 200; i++) {
            seen[run][i] = ask_status(world, (struct ask){.target = PODS}) == 500 ? 'x' : '.';
        }
        sim_world_free(world);
    }
    cr_expect_str_eq(seen[0], seen[1]);
    int struck = rig_count_text(seen[0], "x");
    cr_expect(struck > 70 && struck < 130, "%d of 200", struck);
}

Test(fault, refusals_look_like_those_of_the_server_asked)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "token region=0 times=1");
    fault_add(world, "deny region=gcp times=1");
    fault_add(world, "quota");
    int status;
    json_t *body = ask_json(world, (struct ask){.target = PODS}, &status);
    cr_expect_eq(status, 401);
    cr_expect_str_eq(sim_json_text(body, "reason"), "Unauthorized");
    json_decref(body);
    struct ask list = {.server = SIM_SERVER_GCP,
                       .target = "/compute/v1/projects/demo-4711/global/networks"};
    body = ask_json(world, list, &status);
    cr_expect_eq(status, 403);
    cr_expect_str_eq(sim_json_text(body, "error.status"), "PERMISSION_DENIED");
    json_decref(body);
    cr_expect_eq(ask_status(world, list), 200, "reading needs no quota");
    list.method = "POST";
    list.body = "{\"name\":\"n\"}";
    body = ask_json(world, list, &status);
    cr_expect_eq(status, 403);
    cr_expect_str_eq(sim_json_text(body, "error.message"),
                     "Quota 'NETWORKS' exceeded.  Limit: 0.0 globally.");
    cr_expect_str_eq(sim_json_text(json_array_get(sim_json_at(body, "error.errors"), 0), "reason"),
                     "quotaExceeded");
    json_decref(body);
    struct ask wait = {.server = SIM_SERVER_GCP,
                       .method = "POST",
                       .target = "/compute/v1/projects/demo-4711/global/operations/none/wait"};
    cr_expect_eq(ask_status(world, wait), 404, "nor does waiting");
    sim_world_free(world);
}

Test(fault, a_cluster_refuses_in_the_words_of_its_roles)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "deny region=0");
    int status;
    json_t *body = ask_json(
        world,
        (struct ask){.method = "PATCH",
                     .target = "/apis/apps/v1/namespaces/default/deployments/vllm-gemma/scale",
                     .body = "{}"},
        &status);
    cr_expect_eq(status, 403);
    cr_expect_str_eq(sim_json_text(body, "message"),
                     "deployments.apps \"vllm-gemma\" is forbidden: User \"operator@example.com\" "
                     "cannot patch resource \"deployments/scale\" in API group \"apps\" in the "
                     "namespace \"default\": requires one of "
                     "[\"container.deployments.updateScale\"] permission(s).");
    cr_expect_str_eq(sim_json_text(body, "details.kind"), "deployments");
    json_decref(body);
    body = ask_json(world, (struct ask){.target = "/apis/metrics.k8s.io/v1beta1/nodes"}, &status);
    cr_expect_eq(status, 403);
    cr_expect_str_eq(sim_json_text(body, "details.group"), "metrics.k8s.io");
    json_decref(body);
    cr_expect_eq(ask_status(world, (struct ask){.target = "/apis/apps/v1"}), 200,
                 "roles do not keep from discovery");
    fault_add(world, "deny region=0 route=*/apis/apps/v1");
    body = ask_json(world, (struct ask){.target = "/apis/apps/v1"}, &status);
    cr_expect_str_eq(sim_json_text(body, "message"),
                     "forbidden: User \"operator@example.com\" cannot get path \"/apis/apps/v1\"",
                     "but who names it");
    json_decref(body);
    sim_world_free(world);
}

Test(fault, google_cloud_says_what_fails_in_its_own_words)
{
    struct sim_world *world = rig_world(5, 2, true);
    fault_add(world, "status code=500 region=gcp times=2");
    fault_add(world, "deny region=gcp");
    struct ask list = {.server = SIM_SERVER_GCP,
                       .target = "/compute/v1/projects/demo-4711/global/networks"};
    int status;
    json_t *body = ask_json(world, list, &status);
    cr_expect_eq(status, 500);
    cr_expect_str_eq(sim_json_text(body, "error.message"), "Internal error encountered.");
    cr_expect_str_eq(sim_json_text(json_array_get(sim_json_at(body, "error.errors"), 0), "reason"),
                     "backendError");
    json_decref(body);
    list.target = "/gkehub/v1/projects/demo-4711/locations/global/memberships";
    body = ask_json(world, list, &status);
    cr_expect_null(sim_json_at(body, "error.errors"), "the newest have none");
    json_decref(body);
    body = ask_json(world, list, &status);
    cr_expect_eq(status, 403);
    cr_expect_not_null(strstr(sim_json_text(body, "error.message"), "gkehub.memberships.list"));
    json_decref(body);
    sim_world_free(world);
}

Test(fault, html_comes_with_status_200)
{
    struct sim_world *world = empty_world();
    fault_add(world, "html region=0");
    struct sim_response response = ask(world, (struct ask){.target = PODS});
    cr_expect_eq(response.status, 200);
    cr_expect_not_null(strstr(response.content_type, "html"));
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(fault, an_answer_that_is_lost_was_done_and_one_that_is_reset_was_not)
{
    struct sim_world *world = empty_world();
    fault_add(world, "reset region=0 times=1 route=POST~*");
    fault_add(world, "lost region=0 times=1 route=POST~*");
    struct ask make = {.method = "POST", .target = CONFIGS, .body = NULL};
    make.body = "{\"metadata\":{\"name\":\"a\"}}";
    make.content_type = "application/json";
    struct sim_response response = ask(world, make);
    cr_expect_eq(response.damage.connection, SIM_CONNECTION_RESET);
    sim_response_fini(&response);
    cr_expect_eq(ask_status(world, (struct ask){.target = CONFIGS "/a"}), 404);
    response = ask(world, make);
    cr_expect_eq(response.damage.connection, SIM_CONNECTION_RESET);
    sim_response_fini(&response);
    cr_expect_eq(ask_status(world, (struct ask){.target = CONFIGS "/a"}), 200);
    sim_world_free(world);
}

/* ---- what answers say ---- */

static char *list_with(const char *fault)
{
    struct sim_world *world = empty_world();
    make_config(world, "first", "a", "1");
    fault_add(world, fault);
    struct sim_response response = ask(world, (struct ask){.target = CONFIGS});
    cr_expect_eq(response.status, 200);
    char *text = tg_buf_take(&response.body, NULL);
    sim_response_fini(&response);
    sim_world_free(world);
    return text;
}

Test(fault, bodies_are_malformed_huge_deep_and_worse)
{
    static const struct {
        const char *fault;
        const char *wanted;
        bool is_json;
    } cases[] = {
        {"malformed", "}]\"{,", false},
        {"huge value=100000", "\"filler\":\"0123", true},
        {"deep value=300", "{\"a\":{\"a\":{\"a\":", true},
        {"duplicate-keys", "\"name\":\"twin\"", true},
        {"numbers", "1e400", false},
        {"utf8", "\xff\xc0\xaf", false},
        {"controls", "\\u001b]52", true},
        {"wrong-kind", "\"kind\":\"SecretList\"", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = list_with(cases[i].fault);
        cr_expect_not_null(strstr(text, cases[i].wanted), "%s: %.300s", cases[i].fault, text);
        json_t *value = json_loads(text, 0, NULL);
        cr_expect_eq(value != NULL, cases[i].is_json, "%s", cases[i].fault);
        json_decref(value);
        free(text);
    }
    char *text = list_with("huge value=5242880");
    cr_expect_gt(strlen(text), 5242880);
    free(text);
}

/* What RFC 1951 says of the bomb's one block, followed by hand: literal 0, then copies of 258. */
Test(fault, a_bomb_is_small)
{
    struct tg_buf out;
    tg_buf_init(&out, 64 << 20);
    sim_fault_write_bomb(258 * 800 + 1, &out);
    cr_expect_lt(out.len, 1400);
    cr_expect_eq((unsigned char)out.data[0], 0x1f);
    cr_expect_eq((unsigned char)out.data[1], 0x8b);
    cr_expect_eq((unsigned char)out.data[10] & 7, 3, "the last block, with fixed codes");
    tg_buf_fini(&out);
}

/* ---- streams ---- */

static struct sim_response watch(struct sim_world *world)
{
    struct sim_response response =
        ask(world, (struct ask){.target = CONFIGS "?watch=1&resourceVersion=0"});
    cr_assert_not_null(response.stream);
    return response;
}

static char *drain(struct sim_response *response, bool *is_end)
{
    return drain_stream(response->stream, is_end);
}

Test(fault, watches_are_cut_silenced_and_expired)
{
    struct sim_world *world = empty_world();
    bool is_end = false;
    make_config(world, "a", "x", "1");
    struct sim_response response = watch(world);
    free(drain(&response, &is_end));
    cr_expect_not(is_end);
    fault_add(world, "silence region=0 for=100s");
    make_config(world, "b", "x", "1");
    char *text = drain(&response, &is_end);
    cr_expect_str_empty(text);
    cr_expect_not(is_end, "half open");
    free(text);
    sim_fault_clear(world);
    text = drain(&response, &is_end);
    cr_expect_not_null(strstr(text, "\"name\":\"b\""), "nothing is lost");
    free(text);
    fault_add(world, "cut region=0 times=1");
    text = drain(&response, &is_end);
    cr_expect(is_end && response.stream->is_broken);
    free(text);
    sim_response_fini(&response);
    response = watch(world);
    free(drain(&response, &is_end));
    cr_expect_not(is_end, "the next watch lives");
    fault_add(world, "expire region=0 times=1");
    text = drain(&response, &is_end);
    cr_expect(is_end && !response.stream->is_broken);
    cr_expect_not_null(strstr(text, "\"code\":410"));
    free(text);
    sim_response_fini(&response);
    sim_world_free(world);
}

static char *events_with(const char *fault)
{
    struct sim_world *world = empty_world();
    make_config(world, "a", "x", "1");
    struct sim_response response = watch(world);
    free(drain(&response, NULL));
    fault_add(world, fault);
    change_config(world, "a", "x", "2");
    change_config(world, "a", "x", "3");
    char *text = drain(&response, NULL);
    sim_response_fini(&response);
    sim_world_free(world);
    return text;
}

Test(fault, events_repeat_swap_and_go_backwards)
{
    char *text = events_with("repeat region=0");
    cr_expect_eq(rig_count_text(text, "\"v\":\"2\""), 2, "%s", text);
    free(text);
    text = events_with("reorder region=0");
    cr_expect_lt(strstr(text, "\"v\":\"3\""), strstr(text, "\"v\":\"2\""), "%s", text);
    free(text);
    text = events_with("backwards region=0 times=1");
    cr_expect_eq(rig_count_text(text, "\"resourceVersion\":\"1\""), 1, "%s", text);
    free(text);
    text = events_with("stray region=0 times=1");
    cr_expect_eq(rig_count_text(text, "\"namespace\":\"elsewhere\""), 1, "%s", text);
    free(text);
    text = events_with("malformed region=0 times=1");
    cr_expect_eq(rig_count_text(text, "\n"), 2, "lines stay lines");
    free(text);
}

/* ---- a region ---- */

Test(fault, a_region_that_is_down_answers_nothing_and_a_config_cluster_refuses)
{
    struct sim_world *world = empty_world();
    fault_add(world, "region-down region=1 for=60s");
    fault_add(world, "cfgdown for=60s");
    struct sim_response response = ask(world, (struct ask){.target = PODS, .server = 1});
    cr_expect_eq(response.damage.connection, SIM_CONNECTION_STALLED);
    sim_response_fini(&response);
    response = ask(world, (struct ask){.target = PODS});
    cr_expect_eq(response.damage.connection, SIM_CONNECTION_REFUSED);
    sim_response_fini(&response);
    rig_run(world, 61);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS}), 200);
    cr_expect_eq(ask_status(world, (struct ask){.target = PODS, .server = 1}), 200);
    sim_world_free(world);
}

/* ---- the world's own API ---- */

#define ADMIN "/tidegate.dev/v1/"

Test(fault, the_admin_api_adds_lists_pauses_and_removes)
{
    struct sim_world *world = empty_world();
    struct ask admin = {.server = SIM_SERVER_GCP, .method = "POST", .target = ADMIN "faults"};
    admin.body = "{\"kind\":\"status\",\"code\":503,\"region\":\"us-east5\",\"rate\":\"50%\"}";
    int status;
    json_t *answer = ask_json(world, admin, &status);
    cr_expect_eq(status, 200);
    cr_expect_str_eq(sim_json_text(answer, "id"), "status-1");
    cr_expect_eq(sim_json_int(answer, "ratePpm", 0), 500000);
    json_decref(answer);
    admin.body = "{\"kind\":\"status\",\"colour\":\"red\"}";
    cr_expect_eq(ask_status(world, admin), 400);
    admin.body = "{\"kind\":\"status\",\"id\":\"status-1\"}";
    cr_expect_eq(ask_status(world, admin), 409);
    admin.method = "PATCH";
    admin.target = ADMIN "faults/status-1";
    admin.body = "{\"paused\":true}";
    answer = ask_json(world, admin, &status);
    cr_expect_str_eq(sim_json_text(json_array_get(json_object_get(answer, "faults"), 0), "state"),
                     "paused");
    json_decref(answer);
    admin.method = "DELETE";
    admin.body = NULL;
    cr_expect_eq(ask_status(world, admin), 200);
    cr_expect_eq(ask_status(world, admin), 404);
    fault_add(world, "status region=all");
    fault_add(world, "reset region=all");
    admin.target = ADMIN "faults";
    cr_expect_eq(ask_status(world, admin), 200, "no fault strikes this API");
    cr_expect_eq(sim_fault_count(world), 0);
    admin.method = "POST";
    admin.target = ADMIN "world";
    admin.body = "{\"speed\":10}";
    cr_expect_eq(ask_status(world, admin), 409, "time is moved by the test");
    sim_world_free(world);
}
