/* tests/unit/sim/test_k8s_list.c - lists: pages of one snapshot, versions, selectors, encodings. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim_client.h"

static struct sim_world *world_with_configs(int count)
{
    struct sim_world *world = empty_world();
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "c-%02d", i);
        make_config(world, name, i % 2 == 0 ? "even" : "odd", "0");
    }
    sim_store_remove(store_of(world, 0), sim_resource_by_plural("configmaps"), "default",
                     "kube-root-ca.crt");
    return world;
}

/* Names and values of a list's items, joined. */
static void names_of(json_t *list, struct tg_buf *names)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(list, "items"), i, item)
    {
        tg_buf_printf(names, "%s=%s ", sim_json_text(item, "metadata.name"),
                      sim_json_text(item, "data.v"));
    }
}

Test(k8s_list, plain_list_has_version_and_bare_items)
{
    struct sim_world *world = world_with_configs(3);
    int status;
    json_t *list = ask_json(world, (struct ask){.target = CONFIGS}, &status);
    cr_assert_eq(status, 200);
    cr_assert_str_eq(sim_json_text(list, "kind"), "ConfigMapList");
    cr_assert_str_eq(sim_json_text(list, "apiVersion"), "v1");
    cr_assert_eq(strtoull(sim_json_text(list, "metadata.resourceVersion"), NULL, 10),
                 sim_store_resource_version(store_of(world, 0)));
    json_t *first = json_array_get(json_object_get(list, "items"), 0);
    cr_assert_str_eq(sim_json_text(first, "metadata.name"), "c-00");
    cr_assert_null(json_object_get(first, "kind"), "items of built-in lists carry no kind");
    json_decref(list);
    sim_world_free(world);
}

Test(k8s_list, pages_show_one_snapshot_while_the_world_changes)
{
    struct sim_world *world = world_with_configs(5);
    struct tg_buf names;
    tg_buf_init(&names, 4096);
    char token[512] = "";
    char version[32] = "";
    for (int page = 0; page < 3; page++) {
        char target[700];
        snprintf(target, sizeof target, CONFIGS "?limit=2%s%s", page ? "&continue=" : "", token);
        json_t *list = ask_json(world, (struct ask){.target = target}, NULL);
        names_of(list, &names);
        snprintf(token, sizeof token, "%s", sim_json_text(list, "metadata.continue"));
        if (page == 0) {
            cr_assert_eq(sim_json_int(list, "metadata.remainingItemCount", 0), 3);
            snprintf(version, sizeof version, "%s",
                     sim_json_text(list, "metadata.resourceVersion"));
            change_config(world, "c-03", "odd", "changed");
            make_config(world, "c-02x", "new", "0");
            sim_store_remove(store_of(world, 0), sim_resource_by_plural("configmaps"), "default",
                             "c-04");
        } else {
            cr_assert_str_eq(sim_json_text(list, "metadata.resourceVersion"), version);
        }
        cr_assert_eq(token[0] == '\0', page == 2);
        json_decref(list);
    }
    cr_assert_str_eq(tg_buf_text(&names), "c-00=0 c-01=0 c-02=0 c-03=0 c-04=0 ");
    tg_buf_fini(&names);
    sim_world_free(world);
}

