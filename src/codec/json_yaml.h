/* codec/json_yaml.h - JSON as YAML that a person would have written: block style, plain scalars
 * where they read the same, several lines as a literal block.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_JSON_YAML_H
#define TG_CODEC_JSON_YAML_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

/* Appends a JSON object as a YAML document, keys in its order; codec/yaml_json.h reads the same
 * object back. False when the buffer's ceiling was passed. */
bool tg_json_to_yaml(const json_t *object, struct tg_buf *out);

#endif
