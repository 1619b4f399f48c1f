/* sim/k8s_status.h - the Status object with which a Kubernetes API server says what went wrong.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_STATUS_H
#define TG_SIM_K8S_STATUS_H

#include <jansson.h>

#include "base/err.h"
#include "sim/front.h"
#include "sim/store.h"

/* New Status of a failure. reason NULL: as the code has it; "": none. details may be NULL, else it
 * is stolen. */
json_t *sim_k8s_status(int code, const char *reason, const char *message, json_t *details);

/* New "details" member naming an object; name may be NULL. */
json_t *sim_k8s_details(const struct sim_resource *resource, const char *name);

/* Answers with a Status; the reason follows from the code where that is unique (else give it). */
void sim_k8s_fail(struct sim_response *response, int code, const char *reason, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* "<plural>.<group> \"name\" not found" and its relatives. */
void sim_k8s_fail_not_found(struct sim_response *response, const struct sim_resource *resource,
                            const char *name);

/* Answers for a refused write of name: CONFLICT, NOT_FOUND, INVALID, EXPIRED. is_create tells
 * AlreadyExists from Conflict. */
void sim_k8s_fail_write(struct sim_response *response, const struct sim_resource *resource,
                        const char *name, bool is_create, const struct tg_err *err);

/* New cause of a 422: reason such as "FieldValueInvalid", field such as "spec.replicas". The second
 * form is FieldValueInvalid and tells the value, which may be NULL. */
json_t *sim_k8s_cause(const char *reason, const char *field, const char *message);
json_t *sim_k8s_cause_value(const char *field, const json_t *value, const char *text);

/* 422 with these causes (stolen) about what has this group ("" is core), kind and name. */
void sim_k8s_fail_causes(struct sim_response *response, const char *group, const char *kind,
                         const char *name, json_t *causes);

/* 422 with one cause: reason such as "FieldValueInvalid", field such as "spec.replicas". */
void sim_k8s_fail_invalid(struct sim_response *response, const struct sim_resource *resource,
                          const char *name, const char *reason, const char *field,
                          const char *message);

/* Answers with value (stolen) as JSON. */
void sim_k8s_reply(struct sim_response *response, int code, json_t *value);

/* "apps" resource as people read it: "deployments.apps", "pods". out is returned. */
const char *sim_k8s_resource_text(const struct sim_resource *resource, char *out, size_t size);

#endif
