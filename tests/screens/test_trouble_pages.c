/* screens/test_trouble_pages.c - what an operator sees when standing a lab up, or taking it down,
 * meets trouble: what failed, since when, what Google said, what helps, what it costs meanwhile. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/provision.h"
#include "base/assert.h"
#include "sim/controllers.h"
#include "sim/gcp_object.h"
#include "sim/gcp_permission.h"
#include "sim/gcp_quota.h"
#include "sim/params.h"
#include "tests/integration/rig_support.h"
#include "tests/screens/scene.h"
#include "tests/unit/sim/fault_rig.h"

#define LIMIT_US (30 * 60 * MINUTE_US)
#define FIREWALL "/compute/v1/projects/demo-4711/global/firewalls"

static const struct {
    const char *locale;
    const char *tag;
    int width, height;
} views[] = {
    {"C", "80x24-C", 80, 24}, {"C", "100x30-C", 100, 30}, {"zh_TW.UTF-8", "200x60-zh_TW", 200, 60}};

static const char *watched; /* id of a step */

static const struct tg_run_step *step_of(const struct tg_app *app)
{
    return &app->run->steps[tg_lab_step_index(app->lab, watched)];
}

static bool has_failed(const struct tg_app *app)
{
    return step_of(app)->state == TG_RUN_FAILED || app->run->is_over;
}

static bool is_made(const struct tg_app *app)
{
    return step_of(app)->state == TG_RUN_MAKING;
}

static bool is_out_of_stock(const struct tg_app *app)
{
    const struct tg_run_item *item = tg_run_out_of_stock(app->run, 0);
    return item != NULL && item->state == TG_RUN_ITEM_WAITING;
}

static void begin(struct scene *scene, enum tg_run_direction direction, const char *until,
                  const struct tg_secret *token)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {.direction = direction,
                                           .until = until,
                                           .secrets = &given,
                                           .secrets_count = token != NULL ? 1 : 0};
    cr_assert(tg_rig_run(scene->rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(scene->rig), &request, &err), "%s", err.msg);
}

static void wait_for(struct scene *scene, const char *id, bool (*is_so)(const struct tg_app *))
{
    watched = id;
    cr_assert(tg_rig_run(scene->rig, LIMIT_US, is_so), "%s", id);
}

/* ---- the seven ---- */

static void no_machines(struct scene *scene)
{
    fault_add(tg_rig_world(scene->rig), "stockout region=us-east5");
    begin(scene, TG_RUN_UP, "tpu-pools", NULL);
    wait_for(scene, "tpu-pools", is_out_of_stock);
}

static void no_quota(struct scene *scene)
{
    sim_gcp_set_quota(tg_rig_world(scene->rig), "europe-west4", SIM_QUOTA_TPU, 0);
    begin(scene, TG_RUN_UP, "tpu-pools", NULL);
    wait_for(scene, "tpu-pools", has_failed);
}

static void no_permission(struct scene *scene)
{
    begin(scene, TG_RUN_UP, "clusters", NULL);
    wait_for(scene, "subnets", is_made);
    sim_gcp_deny(tg_rig_world(scene->rig), "container.clusters.create", true);
    wait_for(scene, "clusters", has_failed);
}

static void slow_cluster(struct scene *scene)
{
    struct sim_params *params = sim_world_params(tg_rig_world(scene->rig));
    params->cluster_create = (struct sim_duration){40 * MINUTE_US, 40 * MINUTE_US, 40 * MINUTE_US};
    begin(scene, TG_RUN_UP, "clusters", NULL);
    wait_for(scene, "clusters", is_made);
    tg_rig_run(scene->rig, 31 * MINUTE_US, NULL);
}

static void gateway_pending(struct scene *scene)
{
    struct tg_secret *token = tg_secret_new("hf_planted_0123456789", 21);
    fault_add(tg_rig_world(scene->rig), "gwpending");
    begin(scene, TG_RUN_UP, NULL, token);
    wait_for(scene, "gateway", has_failed);
    tg_secret_free(token);
}

static void name_taken(struct scene *scene)
{
    sim_gcp_take_bucket_name(tg_rig_world(scene->rig), "demo-4711-gemma-weights");
    begin(scene, TG_RUN_UP, "bucket", NULL);
    wait_for(scene, "bucket", has_failed);
}

