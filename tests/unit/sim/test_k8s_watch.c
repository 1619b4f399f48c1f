/* tests/unit/sim/test_k8s_watch.c - watches: events, selectors, bookmarks, expiry, encodings. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sim/k8s_watch.h"
#include "sim_client.h"

/* A watch on ConfigMaps with this query from the present version on. */
static struct sim_response watch_now(struct sim_world *world, const char *query)
{
    char target[300];
    snprintf(target, sizeof target, CONFIGS "?watch=1&resourceVersion=%llu%s",
             (unsigned long long)sim_store_resource_version(store_of(world, 0)), query);
    struct sim_response response = ask(world, (struct ask){.target = target});
    cr_assert_eq(response.status, 200);
    cr_assert_not_null(response.stream);
    return response;
}

/* Checks that the stream says exactly these events now: "ADDED a=1;" and so on. */
static void check_events(struct sim_stream *stream, const char *wanted, bool wanted_end)
{
    bool is_end;
    char *text = drain_stream(stream, &is_end);
    struct tg_buf said;
    tg_buf_init(&said, 65536);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *event = json_loads(line, 0, NULL);
        cr_assert_not_null(event, "%s", line);
        const char *type = sim_json_text(event, "type");
        if (strcmp(type, "BOOKMARK") == 0) {
            cr_assert_str_eq(sim_json_text(event, "object.kind"), "ConfigMap");
            tg_buf_puts(&said, "BOOKMARK;");
        } else if (strcmp(type, "ERROR") == 0) {
            tg_buf_printf(&said, "ERROR %lld;", (long long)sim_json_int(event, "object.code", 0));
        } else {
            cr_assert_str_eq(sim_json_text(event, "object.kind"), "ConfigMap");
            tg_buf_printf(&said, "%s %s=%s;", type, sim_json_text(event, "object.metadata.name"),
                          sim_json_text(event, "object.data.v"));
        }
        json_decref(event);
    }
    cr_assert_str_eq(tg_buf_text(&said), wanted);
    cr_assert_eq(is_end, wanted_end);
    tg_buf_fini(&said);
    free(text);
}

Test(k8s_watch, changes_from_a_version)
{
    struct sim_world *world = empty_world();
    make_config(world, "old", "a", "0");
    struct sim_response response = watch_now(world, "");
    check_events(response.stream, "", false);
    make_config(world, "x", "a", "1");
    change_config(world, "x", "a", "2");
    check_events(response.stream, "ADDED x=1;MODIFIED x=2;", false);
    sim_store_remove(store_of(world, 0), sim_resource_by_plural("configmaps"), "default", "x");
    check_events(response.stream, "DELETED x=2;", false);
    sim_response_fini(&response);
    cr_assert_eq(sim_k8s_watch_count(store_of(world, 0)), 0);
    sim_world_free(world);
}

Test(k8s_watch, replays_history)
{
    struct sim_world *world = empty_world();
    uint64_t version = sim_store_resource_version(store_of(world, 0));
    make_config(world, "x", "a", "1");
    change_config(world, "x", "a", "2");
    char target[200];
    snprintf(target, sizeof target, CONFIGS "?watch=true&resourceVersion=%llu",
             (unsigned long long)version);
    struct sim_response response = ask(world, (struct ask){.target = target});
    check_events(response.stream, "ADDED x=1;MODIFIED x=2;", false);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_watch, without_version_existing_objects_come_first)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    make_config(world, "y", "a", "1");
    struct sim_response response =
        ask(world, (struct ask){.target = CONFIGS "?watch=1&labelSelector=app=a"});
    check_events(response.stream, "ADDED x=1;ADDED y=1;", false);
    sim_response_fini(&response);
    response = ask(world, (struct ask){.target = CONFIGS "/y?watch=1"});
    cr_assert_null(response.stream, "one object is no collection: it is just shown");
    cr_assert_eq(response.status, 200);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_watch, initial_events_end_with_a_marked_bookmark)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    struct sim_response response =
        ask(world, (struct ask){.target = CONFIGS "?watch=1&sendInitialEvents=true&"
                                                  "resourceVersionMatch=NotOlderThan&"
                                                  "allowWatchBookmarks=true&labelSelector=app=a"});
    char *text = drain_stream(response.stream, NULL);
    cr_assert_not_null(strstr(text, "\"k8s.io/initial-events-end\":\"true\""));
    free(text);
    sim_response_fini(&response);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?watch=1&"
                                                                  "sendInitialEvents=true"}),
                 422);
    sim_world_free(world);
}

