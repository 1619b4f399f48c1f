/* codec/lab_hazard.c - hazards of a lab, and the bodies that its fixes make of a thing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_hazard.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/json_match.h"
#include "codec/json_yaml.h"
#include "codec/yaml_json.h"

#define VALUE_MAX       (64 * 1024)
#define TOUCHED_BY_MAX  6 /* fixes of one thing: it has a body for each set of them */
#define TOKEN_SIZE      128
#define FIX(index)      (UINT32_C(1) << (index))
#define KEYS(node, ...) tg_lab_check_keys(reader, node, (const char *const[]){__VA_ARGS__, NULL})

/* ---- hazards ---- */

static bool read_hazard(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_lab_hazard *out)
{
    if (!KEYS(node, "id", "title", "why", "advice", "fix", "changes") ||
        !tg_lab_need_text(reader, node, "id", &out->id) ||
        !tg_lab_read_localised(reader, node, "title", &out->title) ||
        !tg_lab_read_localised(reader, node, "why", &out->why)) {
        return false;
    }
    const struct tg_yaml_node *changes = tg_yaml_get(node, "changes");
    if (changes != NULL && (changes->kind != TG_YAML_LIST || changes->count == 0)) {
        return tg_yaml_fail(reader->name, changes, reader->err,
                            "'changes' must be a list of at least one");
    }
    out->has_fix = changes != NULL || tg_str_eq(tg_yaml_text(node, "fix"), "true");
    return tg_yaml_get(node, "advice") == NULL ||
           tg_lab_read_localised(reader, node, "advice", &out->advice);
}

static bool is_change_whole(struct tg_lab_reader *reader, const struct tg_yaml_node *change)
{
    bool has_value = tg_yaml_get(change, "value") != NULL;
    bool has_text = tg_yaml_text(change, "text") != NULL && tg_yaml_text(change, "by") != NULL;
    if (!KEYS(change, "kind", "name", "path", "value", "text", "by")) {
        return false;
    }
    const char *path = tg_yaml_text(change, "path");
    if (tg_yaml_text(change, "kind") == NULL || tg_yaml_text(change, "name") == NULL ||
        path == NULL || path[0] != '/' || has_value == has_text) {
        return tg_yaml_fail(reader->name, change, reader->err,
                            "a change has kind, name, path (a JSON pointer), and value or text "
                            "and by");
    }
    return true;
}

static bool check_hazard_changes(struct tg_lab_reader *reader, const struct tg_yaml_node *node)
{
    const struct tg_yaml_node *changes = tg_yaml_get(node, "changes");
    for (size_t i = 0; changes != NULL && i < changes->count; i++) {
        if (!is_change_whole(reader, changes->items[i])) {
            return false;
        }
    }
    return true;
}

bool tg_lab_read_hazards(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    const struct tg_yaml_node *list = tg_yaml_get(root, "hazards");
    if (list == NULL) {
        return true;
    }
    if (list->kind != TG_YAML_LIST || list->count > TG_LAB_HAZARDS_MAX) {
        return tg_yaml_fail(reader->name, list, reader->err, "'hazards' must be a list of up to %d",
                            TG_LAB_HAZARDS_MAX);
    }
    struct tg_lab_hazard *hazards =
        tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*hazards));
    for (size_t i = 0; i < list->count; i++) {
        if (!read_hazard(reader, list->items[i], &hazards[i]) ||
            !check_hazard_changes(reader, list->items[i])) {
            return false;
        }
        reader->lab->hazards = hazards;
        reader->lab->hazards_count = i + 1;
        if (tg_lab_hazard_index(reader->lab, hazards[i].id) != (int)i) {
            return tg_yaml_fail(reader->name, list->items[i], reader->err,
                                "two hazards are called '%s'", hazards[i].id);
        }
    }
    reader->hazards = list;
    return true;
}

static bool read_fixes(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       const char *key, tg_lab_fixes *out)
{
    struct tg_err why = TG_ERR_INIT;
    const char *text = tg_yaml_text(node, key);
    *out = 0;
    return text == NULL || tg_lab_read_fixes(reader->lab, text, out, &why) ||
           tg_yaml_fail(reader->name, tg_yaml_get(node, key), reader->err, "%s", why.msg);
}

bool tg_lab_read_when(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      struct tg_lab_make *out)
{
    return read_fixes(reader, node, "when", &out->when) &&
           read_fixes(reader, node, "unless", &out->unless);
}

