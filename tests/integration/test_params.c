/* integration/test_params.c - the table of the world's numbers is what assets/sim says, read once
 * more by a real YAML parser. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/assets.h"
#include "base/str.h"
#include "codec/yaml.h"
#include "sim/params.h"

static const struct sim_param_info *find(const char *name)
{
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        if (tg_str_eq(info->name, name)) {
            return info;
        }
    }
    return NULL;
}

/* Compares one number; returns 1 when the node has it. */
static size_t check_part(const char *name, const char *part, const struct tg_yaml_node *node)
{
    char full[128];
    const char *text = tg_yaml_text(node, part);
    bool is_value = tg_str_eq(part, "value");
    if (text == NULL) {
        return 0;
    }
    snprintf(full, sizeof(full), "%s%s%s", name, is_value ? "" : ".", is_value ? "" : part);
    const struct sim_param_info *info = find(full);
    cr_assert_not_null(info, "%s", full);
    const char *unit = tg_yaml_text(node, "unit");
    int64_t value = -1;
    if (unit == NULL) {
        cr_expect(sim_params_time(text, &value), "%s: %s", full, text);
    } else {
        cr_expect(tg_str_to_int64(text, 0, INT64_MAX, &value), "%s: %s", full, text);
    }
    cr_expect_eq(info->value, value, "%s", full);
    cr_expect_str_eq(info->unit, unit == NULL ? "us" : unit, "%s", full);
    cr_expect_str_eq(info->source, tg_yaml_text(node, "source"), "%s", full);
    cr_expect_eq(info->confidence, tg_yaml_text(node, "confidence")[0], "%s", full);
    return 1;
}

Test(params, the_table_is_what_the_files_say)
{
    static const char *const parts[] = {"value", "median", "p95", "cap", "low", "high"};
    size_t numbers = 0;
    size_t files = 0;
    for (const struct tg_asset *asset = tg_assets; asset->path != NULL; asset++) {
        if (!tg_str_has_prefix(asset->path, "sim/")) {
            continue;
        }
        struct tg_err err = TG_ERR_INIT;
        struct tg_yaml *yaml = tg_yaml_parse(asset->path, asset->text, asset->len, &err);
        cr_assert_not_null(yaml, "%s", err.msg);
        const struct tg_yaml_node *root = tg_yaml_root(yaml);
        for (size_t i = 0; i < root->count; i++) {
            for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
                numbers += check_part(root->keys[i]->text, parts[p], root->items[i]);
            }
        }
        files++;
        tg_yaml_free(yaml);
    }
    size_t in_table = 0;
    for (const struct sim_param_info *info = sim_param_table; info->name != NULL; info++) {
        in_table++;
    }
    cr_expect_geq(files, 7);
    cr_expect_eq(numbers, in_table);
}
