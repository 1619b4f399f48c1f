/* codec/walk_file.c - YAML to struct tg_walk; a place to JSON and back. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/walk_file.h"

#include <stdlib.h>

#include "base/assets.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/lab_make.h"

static bool read_proof(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       enum tg_walk_proof *out)
{
    static const char *const names[] = {"read", "project", "steps", "drill", "down"};
    const char *proof = tg_yaml_text(node, "proof");
    for (size_t i = 0; proof != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (tg_str_eq(proof, names[i])) {
            *out = (enum tg_walk_proof)i;
            return true;
        }
    }
    return tg_yaml_fail(reader->name, node, reader->err,
                        "'proof' must be read, project, steps, drill or down");
}

static bool read_files(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_walk_section *out)
{
    const struct tg_yaml_node *list = tg_yaml_get(node, "files");
    if (list == NULL) {
        return true;
    }
    if (list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(reader->name, list, reader->err, "'files' must be a list");
    }
    const char **files = tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*files));
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i]->kind == TG_YAML_SCALAR ? list->items[i]->text : "";
        char *path = tg_asprintf("manifests/%s", name);
        bool is_there = tg_asset_get(path) != NULL;
        free(path);
        if (!is_there) {
            return tg_yaml_fail(reader->name, list->items[i], reader->err,
                                "there is no manifest '%s'", name);
        }
        files[i] = tg_arena_strdup(reader->lab->arena, name);
    }
    out->files = files;
    out->files_count = list->count;
    return true;
}

/* The lab's steps of this section stand together. */
static bool find_steps(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_walk_section *out)
{
    const struct tg_lab *lab = reader->lab;
    out->from = -1;
    out->until = -1;
    for (size_t i = 0; i < lab->steps_count && out->proof == TG_WALK_STEPS; i++) {
        if (lab->steps[i].section != out->number) {
            continue;
        }
        out->from = out->from < 0 ? (int)i : out->from;
        if (out->until >= 0 && out->until != (int)i - 1) {
            return tg_yaml_fail(reader->name, node, reader->err,
                                "the lab's steps of section %d do not stand together", out->number);
        }
        out->until = (int)i;
    }
    return out->proof != TG_WALK_STEPS || out->from >= 0 ||
           tg_yaml_fail(reader->name, node, reader->err, "the lab has no step of section %d",
                        out->number);
}

static bool read_section(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                         struct tg_walk_section *out)
{
    static const char *const keys[] = {"number", "proof",    "title", "why", "look",
                                       "usual",  "commands", "files", NULL};
    int64_t number = 0;
    bool is_ok = tg_lab_check_keys(reader, node, keys);
    if (node->kind != TG_YAML_MAP) {
        return false;
    }
    is_ok = tg_lab_note(reader, read_proof(reader, node, &out->proof)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "title", &out->title)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "why", &out->why)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "look", &out->look)) && is_ok;
    is_ok = tg_lab_note(reader, read_files(reader, node, out)) && is_ok;
    const char *text = tg_yaml_text(node, "number");
    if (text == NULL || !tg_str_to_int64(text, 1, 99, &number)) {
        return tg_yaml_fail(reader->name, node, reader->err, "'number' must be a number");
    }
    out->number = (int)number;
    out->usual = tg_lab_read_text(reader, node, "usual");
    out->commands = tg_lab_read_text(reader, node, "commands");
    return is_ok && find_steps(reader, node, out);
}

static bool read_walk(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    static const char *const keys[] = {"sections", NULL};
    const struct tg_yaml_node *list = tg_yaml_get(root, "sections");
    bool is_ok = tg_lab_check_keys(reader, root, keys);
    if (list == NULL || list->kind != TG_YAML_LIST || list->count == 0 ||
        list->count > TG_WALK_SECTIONS_MAX) {
        return tg_yaml_fail(reader->name, list != NULL ? list : root, reader->err,
                            "'sections' must be a list of 1 to %d", TG_WALK_SECTIONS_MAX);
    }
    struct tg_walk *walk = tg_arena_alloc(reader->lab->arena, sizeof(*walk));
    struct tg_walk_section *sections =
        tg_arena_alloc(reader->lab->arena, list->count * sizeof(*sections));
    for (size_t i = 0; i < list->count; i++) {
        is_ok = tg_lab_note(reader, read_section(reader, list->items[i], &sections[i])) && is_ok;
    }
    if (!is_ok) {
        return false;
    }
    *walk = (struct tg_walk){sections, list->count};
    reader->lab->walk = walk;
    return true;
}

bool tg_walk_parse_all(struct tg_lab *lab, const char *name, const char *text, size_t len,
                       struct tg_buf *mistakes, size_t *count, struct tg_err *err)
{
    return tg_lab_parse_file(lab, name, text, len, read_walk, mistakes, count, err);
}

bool tg_walk_parse(struct tg_lab *lab, const char *name, const char *text, size_t len,
                   struct tg_err *err)
{
    size_t count = 0;
    return tg_walk_parse_all(lab, name, text, len, NULL, &count, err);
}

/* ---- the place ---- */

bool tg_walk_place_write(const struct tg_walk_place *place, const struct tg_lab *lab,
                         struct tg_buf *out)
{
    struct tg_json_out json = {out, false};
    tg_json_open(&json, NULL, '{');
    tg_json_put_int(&json, "schema_version", 1);
    tg_json_put_text(&json, "lab", lab->name);
    tg_json_put_int(&json, "section", (int64_t)place->section);
    tg_json_put_int(&json, "read", place->read);
    tg_json_put_bool(&json, "has_stood", place->has_stood);
    tg_json_put_bool(&json, "was_at_zero", place->was_at_zero);
    tg_json_put_bool(&json, "came_back", place->came_back);
    tg_json_put_bool(&json, "is_gone", place->is_gone);
    tg_json_close(&json, '}');
    tg_buf_putc(out, '\n');
    return !out->is_full;
}

struct tg_walk_place tg_walk_place_read(const char *text, size_t len, const struct tg_lab *lab)
{
    struct tg_walk_place place = {0};
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    if (!tg_json_parse(text, len, NULL, &document, &err)) {
        return place;
    }
    int64_t section = tg_json_int(document.root, "section", 0);
    bool is_ours = tg_str_eq(tg_json_text(document.root, "lab"), lab->name) && lab->walk != NULL &&
                   section >= 0 && section < (int64_t)lab->walk->sections_count;
    if (is_ours) {
        place = (struct tg_walk_place){
            .section = (size_t)section,
            .read = (uint32_t)(tg_json_int(document.root, "read", 0) & UINT32_MAX),
            .has_stood = tg_json_bool(document.root, "has_stood"),
            .was_at_zero = tg_json_bool(document.root, "was_at_zero"),
            .came_back = tg_json_bool(document.root, "came_back"),
            .is_gone = tg_json_bool(document.root, "is_gone"),
        };
    }
    tg_json_release(&document);
    return place;
}
