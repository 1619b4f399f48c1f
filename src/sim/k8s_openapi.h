/* sim/k8s_openapi.h - OpenAPI v3 documents: which kinds there are, and the fields that the world
 * knows of them.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_OPENAPI_H
#define TG_SIM_K8S_OPENAPI_H

#include <stdbool.h>

#include "sim/front.h"
#include "sim/store.h"

/* Answers a GET of path when it is /openapi/v2, /openapi/v3 or below; false (nothing done) when it
 * is not. */
bool sim_k8s_openapi(struct sim_store *store, const char *path, const char *accept,
                     struct sim_response *response);

#endif
