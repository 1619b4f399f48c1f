/* codec/gcp_answer.c - Google's refusals and operations, typed. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/json.h"
#include "codec/k8s.h"

#define USED_BY "already being used by '"

/* ---- refusals ---- */

static bool has_any(const char *text, const char *const *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tg_str_contains_nocase(text, marks[i])) {
            return true;
        }
    }
    return false;
}

#define HAS_ANY(text, ...)                            \
    has_any(text, (const char *const[]){__VA_ARGS__}, \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

enum tg_code tg_gcp_code_of_text(const char *text)
{
    if (HAS_ANY(text, "GCE_STOCKOUT", "ZONE_RESOURCE_POOL_EXHAUSTED",
                "does not have enough resources")) {
        return TG_CODE_STOCKOUT;
    }
    if (HAS_ANY(text, "GCE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED", "quotaExceeded",
                "Insufficient regional quota", "exceeded. Limit:", "exceeded.  Limit:")) {
        return TG_CODE_QUOTA;
    }
    if (HAS_ANY(text, "IN_USE_BY_ANOTHER_RESOURCE", "resourceInUseByAnotherResource",
                "already being used by", "associated resources that should be cleaned up")) {
        return TG_CODE_IN_USE;
    }
    return TG_CODE_NONE;
}

/* The path of the user alone: whole sentences with two paths do not fit, and it is what helps. */
static void set_in_use(struct tg_err *err, int detail, const char *message)
{
    const char *user = strstr(message, USED_BY);
    if (user != NULL) {
        user += strlen(USED_BY);
        tg_err_set(err, TG_CODE_IN_USE, detail, "in use by %.*s", (int)strcspn(user, "'"), user);
    } else {
        tg_err_set(err, TG_CODE_IN_USE, detail, "%s", message);
    }
}

struct refusal {
    int http_status;
    const char *status;  /* "FAILED_PRECONDITION" */
    const char *message; /* "" when the body is not Google's */
    const char *reason;  /* of the older part */
    const char *info;    /* reason of the ErrorInfo */
    const char *service;
};

static void read_refusal(const json_t *root, struct refusal *refusal)
{
    const json_t *error = json_object_get(root, "error");
    const json_t *details = json_object_get(error, "details");
    refusal->status = tg_json_text(error, "status");
    refusal->message = tg_json_text(error, "message");
    refusal->reason = tg_json_text(json_array_get(json_object_get(error, "errors"), 0), "reason");
    refusal->info = "";
    refusal->service = "";
    for (size_t i = 0; i < json_array_size(details); i++) {
        const json_t *detail = json_array_get(details, i);
        if (*refusal->info == '\0') {
            refusal->info = tg_json_text(detail, "reason");
            refusal->service = tg_json_text(detail, "metadata/service");
        }
    }
}

static bool is_rate_limit(const struct refusal *refusal)
{
    return HAS_ANY(refusal->info, "RATE_LIMIT_EXCEEDED", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED") ||
           HAS_ANY(refusal->reason, "rateLimitExceeded") || HAS_ANY(refusal->message, "per minute");
}

static bool is_disabled(const struct refusal *refusal)
{
    return tg_str_eq(refusal->info, "SERVICE_DISABLED") ||
           tg_str_eq(refusal->reason, "accessNotConfigured");
}

static enum tg_code quota_or_use(const struct refusal *refusal)
{
    enum tg_code code = tg_gcp_code_of_text(refusal->reason);
    return code != TG_CODE_NONE ? code : tg_gcp_code_of_text(refusal->message);
}

static enum tg_gcp_remedy remedy_of(const struct refusal *refusal, enum tg_code *code)
{
    int http = refusal->http_status;
    bool is_precondition = tg_str_eq(refusal->status, "FAILED_PRECONDITION") ||
                           tg_str_eq(refusal->reason, "failedPrecondition");
    if (http == 409 || http == 412) {
        return TG_GCP_REREAD;
    }
    if (http == 408 || http == 429 || http >= 500) {
        return TG_GCP_RETRY;
    }
    if (http == 400 &&
        HAS_ANY(refusal->message, "try again once it is done", "currently operating on cluster")) {
        *code = TG_CODE_STATE;
        return TG_GCP_WAIT;
    }
    if (http == 400 && (HAS_ANY(refusal->reason, "resourceNotReady") ||
                        HAS_ANY(refusal->message, "is not ready", "deactivation is in progress"))) {
        *code = TG_CODE_STATE;
        return TG_GCP_RETRY;
    }
    if (http == 400 && is_precondition) {
        *code = TG_CODE_STATE;
    }
    return TG_GCP_NO_REMEDY;
}

/* Older answers name the API only in the address of the page where it is enabled. */
static void set_disabled(const struct refusal *refusal, struct tg_err *err)
{
    static const char page[] = "/apis/api/";
    const char *service = refusal->service;
    const char *link = strstr(refusal->message, page);
    if (*service == '\0' && link != NULL) {
        service = link + strlen(page);
    }
    int len = (int)strcspn(service, "/ ");
    tg_err_set(err, TG_CODE_DISABLED, refusal->http_status, "%.*s%s%s", len, service,
               len > 0 ? " is not enabled: " : "", refusal->message);
}

/* What the two kinds of JSON and plain text have in common is left to Kubernetes' reader. */
static enum tg_gcp_remedy judge(const struct refusal *refusal, struct tg_err *err)
{
    int http = refusal->http_status;
    enum tg_code code = tg_code_from_http_status(http);
    const char *message = refusal->message;
    if (is_disabled(refusal)) {
        set_disabled(refusal, err);
        return TG_GCP_NO_REMEDY;
    }
    enum tg_gcp_remedy remedy = remedy_of(refusal, &code);
    if (is_rate_limit(refusal)) {
        code = TG_CODE_RATE_LIMITED;
        remedy = TG_GCP_RETRY;
    } else if (http != 401 && http < 500 && quota_or_use(refusal) != TG_CODE_NONE) {
        code = quota_or_use(refusal);
        remedy = TG_GCP_NO_REMEDY;
    }
    if (code == TG_CODE_IN_USE) {
        set_in_use(err, http, message);
    } else {
        tg_err_set(err, code, http, "%s%s%s", refusal->status, *refusal->status != '\0' ? ": " : "",
                   message);
    }
    return remedy;
}

enum tg_gcp_remedy tg_gcp_decode_failure(int http_status, const char *body, size_t len,
                                         struct tg_err *err)
{
    struct tg_err why = TG_ERR_INIT;
    struct tg_json document = {0};
    struct refusal refusal = {.http_status = http_status};
    enum tg_gcp_remedy remedy = TG_GCP_NO_REMEDY;
    if (len > 0 && body[0] == '{') {
        (void)tg_json_parse(body, len, NULL, &document, &why);
    }
    read_refusal(document.root, &refusal);
    if (*refusal.message != '\0') {
        remedy = judge(&refusal, err);
    } else {
        enum tg_code code = TG_CODE_NONE;
        tg_k8s_decode_status(http_status, body, len, err);
        remedy = remedy_of(&refusal, &code);
    }
    tg_json_release(&document);
    return remedy;
}

void tg_gcp_decode_error(int http_status, const char *body, size_t len, struct tg_err *err)
{
    (void)tg_gcp_decode_failure(http_status, body, len, err);
}

/* ---- operations ---- */

/* google.rpc.Code. */
static enum tg_code code_of_rpc(int64_t code)
{
    switch (code) {
    case 3:
    case 11:
        return TG_CODE_INVALID;
    case 5:
        return TG_CODE_NOT_FOUND;
    case 6:
    case 10:
        return TG_CODE_CONFLICT;
    case 7:
        return TG_CODE_FORBIDDEN;
    case 8:
        return TG_CODE_QUOTA;
    case 9:
        return TG_CODE_STATE;
    case 16:
        return TG_CODE_UNAUTHORIZED;
    default:
        return TG_CODE_SERVER;
    }
}

const char *tg_gcp_gist(const char *message)
{
    static const char before[] = "Current errors: ";
    const char *cause = strstr(message, before);
    return cause != NULL ? cause + strlen(before) : message;
}

static void set_failure(struct tg_gcp_operation *operation, enum tg_code code, int detail,
                        const char *code_text, const char *message)
{
    enum tg_code told = tg_gcp_code_of_text(code_text);
    told = told != TG_CODE_NONE ? told : tg_gcp_code_of_text(message);
    message = tg_gcp_gist(message);
    code = told != TG_CODE_NONE ? told : code;
    if (code == TG_CODE_IN_USE) {
        set_in_use(&operation->err, detail, message);
    } else {
        tg_err_set(&operation->err, code, detail, "%s%s%s", code_text,
                   *code_text != '\0' ? ": " : "", message);
    }
}

static void read_compute(const json_t *root, struct tg_gcp_operation *out)
{
    const char *link = strstr(tg_json_text(root, "selfLink"), "/projects/");
    tg_str_copy(out->path, sizeof(out->path), link != NULL ? link + 1 : "");
    out->is_done = tg_str_eq(tg_json_text(root, "status"), "DONE");
    out->percent = (int)tg_json_int(root, "progress", -1);
    snprintf(out->text, sizeof(out->text), "%.64s %.32s", tg_json_text(root, "operationType"),
             tg_json_text(root, "status"));
    const json_t *error = json_array_get(tg_json_at(root, "error/errors"), 0);
    if (out->is_done && error != NULL) {
        int http = (int)tg_json_int(root, "httpErrorStatusCode", 0);
        enum tg_code code = tg_code_from_http_status(http);
        set_failure(out, code == TG_CODE_NONE ? TG_CODE_SERVER : code, http,
                    tg_json_text(error, "code"), tg_json_text(error, "message"));
    }
}

/* " nodes total 1, nodes done 0": whatever metrics there are. */
static void put_metrics(struct tg_buf *text, const json_t *root)
{
    const json_t *metrics = tg_json_at(root, "progress/metrics");
    for (size_t i = 0; i < json_array_size(metrics) && i < 4; i++) {
        const json_t *metric = json_array_get(metrics, i);
        const char *value = tg_json_text(metric, "stringValue");
        tg_buf_printf(text, "%s %.32s ", i == 0 ? ":" : ",", tg_json_text(metric, "name"));
        if (*value != '\0') {
            tg_buf_printf(text, "%.32s", value);
        } else {
            tg_buf_printf(text, "%lld", (long long)tg_json_int(metric, "intValue", 0));
        }
    }
}

/* The place of the operation is the resource's own: "projects/P/locations/L". */
static void put_location_path(const struct tg_desired *desired, const char *name,
                              struct tg_gcp_operation *out)
{
    size_t len = 0;
    for (int segment = 0; segment < 4; segment++) {
        len += segment > 0 && desired->collection[len] == '/' ? 1 : 0;
        len += strcspn(desired->collection + len, "/");
    }
    snprintf(out->path, sizeof(out->path), "%.*s/operations/%.128s", (int)(len < 180 ? len : 180),
             desired->collection, name);
}

static void read_container(const struct tg_desired *desired, const json_t *root,
                           struct tg_gcp_operation *out)
{
    struct tg_buf text;
    tg_buf_init(&text, 1024);
    tg_buf_printf(&text, "%.64s %.32s", tg_json_text(root, "operationType"),
                  tg_json_text(root, "status"));
    out->is_done = tg_str_eq(tg_json_text(root, "status"), "DONE");
    put_location_path(desired, tg_json_text(root, "name"), out);
    put_metrics(&text, root);
    tg_str_copy(out->text, sizeof(out->text), tg_buf_text(&text));
    tg_buf_fini(&text);
    const char *message = tg_json_text(root, "error/message");
    message = *message != '\0' ? message : tg_json_text(root, "statusMessage");
    if (out->is_done && *message != '\0') {
        set_failure(out, code_of_rpc(tg_json_int(root, "error/code", 13)), 0, "", message);
    }
}

static void read_long(const json_t *root, struct tg_gcp_operation *out)
{
    const char *verb = tg_json_text(root, "metadata/verb");
    const char *detail = tg_json_text(root, "metadata/statusDetail");
    const json_t *error = json_object_get(root, "error");
    out->is_done = tg_json_bool(root, "done");
    tg_str_copy(out->path, sizeof(out->path), tg_json_text(root, "name"));
    snprintf(out->text, sizeof(out->text), "%.48s%s%.96s", *verb != '\0' ? verb : "operation",
             *detail != '\0' ? ": "
             : out->is_done  ? " done"
                             : " under way",
             detail);
    if (out->is_done && error != NULL) {
        set_failure(out, code_of_rpc(tg_json_int(error, "code", 13)), 0, "",
                    tg_json_text(error, "message"));
    }
}

static bool is_operation_name(const char *name)
{
    return tg_str_has_prefix(name, "operations/") || strstr(name, "/operations/") != NULL;
}

bool tg_gcp_read_operation(const struct tg_desired *desired, const char *json, size_t len,
                           struct tg_gcp_operation *operation, struct tg_err *err)
{
    struct tg_json document = {0};
    *operation = (struct tg_gcp_operation){.percent = -1};
    if (desired->api == TG_API_STORAGE || desired->api == TG_API_IAM ||
        desired->api == TG_API_RESOURCE_MANAGER) {
        return false; /* they answer when it is done */
    }
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *root = document.root;
    bool is_operation = json_object_get(root, "operationType") != NULL;
    if (is_operation && desired->api == TG_API_COMPUTE) {
        read_compute(root, operation);
    } else if (is_operation && desired->api == TG_API_CONTAINER) {
        read_container(desired, root, operation);
    } else {
        is_operation = is_operation_name(tg_json_text(root, "name"));
        if (is_operation) {
            read_long(root, operation);
        }
    }
    tg_json_release(&document);
    return is_operation;
}
