/* codec/question.c - bodies and answers of questions. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/gcp_answer.h"
#include "codec/json.h"
#include "codec/json_match.h"

char *tg_question_write(const struct tg_call *call)
{
    if (call->question == TG_QUESTION_POLICY) {
        return tg_strdup("{}");
    }
    if (call->question != TG_QUESTION_PERMISSIONS) {
        return NULL;
    }
    json_t *permissions = json_array();
    for (const char *at = call->words; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        json_array_append_new(permissions, json_stringn(at, len));
        at += len + strspn(at + len, " ");
    }
    return tg_json_dump(json_pack("{s:o}", "permissions", permissions));
}

/* ---- answers ---- */

static void read_permissions(const json_t *root, struct tg_facts *facts)
{
    const json_t *held = json_object_get(root, "permissions");
    for (size_t i = 0; i < json_array_size(held); i++) {
        tg_facts_add(facts, json_string_value(json_array_get(held, i)), NULL, 1);
    }
}

static void read_policy(const json_t *root, struct tg_facts *facts)
{
    const json_t *bindings = json_object_get(root, "bindings");
    for (size_t i = 0; i < json_array_size(bindings); i++) {
        const json_t *binding = json_array_get(bindings, i);
        const json_t *members = json_object_get(binding, "members");
        for (size_t m = 0; m < json_array_size(members); m++) {
            tg_facts_add(facts, json_string_value(json_array_get(members, m)),
                         tg_json_text(binding, "role"), 1);
        }
    }
}

static void read_quota(const json_t *root, struct tg_facts *facts)
{
    const json_t *limits = json_object_get(root, "consumerQuotaLimits");
    for (size_t i = 0; i < json_array_size(limits); i++) {
        const json_t *buckets = json_object_get(json_array_get(limits, i), "quotaBuckets");
        for (size_t b = 0; b < json_array_size(buckets); b++) {
            const json_t *bucket = json_array_get(buckets, b);
            tg_facts_add(facts, tg_json_text(bucket, "dimensions/region"),
                         tg_json_text(bucket, "dimensions/tpu_family"),
                         tg_json_int(bucket, "effectiveLimit", 0));
        }
    }
}

static void read_quota_info(const json_t *root, struct tg_facts *facts)
{
    const json_t *rows = json_object_get(root, "dimensionsInfos");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        tg_facts_add(facts, tg_json_text(row, "dimensions/region"),
                     tg_json_text(row, "dimensions/tpu_family"),
                     tg_json_int(row, "details/value", 0));
    }
}

static void read_region(const json_t *root, struct tg_facts *facts)
{
    const json_t *quotas = json_object_get(root, "quotas");
    for (size_t i = 0; i < json_array_size(quotas); i++) {
        const json_t *quota = json_array_get(quotas, i);
        double limit = json_number_value(json_object_get(quota, "limit"));
        double used = json_number_value(json_object_get(quota, "usage"));
        tg_facts_add(facts, tg_json_text(quota, "metric"), NULL, (int64_t)(limit - used));
    }
}

static void read_health_checks(const json_t *root, struct tg_facts *facts)
{
    const json_t *items = json_object_get(root, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const json_t *http = json_object_get(item, "httpHealthCheck");
        char text[200];
        const char *path = tg_json_text(http, "requestPath");
        snprintf(text, sizeof(text), "%.60s:%lld every %lld s, timeout %lld s, %lld up, %lld down",
                 path, (long long)tg_json_int(http, "port", 0),
                 (long long)tg_json_int(item, "checkIntervalSec", 5),
                 (long long)tg_json_int(item, "timeoutSec", 5),
                 (long long)tg_json_int(item, "healthyThreshold", 2),
                 (long long)tg_json_int(item, "unhealthyThreshold", 2));
        if (http != NULL) {
            tg_facts_add(facts, tg_json_text(item, "name"), text, tg_str_eq(path, "/health"));
        }
    }
}

/* Of every place: "us-east5-b/NAME", with the network, or the cluster that it was made for. */
static void read_aggregated(const json_t *root, struct tg_facts *facts)
{
    const char *place;
    json_t *scope;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(root, "items"), place, scope)
    {
        const char *slash = strrchr(place, '/');
        const char *key;
        json_t *items;
        json_object_foreach(scope, key, items)
        {
            for (size_t i = 0; json_is_array(items) && i < json_array_size(items); i++) {
                const json_t *item = json_array_get(items, i);
                const json_t *interface =
                    json_array_get(json_object_get(item, "networkInterfaces"), 0);
                const char *cluster = json_string_value(
                    json_object_get(json_object_get(item, "labels"), "goog-k8s-cluster-name"));
                const char *network = tg_json_text(item, "network");
                network = *network != '\0' ? network : tg_json_text(interface, "network");
                const char *last = strrchr(network, '/');
                char name[200];
                snprintf(name, sizeof(name), "%.60s/%.130s", slash != NULL ? slash + 1 : place,
                         tg_json_text(item, "name"));
                tg_facts_add(facts, name,
                             *network == '\0' && cluster != NULL ? cluster
                             : last != NULL                      ? last + 1
                                                                 : network,
                             1);
            }
        }
    }
}

