/* app/walk_files.c - reads and writes below the state directory. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/walk_files.h"

#include <stdlib.h>

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

static bool write_manifest(const char *folder, const struct tg_lab *lab, const char *name,
                           const struct tg_model *model, struct tg_err *err)
{
    struct tg_buf text;
    tg_buf_init(&text, FILE_MAX);
    tg_walk_file(lab, name, model, &text);
    bool is_ok = write_buf(folder, name, &text, err);
    tg_buf_fini(&text);
    return is_ok;
}

bool tg_walk_write(const char *folder, const struct tg_lab *lab, size_t section,
                   const struct tg_model *model, const char *environment, char **path,
                   struct tg_err *err)
{
    const struct tg_walk_section *of = &lab->walk->sections[section];
    struct tg_buf text;
    tg_buf_init(&text, FILE_MAX);
    *path = NULL;
    if (!tg_walk_commands(lab, section, model, environment, &text)) {
        tg_buf_fini(&text);
        return tg_err_set(err, TG_CODE_NOT_FOUND, 0, "section %d has no commands", of->number);
    }
    char *name = tg_asprintf("section-%02d.sh", of->number);
    bool is_ok = tg_paths_make(folder, err) && write_buf(folder, name, &text, err);
    for (size_t i = 0; i < of->files_count && is_ok; i++) {
        is_ok = write_manifest(folder, lab, of->files[i], model, err);
    }
    *path = is_ok ? tg_asprintf("%s/%s", folder, name) : NULL;
    free(name);
    tg_buf_fini(&text);
    return is_ok;
}
