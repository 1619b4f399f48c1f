/* codec/lab_hazard.h - the part of a lab file that says what is wrong with the lab as it is
 * written, and what a fix changes.
 *
 * Private to codec/lab_*.c.
 *
 * Thread: any. Errors: CONFIG as "name:line:column: what".
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_LAB_HAZARD_H
#define TG_CODEC_LAB_HAZARD_H

#include "codec/lab_make.h"

/* Reads hazards, before the steps that name them. */
bool tg_lab_read_hazards(struct tg_lab_reader *reader, const struct tg_yaml_node *root);

/* Reads when and unless of a thing that is made. */
bool tg_lab_read_when(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      struct tg_lab_make *out);

/* Checks that {when FIX} and {unless FIX} in a step's commands, which may be NULL, name fixes. */
bool tg_lab_check_commands(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           const char *commands);

/* Fills the bodies that a manifest's document has with the fixes that change it. */
bool tg_lab_read_variants(struct tg_lab_reader *reader, struct tg_lab_make *make);

/* After the steps: every change must have found its thing. */
bool tg_lab_check_changes(struct tg_lab_reader *reader);

#endif
