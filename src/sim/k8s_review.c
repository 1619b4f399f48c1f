/* sim/k8s_review.c - questions about access: who am I, may I, may they, what may I. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/account_token.h"
#include "sim/json_path.h"
#include "sim/k8s_call.h"
#include "sim/k8s_status.h"
#include "sim/shape.h"

#define PREFIX "/apis/authorization.k8s.io/v1/"

/* The question of a review's spec; texts are borrowed from it. */
static struct sim_access access_of(const json_t *spec)
{
    const json_t *about = json_object_get(spec, "resourceAttributes");
    const json_t *path = json_object_get(spec, "nonResourceAttributes");
    if (about == NULL) {
        return (struct sim_access){.verb = sim_json_text(path, "verb"),
                                   .path = sim_json_text(path, "path"),
                                   .ns = "",
                                   .name = "",
                                   .group = "",
                                   .subresource = ""};
    }
    return (struct sim_access){
        .verb = sim_json_text(about, "verb"),
        .group = sim_json_text(about, "group"),
        .resource = sim_json_text(about, "resource"),
        .subresource = sim_json_text(about, "subresource"),
        .ns = sim_json_text(about, "namespace"),
        .name = sim_json_text(about, "name"),
    };
}

static json_t *access_status(struct sim_store *store, const struct sim_identity *who,
                             const json_t *spec)
{
    struct sim_access access = access_of(spec);
    char *reason = NULL;
    bool is_allowed = sim_rbac_allows(store, who, &access, &reason);
    json_t *status = json_pack("{s:b}", "allowed", (int)is_allowed);
    if (reason != NULL) {
        json_object_set_new(status, "reason", json_string(reason));
    }
    free(reason);
    return status;
}

/* body is stolen. */
static void reply_review(const struct sim_call *call, const char *kind, json_t *body,
                         json_t *status)
{
    json_t *spec = json_object_get(body, "spec");
    json_t *review = json_pack("{s:s, s:s, s:{}, s:o}", "kind", kind, "apiVersion",
                               "authorization.k8s.io/v1", "metadata", "status", status);
    json_object_set_new(review, "spec", spec == NULL ? json_object() : json_incref(spec));
    sim_k8s_reply(call->response, 201, review);
    json_decref(body);
}

static void review_other(const struct sim_call *call, json_t *body)
{
    const struct sim_access question = {.verb = "create",
                                        .group = "authorization.k8s.io",
                                        .resource = "subjectaccessreviews",
                                        .subresource = "",
                                        .ns = "",
                                        .name = ""};
    if (!sim_rbac_allows(call->store, call->who, &question, NULL)) {
        sim_rbac_refuse(call->response, call->who, &question);
        json_decref(body);
        return;
    }
    const json_t *spec = json_object_get(body, "spec");
    json_t *groups = json_object_get(spec, "groups");
    const struct sim_identity other = {.user = sim_json_text(spec, "user"), .groups = groups};
    reply_review(call, "SubjectAccessReview", body, access_status(call->store, &other, spec));
}

/* ---- who is it ---- */

static json_t *user_info(const struct sim_identity *who)
{
    json_t *user = json_pack("{s:s, s:O}", "username", who->user, "groups", who->groups);
    if (who->uid != NULL) {
        json_object_set_new(user, "uid", json_string(who->uid));
    }
    if (who->extra != NULL) {
        json_object_set_new(user, "extra", json_deep_copy(who->extra));
    }
    return user;
}

static void review_self(const struct sim_call *call)
{
    char now[SIM_TIME_SIZE];
    sim_k8s_reply(call->response, 201,
                  json_pack("{s:s, s:s, s:{s:s}, s:{s:o}}", "kind", "SelfSubjectReview",
                            "apiVersion", "authentication.k8s.io/v1", "metadata",
                            "creationTimestamp", sim_shape_time(call->world, now), "status",
                            "userInfo", user_info(call->who)));
}

/* Tokens of service accounts are known here; whose the others are is Google's to say. */
static void review_token(const struct sim_call *call)
{
    const struct sim_access question = {.verb = "create",
                                        .group = "authentication.k8s.io",
                                        .resource = "tokenreviews",
                                        .subresource = "",
                                        .ns = "",
                                        .name = ""};
    if (!sim_rbac_allows(call->store, call->who, &question, NULL)) {
        sim_rbac_refuse(call->response, call->who, &question);
        return;
    }
    json_t *body = sim_k8s_body(call);
    const char *token = sim_json_text(body, "spec.token");
    if (body == NULL) {
        return;
    }
    if (token[0] == '\0') {
        sim_k8s_fail(call->response, 400, NULL,
                     "token is required for TokenReview in authentication");
        json_decref(body);
        return;
    }
    const json_t *user = sim_account_token_user(call->store, token);
    json_t *status;
    if (user == NULL) {
        status = json_pack("{s:{}, s:s}", "user", "error", "invalid bearer token");
    } else {
        char *audience = sim_account_audience(call->store);
        status = json_pack("{s:b, s:o, s:[s]}", "authenticated", 1, "user", json_deep_copy(user),
                           "audiences", audience);
        free(audience);
    }
    sim_k8s_reply(call->response, 201,
                  json_pack("{s:s, s:s, s:{}, s:O, s:o}", "kind", "TokenReview", "apiVersion",
                            "authentication.k8s.io/v1", "metadata", "spec",
                            json_object_get(body, "spec"), "status", status));
    json_decref(body);
}

bool sim_k8s_review(const struct sim_call *call)
{
    const char *path = call->request->path;
    if (!tg_str_eq(call->request->method, "POST")) {
        return false;
    }
    if (tg_str_eq(path, "/apis/authentication.k8s.io/v1/selfsubjectreviews")) {
        review_self(call);
        return true;
    }
    if (tg_str_eq(path, "/apis/authentication.k8s.io/v1/tokenreviews")) {
        review_token(call);
        return true;
    }
    const char *which = tg_str_has_prefix(path, PREFIX) ? path + sizeof PREFIX - 1 : "";
    bool is_self = tg_str_eq(which, "selfsubjectaccessreviews");
    bool is_rules = tg_str_eq(which, "selfsubjectrulesreviews");
    if (!is_self && !is_rules && !tg_str_eq(which, "subjectaccessreviews")) {
        return false;
    }
    json_t *body = sim_k8s_body(call);
    if (body == NULL) {
        return true;
    }
    const json_t *spec = json_object_get(body, "spec");
    bool is_asked = (json_object_get(spec, "resourceAttributes") == NULL) !=
                    (json_object_get(spec, "nonResourceAttributes") == NULL);
    if (!is_rules && !is_asked) {
        sim_k8s_fail_causes(call->response, "authorization.k8s.io", "", "",
                            json_pack("[o]", sim_k8s_cause_value("spec.resourceAttributes", NULL,
                                                                 "exactly one of "
                                                                 "nonResourceAttributes or "
                                                                 "resourceAttributes must be "
                                                                 "specified")));
        json_decref(body);
    } else if (is_self) {
        reply_review(call, "SelfSubjectAccessReview", body,
                     access_status(call->store, call->who, spec));
    } else if (is_rules) {
        reply_review(call, "SelfSubjectRulesReview", body,
                     sim_rbac_rules(call->store, call->who, sim_json_text(body, "spec.namespace")));
    } else {
        review_other(call, body);
    }
    return true;
}
