/* bench/bench_world.c - simulated seconds per second: the world alone, and the whole program on it,
 * headless.
 *
 * Goal for the built two-region lab: 10,000. In the last figure a drill runs from start to verdict:
 * its probe sends two requests in each simulated second.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "app/rig.h"
#include "base/assets.h"
#include "codec/lab_file.h"
#include "tests/bench/bench.h"

#define HOUR_US (INT64_C(3600) * TG_US_PER_S)

static bool is_over(const struct tg_app *app)
{
    return app->drill != NULL && tg_drill_is_over(app->drill);
}

static int bench_world(struct tg_err *err)
{
    struct sim_config config = {.seed = 1, .regions = 2, .is_built = true};
    struct sim_world *world = sim_world_new(&config, err);
    if (world == NULL) {
        return 1;
    }
    struct bench_time from = bench_now();
    sim_world_run_until(world, 24 * HOUR_US);
    bench_speed("simulated seconds, two-region lab alone, a day", 24 * 3600, bench_since(from),
                10000);
    sim_world_free(world);
    return 0;
}

static int bench_drill(struct tg_err *err)
{
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    char journal[] = "/tmp/tidegate-bench-XXXXXX";
    if (mkdtemp(journal) == NULL) {
        return 1;
    }
    char path[64];
    snprintf(path, sizeof(path), "%s/journal.db", journal);
    struct tg_rig_config config = {
        .world = {.seed = 1, .regions = 2, .is_built = true},
        .lab = tg_lab_parse(asset->path, asset->text, asset->len, err),
        .journal = path,
    };
    struct tg_rig *rig = config.lab != NULL ? tg_rig_new(&config, err) : NULL;
    if (rig == NULL) {
        return 1;
    }
    struct bench_time from = bench_now();
    tg_rig_run(rig, HOUR_US, NULL);
    bench_speed("simulated seconds, lab with the whole program watching, an hour", 3600,
                bench_since(from), 10000);
    from = bench_now();
    int64_t from_us = sim_world_now_us(tg_rig_world(rig));
    struct tg_app *app = tg_rig_app(rig);
    if (!tg_app_drill_start(app, tg_app_primary_target(app), err) ||
        !tg_rig_run(rig, HOUR_US, is_over)) {
        return 1;
    }
    double simulated_s = (double)(sim_world_now_us(tg_rig_world(rig)) - from_us) / 1e6;
    bench_speed("simulated seconds, lab, program, and a drill with its probe", simulated_s,
                bench_since(from), 0);
    tg_rig_free(rig);
    return 0;
}

int main(void)
{
    struct tg_err err = TG_ERR_INIT;
    int status = bench_world(&err) || bench_drill(&err);
    if (status != 0) {
        fprintf(stderr, "bench_world: %s\n", err.msg);
    }
    return status;
}