static void ghost_rule(struct scene *scene)
{
    int status = 0;
    begin(scene, TG_RUN_UP, "firewalls", NULL);
    wait_for(scene, "firewalls", rig_run_is_over);
    json_t *rule = json_pack("{s:s,s:s,s:[s],s:[{s:s}]}", "name", "somebodys-rule", "network",
                             "projects/demo-4711/global/networks/tpu-gke-dranet-vpc",
                             "sourceRanges", "10.0.0.0/8", "allowed", "IPProtocol", "tcp");
    json_decref(sim_gcp_get(tg_rig_world(scene->rig), "POST", FIREWALL, "", rule, &status));
    json_decref(rule);
    cr_assert_eq(status, 200);
    begin(scene, TG_RUN_DOWN, NULL, NULL);
    wait_for(scene, "vpc", has_failed);
}

static const struct {
    const char *name;
    void (*bring)(struct scene *scene);
    bool has_dialog; /* it opens by itself, else the page of the step is looked at */
} troubles[] = {
    {"no-machines", no_machines, true},          {"no-quota", no_quota, false},
    {"no-permission", no_permission, false},     {"slow-cluster", slow_cluster, false},
    {"gateway-pending", gateway_pending, false}, {"name-taken", name_taken, false},
    {"ghost-rule", ghost_rule, false},
};

/* Before anybody pressed a key, and then what the line at the bottom points to. */
static void show(size_t trouble, size_t view)
{
    char name[120];
    int width = views[view].width;
    int height = views[view].height;
    struct scene scene = scene_empty_new(views[view].locale);
    troubles[trouble].bring(&scene);
    tg_rig_run(scene.rig, 10 * TG_US_PER_S, NULL);
    scene_gather(&scene);
    free(scene_draw(&scene, width, height));
    if (troubles[trouble].has_dialog) {
        snprintf(name, sizeof(name), "trouble-%s-%s", troubles[trouble].name, views[view].tag);
        scene_expect(&scene, name, width, height);
        scene_keys(&scene, "Esc");
    }
    snprintf(name, sizeof(name), "trouble-%s-home-%s", troubles[trouble].name, views[view].tag);
    scene_expect(&scene, name, width, height);
    if (!troubles[trouble].has_dialog) {
        scene_keys(&scene, "1 Enter");
        snprintf(name, sizeof(name), "trouble-%s-%s", troubles[trouble].name, views[view].tag);
        scene_expect(&scene, name, width, height);
    }
    scene_free(&scene);
}

static void show_all_views(size_t trouble)
{
    for (size_t view = 0; view < TG_COUNT(views); view++) {
        show(trouble, view);
    }
}

TestSuite(trouble_pages, .timeout = 120);

Test(trouble_pages, no_machines)
{
    show_all_views(0);
}

Test(trouble_pages, no_quota)
{
    show_all_views(1);
}

Test(trouble_pages, no_permission)
{
    show_all_views(2);
}

Test(trouble_pages, slow_cluster)
{
    show_all_views(3);
}

Test(trouble_pages, gateway_pending)
{
    show_all_views(4);
}

Test(trouble_pages, name_taken)
{
    show_all_views(5);
}

Test(trouble_pages, ghost_rule)
{
    show_all_views(6);
}

/* ---- the dialog ---- */

static bool is_shown(struct scene *scene, const char *text)
{
    char *screen = scene_draw(scene, 100, 30);
    bool is_there = strstr(screen, text) != NULL;
    free(screen);
    return is_there;
}

