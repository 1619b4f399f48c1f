/* app/session.c - builds targets from a kubeconfig, starts their workers and drains the inbox. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/session.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/tools.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/exec_login.h"
#include "io/google_login.h"
#include "io/kubeconfig.h"
#include "io/worker.h"

#define INBOX_MAX 4096

static void free_message(void *item)
{
    tg_msg_free(item);
}

static void send_to_worker(void *context, struct tg_call *call)
{
    struct tg_session *session = context;
    tg_assert(call->target >= 0 && (size_t)call->target < session->app->model->targets_count);
    tg_worker_call(session->workers[session->worker_of[call->target]], call);
}

static struct tg_http_endpoint copy_endpoint(const struct tg_http_endpoint *from)
{
    struct tg_http_endpoint copy = {
        .base_url = tg_strdup(from->base_url),
        .ca_pem = tg_strdup(from->ca_pem),
        .tls_server_name = tg_strdup(from->tls_server_name),
        .client_cert_pem = tg_strdup(from->client_cert_pem),
    };
    if (from->client_key_pem != NULL) {
        copy.client_key_pem = tg_secret_new(tg_secret_peek(from->client_key_pem),
                                            tg_secret_len(from->client_key_pem));
    }
    if (from->bearer_token != NULL) {
        copy.bearer_token =
            tg_secret_new(tg_secret_peek(from->bearer_token), tg_secret_len(from->bearer_token));
    }
    copy.token_path = from->token_path == NULL ? NULL : tg_strdup(from->token_path);
    return copy;
}

/* True when the context is a cluster of the lab: gke_PROJECT_ZONE_CLUSTER with one of its clusters.
 */
static bool is_of_lab(const struct tg_lab *lab, const char *context)
{
    if (!tg_str_has_prefix(context, "gke_")) {
        return false;
    }
    for (size_t i = 0; i < lab->regions_count; i++) {
        char *ending = tg_asprintf("_%s_%s", lab->regions[i].zone, lab->regions[i].cluster);
        bool is_its = tg_str_has_suffix(context, ending);
        free(ending);
        if (is_its) {
            return true;
        }
    }
    return false;
}

struct targets {
    struct tg_target_config *items;
    size_t count;
};

static struct tg_target_config *add_target(struct targets *targets)
{
    targets->items = tg_realloc_array(targets->items, targets->count + 1, sizeof(*targets->items));
    struct tg_target_config *target = &targets->items[targets->count++];
    *target = (struct tg_target_config){0};
    return target;
}

/* The credential of a context's plug-in, if it may be run. */
static struct tg_token_source *plugin_source(struct tg_session *session,
                                             const struct tg_session_config *config,
                                             const struct tg_kube_exec *exec, struct tg_err *err)
{
    if (config->may_exec == NULL || !config->may_exec(config->may_exec_context, exec, err)) {
        return NULL;
    }
    if (session->plugins == NULL) {
        session->plugins = tg_exec_logins_new(config->clock, err);
    }
    return session->plugins == NULL ? NULL : tg_exec_logins_add(session->plugins, exec, err);
}

static bool add_cluster(struct tg_session *session, const struct tg_session_config *config,
                        struct targets *targets, const struct tg_kube_context *context,
                        struct tg_err *err)
{
    struct tg_token_source *source = NULL;
    if (context->exec != NULL) {
        source = plugin_source(session, config, context->exec, err);
        if (source == NULL) {
            return tg_err_wrap(err, "context '%s'", context->name);
        }
    }
    struct tg_target_config *target = add_target(targets);
    target->index = tg_model_add_cluster(session->app->model, context->name);
    target->endpoint = copy_endpoint(&context->endpoint);
    target->endpoint.token_source = source;
    target->app_label = tg_strdup(session->app->lab->app_label);
    target->ns = tg_strdup(tg_str_eq(context->ns, "default") ? session->app->lab->namespace_name
                                                             : context->ns);
    target->seed = tg_hash_str(context->name);
    return true;
}

