/* codec/lab_file.c - YAML to struct tg_lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "codec/lab_hazard.h"
#include "codec/lab_make.h"
#include "codec/yaml.h"
#include "plan/verify.h"

#define ARENA_MAX (4 * 1024 * 1024)

/* How many letters two short words differ by, roughly: for "did you mean". */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t len = strlen(b);
    if (len >= 63) {
        return 64;
    }
    for (size_t j = 0; j <= len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t up = row[j];
            size_t best = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = up + 1 < best ? up + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            corner = up;
        }
    }
    return row[len];
}

bool tg_lab_note(struct tg_lab_reader *reader, bool is_ok)
{
    struct tg_lab_mistakes *mistakes = reader->mistakes;
    if (reader->err->code == TG_CODE_NONE || mistakes == NULL) {
        return is_ok; /* its parts were noted already; or the first mistake ends all */
    }
    if (mistakes->count++ == 0) {
        mistakes->first = *reader->err;
    }
    if (mistakes->lines != NULL) {
        tg_buf_printf(mistakes->lines, "%s\n", reader->err->msg);
    }
    *reader->err = (struct tg_err)TG_ERR_INIT;
    return false;
}

bool tg_lab_check_keys(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       const char *const *keys)
{
    if (node->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, node, reader->err, "a map is expected here");
    }
    bool is_ok = true;
    for (size_t i = 0; i < node->count; i++) {
        const char *nearest = keys[0];
        bool is_known = false;
        for (size_t k = 0; keys[k] != NULL; k++) {
            is_known = is_known || tg_str_eq(keys[k], node->keys[i]->text);
            if (distance(node->keys[i]->text, keys[k]) < distance(node->keys[i]->text, nearest)) {
                nearest = keys[k];
            }
        }
        if (!is_known) {
            is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, node->keys[i], reader->err,
                                                     "unknown key '%s'; is '%s' meant?",
                                                     node->keys[i]->text, nearest));
            if (reader->mistakes == NULL) {
                return false;
            }
        }
    }
    return is_ok;
}

const char *tg_lab_read_text(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                             const char *key)
{
    const char *value = tg_yaml_text(node, key);
    return value != NULL ? tg_arena_strdup(reader->lab->arena, value) : NULL;
}

bool tg_lab_need_text(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      const char *key, const char **out)
{
    *out = tg_lab_read_text(reader, node, key);
    return *out != NULL ||
           tg_yaml_fail(reader->name, node, reader->err, "'%s' is missing or no text", key);
}

bool tg_lab_read_localised(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           const char *key, struct tg_lab_text *out)
{
    static const char *const keys[] = {"en", "zh_TW", NULL};
    const struct tg_yaml_node *value = tg_yaml_get(node, key);
    if (value == NULL) {
        return tg_yaml_fail(reader->name, node, reader->err, "'%s' is missing", key);
    }
    if (!tg_lab_check_keys(reader, value, keys) ||
        !tg_lab_need_text(reader, value, "en", &out->en)) {
        return false;
    }
    out->zh_tw = tg_lab_read_text(reader, value, "zh_TW");
    return true;
}

static bool is_region_twice(const struct tg_lab_region *regions, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (tg_str_eq(regions[i].name, regions[index].name) ||
            tg_str_eq(regions[i].cluster, regions[index].cluster)) {
            return true;
        }
    }
    return false;
}

/* A list of texts; absent: none. */
static bool read_names(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       const char *key, const char *const **out, size_t *count)
{
    const struct tg_yaml_node *list = tg_yaml_get(node, key);
    *out = NULL;
    *count = 0;
    if (list == NULL) {
        return true;
    }
    if (list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(reader->name, list, reader->err, "'%s' must be a list", key);
    }
    const char **names = tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*names));
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != TG_YAML_SCALAR) {
            return tg_yaml_fail(reader->name, list->items[i], reader->err,
                                "'%s' must be a list of names", key);
        }
        names[i] = tg_arena_strdup(reader->lab->arena, list->items[i]->text);
    }
    *out = names;
    *count = list->count;
    return true;
}

