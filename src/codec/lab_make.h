/* codec/lab_make.h - the half of a lab file that says what steps make; and what both halves read
 * with.
 *
 * Private to codec/lab_*.c.
 *
 * Thread: any. Errors: CONFIG as "name:line:column: what".
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_LAB_MAKE_H
#define TG_CODEC_LAB_MAKE_H

#include "codec/yaml.h"
#include "plan/lab.h"

struct tg_lab_reader {
    const char *name; /* of the file: the lab's, or a manifest's */
    struct tg_lab *lab;
    struct tg_err *err; /* of what is being read; tg_lab_note() moves it on */
    struct tg_lab_mistakes *mistakes;
    const char *whole_name;             /* of the lab's file */
    const struct tg_yaml_node *hazards; /* NULL: none */
};

/* All that is wrong with a file: one bad line must not hide the others. */
struct tg_lab_mistakes {
    struct tg_buf *lines; /* NULL: only the first is told */
    struct tg_err first;
    size_t count;
};

/* Reads a file with read(), which notes what is wrong with each of its parts. Each mistake is a
 * line in lines (NULL: not told), *count grows by how many there are, err is the first (CONFIG). */
bool tg_lab_parse_file(struct tg_lab *lab, const char *name, const char *bytes, size_t len,
                       bool (*read)(struct tg_lab_reader *reader, const struct tg_yaml_node *root),
                       struct tg_buf *lines, size_t *count, struct tg_err *err);

/* Takes down what went wrong with a part, so that the next one can be read; returns is_ok. */
bool tg_lab_note(struct tg_lab_reader *reader, bool is_ok);

/* True when node is a map and every key of it is one of keys (ended by NULL); notes each that is
 * not.
 */
bool tg_lab_check_keys(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       const char *const *keys);

/* Text of key in the lab's arena; NULL when it is not there. The second form makes that an error.
 */
const char *tg_lab_read_text(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                             const char *key);
bool tg_lab_need_text(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      const char *key, const char **out);

/* Text of key in the languages given; English there must be. */
bool tg_lab_read_localised(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           const char *key, struct tg_lab_text *out);

bool tg_lab_read_condition(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                           struct tg_lab_condition *out);
bool tg_lab_read_where(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       enum tg_lab_where *out);

/* Reads make, leftovers, timeout and once of a step. */
bool tg_lab_read_makes(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_lab_step *out);

/* Reads needs of the step at index, whose ids must stand before it; absent: the step before. */
bool tg_lab_read_needs(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_lab_step *steps, size_t index);

#endif
