/* provider/ensure_gcp.c - Google Cloud's resources: read, made, changed and deleted by way of
 * operations; and APIs enabled on the project. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/gcp_answer.h"
#include "net/url.h"
#include "provider/ensure_machine.h"
#include "provider/gcp_path.h"

#define CONTENTS_PAGE "1000"

/* ---- what is asked ---- */

static void begin(const struct tg_ensure *ensure, struct tg_buf *path)
{
    tg_gcp_path_begin(ensure->owner->context, ensure->desired->api, path);
}

static void begin_object(const struct tg_ensure *ensure, struct tg_buf *path)
{
    begin(ensure, path);
    tg_gcp_path_append(path, ensure->desired->collection);
    tg_url_append_segment(path, ensure->desired->name);
}

/* Takes path and body. */
static void submit(struct tg_ensure *ensure, const char *method, struct tg_buf *path, char *body)
{
    struct tg_http_request request = {.method = method,
                                      .path = tg_buf_take(path, NULL),
                                      .body = body,
                                      .body_len = body != NULL ? strlen(body) : 0};
    request.content_type = body != NULL ? tg_strdup("application/json") : NULL;
    tg_ensure_submit(ensure, &request);
}

/* Compute and the fleet take a name for the request, so that one that is sent again makes nothing
 * twice. Changing and deleting are safe to repeat as they are: an answer from memory would hide
 * that what was removed has come back, as controllers do it, under the same name. */
static void name_request(const struct tg_desired *desired, struct tg_buf *path)
{
    bool is_taken = desired->api == TG_API_COMPUTE || desired->api == TG_API_GKEHUB;
    if (is_taken && desired->request_id != NULL) {
        tg_url_append_query(path, "requestId", desired->request_id);
    }
}

static void ask_make(struct tg_ensure *ensure)
{
    const struct tg_desired *desired = ensure->desired;
    const char *name_query = tg_gcp_name_query(desired);
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf path;
    char *body = tg_gcp_write_create(desired, &err);
    if (body == NULL) {
        tg_ensure_fail(ensure, &err);
        return;
    }
    begin(ensure, &path);
    tg_gcp_path_append(&path, desired->collection);
    if (desired->api == TG_API_STORAGE) {
        tg_url_append_query(&path, "project", ensure->owner->context->config.project);
    }
    if (*name_query != '\0') {
        tg_url_append_query(&path, name_query, desired->name);
    }
    name_request(desired, &path);
    submit(ensure, "POST", &path, body);
}

/* All buckets share one name space, and the operator may have rights on somebody else's. */
static bool must_be_of_project(const struct tg_ensure *ensure)
{
    return ensure->desired->api == TG_API_STORAGE && !ensure->is_of_project;
}

static void ask_owner(struct tg_ensure *ensure)
{
    const struct tg_desired *desired = ensure->desired;
    struct tg_buf path;
    begin(ensure, &path);
    tg_gcp_path_append(&path, desired->collection);
    tg_url_append_query(&path, "project", ensure->owner->context->config.project);
    tg_url_append_query(&path, "prefix", desired->name);
    tg_url_append_query(&path, "fields", "items(name),nextPageToken");
    submit(ensure, "GET", &path, NULL);
}

static void ask_contents(struct tg_ensure *ensure, struct tg_buf *path)
{
    tg_buf_puts(path, "/o");
    tg_url_append_query(path, "versions", "true");
    tg_url_append_query(path, "maxResults", CONTENTS_PAGE);
    tg_url_append_query(path, "fields", "items(name,generation),nextPageToken");
    submit(ensure, "GET", path, NULL);
}

static void ask_content(struct tg_ensure *ensure, struct tg_buf *path)
{
    const char *generation = ensure->contents.generations[ensure->content_at];
    tg_buf_puts(path, "/o");
    tg_url_append_segment(path, ensure->contents.names[ensure->content_at]);
    if (*generation != '\0') {
        tg_url_append_query(path, "generation", generation);
    }
    submit(ensure, "DELETE", path, NULL);
}

