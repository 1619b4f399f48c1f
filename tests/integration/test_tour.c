/* integration/test_tour.c - the demonstration that runs by itself, on a virtual clock: it goes all
 * the way, and it believes the world's books rather than its own eyes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/tour.h"
#include "sim/controllers.h"
#include "sim/front.h"
#include "tests/integration/rig_support.h"

#define LIMIT_US (12 * 60 * MINUTE_US)

static void ask_world(void *context, const struct tg_world_request *request, struct tg_buf *answer,
                      int *status)
{
    struct sim_request asked = {.server = SIM_SERVER_GCP,
                                .method = request->method,
                                .path = request->path,
                                .query = "",
                                .accept = "",
                                .content_type = "application/json",
                                .authorization = "",
                                .user_agent = "",
                                .body = request->body == NULL ? "" : request->body,
                                .body_len = request->body == NULL ? 0 : strlen(request->body)};
    struct sim_response response;
    sim_front_handle(context, &asked, &response);
    *status = response.status;
    tg_buf_append(answer, tg_buf_text(&response.body), response.body.len);
    sim_response_fini(&response);
}

static struct tg_rig *empty_rig(void)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {
        .world = {.seed = 5, .regions = 2, .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = rig_journal_path()};
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    return rig;
}

static struct tg_tour *running;
static enum tg_tour_phase until;

/* The rig asks after every quantum of time: so often the tour looks. */
static bool has_come(const struct tg_app *app)
{
    tg_tour_step(running, (struct tg_app *)(uintptr_t)app);
    return running->phase == TG_TOUR_OVER || running->phase == until;
}

static struct tg_tour *tour_until(struct tg_rig *rig, enum tg_tour_phase phase)
{
    struct tg_tour_config config = {.ask = ask_world, .context = tg_rig_world(rig)};
    running = tg_tour_new(&config);
    until = phase;
    cr_assert(tg_rig_run(rig, LIMIT_US, has_come), "the tour should come to its end; it is in %s",
              tg_tour_phase_name(running->phase));
    return running;
}

static json_t *report_of(const struct tg_tour *tour, struct tg_rig *rig)
{
    struct tg_buf out;
    json_error_t why;
    tg_buf_init(&out, 64 * 1024 * 1024);
    cr_assert(tg_tour_report_json(tour, tg_rig_app(rig), &out));
    json_t *report = json_loads(tg_buf_text(&out), 0, &why);
    cr_assert_not_null(report, "%s", why.text);
    tg_buf_fini(&out);
    return report;
}

Test(tour, goes_from_nothing_to_nothing, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_tour *tour = tour_until(rig, TG_TOUR_OVER);
    cr_assert(tg_tour_is_good(tour), "%s: %s", tg_tour_phase_name(tour->failed_in), tour->err.msg);
    json_t *report = report_of(tour, rig);
    cr_expect(json_is_true(json_object_get(report, "good")));
    cr_expect(json_is_true(json_object_get(report, "inventory_is_empty")));
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(report, "drill"), "verdict")), "PASS");
    cr_expect(json_is_true(json_object_get(json_object_get(report, "up"), "good")));
    cr_expect(json_is_true(json_object_get(json_object_get(report, "down"), "good")));
    json_decref(report);
    tg_tour_free(tour);
    tg_rig_free(rig);
}

/* Something that the lab file does not know of is seen by nobody but the world itself. */
Test(tour, what_the_client_cannot_see_is_found_in_the_books, .timeout = 300)
{
    struct tg_rig *rig = empty_rig();
    struct tg_tour *tour = tour_until(rig, TG_TOUR_DOWN);
    int status = 0;
    json_t *body = json_pack("{s:s,s:s}", "name", "somebody-elses-disk", "location", "US");
    json_decref(sim_gcp_get(tg_rig_world(rig), "POST", "/storage/v1/b", "project=demo-4711", body,
                            &status));
    json_decref(body);
    cr_assert_eq(status, 200);
    until = TG_TOUR_OVER;
    cr_assert(tg_rig_run(rig, LIMIT_US, has_come));
    cr_assert_not(tg_tour_is_good(tour));
    cr_expect_eq(tour->failed_in, TG_TOUR_INVENTORY);
    cr_expect_not_null(strstr(tour->err.msg, "somebody-elses-disk"), "%s", tour->err.msg);
    json_t *report = report_of(tour, rig);
    cr_expect(json_is_false(json_object_get(report, "inventory_is_empty")));
    cr_expect(json_is_true(json_object_get(json_object_get(report, "down"), "good")));
    json_decref(report);
    tg_tour_free(tour);
    tg_rig_free(rig);
}

Test(tour, a_drill_that_does_not_pass_ends_it)
{
    struct tg_rig *rig = empty_rig();
    struct tg_tour *tour = tour_until(rig, TG_TOUR_DRILL);
    cr_assert_eq(tour->phase, TG_TOUR_DRILL, "%s", tour->err.msg);
    tg_app_drill_abort(tg_rig_app(rig), "somebody");
    until = TG_TOUR_OVER;
    cr_assert(tg_rig_run(rig, LIMIT_US, has_come));
    cr_expect_eq(tour->failed_in, TG_TOUR_DRILL);
    cr_expect_not_null(strstr(tour->err.msg, "ABORTED"), "%s", tour->err.msg);
    cr_expect_null(tour->inventory, "nothing more was asked");
    tg_tour_free(tour);
    tg_rig_free(rig);
}
