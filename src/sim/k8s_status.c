/* sim/k8s_status.c - Status objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/json_write.h"

static const char *reason_of(int code)
{
    static const struct {
        int code;
        const char *reason;
    } reasons[] = {
        {400, "BadRequest"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "NotFound"},
        {405, "MethodNotAllowed"},
        {406, "NotAcceptable"},
        {409, "Conflict"},
        {410, "Expired"},
        {413, "RequestEntityTooLarge"},
        {415, "UnsupportedMediaType"},
        {422, "Invalid"},
        {429, "TooManyRequests"},
        {503, "ServiceUnavailable"},
        {504, "Timeout"},
    };
    for (size_t i = 0; i < TG_COUNT(reasons); i++) {
        if (reasons[i].code == code) {
            return reasons[i].reason;
        }
    }
    return "InternalError";
}

json_t *sim_k8s_status(int code, const char *reason, const char *message, json_t *details)
{
    json_t *status =
        json_pack("{s:s, s:s, s:{}, s:s, s:o}", "kind", "Status", "apiVersion", "v1", "metadata",
                  "status", "Failure", "message", sim_json_string(message));
    tg_assert(status != NULL);
    const char *why = reason == NULL ? reason_of(code) : reason;
    if (why[0] != '\0') {
        json_object_set_new(status, "reason", json_string(why));
    }
    if (details != NULL) {
        json_object_set_new(status, "details", details);
    }
    json_object_set_new(status, "code", json_integer(code));
    return status;
}

json_t *sim_k8s_details(const struct sim_resource *resource, const char *name)
{
    json_t *details = json_object();
    if (name != NULL && name[0] != '\0') {
        json_object_set_new(details, "name", json_string(name));
    }
    if (resource->group[0] != '\0') {
        json_object_set_new(details, "group", json_string(resource->group));
    }
    json_object_set_new(details, "kind", json_string(resource->plural));
    return details;
}

const char *sim_k8s_resource_text(const struct sim_resource *resource, char *out, size_t size)
{
    bool is_core = resource->group[0] == '\0';
    snprintf(out, size, "%s%s%s", resource->plural, is_core ? "" : ".", resource->group);
    return out;
}

void sim_k8s_reply(struct sim_response *response, int code, json_t *value)
{
    response->status = code;
    snprintf(response->content_type, sizeof response->content_type, "application/json");
    tg_buf_reset(&response->body);
    sim_json_write(&response->body, value);
    tg_assert(!response->body.is_full);
    json_decref(value);
}

void sim_k8s_fail(struct sim_response *response, int code, const char *reason, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    char *message = tg_vasprintf(format, args);
    va_end(args);
    sim_k8s_reply(response, code, sim_k8s_status(code, reason, message, NULL));
    free(message);
}

static void fail_about(struct sim_response *response, int code, const char *reason,
                       const struct sim_resource *resource, const char *name, const char *format,
                       ...) __attribute__((format(printf, 6, 7)));

static void fail_about(struct sim_response *response, int code, const char *reason,
                       const struct sim_resource *resource, const char *name, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    char *message = tg_vasprintf(format, args);
    va_end(args);
    sim_k8s_reply(response, code,
                  sim_k8s_status(code, reason, message, sim_k8s_details(resource, name)));
    free(message);
}

void sim_k8s_fail_not_found(struct sim_response *response, const struct sim_resource *resource,
                            const char *name)
{
    char text[160];
    fail_about(response, 404, NULL, resource, name, "%s \"%s\" not found",
               sim_k8s_resource_text(resource, text, sizeof text), name);
}

void sim_k8s_fail_write(struct sim_response *response, const struct sim_resource *resource,
                        const char *name, bool is_create, const struct tg_err *err)
{
    char text[160];
    sim_k8s_resource_text(resource, text, sizeof text);
    switch (err->code) {
    case TG_CODE_NOT_FOUND:
        sim_k8s_fail_not_found(response, resource, name);
        break;
    case TG_CODE_CONFLICT:
        if (is_create) {
            fail_about(response, 409, "AlreadyExists", resource, name, "%s \"%s\" already exists",
                       text, name);
        } else {
            fail_about(response, 409, "Conflict", resource, name,
                       "Operation cannot be fulfilled on %s \"%s\": %s", text, name, err->msg);
        }
        break;
    case TG_CODE_EXPIRED:
        sim_k8s_fail(response, 410, NULL, "%s", err->msg);
        break;
    case TG_CODE_INVALID:
        sim_k8s_fail_invalid(response, resource, name, "FieldValueRequired", "metadata.name",
                             err->msg);
        break;
    default:
        sim_k8s_fail(response, 500, NULL, "%s", err->msg);
        break;
    }
}

json_t *sim_k8s_cause(const char *reason, const char *field, const char *message)
{
    return json_pack("{s:s, s:s, s:s}", "reason", reason, "message", message, "field", field);
}

json_t *sim_k8s_cause_value(const char *field, const json_t *value, const char *text)
{
    char *shown = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *message = tg_asprintf("Invalid value: %s: %s", shown == NULL ? "null" : shown, text);
    json_t *cause = sim_k8s_cause("FieldValueInvalid", field, message);
    free(message);
    free(shown);
    return cause;
}

void sim_k8s_fail_causes(struct sim_response *response, const char *group, const char *kind,
                         const char *name, json_t *causes)
{
    struct tg_buf text;
    tg_buf_init(&text, 1u << 20);
    size_t count = json_array_size(causes);
    bool is_core = group[0] == '\0';
    tg_buf_printf(&text, "%s%s%s \"%s\" is invalid: %s", kind, is_core ? "" : ".", group, name,
                  count > 1 ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        const json_t *cause = json_array_get(causes, i);
        tg_buf_printf(&text, "%s%s: %s", i == 0 ? "" : ", ",
                      json_string_value(json_object_get(cause, "field")),
                      json_string_value(json_object_get(cause, "message")));
    }
    tg_buf_puts(&text, count > 1 ? "]" : "");
    json_t *details = json_object();
    if (name[0] != '\0') {
        json_object_set_new(details, "name", json_string(name));
    }
    if (!is_core) {
        json_object_set_new(details, "group", json_string(group));
    }
    if (kind[0] != '\0') {
        json_object_set_new(details, "kind", json_string(kind));
    }
    json_object_set_new(details, "causes", causes);
    sim_k8s_reply(response, 422, sim_k8s_status(422, NULL, tg_buf_text(&text), details));
    tg_buf_fini(&text);
}

void sim_k8s_fail_invalid(struct sim_response *response, const struct sim_resource *resource,
                          const char *name, const char *reason, const char *field,
                          const char *message)
{
    sim_k8s_fail_causes(response, resource->group, resource->kind, name,
                        json_pack("[o]", sim_k8s_cause(reason, field, message)));
}