static bool is_watched(const struct tg_model *model, const char *context)
{
    for (size_t i = 0; i < model->targets_count; i++) {
        if (model->targets[i]->removed_us == 0 && tg_str_eq(model->targets[i]->name, context)) {
            return true;
        }
    }
    return false;
}

/* Adds every context that can be used, of the lab alone or of anything; what cannot be used is kept
 * as *why. */
static void add_usable(struct tg_session *session, const struct tg_session_config *config,
                       const struct tg_kubeconfig *files, struct targets *targets, bool is_lab_only,
                       struct tg_err *why)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *name = files->contexts[i].name;
        if ((is_lab_only && !is_of_lab(session->app->lab, name)) ||
            is_watched(session->app->model, name)) {
            continue;
        }
        const struct tg_kube_context *context = tg_kubeconfig_find(files, name, why);
        if (context != NULL) {
            (void)add_cluster(session, config, targets, context, why);
        }
    }
}

/* Which contexts: those named; else the lab's; else all whose user this program can be. */
static bool add_clusters(struct tg_session *session, const struct tg_session_config *config,
                         struct targets *targets, struct tg_err *err)
{
    struct tg_kubeconfig files = {0};
    bool is_ok = tg_kubeconfig_load(&files, config->kubeconfig, err);
    for (size_t i = 0; i < config->contexts_count && is_ok; i++) {
        const struct tg_kube_context *context =
            tg_kubeconfig_find(&files, config->contexts[i], err);
        is_ok = context != NULL && (is_watched(session->app->model, context->name) ||
                                    add_cluster(session, config, targets, context, err));
    }
    struct tg_err why = TG_ERR_INIT;
    if (is_ok && targets->count == 0) {
        add_usable(session, config, &files, targets, true, &why);
    }
    if (is_ok && targets->count == 0) {
        add_usable(session, config, &files, targets, false, &why);
    }
    tg_kubeconfig_fini(&files);
    if (is_ok && targets->count == 0) {
        *err = why;
        return why.code != TG_CODE_NONE
                   ? false
                   : tg_err_set(err, TG_CODE_CONFIG, 0, "%s: no context that can be watched",
                                config->kubeconfig);
    }
    return is_ok;
}

/* What Google Cloud is reached with, and clusters that come to be later: the token that was given,
 * else this machine's login. */
static bool keep_access(struct tg_session *session, const struct tg_session_config *config,
                        struct tg_err *err)
{
    session->clock = config->clock;
    if (config->gcp_token != NULL) {
        session->gcp_token = tg_secret_new(config->gcp_token, strlen(config->gcp_token));
        session->gcp_token_path =
            config->gcp_token_path == NULL ? NULL : tg_strdup(config->gcp_token_path);
    } else if (config->project != NULL) {
        struct tg_google_places places = tg_google_places_here();
        session->login = tg_google_login_start(&places, config->gcp_ca_pem, config->clock, err);
        return session->login != NULL;
    }
    return true;
}

static void give_access(const struct tg_session *session, struct tg_http_endpoint *endpoint)
{
    if (session->login != NULL) {
        endpoint->token_source = tg_google_login_source(session->login);
    } else {
        endpoint->bearer_token =
            tg_secret_new(tg_secret_peek(session->gcp_token), tg_secret_len(session->gcp_token));
        endpoint->token_path =
            session->gcp_token_path == NULL ? NULL : tg_strdup(session->gcp_token_path);
    }
}

