/* sim/json_path.h - reading JSON objects by dotted paths, and the few edits that the API server
 * needs.
 *
 * Thread: the world's. Ownership: results are borrowed unless a function says that it returns a new
 * reference.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_JSON_PATH_H
#define TG_SIM_JSON_PATH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Value at path ("status.phase"; keys with dots cannot be reached this way), or NULL. Borrowed. */
json_t *sim_json_at(const json_t *object, const char *path);

/* Text at path, "" when it is absent or no string. Borrowed. */
const char *sim_json_text(const json_t *object, const char *path);

/* Integer at path, otherwise when it is absent or no integer. */
int64_t sim_json_int(const json_t *object, const char *path, int64_t otherwise);

/* True when path holds the JSON value true. */
bool sim_json_is_true(const json_t *object, const char *path);

/* Elements of the array at path; 0 when there is none. */
size_t sim_json_count(const json_t *object, const char *path);

/* Member key of object as an object that may be changed, made when it is missing or no object.
 * Borrowed. */
json_t *sim_json_make_object(json_t *object, const char *key);

/* text as a new JSON string; bytes that are no UTF-8 (a peer's own, or a message cut within a
 * character) become U+FFFD. Never NULL. */
json_t *sim_json_string(const char *text);

/* Sets key to value (stolen) unless object has it already (JSON null counts as missing). */
void sim_json_default(json_t *object, const char *key, json_t *value);

/* Condition of this type in status.conditions, or NULL. Borrowed. */
json_t *sim_json_condition(const json_t *object, const char *type);

/* New reference: copy of object whose metadata carries resource_version; everything else is shared.
 */
json_t *sim_json_with_version(json_t *object, uint64_t resource_version);

#endif
