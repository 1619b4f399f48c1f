/* sim/lab_release.h - a helm release as `helm install` leaves it: the chart's objects, and the
 * Secret that lists them.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_LAB_RELEASE_H
#define TG_SIM_LAB_RELEASE_H

#include <jansson.h>

#include "base/buf.h"
#include "sim/region.h"
#include "sim/store.h"

struct sim_release {
    struct sim_region *region;
    const char *name; /* "gemma-pool" */
    struct tg_buf manifest;
};

/* Begins a release; ended by sim_release_finish(). */
void sim_release_init(struct sim_release *release, struct sim_region *region, const char *name);

/* Creates an object (stolen) of the chart: with the marks that helm puts on it, and noted in the
 * manifest. */
void sim_release_add(struct sim_release *release, const struct sim_resource *resource,
                     json_t *object);

/* Creates the Secret of revision 1. chart and version name the chart. */
void sim_release_finish(struct sim_release *release, const char *chart, const char *version);

#endif