/* "10.0.2.0/24"; "" when the lab says none. */
static bool read_range(struct tg_lab_reader *reader, const struct tg_yaml_node *item,
                       const char *key, const char **out)
{
    struct tg_lab_range range;
    const char *text = tg_lab_read_text(reader, item, key);
    *out = text != NULL ? text : "";
    return text == NULL || tg_lab_read_range(text, &range) ||
           tg_yaml_fail(reader->name, tg_yaml_get(item, key), reader->err,
                        "'%s' must be an IPv4 range such as 10.0.2.0/24", key);
}

static bool read_region(struct tg_lab_reader *reader, const struct tg_yaml_node *item,
                        struct tg_lab_region *regions, size_t index)
{
    static const char *const keys[] = {"name",         "zone",       "cluster",     "node_pool",
                                       "address_name", "node_range", "proxy_range", "spare_zones",
                                       "elsewhere",    NULL};
    struct tg_lab_region *region = &regions[index];
    if (item->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, item, reader->err, "a map is expected here");
    }
    bool is_ok = tg_lab_check_keys(reader, item, keys);
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, item, "name", &region->name)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, item, "zone", &region->zone)) && is_ok;
    is_ok =
        tg_lab_note(reader, tg_lab_need_text(reader, item, "cluster", &region->cluster)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, item, "node_pool", &region->node_pool)) &&
            is_ok;
    is_ok = tg_lab_note(reader,
                        tg_lab_need_text(reader, item, "address_name", &region->address_name)) &&
            is_ok;
    is_ok =
        tg_lab_note(reader, read_range(reader, item, "node_range", &region->node_range)) && is_ok;
    is_ok =
        tg_lab_note(reader, read_range(reader, item, "proxy_range", &region->proxy_range)) && is_ok;
    is_ok = tg_lab_note(reader, read_names(reader, item, "spare_zones", &region->spare_zones,
                                           &region->spare_zones_count)) &&
            is_ok;
    is_ok = tg_lab_note(reader, read_names(reader, item, "elsewhere", &region->elsewhere,
                                           &region->elsewhere_count)) &&
            is_ok;
    if (is_ok && is_region_twice(regions, index)) {
        return tg_yaml_fail(reader->name, item, reader->err,
                            "another region has the same 'name' or 'cluster'");
    }
    return is_ok;
}

static bool read_regions(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    const struct tg_yaml_node *list = tg_yaml_get(root, "regions");
    if (list == NULL || list->kind != TG_YAML_LIST || list->count == 0) {
        return tg_yaml_fail(reader->name, list != NULL ? list : root, reader->err,
                            "'regions' must be a list of at least one");
    }
    struct tg_lab_region *regions =
        tg_arena_alloc(reader->lab->arena, list->count * sizeof(*regions));
    bool is_ok = true;
    bool is_whole = true;
    for (size_t i = 0; i < list->count; i++) {
        const struct tg_lab_region *region = &regions[i];
        is_ok = tg_lab_note(reader, read_region(reader, list->items[i], regions, i)) && is_ok;
        is_whole = is_whole && region->name != NULL && region->zone != NULL &&
                   region->cluster != NULL && region->node_pool != NULL &&
                   region->address_name != NULL;
    }
    if (is_whole) { /* what else is wrong with them must not hide what is wrong elsewhere */
        reader->lab->regions = regions;
        reader->lab->regions_count = list->count;
    }
    return is_ok;
}

bool tg_lab_read_where(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       enum tg_lab_where *out)
{
    static const char *const names[] = {"gcp", "config", "regions", "each_region_gcp"};
    const char *where = tg_yaml_text(node, "where");
    for (int i = 0; where != NULL && i < 4; i++) {
        if (tg_str_eq(where, names[i])) {
            *out = (enum tg_lab_where)i;
            return true;
        }
    }
    return tg_yaml_fail(reader->name, node, reader->err,
                        "'where' must be gcp, config, regions or each_region_gcp");
}

#define NEAR 2 /* letters apart: a slip of the hand */

