/* plan/price.c - sums, by the hour. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/price.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "plan/verify.h"

#define GIB             (1024.0 * 1024.0 * 1024.0)
#define COST_LINES_MAX  64
#define OVERNIGHT_HOURS 12
#define WHAT_CELLS      44

static double price_in(const struct tg_charge *charge, const struct tg_lab_region *region)
{
    for (size_t i = 0; region != NULL && i < charge->prices_count; i++) {
        if (tg_str_eq(charge->prices[i].region, region->name)) {
            return charge->prices[i].usd;
        }
    }
    return charge->other;
}

/* A node pool is billed by its machines: one that is on its way, or got none, costs nothing. Where
 * the cluster is not heard it is taken to have them: what is forgotten is dearer than what is told
 * too much. */
static bool has_machines(const struct tg_obj *pool, const struct tg_model *model, int64_t now_us,
                         const struct tg_lab_region *region)
{
    const struct tg_target *target =
        region != NULL ? tg_verify_cluster(model, region->cluster) : NULL;
    if (tg_str_eq(pool->as.gcp.status, "PROVISIONING")) {
        return false;
    }
    if (target == NULL || target->kinds[TG_KIND_NODE].phase != TG_KIND_PHASE_LIVE ||
        tg_target_freshness(target, TG_KIND_NODE, now_us) != TG_FRESH) {
        return true;
    }
    const struct tg_store *nodes = &target->kinds[TG_KIND_NODE].store;
    for (size_t i = 0; i < nodes->count; i++) {
        if (tg_str_eq(nodes->items[i]->as.node.node_pool, pool->name)) {
            return true;
        }
    }
    return false;
}

static void add(struct tg_cost *cost, const struct tg_charge *charge, const struct tg_lab *lab,
                const struct tg_model *model, int64_t now_us, const struct tg_lab_region *region)
{
    double price = price_in(charge, region);
    struct tg_cost_row *row = &cost->rows[cost->rows_count++];
    const struct tg_obj *found =
        charge->has_condition && !charge->is_once
            ? tg_verify_find(lab, model, now_us, &charge->billed_while, region)
            : NULL;
    if (found != NULL && found->kind == TG_KIND_GCP_NODE_POOL &&
        !has_machines(found, model, now_us, region)) {
        found = NULL;
    }
    double count =
        found != NULL && charge->is_by_size ? (double)found->as.gcp.bytes / GIB : charge->count;
    *row = (struct tg_cost_row){.charge = charge,
                                .region = region,
                                .usd = price * charge->count,
                                .running_usd = found != NULL ? price * count : 0};
    cost->usd += charge->is_once ? 0 : row->usd;
    cost->running += row->running_usd;
}

struct tg_cost tg_cost_of(const struct tg_lab *lab, const struct tg_model *model, int64_t now_us,
                          int from, int until)
{
    struct tg_cost cost = {0};
    if (lab->prices == NULL) {
        return cost;
    }
    cost.rows =
        tg_calloc(lab->prices->charges_count * (lab->regions_count + 1) + 1, sizeof(*cost.rows));
    for (size_t i = 0; i < lab->prices->charges_count; i++) {
        const struct tg_charge *charge = &lab->prices->charges[i];
        if (charge->step < from || charge->step > until) {
            continue;
        }
        enum tg_lab_where where = charge->billed_while.where;
        bool is_each = charge->has_condition &&
                       (where == TG_LAB_WHERE_EACH_REGION_GCP || where == TG_LAB_WHERE_REGIONS);
        if (!is_each) {
            add(&cost, charge, lab, model, now_us, NULL);
        }
        for (size_t r = 0; is_each && r < lab->regions_count; r++) {
            add(&cost, charge, lab, model, now_us, &lab->regions[r]);
        }
    }
    return cost;
}

void tg_cost_fini(struct tg_cost *cost)
{
    free(cost->rows);
    *cost = (struct tg_cost){0};
}

