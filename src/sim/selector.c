/* sim/selector.c - label and field selectors. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/selector.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"

#define SELECTOR_TEXT_MAX 65536u

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

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

/* Takes a word off *at; empty when there is none. The caller frees. */
static char *take_word(const char **at, const char *stop)
{
    *at = skip_space(*at);
    size_t len = strcspn(*at, stop);
    char *word = tg_strndup(*at, len);
    *at = skip_space(*at + len);
    return word;
}

/* "(x,y)" after in or notin. */
static bool take_set(const char **at, struct sim_requirement *requirement)
{
    *at = skip_space(*at);
    if (**at != '(') {
        return false;
    }
    (*at)++;
    for (;;) {
        add_value(requirement, take_word(at, " \t,()"));
        if (**at == ')') {
            (*at)++;
            *at = skip_space(*at);
            return true;
        }
        if (**at != ',') {
            return false;
        }
        (*at)++;
    }
}

static bool take_requirement(struct sim_selector *selector, const char **at)
{
    *at = skip_space(*at);
    bool is_negated = **at == '!';
    if (is_negated) {
        (*at)++;
    }
    char *key = take_word(at, " \t,=!<>()");
    if (key[0] == '\0') {
        free(key);
        return false;
    }
    if (is_negated || **at == ',' || **at == '\0') {
        add(selector, key, is_negated ? SIM_SELECTOR_NOT_EXISTS : SIM_SELECTOR_EXISTS);
        return true;
    }
    static const struct {
        const char *text;
        enum sim_selector_operator kind;
    } operators[] = {
        {"==", SIM_SELECTOR_IN},     {"=", SIM_SELECTOR_IN},   {"!=", SIM_SELECTOR_NOT_IN},
        {">", SIM_SELECTOR_GREATER}, {"<", SIM_SELECTOR_LESS},
    };
    for (size_t i = 0; i < TG_COUNT(operators); i++) {
        if (tg_str_has_prefix(*at, operators[i].text)) {
            *at += strlen(operators[i].text);
            add_value(add(selector, key, operators[i].kind), take_word(at, " \t,"));
            return true;
        }
    }
    char *word = take_word(at, " \t(");
    bool is_in = tg_str_eq(word, "in");
    bool is_known = is_in || tg_str_eq(word, "notin");
    free(word);
    struct sim_requirement *requirement =
        add(selector, key, is_in ? SIM_SELECTOR_IN : SIM_SELECTOR_NOT_IN);
    return is_known && take_set(at, requirement);
}

bool sim_selector_parse_labels(struct sim_selector *selector, const char *text, struct tg_err *err)
{
    *selector = (struct sim_selector){NULL, 0};
    const char *at = skip_space(text);
    while (*at != '\0') {
        bool is_good = take_requirement(selector, &at);
        if (!is_good || (*at != ',' && *at != '\0') || (*at == ',' && at[1] == '\0')) {
            sim_selector_fini(selector);
            return tg_err_set(err, TG_CODE_INVALID, 400,
                              "unable to parse requirement: found '%.40s' in '%.100s'", at, text);
        }
        if (*at == ',') {
            at++;
        }
    }
    return true;
}

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
    {"replicasets", "status.replicas"},
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
            free(key);
            sim_selector_fini(selector);
            return tg_err_set(err, TG_CODE_INVALID, 400,
                              "invalid selector: '%.150s'; can't understand '%.40s'", text, at);
        }
        at += is_not || at[1] == '=' ? 2 : 1;
        if (!is_selectable(resource, key)) {
            tg_err_set(err, TG_CODE_INVALID, 400, "field label not supported: %s", key);
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
        enum sim_selector_operator kind = tg_str_eq(name, "In")       ? SIM_SELECTOR_IN
                                          : tg_str_eq(name, "NotIn")  ? SIM_SELECTOR_NOT_IN
                                          : tg_str_eq(name, "Exists") ? SIM_SELECTOR_EXISTS
                                                                      : SIM_SELECTOR_NOT_EXISTS;
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
        const char *path =
            tg_str_eq(requirement->key, "source") ? "source.component" : requirement->key;
        const json_t *value = sim_json_at(object, path);
        char number[24] = "";
        const char *text = json_string_value(value);
        if (json_is_boolean(value)) {
            text = json_is_true(value) ? "true" : "false";
        } else if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
            text = number;
        } else if (text == NULL) {
            text = tg_str_eq(path, "spec.unschedulable") ? "false" : "";
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
