/* sim/account_token.c - tokens of service accounts. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/account_token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/face.h"
#include "sim/gcp_state.h"
#include "sim/json_path.h"
#include "sim/k8s_status.h"
#include "sim/shape.h"

#define USER_PREFIX     "system:serviceaccount:"
#define LIFETIME_S      3600
#define LIFETIME_MIN_S  600
#define LIFETIME_MAX_S  (INT64_C(1) << 32)
#define SIGNATURE_WORDS 32 /* as long as RS256 with a key of 2048 bits */

/* ---- whom it stands for ---- */

json_t *sim_account_groups(const char *user)
{
    if (!tg_str_has_prefix(user, USER_PREFIX)) {
        return NULL;
    }
    const char *ns = user + sizeof USER_PREFIX - 1;
    return json_pack("[s, o, s]", "system:serviceaccounts",
                     json_sprintf("system:serviceaccounts:%.*s", (int)strcspn(ns, ":"), ns),
                     "system:authenticated");
}

char *sim_account_audience(struct sim_store *store)
{
    struct sim_world *world = sim_store_world(store);
    for (int i = 0; i < sim_world_region_count(world); i++) {
        const struct sim_region *region = sim_world_region(world, i);
        if (region->store == store) {
            return tg_asprintf("https://container.googleapis.com/v1/projects/%s/locations/%s/"
                               "clusters/%s",
                               sim_gcp_project(world), region->zone, region->cluster);
        }
    }
    TG_UNREACHABLE("every store is a region's");
}

/* Is the object still there, and not another of the same name? */
static bool is_there(struct sim_store *store, const struct sim_resource *resource, const char *ns,
                     const json_t *wanted)
{
    const json_t *object = sim_store_get(store, resource, resource->is_namespaced ? ns : "",
                                         sim_json_text(wanted, "name"));
    return object != NULL &&
           tg_str_eq(sim_json_text(object, "metadata.uid"), sim_json_text(wanted, "uid"));
}

const json_t *sim_account_token_user(struct sim_store *store, const char *token)
{
    struct sim_world *world = sim_store_world(store);
    const json_t *record = json_object_get(sim_face_of(store)->account_tokens, token);
    if (record == NULL || !sim_json_is_true(record, "isOwn") ||
        sim_world_now_us(world) >= sim_json_int(record, "until", 0)) {
        return NULL;
    }
    const char *ns = sim_json_text(record, "namespace");
    const json_t *bound = json_object_get(record, "bound");
    if (!is_there(store, sim_world_kinds(world)->service_account, ns,
                  json_object_get(record, "account"))) {
        return NULL;
    }
    if (bound != NULL &&
        !is_there(store, sim_resource_by_plural(sim_json_text(bound, "plural")), ns, bound)) {
        return NULL;
    }
    return json_object_get(record, "user");
}

/* ---- a new token ---- */

static void append_part(struct tg_buf *out, const void *bytes, size_t len)
{
    char *text = tg_base64_encode(bytes, len);
    for (const char *c = text; *c != '\0' && *c != '='; c++) {
        tg_buf_putc(out, *c == '+' ? '-' : *c == '/' ? '_' : *c);
    }
    free(text);
}

static void append_json(struct tg_buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    append_part(out, text, strlen(text));
    tg_buf_putc(out, '.');
    free(text);
}

/* "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx" of the token; out has 40 bytes. */
static void draw_id(struct sim_world *world, const char *entity, char out[40])
{
    uint64_t a = sim_world_draw(world, entity, "token-id");
    uint64_t b = sim_world_draw(world, entity, "token-id");
    snprintf(out, 40, "%08x-%04x-4%03x-8%03x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 52),
             b & UINT64_C(0xffffffffffff));
}

/* The caller frees. */
static char *write_token(struct sim_world *world, const char *entity, const json_t *claims)
{
    struct tg_buf out;
    tg_buf_init(&out, 64u * 1024);
    char key_id[17];
    snprintf(key_id, sizeof key_id, "%016" PRIx64, tg_hash_str(sim_json_text(claims, "iss")));
    json_t *header = json_pack("{s:s, s:s}", "alg", "RS256", "kid", key_id);
    append_json(&out, header);
    json_decref(header);
    append_json(&out, claims);
    unsigned char signature[SIGNATURE_WORDS * 8];
    for (size_t i = 0; i < sizeof signature; i += 8) {
        uint64_t word = sim_world_draw(world, entity, "token-signature");
        for (size_t byte = 0; byte < 8; byte++) {
            signature[i + byte] = (unsigned char)(word >> (8 * byte));
        }
    }
    append_part(&out, signature, sizeof signature);
    return tg_buf_take(&out, NULL);
}

