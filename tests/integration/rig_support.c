/* integration/rig_support.c - see rig_support.h. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/integration/rig_support.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assets.h"
#include "base/mem.h"
#include "codec/lab_file.h"
#include "codec/price_file.h"
#include "codec/walk_file.h"
#include "io/clock_real.h"
#include "io/curl_transport.h"
#include "model/select.h"
#include "sim/controllers.h"

struct tg_lab *rig_lab(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    cr_assert_not_null(asset);
    struct tg_lab *lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    const struct tg_asset *walk = tg_asset_get("labs/gemma-two-region.walk.yaml");
    cr_assert(tg_walk_parse(lab, walk->path, walk->text, walk->len, &err), "%s", err.msg);
    const struct tg_asset *prices = tg_asset_get("labs/gemma-two-region.prices.yaml");
    cr_assert(tg_prices_parse(lab, prices->path, prices->text, prices->len, &err), "%s", err.msg);
    return lab;
}

/* Its text with other items of "regions:". */
static char *lab_text_of(int regions)
{
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    const char *begin = strstr(asset->text, "\nregions:\n");
    const char *end = begin == NULL ? NULL : strchr(begin + 1, '\n');
    while (end != NULL && end[1] == ' ') {
        end = strchr(end + 1, '\n'); /* the list's lines are indented */
    }
    struct tg_err err = TG_ERR_INIT;
    struct sim_config config = {.seed = 1, .regions = regions};
    struct sim_world *world = sim_world_new(&config, &err);
    struct tg_buf text;
    cr_assert(begin != NULL && end != NULL && world != NULL);
    tg_buf_init(&text, asset->len + 65536);
    tg_buf_append(&text, asset->text, (size_t)(begin - asset->text));
    tg_buf_puts(&text, "\nregions:");
    for (int i = 0; i < regions; i++) {
        const struct sim_region *region = sim_world_region(world, i);
        const char *name = sim_region_name(region);
        tg_buf_printf(
            &text,
            "\n  - {name: %s, zone: %s, cluster: %s, node_pool: tpu-v6e-pool, address_name: "
            "gemma-gateway-ip-%s, node_range: 10.0.%d.0/24, proxy_range: 10.1.%d.0/24}",
            name, sim_region_zone(region), sim_region_cluster(region), name, i + 1, i + 1);
    }
    tg_buf_puts(&text, end);
    sim_world_free(world);
    return tg_buf_take(&text, NULL);
}

struct tg_lab *rig_lab_of(int regions)
{
    struct tg_err err = TG_ERR_INIT;
    char *text = lab_text_of(regions);
    struct tg_lab *lab = tg_lab_parse("lab.yaml", text, strlen(text), &err);
    cr_assert_not_null(lab, "%s", err.msg);
    free(text);
    return lab;
}

struct tg_rig *rig_new(uint64_t seed, const char *journal)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {
        .world = {.seed = seed,
                  .regions = 2,
                  .is_built = true,
                  .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = journal,
    };
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    return rig;
}

struct tg_rig *rig_empty(uint64_t seed, const char *journal)
{
    return rig_empty_of(2, seed, journal);
}

struct tg_rig *rig_empty_of(int regions, uint64_t seed, const char *journal)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {.world = {.seed = seed,
                                             .regions = regions,
                                             .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
                                   .lab = regions == 2 ? rig_lab() : rig_lab_of(regions),
                                   .journal = journal};
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    return rig;
}

bool rig_project_is_seen(const struct tg_app *app)
{
    const struct tg_target *gcp = tg_model_gcp(app->model);
    for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
        enum tg_kind_phase phase = gcp->kinds[kind].phase;
        if (tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP &&
            (phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING)) {
            return false;
        }
    }
    return true;
}

bool rig_run_is_over(const struct tg_app *app)
{
    return app->run != NULL && app->run->is_over;
}

/* The secret outlives the runs that borrow it. */
void rig_provision(struct tg_rig *rig, enum tg_run_direction direction, const char *until)
{
    static const char text[] = "hf_planted_0123456789";
    static struct tg_secret *token;
    struct tg_err err = TG_ERR_INIT;
    token = token == NULL ? tg_secret_new(text, sizeof(text) - 1) : token;
    const struct tg_run_secret given = {"hf_token", token};
    struct tg_provision_request request = {
        .direction = direction, .until = until, .secrets = &given, .secrets_count = 1};
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(rig), &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, 24 * 60 * MINUTE_US, rig_run_is_over), "the run should end");
}

static bool are_both_serving(const struct tg_app *app)
{
    size_t count = 0;
    int serving = 0;
    struct tg_region_row *rows =
        tg_select_regions(app->model, tg_clock_monotonic_us(&app->clock), &count);
    for (size_t i = 0; i < count; i++) {
        serving += rows[i].pods_serving > 0 && rows[i].backends_healthy > 0 ? 1 : 0;
    }
    free(rows);
    return serving >= 2;
}

