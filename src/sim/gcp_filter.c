/* sim/gcp_filter.c - the filter parameter of Google's list methods. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_list.h"
#include "sim/json_path.h"
#include "sim/pattern.h"
#include "sim/query.h"

#define FIELD_SIZE       96
#define VALUE_SIZE       1024
#define DEPTH_MAX        16
#define PATTERN_WORK_MAX 1000000 /* steps for one value */

struct parser {
    const char *at;
    const json_t *item;
    int depth;
    bool is_valid;
};

enum operator{
    OP_HAS,
    OP_MATCHES,
    OP_MATCHES_NOT,
    OP_IS,
    OP_IS_NOT,
    OP_LESS,
    OP_LESS_OR_IS,
    OP_MORE,
    OP_MORE_OR_IS
};

static const struct {
    const char *text;
    enum operator op;
} operators[] = {
    {"eq ", OP_MATCHES},   {"ne ", OP_MATCHES_NOT}, {"!=", OP_IS_NOT},
    {"<=", OP_LESS_OR_IS}, {">=", OP_MORE_OR_IS},   {"=", OP_IS},
    {"<", OP_LESS},        {">", OP_MORE},          {":", OP_HAS},
};

/* Compute Engine matches the whole value. */
static bool matches(struct parser *parser, const char *value, const char *pattern)
{
    int64_t work = PATTERN_WORK_MAX;
    char *whole = tg_asprintf("^(?:%s)$", pattern);
    enum sim_pattern_verdict verdict = sim_pattern_find(whole, value, &work);
    free(whole);
    if (verdict == SIM_PATTERN_UNKNOWN || verdict == SIM_PATTERN_TOO_LONG) {
        parser->is_valid = false;
    }
    return verdict == SIM_PATTERN_MATCHES;
}

/* The value as the filter compares it; false when there is none. out has VALUE_SIZE bytes. */
static bool text_of(const json_t *value, char *out)
{
    if (json_is_string(value)) {
        tg_str_copy(out, VALUE_SIZE, json_string_value(value));
        return true;
    }
    if (json_is_integer(value)) {
        snprintf(out, VALUE_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    }
    if (json_is_real(value)) {
        snprintf(out, VALUE_SIZE, "%g", json_real_value(value));
        return true;
    }
    tg_str_copy(out, VALUE_SIZE,
                json_is_true(value)    ? "true"
                : json_is_false(value) ? "false"
                                       : "");
    return json_is_boolean(value);
}

static int order(const char *a, const char *b)
{
    double left;
    double right;
    if (tg_str_to_double(a, &left) && tg_str_to_double(b, &right)) {
        return left < right ? -1 : left > right;
    }
    return strcmp(a, b);
}

static bool holds(struct parser *parser, const char *value, enum operator op, const char *wanted)
{
    switch (op) {
    case OP_HAS:
        return tg_str_eq(wanted, "*") || tg_str_contains_nocase(value, wanted);
    case OP_MATCHES:
        return matches(parser, value, wanted);
    case OP_MATCHES_NOT:
        return !matches(parser, value, wanted);
    case OP_IS:
        return tg_str_eq(value, wanted);
    case OP_IS_NOT:
        return !tg_str_eq(value, wanted);
    case OP_LESS:
        return order(value, wanted) < 0;
    case OP_LESS_OR_IS:
        return order(value, wanted) <= 0;
    case OP_MORE:
        return order(value, wanted) > 0;
    case OP_MORE_OR_IS:
        return order(value, wanted) >= 0;
    }
    return false;
}

/* One comparison; of a list's elements one must hold, and what is not there holds only what
 * negates. */
static bool decide(struct parser *parser, const char *field, enum operator op, const char *wanted)
{
    char text[VALUE_SIZE];
    const json_t *value = sim_json_at(parser->item, field);
    if (json_is_array(value)) {
        bool is_match = false;
        size_t i;
        json_t *element;
        json_array_foreach(value, i, element)
        {
            is_match = is_match || (text_of(element, text) && holds(parser, text, op, wanted));
        }
        return is_match;
    }
    if (!text_of(value, text)) {
        return op == OP_MATCHES_NOT || op == OP_IS_NOT ||
               (op == OP_HAS && tg_str_eq(wanted, "*") && json_is_object(value));
    }
    return holds(parser, text, op, wanted);
}

static void skip_blanks(struct parser *parser)
{
    parser->at += strspn(parser->at, " \t\n");
}

static bool take_word(struct parser *parser, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(parser->at, word, len) != 0 || isalnum((unsigned char)parser->at[len])) {
        return false;
    }
    parser->at += len;
    skip_blanks(parser);
    return true;
}

