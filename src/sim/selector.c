/* sim/selector.c - label and field selectors. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"

#define SELECTOR_TEXT_MAX 65536u
#define WORD_SIZE         512

void sim_selector_fini(struct sim_selector *selector)
{
    for (size_t i = 0; i < selector->count; i++) {
        struct sim_requirement *requirement = &selector->requirements[i];
        free(requirement->key);
        for (size_t v = 0; v < requirement->value_count; v++) {
            free(requirement->values[v]);
        }
        free(requirement->values);
    }
    free(selector->requirements);
    *selector = (struct sim_selector){NULL, 0};
}

static struct sim_requirement *add(struct sim_selector *selector, char *key,
                                   enum sim_selector_operator operator_kind)
{
    selector->requirements = tg_realloc_array(selector->requirements, selector->count + 1,
                                              sizeof *selector->requirements);
    struct sim_requirement *requirement = &selector->requirements[selector->count++];
    *requirement = (struct sim_requirement){key, operator_kind, NULL, 0};
    return requirement;
}

static void add_value(struct sim_requirement *requirement, char *value)
{
    requirement->values = tg_realloc_array(requirement->values, requirement->value_count + 1,
                                           sizeof *requirement->values);
    requirement->values[requirement->value_count++] = value;
}

/* ---- label selectors, read as a real server's parser reads them, with its refusals ---- */

enum token {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_COMMA,
    TOKEN_NOT,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_EQUALS, /* also == */
    TOKEN_NOT_EQUALS,
    TOKEN_GREATER,
    TOKEN_LESS,
};

struct parser {
    const char *at;
    bool is_inside; /* of a requirement */
    struct tg_err *err;
};

/* wanted as the real one says it: ", expected: identifier". */
static bool fail(struct parser *parser, const char *found, const char *wanted)
{
    return tg_err_set(parser->err, TG_CODE_INVALID, 400, "%sfound '%.100s'%s",
                      parser->is_inside ? "unable to parse requirement: " : "", found, wanted);
}

/* Takes the next token off *at; its text goes into word. */
static enum token take(const char **at, char *word, size_t size)
{
    static const struct {
        const char *text;
        enum token token;
    } signs[] = {{"==", TOKEN_EQUALS}, {"!=", TOKEN_NOT_EQUALS}, {"=", TOKEN_EQUALS},
                 {"!", TOKEN_NOT},     {",", TOKEN_COMMA},       {"(", TOKEN_OPEN},
                 {")", TOKEN_CLOSE},   {">", TOKEN_GREATER},     {"<", TOKEN_LESS}};
    *at += strspn(*at, " \t\r\n");
    if (**at == '\0') {
        word[0] = '\0';
        return TOKEN_END;
    }
    for (size_t i = 0; i < TG_COUNT(signs); i++) {
        if (tg_str_has_prefix(*at, signs[i].text)) {
            tg_str_copy(word, size, signs[i].text);
            *at += strlen(signs[i].text);
            return signs[i].token;
        }
    }
    size_t len = strcspn(*at, " \t\r\n=!(),<>");
    snprintf(word, size, "%.*s", (int)(len < size ? len : size - 1), *at);
    *at += len;
    return TOKEN_WORD;
}

static enum token peek(const struct parser *parser, char *word, size_t size)
{
    const char *at = parser->at;
    return take(&at, word, size);
}

static bool parse_set(struct parser *parser, struct sim_requirement *requirement)
{
    char word[WORD_SIZE];
    if (take(&parser->at, word, sizeof word) != TOKEN_OPEN) {
        return fail(parser, word, " expected: '('");
    }
    for (;;) {
        enum token token = peek(parser, word, sizeof word);
        bool is_word = token == TOKEN_WORD;
        if (!is_word && token != TOKEN_COMMA && token != TOKEN_CLOSE) {
            return fail(parser, word,
                        requirement->value_count == 0 ? ", expected: ',', ')' or "
                                                        "identifier"
                                                      : ", expected: ',', or "
                                                        "identifier");
        }
        add_value(requirement, tg_strdup(is_word ? word : ""));
        if (is_word) {
            take(&parser->at, word, sizeof word);
        }
        token = take(&parser->at, word, sizeof word);
        if (token == TOKEN_CLOSE) {
            return true;
        }
        if (token != TOKEN_COMMA) {
            return fail(parser, word, ", expected: ',' or ')'");
        }
    }
}

static bool parse_exact(struct parser *parser, struct sim_requirement *requirement)
{
    char word[WORD_SIZE];
    enum token token = peek(parser, word, sizeof word);
    if (token == TOKEN_END || token == TOKEN_COMMA) {
        add_value(requirement, tg_strdup(""));
        return true;
    }
    if (take(&parser->at, word, sizeof word) != TOKEN_WORD) {
        return fail(parser, word, ", expected: identifier");
    }
    add_value(requirement, tg_strdup(word));
    return true;
}

