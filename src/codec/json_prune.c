/* codec/json_prune.c - one pass over the text: wanted spans are copied, others stepped over. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json_prune.h"

#include <string.h>

struct pruner {
    const char *at;
    const char *end;
    char *out;
    int depth_left;
};

static void skip_blanks(struct pruner *pruner)
{
    while (pruner->at < pruner->end && (*pruner->at == ' ' || *pruner->at == '\n' ||
                                        *pruner->at == '\t' || *pruner->at == '\r')) {
        pruner->at++;
    }
}

static bool is_next(struct pruner *pruner, char byte)
{
    skip_blanks(pruner);
    return pruner->at < pruner->end && *pruner->at == byte;
}

/* Steps over a text; false when it does not end. *has_escape is set when it has one. */
static bool skip_text(struct pruner *pruner, bool *has_escape)
{
    const char *at = pruner->at + 1;
    while (at < pruner->end && *at != '"') {
        if (*at == '\\') {
            *has_escape = true;
            at++;
        }
        at++;
    }
    pruner->at = at + 1;
    return at < pruner->end;
}

/* Steps over a whole value. */
static bool skip_value(struct pruner *pruner)
{
    bool has_escape = false;
    int depth = 0;
    skip_blanks(pruner);
    while (pruner->at < pruner->end) {
        switch (*pruner->at) {
        case '"':
            if (!skip_text(pruner, &has_escape)) {
                return false;
            }
            break;
        case '{':
        case '[':
            if (++depth > pruner->depth_left) {
                return false;
            }
            pruner->at++;
            break;
        case '}':
        case ']':
            if (depth == 0) {
                return true; /* the end of what holds a number or a word */
            }
            depth--;
            pruner->at++;
            break;
        case ',':
            if (depth == 0) {
                return true;
            }
            pruner->at++;
            break;
        default:
            pruner->at++;
            continue;
        }
        if (depth == 0) {
            return true;
        }
    }
    return false;
}

static void put(struct pruner *pruner, const char *from)
{
    size_t len = (size_t)(pruner->at - from);
    memcpy(pruner->out, from, len);
    pruner->out += len;
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

static bool copy_value(struct pruner *pruner, const struct tg_json_wanted *wanted);

/* One member, from its name on; *has_written tells whether a comma is due. */
static bool copy_member(struct pruner *pruner, const struct tg_json_wanted *wanted,
                        bool *has_written)
{
    const char *name = pruner->at;
    bool has_escape = false;
    if (!skip_text(pruner, &has_escape)) {
        return false;
    }
    const char *name_end = pruner->at;
    const struct tg_json_wanted *found = find(wanted, name + 1, (size_t)(name_end - name) - 2);
    if (!is_next(pruner, ':')) {
        return false;
    }
    pruner->at++;
    if (found == NULL && !has_escape) {
        return skip_value(pruner);
    }
    if (*has_written) {
        *pruner->out++ = ',';
    }
    *has_written = true;
    memcpy(pruner->out, name, (size_t)(name_end - name));
    pruner->out += name_end - name;
    *pruner->out++ = ':';
    /* A name with escapes may be any name: the parser will tell. */
    return copy_value(pruner, found != NULL ? found->members : NULL);
}

static bool copy_object(struct pruner *pruner, const struct tg_json_wanted *wanted)
{
    bool has_written = false;
    *pruner->out++ = *pruner->at++;
    while (is_next(pruner, '"')) {
        if (!copy_member(pruner, wanted, &has_written)) {
            return false;
        }
        if (!is_next(pruner, ',')) {
            break;
        }
        pruner->at++;
        if (!is_next(pruner, '"')) {
            return false;
        }
    }
    if (!is_next(pruner, '}')) {
        return false;
    }
    *pruner->out++ = *pruner->at++;
    return true;
}

static bool copy_array(struct pruner *pruner, const struct tg_json_wanted *wanted)
{
    *pruner->out++ = *pruner->at++;
    if (!is_next(pruner, ']')) {
        for (;;) {
            if (!copy_value(pruner, wanted)) {
                return false;
            }
            if (!is_next(pruner, ',')) {
                break;
            }
            *pruner->out++ = *pruner->at++;
        }
    }
    if (!is_next(pruner, ']')) {
        return false;
    }
    *pruner->out++ = *pruner->at++;
    return true;
}

/* Recursion is bounded by depth_left. */
static bool copy_value(struct pruner *pruner, const struct tg_json_wanted *wanted)
{
    bool is_array = is_next(pruner, '[');
    const char *from = pruner->at;
    if (wanted == NULL || !(is_array || is_next(pruner, '{'))) {
        if (!skip_value(pruner) || pruner->at == from) {
            return false;
        }
        put(pruner, from);
        return true;
    }
    if (pruner->depth_left == 0) {
        return false;
    }
    pruner->depth_left--;
    bool is_ok = is_array ? copy_array(pruner, wanted) : copy_object(pruner, wanted);
    pruner->depth_left++;
    return is_ok;
}

bool tg_json_prune(const char *bytes, size_t len, const struct tg_json_wanted *wanted,
                   int depth_max, char *out, size_t *out_len)
{
    struct pruner pruner = {bytes, bytes + len, out, depth_max};
    if (!copy_value(&pruner, wanted)) {
        return false;
    }
    skip_blanks(&pruner);
    *out_len = (size_t)(pruner.out - out);
    return pruner.at == pruner.end;
}