/* Expired tokens need not be remembered. */
static void forget_expired(struct sim_world *world, json_t *tokens)
{
    void *next;
    const char *key;
    json_t *record;
    json_object_foreach_safe(tokens, next, key, record)
    {
        if (sim_world_now_us(world) >= sim_json_int(record, "until", 0)) {
            json_object_del(tokens, key);
        }
    }
}

/* What the request binds the token to: {"plural", "member", "name", "uid"}, new reference; NULL
 * with *is_good when it binds to nothing, with the response filled when it cannot. */
static json_t *find_bound(struct sim_call *call, const json_t *spec, bool *is_good)
{
    static const struct {
        const char *kind;
        const char *plural;
        const char *member; /* of the claims */
    } kinds[] = {
        {"Pod", "pods", "pod"}, {"Secret", "secrets", "secret"}, {"Node", "nodes", "node"}};
    const json_t *wanted = json_object_get(spec, "boundObjectRef");
    const char *kind = sim_json_text(wanted, "kind");
    *is_good = !json_is_object(wanted);
    for (size_t i = 0; !*is_good && i < TG_COUNT(kinds); i++) {
        if (!tg_str_eq(kinds[i].kind, kind) ||
            !tg_str_eq(sim_json_text(wanted, "apiVersion"), "v1")) {
            continue;
        }
        const struct sim_resource *resource = sim_resource_find("", "v1", kinds[i].plural);
        const char *name = sim_json_text(wanted, "name");
        const json_t *object = sim_store_get(call->store, resource,
                                             resource->is_namespaced ? sim_k8s_ns(call) : "", name);
        const char *uid = sim_json_text(wanted, "uid");
        if (object == NULL) {
            sim_k8s_fail_not_found(call->response, resource, name);
            return NULL;
        }
        const char *real_uid = sim_json_text(object, "metadata.uid");
        if (uid[0] != '\0' && !tg_str_eq(uid, real_uid)) {
            sim_k8s_fail(call->response, 409, NULL,
                         "the UID in the bound object reference (%s) does not match the UID in "
                         "record. The object might have been deleted and then recreated",
                         uid);
            return NULL;
        }
        *is_good = true;
        return json_pack("{s:s, s:s, s:s, s:s}", "plural", kinds[i].plural, "member",
                         kinds[i].member, "name", name, "uid", real_uid);
    }
    if (!*is_good) {
        sim_k8s_fail(call->response, 400, NULL, "cannot bind token to object of type /%s, Kind=%s",
                     sim_json_text(wanted, "apiVersion"), kind);
    }
    return NULL;
}

static bool check_lifetime(struct sim_call *call, const json_t *spec, int64_t lifetime_s)
{
    const char *wrong =
        lifetime_s < LIFETIME_MIN_S   ? "may not specify a duration less than 10 minutes"
        : lifetime_s > LIFETIME_MAX_S ? "may not specify a duration larger than 2^32 seconds"
                                      : NULL;
    if (wrong != NULL) {
        sim_k8s_fail_causes(
            call->response, "authentication.k8s.io", "TokenRequest", "",
            json_pack("[o]",
                      sim_k8s_cause_value("spec.expirationSeconds",
                                          json_object_get(spec, "expirationSeconds"), wrong)));
    }
    return wrong == NULL;
}

static bool has_audience(const json_t *audiences, const char *wanted)
{
    size_t i;
    json_t *audience;
    json_array_foreach(audiences, i, audience)
    {
        if (tg_str_eq(json_string_value(audience), wanted)) {
            return true;
        }
    }
    return false;
}

static json_t *claims_of(const struct sim_call *call, const json_t *account, const json_t *bound,
                         json_t *audiences, const char *issuer, int64_t until_s, const char *id)
{
    int64_t now_s = sim_world_wall_us(call->world) / TG_US_PER_S;
    json_t *about =
        json_pack("{s:s, s:{s:s, s:s}}", "namespace", sim_k8s_ns(call), "serviceaccount", "name",
                  sim_json_text(account, "name"), "uid", sim_json_text(account, "uid"));
    if (bound != NULL) {
        json_object_set_new(about, sim_json_text(bound, "member"),
                            json_pack("{s:s, s:s}", "name", sim_json_text(bound, "name"), "uid",
                                      sim_json_text(bound, "uid")));
    }
    return json_pack("{s:O, s:I, s:I, s:s, s:s, s:o, s:I, s:o}", "aud", audiences, "exp",
                     (json_int_t)until_s, "iat", (json_int_t)now_s, "iss", issuer, "jti", id,
                     "kubernetes.io", about, "nbf", (json_int_t)now_s, "sub",
                     json_sprintf(USER_PREFIX "%s:%s", sim_k8s_ns(call), call->name));
}

