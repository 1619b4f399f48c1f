/* integration/test_world_control.c - commands for a simulated world, from their words to the lines
 * that people read. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "app/world_control.h"
#include "base/mem.h"
#include "sim/controllers.h"
#include "sim/fault.h"
#include "sim/front.h"
#include "tests/integration/rig_support.h"

/* Carries out one line on the world; the lines it answers, or the refusal. The caller frees. */
static char *command(struct sim_world *world, const char *line, bool is_good)
{
    struct tg_world_request request;
    struct tg_err err = TG_ERR_INIT;
    if (!tg_world_request_parse_line(line, &request, &err)) {
        cr_expect_not(is_good, "%s: %s", line, err.msg);
        cr_expect_eq(err.code, TG_CODE_USAGE);
        return tg_strdup(err.msg);
    }
    struct sim_request asked = {.server = SIM_SERVER_GCP,
                                .method = request.method,
                                .path = request.path,
                                .query = "",
                                .accept = "",
                                .content_type = "application/json",
                                .authorization = "",
                                .user_agent = "",
                                .body = request.body == NULL ? "" : request.body,
                                .body_len = request.body == NULL ? 0 : strlen(request.body)};
    struct sim_response response;
    struct tg_buf text;
    tg_buf_init(&text, 1 << 20);
    sim_front_handle(world, &asked, &response);
    bool is_ok = tg_world_answer_text(response.status, tg_buf_text(&response.body),
                                      response.body.len, &text, &err);
    cr_expect_eq(is_ok, is_good, "%s: %d %s", line, response.status, err.msg);
    sim_response_fini(&response);
    tg_world_request_fini(&request);
    char *lines = tg_buf_take(&text, NULL);
    if (!is_ok) {
        free(lines);
        return tg_strdup(err.msg);
    }
    return lines;
}

static void expect(struct sim_world *world, const char *line, bool is_good, const char *wanted)
{
    char *lines = command(world, line, is_good);
    cr_expect_not_null(strstr(lines, wanted), "%s:\n%s", line, lines);
    free(lines);
}

Test(world_control, words_become_faults_and_lines)
{
    struct tg_rig *rig = rig_new(1, NULL);
    struct sim_world *world = tg_rig_world(rig);
    expect(world, "fault list", true, "No fault is planned");
    expect(world, "fault add status code=503 region=us-east5 route='GET /api/v1/pods' rate=50%",
           true, "status-1");
    expect(world, "fault list", true, "GET /api/v1/pods");
    expect(world, "fault pause status-1", true, "paused");
    expect(world, "fault resume status-1", true, "on");
    expect(world, "fault remove status-1", true, "No fault is planned");
    expect(world, "fault remove status-1", false, "no fault of that id");
    expect(world, "fault add epp0 for=60s", true, "epp0");
    expect(world, "fault clear", true, "No fault is planned");
    for (int kind = 0; kind < SIM_FAULT_KIND_COUNT; kind++) {
        char words[120];
        const char *name = sim_fault_info((enum sim_fault_kind)kind)->name;
        snprintf(words, sizeof(words), "fault add %s id=every after=1h for=1s", name);
        expect(world, words, true, name);
        expect(world, "fault remove every", true, "No fault is planned");
    }
    expect(world, "fault kinds", true, "Cut a region off");
    expect(world, "params", true, "kv_blocks");
    expect(world, "world", true, "seed 1");
    expect(world, "inventory", true, "tpu-v6e-pool");
    expect(world, "inventory", true, "roles/iam.workloadIdentityUser");
    expect(world, "fault add", false, "which kind");
    expect(world, "fault add nonsense", false, "nonsense");
    expect(world, "fault add status code", false, "word=value");
    expect(world, "fault add status region=mars", false, "region cannot be 'mars'");
    expect(world, "speed fast", false, "speed");
    expect(world, "dance", false, "'dance' is no command");
    expect(world, "pause", false, "no clock of its own");
    tg_rig_free(rig);
}