bool tg_lab_check_commands(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           const char *commands)
{
    for (const char *at = commands; at != NULL; at = strchr(at + 1, '{')) {
        int hazard = -1;
        bool is_wanted = false;
        if (tg_lab_reads_fix(reader->lab, at, &hazard, &is_wanted) &&
            (hazard < 0 || !reader->lab->hazards[hazard].has_fix)) {
            return tg_yaml_fail(reader->name, tg_yaml_get(node, "commands"), reader->err,
                                "there is no fix as in %.*s", (int)(strcspn(at, "}") + 1), at);
        }
    }
    return true;
}

/* ---- changes ---- */

/* The next token of a JSON pointer (RFC 6901), unescaped; false at its end. */
static bool next_token(const char **pointer, char out[TOKEN_SIZE])
{
    size_t used = 0;
    if (**pointer != '/') {
        return false;
    }
    for ((*pointer)++; **pointer != '/' && **pointer != '\0'; (*pointer)++) {
        char byte = **pointer;
        if (byte == '~' && ((*pointer)[1] == '0' || (*pointer)[1] == '1')) {
            byte = (*pointer)[1] == '0' ? '~' : '/';
            (*pointer)++;
        }
        if (used + 1 < TOKEN_SIZE) {
            out[used++] = byte;
        }
    }
    out[used] = '\0';
    return true;
}

static json_t *child(json_t *parent, const char *token)
{
    int64_t index = 0;
    if (json_is_object(parent)) {
        return json_object_get(parent, token);
    }
    bool is_index = tg_str_to_int64(token, 0, (int64_t)json_array_size(parent) - 1, &index);
    return is_index ? json_array_get(parent, (size_t)index) : NULL;
}

/* Before the item with that index, or "-": after the last; takes value. */
static bool insert(json_t *list, const char *token, json_t *value)
{
    int64_t index = (int64_t)json_array_size(list);
    if (tg_str_eq(token, "-") || tg_str_to_int64(token, 0, index, &index)) {
        return json_array_insert_new(list, (size_t)index, value) == 0;
    }
    json_decref(value);
    return false;
}

/* As "add" of a JSON patch (RFC 6902), but maps on the way are made; takes value. */
static bool set_at(json_t *root, const char *pointer, json_t *value)
{
    char token[TOKEN_SIZE];
    json_t *at = root;
    while (next_token(&pointer, token)) {
        bool is_last = *pointer == '\0';
        if (is_last && json_is_array(at)) {
            return insert(at, token, value);
        }
        if (is_last && json_is_object(at)) {
            return json_object_set_new(at, token, value) == 0;
        }
        json_t *below = is_last ? NULL : child(at, token);
        if (below == NULL && !is_last && json_is_object(at)) {
            below = json_object();
            json_object_set_new(at, token, below);
        }
        at = below;
        if (at == NULL) {
            break;
        }
    }
    json_decref(value);
    return false;
}

static json_t *get_at(json_t *root, const char *pointer)
{
    char token[TOKEN_SIZE];
    json_t *at = root;
    while (at != NULL && next_token(&pointer, token)) {
        at = child(at, token);
    }
    return at;
}

/* Puts by in the place of text, which must stand there once at least. */
static bool replace_text(json_t *root, const char *pointer, const char *text, const char *by)
{
    json_t *at = get_at(root, pointer);
    const char *found = json_is_string(at) ? strstr(json_string_value(at), text) : NULL;
    if (found == NULL) {
        return false;
    }
    const char *whole = json_string_value(at);
    char *changed = tg_asprintf("%.*s%s%s", (int)(found - whole), whole, by, found + strlen(text));
    bool is_set = json_string_set(at, changed) == 0;
    free(changed);
    return is_set;
}

static json_t *value_of(const struct tg_yaml_node *node)
{
    struct tg_buf text;
    tg_buf_init(&text, VALUE_MAX);
    json_t *value = tg_yaml_to_json(node, &text)
                        ? json_loadb(tg_buf_text(&text), text.len, JSON_DECODE_ANY, NULL)
                        : NULL;
    tg_buf_fini(&text);
    return value;
}

static bool change(struct tg_lab_reader *reader, const struct tg_yaml_node *node, json_t *root)
{
    const char *path = tg_yaml_text(node, "path");
    const struct tg_yaml_node *value = tg_yaml_get(node, "value");
    json_t *wanted = value != NULL ? value_of(value) : NULL;
    bool is_done = value != NULL ? wanted != NULL && set_at(root, path, wanted)
                                 : replace_text(root, path, tg_yaml_text(node, "text"),
                                                tg_yaml_text(node, "by"));
    return is_done || tg_yaml_fail(reader->whole_name, node, reader->err,
                                   "there is nothing at %s that this could change", path);
}

