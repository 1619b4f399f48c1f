/* sim/k8s_openapi.c - OpenAPI v3 documents, made from the table of fields and from the schemas of
 * definitions. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_openapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/definition.h"
#include "sim/k8s_discovery.h"
#include "sim/k8s_status.h"
#include "sim/schema.h"

#define REFERENCE "#/components/schemas/"

/* ---- schemas of built-in kinds ---- */

/* "core.Container" as documents call it: "io.k8s.api.core.v1.Container". The caller frees. */
static char *message_name(const char *message)
{
    const char *dot = strchr(message, '.');
    tg_assert(dot != NULL);
    bool is_meta = tg_str_has_prefix(message, "meta.");
    if (tg_str_has_prefix(message, "autoscaling.") &&
        !tg_str_has_prefix(message, "autoscaling.Scale")) {
        return tg_asprintf("io.k8s.api.autoscaling.v2%s", dot);
    }
    return is_meta ? tg_asprintf("io.k8s.apimachinery.pkg.apis.meta.v1%s", dot)
                   : tg_asprintf("io.k8s.api.%.*s.v1%s", (int)(dot - message), message, dot);
}

static json_t *plain_schema(enum sim_field_type type)
{
    switch (type) {
    case SIM_FIELD_STRING:
    case SIM_FIELD_DURATION:
        return json_pack("{s:s}", "type", "string");
    case SIM_FIELD_BYTES:
        return json_pack("{s:s, s:s}", "type", "string", "format", "byte");
    case SIM_FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case SIM_FIELD_INTEGER:
        return json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
    case SIM_FIELD_NUMBER:
        return json_pack("{s:s, s:s}", "type", "number", "format", "double");
    case SIM_FIELD_QUANTITY:
        return json_pack("{s:[{s:s}, {s:s}]}", "oneOf", "type", "string", "type", "number");
    case SIM_FIELD_INT_OR_STRING:
        return json_pack("{s:[{s:s}, {s:s}], s:s}", "oneOf", "type", "integer", "type", "string",
                         "format", "int-or-string");
    case SIM_FIELD_TIME:
    case SIM_FIELD_MICRO_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case SIM_FIELD_STRINGS:
        return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
    case SIM_FIELD_ANY:
    case SIM_FIELD_MESSAGE:
        return json_pack("{s:s}", "type", "object");
    }
    TG_UNREACHABLE("no other type of field");
}

static void add_message(json_t *schemas, const char *name, const struct sim_field *message);

static json_t *value_schema(json_t *schemas, const struct sim_field *field)
{
    if (field->type != SIM_FIELD_MESSAGE) {
        return plain_schema(field->type);
    }
    char *name = message_name(field->message);
    add_message(schemas, name, sim_schema_inner(field));
    char *reference = tg_asprintf(REFERENCE "%s", name);
    json_t *schema = json_pack("{s:[{s:s}]}", "allOf", "$ref", reference);
    free(reference);
    free(name);
    return schema;
}

static json_t *list_schema(json_t *schemas, const struct sim_field *field)
{
    json_t *schema =
        json_pack("{s:s, s:o}", "type", "array", "items", value_schema(schemas, field));
    if (field->strategic[0] != '\0') {
        json_object_set_new(schema, "x-kubernetes-patch-strategy", json_string("merge"));
        if (!tg_str_eq(field->strategic, "=")) {
            json_object_set_new(schema, "x-kubernetes-patch-merge-key",
                                json_string(field->strategic));
        }
    }
    return schema;
}

static void add_fields(json_t *schemas, json_t *properties, const struct sim_field *message)
{
    for (const struct sim_field *f = message; f != NULL && f->number != 0; f++) {
        if (f->shape == SIM_FIELD_INLINE) {
            add_fields(schemas, properties, sim_schema_inner(f));
        } else if (f->shape == SIM_FIELD_LIST) {
            json_object_set_new(properties, f->name, list_schema(schemas, f));
        } else if (f->shape == SIM_FIELD_MAP) {
            json_object_set_new(properties, f->name,
                                json_pack("{s:s, s:o}", "type", "object", "additionalProperties",
                                          value_schema(schemas, f)));
        } else {
            json_object_set_new(properties, f->name, value_schema(schemas, f));
        }
    }
}

