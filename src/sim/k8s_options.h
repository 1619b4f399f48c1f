/* sim/k8s_options.h - are a request's options what its verb takes?
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_OPTIONS_H
#define TG_SIM_K8S_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/front.h"

/* Options of a list or watch; false with the response filled (400, 422) when they do not go
 * together. *version is resourceVersion, 0 when there is none. */
bool sim_k8s_check_list_options(const json_t *query, bool is_watch, int64_t *version,
                                struct sim_response *response);

/* Options of a write by its method; body may be NULL and counts for DELETE alone. False with the
 * response filled (422) when one is unknown. is_apply: a server-side apply. */
bool sim_k8s_check_write_options(const json_t *query, const char *method, const json_t *body,
                                 bool is_apply, struct sim_response *response);

/* "resourceVersion: Invalid value: ..." as real servers say it of a text that is no version. The
 * caller frees. */
char *sim_k8s_bad_version(const char *text);

#endif
