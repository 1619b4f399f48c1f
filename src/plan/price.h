/* plan/price.h - what a lab costs by the hour: an estimate by a table of list prices.
 *
 * Filled by codec/price_file.h from assets/labs/NAME.prices.yaml, into the lab's arena. Never a
 * bill: whoever shows it says that it is an estimate, and of when.
 *
 * Thread: UI thread; the table is immutable after loading.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_PRICE_H
#define TG_PLAN_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/fleet.h"
#include "plan/lab.h"

struct tg_json_out;

struct tg_price_of {
    const char *region;
    double usd; /* of one, by the hour */
};

struct tg_charge {
    int step; /* of the lab, that brings it */
    struct tg_lab_text what;
    double count;                     /* of what is priced, in one place */
    bool is_once;                     /* each time, not by the hour */
    bool is_by_size;                  /* of a GiB; count is the size that is planned */
    const struct tg_price_of *prices; /* by region */
    size_t prices_count;
    double other; /* of regions that are not named */
    struct tg_lab_condition billed_while;
    bool has_condition; /* else it is never known to run */
    char confidence;    /* V read at its source, K known, U assumed */
    const char *source;
};

struct tg_prices {
    const char *date; /* "2026-11" */
    const struct tg_charge *charges;
    size_t charges_count;
};

/* One charge in one place. */
struct tg_cost_row {
    const struct tg_charge *charge;
    const struct tg_lab_region *region; /* NULL: of the whole lab */
    double usd;                         /* by the hour (or each time) when it stands */
    double running_usd;                 /* by the hour now; 0 when it is not observed */
};

struct tg_cost {
    struct tg_cost_row *rows; /* free with tg_cost_fini() */
    size_t rows_count;
    double usd;     /* by the hour, when all stands */
    double running; /* by the hour, of what is observed now */
};

/* Costs of steps from..until; of a lab without prices there are no rows. */
struct tg_cost tg_cost_of(const struct tg_lab *lab, const struct tg_model *model, int64_t now_us,
                          int from, int until);
void tg_cost_fini(struct tg_cost *cost);

/* Sums of the charges that are alike in all regions: row i of the text or the screen. Calls visit
 * for each charge with its sums; NULL where nothing stands. */
struct tg_cost_line {
    const struct tg_charge *charge;
    double count;
    double usd;
    double running_usd;
};
/* Fills lines[charges_count]; returns how many. */
size_t tg_cost_lines(const struct tg_cost *cost, struct tg_cost_line *lines, size_t lines_max);

/* As lines for people, with the words "estimate" and the prices' date; appends nothing when the lab
 * has no prices. False when the buffer is full. */
bool tg_cost_report(const struct tg_lab *lab, const struct tg_cost *cost, const char *locale,
                    bool is_simulated, struct tg_buf *out);

/* As a member "cost" of an object. */
void tg_cost_json(const struct tg_lab *lab, const struct tg_cost *cost, struct tg_json_out *json);

#endif