static void add_message(json_t *schemas, const char *name, const struct sim_field *message)
{
    if (json_object_get(schemas, name) != NULL) {
        return; /* messages may hold themselves */
    }
    json_t *properties = json_object();
    json_object_set_new(schemas, name,
                        json_pack("{s:s, s:o}", "type", "object", "properties", properties));
    add_fields(schemas, properties, message);
}

static void add_type_fields(json_t *schema)
{
    json_t *properties = json_object_get(schema, "properties");
    json_object_set_new(properties, "apiVersion", plain_schema(SIM_FIELD_STRING));
    json_object_set_new(properties, "kind", plain_schema(SIM_FIELD_STRING));
}

/* ---- any kind ---- */

static json_t *kind_of(const struct sim_resource *r)
{
    return json_pack("{s:s, s:s, s:s}", "group", r->group, "version", r->version, "kind", r->kind);
}

static void add_schema(json_t *schemas, const struct sim_resource *r)
{
    char *name = NULL;
    const struct sim_field *message = sim_schema_of(r);
    json_t *schema;
    if (r->is_strategic) {
        const char *group = r->group[0] == '\0' ? "core" : r->group;
        name = tg_asprintf("io.k8s.api.%.*s.%s.%s", (int)strcspn(group, "."), group, r->version,
                           r->kind);
    } else {
        name = sim_definition_schema_name(r);
    }
    if (message != NULL) {
        add_message(schemas, name, message);
        schema = json_object_get(schemas, name);
        add_type_fields(schema);
    } else {
        schema = r->schema == NULL ? json_pack("{s:s}", "type", "object")
                                   : json_copy((json_t *)(uintptr_t)r->schema);
        json_object_set_new(schemas, name, schema);
    }
    json_object_set_new(schema, "x-kubernetes-group-version-kind", json_pack("[o]", kind_of(r)));
    free(name);
}

/* ---- documents ---- */

/* Changes when what the document says does. */
static uint64_t document_hash(const struct sim_store *store, const char *path, const char *group,
                              const char *version)
{
    uint64_t hash = tg_hash_str(path);
    const struct sim_resource *r;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        if (r->schema != NULL && tg_str_eq(r->group, group) && tg_str_eq(r->version, version)) {
            char *text = json_dumps(r->schema, JSON_COMPACT);
            hash = hash * 31 + tg_hash_str(text);
            free(text);
        }
    }
    return hash;
}

static void add_entry(const struct sim_store *store, json_t *paths, const char *group,
                      const char *version)
{
    char *path = group[0] == '\0' ? tg_asprintf("api/%s", version)
                                  : tg_asprintf("apis/%s/%s", group, version);
    if (json_object_get(paths, path) == NULL) {
        char *url = tg_asprintf("/openapi/v3/%s?hash=%016" PRIX64, path,
                                document_hash(store, path, group, version));
        json_object_set_new(paths, path, json_pack("{s:s}", "serverRelativeURL", url));
        free(url);
    }
    free(path);
}

static void reply_index(const struct sim_store *store, struct sim_response *response)
{
    json_t *paths = json_object();
    const struct sim_resource *r;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        add_entry(store, paths, r->group, r->version);
    }
    sim_k8s_reply(response, 200, json_pack("{s:o}", "paths", paths));
}

/* What kubectl looks for: that the server itself checks fields, and which kind stands behind a
 * path. */