static void add_gcp(struct tg_session *session, const struct tg_session_config *config,
                    struct targets *targets)
{
    if (config->project == NULL) {
        return;
    }
    struct tg_target_config *target = add_target(targets);
    target->index = tg_model_add_gcp(session->app->model, config->project);
    target->is_gcp = true;
    target->project = tg_strdup(config->project);
    target->endpoint.base_url = tg_strdup(config->gcp_endpoint);
    target->endpoint.ca_pem = tg_strdup(config->gcp_ca_pem);
    give_access(session, &target->endpoint);
    target->endpoint.names_quota_project = true;
    for (int api = 0; config->gcp_places != NULL && api < TG_API_COUNT; api++) {
        const char *place = config->gcp_places[api];
        target->api_places[api] = place == NULL ? NULL : tg_strdup(place);
    }
    target->hub_url = config->hub_url == NULL ? NULL : tg_strdup(config->hub_url);
    target->seed = tg_hash_str(config->project);
}

/* The worker that has fewest targets; a new one while there may be more of them. -1 and err when
 * that cannot be started. */
static int give_to_worker(struct tg_session *session, struct tg_target_config *target,
                          struct tg_err *err)
{
    if (session->workers_count < session->workers_max) {
        session->workers = tg_realloc_array(session->workers, session->workers_count + 1,
                                            sizeof(struct tg_worker *));
        struct tg_worker *worker = tg_worker_start(target, 1, session->inbox, session->clock, err);
        if (worker == NULL) {
            tg_target_config_fini(target);
            return -1;
        }
        session->workers[session->workers_count] = worker;
        return (int)session->workers_count++;
    }
    int best = 0;
    size_t least = SIZE_MAX;
    for (size_t w = 0; w < session->workers_count; w++) {
        size_t load = 0;
        for (int i = 0; i < target->index; i++) {
            load += session->worker_of[i] == (int)w ? 1 : 0;
        }
        best = load < least ? (int)w : best;
        least = load < least ? load : least;
    }
    tg_worker_add(session->workers[best], target);
    return best;
}

/* A cluster of the project that is running now: its API server takes Google's own tokens. */
static bool open_cluster(void *context, const char *project, const struct tg_obj *cluster)
{
    struct tg_session *session = context;
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    const char *authority = cluster->as.gcp.authority;
    char *pem = tg_base64_decode(authority, strlen(authority), &len);
    if (pem == NULL || len == 0 || *cluster->as.gcp.address == '\0' ||
        (session->gcp_token == NULL && session->login == NULL)) {
        free(pem);
        return false;
    }
    char *name = tg_asprintf("gke_%s_%s_%s", project, cluster->as.gcp.location, cluster->name);
    struct tg_target_config target = {
        .index = tg_model_add_cluster(session->app->model, name),
        .endpoint =
            {
                .base_url = tg_asprintf("https://%s", cluster->as.gcp.address),
                .ca_pem = pem,
            },
        .app_label = tg_strdup(session->app->lab->app_label),
        .ns = tg_strdup(session->app->lab->namespace_name),
        .seed = tg_hash_str(name),
    };
    free(name);
    give_access(session, &target.endpoint);
    int index = target.index;
    session->worker_of =
        tg_realloc_array(session->worker_of, (size_t)index + 1, sizeof(*session->worker_of));
    int worker = give_to_worker(session, &target, &err);
    if (worker < 0) {
        tg_app_notice(session->app, TG_SEVERITY_FAIL, "%s", err.msg);
        worker = 0; /* which does not know it: nothing is asked, nothing is seen */
    }
    session->worker_of[index] = worker;
    return true;
}

static void close_cluster(void *context, int target)
{
    struct tg_session *session = context;
    tg_worker_remove(session->workers[session->worker_of[target]], target);
}

