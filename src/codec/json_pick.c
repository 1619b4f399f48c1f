/* codec/json_pick.c - one pass over the text: wanted values are made, others stepped over. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json_pick.h"

#include <stdbool.h>
#include <string.h>

struct picker {
    const char *at;
    const char *end;
    int depth_left;
};

static void skip_blanks(struct picker *picker)
{
    while (picker->at < picker->end && (*picker->at == ' ' || *picker->at == '\n' ||
                                        *picker->at == '\t' || *picker->at == '\r')) {
        picker->at++;
    }
}

static bool is_next(struct picker *picker, char byte)
{
    skip_blanks(picker);
    return picker->at < picker->end && *picker->at == byte;
}

/* Printing ASCII that stands for itself in a text. */
static bool is_plain(char byte)
{
    unsigned char code = (unsigned char)byte;
    return code >= ' ' && code < 0x80 && code != '\\' && code != '"';
}

/* Steps over a text; false when it does not end. Returns early for what nearly all texts are. */
static bool skip_text(struct picker *picker, bool *is_all_plain)
{
    const char *at = picker->at + 1;
    while (at < picker->end && is_plain(*at)) {
        at++;
    }
    *is_all_plain = at < picker->end && *at == '"';
    while (at < picker->end && *at != '"') {
        at += *at == '\\' ? 2 : 1;
    }
    picker->at = at + 1;
    return at < picker->end;
}

/* Steps over a whole value; false when it does not end, or is empty. */
static bool skip_value(struct picker *picker)
{
    bool is_all_plain = false;
    int depth = 0;
    skip_blanks(picker);
    const char *from = picker->at;
    while (picker->at < picker->end) {
        switch (*picker->at) {
        case '"':
            if (!skip_text(picker, &is_all_plain)) {
                return false;
            }
            break;
        case '{':
        case '[':
            if (++depth > picker->depth_left) {
                return false;
            }
            picker->at++;
            break;
        case '}':
        case ']':
            if (depth == 0) {
                return picker->at > from; /* the end of what holds a number or a word */
            }
            depth--;
            picker->at++;
            break;
        case ',':
            if (depth == 0) {
                return picker->at > from;
            }
            picker->at++;
            break;
        default:
            picker->at++;
            continue;
        }
        if (depth == 0) {
            return true;
        }
    }
    return false;
}

static const struct tg_json_wanted *find(const struct tg_json_wanted *wanted, const char *name,
                                         size_t len)
{
    for (; wanted->len > 0; wanted++) {
        if (wanted->len == len && wanted->name[0] == name[0] &&
            memcmp(wanted->name, name, len) == 0) {
            return wanted;
        }
    }
    return NULL;
}

/* What jansson makes of the text from there to where the picker stands; NULL when it refuses. */
static json_t *judged(const struct picker *picker, const char *from)
{
    return json_loadb(from, (size_t)(picker->at - from), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static json_t *pick_text(struct picker *picker)
{
    const char *from = picker->at;
    bool is_all_plain = false;
    if (!skip_text(picker, &is_all_plain)) {
        return NULL;
    }
    return is_all_plain ? json_stringn_nocheck(from + 1, (size_t)(picker->at - from) - 2)
                        : judged(picker, from);
}

static json_t *pick_value(struct picker *picker, const struct tg_json_wanted *wanted);

/* Sets the member whose name stands at from; takes value. */
static bool set(const struct picker *picker, json_t *object, const char *from, size_t len,
                bool is_name_plain, json_t *value)
{
    if (value == NULL) {
        return false;
    }
    if (is_name_plain) {
        return json_object_setn_new_nocheck(object, from + 1, len - 2, value) == 0;
    }
    const struct picker name = {from + len, picker->end, 0};
    json_t *text = judged(&name, from);
    const char *bytes = json_string_value(text);
    /* as jansson's parser: a name with a NUL in it is none */
    bool is_ok = bytes != NULL && strlen(bytes) == json_string_length(text);
    if (is_ok) {
        is_ok = json_object_setn_new_nocheck(object, bytes, strlen(bytes), value) == 0;
    } else {
        json_decref(value);
    }
    json_decref(text);
    return is_ok;
}

/* One member, from its name on. */
static bool pick_member(struct picker *picker, const struct tg_json_wanted *wanted, json_t *object)
{
    const char *name = picker->at;
    bool is_name_plain = false;
    if (!skip_text(picker, &is_name_plain)) {
        return false;
    }
    size_t len = (size_t)(picker->at - name);
    const struct tg_json_wanted *found = wanted != NULL ? find(wanted, name + 1, len - 2) : NULL;
    if (!is_next(picker, ':')) {
        return false;
    }
    picker->at++;
    if (found == NULL && wanted != NULL && is_name_plain) {
        return skip_value(picker);
    }
    /* A name with escapes may be any name: all below it is taken. */
    return set(picker, object, name, len, is_name_plain,
               pick_value(picker, found != NULL ? found->members : NULL));
}

static bool pick_members(struct picker *picker, const struct tg_json_wanted *wanted, json_t *object)
{
    picker->at++;
    while (is_next(picker, '"')) {
        if (!pick_member(picker, wanted, object)) {
            return false;
        }
        if (!is_next(picker, ',')) {
            break;
        }
        picker->at++;
        if (!is_next(picker, '"')) {
            return false;
        }
    }
    return is_next(picker, '}');
}

static bool pick_elements(struct picker *picker, const struct tg_json_wanted *wanted, json_t *array)
{
    picker->at++;
    if (is_next(picker, ']')) {
        return true;
    }
    for (;;) {
        json_t *value = pick_value(picker, wanted);
        if (value == NULL || json_array_append_new(array, value) != 0) {
            return false;
        }
        if (!is_next(picker, ',')) {
            return is_next(picker, ']');
        }
        picker->at++;
    }
}

/* Recursion is bounded by depth_left. */
static json_t *pick_value(struct picker *picker, const struct tg_json_wanted *wanted)
{
    if (is_next(picker, '"')) {
        return pick_text(picker);
    }
    bool is_object = is_next(picker, '{');
    if (!is_object && !is_next(picker, '[')) {
        const char *from = picker->at;
        return skip_value(picker) ? judged(picker, from) : NULL;
    }
    if (picker->depth_left == 0) {
        return NULL;
    }
    picker->depth_left--;
    json_t *value = is_object ? json_object() : json_array();
    bool is_ok = value != NULL && (is_object ? pick_members(picker, wanted, value)
                                             : pick_elements(picker, wanted, value));
    picker->depth_left++;
    if (!is_ok) {
        json_decref(value);
        return NULL;
    }
    picker->at++;
    return value;
}

json_t *tg_json_pick(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                     int depth_max)
{
    struct picker picker = {bytes, bytes + len, depth_max};
    if (!is_next(&picker, '{') && !is_next(&picker, '[')) {
        return NULL;
    }
    json_t *root = pick_value(&picker, wanted);
    skip_blanks(&picker);
    if (root != NULL && picker.at != picker.end) {
        json_decref(root);
        return NULL;
    }
    return root;
}
