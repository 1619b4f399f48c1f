/* provider/ensure_k8s.c - Kubernetes objects: server-side applied in our name, and deleted until
 * they are gone.
 *
 * Only metadata is asked for: it tells all that is needed, and of a Secret nothing else may come
 * here. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/k8s.h"
#include "net/url.h"
#include "provider/ensure_machine.h"

#define PATH_LEN_MAX  8192
#define METADATA_ONLY "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

/* ---- what is asked ---- */

static void put_group(const struct tg_ensure *ensure, struct tg_buf *path)
{
    const char *at = ensure->desired->collection;
    tg_buf_init(path, PATH_LEN_MAX);
    tg_buf_puts(path, strchr(at, '/') != NULL ? "/apis" : "/api");
    while (*at != '\0') {
        size_t len = strcspn(at, "/");
        char *segment = tg_strndup(at, len);
        tg_url_append_segment(path, segment);
        free(segment);
        at += len + (at[len] == '/' ? 1 : 0);
    }
}

static void put_object(const struct tg_ensure *ensure, struct tg_buf *path)
{
    put_group(ensure, path);
    if (ensure->resource.is_namespaced) {
        tg_buf_puts(path, "/namespaces");
        tg_url_append_segment(path, ensure->desired->ns != NULL ? ensure->desired->ns : "default");
    }
    tg_url_append_segment(path, ensure->resource.plural);
    tg_url_append_segment(path, ensure->desired->name);
}

static bool is_compared(const struct tg_ensure *ensure)
{
    return ensure->desired->is_only_ours && ensure->desired->secret == NULL && !ensure->is_removal;
}

/* False when the wanted body cannot be written: the call is over then. */
static bool fill_apply(struct tg_ensure *ensure, struct tg_http_request *request,
                       struct tg_buf *path)
{
    struct tg_err err = TG_ERR_INIT;
    request->method = "PATCH";
    request->body = tg_k8s_write_apply(ensure->desired, &request->body_len, &err);
    if (request->body == NULL) {
        tg_ensure_fail(ensure, &err);
        return false;
    }
    request->is_body_secret = ensure->desired->secret != NULL;
    request->content_type = tg_strdup("application/apply-patch+yaml");
    request->accept = tg_strdup(METADATA_ONLY);
    tg_url_append_query(path, "fieldManager", "tidegate");
    tg_url_append_query(path, "force", "false");
    return true;
}

static void fill_delete(const struct tg_ensure *ensure, struct tg_http_request *request)
{
    request->method = "DELETE";
    request->body = tg_k8s_write_removal(ensure->call->uid);
    request->body_len = strlen(request->body);
    request->content_type = tg_strdup("application/json");
}

/* What discovery said before serves all calls, until a kind is missing in it. */
static bool knows_kind(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    const char *known = tg_map_get(ensure->owner->groups, ensure->desired->collection);
    return known != NULL && tg_k8s_read_resource(known, strlen(known), ensure->desired->kind,
                                                 &ensure->resource, &err);
}

static enum tg_ensure_stage after_discovery(const struct tg_ensure *ensure)
{
    return ensure->is_removal ? TG_ENSURE_DELETE : TG_ENSURE_READ;
}

static void ask(struct tg_ensure *ensure)
{
    struct tg_http_request request = {.method = "GET"};
    struct tg_buf path;
    if (ensure->stage == TG_ENSURE_DISCOVER && knows_kind(ensure)) {
        ensure->stage = after_discovery(ensure);
    }
    if (ensure->stage == TG_ENSURE_DISCOVER) {
        put_group(ensure, &path);
    } else {
        put_object(ensure, &path);
    }
    if (ensure->stage == TG_ENSURE_DELETE) {
        fill_delete(ensure, &request);
    } else if (ensure->stage == TG_ENSURE_MAKE && !fill_apply(ensure, &request, &path)) {
        tg_buf_fini(&path);
        return;
    } else if (ensure->stage == TG_ENSURE_GONE ||
               (ensure->stage == TG_ENSURE_READ && !is_compared(ensure))) {
        request.accept = tg_strdup(METADATA_ONLY);
    }
    request.path = tg_buf_take(&path, NULL);
    tg_ensure_submit(ensure, &request);
}

/* ---- what comes back ---- */

static void take_failure(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    tg_k8s_decode_status(ensure->status, tg_buf_text(&ensure->body), ensure->body.len, &err);
    if (tg_code_is_transient(err.code)) {
        tg_ensure_retry(ensure, ensure->stage, &err);
    } else {
        tg_ensure_fail(ensure, &err);
    }
}

/* A kind may come yet: its definition was applied a moment ago, or a controller will do it. */
static void take_unknown_kind(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    tg_map_remove(ensure->owner->groups, ensure->desired->collection);
    if (ensure->is_removal) {
        tg_ensure_finish(ensure, ensure->outcome);
        return;
    }
    tg_err_set(&err, TG_CODE_NOT_FOUND, 404, "the server knows no %s in %s yet",
               ensure->desired->kind, ensure->desired->collection);
    tg_ensure_retry(ensure, TG_ENSURE_DISCOVER, &err);
}

static void take_discovery(struct tg_ensure *ensure)
{
    if (tg_ensure_is_ok(ensure)) {
        tg_map_put(ensure->owner->groups, ensure->desired->collection,
                   tg_strdup(tg_buf_text(&ensure->body)));
        if (knows_kind(ensure)) {
            tg_ensure_go(ensure, after_discovery(ensure));
        } else {
            take_unknown_kind(ensure);
        }
    } else if (ensure->status == 404) {
        take_unknown_kind(ensure);
    } else {
        take_failure(ensure);
    }
}

