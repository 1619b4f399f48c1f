/* plan/permission.h - which rights standing a lab up takes, and taking it down again: derived from
 * what its steps make and are judged by.
 *
 * Pure. Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_PERMISSION_H
#define TG_PLAN_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "plan/lab.h"

/* Appends IAM permissions that the step takes on the project, separated by blanks, each once: to
 * make and observe it, or (is_undo) to take away what it and its controllers leave. Objects in
 * clusters count only with has_objects, where no API server can be asked itself. */
void tg_permission_of_step(const struct tg_lab_step *step, tg_lab_fixes fixes, bool is_undo,
                           bool has_objects, struct tg_buf *out);

/* True when permission stands in words, which are separated by blanks. */
bool tg_permission_is_in(const char *words, const char *permission);

/* One right in a cluster: a verb on a resource of a group, or on a part of it. */
struct tg_right {
    char group[80];
    char plural[80];
    const char *subresource; /* "exec"; "": the resource itself */
    char ns[64];             /* "": cluster scope */
    const char *verb;
    bool is_undo;
    int step;
};

/* Rights in the clusters of a region (index; the config cluster's has more) for the steps
 * from..until. At most max are filled in; returns how many. */
size_t tg_permission_in_cluster(const struct tg_lab *lab, tg_lab_fixes fixes, int region, int from,
                                int until, struct tg_right *rights, size_t max);

/* "HealthCheckPolicy" to "healthcheckpolicies": resources are called by the English plural. */
void tg_permission_plural(const char *kind, char *out, size_t size);

#endif