static bool is_about(const struct tg_yaml_node *node, const struct tg_lab_make *make)
{
    return tg_str_eq(tg_yaml_text(node, "kind"), make->kind) &&
           tg_str_eq(tg_yaml_text(node, "name"), make->name);
}

/* The document as a file has it, in the lab's arena. */
static const char *yaml_of(struct tg_lab_reader *reader, const json_t *root)
{
    struct tg_buf yaml;
    tg_buf_init(&yaml, 4 * VALUE_MAX);
    (void)tg_json_to_yaml(root, &yaml);
    const char *kept = tg_arena_strdup(reader->lab->arena, tg_buf_text(&yaml));
    tg_buf_fini(&yaml);
    return kept;
}

/* Fills the variant for its fixes, in the lab's arena; false and an error when a change does not
 * fit. */
static bool fill_variant(struct tg_lab_reader *reader, const struct tg_lab_make *make,
                         struct tg_lab_variant *variant)
{
    tg_lab_fixes fixes = variant->fixes;
    bool is_ok = true;
    json_t *root = json_loads(make->body, 0, NULL);
    for (size_t i = 0; i < reader->hazards->count && is_ok; i++) {
        const struct tg_yaml_node *changes = tg_yaml_get(reader->hazards->items[i], "changes");
        for (size_t c = 0; changes != NULL && (fixes & FIX(i)) != 0 && c < changes->count && is_ok;
             c++) {
            is_ok = !is_about(changes->items[c], make) || change(reader, changes->items[c], root);
        }
    }
    char *text = json_dumps(root, JSON_COMPACT);
    variant->body = tg_arena_strdup(reader->lab->arena, text);
    variant->yaml = yaml_of(reader, root);
    free(text);
    json_decref(root);
    return is_ok;
}

static tg_lab_fixes touching(struct tg_lab_reader *reader, const struct tg_lab_make *make,
                             int *count)
{
    tg_lab_fixes fixes = 0;
    *count = 0;
    for (size_t i = 0; i < reader->hazards->count; i++) {
        const struct tg_yaml_node *changes = tg_yaml_get(reader->hazards->items[i], "changes");
        for (size_t c = 0; changes != NULL && c < changes->count; c++) {
            if (is_about(changes->items[c], make)) {
                *count += (fixes & FIX(i)) == 0 ? 1 : 0;
                fixes |= FIX(i);
            }
        }
    }
    return fixes;
}

bool tg_lab_read_variants(struct tg_lab_reader *reader, struct tg_lab_make *make)
{
    int count = 0;
    make->touched_by = reader->hazards != NULL ? touching(reader, make, &count) : 0;
    if (make->touched_by == 0) {
        return true;
    }
    if (count > TOUCHED_BY_MAX) {
        return tg_yaml_fail(reader->whole_name, reader->hazards, reader->err,
                            "more than %d fixes change %s/%s", TOUCHED_BY_MAX, make->kind,
                            make->name);
    }
    struct tg_lab_variant *variants =
        tg_arena_alloc(reader->lab->arena, ((size_t)1 << count) * sizeof(*variants));
    /* every set of the fixes but the empty one, from the largest down */
    for (tg_lab_fixes set = make->touched_by; set != 0; set = (set - 1) & make->touched_by) {
        struct tg_lab_variant *variant = &variants[make->variants_count++];
        *variant = (struct tg_lab_variant){.fixes = set};
        if (!fill_variant(reader, make, variant)) {
            return false;
        }
    }
    make->variants = variants;
    return true;
}

static bool is_made(const struct tg_lab *lab, const struct tg_yaml_node *about)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        for (size_t m = 0; m < lab->steps[i].makes_count; m++) {
            if (is_about(about, &lab->steps[i].makes[m])) {
                return true;
            }
        }
    }
    return false;
}

bool tg_lab_check_changes(struct tg_lab_reader *reader)
{
    for (size_t i = 0; reader->hazards != NULL && i < reader->hazards->count; i++) {
        const struct tg_yaml_node *changes = tg_yaml_get(reader->hazards->items[i], "changes");
        for (size_t c = 0; changes != NULL && c < changes->count; c++) {
            const struct tg_yaml_node *one = changes->items[c];
            if (!is_made(reader->lab, one)) {
                return tg_yaml_fail(reader->whole_name, one, reader->err, "no step makes %s/%s",
                                    tg_yaml_text(one, "kind"), tg_yaml_text(one, "name"));
            }
        }
    }
    return true;
}