Test(k8s_watch, selector_transitions)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    struct sim_response response = watch_now(world, "&labelSelector=app%3Db");
    change_config(world, "x", "b", "2");
    change_config(world, "x", "b", "3");
    change_config(world, "x", "a", "4");
    change_config(world, "x", "a", "5");
    check_events(response.stream, "ADDED x=2;MODIFIED x=3;DELETED x=3;", false);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_watch, deletion_by_selector_carries_the_version_of_the_change)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "b", "1");
    struct sim_response response = watch_now(world, "&labelSelector=app%3Db");
    change_config(world, "x", "a", "2");
    char *text = drain_stream(response.stream, NULL);
    json_t *event = json_loads(text, 0, NULL);
    cr_assert_str_eq(sim_json_text(event, "type"), "DELETED");
    cr_assert_eq(strtoull(sim_json_text(event, "object.metadata.resourceVersion"), NULL, 10),
                 sim_store_resource_version(store_of(world, 0)));
    json_decref(event);
    free(text);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_watch, bookmarks_each_minute_and_before_the_timeout)
{
    struct sim_world *world = empty_world();
    struct sim_response response = watch_now(world, "&allowWatchBookmarks=true&timeoutSeconds=90");
    sim_world_run_until(world, sim_world_now_us(world) + 59 * TG_US_PER_S);
    check_events(response.stream, "", false);
    sim_world_run_until(world, sim_world_now_us(world) + TG_US_PER_S);
    check_events(response.stream, "BOOKMARK;", false);
    sim_world_run_until(world, sim_world_now_us(world) + 30 * TG_US_PER_S);
    check_events(response.stream, "BOOKMARK;", true);
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(k8s_watch, compacted_version_gives_an_error_event_and_the_end)
{
    struct sim_world *world = empty_world();
    uint64_t version = sim_store_resource_version(store_of(world, 0));
    make_config(world, "x", "a", "1");
    sim_store_compact(store_of(world, 0));
    char target[200];
    snprintf(target, sizeof target, CONFIGS "?watch=1&resourceVersion=%llu",
             (unsigned long long)version);
    struct sim_response response = ask(world, (struct ask){.target = target});
    cr_assert_eq(response.status, 200);
    check_events(response.stream, "ERROR 410;", true);
    sim_response_fini(&response);
    cr_assert_eq(ask_status(world, (struct ask){.target = CONFIGS "?watch=1&resourceVersion=9999"}),
                 504);
    sim_world_free(world);
}

Test(k8s_watch, table_events_carry_columns_once)
{
    struct sim_world *world = empty_world();
    struct sim_response response =
        ask(world, (struct ask){.target = CONFIGS "?watch=1&labelSelector=app=a",
                                .accept = "application/json;as=Table;v=v1;g=meta.k8s.io"});
    make_config(world, "x", "a", "1");
    change_config(world, "x", "a", "2");
    char *text = drain_stream(response.stream, NULL);
    json_t *first = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *second = json_loads(strchr(text, '\n'), JSON_DISABLE_EOF_CHECK, NULL);
    cr_assert_str_eq(sim_json_text(first, "object.kind"), "Table");
    cr_assert(json_is_array(sim_json_at(first, "object.columnDefinitions")));
    cr_assert(json_is_null(sim_json_at(second, "object.columnDefinitions")));
    cr_assert_eq(json_array_size(sim_json_at(second, "object.rows")), 1);
    json_decref(first);
    json_decref(second);
    free(text);
    sim_response_fini(&response);
    sim_world_free(world);
}

static void count_call(void *context)
{
    (*(int *)context)++;
}

Test(k8s_watch, reader_is_told_of_new_events_only)
{
    struct sim_world *world = empty_world();
    struct sim_response response = watch_now(world, "&labelSelector=app%3Db");
    int calls = 0;
    response.stream->notify = count_call;
    response.stream->notify_context = &calls;
    make_config(world, "x", "a", "1");
    cr_assert_eq(calls, 0);
    make_config(world, "y", "b", "1");
    cr_assert_eq(calls, 1);
    sim_response_fini(&response);
    sim_world_free(world);
}
