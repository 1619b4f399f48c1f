/* tests/unit/codec/test_lab_move.c - a lab with another region. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_move.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "codec/lab_file.h"

Test(lab_move, the_built_in_lab_moves_as_a_whole)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_lab *lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    char *text = tg_lab_move(asset->text, asset->len, &lab->regions[0], "us-east1-d");
    struct tg_lab *moved = tg_lab_parse("moved.yaml", text, strlen(text), &err);
    cr_assert_not_null(moved, "%s", err.msg);
    cr_expect_null(strstr(text, "us-east5"));
    cr_expect_str_eq(moved->primary_region, "us-east1");
    cr_expect_str_eq(moved->config_cluster, "gke-us-east1");
    cr_expect_str_eq(moved->regions[0].zone, "us-east1-d");
    cr_expect_str_eq(moved->regions[0].cluster, "gke-us-east1");
    cr_expect_str_eq(moved->regions[0].node_range, lab->regions[0].node_range);
    cr_expect_eq(moved->regions[0].spare_zones_count, 0);
    cr_expect_str_eq(moved->regions[1].name, "europe-west4");
    tg_lab_free(moved);
    tg_lab_free(lab);
    free(text);
}