static void ask_operation(struct tg_ensure *ensure)
{
    struct tg_buf path;
    begin(ensure, &path);
    tg_gcp_path_append(&path, ensure->operation);
    submit(ensure, "GET", &path, NULL);
}

static void ask_of_object(struct tg_ensure *ensure)
{
    struct tg_buf path;
    begin_object(ensure, &path);
    switch (ensure->stage) {
    case TG_ENSURE_CHANGE:
        if (ensure->desired->api == TG_API_GKEHUB) {
            tg_url_append_query(&path, "updateMask", ensure->change_mask);
        }
        submit(ensure, "PATCH", &path, tg_strdup(ensure->change));
        break;
    case TG_ENSURE_LIST:
        ask_contents(ensure, &path);
        break;
    case TG_ENSURE_EMPTY:
        ask_content(ensure, &path);
        break;
    case TG_ENSURE_DELETE:
        submit(ensure, "DELETE", &path, NULL);
        break;
    default:
        submit(ensure, "GET", &path, NULL);
        break;
    }
}

static void ask(struct tg_ensure *ensure)
{
    if (ensure->stage == TG_ENSURE_DELETE && must_be_of_project(ensure)) {
        ensure->stage = TG_ENSURE_OWNER;
    } else if (ensure->stage == TG_ENSURE_DELETE && ensure->desired->has_content &&
               !ensure->contents.is_all) {
        ensure->stage = TG_ENSURE_LIST; /* what it holds goes first */
    }
    if (ensure->stage == TG_ENSURE_MAKE) {
        ask_make(ensure);
    } else if (ensure->stage == TG_ENSURE_OWNER) {
        ask_owner(ensure);
    } else if (ensure->stage == TG_ENSURE_OPERATION) {
        ask_operation(ensure);
    } else {
        ask_of_object(ensure);
    }
}

/* ---- what comes back ---- */

/* Takes a refusal that has no meaning of its own at this stage. */
static void take_failure(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    enum tg_gcp_remedy remedy =
        tg_gcp_decode_failure(ensure->status, tg_buf_text(&ensure->body), ensure->body.len, &err);
    if (remedy == TG_GCP_RETRY) {
        tg_ensure_retry(ensure, ensure->stage, &err);
    } else if (remedy == TG_GCP_WAIT) {
        tg_ensure_tell(ensure, err.msg, NULL, -1);
        tg_ensure_wait(ensure, ensure->stage);
    } else {
        tg_ensure_fail(ensure, &err);
    }
}

static enum tg_gcp_remedy remedy_of(const struct tg_ensure *ensure, struct tg_err *err)
{
    return tg_gcp_decode_failure(ensure->status, tg_buf_text(&ensure->body), ensure->body.len, err);
}

/* The answer to a change, or to how it goes: follows its operation, then goes on at after. */
static void follow(struct tg_ensure *ensure, enum tg_ensure_stage after)
{
    struct tg_gcp_operation operation;
    struct tg_err err = TG_ERR_INIT;
    bool is_operation = tg_gcp_read_operation(ensure->desired, tg_buf_text(&ensure->body),
                                              ensure->body.len, &operation, &err);
    if (err.code != TG_CODE_NONE) {
        tg_ensure_fail(ensure, &err);
    } else if (!is_operation) {
        tg_ensure_go(ensure, after);
    } else if (!operation.is_done) {
        tg_str_copy(ensure->operation, sizeof(ensure->operation), operation.path);
        ensure->after = after;
        tg_ensure_tell(ensure, operation.text, operation.path, operation.percent);
        tg_ensure_wait(ensure, TG_ENSURE_OPERATION);
    } else if (operation.err.code == TG_CODE_CONFLICT && after == TG_ENSURE_READ) {
        ensure->outcome = TG_ENSURED_FOUND; /* somebody was quicker */
        tg_ensure_go(ensure, after);
    } else if (operation.err.code != TG_CODE_NONE) {
        tg_ensure_fail(ensure, &operation.err);
    } else {
        tg_ensure_go(ensure, after);
    }
}

