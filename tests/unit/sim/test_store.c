/* tests/unit/sim/test_store.c - the object store: versions, conflicts, deletion, history,
 * observers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim_client.h"

static json_t *pod_object(const char *name)
{
    return json_pack("{s:{s:s, s:s}, s:{s:s, s:i}}", "metadata", "name", name, "namespace",
                     "default", "spec", "nodeName", "node-x", "terminationGracePeriodSeconds", 30);
}

static const struct sim_resource *resource(const char *plural)
{
    return sim_resource_by_plural(plural);
}

struct fixture {
    struct sim_world *world;
    struct sim_store *store;
};

/* A store of its own, which no controller watches. */
static struct fixture begin(void)
{
    struct fixture f = {empty_world(), NULL};
    f.store = sim_store_new(f.world, "test");
    return f;
}

static void end(struct fixture *f)
{
    sim_store_free(f->store);
    sim_world_free(f->world);
}

Test(store, create_fills_metadata)
{
    struct fixture f = begin();
    uint64_t before = sim_store_resource_version(f.store);
    json_t *pod = sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    cr_assert_not_null(pod);
    cr_assert_str_eq(sim_json_text(pod, "kind"), "Pod");
    cr_assert_str_eq(sim_json_text(pod, "apiVersion"), "v1");
    cr_assert_eq(strlen(sim_json_text(pod, "metadata.uid")), 36);
    cr_assert_str_eq(sim_json_text(pod, "metadata.creationTimestamp"), "2026-01-01T00:00:00Z");
    cr_assert_eq(sim_store_resource_version(f.store), before + 1);
    cr_assert_eq(strtoull(sim_json_text(pod, "metadata.resourceVersion"), NULL, 10), before + 1);
    end(&f);
}

Test(store, second_object_of_a_name_is_refused)
{
    struct fixture f = begin();
    struct tg_err err = TG_ERR_INIT;
    sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    cr_assert_null(sim_store_create(f.store, resource("pods"), pod_object("a"), &err));
    cr_assert_eq(err.code, TG_CODE_CONFLICT);
    cr_assert_eq(err.detail, 409);
    end(&f);
}

Test(store, generated_names_differ)
{
    struct fixture f = begin();
    char first[64];
    for (int i = 0; i < 2; i++) {
        json_t *object = json_pack("{s:{s:s}}", "metadata", "generateName", "web-");
        json_t *made = sim_store_create(f.store, resource("pods"), object, NULL);
        const char *name = sim_json_text(made, "metadata.name");
        cr_assert_eq(strlen(name), 9);
        cr_assert_eq(strncmp(name, "web-", 4), 0);
        cr_assert_str_eq(sim_json_text(made, "metadata.namespace"), "default");
        if (i == 0) {
            snprintf(first, sizeof first, "%s", name);
        } else {
            cr_assert_str_neq(first, name);
        }
    }
    end(&f);
}

Test(store, stale_update_conflicts_and_no_change_keeps_version)
{
    struct fixture f = begin();
    json_t *pod = sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    json_t *same = json_deep_copy(pod);
    json_t *changed = json_deep_copy(pod);
    json_t *stale = json_deep_copy(pod);
    uint64_t version = sim_store_resource_version(f.store);
    cr_assert_eq(sim_store_update(f.store, resource("pods"), same, NULL), pod);
    cr_assert_eq(sim_store_resource_version(f.store), version);
    json_object_set_new(json_object_get(changed, "spec"), "priority", json_integer(1));
    cr_assert_not_null(sim_store_update(f.store, resource("pods"), changed, NULL));
    cr_assert_eq(sim_store_resource_version(f.store), version + 1);
    struct tg_err err = TG_ERR_INIT;
    json_object_set_new(json_object_get(stale, "spec"), "priority", json_integer(2));
    cr_assert_null(sim_store_update(f.store, resource("pods"), stale, &err));
    cr_assert_eq(err.code, TG_CODE_CONFLICT);
    end(&f);
}

