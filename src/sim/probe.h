/* sim/probe.h - a probe Pod's process: sends requests on a fixed schedule through the gateway and
 * prints outcomes.
 *
 * What a real cluster gets from a shell script around curl, the world gets from the same
 * environment variables: TIDEGATE_PROBE_TARGET, _INTERVAL_MS, _TIMEOUT_MS, _COUNT_MAX, _MODEL. The
 * lines are described in sim/README.md.
 *
 * Thread: the world's. Ownership: a probe belongs to its Pod.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_PROBE_H
#define TG_SIM_PROBE_H

#include "sim/pod.h"

struct sim_probe;

/* Starts the schedule now, as the Pod's stored spec says; the Pod exits when COUNT_MAX slots are
 * answered. */
struct sim_probe *sim_probe_start(struct sim_pod *pod);

/* Stops at once: nothing more is sent or printed. NULL allowed. */
void sim_probe_free(struct sim_probe *probe);

#endif