static void take_operation(struct tg_ensure *ensure)
{
    if (tg_ensure_is_ok(ensure)) {
        follow(ensure, ensure->after);
    } else if (ensure->status == 404) {
        tg_ensure_go(ensure, ensure->after); /* forgotten: what it made tells */
    } else {
        take_failure(ensure);
    }
}

static void tell_status(struct tg_ensure *ensure, const struct tg_gcp_found *found)
{
    char text[160];
    snprintf(text, sizeof(text), "%s %.100s is %s", tg_gcp_noun(ensure->desired),
             ensure->desired->name, found->status);
    tg_ensure_tell(ensure, text, NULL, -1);
}

static void fail_as_different(struct tg_ensure *ensure, const struct tg_gcp_found *found)
{
    struct tg_err err = TG_ERR_INIT;
    tg_err_set(&err, TG_CODE_CONFLICT, 0, "%s %s: %s", tg_gcp_noun(ensure->desired),
               ensure->desired->name, found->difference.text);
    tg_ensure_fail(ensure, &err);
}

static void take_settled(struct tg_ensure *ensure, struct tg_gcp_found *found)
{
    /* What was made a moment ago from this very body is not doubted. */
    if (found->is_as_wanted || ensure->outcome == TG_ENSURED_CREATED) {
        tg_ensure_finish(ensure, ensure->outcome);
    } else if (found->patch != NULL && !ensure->desired->is_only_ours &&
               ensure->outcome != TG_ENSURED_CHANGED) {
        free(ensure->change);
        free(ensure->change_mask);
        ensure->change = found->patch;
        ensure->change_mask = found->patch_mask;
        found->patch = NULL;
        found->patch_mask = NULL;
        tg_ensure_go(ensure, TG_ENSURE_CHANGE);
    } else {
        fail_as_different(ensure, found);
    }
}

/* What came of an earlier try has nothing in it, and does not get better by itself. */
static void take_broken(struct tg_ensure *ensure, const struct tg_gcp_found *found)
{
    bool is_lack = found->why.code == TG_CODE_STOCKOUT || found->why.code == TG_CODE_QUOTA;
    if (is_lack && ensure->desired->is_remade && !ensure->has_remade &&
        ensure->outcome == TG_ENSURED_FOUND) {
        ensure->has_remade = true;
        tell_status(ensure, found);
        tg_ensure_go(ensure, TG_ENSURE_DELETE);
    } else {
        tg_ensure_fail(ensure, &found->why);
    }
}

static void take_found(struct tg_ensure *ensure)
{
    struct tg_gcp_found found;
    struct tg_err err = TG_ERR_INIT;
    if (!tg_gcp_read_found(ensure->desired, tg_buf_text(&ensure->body), ensure->body.len, &found,
                           &err)) {
        tg_gcp_found_fini(&found);
        tg_ensure_fail(ensure, &err);
        return;
    }
    switch (found.state) {
    case TG_GCP_GOING:
        ensure->outcome = TG_ENSURED_FOUND; /* when it is gone it is made */
        tell_status(ensure, &found);
        tg_ensure_wait(ensure, TG_ENSURE_READ);
        break;
    case TG_GCP_MAKING:
        tell_status(ensure, &found);
        tg_ensure_wait(ensure, TG_ENSURE_READ);
        break;
    case TG_GCP_BROKEN:
        take_broken(ensure, &found);
        break;
    case TG_GCP_SETTLED:
        take_settled(ensure, &found);
        break;
    }
    tg_gcp_found_fini(&found);
}

static void take_absent(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_made = ensure->outcome == TG_ENSURED_CREATED || ensure->outcome == TG_ENSURED_CHANGED;
    if (!is_made && !ensure->has_collided) {
        tg_ensure_go(ensure, TG_ENSURE_MAKE);
        return;
    }
    (void)remedy_of(ensure, &err);
    tg_ensure_retry(ensure, is_made ? TG_ENSURE_READ : TG_ENSURE_MAKE, &err);
}

