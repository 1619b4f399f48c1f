/* command_region.c - the lab with another region, where one has no machines. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_move.h"
#include "commands.h"
#include "io/paths.h"

const struct tg_lab_region *command_region_without_machines(const struct tg_run *run)
{
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        const struct tg_lab_region *region =
            item->region >= 0 ? &run->config.lab->regions[item->region] : NULL;
        bool is_without = item->err.code == TG_CODE_STOCKOUT && item->state != TG_RUN_ITEM_DONE;
        if (is_without && region != NULL && region->elsewhere_count > 0) {
            return region;
        }
    }
    return NULL;
}

static bool write_text(const char *path, const char *text, struct tg_err *err)
{
    FILE *file = fopen(path, "w");
    bool is_ok = file != NULL && fputs(text, file) >= 0;
    is_ok = (file == NULL || fclose(file) == 0) && is_ok;
    return is_ok || tg_err_set(err, TG_CODE_IO, 0, "%s cannot be written", path);
}

char *command_write_other_region(const struct cli *cli, const struct tg_app *app,
                                 struct tg_err *err)
{
    char name[64];
    size_t len = 0;
    const struct tg_lab_region *region = command_region_without_machines(app->run);
    if (region == NULL) {
        tg_err_set(err, TG_CODE_NOT_FOUND, 0, "the lab names no other region");
        return NULL;
    }
    char *state = cli->state_dir != NULL ? tg_strdup(cli->state_dir) : tg_paths_state_dir(err);
    char *text = state == NULL ? NULL : command_lab_text(cli, &len, err);
    char *path = NULL;
    if (text != NULL) {
        char *folder = tg_asprintf("%s/labs", state);
        char *moved = tg_lab_move(text, len, region, region->elsewhere[0]);
        tg_lab_region_of_zone(region->elsewhere[0], name, sizeof(name));
        path = tg_asprintf("%s/%s-%s.yaml", folder, app->lab->name, name);
        if (!tg_paths_make(folder, err) || !write_text(path, moved, err)) {
            free(path);
            path = NULL;
        }
        free(moved);
        free(folder);
    }
    free(text);
    free(state);
    return path;
}
