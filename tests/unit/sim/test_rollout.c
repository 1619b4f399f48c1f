/* tests/unit/sim/test_rollout.c - rollouts of Deployments: history, rollback, pause, deadline. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/sim/sim_client.h"
#include "tests/unit/sim/world_rig.h"

#define REVISION "deployment.kubernetes.io/revision"

static struct sim_world *web_world(void)
{
    struct sim_world *world = rig_world(3, 1, true);
    cr_assert_eq(
        ask_status(world,
                   (struct ask){.method = "POST", .target = DEPLOYMENTS, .body = DEPLOYMENT_BODY}),
        201);
    rig_run(world, 60);
    return world;
}

/* Sets spec.KEY (value is stolen), or an annotation. */
static void change(struct sim_world *world, const char *part, const char *key, json_t *value)
{
    json_t *next = json_deep_copy(rig_get(world, 0, "deployments", "web"));
    json_object_del(json_object_get(next, "metadata"), "resourceVersion");
    json_t *at = sim_json_at(next, part);
    json_object_set_new(at, key, value);
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not_null(
        sim_store_update(rig_store(world, 0), sim_resource_by_plural("deployments"), next, &err),
        "%s", err.msg);
}

static void set_image(struct sim_world *world, const char *image)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":"
             "\"%s\"}]}}}}",
             image);
    cr_assert_eq(
        ask_status(world, (struct ask){.method = "PATCH",
                                       .target = DEPLOYMENTS "/web",
                                       .content_type = "application/strategic-merge-patch+json",
                                       .body = body}),
        200);
}

static const char *annotation(const json_t *object, const char *key)
{
    const char *text =
        json_string_value(json_object_get(sim_json_at(object, "metadata.annotations"), key));
    return text == NULL ? "" : text;
}

/* The ReplicaSet whose template has this image. */
struct by_image {
    const char *image;
    const json_t *set;
    int count;
};

static bool match_image(void *context, json_t *set)
{
    struct by_image *search = context;
    const json_t *first = json_array_get(sim_json_at(set, "spec.template.spec.containers"), 0);
    bool is_web = strncmp(sim_json_text(set, "metadata.name"), "web-", 4) == 0;
    search->count += is_web ? 1 : 0;
    if (is_web && strcmp(sim_json_text(first, "image"), search->image) == 0) {
        search->set = set;
    }
    return true;
}

static struct by_image find_set(struct sim_world *world, const char *image)
{
    struct by_image search = {image, NULL, 0};
    sim_store_each(rig_store(world, 0), sim_resource_by_plural("replicasets"), "default",
                   match_image, &search);
    return search;
}

static const json_t *progressing(struct sim_world *world)
{
    return sim_json_condition(rig_get(world, 0, "deployments", "web"), "Progressing");
}

Test(rollout, a_rollback_is_a_new_revision_of_the_old_set)
{
    struct sim_world *world = web_world();
    set_image(world, "i:2");
    rig_run(world, 120);
    cr_assert_str_eq(annotation(find_set(world, "i:1").set, REVISION), "1");
    cr_assert_str_eq(annotation(find_set(world, "i:2").set, REVISION), "2");
    cr_assert_eq(sim_json_int(find_set(world, "i:1").set, "status.replicas", -1), 0);
    set_image(world, "i:1");
    rig_run(world, 120);
    struct by_image back = find_set(world, "i:1");
    cr_assert_eq(back.count, 2, "no third set");
    cr_assert_str_eq(annotation(back.set, REVISION), "3");
    cr_assert_str_eq(annotation(back.set, "deployment.kubernetes.io/revision-history"), "1");
    cr_assert_str_eq(annotation(rig_get(world, 0, "deployments", "web"), REVISION), "3");
    cr_assert_eq(sim_json_int(back.set, "status.readyReplicas", -1), 2);
    sim_world_free(world);
}