static void take_read(struct tg_ensure *ensure)
{
    bool is_bucket = ensure->desired->api == TG_API_STORAGE;
    if (tg_ensure_is_ok(ensure) && ensure->outcome == TG_ENSURED_FOUND &&
        must_be_of_project(ensure)) {
        tg_ensure_go(ensure, TG_ENSURE_OWNER);
    } else if (tg_ensure_is_ok(ensure)) {
        take_found(ensure);
    } else if (ensure->status == 404) {
        take_absent(ensure);
    } else if (ensure->status == 403 && is_bucket && !ensure->is_refused) {
        ensure->is_refused = true; /* buckets share one name space: it may be somebody else's */
        tg_ensure_go(ensure, TG_ENSURE_MAKE);
    } else {
        take_failure(ensure);
    }
}

static void take_make(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_ensure_is_ok(ensure)) {
        ensure->outcome = TG_ENSURED_CREATED;
        follow(ensure, TG_ENSURE_READ);
        return;
    }
    if (remedy_of(ensure, &err) != TG_GCP_REREAD) {
        take_failure(ensure);
    } else if (ensure->is_refused) {
        tg_ensure_fail(ensure, &err);
    } else {
        ensure->has_collided = true;
        tg_ensure_go(ensure, TG_ENSURE_READ);
    }
}

static void take_change(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_ensure_is_ok(ensure)) {
        ensure->outcome = TG_ENSURED_CHANGED;
        follow(ensure, TG_ENSURE_READ);
    } else if (remedy_of(ensure, &err) == TG_GCP_REREAD) {
        tg_ensure_retry(ensure, TG_ENSURE_READ, &err);
    } else {
        take_failure(ensure);
    }
}

/* ---- removal ---- */

/* It is gone: that was all, or it is made anew. */
static void end_removal(struct tg_ensure *ensure, enum tg_ensured outcome)
{
    if (ensure->is_removal) {
        tg_ensure_finish(ensure, outcome);
    } else {
        ensure->outcome = TG_ENSURED_FOUND;
        tg_ensure_go(ensure, TG_ENSURE_READ);
    }
}

static void take_delete(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_ensure_is_ok(ensure)) {
        ensure->outcome = TG_ENSURED_REMOVED;
        follow(ensure, TG_ENSURE_GONE);
        return;
    }
    if (ensure->status == 404) {
        end_removal(ensure, ensure->outcome);
        return;
    }
    enum tg_gcp_remedy remedy = remedy_of(ensure, &err);
    if (remedy == TG_GCP_WAIT) {
        tg_ensure_tell(ensure, err.msg, NULL, -1);
        tg_ensure_go(ensure, TG_ENSURE_GONE); /* it may be on its way out already */
    } else if (remedy == TG_GCP_REREAD &&
               (ensure->desired->api != TG_API_STORAGE || ensure->desired->has_content)) {
        ensure->contents.is_all = false; /* a bucket that filled up again */
        tg_ensure_retry(ensure, TG_ENSURE_DELETE, &err);
    } else {
        take_failure(ensure);
    }
}