void rig_wait_until_serving(struct tg_rig *rig)
{
    cr_assert(tg_rig_run(rig, 2 * MINUTE_US, are_both_serving),
              "both regions should be seen serving");
}

bool rig_drill_is_over(const struct tg_app *app)
{
    return app->drill != NULL && tg_drill_is_over(app->drill);
}

const struct tg_drill *rig_run_drill(struct tg_rig *rig)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = tg_rig_app(rig);
    rig_wait_until_serving(rig);
    cr_assert(tg_app_drill_start(app, tg_app_primary_target(app), &err), "%s", err.msg);
    cr_assert(tg_rig_run(rig, 60 * MINUTE_US, rig_drill_is_over),
              "the drill should end; it waits for %s", app->drill->waiting_for);
    return app->drill;
}

#define JOURNALS_MAX 4000
static char journals[JOURNALS_MAX][64]; /* their directories */
static size_t journals_count;
static pid_t journals_owner;

/* A child that a test killed or ended leaves them to the test itself. */
static void remove_journals(void)
{
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "journal.db.lock"};
    for (size_t i = 0; i < journals_count && getpid() == journals_owner; i++) {
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
            char path[128];
            snprintf(path, sizeof(path), "%.40s/%s", journals[i], names[n]);
            unlink(path);
        }
        rmdir(journals[i]);
    }
}

const char *rig_journal_path(void)
{
    static char path[128];
    cr_assert_lt(journals_count, JOURNALS_MAX);
    char *directory = journals[journals_count];
    snprintf(directory, sizeof(journals[0]), "/tmp/tidegate-test-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    if (journals_count++ == 0) {
        journals_owner = getpid();
        atexit(remove_journals);
    }
    snprintf(path, sizeof(path), "%.40s/journal.db", directory);
    return path;
}

int rig_true_replicas(struct sim_world *world)
{
    struct sim_store *store = sim_region_store(sim_world_region(world, 0));
    json_t *deployment = sim_store_get(store, sim_resource_find("apps", "v1", "deployments"),
                                       "default", "vllm-gemma");
    return (int)json_integer_value(
        json_object_get(json_object_get(deployment, "spec"), "replicas"));
}

/* ---- killed on the way ---- */

static struct {
    struct tg_app *app;
    struct tg_link link;
    int64_t records;
} dying;

bool rig_is_dying(const struct tg_rig *rig)
{
    return dying.app != NULL && dying.app == tg_rig_app((struct tg_rig *)(uintptr_t)rig);
}

bool rig_has_died(const struct tg_app *app)
{
    return tg_journal_count(app->journal) >= dying.records;
}

static void call_unless_dead(void *context, struct tg_call *call)
{
    (void)context;
    if (rig_has_died(dying.app)) {
        tg_call_free(call);
    } else {
        dying.link.call(dying.link.context, call);
    }
}

void rig_die_at(struct tg_rig *rig, int64_t records)
{
    struct tg_app *app = tg_rig_app(rig);
    dying.link = app->link.call == call_unless_dead ? dying.link : app->link;
    dying.app = app;
    dying.records = records;
    app->link.call = call_unless_dead;
}

/* ---- over sockets ---- */

struct rig_server rig_server;

void rig_server_start(void)
{
    struct tg_err err = TG_ERR_INIT;
    snprintf(rig_server.dir, sizeof(rig_server.dir), "/tmp/tidegate-server-XXXXXX");
    cr_assert_not_null(mkdtemp(rig_server.dir));
    cr_assert(tg_curl_global_init(&err));
    rig_server.clock = tg_clock_real();
    struct sim_server_config config = {
        .world = {.seed = 1,
                  .regions = 2,
                  .is_built = true,
                  .start_wall_us = tg_clock_wall_us(&rig_server.clock)},
        .dir = rig_server.dir,
        .listen = "127.0.0.1:0",
        .speed = 1,
        .clock = rig_server.clock,
    };
    rig_server.server = sim_server_start(&config, &err);
    cr_assert_not_null(rig_server.server, "%s", err.msg);
}

void rig_server_stop(void)
{
    sim_server_stop(rig_server.server);
    char *command = tg_asprintf("rm -r %s", rig_server.dir);
    cr_assert_eq(system(command), 0);
    free(command);
    tg_curl_global_fini();
}

char *rig_server_path(const char *name)
{
    return tg_asprintf("%s/%s", rig_server.dir, name);
}

void rig_write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

bool rig_session_wait(struct tg_session *session, bool (*is_seen)(const struct tg_model *model))
{
    int64_t until_us = tg_clock_monotonic_us(&rig_server.clock) + RIG_LONG_US;
    while (!is_seen(session->app->model) && tg_clock_monotonic_us(&rig_server.clock) < until_us) {
        struct pollfd fd = {.fd = tg_queue_fd(session->inbox), .events = POLLIN};
        (void)poll(&fd, 1, 20);
        tg_session_pump(session, 256);
    }
    return is_seen(session->app->model);
}