static json_t *user_of(const json_t *account, const json_t *claims, const json_t *bound)
{
    const char *name = sim_json_text(claims, "sub");
    json_t *extra = json_pack("{s:[o]}", "authentication.kubernetes.io/credential-id",
                              json_sprintf("JTI=%s", sim_json_text(claims, "jti")));
    if (tg_str_eq(sim_json_text(bound, "member"), "pod")) {
        json_object_set_new(extra, "authentication.kubernetes.io/pod-name",
                            json_pack("[s]", sim_json_text(bound, "name")));
        json_object_set_new(extra, "authentication.kubernetes.io/pod-uid",
                            json_pack("[s]", sim_json_text(bound, "uid")));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "username", name, "uid", sim_json_text(account, "uid"),
                     "groups", sim_account_groups(name), "extra", extra);
}

/* bound (stolen) may be NULL. */
static void issue(struct sim_call *call, const json_t *account, json_t *spec, json_t *bound,
                  int64_t lifetime_s)
{
    struct sim_world *world = call->world;
    struct sim_face *face = sim_face_of(call->store);
    char *issuer = sim_account_audience(call->store);
    json_t *audiences = sim_json_count(spec, "audiences") > 0
                            ? json_incref(json_object_get(spec, "audiences"))
                            : json_pack("[s]", issuer);
    char *entity =
        tg_asprintf("%s/%s/%s", sim_store_name(call->store), sim_k8s_ns(call), call->name);
    char id[40];
    draw_id(world, entity, id);
    int64_t until_s = sim_world_wall_us(world) / TG_US_PER_S + lifetime_s;
    json_t *claims = claims_of(call, account, bound, audiences, issuer, until_s, id);
    char *token = write_token(world, entity, claims);
    json_t *record = json_pack("{s:s, s:O, s:o, s:I, s:b}", "namespace", sim_k8s_ns(call),
                               "account", account, "user", user_of(account, claims, bound), "until",
                               (json_int_t)(sim_world_now_us(world) + lifetime_s * TG_US_PER_S),
                               "isOwn", (int)has_audience(audiences, issuer));
    if (bound != NULL) {
        json_object_set_new(record, "bound", bound);
    }
    if (face->account_tokens == NULL) {
        face->account_tokens = json_object();
    }
    forget_expired(world, face->account_tokens);
    json_object_set_new(face->account_tokens, token, record);

    char now[SIM_TIME_SIZE];
    char until[SIM_TIME_SIZE];
    const json_t *wanted = json_object_get(spec, "boundObjectRef");
    sim_k8s_reply(
        call->response, 201,
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:{s:O, s:I, s:o}, s:{s:s, s:s}}", "kind",
                  "TokenRequest", "apiVersion", "authentication.k8s.io/v1", "metadata", "name",
                  call->name, "namespace", sim_k8s_ns(call), "uid", sim_json_text(account, "uid"),
                  "creationTimestamp", sim_shape_time(world, now), "spec", "audiences", audiences,
                  "expirationSeconds", (json_int_t)lifetime_s, "boundObjectRef",
                  wanted == NULL ? json_null() : json_deep_copy(wanted), "status", "token", token,
                  "expirationTimestamp", sim_shape_time_at(until_s * TG_US_PER_S, until)));
    json_decref(claims);
    json_decref(audiences);
    free(entity);
    free(issuer);
    free(token);
}

void sim_account_token_handle(struct sim_call *call)
{
    if (!tg_str_eq(call->request->method, "POST")) {
        sim_k8s_reply(call->response, 405,
                      sim_k8s_status(405, NULL,
                                     "the server does not allow this method on the requested "
                                     "resource",
                                     json_object()));
        return;
    }
    json_t *body = sim_k8s_body(call);
    if (body == NULL) {
        return;
    }
    json_t *spec = sim_json_make_object(body, "spec");
    int64_t lifetime_s = sim_json_int(spec, "expirationSeconds", LIFETIME_S);
    const json_t *object = sim_k8s_current(call);
    bool is_good = object != NULL && check_lifetime(call, spec, lifetime_s);
    json_t *bound = is_good ? find_bound(call, spec, &is_good) : NULL;
    if (is_good) {
        json_t *account = json_pack("{s:s, s:s}", "name", call->name, "uid",
                                    sim_json_text(object, "metadata.uid"));
        issue(call, account, spec, bound, lifetime_s);
        json_decref(account);
    }
    json_decref(body);
}
