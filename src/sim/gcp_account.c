/* sim/gcp_account.c - IAM's service accounts: made, shown, disabled, deleted; their keys and
 * policies. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/certificate.h"
#include "sim/gcp_list.h"
#include "sim/gcp_store.h"
#include "sim/gcp_token.h"
#include "sim/json_path.h"
#include "sim/shape.h"

#define KEY_DAYS 3650

static bool is_account_id(const char *id)
{
    size_t len = strlen(id);
    return len >= 6 && len <= 30 && id[0] >= 'a' && id[0] <= 'z' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static json_t *create_account(struct sim_gcp_call *call)
{
    struct sim_world *world = call->world;
    const char *project = sim_gcp_project(world);
    const char *id = sim_json_text(call->body, "accountId");
    char number[24];
    char etag[24];
    if (!is_account_id(id)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "The account ID \"%.60s\" does not have a length between 6 and 30, or "
                             "has characters other than lower-case letters, digits and hyphens.",
                             id);
    }
    char *email = tg_asprintf("%s@%s.iam.gserviceaccount.com", id, project);
    char *path = tg_asprintf("iam/%s", email);
    if (sim_gcp_find(world, "%s", path) != NULL) {
        free(path);
        free(email);
        return sim_gcp_error(call, 409, "ALREADY_EXISTS",
                             "Service account %s already exists within project projects/%s.", id,
                             project);
    }
    /* one that is made again is another principal */
    char *seed = tg_asprintf("%s %s", email, sim_gcp_fingerprint(world, etag));
    json_t *document = sim_shape(
        "{'name':'projects/%s/serviceAccounts/%s','email':'%s','projectId':'%s','uniqueId':'%s',"
        "'oauth2ClientId':'%s','etag':'%s'}",
        project, email, email, project, sim_gcp_id("account", seed, number), number, etag);
    static const char *const given[] = {"displayName", "description"};
    for (size_t i = 0; i < TG_COUNT(given); i++) {
        const json_t *value =
            json_object_get(json_object_get(call->body, "serviceAccount"), given[i]);
        if (json_is_string(value) && json_string_length(value) > 0) {
            json_object_set_new(document, given[i], json_deep_copy(value));
        }
    }
    sim_gcp_put(world, path, document);
    free(seed);
    free(path);
    free(email);
    return sim_gcp_shown(document);
}

static json_t *list_accounts(struct sim_gcp_call *call)
{
    json_t *error = NULL;
    json_t *accounts = sim_gcp_children(call->world, "iam");
    json_t *answer = json_object();
    if (!sim_gcp_page(call, accounts, "pageSize", 100, answer, &error)) {
        json_decref(answer);
        answer = error;
    } else if (json_array_size(accounts) > 0) {
        json_object_set(answer, "accounts", accounts);
    }
    json_decref(accounts);
    return answer;
}

static void set_member(struct sim_world *world, const char *email, const char *key, json_t *value)
{
    char *path = tg_asprintf("iam/%s", email);
    json_t *next = json_deep_copy(sim_gcp_find(world, "%s", path));
    if (value == NULL) {
        json_object_del(next, key);
    } else {
        json_object_set_new(next, key, value);
    }
    sim_gcp_put(world, path, next);
    free(path);
}

static json_t *patch_account(struct sim_gcp_call *call, const char *email)
{
    const json_t *asked = json_object_get(call->body, "serviceAccount");
    asked = asked == NULL ? call->body : asked;
    static const char *const members[] = {"displayName", "description"};
    for (size_t i = 0; i < TG_COUNT(members); i++) {
        json_t *value = json_object_get(asked, members[i]);
        if (json_is_string(value)) {
            set_member(call->world, email, members[i], json_incref(value));
        }
    }
    return sim_gcp_shown(sim_gcp_find(call->world, "iam/%s", email));
}

static bool collect(void *context, const char *path, json_t *document)
{
    (void)document;
    json_array_append_new(context, json_string(path));
    return true;
}

static json_t *delete_account(struct sim_gcp_call *call, const char *email)
{
    json_t *paths = json_array();
    char *prefix = tg_asprintf("key/%s/", email);
    sim_gcp_each(call->world, prefix, collect, paths);
    json_array_append_new(paths, json_sprintf("iam/%s", email));
    json_array_append_new(paths, json_sprintf("policy/account/%s", email));
    size_t i;
    json_t *path;
    json_array_foreach(paths, i, path)
    {
        sim_gcp_drop(call->world, json_string_value(path));
    }
    json_decref(paths);
    free(prefix);
    return json_object();
}

/* ---- keys ---- */

/* The key as the API shows it later: without its private half. */
static json_t *show_key(const json_t *document)
{
    return sim_gcp_shown(document);
}