static void tell_going(struct tg_ensure *ensure, const struct tg_k8s_found *found)
{
    char text[300];
    snprintf(text, sizeof(text), "%.60s %.80s is being deleted%s%s", ensure->desired->kind,
             ensure->desired->name, *found->finalizers != '\0' ? ", held by " : "",
             found->finalizers);
    tg_ensure_tell(ensure, text, NULL, -1);
}

static void take_compared(struct tg_ensure *ensure)
{
    struct tg_json_difference difference;
    struct tg_err err = TG_ERR_INIT;
    if (tg_k8s_match(ensure->desired, tg_buf_text(&ensure->body), ensure->body.len, &difference,
                     &err)) {
        tg_ensure_finish(ensure, TG_ENSURED_FOUND);
        return;
    }
    if (err.code == TG_CODE_NONE) {
        tg_err_set(&err, TG_CODE_CONFLICT, 0, "%s %s: %s", ensure->desired->kind,
                   ensure->desired->name, difference.text);
    }
    tg_ensure_fail(ensure, &err);
}

static void take_read(struct tg_ensure *ensure)
{
    struct tg_k8s_found found;
    struct tg_err err = TG_ERR_INIT;
    ensure->resource_version[0] = '\0';
    if (ensure->status == 404) {
        tg_ensure_go(ensure, TG_ENSURE_MAKE);
    } else if (!tg_ensure_is_ok(ensure)) {
        take_failure(ensure);
    } else if (!tg_k8s_read_found(tg_buf_text(&ensure->body), ensure->body.len, &found, &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (found.is_going) {
        tell_going(ensure, &found);
        tg_ensure_wait(ensure, TG_ENSURE_READ);
    } else if (is_compared(ensure)) {
        take_compared(ensure);
    } else {
        tg_str_copy(ensure->resource_version, sizeof(ensure->resource_version),
                    found.resource_version);
        tg_ensure_go(ensure, TG_ENSURE_MAKE);
    }
}

static void take_applied(struct tg_ensure *ensure)
{
    struct tg_k8s_found found;
    struct tg_err err = TG_ERR_INIT;
    if (!tg_k8s_read_found(tg_buf_text(&ensure->body), ensure->body.len, &found, &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (ensure->status == 201) {
        tg_ensure_finish(ensure, TG_ENSURED_CREATED);
    } else {
        bool is_same = tg_str_eq(found.resource_version, ensure->resource_version);
        tg_ensure_finish(ensure, is_same ? TG_ENSURED_FOUND : TG_ENSURED_CHANGED);
    }
}

static void take_make(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_ensure_is_ok(ensure)) {
        take_applied(ensure);
        return;
    }
    tg_k8s_decode_status(ensure->status, tg_buf_text(&ensure->body), ensure->body.len, &err);
    if (ensure->status == 409 &&
        tg_k8s_read_owners(ensure->desired, tg_buf_text(&ensure->body), ensure->body.len, &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (ensure->status == 409) {
        tg_ensure_retry(ensure, TG_ENSURE_READ, &err);
    } else if (ensure->status == 404) {
        /* the kind went, or its namespace is not there yet */
        tg_map_remove(ensure->owner->groups, ensure->desired->collection);
        tg_ensure_retry(ensure, TG_ENSURE_DISCOVER, &err);
    } else {
        take_failure(ensure);
    }
}

static void take_delete(struct tg_ensure *ensure)
{
    if (ensure->status == 404) {
        tg_ensure_finish(ensure, ensure->outcome);
    } else if (tg_ensure_is_ok(ensure)) {
        ensure->outcome = TG_ENSURED_REMOVED;
        tg_ensure_go(ensure, TG_ENSURE_GONE);
    } else {
        take_failure(ensure);
    }
}

static void take_gone(struct tg_ensure *ensure)
{
    struct tg_k8s_found found;
    struct tg_err err = TG_ERR_INIT;
    if (ensure->status == 404) {
        tg_ensure_finish(ensure, ensure->outcome);
    } else if (!tg_ensure_is_ok(ensure)) {
        take_failure(ensure);
    } else if (!tg_k8s_read_found(tg_buf_text(&ensure->body), ensure->body.len, &found, &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (found.is_going) {
        tell_going(ensure, &found);
        tg_ensure_wait(ensure, TG_ENSURE_GONE);
    } else {
        tg_err_set(&err, TG_CODE_STATE, 0, "%s %s was made again by somebody",
                   ensure->desired->kind, ensure->desired->name);
        tg_ensure_retry(ensure, TG_ENSURE_GONE, &err);
    }
}

static void take(struct tg_ensure *ensure)
{
    switch (ensure->stage) {
    case TG_ENSURE_DISCOVER:
        take_discovery(ensure);
        break;
    case TG_ENSURE_READ:
        take_read(ensure);
        break;
    case TG_ENSURE_MAKE:
        take_make(ensure);
        break;
    case TG_ENSURE_DELETE:
        take_delete(ensure);
        break;
    case TG_ENSURE_GONE:
        take_gone(ensure);
        break;
    default:
        TG_UNREACHABLE("a stage of Google Cloud's");
    }
}

const struct tg_ensure_form tg_ensure_k8s = {TG_ENSURE_DISCOVER, TG_ENSURE_DISCOVER, ask, take};