Test(store, generation_follows_spec_only)
{
    struct fixture f = begin();
    json_t *made = sim_store_create(
        f.store, resource("deployments"),
        json_pack("{s:{s:s}, s:{s:i}}", "metadata", "name", "web", "spec", "replicas", 1), NULL);
    cr_assert_eq(sim_json_int(made, "metadata.generation", 0), 1);
    made = sim_store_set_status(f.store, resource("deployments"), "default", "web",
                                json_pack("{s:i}", "replicas", 1), NULL);
    cr_assert_eq(sim_json_int(made, "metadata.generation", 0), 1);
    cr_assert_eq(sim_json_int(made, "status.replicas", 0), 1);
    json_t *next = json_deep_copy(made);
    json_object_set_new(json_object_get(next, "spec"), "replicas", json_integer(0));
    made = sim_store_update(f.store, resource("deployments"), next, NULL);
    cr_assert_eq(sim_json_int(made, "metadata.generation", 0), 2);
    end(&f);
}

Test(store, borrowed_state_is_not_changed_by_an_update)
{
    struct fixture f = begin();
    json_t *old = json_incref(sim_store_create(f.store, resource("pods"), pod_object("a"), NULL));
    sim_store_set_status(f.store, resource("pods"), "default", "a",
                         json_pack("{s:s}", "phase", "Running"), NULL);
    cr_assert_null(sim_json_at(old, "status"));
    json_decref(old);
    end(&f);
}

Test(store, pod_waits_for_its_grace_then_goes)
{
    struct fixture f = begin();
    sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    cr_assert(sim_store_delete(f.store, resource("pods"), "default", "a", -1, NULL));
    json_t *pod = sim_store_get(f.store, resource("pods"), "default", "a");
    cr_assert_not_null(pod);
    cr_assert_eq(sim_json_int(pod, "metadata.deletionGracePeriodSeconds", 0), 30);
    cr_assert_str_eq(sim_json_text(pod, "metadata.deletionTimestamp"), "2026-01-01T00:00:30Z");
    uint64_t version = sim_store_resource_version(f.store);
    cr_assert(sim_store_delete(f.store, resource("pods"), "default", "a", 60, NULL));
    cr_assert_eq(sim_store_resource_version(f.store), version, "a longer grace changes nothing");
    cr_assert(sim_store_delete(f.store, resource("pods"), "default", "a", 0, NULL));
    cr_assert_null(sim_store_get(f.store, resource("pods"), "default", "a"));
    end(&f);
}

Test(store, finalizers_hold_an_object_until_they_are_taken)
{
    struct fixture f = begin();
    sim_store_create(f.store, resource("gateways"),
                     json_pack("{s:{s:s, s:[s]}}", "metadata", "name", "g", "finalizers", "x/y"),
                     NULL);
    cr_assert(sim_store_delete(f.store, resource("gateways"), "default", "g", -1, NULL));
    json_t *gateway = sim_store_get(f.store, resource("gateways"), "default", "g");
    cr_assert_not_null(sim_json_at(gateway, "metadata.deletionTimestamp"));
    json_t *next = json_deep_copy(gateway);
    json_object_del(json_object_get(next, "metadata"), "finalizers");
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(sim_store_update(f.store, resource("gateways"), next, &err));
    cr_assert_eq(err.code, TG_CODE_NONE);
    cr_assert_null(sim_store_get(f.store, resource("gateways"), "default", "g"));
    end(&f);
}

struct seen {
    struct sim_store *store;
    int count;
    uint64_t versions[8];
    enum sim_change_type types[8];
};

static void note(void *context, struct sim_store *store, const struct sim_change *change)
{
    struct seen *seen = context;
    (void)store;
    seen->versions[seen->count] = change->resource_version;
    seen->types[seen->count++] = change->type;
}