size_t tg_cost_lines(const struct tg_cost *cost, struct tg_cost_line *lines, size_t lines_max)
{
    size_t count = 0;
    for (size_t i = 0; i < cost->rows_count; i++) {
        const struct tg_cost_row *row = &cost->rows[i];
        if (count == 0 || lines[count - 1].charge != row->charge) {
            if (count == lines_max) {
                break;
            }
            lines[count++] = (struct tg_cost_line){.charge = row->charge};
        }
        lines[count - 1].count += row->charge->count;
        lines[count - 1].usd += row->usd;
        lines[count - 1].running_usd += row->running_usd;
    }
    return count;
}

/* ---- for people and for scripts ---- */

static void put_line(const struct tg_cost_line *line, const char *locale, struct tg_buf *out)
{
    const char *what = tg_lab_text_for(&line->charge->what, locale);
    tg_buf_printf(out, "  %s", what);
    for (int used = (int)tg_utf8_width(what); used < WHAT_CELLS; used++) {
        tg_buf_putc(out, ' ');
    }
    tg_buf_printf(out, "%8.2f  %c", line->usd, line->charge->confidence);
    if (line->charge->is_once) {
        tg_buf_printf(out, "  %s", _("each time, not by the hour"));
    } else if (line->running_usd > 0) {
        tg_buf_printf(out, _("  runs now: %.2f"), line->running_usd);
    }
    tg_buf_putc(out, '\n');
}

bool tg_cost_report(const struct tg_lab *lab, const struct tg_cost *cost, const char *locale,
                    bool is_simulated, struct tg_buf *out)
{
    struct tg_cost_line lines[COST_LINES_MAX];
    if (lab->prices == NULL || cost->rows_count == 0) {
        return !out->is_full;
    }
    size_t count = tg_cost_lines(cost, lines, COST_LINES_MAX);
    tg_buf_printf(out,
                  _("What it costs, in USD per hour (an estimate by list prices of %s; V read "
                    "at its source, K known, U assumed):\n"),
                  lab->prices->date);
    for (size_t i = 0; i < count; i++) {
        put_line(&lines[i], locale, out);
    }
    tg_buf_printf(out,
                  _("About %.2f USD per hour when it stands, %.0f if it is left overnight "
                    "(%d hours).\n"),
                  cost->usd, cost->usd * OVERNIGHT_HOURS, OVERNIGHT_HOURS);
    tg_buf_printf(out, _("What runs now costs about %.2f USD per hour.\n"), cost->running);
    if (is_simulated) {
        tg_buf_printf(out, "%s\n", _("This world is simulated: nothing is billed."));
    }
    return !out->is_full;
}

void tg_cost_json(const struct tg_lab *lab, const struct tg_cost *cost, struct tg_json_out *json)
{
    if (lab->prices == NULL) {
        tg_json_put_null(json, "cost");
        return;
    }
    tg_json_open(json, "cost", '{');
    tg_json_put_bool(json, "is_estimate", true);
    tg_json_put_text(json, "currency", "USD");
    tg_json_put_text(json, "prices_of", lab->prices->date);
    tg_json_put_number(json, "usd_per_hour", cost->usd);
    tg_json_put_number(json, "running_usd_per_hour", cost->running);
    tg_json_open(json, "charges", '[');
    for (size_t i = 0; i < cost->rows_count; i++) {
        const struct tg_cost_row *row = &cost->rows[i];
        char confidence[2] = {row->charge->confidence, '\0'};
        tg_json_open(json, NULL, '{');
        tg_json_put_text(json, "step", lab->steps[row->charge->step].id);
        tg_json_put_text(json, "what", row->charge->what.en);
        tg_json_put_text(json, "region", row->region != NULL ? row->region->name : NULL);
        tg_json_put_number(json, "count", row->charge->count);
        tg_json_put_number(json, row->charge->is_once ? "usd_each_time" : "usd_per_hour", row->usd);
        tg_json_put_number(json, "running_usd_per_hour", row->running_usd);
        tg_json_put_text(json, "confidence", confidence);
        tg_json_put_text(json, "source", row->charge->source);
        tg_json_close(json, '}');
    }
    tg_json_close(json, ']');
    tg_json_close(json, '}');
}
