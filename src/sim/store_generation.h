/* sim/store_generation.h - when metadata.generation rises.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_STORE_GENERATION_H
#define TG_SIM_STORE_GENERATION_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/store.h"

/* True when next wishes for something else than current does: what the kinds' own strategies of the
 * API server compare. */
bool sim_store_is_new_generation(const struct sim_resource *resource, const json_t *next,
                                 const json_t *current);

#endif