static bool check_values(struct parser *parser, const struct sim_requirement *requirement)
{
    bool is_order = requirement->operator_kind == SIM_SELECTOR_GREATER ||
                    requirement->operator_kind == SIM_SELECTOR_LESS;
    for (size_t i = 0; i < requirement->value_count; i++) {
        const char *value = requirement->values[i];
        int64_t number;
        if (is_order && !tg_str_to_int64(value, INT64_MIN, INT64_MAX, &number)) {
            return tg_err_set(parser->err, TG_CODE_INVALID, 400,
                              "unable to parse requirement: values[%zu]: Invalid value: \"%.63s\": "
                              "for 'Gt', 'Lt' operators, the value must be an integer",
                              i, value);
        }
        if (!sim_k8s_is_label(value)) {
            return tg_err_set(parser->err, TG_CODE_INVALID, 400,
                              "unable to parse requirement: values[%zu][%.63s]: Invalid value: "
                              "\"%.63s\": %s",
                              i, requirement->key, value, sim_k8s_label_rule(false));
        }
    }
    return true;
}

static bool parse_requirement(struct sim_selector *selector, struct parser *parser)
{
    char word[WORD_SIZE];
    enum token token = take(&parser->at, word, sizeof word);
    bool is_negated = token == TOKEN_NOT;
    if (is_negated) {
        token = take(&parser->at, word, sizeof word);
    }
    if (token != TOKEN_WORD) {
        return fail(parser, word, ", expected: identifier");
    }
    if (!sim_k8s_is_label_key(word)) {
        return tg_err_set(parser->err, TG_CODE_INVALID, 400,
                          "unable to parse requirement: <nil>: Invalid value: \"%.63s\": %s", word,
                          sim_k8s_label_rule(true));
    }
    char sign[WORD_SIZE];
    token = peek(parser, sign, sizeof sign);
    if (is_negated || token == TOKEN_END || token == TOKEN_COMMA) {
        add(selector, tg_strdup(word), is_negated ? SIM_SELECTOR_NOT_EXISTS : SIM_SELECTOR_EXISTS);
        return true;
    }
    take(&parser->at, sign, sizeof sign);
    bool is_in = token == TOKEN_WORD && tg_str_eq(sign, "in");
    bool is_set = is_in || (token == TOKEN_WORD && tg_str_eq(sign, "notin"));
    bool is_sign = token == TOKEN_EQUALS || token == TOKEN_NOT_EQUALS || token == TOKEN_GREATER ||
                   token == TOKEN_LESS;
    if (!is_set && !is_sign) {
        return fail(parser, sign,
                    ", expected: in, notin, =, ==, !=, "
                    "gt, lt");
    }
    enum sim_selector_operator kind = token == TOKEN_GREATER           ? SIM_SELECTOR_GREATER
                                      : token == TOKEN_LESS            ? SIM_SELECTOR_LESS
                                      : is_in || token == TOKEN_EQUALS ? SIM_SELECTOR_IN
                                                                       : SIM_SELECTOR_NOT_IN;
    struct sim_requirement *requirement = add(selector, tg_strdup(word), kind);
    return (is_set ? parse_set(parser, requirement) : parse_exact(parser, requirement)) &&
           check_values(parser, requirement);
}

static bool parse_selector(struct sim_selector *selector, struct parser *parser)
{
    char word[WORD_SIZE];
    enum token token = peek(parser, word, sizeof word);
    if (token == TOKEN_END) {
        return true;
    }
    if (token != TOKEN_WORD && token != TOKEN_NOT) {
        return fail(parser, word, ", expected: !, identifier, or 'end of string'");
    }
    for (;;) {
        parser->is_inside = true;
        if (!parse_requirement(selector, parser)) {
            return false;
        }
        parser->is_inside = false;
        token = take(&parser->at, word, sizeof word);
        if (token == TOKEN_END) {
            return true;
        }
        if (token != TOKEN_COMMA) {
            return fail(parser, word, ", expected: ',' or 'end of string'");
        }
        token = peek(parser, word, sizeof word);
        if (token != TOKEN_WORD && token != TOKEN_NOT) {
            return fail(parser, word, ", expected: identifier after ','");
        }
    }
}

bool sim_selector_parse_labels(struct sim_selector *selector, const char *text, struct tg_err *err)
{
    *selector = (struct sim_selector){NULL, 0};
    struct parser parser = {text, false, err};
    if (!parse_selector(selector, &parser)) {
        sim_selector_fini(selector);
        return false;
    }
    return true;
}

/* ---- field selectors ---- */