static void take_not_gone(struct tg_ensure *ensure)
{
    struct tg_gcp_found found;
    struct tg_err err = TG_ERR_INIT;
    if (!tg_gcp_read_found(ensure->desired, tg_buf_text(&ensure->body), ensure->body.len, &found,
                           &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (found.state == TG_GCP_GOING) {
        ensure->outcome = TG_ENSURED_REMOVED;
        tell_status(ensure, &found);
        tg_ensure_wait(ensure, TG_ENSURE_GONE);
    } else if (ensure->outcome != TG_ENSURED_REMOVED) {
        tg_ensure_wait(ensure, TG_ENSURE_DELETE); /* busy with something else */
    } else {
        tg_err_set(&err, TG_CODE_STATE, 0, "%s %s is still there", tg_gcp_noun(ensure->desired),
                   ensure->desired->name);
        tg_ensure_retry(ensure, TG_ENSURE_GONE, &err);
    }
    tg_gcp_found_fini(&found);
}

static void take_gone(struct tg_ensure *ensure)
{
    if (ensure->status == 404) {
        end_removal(ensure, TG_ENSURED_REMOVED);
    } else if (tg_ensure_is_ok(ensure)) {
        take_not_gone(ensure);
    } else {
        take_failure(ensure);
    }
}

/* What is not among the project's own is neither taken for the lab's nor removed. The list is in
 * the order of names: the bucket itself comes before those whose names begin with its own. */
static void take_owner(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_gcp_contents buckets;
    const char *name = ensure->desired->name;
    if (!tg_ensure_is_ok(ensure)) {
        take_failure(ensure);
        return;
    }
    bool is_read =
        tg_gcp_read_contents(tg_buf_text(&ensure->body), ensure->body.len, &buckets, &err);
    ensure->is_of_project = is_read && buckets.count > 0 && tg_str_eq(buckets.names[0], name);
    tg_gcp_contents_fini(&buckets);
    if (!is_read) {
        tg_ensure_fail(ensure, &err);
    } else if (ensure->is_of_project) {
        tg_ensure_go(ensure, ensure->is_removal ? TG_ENSURE_DELETE : TG_ENSURE_READ);
    } else if (ensure->is_removal) {
        tg_ensure_finish(ensure, TG_ENSURED_ABSENT);
    } else {
        tg_err_set(&err, TG_CODE_CONFLICT, 0, "bucket %s is there, and of another project", name);
        tg_ensure_fail(ensure, &err);
    }
}

static void take_contents(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (ensure->status == 404) {
        tg_ensure_finish(ensure, ensure->outcome);
        return;
    }
    if (!tg_ensure_is_ok(ensure)) {
        take_failure(ensure);
        return;
    }
    tg_gcp_contents_fini(&ensure->contents);
    ensure->content_at = 0;
    if (!tg_gcp_read_contents(tg_buf_text(&ensure->body), ensure->body.len, &ensure->contents,
                              &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (ensure->contents.count == 0) {
        ensure->contents.is_all = true;
        tg_ensure_go(ensure, TG_ENSURE_DELETE);
    } else {
        tg_ensure_go(ensure, TG_ENSURE_EMPTY);
    }
}

static void tell_contents(struct tg_ensure *ensure)
{
    size_t count = ensure->contents.count;
    char text[80];
    snprintf(text, sizeof(text), "objects deleted: %llu", ensure->contents_taken);
    tg_ensure_tell(ensure, text, NULL,
                   ensure->contents.is_all ? (int)(100 * ensure->content_at / count) : -1);
}

static void take_content(struct tg_ensure *ensure)
{
    if (!tg_ensure_is_ok(ensure) && ensure->status != 404) {
        take_failure(ensure);
        return;
    }
    ensure->content_at++;
    ensure->contents_taken++;
    if (ensure->content_at < ensure->contents.count) {
        if (ensure->contents_taken % 10 == 0) {
            tell_contents(ensure);
        }
        tg_ensure_go(ensure, TG_ENSURE_EMPTY);
        return;
    }
    tell_contents(ensure);
    ensure->contents.is_all = false;
    tg_ensure_go(ensure, TG_ENSURE_LIST); /* once more: somebody may have added some meanwhile */
}

static void take(struct tg_ensure *ensure)
{
    switch (ensure->stage) {
    case TG_ENSURE_READ:
        take_read(ensure);
        break;
    case TG_ENSURE_MAKE:
        take_make(ensure);
        break;
    case TG_ENSURE_CHANGE:
        take_change(ensure);
        break;
    case TG_ENSURE_OPERATION:
        take_operation(ensure);
        break;
    case TG_ENSURE_OWNER:
        take_owner(ensure);
        break;
    case TG_ENSURE_LIST:
        take_contents(ensure);
        break;
    case TG_ENSURE_EMPTY:
        take_content(ensure);
        break;
    case TG_ENSURE_DELETE:
        take_delete(ensure);
        break;
    case TG_ENSURE_GONE:
        take_gone(ensure);
        break;
    case TG_ENSURE_DISCOVER:
        TG_UNREACHABLE("Google Cloud needs no discovery");
    }
}

const struct tg_ensure_form tg_ensure_gcp = {TG_ENSURE_READ, TG_ENSURE_DELETE, ask, take};

/* ---- services ---- */

/* path of "projects/P/services/NAME" with a verb behind a colon (NULL: none). */
static void ask_service_at(struct tg_ensure *ensure, const char *verb)
{
    struct tg_buf path;
    begin(ensure, &path);
    tg_gcp_path_append(&path, ensure->desired->collection);
    tg_gcp_path_append(&path, "services");
    tg_url_append_segment(&path, ensure->desired->name);
    if (verb != NULL) {
        tg_buf_printf(&path, ":%s", verb);
    }
    submit(ensure, verb != NULL ? "POST" : "GET", &path, verb != NULL ? tg_strdup("{}") : NULL);
}

static void ask_service(struct tg_ensure *ensure)
{
    if (ensure->is_removal) {
        tg_ensure_finish(ensure, TG_ENSURED_FOUND); /* other things may use it: it stays */
    } else if (ensure->stage == TG_ENSURE_OPERATION) {
        ask_operation(ensure);
    } else {
        ask_service_at(ensure, ensure->stage == TG_ENSURE_MAKE ? "enable" : NULL);
    }
}

static void take_service_read(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_enabled = false;
    if (!tg_ensure_is_ok(ensure)) {
        take_failure(ensure);
    } else if (!tg_gcp_read_enabled(tg_buf_text(&ensure->body), ensure->body.len, &is_enabled,
                                    &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (is_enabled) {
        tg_ensure_finish(ensure, ensure->outcome);
    } else if (ensure->outcome == TG_ENSURED_FOUND) {
        tg_ensure_go(ensure, TG_ENSURE_MAKE);
    } else {
        tg_err_set(&err, TG_CODE_STATE, 0, "%s is not enabled yet", ensure->desired->name);
        tg_ensure_retry(ensure, TG_ENSURE_READ, &err);
    }
}

static void take_service(struct tg_ensure *ensure)
{
    if (ensure->stage == TG_ENSURE_READ) {
        take_service_read(ensure);
    } else if (ensure->stage == TG_ENSURE_OPERATION) {
        take_operation(ensure);
    } else if (tg_ensure_is_ok(ensure)) {
        ensure->outcome = TG_ENSURED_CREATED;
        follow(ensure, TG_ENSURE_READ);
    } else {
        take_failure(ensure);
    }
}

const struct tg_ensure_form tg_ensure_service = {TG_ENSURE_READ, TG_ENSURE_READ, ask_service,
                                                 take_service};

/* An agent account cannot be read: asking for it gives the one that is there. So it is always
 * "found"; GONE stands for "the operation is over". */
static void ask_identity(struct tg_ensure *ensure)
{
    if (ensure->is_removal || ensure->stage == TG_ENSURE_GONE) {
        tg_ensure_finish(ensure, TG_ENSURED_FOUND);
    } else if (ensure->stage == TG_ENSURE_OPERATION) {
        ask_operation(ensure);
    } else {
        ask_service_at(ensure, "generateServiceIdentity");
    }
}

static void take_identity(struct tg_ensure *ensure)
{
    if (ensure->stage == TG_ENSURE_OPERATION) {
        take_operation(ensure);
    } else if (tg_ensure_is_ok(ensure)) {
        follow(ensure, TG_ENSURE_GONE);
    } else {
        take_failure(ensure);
    }
}

const struct tg_ensure_form tg_ensure_identity = {TG_ENSURE_MAKE, TG_ENSURE_MAKE, ask_identity,
                                                  take_identity};
