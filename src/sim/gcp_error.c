/* sim/gcp_error.c - errors as Google's APIs write them, in both styles. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_state.h"
#include "sim/json_path.h"

/* The older part of an error tells the status in its own words, by which clients decide whether to
 * try again. */
static const struct {
    int code;
    const char *status; /* NULL: any */
    const char *reason;
} reasons[] = {
    {412, NULL, "conditionNotMet"},
    {404, NULL, "notFound"},
    {409, "ABORTED", "aborted"},
    {409, NULL, "alreadyExists"},
    {400, "FAILED_PRECONDITION", "failedPrecondition"},
    {401, NULL, "authError"},
    {403, NULL, "forbidden"},
    {429, NULL, "rateLimitExceeded"},
    {503, NULL, "backendError"},
    {500, NULL, "backendError"},
    {416, NULL, "requestedRangeNotSatisfiable"},
};

static const char *reason_of(int code, const char *status)
{
    for (size_t i = 0; i < TG_COUNT(reasons); i++) {
        if (reasons[i].code == code &&
            (reasons[i].status == NULL || tg_str_eq(reasons[i].status, status))) {
            return reasons[i].reason;
        }
    }
    return "invalid";
}

/* Compute Engine and Cloud Storage answer in the old style: no status for what they decide
 * themselves; the newest know no errors[]. */
static bool is_old(const char *service)
{
    return tg_str_eq(service, "compute") || tg_str_eq(service, "storage");
}

static bool is_newest(const char *service)
{
    static const char *const names[] = {"gkehub", "serviceusage", "cloudquotas", "monitoring"};
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (tg_str_eq(names[i], service)) {
            return true;
        }
    }
    return false;
}

json_t *sim_gcp_reason(json_t *error, const char *domain, const char *reason)
{
    json_t *body = json_object_get(error, "error");
    json_object_set_new(body, "errors",
                        json_pack("[{s:s,s:s,s:s}]", "message", sim_json_text(body, "message"),
                                  "domain", domain, "reason", reason));
    return error;
}

json_t *sim_gcp_error_info(json_t *error, const char *reason, const char *domain, json_t *metadata)
{
    json_t *body = json_object_get(error, "error");
    json_t *details = json_object_get(body, "details");
    if (details == NULL) {
        details = json_array();
        json_object_set_new(body, "details", details);
    }
    json_t *info = json_pack("{s:s,s:s,s:s}", "@type", "type.googleapis.com/google.rpc.ErrorInfo",
                             "reason", reason, "domain", domain);
    if (metadata != NULL) {
        json_object_set_new(info, "metadata", metadata);
    }
    json_array_append_new(details, info);
    return error;
}

json_t *sim_gcp_error(struct sim_gcp_call *call, int code, const char *status, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    char *message = tg_vasprintf(format, args);
    va_end(args);
    *call->status = code;
    json_t *error =
        json_pack("{s:{s:i,s:o}}", "error", "code", code, "message", sim_json_string(message));
    tg_assert(error != NULL);
    bool is_own = code != 401 && code != 403 && code != 429 && code < 500;
    if (!is_old(call->service) || !is_own) {
        json_object_set_new(json_object_get(error, "error"), "status", json_string(status));
    }
    if (!is_newest(call->service)) {
        sim_gcp_reason(error, "global", reason_of(code, status));
    }
    free(message);
    return error;
}