/* It comes by itself, once, and what is pressed for something else decides nothing. */
Test(trouble_pages, the_dialog_does_not_block_and_comes_back)
{
    struct scene scene = scene_empty_new("C");
    no_machines(&scene);
    scene_gather(&scene);
    cr_expect(is_shown(&scene, "[No machines are free]"), "it comes by itself");
    cr_expect_eq((int)scene_keys(&scene, "5").kind, (int)UI_INTENT_NONE, "a digit only marks");
    cr_expect(is_shown(&scene, "> 5 stop trying"));
    scene_keys(&scene, "Tab");
    cr_expect_not(is_shown(&scene, "[No machines are free]"), "other keys do what they do");
    cr_expect(is_shown(&scene, "S: what can be done"), "what waits stands at the bottom");
    cr_expect(is_shown(&scene, "S no machines"), "and the key among the hints");
    scene_keys(&scene, "S");
    cr_expect(is_shown(&scene, "> 1 go on trying"), "it comes back, and begins with going on");
    cr_expect_eq((int)scene_keys(&scene, "Enter").kind, (int)UI_INTENT_NONE);
    cr_expect_not(is_shown(&scene, "[No machines are free]"));
    tg_rig_run(scene.rig, 3 * MINUTE_US, NULL);
    scene_gather(&scene);
    cr_expect_not(is_shown(&scene, "[No machines are free]"), "it was told of once");
    scene_keys(&scene, "S");
    cr_expect(is_shown(&scene, "tried again now, in us-east5-b"), "the retry goes on meanwhile");
    scene_free(&scene);
}

Test(trouble_pages, the_dialog_decides)
{
    struct scene scene = scene_empty_new("C");
    no_machines(&scene);
    scene_gather(&scene);
    cr_expect(is_shown(&scene, "another zone of the region too: us-east5-a"));
    struct ui_intent intent = scene_keys(&scene, "Down Down Enter");
    cr_expect_eq((int)intent.kind, (int)UI_INTENT_STOCKOUT);
    cr_expect_eq(intent.target, (int)TG_RUN_STOCKOUT_ZONE);
    intent = scene_keys(&scene, "S 4 Enter");
    cr_expect_eq(intent.target, (int)TG_RUN_STOCKOUT_REGION);
    intent = scene_keys(&scene, "S 5 Enter");
    cr_expect_eq(intent.target, (int)TG_RUN_STOCKOUT_STOP);
    intent = scene_keys(&scene, "S 2 Enter");
    cr_expect_eq((int)intent.kind, (int)UI_INTENT_TRY_NOW);
    sim_fault_clear(tg_rig_world(scene.rig));
    scene_keys(&scene, "S 5");
    cr_assert(tg_rig_run(scene.rig, LIMIT_US, rig_run_is_over));
    intent = scene_keys(&scene, "Enter");
    cr_expect_eq((int)intent.kind, (int)UI_INTENT_NONE, "a key faster than the next frame");
    scene_gather(&scene);
    cr_expect_not(is_shown(&scene, "[No machines are free]"), "it goes when there are machines");
    scene_keys(&scene, "S");
    cr_expect(is_shown(&scene, "Nothing waits for machines."));
    scene_free(&scene);
}

/* What the lab's commands print is looked at while the lab is changed: nothing is decided by it. */
Test(trouble_pages, the_output_is_only_looked_at)
{
    struct scene scene = scene_empty_new("C");
    no_machines(&scene);
    scene_gather(&scene);
    scene_keys(&scene, "Esc");
    cr_expect_eq((int)scene_keys(&scene, "O").kind, (int)UI_INTENT_NONE);
    cr_expect(is_shown(&scene, "End follows, Esc closes"));
    scene_free(&scene);
}

/* What failed is begun again while the rest goes on; once that is over, as the run was. */
Test(trouble_pages, what_failed_is_begun_again_by_a_command)
{
    struct scene scene = scene_empty_new("C");
    fault_add(tg_rig_world(scene.rig), "nametaken");
    begin(&scene, TG_RUN_UP, "clusters", NULL);
    wait_for(&scene, "bucket", has_failed);
    scene_gather(&scene);
    cr_expect(is_shown(&scene, "Bucket for the weights: failed"));
    struct ui_intent intent = scene_keys(&scene, ": l a b . r e t r y Enter");
    cr_expect_eq((int)intent.kind, (int)UI_INTENT_LAB_RETRY);
    cr_assert(tg_rig_run(scene.rig, LIMIT_US, rig_run_is_over));
    scene_gather(&scene);
    scene_keys(&scene, ": l a b . r e t r y Enter");
    cr_expect(is_shown(&scene, "[Stand the lab up?]"));
    scene_free(&scene);
}