static json_t *create_key(struct sim_gcp_call *call, const char *email)
{
    struct sim_world *world = call->world;
    char id[48];
    char now[SIM_TIME_SIZE];
    char until[SIM_TIME_SIZE];
    char *private_pem = NULL;
    char *public_pem = NULL;
    if (!sim_certificates_rsa(&private_pem, &public_pem)) {
        return sim_gcp_error(call, 500, "INTERNAL", "Internal error encountered.");
    }
    snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64, sim_world_draw(world, email, "key"),
             sim_world_draw(world, email, "key"));
    json_t *document = sim_shape(
        "{'name':'projects/%s/serviceAccounts/%s/keys/%s','keyAlgorithm':'KEY_ALG_RSA_2048',"
        "'keyOrigin':'GOOGLE_PROVIDED','keyType':'USER_MANAGED','validAfterTime':'%s',"
        "'validBeforeTime':'%s'}",
        sim_gcp_project(world), email, id, sim_gcp_now(world, now),
        sim_shape_time_at(sim_world_wall_us(world) + (int64_t)KEY_DAYS * 86400 * 1000000, until));
    json_object_set_new(document, "_public", json_string(public_pem));
    json_t *answer = show_key(document);
    const json_t *account = sim_gcp_find(world, "iam/%s", email);
    json_t *file =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type", "service_account", "project_id",
                  sim_gcp_project(world), "private_key_id", id, "private_key", private_pem,
                  "client_email", email, "client_id", sim_json_text(account, "uniqueId"),
                  "auth_uri", "https://accounts.google.com/o/oauth2/auth", "token_uri",
                  sim_gcp_token_url(world), "universe_domain", "googleapis.com");
    char *text = json_dumps(file, JSON_INDENT(2));
    char *data = tg_base64_encode(text, strlen(text));
    json_object_set_new(answer, "privateKeyType", json_string("TYPE_GOOGLE_CREDENTIALS_FILE"));
    json_object_set_new(answer, "privateKeyData", json_string(data));
    char *path = tg_asprintf("key/%s/%s", email, id);
    sim_gcp_put(world, path, document);
    explicit_bzero(private_pem, strlen(private_pem));
    free(path);
    free(data);
    free(text);
    free(private_pem);
    free(public_pem);
    json_decref(file);
    return answer;
}

static json_t *keys(struct sim_gcp_call *call, const char *email)
{
    const char *id = sim_gcp_segment(call, 5);
    char folder[SIM_GCP_SEGMENT_SIZE + 8];
    snprintf(folder, sizeof folder, "key/%s", email);
    if (id[0] == '\0') {
        return tg_str_eq(call->method, "POST")
                   ? create_key(call, email)
                   : json_pack("{s:o}", "keys", sim_gcp_children(call->world, folder));
    }
    const json_t *document = sim_gcp_find(call->world, "%s/%s", folder, id);
    if (document == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND", "Service account key %s does not exist.", id);
    }
    if (!tg_str_eq(call->method, "DELETE")) {
        return show_key(document);
    }
    char *path = tg_asprintf("%s/%s", folder, id);
    sim_gcp_drop(call->world, path);
    free(path);
    return json_object();
}

/* ---- requests ---- */

static json_t *verb_on(struct sim_gcp_call *call, const char *email, const char *verb)
{
    if (tg_str_eq(verb, "disable") || tg_str_eq(verb, "enable")) {
        set_member(call->world, email, "disabled", tg_str_eq(verb, "disable") ? json_true() : NULL);
        return json_object();
    }
    char *path = tg_asprintf("policy/account/%s", email);
    json_t *answer = sim_gcp_policy(call, path, verb);
    free(path);
    return answer;
}

json_t *sim_gcp_iam(struct sim_gcp_call *call)
{
    char email[SIM_GCP_SEGMENT_SIZE];
    if (!tg_str_eq(sim_gcp_segment(call, 2), "serviceAccounts") || call->count > 6) {
        return NULL;
    }
    tg_str_copy(email, sizeof email, sim_gcp_segment(call, 3));
    char *colon = strchr(email, ':');
    const char *verb = colon == NULL ? "" : colon + 1;
    if (colon != NULL) {
        *colon = '\0';
    }
    if (email[0] == '\0') {
        return tg_str_eq(call->method, "POST") ? create_account(call) : list_accounts(call);
    }
    if (sim_gcp_find(call->world, "iam/%s", email) == NULL) {
        return sim_gcp_error(call, 404, "NOT_FOUND",
                             "Unknown service account: projects/%s/serviceAccounts/%s",
                             sim_gcp_project(call->world), email);
    }
    if (verb[0] != '\0') {
        return verb_on(call, email, verb);
    }
    if (call->count > 4) {
        return tg_str_eq(sim_gcp_segment(call, 4), "keys") ? keys(call, email) : NULL;
    }
    return tg_str_eq(call->method, "DELETE") ? delete_account(call, email)
           : tg_str_eq(call->method, "PATCH") || tg_str_eq(call->method, "PUT")
               ? patch_account(call, email)
               : sim_gcp_shown(sim_gcp_find(call->world, "iam/%s", email));
}