/* Not one that is observed there; perhaps one of another name is meant. */
static bool refuse_kind(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        enum tg_kind_source source)
{
    const char *kind = tg_yaml_text(node, "kind");
    const char *nearest = NULL;
    for (int i = 0; i < TG_KIND_COUNT && kind != NULL; i++) {
        const struct tg_kind_info *info = tg_kind_info((enum tg_kind)i);
        if (info->source == source && distance(kind, info->name) <= NEAR &&
            (nearest == NULL || distance(kind, info->name) < distance(kind, nearest))) {
            nearest = info->name;
        }
    }
    return tg_yaml_fail(reader->name, node, reader->err,
                        "'kind' is not one that is observed: %s%s%s%s",
                        kind != NULL ? kind : "missing", nearest != NULL ? "; is '" : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "' meant?" : "");
}

bool tg_lab_read_condition(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           struct tg_lab_condition *out)
{
    static const char *const keys[] = {"where", "kind",   "name",     "condition",
                                       "field", "equals", "at_least", NULL};
    if (node->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, node, reader->err, "a map is expected here");
    }
    bool is_ok = tg_lab_check_keys(reader, node, keys);
    if (!tg_lab_read_where(reader, node, &out->where)) {
        return false;
    }
    bool is_gcp = out->where == TG_LAB_WHERE_GCP || out->where == TG_LAB_WHERE_EACH_REGION_GCP;
    const char *kind = tg_yaml_text(node, "kind");
    out->kind =
        tg_kind_by_name(is_gcp ? TG_KIND_SOURCE_GCP : TG_KIND_SOURCE_K8S, kind != NULL ? kind : "");
    if (out->kind == TG_KIND_COUNT) {
        return refuse_kind(reader, node, is_gcp ? TG_KIND_SOURCE_GCP : TG_KIND_SOURCE_K8S);
    }
    out->name = tg_lab_read_text(reader, node, "name");
    out->name = out->name != NULL ? out->name : "";
    out->condition = tg_lab_read_text(reader, node, "condition");
    out->field = tg_lab_read_text(reader, node, "field");
    out->equals = tg_lab_read_text(reader, node, "equals");
    if (out->field != NULL && !tg_verify_has_field(out->kind, out->field)) {
        is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, tg_yaml_get(node, "field"),
                                                 reader->err, "a %s has no field '%s'",
                                                 tg_kind_info(out->kind)->name, out->field));
    }
    const char *at_least = tg_yaml_text(node, "at_least");
    int64_t number = 0;
    if (at_least != NULL && !tg_str_to_int64(at_least, 1, 100000, &number)) {
        return tg_yaml_fail(reader->name, tg_yaml_get(node, "at_least"), reader->err,
                            "'at_least' must be a whole number from 1");
    }
    out->at_least = (int)number;
    return is_ok;
}

static bool read_conditions(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                            struct tg_lab_step *out)
{
    const struct tg_yaml_node *list = tg_yaml_get(node, "verify");
    if (list == NULL || list->kind != TG_YAML_LIST || list->count == 0) {
        return tg_yaml_fail(reader->name, node, reader->err,
                            "'verify' must be a list of at least one condition");
    }
    struct tg_lab_condition *conditions =
        tg_arena_alloc(reader->lab->arena, list->count * sizeof(*conditions));
    bool is_ok = true;
    for (size_t i = 0; i < list->count; i++) {
        is_ok =
            tg_lab_note(reader, tg_lab_read_condition(reader, list->items[i], &conditions[i])) &&
            is_ok;
    }
    out->conditions = conditions;
    out->conditions_count = list->count;
    return is_ok;
}