/* Deals targets to workers in turn, so that with enough workers each target has one of its own. */
static bool start_workers(struct tg_session *session, const struct tg_session_config *config,
                          struct targets *targets, struct tg_err *err)
{
    size_t workers = (size_t)(config->workers_max < 1 ? 1 : config->workers_max);
    session->workers_max = workers;
    workers = workers < targets->count ? workers : targets->count;
    session->worker_of = tg_calloc(targets->count, sizeof(*session->worker_of));
    session->workers = tg_calloc(workers, sizeof(struct tg_worker *));
    struct tg_target_config *share = tg_calloc(targets->count, sizeof(*share));
    bool is_ok = true;
    for (size_t w = 0; w < workers && is_ok; w++) {
        size_t count = 0;
        for (size_t i = w; i < targets->count; i += workers) {
            session->worker_of[targets->items[i].index] = (int)w;
            share[count++] = targets->items[i];
        }
        session->workers[w] = tg_worker_start(share, count, session->inbox, config->clock, err);
        is_ok = session->workers[w] != NULL;
        session->workers_count += is_ok ? 1 : 0;
    }
    free(share);
    return is_ok;
}

static bool order_tool(void *context, struct tg_tool_order *order, struct tg_err *err)
{
    struct tg_session *session = context;
    return session->tools != NULL
               ? tg_tools_order(session->tools, order, err)
               : tg_err_set(err, TG_CODE_STATE, 0, "commands cannot be run here");
}

static void prepare_tools(struct tg_session *session, const struct tg_session_config *config)
{
    if (config->work_folder == NULL || config->project == NULL) {
        return;
    }
    struct tg_tools_config tools = {.folder = config->work_folder,
                                    .gcp_endpoint = config->gcp_endpoint,
                                    .gcp_ca_pem = config->gcp_ca_pem,
                                    .gcp_token_path = session->gcp_token_path,
                                    .token = session->gcp_token,
                                    .inbox = session->inbox,
                                    .clock = config->clock};
    session->tools = tg_tools_new(&tools);
    session->app->work_folder = tg_strdup(config->work_folder);
}

struct tg_session *tg_session_start(struct tg_session_config *config, struct tg_err *err)
{
    struct tg_session *session = TG_NEW(struct tg_session);
    struct targets targets = {0};
    session->inbox = tg_queue_new(INBOX_MAX, free_message);
    session->app = tg_app_new(config->clock, config->lab, config->is_armed);
    session->app->link = (struct tg_link){.call = send_to_worker,
                                          .context = session,
                                          .open_cluster = open_cluster,
                                          .close_cluster = close_cluster,
                                          .order = order_tool};
    tg_manifests_init(&session->app->manifests, config->manifest_cache, config->manifest_url,
                      config->manifest_sha256);
    bool is_ok = keep_access(session, config, err) &&
                 (config->kubeconfig == NULL || add_clusters(session, config, &targets, err));
    if (is_ok) {
        add_gcp(session, config, &targets);
        is_ok = config->journal == NULL ||
                tg_app_open_journal(session->app, config->journal, session->inbox, err);
    }
    prepare_tools(session, config);
    is_ok = is_ok && start_workers(session, config, &targets, err);
    free(targets.items);
    if (!is_ok) {
        tg_session_stop(session);
        return NULL;
    }
    return session;
}

void tg_session_stop(struct tg_session *session)
{
    if (session == NULL) {
        return;
    }
    /* Closing first frees producers that wait for room, so that no join can hang. */
    tg_queue_close(session->inbox);
    for (size_t i = 0; i < session->workers_count; i++) {
        tg_worker_stop(session->workers[i]);
    }
    tg_tools_free(session->tools);
    tg_app_free(session->app);
    tg_queue_free(session->inbox);
    free(session->workers);
    free(session->worker_of);
    tg_google_login_stop(session->login); /* the workers, who ask it, have ended */
    tg_exec_logins_free(session->plugins);
    tg_secret_free(session->gcp_token);
    free(session->gcp_token_path);
    free(session);
}

bool tg_session_pump(struct tg_session *session, size_t count_max)
{
    bool is_changed = false;
    for (size_t i = 0; i < count_max; i++) {
        struct tg_msg *msg = tg_queue_take(session->inbox);
        if (msg == NULL) {
            break;
        }
        is_changed = tg_app_handle(session->app, msg) || is_changed;
    }
    return tg_app_tick(session->app) || is_changed;
}