static void add_path(json_t *paths, const struct sim_resource *r)
{
    char *path =
        tg_asprintf("%s%s/%s/%s%s/{name}", r->group[0] == '\0' ? "/api" : "/apis/", r->group,
                    r->version, r->is_namespaced ? "namespaces/{namespace}/" : "", r->plural);
    json_object_set_new(
        paths, path,
        json_pack("{s:{s:s, s:o, s:{}}, s:{s:s, s:o, s:[{s:s, s:s, s:{s:s}}], s:{}}}", "get",
                  "x-kubernetes-action", "get", "x-kubernetes-group-version-kind", kind_of(r),
                  "responses", "patch", "x-kubernetes-action", "patch",
                  "x-kubernetes-group-version-kind", kind_of(r), "parameters", "in", "query",
                  "name", "fieldValidation", "schema", "type", "string", "responses"));
    free(path);
}

static bool reply_document(const struct sim_store *store, struct sim_response *response,
                           const char *group, const char *version)
{
    json_t *paths = json_object();
    json_t *schemas = json_object();
    const struct sim_resource *r;
    for (size_t i = 0; (r = sim_served_at(store, i)) != NULL; i++) {
        if (tg_str_eq(r->group, group) && tg_str_eq(r->version, version)) {
            add_path(paths, r);
            add_schema(schemas, r);
        }
    }
    if (json_object_size(paths) == 0) {
        json_decref(paths);
        json_decref(schemas);
        return false;
    }
    sim_k8s_reply(response, 200,
                  json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o}}", "openapi", "3.0.0", "info",
                            "title", "Kubernetes", "version", SIM_GIT_VERSION, "paths", paths,
                            "components", "schemas", schemas));
    return true;
}

/* ---- OpenAPI v2 ---- */

#define PROTOBUF_V2 "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/* kubectl before 1.28 does not go on without this document; it needs nothing in it, since the
 * server checks fields and kubectl knows the merge keys of built-in kinds. */
static void reply_v2(const char *accept, struct sim_response *response)
{
    static const char title[] = "Kubernetes";
    if (strstr(accept, "proto-openapi") == NULL) {
        sim_k8s_reply(response, 200,
                      json_pack("{s:s, s:{s:s, s:s}, s:{}, s:{}}", "swagger", "2.0", "info",
                                "title", title, "version", SIM_GIT_VERSION, "paths",
                                "definitions"));
        return;
    }
    struct tg_buf *body = &response->body;
    size_t title_len = sizeof title - 1;
    size_t version_len = sizeof SIM_GIT_VERSION - 1;
    response->status = 200;
    tg_str_copy(response->content_type, sizeof response->content_type, PROTOBUF_V2);
    tg_buf_puts(body, "\x0a\x03"
                      "2.0");                                           /* Document.swagger */
    tg_buf_printf(body, "\x12%c", (char)(title_len + version_len + 4)); /* Document.info */
    tg_buf_printf(body, "\x0a%c%s\x12%c%s", (char)title_len, title, (char)version_len,
                  SIM_GIT_VERSION);
    tg_buf_append(body, "\x42\x00\x4a\x00", 4); /* Document.paths and .definitions, empty */
}

bool sim_k8s_openapi(struct sim_store *store, const char *path, const char *accept,
                     struct sim_response *response)
{
    static const char root[] = "/openapi/v3";
    if (tg_str_eq(path, "/openapi/v2")) {
        reply_v2(accept, response);
        return true;
    }
    if (tg_str_eq(path, root)) {
        reply_index(store, response);
        return true;
    }
    if (!tg_str_has_prefix(path, root) || path[sizeof root - 1] != '/') {
        return false;
    }
    path += sizeof root;
    if (tg_str_has_prefix(path, "api/")) {
        return reply_document(store, response, "", path + strlen("api/"));
    }
    char group[128];
    if (!tg_str_has_prefix(path, "apis/")) {
        return false;
    }
    path += strlen("apis/");
    size_t len = strcspn(path, "/");
    snprintf(group, sizeof group, "%.*s", (int)len, path);
    return path[len] == '/' && reply_document(store, response, group, path + len + 1);
}
