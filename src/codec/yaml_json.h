/* codec/yaml_json.h - a YAML tree as JSON text, with the types that YAML's core schema gives to
 * plain scalars.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_YAML_JSON_H
#define TG_CODEC_YAML_JSON_H

#include "base/buf.h"
#include "codec/yaml.h"

/* Appends node as JSON: true, false, null and whole numbers where a plain scalar reads as one, text
 * otherwise (decimals too: what the APIs take are quantities, not floats). False when the buffer's
 * ceiling was passed. */
bool tg_yaml_to_json(const struct tg_yaml_node *node, struct tg_buf *out);

#endif
