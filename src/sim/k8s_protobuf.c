/* sim/k8s_protobuf.c - protobuf's wire format, read by the table of fields. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_protobuf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/schema.h"

#define DEPTH_MAX 40

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* Bytes that are still to be read; is_broken when they were not what was expected. */
struct input {
    const unsigned char *at;
    size_t len;
    bool is_broken;
};

struct tag {
    uint32_t number;
    enum wire wire;
};

static uint64_t take_varint(struct input *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in->len == 0) {
            break;
        }
        unsigned char byte = *in->at++;
        in->len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    in->is_broken = true;
    return 0;
}

static struct input take_bytes(struct input *in)
{
    uint64_t len = take_varint(in);
    if (in->is_broken || len > in->len) {
        in->is_broken = true;
        return (struct input){.len = 0};
    }
    struct input part = {.at = in->at, .len = (size_t)len};
    in->at += len;
    in->len -= (size_t)len;
    return part;
}

static bool take_tag(struct input *in, struct tag *tag)
{
    if (in->len == 0 || in->is_broken) {
        return false;
    }
    uint64_t value = take_varint(in);
    tag->number = (uint32_t)(value >> 3);
    tag->wire = (enum wire)(value & 7);
    in->is_broken = in->is_broken || value >> 3 == 0 || value >> 3 > UINT32_MAX;
    return !in->is_broken;
}

static void skip(struct input *in, enum wire wire)
{
    size_t fixed = wire == WIRE_64 ? 8 : wire == WIRE_32 ? 4 : 0;
    if (wire == WIRE_VARINT) {
        take_varint(in);
    } else if (wire == WIRE_BYTES) {
        take_bytes(in);
    } else if (fixed > 0 && in->len >= fixed) {
        in->at += fixed;
        in->len -= fixed;
    } else {
        in->is_broken = true;
    }
}

static json_t *text_of(struct input *in)
{
    json_t *text = json_stringn((const char *)in->at, in->len);
    in->is_broken = in->is_broken || text == NULL;
    return text == NULL ? json_null() : text;
}

/* ---- small messages with a JSON form of their own ---- */

struct numbers {
    uint64_t value[4]; /* by field number */
    struct input bytes[4];
};

static struct numbers read_numbers(struct input part)
{
    struct numbers numbers = {.value = {0}};
    struct tag tag;
    while (take_tag(&part, &tag)) {
        if (tag.number > 3) {
            skip(&part, tag.wire);
        } else if (tag.wire == WIRE_BYTES) {
            numbers.bytes[tag.number] = take_bytes(&part);
        } else {
            numbers.value[tag.number] = take_varint(&part);
        }
    }
    return numbers;
}

static json_t *time_of(struct input part, int digits)
{
    struct numbers numbers = read_numbers(part);
    int64_t seconds = (int64_t)numbers.value[1];
    if (part.len == 0 || seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799)) {
        return json_null();
    }
    char text[48];
    int64_t us = seconds * TG_US_PER_S + (int64_t)(numbers.value[2] % 1000000000) / 1000;
    return json_string(tg_fmt_rfc3339(text, sizeof text, us, digits));
}

static json_t *int_or_string_of(struct input part)
{
    struct numbers numbers = read_numbers(part);
    if (numbers.value[1] == 1) {
        return text_of(&numbers.bytes[3]);
    }
    return json_integer((json_int_t)(int32_t)numbers.value[2]);
}

static json_t *strings_of(struct input part)
{
    json_t *list = json_array();
    struct tag tag;
    while (take_tag(&part, &tag)) {
        if (tag.number == 1 && tag.wire == WIRE_BYTES) {
            struct input item = take_bytes(&part);
            json_array_append_new(list, text_of(&item));
        } else {
            skip(&part, tag.wire);
        }
    }
    return list;
}

static json_t *any_of(struct input part)
{
    struct numbers numbers = read_numbers(part);
    json_t *value =
        json_loadb((const char *)numbers.bytes[1].at, numbers.bytes[1].len, JSON_DECODE_ANY, NULL);
    return value == NULL ? json_null() : value;
}

/* ---- messages by the table ---- */