static void answer_added(void *context, struct sim_store *store, const struct sim_change *change)
{
    (void)context;
    if (change->type == SIM_ADDED) {
        sim_store_set_status(store, change->resource, "default",
                             sim_json_text(change->object, "metadata.name"),
                             json_pack("{s:s}", "phase", "Pending"), NULL);
    }
}

Test(store, nested_changes_are_told_after_the_current_one)
{
    struct fixture f = begin();
    struct seen seen = {.store = f.store};
    sim_store_observe(f.store, answer_added, NULL);
    uint64_t id = sim_store_observe(f.store, note, &seen);
    sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(seen.types[0], SIM_ADDED);
    cr_assert_eq(seen.types[1], SIM_MODIFIED);
    cr_assert_lt(seen.versions[0], seen.versions[1]);
    sim_store_unobserve(f.store, id);
    sim_store_remove(f.store, resource("pods"), "default", "a");
    cr_assert_eq(seen.count, 2);
    end(&f);
}

static bool count_change(void *context, const struct sim_change *change)
{
    (void)change;
    (*(int *)context)++;
    return true;
}

Test(store, history_is_told_from_a_version_until_it_is_compacted)
{
    struct fixture f = begin();
    sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    uint64_t version = sim_store_resource_version(f.store);
    sim_store_create(f.store, resource("pods"), pod_object("b"), NULL);
    sim_store_remove(f.store, resource("pods"), "default", "a");
    int count = 0;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(sim_store_changes_since(f.store, version, count_change, &count, &err));
    cr_assert_eq(count, 2);
    sim_store_compact(f.store);
    cr_assert_not(sim_store_changes_since(f.store, version, count_change, &count, &err));
    cr_assert_eq(err.code, TG_CODE_EXPIRED);
    count = 0;
    cr_assert(sim_store_changes_since(f.store, sim_store_resource_version(f.store), count_change,
                                      &count, &err));
    cr_assert_eq(count, 0);
    end(&f);
}

Test(store, history_is_bounded)
{
    struct fixture f = begin();
    sim_store_create(f.store, resource("pods"), pod_object("a"), NULL);
    for (int i = 0; i < 10050; i++) {
        sim_store_set_status(f.store, resource("pods"), "default", "a", json_pack("{s:i}", "n", i),
                             NULL);
    }
    int count = 0;
    cr_assert_not(sim_store_changes_since(f.store, 1, count_change, &count, NULL));
    cr_assert(sim_store_changes_since(f.store, sim_store_oldest_version(f.store), count_change,
                                      &count, NULL));
    cr_assert_eq(count, 10000);
    end(&f);
}

static bool join_names(void *context, json_t *object)
{
    tg_buf_printf(context, "%s/%s ", sim_json_text(object, "metadata.namespace"),
                  sim_json_text(object, "metadata.name"));
    return true;
}

Test(store, objects_come_by_namespace_then_name)
{
    struct fixture f = begin();
    static const char *const names[][2] = {{"a-b", "x"}, {"a", "z"}, {"a", "b"}, {"b", "a"}};
    for (size_t i = 0; i < 4; i++) {
        sim_store_create(
            f.store, resource("pods"),
            json_pack("{s:{s:s, s:s}}", "metadata", "namespace", names[i][0], "name", names[i][1]),
            NULL);
    }
    struct tg_buf text;
    tg_buf_init(&text, 4096);
    sim_store_each(f.store, resource("pods"), NULL, join_names, &text);
    cr_assert_str_eq(tg_buf_text(&text), "a/b a/z a-b/x b/a ");
    tg_buf_reset(&text);
    sim_store_each(f.store, resource("pods"), "a", join_names, &text);
    cr_assert_str_eq(tg_buf_text(&text), "a/b a/z ");
    tg_buf_fini(&text);
    cr_assert_eq(sim_store_count(f.store, resource("pods")), 4);
    end(&f);
}
