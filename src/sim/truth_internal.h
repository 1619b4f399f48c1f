/* sim/truth_internal.h - how the world tells the truth to its recorder (sim/truth.h is for those
 * who ask).
 *
 * Thread: the world's. Ownership: the behaviour owns the recorder.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_TRUTH_INTERNAL_H
#define TG_SIM_TRUTH_INTERNAL_H

#include <stdbool.h>

#include "sim/truth.h"

struct sim_truth;

struct sim_truth *sim_truth_new(struct sim_world *world);
void sim_truth_free(struct sim_truth *truth);

/* Something changed that decides whether requests succeed. */
void sim_truth_view_changed(struct sim_world *world);

/* A request from client_region ended; served_region is -1 when nobody served it. */
void sim_truth_request(struct sim_world *world, int client_region, int served_region, bool is_ok);

#endif