static void read_facts(enum tg_question question, const json_t *root, struct tg_facts *facts)
{
    switch (question) {
    case TG_QUESTION_IDENTITY:
        tg_facts_add(facts, "email", tg_json_text(root, "email"), 0);
        break;
    case TG_QUESTION_PERMISSIONS:
        read_permissions(root, facts);
        break;
    case TG_QUESTION_POLICY:
        read_policy(root, facts);
        break;
    case TG_QUESTION_BILLING:
        tg_facts_add(facts, "enabled", tg_json_text(root, "billingAccountName"),
                     tg_json_bool(root, "billingEnabled"));
        break;
    case TG_QUESTION_QUOTA:
        read_quota(root, facts);
        break;
    case TG_QUESTION_QUOTA_INFO:
        read_quota_info(root, facts);
        break;
    case TG_QUESTION_REGION:
        read_region(root, facts);
        break;
    case TG_QUESTION_MACHINE_TYPE:
        tg_facts_add(facts, tg_json_text(root, "name"), NULL, tg_json_int(root, "guestCpus", 0));
        break;
    case TG_QUESTION_HEALTH_CHECKS:
        read_health_checks(root, facts);
        break;
    case TG_QUESTION_FORWARDING_RULES:
    case TG_QUESTION_TARGET_PROXIES:
    case TG_QUESTION_URL_MAPS:
    case TG_QUESTION_BACKEND_SERVICES:
    case TG_QUESTION_ALL_HEALTH_CHECKS:
    case TG_QUESTION_ENDPOINT_GROUPS:
    case TG_QUESTION_INSTANCES:
    case TG_QUESTION_INSTANCE_GROUPS:
    case TG_QUESTION_DISKS:
        read_aggregated(root, facts);
        break;
    case TG_QUESTION_HUB_IDENTITY:
        tg_facts_add(facts, "name", tg_json_text(root, "name"), 0);
        tg_facts_add(facts, "role", tg_json_text(root, "auth/accessToken/role"), 0);
        break;
    case TG_QUESTION_HUB_REPOSITORY:
    case TG_QUESTION_KIND_COUNT:
        break;
    }
}

/* The hub's errors: {"error": "..."}, or nothing with HEAD. */
static bool read_hub_failure(int status, const char *body, size_t len, struct tg_err *err)
{
    struct tg_json document = {0};
    struct tg_err ignored = TG_ERR_INIT;
    bool has_text = tg_json_parse(body, len, NULL, &document, &ignored);
    const char *text = has_text ? tg_json_text(document.root, "error") : "";
    if (text[0] != '\0') {
        tg_err_set(err, tg_code_from_http_status(status), status, "%.200s", text);
    } else {
        tg_err_set(err, tg_code_from_http_status(status), status, "HTTP %d", status);
    }
    tg_json_release(&document);
    return false;
}

bool tg_question_read(enum tg_question question, int status, const char *body, size_t len,
                      struct tg_facts *facts, struct tg_err *err)
{
    bool is_hub = tg_question_info(question)->api == TG_API_COUNT;
    bool is_head = question == TG_QUESTION_HUB_REPOSITORY;
    if (is_head && status >= 200 && status <= 399) {
        return true; /* a redirection says where the file is: it is ours to read */
    }
    if (status < 200 || status > 299) {
        if (is_hub) {
            return read_hub_failure(status, body, len, err);
        }
        (void)tg_gcp_decode_failure(status, body, len, err);
        return false;
    }
    struct tg_json document = {0};
    if (!tg_json_parse(body, len, NULL, &document, err)) {
        return false;
    }
    read_facts(question, document.root, facts);
    /* Answers are read whole: what is on further pages is not taken for nothing. */
    bool is_all = question < TG_QUESTION_FORWARDING_RULES || question > TG_QUESTION_DISKS ||
                  *tg_json_text(document.root, "nextPageToken") == '\0';
    tg_json_release(&document);
    return is_all || tg_err_set(err, TG_CODE_LIMIT, 0, "there are more than one page of them");
}
