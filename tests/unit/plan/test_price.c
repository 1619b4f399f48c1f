/* tests/unit/plan/test_price.c - what the lab costs: the built-in table, sums, and tables that are
 * wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/price.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "codec/lab_file.h"
#include "codec/price_file.h"
#include "model/reduce.h"

static struct tg_model *model;
static struct tg_lab *lab;
static int gcp;

static void set_up(void)
{
    struct tg_err err = TG_ERR_INIT;
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    const struct tg_asset *prices = tg_asset_get("labs/gemma-two-region.prices.yaml");
    lab = tg_lab_parse(asset->path, asset->text, asset->len, &err);
    cr_assert_not_null(lab, "%s", err.msg);
    cr_assert(tg_prices_parse(lab, prices->path, prices->text, prices->len, &err), "%s", err.msg);
    model = tg_model_new();
    gcp = tg_model_add_gcp(model, "my-project");
}

static void tear_down(void)
{
    tg_model_free(model);
    tg_lab_free(lab);
}

TestSuite(price, .init = set_up, .fini = tear_down);

static void observe(enum tg_kind kind, const char *name, const char *location, int64_t bytes)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, gcp, 1);
    struct tg_obj draft = {.kind = kind,
                           .ns = location,
                           .name = name,
                           .uid = name,
                           .as.gcp = {.location = location, .status = "RUNNING", .bytes = bytes}};
    msg->resource = kind;
    msg->as.replace.items = tg_calloc(1, sizeof(struct tg_obj *));
    msg->as.replace.items[msg->as.replace.count++] = tg_obj_new(&draft);
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static struct tg_cost cost_of_all(void)
{
    return tg_cost_of(lab, model, 1, 0, (int)lab->steps_count - 1);
}

static char *text_of(const struct tg_cost *cost, const char *locale)
{
    struct tg_buf out;
    tg_buf_init(&out, 1 << 16);
    cr_assert(tg_cost_report(lab, cost, locale, false, &out));
    return tg_buf_take(&out, NULL);
}

Test(price, the_table_names_its_date_sources_and_confidence)
{
    cr_assert_not_null(lab->prices->date);
    cr_assert_gt(lab->prices->charges_count, 5);
    for (size_t i = 0; i < lab->prices->charges_count; i++) {
        cr_expect_not_null(lab->prices->charges[i].source);
        cr_expect_not_null(lab->prices->charges[i].what.zh_tw);
    }
}

Test(price, nothing_runs_in_an_empty_project_and_tpus_are_most_of_it)
{
    struct tg_cost cost = cost_of_all();
    cr_expect_gt(cost.usd, 20);
    cr_expect_lt(cost.usd, 30);
    cr_expect_eq(cost.running, 0);
    double tpu = 0;
    for (size_t i = 0; i < cost.rows_count; i++) {
        tpu += strstr(cost.rows[i].charge->what.en, "TPU") != NULL ? cost.rows[i].usd : 0;
    }
    cr_expect_gt(tpu, cost.usd * 0.8);
    char *text = text_of(&cost, "C");
    cr_expect_not_null(strstr(text, "estimate"), "%s", text);
    cr_expect_not_null(strstr(text, lab->prices->date), "%s", text);
    free(text);
    text = text_of(&cost, "zh_TW.UTF-8");
    cr_expect_not_null(strstr(text, "TPU v6e 晶片"), "%s", text);
    free(text);
    tg_cost_fini(&cost);
}

/* A pool that one region has is billed in that region alone, at its price. */
Test(price, what_is_observed_runs_where_it_is)
{
    observe(TG_KIND_GCP_NODE_POOL, "tpu-v6e-pool", "europe-west4-a", 0);
    struct tg_cost cost = cost_of_all();
    cr_expect_float_eq(cost.running, 4 * 2.97, 0.001, "%f", cost.running);
    tg_cost_fini(&cost);
    observe(TG_KIND_GCP_NODE_POOL, "somebody-elses-pool", "europe-west4-a", 0);
    cost = cost_of_all();
    cr_expect_eq(cost.running, 0, "what is not the lab's is not counted");
    tg_cost_fini(&cost);
}

