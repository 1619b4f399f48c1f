/* sim/gcp_http.h - Google Cloud's side of HTTP: JSON, uploads, downloads, batches.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_HTTP_H
#define TG_SIM_GCP_HTTP_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/front.h"
#include "sim/gcp_state.h"

/* Answers one request of principal ("user:...") to Google Cloud's server. */
void sim_gcp_handle(struct sim_world *world, const char *principal,
                    const struct sim_request *request, struct sim_response *response);

/* Answers with an error as Google's APIs write it before any of them is asked. */
void sim_gcp_fail(struct sim_response *response, int code, const char *status, const char *message);

/* One part of a multipart body; texts are borrowed from the body. */
struct sim_gcp_part {
    const char *head; /* its header lines */
    size_t head_len;
    const char *body;
    size_t body_len;
};

/* Takes the next part of a multipart body off *at (of *left bytes); content_type says the boundary.
 * False at the end, or when there is none. */
bool sim_gcp_next_part(const char *content_type, const char **at, size_t *left,
                       struct sim_gcp_part *part);

/* Value of a header of the part ("Content-Type"), "" when absent. out is returned. */
const char *sim_gcp_part_header(const struct sim_gcp_part *part, const char *name, char *out,
                                size_t size);

/* True for the paths of uploads. */
bool sim_gcp_is_upload(const char *path);

/* Uploads to Cloud Storage: media, multipart, resumable (sim/gcp_upload.c). */
json_t *sim_gcp_upload(struct sim_gcp_call *call, const char *bucket);

/* An object's bytes, or the range of them that was asked for; fills the call's response and gives
 * NULL, or an error. */
json_t *sim_gcp_download(struct sim_gcp_call *call, const json_t *object);

#endif
