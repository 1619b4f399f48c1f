/* sim/selector.h - label and field selectors: parsed once, matched against objects.
 *
 * Thread: the world's. Ownership: a selector owns copies of its texts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SELECTOR_H
#define TG_SIM_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sim/store.h"

enum sim_selector_operator {
    SIM_SELECTOR_IN,     /* value is one of values (also "=") */
    SIM_SELECTOR_NOT_IN, /* value is none of values, or the key is absent (also "!=") */
    SIM_SELECTOR_EXISTS,
    SIM_SELECTOR_NOT_EXISTS,
    SIM_SELECTOR_GREATER, /* integer value > the integer in values[0] */
    SIM_SELECTOR_LESS,
};

struct sim_requirement {
    char *key;
    enum sim_selector_operator operator_kind;
    char **values;
    size_t value_count;
};

struct sim_selector {
    struct sim_requirement *requirements; /* all must hold; none: everything matches */
    size_t count;
};

/* Parses "a=b,c!=d,e in (x,y),!f,g". False with err (INVALID, 400) when it is not one; *selector is
 * then empty. */
bool sim_selector_parse_labels(struct sim_selector *selector, const char *text, struct tg_err *err);

/* Parses "metadata.name=x,status.phase!=Running" and checks that the resource can be selected by
 * those fields. */
bool sim_selector_parse_fields(struct sim_selector *selector, const char *text,
                               const struct sim_resource *resource, struct tg_err *err);

/* From the JSON of a LabelSelector ({"matchLabels": ..., "matchExpressions": ...}); NULL gives one
 * that matches all. */
void sim_selector_from_json(struct sim_selector *selector, const json_t *label_selector);
void sim_selector_fini(struct sim_selector *selector);

bool sim_selector_matches_labels(const struct sim_selector *selector, const json_t *object);
bool sim_selector_matches_fields(const struct sim_selector *selector, const json_t *object);

/* The text form of a LabelSelector's JSON, as the scale subresource shows it: "a=b,c in (x,y)". The
 * caller frees. */
char *sim_selector_text_of_json(const json_t *label_selector);

#endif
