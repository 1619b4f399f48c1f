/* tests/unit/plan/test_permission.c - which rights the built-in lab takes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/permission.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/assets.h"
#include "codec/lab_file.h"

static struct tg_lab *built_in(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_lab *lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    return lab;
}

static const char *of_step(const struct tg_lab *lab, const char *id, bool is_undo, bool has_objects)
{
    static char text[4096];
    struct tg_buf out;
    tg_buf_init(&out, sizeof(text) - 1);
    tg_permission_of_step(&lab->steps[tg_lab_step_index(lab, id)], 0, is_undo, has_objects, &out);
    snprintf(text, sizeof(text), "%s", tg_buf_text(&out));
    tg_buf_fini(&out);
    return text;
}

Test(permission, making_and_undoing_take_different_rights)
{
    struct tg_lab *lab = built_in();
    cr_assert_str_eq(of_step(lab, "vpc", false, true),
                     "compute.networks.get compute.networks.create compute.globalOperations.get "
                     "compute.networks.list");
    cr_assert_str_eq(of_step(lab, "vpc", true, true),
                     "compute.networks.get compute.networks.delete compute.globalOperations.get "
                     "compute.firewalls.get compute.firewalls.delete compute.networks.updatePolicy "
                     "compute.firewalls.list compute.networks.list",
                     "what controllers leave behind is removed too");
    cr_assert_str_eq(of_step(lab, "apis", true, true), "serviceusage.services.list",
                     "enabled APIs stay");
    cr_assert_not_null(strstr(of_step(lab, "weights", false, true), "container.secrets.delete"),
                       "the token is removed on the way up");
    tg_lab_free(lab);
}

Test(permission, objects_count_only_where_no_cluster_can_be_asked)
{
    struct tg_lab *lab = built_in();
    cr_assert_not_null(
        strstr(of_step(lab, "workload", false, true), "container.deployments.create"));
    cr_assert_str_eq(of_step(lab, "workload", false, false), "");
    cr_assert_not_null(
        strstr(of_step(lab, "policies", false, true), "container.thirdPartyObjects.create"));
    cr_assert_not_null(strstr(of_step(lab, "claims", false, true), "container.pods.exec"));
    cr_assert_str_eq(of_step(lab, "claims", false, false), "");
    tg_lab_free(lab);
}

/* Nothing that the lab makes is without a row of its own. */
Test(permission, every_step_that_makes_something_takes_a_right)
{
    struct tg_lab *lab = built_in();
    for (size_t i = 0; i < lab->steps_count; i++) {
        if (lab->steps[i].makes_count > 0) {
            cr_assert_str_neq(of_step(lab, lab->steps[i].id, false, true), "", "%s",
                              lab->steps[i].id);
        }
    }
    tg_lab_free(lab);
}

static const struct tg_right *find(const struct tg_right *rights, size_t count, const char *verb,
                                   const char *plural, const char *subresource)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rights[i].verb, verb) == 0 && strcmp(rights[i].plural, plural) == 0 &&
            strcmp(rights[i].subresource, subresource) == 0) {
            return &rights[i];
        }
    }
    return NULL;
}

static bool has(const struct tg_right *rights, size_t count, const char *verb, const char *group,
                const char *plural)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rights[i].verb, verb) == 0 && strcmp(rights[i].group, group) == 0 &&
            strcmp(rights[i].plural, plural) == 0) {
            return true;
        }
    }
    return false;
}

Test(permission, the_config_cluster_takes_more)
{
    struct tg_lab *lab = built_in();
    static struct tg_right rights[512];
    int last = (int)lab->steps_count - 1;
    size_t count = tg_permission_in_cluster(lab, 0, 1, 0, last, rights, 512);
    cr_assert(has(rights, count, "patch", "apps", "deployments"));
    cr_assert(has(rights, count, "delete", "resource.k8s.io", "resourceclaimtemplates"));
    cr_assert_not(has(rights, count, "patch", "gateway.networking.k8s.io", "gateways"));
    /* the picker's monitoring, which only a fix makes here, may be there and goes with the lab */
    cr_assert(has(rights, count, "delete", "", "secrets"));
    cr_assert_not(has(rights, count, "create", "", "secrets"));
    cr_assert_not_null(find(rights, count, "create", "pods", "exec"), "the proof is by exec");
    cr_assert_not_null(find(rights, count, "get", "pods", "proxy"), "serving is asked of Pods");
    cr_assert_not(has(rights, count, "list", "batch", "jobs"), "the download is elsewhere");
    size_t config = tg_permission_in_cluster(lab, 0, 0, 0, last, rights, 512);
    cr_assert(has(rights, config, "patch", "gateway.networking.k8s.io", "gateways"));
    cr_assert(has(rights, config, "create", "networking.gke.io", "healthcheckpolicies"));
    cr_assert(has(rights, config, "list", "batch", "jobs"));
    cr_assert_not_null(find(rights, config, "get", "pods", "log"), "its log is followed");
    cr_assert_gt(config, count);
    cr_assert_eq(tg_permission_in_cluster(lab, 0, 0, 0, last, rights, 3), 3);
    tg_lab_free(lab);
}

Test(permission, kinds_become_resources_by_their_plural)
{
    static const char *const pairs[][2] = {{"Gateway", "gateways"},
                                           {"HealthCheckPolicy", "healthcheckpolicies"},
                                           {"Ingress", "ingresses"},
                                           {"Pod", "pods"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char plural[64];
        tg_permission_plural(pairs[i][0], plural, sizeof(plural));
        cr_assert_str_eq(plural, pairs[i][1]);
    }
}
