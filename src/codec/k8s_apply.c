/* codec/k8s_apply.c - bodies for server-side apply, and the answers to them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"

bool tg_k8s_read_resource(const char *json, size_t len, const char *kind,
                          struct tg_k8s_resource *resource, struct tg_err *err)
{
    struct tg_json document = {0};
    bool is_found = false;
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *resources = json_object_get(document.root, "resources");
    for (size_t i = 0; i < json_array_size(resources) && !is_found; i++) {
        const json_t *one = json_array_get(resources, i);
        const char *name = tg_json_text(one, "name");
        is_found = tg_str_eq(tg_json_text(one, "kind"), kind) && strchr(name, '/') == NULL &&
                   tg_str_copy(resource->plural, sizeof(resource->plural), name);
        resource->is_namespaced = tg_json_bool(one, "namespaced");
    }
    tg_json_release(&document);
    return is_found;
}

/* ---- what is sent ---- */

static void set_identity(json_t *body, const struct tg_desired *desired)
{
    json_object_set_new(body, "apiVersion", json_string(desired->collection));
    json_object_set_new(body, "kind", json_string(desired->kind));
    json_t *metadata = json_object_get(body, "metadata");
    if (!json_is_object(metadata)) {
        metadata = json_object();
        json_object_set_new(body, "metadata", metadata);
    }
    json_object_set_new(metadata, "name", json_string(desired->name));
    if (desired->ns != NULL) {
        json_object_set_new(metadata, "namespace", json_string(desired->ns));
    }
}

/* The value is joined in as text, so that no tree of values keeps a copy that nobody wipes. */
static char *dump_with_secret(json_t *body, const struct tg_desired *desired, size_t *len)
{
    const json_t *given = json_object_get(body, "data");
    json_t *data = json_is_object(given) ? json_deep_copy(given) : json_object();
    json_t *key = json_string(desired->secret_key);
    json_object_del(body, "data");
    char *head = tg_json_dump(body);
    char *others = tg_json_dump(data);
    char *key_text = json_dumps(key, JSON_COMPACT | JSON_ENCODE_ANY);
    char *value = tg_base64_encode(tg_secret_peek(desired->secret), tg_secret_len(desired->secret));
    tg_assert(key_text != NULL);
    size_t room = strlen(head) + strlen(others) + strlen(key_text) + strlen(value) + 32;
    /* All at once: a buffer that grows would leave what it outgrew behind. */
    char *text = tg_malloc(room);
    int written =
        snprintf(text, room, "%.*s,\"data\":%.*s%s%s:\"%s\"}}", (int)strlen(head) - 1, head,
                 (int)strlen(others) - 1, others, strlen(others) > 2 ? "," : "", key_text, value);
    tg_assert(written > 0 && (size_t)written < room);
    *len = (size_t)written;
    explicit_bzero(value, strlen(value));
    free(value);
    free(head);
    free(others);
    free(key_text);
    json_decref(key);
    return text;
}

char *tg_k8s_write_apply(const struct tg_desired *desired, size_t *len, struct tg_err *err)
{
    json_t *body = tg_json_draft(desired->create_body, err);
    json_t *wanted = body != NULL ? tg_json_draft(desired->body, err) : NULL;
    if (wanted == NULL) {
        json_decref(body);
        return NULL;
    }
    tg_json_merge(body, wanted);
    json_decref(wanted);
    set_identity(body, desired);
    if (desired->secret != NULL) {
        return dump_with_secret(body, desired, len);
    }
    char *text = tg_json_dump(body);
    *len = strlen(text);
    return text;
}

char *tg_k8s_write_removal(const char *uid)
{
    json_t *options = json_pack("{s:s,s:s,s:s}", "kind", "DeleteOptions", "apiVersion", "v1",
                                "propagationPolicy", "Background");
    if (uid != NULL) {
        json_object_set_new(options, "preconditions", json_pack("{s:s}", "uid", uid));
    }
    return tg_json_dump(options);
}

/* ---- what comes back ---- */

bool tg_k8s_read_found(const char *json, size_t len, struct tg_k8s_found *found, struct tg_err *err)
{
    struct tg_json document = {0};
    *found = (struct tg_k8s_found){0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *metadata = json_object_get(document.root, "metadata");
    const json_t *finalizers = json_object_get(metadata, "finalizers");
    tg_str_copy(found->resource_version, sizeof(found->resource_version),
                tg_json_text(metadata, "resourceVersion"));
    found->is_going = *tg_json_text(metadata, "deletionTimestamp") != '\0';
    struct tg_buf names;
    tg_buf_init(&names, 4096);
    for (size_t i = 0; i < json_array_size(finalizers); i++) {
        const char *name = json_string_value(json_array_get(finalizers, i));
        tg_buf_printf(&names, "%s%s", i > 0 ? ", " : "", name != NULL ? name : "?");
    }
    tg_str_copy(found->finalizers, sizeof(found->finalizers), tg_buf_text(&names));
    tg_buf_fini(&names);
    tg_json_release(&document);
    return true;
}

bool tg_k8s_match(const struct tg_desired *desired, const char *json, size_t len,
                  struct tg_json_difference *difference, struct tg_err *err)
{
    struct tg_json document = {0};
    json_t *wanted = tg_json_draft(desired->body, err);
    if (wanted == NULL || !tg_json_parse(json, len, NULL, &document, err)) {
        json_decref(wanted);
        return false;
    }
    bool is_same = tg_json_match(wanted, document.root, difference);
    tg_json_release(&document);
    json_decref(wanted);
    return is_same;
}

/* "conflict with "kubectl" using apps/v1": the name between the first quotes. */
static void read_manager(const json_t *cause, char *out, size_t size)
{
    const char *from = strchr(tg_json_text(cause, "message"), '"');
    char *name = from != NULL ? tg_strndup(from + 1, strcspn(from + 1, "\"")) : tg_strdup("?");
    tg_str_copy(out, size, name);
    free(name);
}

bool tg_k8s_read_owners(const struct tg_desired *desired, const char *json, size_t len,
                        struct tg_err *err)
{
    struct tg_json document = {0};
    struct tg_err why = TG_ERR_INIT;
    struct tg_buf text;
    char before[64] = "";
    if (!tg_json_parse(json, len, NULL, &document, &why)) {
        return false;
    }
    tg_buf_init(&text, 4096);
    const json_t *causes = tg_json_at(document.root, "details/causes");
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const json_t *cause = json_array_get(causes, i);
        char manager[64];
        if (!tg_str_eq(tg_json_text(cause, "reason"), "FieldManagerConflict")) {
            continue;
        }
        read_manager(cause, manager, sizeof(manager));
        if (tg_str_eq(manager, before)) {
            tg_buf_puts(&text, ", ");
        } else {
            tg_buf_printf(&text, "%s%s owns ", text.len > 0 ? "; " : "", manager);
        }
        tg_buf_puts(&text, tg_json_text(cause, "field"));
        tg_str_copy(before, sizeof(before), manager);
    }
    bool has_owners = text.len > 0;
    if (has_owners) {
        tg_err_set(err, TG_CODE_CONFLICT, 409, "%s %s: %s", desired->kind, desired->name,
                   tg_buf_text(&text));
    }
    tg_buf_fini(&text);
    tg_json_release(&document);
    return has_owners;
}
