/* sim/k8s_patch.h - the ways of changing an object by describing the change: merge, strategic merge
 * and JSON patch.
 *
 * Thread: the world's. Ownership: target and patch are borrowed and never changed; the result is a
 * new reference.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_PATCH_H
#define TG_SIM_K8S_PATCH_H

#include <jansson.h>

#include "base/err.h"
#include "sim/schema.h"

/* RFC 7386. */
json_t *sim_patch_merge(const json_t *target, json_t *patch);

/* Kubernetes' strategic merge: lists are merged as the fields of message say (sim/schema.h; NULL:
 * all are replaced), with the directives $patch, $retainKeys, $setElementOrder/x and
 * $deleteFromPrimitiveList/x. NULL and err (INVALID, 400) when a list element lacks its key. */
json_t *sim_patch_strategic(const struct sim_field *message, const json_t *target, json_t *patch,
                            struct tg_err *err);

/* RFC 6902. NULL and err: INVALID with detail 400 (no patch) or 422 (a path or test that fails). */
json_t *sim_patch_json(const json_t *target, const json_t *operations, struct tg_err *err);

/* A patch as refusals show it: map[a:1 b:map[c:d]]. The caller frees. */
char *sim_patch_text(const json_t *value);

#endif
