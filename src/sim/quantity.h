/* sim/quantity.h - Kubernetes' amounts ("250m", "1.5", "2Gi") as thousandths.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_QUANTITY_H
#define TG_SIM_QUANTITY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Thousandths of what value (a text, or a number) says, fractions of them rounded up; false when it
 * is no amount, is negative, or is too large. */
bool sim_quantity_milli(const json_t *value, int64_t *milli);

/* The shortest decimal text of so many thousandths: "250m", "2", "5k". A new JSON text. */
json_t *sim_quantity_json(int64_t milli);

#endif
