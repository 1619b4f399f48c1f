/* codec/k8s.c - lists, watch lines and Status objects. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/k8s_object.h"
#include "codec/k8s_wanted.h"

struct tg_obj *tg_k8s_decode(enum tg_kind kind, const char *json, size_t len, struct tg_err *err)
{
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, tg_k8s_wanted(kind), &document, err)) {
        return NULL;
    }
    struct tg_obj *obj = tg_k8s_object(kind, document.root, err);
    tg_json_release(&document);
    return obj;
}

bool tg_k8s_decode_list(enum tg_kind kind, const char *json, size_t len, struct tg_k8s_list *list,
                        struct tg_err *err)
{
    *list = (struct tg_k8s_list){0};
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, tg_k8s_wanted_list(kind), &document, err)) {
        return false;
    }
    const json_t *items = json_object_get(document.root, "items");
    if (!json_is_array(items) && !json_is_null(items)) {
        tg_json_release(&document);
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "a list without items");
    }
    tg_str_copy(list->resource_version, sizeof(list->resource_version),
                tg_json_text(document.root, "metadata/resourceVersion"));
    const char *more = tg_json_text(document.root, "metadata/continue");
    list->continue_token = *more != '\0' ? tg_strdup(more) : NULL;
    size_t count = json_array_size(items);
    list->items = tg_calloc(count + 1, sizeof(struct tg_obj *));
    for (size_t i = 0; i < count; i++) {
        struct tg_err why = TG_ERR_INIT;
        struct tg_obj *obj = tg_k8s_object(kind, json_array_get(items, i), &why);
        if (obj != NULL) {
            list->items[list->count++] = obj;
        } else {
            list->rejected++;
        }
    }
    tg_json_release(&document);
    return true;
}

static void status_error(const json_t *status, int http_status, struct tg_err *err)
{
    int code = (int)tg_json_int(status, "code", http_status);
    const char *reason = tg_json_text(status, "reason");
    const char *message = tg_json_text(status, "message");
    enum tg_code kind = tg_code_from_http_status(code);
    if (tg_str_eq(reason, "Expired") || tg_str_eq(reason, "Gone")) {
        kind = TG_CODE_EXPIRED;
    }
    tg_err_set(err, kind == TG_CODE_NONE ? TG_CODE_SERVER : kind, code, "%s%s%s", reason,
               *reason != '\0' ? ": " : "", message);
}

void tg_k8s_decode_status(int http_status, const char *body, size_t len, struct tg_err *err)
{
    struct tg_err why = TG_ERR_INIT;
    struct tg_json document = {0};
    if (len > 0 && body[0] == '{') {
        (void)tg_json_parse(body, len, NULL, &document, &why);
    }
    if (tg_str_eq(tg_json_text(document.root, "kind"), "Status")) {
        status_error(document.root, http_status, err);
    } else {
        size_t line = 0;
        while (line < len && line < 160 && body[line] != '\n' && body[line] != '\r') {
            line++;
        }
        tg_err_set(err, tg_code_from_http_status(http_status), http_status, "HTTP %d: %.*s",
                   http_status, (int)line, len > 0 ? body : "");
    }
    tg_json_release(&document);
}

static enum tg_k8s_watch_type watch_type(const char *name)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
    for (int i = 0; i < 5; i++) {
        if (tg_str_eq(name, names[i])) {
            return (enum tg_k8s_watch_type)i;
        }
    }
    return TG_K8S_OTHER;
}

bool tg_k8s_decode_watch_line(enum tg_kind kind, const char *json, size_t len,
                              struct tg_k8s_watch_line *line, struct tg_err *err)
{
    *line = (struct tg_k8s_watch_line){.type = TG_K8S_OTHER};
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, tg_k8s_wanted_line(kind), &document, err)) {
        return false;
    }
    const json_t *object = json_object_get(document.root, "object");
    line->type = watch_type(tg_json_text(document.root, "type"));
    tg_str_copy(line->resource_version, sizeof(line->resource_version),
                tg_json_text(object, "metadata/resourceVersion"));
    bool is_ok = true;
    if (line->type == TG_K8S_ERROR) {
        status_error(object, 500, &line->err);
    } else if (line->type != TG_K8S_BOOKMARK && line->type != TG_K8S_OTHER) {
        line->obj = tg_k8s_object(kind, object, err);
        is_ok = line->obj != NULL;
    }
    tg_json_release(&document);
    return is_ok;
}

bool tg_k8s_decode_allowed(const char *json, size_t len, struct tg_err *err)
{
    struct tg_json review = {0};
    (void)tg_json_parse(json, len, NULL, &review, err);
    bool is_allowed = tg_json_bool(review.root, "status/allowed");
    tg_json_release(&review);
    return is_allowed;
}
