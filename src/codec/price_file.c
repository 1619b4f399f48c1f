/* codec/price_file.c - YAML to struct tg_prices. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/price_file.h"

#include <string.h>

#include "base/str.h"
#include "codec/lab_make.h"

#define CHARGES_MAX 64

static bool read_number(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        const char *text, double *out)
{
    return (text != NULL && tg_str_to_double(text, out) && *out >= 0 && *out < 1e6) ||
           tg_yaml_fail(reader->name, node, reader->err, "a number from 0 is expected here");
}

static bool read_prices(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_charge *out)
{
    const struct tg_yaml_node *map = tg_yaml_get(node, "price");
    if (map == NULL || map->kind != TG_YAML_MAP || tg_yaml_text(map, "other") == NULL) {
        return tg_yaml_fail(reader->name, map != NULL ? map : node, reader->err,
                            "'price' must be a map with 'other' in it");
    }
    struct tg_price_of *prices =
        tg_arena_alloc(reader->lab->arena, (map->count + 1) * sizeof(*prices));
    for (size_t i = 0; i < map->count; i++) {
        const char *region = map->keys[i]->text;
        double usd = 0;
        if (!read_number(reader, map->items[i], map->items[i]->text, &usd)) {
            return false;
        }
        if (tg_str_eq(region, "other")) {
            out->other = usd;
        } else {
            prices[out->prices_count++] =
                (struct tg_price_of){tg_arena_strdup(reader->lab->arena, region), usd};
        }
    }
    out->prices = prices;
    return true;
}

/* How much of it there is, and how it is counted. */
static bool read_amount(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_charge *out)
{
    const char *count = tg_yaml_text(node, "count");
    const char *by = tg_yaml_text(node, "by");
    const char *once = tg_yaml_text(node, "once");
    out->count = 1;
    out->is_by_size = by != NULL;
    out->is_once = once != NULL && tg_str_eq(once, "true");
    if (by != NULL && !tg_str_eq(by, "bytes")) {
        return tg_yaml_fail(reader->name, tg_yaml_get(node, "by"), reader->err,
                            "'by' must be bytes");
    }
    if (by != NULL) {
        return read_number(reader, node, tg_yaml_text(node, "size"), &out->count);
    }
    return count == NULL || read_number(reader, tg_yaml_get(node, "count"), count, &out->count);
}

static bool read_condition(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           struct tg_charge *out)
{
    const struct tg_yaml_node *condition = tg_yaml_get(node, "billed_while");
    out->has_condition = condition != NULL;
    if (condition == NULL) {
        return out->is_once ||
               tg_yaml_fail(reader->name, node, reader->err, "'billed_while' is missing");
    }
    if (!tg_lab_read_condition(reader, condition, &out->billed_while)) {
        return false;
    }
    enum tg_lab_where where = out->billed_while.where;
    bool is_gcp = where == TG_LAB_WHERE_GCP || where == TG_LAB_WHERE_EACH_REGION_GCP;
    return !out->is_by_size || is_gcp ||
           tg_yaml_fail(reader->name, condition, reader->err,
                        "only things of Google Cloud have a size");
}

static bool read_charge(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_charge *out)
{
    static const char *const keys[] = {"step",       "what",   "count", "by",
                                       "size",       "once",   "price", "billed_while",
                                       "confidence", "source", NULL};
    const char *step = NULL;
    const char *confidence = NULL;
    bool is_ok = tg_lab_check_keys(reader, node, keys);
    if (node->kind != TG_YAML_MAP) {
        return false;
    }
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, node, "step", &step)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_localised(reader, node, "what", &out->what)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, node, "source", &out->source)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, node, "confidence", &confidence)) && is_ok;
    out->step = step != NULL ? tg_lab_step_index(reader->lab, step) : 0;
    if (out->step < 0) {
        is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, tg_yaml_get(node, "step"),
                                                 reader->err, "the lab has no step '%s'", step));
    }
    if (confidence != NULL && (strlen(confidence) != 1 || strchr("VKU", confidence[0]) == NULL)) {
        is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, tg_yaml_get(node, "confidence"),
                                                 reader->err, "'confidence' must be V, K or U"));
    }
    out->confidence = confidence != NULL ? confidence[0] : '\0';
    is_ok = tg_lab_note(reader, read_amount(reader, node, out)) && is_ok;
    is_ok = tg_lab_note(reader, read_prices(reader, node, out)) && is_ok;
    return tg_lab_note(reader, read_condition(reader, node, out)) && is_ok;
}

static bool read_table(struct tg_lab_reader *reader, const struct tg_yaml_node *root)
{
    static const char *const keys[] = {"date", "charges", NULL};
    const struct tg_yaml_node *list = tg_yaml_get(root, "charges");
    struct tg_prices *prices = tg_arena_alloc(reader->lab->arena, sizeof(*prices));
    bool is_ok = tg_lab_check_keys(reader, root, keys);
    if (root->kind != TG_YAML_MAP) {
        return false;
    }
    is_ok = tg_lab_note(reader, tg_lab_need_text(reader, root, "date", &prices->date)) && is_ok;
    if (list == NULL || list->kind != TG_YAML_LIST || list->count > CHARGES_MAX) {
        return tg_yaml_fail(reader->name, list != NULL ? list : root, reader->err,
                            "'charges' must be a list of at most %d", CHARGES_MAX);
    }
    struct tg_charge *charges =
        tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*charges));
    for (size_t i = 0; i < list->count; i++) {
        is_ok = tg_lab_note(reader, read_charge(reader, list->items[i], &charges[i])) && is_ok;
    }
    if (!is_ok) {
        return false;
    }
    prices->charges = charges;
    prices->charges_count = list->count;
    reader->lab->prices = prices;
    return true;
}

bool tg_prices_parse_all(struct tg_lab *lab, const char *name, const char *text, size_t len,
                         struct tg_buf *mistakes, size_t *count, struct tg_err *err)
{
    return tg_lab_parse_file(lab, name, text, len, read_table, mistakes, count, err);
}

bool tg_prices_parse(struct tg_lab *lab, const char *name, const char *text, size_t len,
                     struct tg_err *err)
{
    size_t count = 0;
    return tg_prices_parse_all(lab, name, text, len, NULL, &count, err);
}