static void read_message(struct input *in, const struct sim_field *message, json_t *object,
                         int depth);

static json_t *bytes_value(const struct sim_field *field, struct input part, struct input *in,
                           int depth)
{
    json_t *value = NULL;
    char *base64 = NULL;
    switch (field->type) {
    case SIM_FIELD_STRING:
        value = text_of(&part);
        break;
    case SIM_FIELD_BYTES:
        base64 = tg_base64_encode(part.at == NULL ? (const unsigned char *)"" : part.at, part.len);
        value = json_string(base64);
        free(base64);
        break;
    case SIM_FIELD_QUANTITY:
        part = read_numbers(part).bytes[1];
        value = text_of(&part);
        break;
    case SIM_FIELD_INT_OR_STRING:
        value = int_or_string_of(part);
        break;
    case SIM_FIELD_TIME:
        value = time_of(part, 0);
        break;
    case SIM_FIELD_MICRO_TIME:
        value = time_of(part, 6);
        break;
    case SIM_FIELD_STRINGS:
        value = strings_of(part);
        break;
    case SIM_FIELD_ANY:
        value = any_of(part);
        break;
    case SIM_FIELD_MESSAGE:
        value = json_object();
        read_message(&part, sim_schema_inner(field), value, depth + 1);
        break;
    case SIM_FIELD_BOOL:
    case SIM_FIELD_INTEGER:
    case SIM_FIELD_NUMBER:
    case SIM_FIELD_DURATION:
        part.is_broken = true;
        value = json_null();
        break;
    }
    in->is_broken = in->is_broken || part.is_broken;
    return value;
}

static json_t *plain_value(const struct sim_field *field, uint64_t value)
{
    if (field->type == SIM_FIELD_BOOL) {
        return json_boolean(value != 0);
    }
    return json_integer((json_int_t)(int64_t)value);
}

/* One entry of a map: key and value. */
static void read_entry(const struct sim_field *field, struct input part, struct input *in,
                       json_t *map, int depth)
{
    char *key = NULL;
    json_t *value = NULL;
    struct tag tag;
    while (take_tag(&part, &tag)) {
        if (tag.wire != WIRE_BYTES) {
            skip(&part, tag.wire);
            continue;
        }
        struct input bytes = take_bytes(&part);
        if (tag.number == 1 && key == NULL) {
            key = tg_strndup((const char *)bytes.at, bytes.len);
        } else if (tag.number == 2) {
            json_decref(value);
            value = bytes_value(field, bytes, &part, depth);
        }
    }
    if (value == NULL) { /* an empty text travels as nothing */
        value = field->type == SIM_FIELD_MESSAGE ? json_object() : json_string("");
    }
    bool is_set = json_object_set_new(map, key == NULL ? "" : key, value) == 0;
    in->is_broken = in->is_broken || part.is_broken || !is_set;
    free(key);
}

/* The list or map of that name in object, made when missing; borrowed. */
static json_t *container_of(json_t *object, const struct sim_field *field)
{
    json_t *made = json_object_get(object, field->name);
    if (made == NULL) {
        made = field->shape == SIM_FIELD_LIST ? json_array() : json_object();
        json_object_set_new(object, field->name, made);
    }
    return made;
}

static void read_field(struct input *in, const struct sim_field *field, struct tag tag,
                       json_t *object, int depth)
{
    if (tag.wire != WIRE_BYTES) {
        if (tag.wire != WIRE_VARINT ||
            (field->type != SIM_FIELD_BOOL && field->type != SIM_FIELD_INTEGER)) {
            skip(in, tag.wire);
            return;
        }
        json_t *value = plain_value(field, take_varint(in));
        if (field->shape == SIM_FIELD_LIST) {
            json_array_append_new(container_of(object, field), value);
        } else {
            json_object_set_new(object, field->name, value);
        }
        return;
    }
    struct input part = take_bytes(in);
    if (in->is_broken) {
        return;
    }
    if (field->shape == SIM_FIELD_INLINE) {
        read_message(&part, sim_schema_inner(field), object, depth + 1);
        in->is_broken = part.is_broken;
    } else if (field->shape == SIM_FIELD_MAP) {
        read_entry(field, part, in, container_of(object, field), depth);
    } else if (field->shape == SIM_FIELD_LIST) {
        json_array_append_new(container_of(object, field), bytes_value(field, part, in, depth));
    } else {
        json_object_set_new(object, field->name, bytes_value(field, part, in, depth));
    }
}