/* kubectl rollout undo sends the template back with what Go's JSON writes for no time. */
Test(rollout, a_null_in_a_template_is_no_change)
{
    struct sim_world *world = web_world();
    int status = ask_status(
        world, (struct ask){.method = "PATCH",
                            .target = DEPLOYMENTS "/web",
                            .content_type = "application/json-patch+json",
                            .body = "[{\"op\":\"add\",\"path\":\"/spec/template/metadata/"
                                    "creationTimestamp\",\"value\":null}]"});
    cr_assert_eq(status, 200);
    rig_run(world, 60);
    cr_assert_eq(find_set(world, "i:1").count, 1);
    sim_world_free(world);
}

Test(rollout, sets_carry_the_cause_and_the_numbers)
{
    struct sim_world *world = web_world();
    change(world, "metadata.annotations", "kubernetes.io/change-cause", json_string("first"));
    change(world, "metadata.annotations", "kubectl.kubernetes.io/last-applied-configuration",
           json_string("{}"));
    rig_run(world, 5);
    const json_t *set = find_set(world, "i:1").set;
    cr_assert_str_eq(annotation(set, "kubernetes.io/change-cause"), "first");
    cr_assert_str_eq(annotation(set, "kubectl.kubernetes.io/last-applied-configuration"), "");
    cr_assert_str_eq(annotation(set, "deployment.kubernetes.io/desired-replicas"), "2");
    cr_assert_str_eq(annotation(set, "deployment.kubernetes.io/max-replicas"), "3");
    sim_world_free(world);
}

Test(rollout, a_paused_deployment_scales_and_rolls_nothing_out)
{
    struct sim_world *world = web_world();
    change(world, "spec", "paused", json_true());
    set_image(world, "i:2");
    change(world, "spec", "replicas", json_integer(3));
    rig_run(world, 120);
    struct by_image search = find_set(world, "i:2");
    cr_assert_null(search.set);
    cr_assert_eq(sim_json_int(find_set(world, "i:1").set, "status.readyReplicas", -1), 3);
    cr_assert_str_eq(sim_json_text(progressing(world), "reason"), "DeploymentPaused");
    cr_assert_str_eq(sim_json_text(progressing(world), "status"), "Unknown");
    change(world, "spec", "paused", json_false());
    rig_run(world, 120);
    cr_assert_eq(sim_json_int(find_set(world, "i:2").set, "status.readyReplicas", -1), 3);
    cr_assert_str_eq(sim_json_text(progressing(world), "reason"), "NewReplicaSetAvailable");
    sim_world_free(world);
}

Test(rollout, history_is_as_long_as_its_limit)
{
    struct sim_world *world = web_world();
    change(world, "spec", "revisionHistoryLimit", json_integer(1));
    for (int i = 2; i <= 4; i++) {
        char image[16];
        snprintf(image, sizeof image, "i:%d", i);
        set_image(world, image);
        rig_run(world, 120);
    }
    struct by_image search = find_set(world, "i:3");
    cr_assert_eq(search.count, 2, "the present set and one old one, not %d", search.count);
    cr_assert_not_null(search.set, "the youngest of the old ones stays");
    sim_world_free(world);
}

Test(rollout, a_stuck_one_says_so_after_its_deadline_and_recovers)
{
    struct sim_world *world = web_world();
    json_t *selector = json_pack("{s:s}", "no", "such-node");
    change(world, "spec.template.spec", "nodeSelector", selector);
    rig_run(world, 590);
    cr_assert_str_eq(sim_json_text(progressing(world), "reason"), "ReplicaSetUpdated");
    rig_run(world, 30);
    cr_assert_str_eq(sim_json_text(progressing(world), "reason"), "ProgressDeadlineExceeded");
    cr_assert_str_eq(sim_json_text(progressing(world), "status"), "False");
    change(world, "spec.template.spec", "nodeSelector", json_object());
    rig_run(world, 120);
    cr_assert_str_eq(sim_json_text(progressing(world), "reason"), "NewReplicaSetAvailable");
    sim_world_free(world);
}