Test(price, a_bucket_costs_by_what_is_in_it)
{
    observe(TG_KIND_GCP_BUCKET, "my-project-gemma-weights", "US", INT64_C(1000) << 30);
    struct tg_cost cost = cost_of_all();
    cr_expect_float_eq(cost.running, 1000 * 0.0000356, 0.0001, "%f", cost.running);
    tg_cost_fini(&cost);
}

Test(price, a_part_of_the_lab_costs_its_part)
{
    int weights = tg_lab_step_index(lab, "weights");
    struct tg_cost cost = tg_cost_of(lab, model, 1, weights, weights);
    cr_expect_eq(cost.rows_count, 1);
    cr_expect_lt(cost.usd, 0.01);
    tg_cost_fini(&cost);
}

Test(price, a_lab_without_prices_says_nothing)
{
    lab->prices = NULL;
    struct tg_cost cost = cost_of_all();
    char *text = text_of(&cost, "C");
    cr_expect_str_eq(text, "");
    free(text);
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    struct tg_json_out json = {&out, false};
    tg_cost_json(lab, &cost, &json);
    cr_expect_str_eq(tg_buf_text(&out), "\"cost\": null");
    tg_buf_fini(&out);
    tg_cost_fini(&cost);
}

#define START "date: d\ncharges:\n  - step: vpc\n    what: {en: W}\n    source: s\n    confidence: "

Test(price, a_wrong_table_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        const char *where;
        const char *what;
    } cases[] = {
        {"charges: []\n", "p:1:1: ", "'date'"},
        {"date: d\ncharges: x\n", "p:2:10: ", "must be a list"},
        {START "Z\n", "p:6:17: ", "V, K or U"},
        {START "K\n    price: 3\n", "p:7:12: ", "'other'"},
        {START "K\n    price: {other: free}\n", "p:7:20: ", "a number from 0"},
        {START "K\n    price: {other: 1}\n", "p:3:5: ", "'billed_while' is missing"},
        {START "K\n    prices: {other: 1}\n", "p:7:5: ", "is 'price' meant"},
        {START "K\n    price: {other: 1}\n    billed_while: {where: gcp, kind: Moon}\n",
         "p:8:19: ", "Moon"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        cr_expect_not(tg_prices_parse(lab, "p", cases[i].text, strlen(cases[i].text), &err));
        cr_expect_eq(err.code, TG_CODE_CONFIG);
        cr_expect_not_null(strstr(err.msg, cases[i].where), "%s: %s", cases[i].where, err.msg);
        cr_expect_not_null(strstr(err.msg, cases[i].what), "%s: %s", cases[i].what, err.msg);
    }
}

/* As with the lab's own file: one mistake does not hide the next. */
Test(price, all_mistakes_are_told_at_once)
{
    static const char text[] = START "Z\n    price: {other: free}\n  - step: moon\n"
                                     "    what: {en: W}\n    confidence: V\n"
                                     "    price: {other: 1}\n"
                                     "    billed_while: {where: gcp, kind: Bucket}\n";
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf lines;
    size_t count = 0;
    tg_buf_init(&lines, 65536);
    cr_assert_not(tg_prices_parse_all(lab, "p", text, strlen(text), &lines, &count, &err));
    cr_expect_eq(count, 5, "%s", tg_buf_text(&lines));
    static const char *const wanted[] = {"p:6:17: 'confidence'",
                                         "p:7:20: ", "'billed_while' is missing", "p:8:5: 'source'",
                                         "p:8:11: the lab has no step 'moon'"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        cr_expect_not_null(strstr(tg_buf_text(&lines), wanted[i]), "%s is missing in %s", wanted[i],
                           tg_buf_text(&lines));
    }
    tg_buf_fini(&lines);
}