static void read_message(struct input *in, const struct sim_field *message, json_t *object,
                         int depth)
{
    struct tag tag;
    in->is_broken = in->is_broken || depth > DEPTH_MAX || message == NULL;
    while (take_tag(in, &tag)) {
        const struct sim_field *field = sim_schema_field_number(message, tag.number);
        if (field == NULL) {
            skip(in, tag.wire);
        } else {
            read_field(in, field, tag, object, depth);
        }
    }
}

/* Go writes every field that is no pointer, zero values too; JSON leaves those out. */
static bool is_zero(const json_t *value)
{
    return json_is_null(value) || json_is_false(value) ||
           (json_is_integer(value) && json_integer_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static void drop_zeros(json_t *value, const struct sim_field *message)
{
    const char *key;
    json_t *member;
    void *next;
    size_t i;
    json_array_foreach(value, i, member)
    {
        drop_zeros(member, message);
    }
    json_object_foreach_safe(value, next, key, member)
    {
        const struct sim_field *field = sim_schema_field(message, key);
        if (field != NULL && field->shape != SIM_FIELD_MAP) {
            drop_zeros(member, sim_schema_inner(field));
            if (field->shape != SIM_FIELD_POINTER && is_zero(member)) {
                json_object_del(value, key);
            }
        }
    }
}

/* ---- the envelope ---- */

struct envelope {
    char api_version[128];
    char kind[128];
    struct input raw;
};

static void copy_text(char *out, size_t size, struct input part)
{
    snprintf(out, size, "%.*s", (int)(part.len < size ? part.len : size - 1),
             part.at == NULL ? "" : (const char *)part.at);
}

static bool read_envelope(const char *bytes, size_t len, struct envelope *envelope)
{
    static const char magic[4] = {'k', '8', 's', '\0'};
    *envelope = (struct envelope){.kind = ""};
    if (len < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0) {
        return false;
    }
    struct input in = {.at = (const unsigned char *)bytes + sizeof magic,
                       .len = len - sizeof magic};
    struct tag tag;
    while (take_tag(&in, &tag)) {
        if (tag.wire != WIRE_BYTES) {
            skip(&in, tag.wire);
            continue;
        }
        struct input part = take_bytes(&in);
        if (tag.number == 1) {
            struct numbers type = read_numbers(part);
            copy_text(envelope->api_version, sizeof envelope->api_version, type.bytes[1]);
            copy_text(envelope->kind, sizeof envelope->kind, type.bytes[2]);
        } else if (tag.number == 2) {
            envelope->raw = part;
        }
    }
    return !in.is_broken;
}

json_t *sim_protobuf_decode(const char *bytes, size_t len, struct tg_err *err)
{
    struct envelope envelope;
    if (!read_envelope(bytes, len, &envelope)) {
        tg_err_set(err, TG_CODE_INVALID, 400, "the body is no protobuf of Kubernetes");
        return NULL;
    }
    const struct sim_field *message = sim_schema_of_kind(envelope.api_version, envelope.kind);
    if (message == NULL) {
        tg_err_set(err, TG_CODE_INVALID, 415,
                   "the body of the request was in an unknown format - accepted media types "
                   "include: application/json");
        return NULL;
    }
    json_t *object = json_pack("{s:s%,s:s%}", "kind", envelope.kind, strlen(envelope.kind),
                               "apiVersion", envelope.api_version, strlen(envelope.api_version));
    if (object != NULL) {
        read_message(&envelope.raw, message, object, 0);
        drop_zeros(object, message);
    }
    if (object == NULL || envelope.raw.is_broken) {
        json_decref(object);
        tg_err_set(err, TG_CODE_INVALID, 400, "the protobuf body is malformed");
        return NULL;
    }
    return object;
}
