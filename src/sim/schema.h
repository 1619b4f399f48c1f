/* sim/schema.h - the fields of Kubernetes' built-in kinds: their numbers on the wire, their names
 * and types in JSON, and how their lists merge. One table for decoding protobuf, checking JSON,
 * strategic merge patch and server-side apply.
 *
 * Thread: any; nothing here changes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_SCHEMA_H
#define TG_SIM_SCHEMA_H

#include <stdint.h>

#include "sim/store.h"

enum sim_field_shape {
    SIM_FIELD_ONE,     /* its zero value is the same as its absence */
    SIM_FIELD_POINTER, /* its zero value means something */
    SIM_FIELD_LIST,
    SIM_FIELD_MAP,   /* from text to the type */
    SIM_FIELD_INLINE /* its fields stand in JSON where this one would */
};

enum sim_field_type {
    SIM_FIELD_STRING,
    SIM_FIELD_BYTES, /* base64 in JSON */
    SIM_FIELD_BOOL,
    SIM_FIELD_INTEGER,
    SIM_FIELD_NUMBER,
    SIM_FIELD_QUANTITY,
    SIM_FIELD_INT_OR_STRING,
    SIM_FIELD_TIME,
    SIM_FIELD_MICRO_TIME,
    SIM_FIELD_DURATION,
    SIM_FIELD_STRINGS, /* a list of texts as value of a map */
    SIM_FIELD_ANY,     /* whatever JSON */
    SIM_FIELD_MESSAGE
};

struct sim_field {
    uint32_t number;  /* 0: not a field but the next message's name, or the end */
    const char *name; /* in JSON */
    enum sim_field_shape shape;
    enum sim_field_type type;
    const char *message;   /* of type MESSAGE */
    const char *strategic; /* merge key; "=" plain values are merged; "" replaced whole */
    const char *apply;     /* keys, comma-separated; "=" a set; "" atomic list; "!" atomic map */
};

/* First field of the message called name ("core.Container"); the fields end at number 0. NULL when
 * there is no such message. */
const struct sim_field *sim_schema_message(const char *name);

/* Message of a served resource, NULL for custom resources and what the table lacks. */
const struct sim_field *sim_schema_of(const struct sim_resource *resource);

/* Message of a kind of a group and version as bodies name it ("authorization.k8s.io/v1"), NULL when
 * unknown. */
const struct sim_field *sim_schema_of_kind(const char *api_version, const char *kind);

/* Field of a message by its name in JSON (inline messages searched too), or by its number; NULL
 * when there is none or message is NULL. */
const struct sim_field *sim_schema_field(const struct sim_field *message, const char *name);
const struct sim_field *sim_schema_field_number(const struct sim_field *message, uint32_t number);

/* Fields of the message that a field is made of; NULL when its type is no message. */
const struct sim_field *sim_schema_inner(const struct sim_field *field);

#endif
