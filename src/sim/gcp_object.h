/* sim/gcp_object.h - objects of Cloud Storage: what they are, kept bytes, preconditions, trash.
 *
 * Thread: the world's. Ownership: answers are new references.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_GCP_OBJECT_H
#define TG_SIM_GCP_OBJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/gcp_state.h"
#include "sim/md5.h"

/* Of larger objects only length and checksum are kept; their bytes are made up when read. */
#define SIM_OBJECT_KEPT_MAX ((size_t)1024 * 1024)

/* From now on the bucket of that name is another project's: the name cannot be had, nor what is in
 * it. */
void sim_gcp_take_bucket_name(struct sim_world *world, const char *name);

/* An object that is being written. */
struct sim_object_write {
    const char *bucket;
    const char *name;
    const json_t *metadata; /* of the request (contentType, metadata, ...); may be NULL */
    int64_t size;
    const char *bytes; /* all of them, or NULL when there are more than are kept */
    uint32_t crc32c;   /* of all of them */
    unsigned char md5[SIM_MD5_SIZE];
    bool has_checksums;
};

/* Writes the object, whose forerunner goes to the trash; the document, borrowed. NULL when there is
 * no such bucket or the name is none. */
const json_t *sim_gcp_object_write(struct sim_world *world, const struct sim_object_write *write);

/* Sets both checksums from len bytes. */
void sim_gcp_object_sum(struct sim_object_write *write, const void *bytes, size_t len);

/* CRC-32C continued from before (0 to begin). */
uint32_t sim_crc32c(uint32_t before, const void *bytes, size_t len);

/* True when the call's ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch and
 * ifMetagenerationNotMatch hold for document (NULL: there is none). */
bool sim_gcp_storage_may(const struct sim_gcp_call *call, const json_t *document);

/* 412 when they do not; NULL: go on. */
json_t *sim_gcp_storage_refuse(struct sim_gcp_call *call, const json_t *document);

/* Requests on "o" and below. */
json_t *sim_gcp_objects(struct sim_gcp_call *call, const char *bucket);

#endif