/* Fields that a resource can be selected by, besides metadata.name and metadata.namespace. */
static const struct {
    const char *plural;
    const char *field;
} selectable[] = {
    {"events", "involvedObject.kind"},
    {"events", "involvedObject.namespace"},
    {"events", "involvedObject.name"},
    {"events", "involvedObject.uid"},
    {"events", "involvedObject.apiVersion"},
    {"events", "involvedObject.resourceVersion"},
    {"events", "involvedObject.fieldPath"},
    {"events", "reason"},
    {"events", "reportingComponent"},
    {"events", "source"},
    {"events", "type"},
    {"namespaces", "status.phase"},
    {"nodes", "spec.unschedulable"},
    {"pods", "spec.nodeName"},
    {"pods", "spec.restartPolicy"},
    {"pods", "spec.schedulerName"},
    {"pods", "spec.serviceAccountName"},
    {"pods", "spec.hostNetwork"},
    {"pods", "status.phase"},
    {"pods", "status.podIP"},
    {"pods", "status.nominatedNodeName"},
    {"jobs", "status.successful"},
    {"resourceslices", "spec.nodeName"},
    {"resourceslices", "spec.driver"},
    {"resourceslices", "spec.pool.name"},
    {"secrets", "type"},
    {"services", "spec.clusterIP"},
    {"services", "spec.type"},
};

static bool is_selectable(const struct sim_resource *resource, const char *field)
{
    if (tg_str_eq(field, "metadata.name")) {
        return true;
    }
    if (tg_str_eq(field, "metadata.namespace")) {
        return resource->is_namespaced;
    }
    for (size_t i = 0; i < TG_COUNT(selectable); i++) {
        if (tg_str_eq(selectable[i].plural, resource->plural) &&
            tg_str_eq(selectable[i].field, field)) {
            return true;
        }
    }
    return false;
}

/* Kinds with fields of their own, and custom ones, say differently what they do not know. */
static bool has_own_fields(const struct sim_resource *resource)
{
    if (!resource->is_strategic) {
        return true;
    }
    for (size_t i = 0; i < TG_COUNT(selectable); i++) {
        if (tg_str_eq(selectable[i].plural, resource->plural)) {
            return true;
        }
    }
    return false;
}

/* Value of a field term, in which backslash, comma and equals sign are escaped by a backslash. */
static char *take_field_value(const char **at)
{
    char *value = tg_malloc(strlen(*at) + 1);
    size_t len = 0;
    while (**at != '\0' && **at != ',') {
        if (**at == '\\' && (*at)[1] != '\0') {
            (*at)++;
        }
        value[len++] = *(*at)++;
    }
    value[len] = '\0';
    return value;
}

bool sim_selector_parse_fields(struct sim_selector *selector, const char *text,
                               const struct sim_resource *resource, struct tg_err *err)
{
    *selector = (struct sim_selector){NULL, 0};
    const char *at = text;
    while (*at != '\0') {
        size_t key_len = strcspn(at, "=!,");
        char *key = tg_strndup(at, key_len);
        at += key_len;
        bool is_not = at[0] == '!' && at[1] == '=';
        if (!is_not && at[0] != '=') {
            const char *term = at - key_len;
            tg_err_set(err, TG_CODE_INVALID, 400,
                       "invalid selector: '%.150s'; can't understand '%.*s'", text,
                       (int)strcspn(term, ","), term);
            free(key);
            sim_selector_fini(selector);
            return false;
        }
        at += is_not || at[1] == '=' ? 2 : 1;
        if (!is_selectable(resource, key)) {
            tg_err_set(err, TG_CODE_INVALID, 400,
                       has_own_fields(resource)
                           ? "field label not supported: %.150s"
                           : "\"%.150s\" is not a known field selector: only \"metadata.name\", "
                             "\"metadata.namespace\"",
                       key);
            free(key);
            sim_selector_fini(selector);
            return false;
        }
        add_value(add(selector, key, is_not ? SIM_SELECTOR_NOT_IN : SIM_SELECTOR_IN),
                  take_field_value(&at));
        if (*at == ',') {
            at++;
        }
    }
    return true;
}

