/* sim/json_write.c - JSON values as text. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

#define NUMBER_SIZE    40 /* 17 digits, sign, point and exponent; or an integer of 64 bits */
#define PLAIN_FROM     0x20
#define INTEGER_DIGITS 20

static void write_value(struct tg_buf *out, const json_t *value);

static void write_escape(struct tg_buf *out, unsigned char byte)
{
    static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[8];
    for (size_t i = 0; i + 1 < sizeof short_form; i += 2) {
        if ((unsigned char)short_form[i] == byte) {
            text[0] = '\\';
            text[1] = short_form[i + 1];
            tg_buf_append(out, text, 2);
            return;
        }
    }
    snprintf(text, sizeof text, "\\u%04X", byte);
    tg_buf_puts(out, text);
}

static void write_text(struct tg_buf *out, const char *text, size_t len)
{
    size_t start = 0;
    tg_buf_putc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < PLAIN_FROM || byte == '"' || byte == '\\') {
            tg_buf_append(out, text + start, i - start);
            write_escape(out, byte);
            start = i + 1;
        }
    }
    tg_buf_append(out, text + start, len - start);
    tg_buf_putc(out, '"');
}

static void write_integer(struct tg_buf *out, json_int_t value)
{
    char digits[INTEGER_DIGITS + 1];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        digits[--at] = '-';
    }
    tg_buf_append(out, digits + at, sizeof digits - at);
}

/* Rare, and the shortest form of a double is jansson's to know. */
static void write_real(struct tg_buf *out, const json_t *value)
{
    char text[NUMBER_SIZE];
    size_t len = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);
    tg_assert(len <= sizeof text);
    tg_buf_append(out, text, len);
}

static void write_array(struct tg_buf *out, const json_t *value)
{
    size_t count = json_array_size(value);
    tg_buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            tg_buf_putc(out, ',');
        }
        write_value(out, json_array_get(value, i));
    }
    tg_buf_putc(out, ']');
}

static void write_object(struct tg_buf *out, const json_t *value, const char *skip_a,
                         const char *skip_b)
{
    bool is_first = true;
    json_t *object = (json_t *)(uintptr_t)value; /* iterators are of changeable objects only */
    tg_buf_putc(out, '{');
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        if ((skip_a != NULL && tg_str_eq(key, skip_a)) ||
            (skip_b != NULL && tg_str_eq(key, skip_b))) {
            continue;
        }
        if (!is_first) {
            tg_buf_putc(out, ',');
        }
        is_first = false;
        write_text(out, key, strlen(key));
        tg_buf_putc(out, ':');
        write_value(out, json_object_iter_value(at));
    }
    tg_buf_putc(out, '}');
}

static void write_value(struct tg_buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(out, value, NULL, NULL);
        break;
    case JSON_ARRAY:
        write_array(out, value);
        break;
    case JSON_STRING:
        write_text(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        write_integer(out, json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(out, value);
        break;
    case JSON_TRUE:
        tg_buf_puts(out, "true");
        break;
    case JSON_FALSE:
        tg_buf_puts(out, "false");
        break;
    case JSON_NULL:
        tg_buf_puts(out, "null");
        break;
    }
}

void sim_json_write(struct tg_buf *out, const json_t *value)
{
    tg_assert(value != NULL);
    write_value(out, value);
}

void sim_json_write_without(struct tg_buf *out, const json_t *value, const char *skip_a,
                            const char *skip_b)
{
    tg_assert(value != NULL);
    if (json_is_object(value)) {
        write_object(out, value, skip_a, skip_b);
    } else {
        write_value(out, value);
    }
}