static bool read_step(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      struct tg_lab_step *out)
{
    static const char *const keys[] = {
        "id",        "section", "title", "why",      "usual", "verify", "make", "needs",
        "leftovers", "timeout", "once",  "commands", "prove", "undo",   "tidy", NULL};
    int64_t section = 0;
    if (node->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, node, reader->err, "a map is expected here");
    }
    bool is_ok = tg_lab_check_keys(reader, node, keys);
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, node, "id", &out->id)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "title", &out->title)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "why", &out->why)) && is_ok;
    const char *number = tg_yaml_text(node, "section");
    if (number == NULL || !tg_str_to_int64(number, 1, 99, &section)) {
        is_ok = tg_lab_note(
            reader, tg_yaml_fail(reader->name, node, reader->err, "'section' must be a number"));
    }
    out->section = (int)section;
    out->usual = tg_lab_read_text(reader, node, "usual");
    int least_s = 0;
    int most_s = 0;
    if (out->usual != NULL && !tg_lab_read_usual(out->usual, &least_s, &most_s)) {
        is_ok =
            tg_lab_note(reader, tg_yaml_fail(reader->name, tg_yaml_get(node, "usual"), reader->err,
                                             "'usual' must read like 1m or 10-15m"));
    }
    out->commands = tg_lab_read_text(reader, node, "commands");
    is_ok = tg_lab_note(reader, tg_lab_check_commands(reader, node, out->commands)) && is_ok;
    out->tidy = tg_lab_read_text(reader, node, "tidy");
    out->undo = tg_lab_read_text(reader, node, "undo");
    is_ok = tg_lab_note(reader, read_conditions(reader, node, out)) && is_ok;
    return tg_lab_note(reader, tg_lab_read_makes(reader, node, out)) && is_ok;
}

static bool is_step_twice(const struct tg_lab_step *steps, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (steps[index].id != NULL && tg_str_eq(steps[i].id, steps[index].id)) {
            return true;
        }
    }
    return false;
}

static bool read_steps(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    const struct tg_yaml_node *list = tg_yaml_get(root, "steps");
    if (list == NULL || list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(reader->name, root, reader->err, "'steps' must be a list");
    }
    struct tg_lab_step *steps =
        tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*steps));
    bool is_ok = true;
    for (size_t i = 0; i < list->count; i++) {
        is_ok = tg_lab_note(reader, read_step(reader, list->items[i], &steps[i])) && is_ok;
        if (is_step_twice(steps, i)) {
            is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, list->items[i], reader->err,
                                                     "another step has the id '%s'", steps[i].id));
        }
    }
    reader->lab->steps = steps;
    reader->lab->steps_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        is_ok = tg_lab_note(reader, tg_lab_read_needs(reader, list->items[i], steps, i)) && is_ok;
    }
    return is_ok;
}

/* Where the drill strikes and where the gateway's objects are must be among the regions. */
static bool check_places(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    const struct tg_lab *lab = reader->lab;
    bool is_ok = true;
    bool has_config = lab->config_cluster == NULL || lab->regions_count == 0;
    for (size_t i = 0; i < lab->regions_count; i++) {
        has_config = has_config || tg_str_eq(lab->regions[i].cluster, lab->config_cluster);
    }
    if (lab->regions_count > 0 && lab->primary_region != NULL &&
        tg_lab_region(lab, lab->primary_region) == NULL) {
        is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, tg_yaml_get(root, "primary_region"),
                                                 reader->err, "'%s' is not one of the regions",
                                                 lab->primary_region));
    }
    if (!has_config) {
        is_ok = tg_lab_note(
            reader, tg_yaml_fail(reader->name, tg_yaml_get(root, "config_cluster"), reader->err,
                                 "'%s' is not the cluster of any region", lab->config_cluster));
    }
    return is_ok;
}

static bool read_count(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       const char *key, int *out)
{
    int64_t number = 0;
    const char *text = tg_yaml_text(node, key);
    bool is_ok = text == NULL || tg_str_to_int64(text, 1, 100000, &number);
    *out = (int)number;
    return is_ok || tg_yaml_fail(reader->name, tg_yaml_get(node, key), reader->err,
                                 "'%s' must be a whole number from 1", key);
}

static bool read_needs(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    static const char *const keys[] = {"machine_type", "family", "chips", NULL};
    struct tg_lab *lab = reader->lab;
    const struct tg_yaml_node *tpu = tg_yaml_get(root, "tpu");
    lab->hub_model = tg_lab_read_text(reader, root, "hub_model");
    if (!read_count(reader, root, "pool_cpus", &lab->pool_cpus)) {
        return false;
    }
    return tpu == NULL || (tg_lab_check_keys(reader, tpu, keys) &&
                           tg_lab_need_text(reader, tpu, "machine_type", &lab->tpu_machine_type) &&
                           tg_lab_need_text(reader, tpu, "family", &lab->tpu_family) &&
                           read_count(reader, tpu, "chips", &lab->tpu_chips));
}

