/* app/work_folder.c - assets and the lab's values as files. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/work_folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/paths.h"
#include "io/write_file.h"

#define FILE_LEN_MAX (1024u * 1024)
#define TERRAFORM    "terraform/"
#define MANIFESTS    "manifests/"

static bool write_text(const char *folder, const char *name, struct tg_buf *text,
                       struct tg_err *err)
{
    char *path = tg_asprintf("%s/%s", folder, name);
    bool is_ok = tg_write_file(path, tg_buf_text(text), text->len, err);
    free(path);
    tg_buf_fini(text);
    return is_ok;
}

static bool write_values(const char *folder, const struct tg_lab *lab, const char *project,
                         struct tg_err *err)
{
    struct tg_buf text;
    struct tg_json_out json = {&text, false};
    tg_buf_init(&text, FILE_LEN_MAX);
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "project_id", project);
    tg_json_put_text(&json, "config_cluster", lab->config_cluster);
    tg_json_open(&json, "regions", '{');
    for (size_t i = 0; i < lab->regions_count; i++) {
        const struct tg_lab_region *region = &lab->regions[i];
        tg_json_open(&json, region->name, '{');
        tg_json_put_text(&json, "zone", region->zone);
        tg_json_put_text(&json, "cluster", region->cluster);
        tg_json_put_text(&json, "node_pool", region->node_pool);
        tg_json_put_text(&json, "address", region->address_name);
        tg_json_put_text(&json, "node_range", region->node_range);
        tg_json_put_text(&json, "proxy_range", region->proxy_range);
        tg_json_close(&json, '}');
    }
    tg_json_close(&json, '}');
    tg_json_close(&json, '}');
    tg_buf_putc(&text, '\n');
    return write_text(folder, TG_RUN_TERRAFORM_FOLDER "/terraform.tfvars.json", &text, err);
}

static bool write_asset(const char *folder, const struct tg_asset *asset,
                        const struct tg_lab_place *place, struct tg_err *err)
{
    struct tg_buf text;
    tg_buf_init(&text, FILE_LEN_MAX);
    char *name = NULL;
    if (tg_str_has_prefix(asset->path, TERRAFORM)) {
        name = tg_asprintf(TG_RUN_TERRAFORM_FOLDER "/%s", asset->path + strlen(TERRAFORM));
        tg_buf_append(&text, asset->text, asset->len);
    } else {
        name = tg_strdup(asset->path + strlen(MANIFESTS));
        tg_lab_manifest(asset->path, place, &text);
    }
    bool is_ok = write_text(folder, name, &text, err);
    free(name);
    return is_ok;
}

/* To be copied from, line by line: it is not meant to be run as a whole, since steps wait for what
 * is seen of those before. */
static bool write_commands(const char *folder, const struct tg_run_config *config,
                           struct tg_err *err)
{
    struct tg_buf text;
    bool is_up = config->direction == TG_RUN_UP;
    bool has_before[2] = {false, false};
    tg_buf_init(&text, FILE_LEN_MAX);
    tg_run_shell(config, &text);
    for (int i = config->from; i <= config->until; i++) {
        int step = is_up ? i : config->until - (i - config->from);
        const struct tg_lab_step *of = &config->lab->steps[step];
        bool *is_begun = &has_before[tg_run_is_within_clusters(of) ? 1 : 0];
        size_t len = text.len;
        tg_buf_printf(&text, "\n# %s: %s\n", of->id, of->title.en);
        size_t heading_len = text.len - len;
        tg_run_commands(config, step, !*is_begun, &text);
        *is_begun = *is_begun || text.len > len + heading_len;
    }
    return write_text(folder, is_up ? "up.sh" : "down.sh", &text, err);
}

bool tg_work_folder_fill(const char *folder, const struct tg_run_config *config, struct tg_err *err)
{
    const struct tg_lab *lab = config->lab;
    const char *project = config->project;
    struct tg_lab_place place = {.lab = lab, .project = project, .fixes = config->fixes};
    char *terraform = tg_asprintf("%s/" TG_RUN_TERRAFORM_FOLDER, folder);
    bool is_ok = tg_paths_make(terraform, err) && write_values(folder, lab, project, err) &&
                 write_commands(folder, config, err);
    free(terraform);
    for (const struct tg_asset *asset = tg_assets; asset->path != NULL && is_ok; asset++) {
        if (tg_str_has_prefix(asset->path, TERRAFORM) ||
            tg_str_has_prefix(asset->path, MANIFESTS)) {
            is_ok = write_asset(folder, asset, &place, err);
        }
    }
    return is_ok;
}
