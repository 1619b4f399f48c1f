/* app/walk_files.c - reads and writes below the state directory. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/walk_files.h"

#include <stdlib.h>

#include "app/work_folder.h"
#include "base/mem.h"
#include "codec/walk_file.h"
#include "io/paths.h"
#include "io/read_file.h"
#include "io/write_file.h"

#define PLACE_MAX 4096
#define FILE_MAX  ((size_t)1024 * 1024)

static char *path_of_place(const char *folder, const struct tg_lab *lab)
{
    return tg_asprintf("%s/%s.place", folder, lab->name);
}

struct tg_walk_place tg_walk_load(const char *folder, const struct tg_lab *lab)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *path = path_of_place(folder, lab);
    char *text = tg_read_file(path, PLACE_MAX, &len, &err);
    struct tg_walk_place place = {0};
    if (text != NULL) {
        place = tg_walk_place_read(text, len, lab);
    }
    free(text);
    free(path);
    return place;
}

static bool write_buf(const char *folder, const char *name, const struct tg_buf *text,
                      struct tg_err *err)
{
    char *path = tg_asprintf("%s/%s", folder, name);
    bool is_ok = tg_write_file(path, tg_buf_text(text), text->len, err);
    free(path);
    return is_ok;
}

bool tg_walk_save(const char *folder, const struct tg_lab *lab, const struct tg_walk_place *place,
                  struct tg_err *err)
{
    struct tg_buf text;
    char *path = path_of_place(folder, lab);
    tg_buf_init(&text, PLACE_MAX);
    tg_walk_place_write(place, lab, &text);
    bool is_ok =
        tg_paths_make(folder, err) && tg_write_file(path, tg_buf_text(&text), text.len, err);
    tg_buf_fini(&text);
    free(path);
    return is_ok;
}

static bool fill(const struct tg_lab *lab, const struct tg_model *model,
                 const struct tg_walk_shell *shell, struct tg_err *err)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    const struct tg_run_config config = {.lab = lab,
                                         .direction = TG_RUN_UP,
                                         .project = gcp != NULL ? gcp->name : "PROJECT_ID",
                                         .until = (int)lab->steps_count - 1,
                                         .fixes = shell->fixes};
    return tg_work_folder_fill(shell->folder, &config, err);
}

bool tg_walk_write(const struct tg_lab *lab, size_t section, const struct tg_model *model,
                   const struct tg_walk_shell *shell, char **path, struct tg_err *err)
{
    const struct tg_walk_section *of = &lab->walk->sections[section];
    struct tg_buf text;
    tg_buf_init(&text, FILE_MAX);
    *path = NULL;
    if (!tg_walk_commands(lab, section, model, shell, &text)) {
        tg_buf_fini(&text);
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "section %d has no commands", of->number);
    }
    char *name = tg_asprintf("section-%02d.sh", of->number);
    bool is_ok = fill(lab, model, shell, err) && write_buf(shell->folder, name, &text, err);
    *path = is_ok ? tg_asprintf("%s/%s", shell->folder, name) : NULL;
    free(name);
    tg_buf_fini(&text);
    return is_ok;
}