static bool read_lab(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    static const char *const keys[] = {"name",
                                       "title",
                                       "project",
                                       "config_cluster",
                                       "namespace",
                                       "deployment",
                                       "app_label",
                                       "model",
                                       "gateway",
                                       "primary_region",
                                       "regions",
                                       "hazards",
                                       "hub_model",
                                       "tpu",
                                       "pool_cpus",
                                       "steps",
                                       "shell",
                                       "before_gcp",
                                       "before_clusters",
                                       NULL};
    struct tg_lab *lab = reader->lab;
    const struct {
        const char *key;
        const char **out;
    } texts[] = {{"config_cluster", &lab->config_cluster},
                 {"namespace", &lab->namespace_name},
                 {"deployment", &lab->deployment},
                 {"app_label", &lab->app_label},
                 {"model", &lab->model},
                 {"gateway", &lab->gateway},
                 {"primary_region", &lab->primary_region}};
    if (root->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, root, reader->err, "a map is expected here");
    }
    bool is_ok = tg_lab_check_keys(reader, root, keys);
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, root, "name", &lab->name)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, root, "title", &lab->title)) && is_ok;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        is_ok = tg_lab_note(reader, tg_lab_need_text(reader, root, texts[i].key, texts[i].out)) &&
                is_ok;
    }
    is_ok = tg_lab_note(reader, read_regions(reader, root)) && is_ok;
    is_ok = tg_lab_note(reader, check_places(reader, root)) && is_ok;
    is_ok = tg_lab_note(reader, read_needs(reader, root)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_hazards(reader, root)) && is_ok;
    is_ok = tg_lab_note(reader, read_steps(reader, root)) && is_ok;
    is_ok = is_ok && tg_lab_note(reader, tg_lab_check_changes(reader));
    lab->project = tg_lab_read_text(reader, root, "project");
    lab->shell = tg_lab_read_text(reader, root, "shell");
    lab->before_gcp = tg_lab_read_text(reader, root, "before_gcp");
    lab->before_clusters = tg_lab_read_text(reader, root, "before_clusters");
    return is_ok;
}

bool tg_lab_parse_file(struct tg_lab *lab, const char *name, const char *bytes, size_t len,
                       bool (*read)(struct tg_lab_reader *reader, const struct tg_yaml_node *root),
                       struct tg_buf *lines, size_t *count, struct tg_err *err)
{
    struct tg_yaml *yaml = tg_yaml_parse(name, bytes, len, err);
    if (yaml == NULL) {
        *count += 1;
        if (lines != NULL) {
            tg_buf_printf(lines, "%s\n", err->msg);
        }
        return false;
    }
    struct tg_err now = TG_ERR_INIT;
    struct tg_lab_mistakes all = {.lines = lines};
    struct tg_lab_reader reader = {
        .name = name, .lab = lab, .err = &now, .mistakes = &all, .whole_name = name};
    bool is_ok = tg_lab_note(&reader, read(&reader, tg_yaml_root(yaml)));
    tg_yaml_free(yaml);
    *count += all.count;
    if (!is_ok) {
        *err = all.first;
    }
    return is_ok;
}

struct tg_lab *tg_lab_parse_all(const char *name, const char *bytes, size_t len,
                                struct tg_buf *mistakes, size_t *count, struct tg_err *err)
{
    struct tg_arena *arena = tg_arena_new(ARENA_MAX);
    struct tg_lab *lab = tg_arena_alloc(arena, sizeof(*lab));
    lab->arena = arena;
    *count = 0;
    if (!tg_lab_parse_file(lab, name, bytes, len, read_lab, mistakes, count, err)) {
        tg_lab_free(lab);
        return NULL;
    }
    return lab;
}

struct tg_lab *tg_lab_parse(const char *name, const char *bytes, size_t len, struct tg_err *err)
{
    size_t count = 0;
    return tg_lab_parse_all(name, bytes, len, NULL, &count, err);
}
