/* sim/apply_check.h - whether an applied configuration is one of its kind: what an API server finds
 * when it makes a typed value of it, in its words (structured-merge-diff).
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_APPLY_CHECK_H
#define TG_SIM_APPLY_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "sim/schema.h"

/* False with err (INVALID; the message is the real one: ".spec.ports: duplicate entries for key
 * [port=80,protocol=\"TCP\"]") when lists with keys have elements that are none or the same twice,
 * sets have values twice, or a value is of another type. message NULL: nothing is known. */
bool sim_apply_check(const struct sim_field *message, const json_t *applied, struct tg_err *err);

#endif