void sim_selector_from_json(struct sim_selector *selector, const json_t *label_selector)
{
    *selector = (struct sim_selector){NULL, 0};
    const char *key;
    json_t *value;
    json_t *labels = json_object_get(label_selector, "matchLabels");
    json_object_foreach(labels, key, value)
    {
        const char *text = json_string_value(value);
        add_value(add(selector, tg_strdup(key), SIM_SELECTOR_IN), tg_strdup(text ? text : ""));
    }
    size_t i;
    json_t *expression;
    json_t *expressions = json_object_get(label_selector, "matchExpressions");
    json_array_foreach(expressions, i, expression)
    {
        const char *name = sim_json_text(expression, "operator");
        enum sim_selector_operator kind =
            tg_str_eq(name, "In")       ? SIM_SELECTOR_IN
            : tg_str_eq(name, "NotIn")  ? SIM_SELECTOR_NOT_IN
            : tg_str_eq(name, "Exists") ? SIM_SELECTOR_EXISTS
            : tg_str_eq(name, "Gt") /* of nodes only */
                ? SIM_SELECTOR_GREATER
                : tg_str_eq(name, "Lt") ? SIM_SELECTOR_LESS : SIM_SELECTOR_NOT_EXISTS;
        struct sim_requirement *requirement =
            add(selector, tg_strdup(sim_json_text(expression, "key")), kind);
        size_t v;
        json_array_foreach(json_object_get(expression, "values"), v, value)
        {
            const char *text = json_string_value(value);
            add_value(requirement, tg_strdup(text ? text : ""));
        }
    }
}

/* value NULL: the key is absent. */
static bool holds(const struct sim_requirement *requirement, const char *value)
{
    bool is_among = false;
    for (size_t i = 0; value != NULL && i < requirement->value_count; i++) {
        is_among = is_among || tg_str_eq(requirement->values[i], value);
    }
    int64_t have;
    int64_t bound;
    switch (requirement->operator_kind) {
    case SIM_SELECTOR_IN:
        return is_among;
    case SIM_SELECTOR_NOT_IN:
        return !is_among;
    case SIM_SELECTOR_EXISTS:
        return value != NULL;
    case SIM_SELECTOR_NOT_EXISTS:
        return value == NULL;
    case SIM_SELECTOR_GREATER:
    case SIM_SELECTOR_LESS:
        if (value == NULL || !tg_str_to_int64(value, INT64_MIN, INT64_MAX, &have) ||
            !tg_str_to_int64(requirement->values[0], INT64_MIN, INT64_MAX, &bound)) {
            return false;
        }
        return requirement->operator_kind == SIM_SELECTOR_GREATER ? have > bound : have < bound;
    }
    return false;
}

bool sim_selector_matches_labels(const struct sim_selector *selector, const json_t *object)
{
    if (selector->count == 0) {
        return true;
    }
    const json_t *labels = sim_json_at(object, "metadata.labels");
    for (size_t i = 0; i < selector->count; i++) {
        const struct sim_requirement *requirement = &selector->requirements[i];
        if (!holds(requirement, json_string_value(json_object_get(labels, requirement->key)))) {
            return false;
        }
    }
    return true;
}

bool sim_selector_matches_fields(const struct sim_selector *selector, const json_t *object)
{
    for (size_t i = 0; i < selector->count; i++) {
        const struct sim_requirement *requirement = &selector->requirements[i];
        const char *path = tg_str_eq(requirement->key, "source")              ? "source.component"
                           : tg_str_eq(requirement->key, "status.successful") ? "status.succeeded"
                                                                              : requirement->key;
        const json_t *value = sim_json_at(object, path);
        char number[24] = "";
        const char *text = json_string_value(value);
        if (json_is_boolean(value)) {
            text = json_is_true(value) ? "true" : "false";
        } else if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
            text = number;
        } else if (text == NULL) {
            text = tg_str_eq(path, "spec.unschedulable") ? "false"
                   : tg_str_eq(path, "status.succeeded") ? "0"
                                                         : "";
        }
        if (!holds(requirement, text)) {
            return false;
        }
    }
    return true;
}

char *sim_selector_text_of_json(const json_t *label_selector)
{
    struct sim_selector selector;
    sim_selector_from_json(&selector, label_selector);
    struct tg_buf buf;
    tg_buf_init(&buf, SELECTOR_TEXT_MAX);
    for (size_t i = 0; i < selector.count; i++) {
        const struct sim_requirement *requirement = &selector.requirements[i];
        bool is_set = requirement->value_count > 1;
        tg_buf_printf(&buf, "%s%s%s", i == 0 ? "" : ",",
                      requirement->operator_kind == SIM_SELECTOR_NOT_EXISTS ? "!" : "",
                      requirement->key);
        if (requirement->value_count > 0) {
            bool is_in = requirement->operator_kind == SIM_SELECTOR_IN;
            const char *sign = is_set ? (is_in ? " in (" : " notin (") : (is_in ? "=" : "!=");
            tg_buf_puts(&buf, sign);
        }
        for (size_t v = 0; v < requirement->value_count; v++) {
            tg_buf_printf(&buf, "%s%s", v == 0 ? "" : ",", requirement->values[v]);
        }
        if (is_set) {
            tg_buf_putc(&buf, ')');
        }
    }
    sim_selector_fini(&selector);
    return tg_buf_take(&buf, NULL);
}