/* A value in quotes, or up to the next blank or parenthesis. An expression keeps its backslashes.
 */
static void take_value(struct parser *parser, bool is_expression, char *out)
{
    size_t used = 0;
    char quote = *parser->at == '"' || *parser->at == '\'' ? *parser->at++ : '\0';
    while (*parser->at != '\0' &&
           (quote != '\0' ? *parser->at != quote : strchr(" \t\n()", *parser->at) == NULL)) {
        bool is_escape = *parser->at == '\\' && parser->at[1] != '\0';
        if (is_escape && is_expression && used < VALUE_SIZE - 1) {
            out[used++] = '\\';
        }
        parser->at += is_escape ? 1 : 0;
        if (used < VALUE_SIZE - 1) {
            out[used++] = *parser->at;
        }
        parser->at++;
    }
    out[used] = '\0';
    if (quote != '\0' && *parser->at == quote) {
        parser->at++;
    } else if (quote != '\0') {
        parser->is_valid = false;
    }
    skip_blanks(parser);
}

static bool comparison(struct parser *parser)
{
    char field[FIELD_SIZE];
    char wanted[VALUE_SIZE];
    size_t len = strcspn(parser->at, " =:!<>()\"'");
    if (len == 0 || len >= sizeof field) {
        parser->is_valid = false;
        return false;
    }
    snprintf(field, sizeof field, "%.*s", (int)len, parser->at);
    parser->at += len;
    skip_blanks(parser);
    for (size_t i = 0; i < TG_COUNT(operators); i++) {
        if (tg_str_has_prefix(parser->at, operators[i].text)) {
            parser->at += strlen(operators[i].text);
            skip_blanks(parser);
            enum operator op = operators[i].op;
            take_value(parser, op == OP_MATCHES || op == OP_MATCHES_NOT, wanted);
            return decide(parser, field, op, wanted);
        }
    }
    parser->is_valid = false;
    return false;
}

static bool sequence(struct parser *parser);

static bool term(struct parser *parser)
{
    if (++parser->depth > DEPTH_MAX) {
        parser->is_valid = false;
        return false;
    }
    bool is_match;
    if (take_word(parser, "NOT")) {
        is_match = !term(parser);
    } else if (*parser->at == '-') {
        parser->at++;
        is_match = !term(parser);
    } else if (*parser->at == '(') {
        parser->at++;
        skip_blanks(parser);
        is_match = sequence(parser);
        if (*parser->at == ')') {
            parser->at++;
            skip_blanks(parser);
        } else {
            parser->is_valid = false;
        }
    } else {
        is_match = comparison(parser);
    }
    parser->depth--;
    return is_match;
}

/* Terms joined by OR, which binds closer than AND does. */
static bool factor(struct parser *parser)
{
    bool is_match = term(parser);
    while (parser->is_valid && take_word(parser, "OR")) {
        is_match = term(parser) || is_match;
    }
    return is_match;
}

static bool sequence(struct parser *parser)
{
    bool is_match = factor(parser);
    while (parser->is_valid && *parser->at != '\0' && *parser->at != ')') {
        take_word(parser, "AND");
        is_match = factor(parser) && is_match;
    }
    return is_match;
}

bool sim_gcp_is_wanted(const char *filter, const json_t *item, bool *is_valid)
{
    struct parser parser = {.at = filter, .item = item, .is_valid = true};
    skip_blanks(&parser);
    bool is_match = *parser.at == '\0' || sequence(&parser);
    bool is_good = parser.is_valid && *parser.at == '\0';
    if (is_valid != NULL) {
        *is_valid = is_good;
    }
    return is_match && is_good;
}

bool sim_gcp_filter(struct sim_gcp_call *call, json_t *items, json_t **error)
{
    const char *filter = sim_query_text(call->params, "filter");
    bool is_valid = true;
    if (filter[0] == '\0') {
        return true;
    }
    json_t *nothing = json_object();
    sim_gcp_is_wanted(filter, nothing, &is_valid);
    json_decref(nothing);
    for (size_t i = json_array_size(items); is_valid && i > 0; i--) {
        if (!sim_gcp_is_wanted(filter, json_array_get(items, i - 1), NULL)) {
            json_array_remove(items, i - 1);
        }
    }
    if (!is_valid) {
        *error = sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                               "Invalid value for field 'filter': '%.200s'. Invalid list filter "
                               "expression.",
                               filter);
    }
    return is_valid;
}