Test(k8s_list, compacted_continuation_is_expired_and_offers_an_inconsistent_one)
{
    struct sim_world *world = world_with_configs(3);
    json_t *list = ask_json(world, (struct ask){.target = CONFIGS "?limit=1"}, NULL);
    char target[700];
    snprintf(target, sizeof target, CONFIGS "?limit=1&continue=%s",
             sim_json_text(list, "metadata.continue"));
    json_decref(list);
    change_config(world, "c-02", "odd", "new");
    change_config(world, "c-02", "odd", "newer");
    sim_store_compact(store_of(world, 0));
    int status;
    json_t *refusal = ask_json(world, (struct ask){.target = target}, &status);
    cr_assert_eq(status, 410);
    cr_assert_str_eq(sim_json_text(refusal, "reason"), "Expired");
    snprintf(target, sizeof target, CONFIGS "?continue=%s",
             sim_json_text(refusal, "metadata.continue"));
    json_decref(refusal);
    list = ask_json(world, (struct ask){.target = target}, &status);
    cr_assert_eq(status, 200);
    struct tg_buf names;
    tg_buf_init(&names, 4096);
    names_of(list, &names);
    cr_assert_str_eq(tg_buf_text(&names), "c-01=0 c-02=newer ");
    tg_buf_fini(&names);
    json_decref(list);
    sim_world_free(world);
}

Test(k8s_list, selectors)
{
    struct sim_world *world = world_with_configs(4);
    json_t *list =
        ask_json(world, (struct ask){.target = CONFIGS "?labelSelector=app%3Deven&limit=1"}, NULL);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 1);
    cr_assert_null(sim_json_at(list, "metadata.remainingItemCount"));
    cr_assert_str_neq(sim_json_text(list, "metadata.continue"), "");
    json_decref(list);
    list = ask_json(world, (struct ask){.target = CONFIGS "?fieldSelector=metadata.name%3Dc-02"},
                    NULL);
    cr_assert_eq(json_array_size(json_object_get(list, "items")), 1);
    json_decref(list);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?fieldSelector=data.v%3D0"}),
                 400);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?labelSelector=a+in+b"}), 400);
    sim_world_free(world);
}

Test(k8s_list, versions)
{
    struct sim_world *world = world_with_configs(1);
    uint64_t version = sim_store_resource_version(store_of(world, 0));
    change_config(world, "c-00", "even", "later");
    char target[200];
    snprintf(target, sizeof target, CONFIGS "?resourceVersion=%llu&resourceVersionMatch=Exact",
             (unsigned long long)version);
    json_t *list = ask_json(world, (struct ask){.target = target}, NULL);
    json_t *item = json_array_get(json_object_get(list, "items"), 0);
    cr_assert_str_eq(sim_json_text(item, "data.v"), "0");
    json_decref(list);
    int status;
    list = ask_json(world, (struct ask){.target = CONFIGS "?resourceVersion=999999"}, &status);
    cr_assert_eq(status, 504);
    cr_assert_str_eq(sim_json_text(list, "reason"), "Timeout");
    json_decref(list);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?resourceVersionMatch=Exact"}),
                 422);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?continue=nonsense"}), 400);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?resourceVersion=0&limit=1"}),
                 200);
    sim_world_free(world);
}

Test(k8s_list, table_and_metadata)
{
    struct sim_world *world = world_with_configs(2);
    json_t *table = ask_json(
        world,
        (struct ask){.target = CONFIGS,
                     .accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"},
        NULL);
    cr_assert_str_eq(sim_json_text(table, "kind"), "Table");
    cr_assert_eq(json_array_size(json_object_get(table, "columnDefinitions")), 3);
    json_t *row = json_array_get(json_object_get(table, "rows"), 1);
    cr_assert_str_eq(sim_json_text(row, "object.kind"), "PartialObjectMetadata");
    cr_assert_str_eq(sim_json_text(row, "object.metadata.name"), "c-01");
    json_decref(table);
    table = ask_json(
        world,
        (struct ask){.target = CONFIGS,
                     .accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
        NULL);
    cr_assert_str_eq(sim_json_text(table, "kind"), "PartialObjectMetadataList");
    json_t *item = json_array_get(json_object_get(table, "items"), 0);
    cr_assert_null(json_object_get(item, "data"));
    json_decref(table);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS,
                                                .accept = "application/vnd.kubernetes.protobuf"}),
                 406);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS,
                                                .accept = "application/vnd.kubernetes.protobuf, "
                                                          "application/json"}),
                 200);
    sim_world_free(world);
}
