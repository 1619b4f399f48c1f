/* provider/ensure_policy.c - one member of one role: a policy is read, changed in that one place,
 * and given back with the etag that it was read with; whoever came between starts it over. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/gcp_answer.h"
#include "codec/gcp_policy.h"
#include "net/url.h"
#include "provider/ensure_machine.h"
#include "provider/gcp_path.h"

/* Buckets have their policy at a place; the others ask for it by a verb. */
static void ask(struct tg_ensure *ensure)
{
    const struct tg_desired *desired = ensure->desired;
    bool is_change = ensure->stage == TG_ENSURE_CHANGE;
    struct tg_http_request request = {.method = "POST"};
    struct tg_buf path;
    tg_gcp_path_begin(ensure->owner->context, desired->api, &path);
    tg_gcp_path_append(&path, desired->collection);
    if (desired->api == TG_API_STORAGE) {
        request.method = is_change ? "PUT" : "GET";
        tg_buf_puts(&path, "/iam");
    } else {
        tg_buf_puts(&path, is_change ? ":setIamPolicy" : ":getIamPolicy");
    }
    if (!is_change && desired->api == TG_API_STORAGE) {
        tg_url_append_query(&path, "optionsRequestedPolicyVersion", "3");
    } else if (!is_change && desired->api == TG_API_IAM) {
        tg_url_append_query(&path, "options.requestedPolicyVersion", "3");
    } else if (!is_change) {
        request.body = tg_strdup(TG_GCP_POLICY_QUESTION);
    } else {
        request.body = tg_strdup(ensure->change);
    }
    request.body_len = request.body != NULL ? strlen(request.body) : 0;
    request.content_type = request.body != NULL ? tg_strdup("application/json") : NULL;
    request.path = tg_buf_take(&path, NULL);
    tg_ensure_submit(ensure, &request);
}

static void take_policy(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    free(ensure->change);
    ensure->change = NULL;
    if (!tg_gcp_write_policy(ensure->desired, ensure->is_removal, tg_buf_text(&ensure->body),
                             ensure->body.len, &ensure->change, &err)) {
        tg_ensure_fail(ensure, &err);
    } else if (ensure->change == NULL) {
        tg_ensure_finish(ensure, ensure->outcome);
    } else {
        tg_ensure_go(ensure, TG_ENSURE_CHANGE);
    }
}

/* An account or a workload identity pool made a moment ago is not known everywhere yet. */
static bool is_unknown_yet(const struct tg_ensure *ensure, const struct tg_err *err)
{
    bool is_new_account = ensure->status == 404 && ensure->desired->api == TG_API_IAM;
    return is_new_account ||
           (ensure->status == 400 && tg_str_contains_nocase(err->msg, "does not exist"));
}

static void take(struct tg_ensure *ensure)
{
    struct tg_err err = TG_ERR_INIT;
    if (tg_ensure_is_ok(ensure)) {
        if (ensure->stage == TG_ENSURE_READ) {
            take_policy(ensure);
        } else {
            tg_ensure_finish(ensure, ensure->is_removal ? TG_ENSURED_REMOVED : TG_ENSURED_CREATED);
        }
        return;
    }
    if (ensure->is_removal && ensure->status == 404) {
        tg_ensure_finish(ensure, TG_ENSURED_ABSENT); /* with what it was a policy of */
        return;
    }
    enum tg_gcp_remedy remedy =
        tg_gcp_decode_failure(ensure->status, tg_buf_text(&ensure->body), ensure->body.len, &err);
    if (remedy != TG_GCP_NO_REMEDY || is_unknown_yet(ensure, &err)) {
        tg_ensure_retry(ensure, TG_ENSURE_READ, &err);
    } else {
        tg_ensure_fail(ensure, &err);
    }
}

const struct tg_ensure_form tg_ensure_policy = {TG_ENSURE_READ, TG_ENSURE_READ, ask, take};
