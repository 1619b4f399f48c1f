/* sim/server.c - a world with a thread, a clock and an HTTPS front. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/server.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/admin.h"
#include "sim/certificate.h"
#include "sim/fault_response.h"
#include "sim/front.h"
#include "sim/gcp_state.h"
#include "sim/gcp_token.h"
#include "sim/httpd.h"
#include "sim/rbac.h"
#include "sim/script.h"
#include "sim/server_files.h"

#define SERVER_MAGIC  0x53525652u
#define SLICE_US      (100 * TG_US_PER_MS) /* virtual time run at once */
#define WORK_US       (20 * TG_US_PER_MS)  /* real time before connections get their turn */
#define BEHIND_US_MAX (600 * TG_US_PER_S)  /* real time that may be caught up after a stop */
#define IDLE_US       TG_US_PER_S

struct sim_server {
    uint32_t magic;
    struct sim_httpd *httpd;
    struct sim_certificates certificates;
    struct tg_clock clock;
    char *cluster_token;
    json_t *user_tokens; /* "viewer" -> token, of sim_role_users */
    char *gcp_token;
    char *refresh_token;
    char *kubeconfig_path;
    char *gcp_url;
    char *dir;
    char *url_host;
    bool *is_hidden; /* by cluster: as the kubeconfig was written last */
    int wake_fd;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* guards what follows, and the world */
    struct sim_world *world;
    double speed;
    double resumed_speed;    /* before a pause */
    int64_t step_until_us;   /* virtual time that a step of a paused world goes to */
    int64_t base_virtual_us; /* virtual time at real time base_real_us */
    int64_t base_real_us;
    bool is_stopping;
};

/* Virtual time that it ought to be at real_us; under the lock. */
static int64_t virtual_at(const struct sim_server *server, int64_t real_us)
{
    return server->base_virtual_us +
           (int64_t)((double)(real_us - server->base_real_us) * server->speed);
}

static void set_base(struct sim_server *server, int64_t virtual_us, int64_t real_us)
{
    server->base_virtual_us = virtual_us;
    server->base_real_us = real_us;
}

/* Lets virtual time follow real time, for a bounded while. */
static void advance(struct sim_server *server)
{
    int64_t start_us = tg_clock_monotonic_us(&server->clock);
    int64_t real_us = start_us;
    int64_t target_us = virtual_at(server, real_us);
    int64_t now_us = sim_world_now_us(server->world);
    bool is_stepping = server->speed <= 0 && server->step_until_us > now_us;
    target_us = is_stepping ? server->step_until_us : target_us;
    while (now_us < target_us && real_us - start_us < WORK_US) {
        now_us = target_us - now_us > SLICE_US ? now_us + SLICE_US : target_us;
        sim_world_run_until(server->world, now_us);
        real_us = tg_clock_monotonic_us(&server->clock);
    }
    if (is_stepping) {
        set_base(server, now_us, real_us);
    } else if (target_us - now_us > (int64_t)((double)BEHIND_US_MAX * server->speed)) {
        set_base(server, now_us, real_us); /* cannot keep up: the rest is dropped */
    }
}

/* Real microseconds until the world has something to do. */
static int64_t idle_us(const struct sim_server *server)
{
    if (server->speed <= 0) {
        return server->step_until_us > sim_world_now_us(server->world) ? 0 : IDLE_US;
    }
    int64_t next_us = sim_world_next_us(server->world);
    int64_t target_us = virtual_at(server, tg_clock_monotonic_us(&server->clock));
    if (next_us == TG_TIME_NEVER) {
        return IDLE_US;
    }
    double real_us = (double)(next_us - target_us) / server->speed;
    return real_us < 0 ? 0 : real_us > (double)IDLE_US ? IDLE_US : (int64_t)real_us;
}

static struct sim_server_files files_of(const struct sim_server *server)
{
    return (struct sim_server_files){
        .dir = server->dir,
        .host = server->url_host,
        .ca_pem = server->certificates.ca_pem,
        .cluster_token = server->cluster_token,
        .user_tokens = server->user_tokens,
        .gcp_token = server->gcp_token,
        .refresh_token = server->refresh_token,
        .is_hidden = server->is_hidden,
    };
}

/* Names are resolved by clients: a fault that hides one can only have them read another. A file
 * that cannot be written stays as it was. */
static void show_names(struct sim_server *server)
{
    bool is_changed = false;
    for (int i = 0; i < sim_world_region_count(server->world); i++) {
        bool is_hidden = sim_fault_hides_name(server->world, i);
        is_changed = is_changed || is_hidden != server->is_hidden[i];
        server->is_hidden[i] = is_hidden;
    }
    if (is_changed) {
        struct tg_err err = TG_ERR_INIT;
        struct sim_server_files files = files_of(server);
        sim_server_files_write_kubeconfig(&files, server->world, server->httpd, &err);
    }
}

static void *run(void *context)
{
    struct sim_server *server = context;
    pthread_mutex_lock(&server->lock);
    while (!server->is_stopping) {
        advance(server);
        sim_httpd_run(server->httpd);
        show_names(server);
        int64_t timeout_us = idle_us(server);
        pthread_mutex_unlock(&server->lock);
        sim_httpd_wait(server->httpd, server->wake_fd, timeout_us);
        uint64_t count;
        ssize_t len = read(server->wake_fd, &count, sizeof count);
        (void)len;
        pthread_mutex_lock(&server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void wake(const struct sim_server *server)
{
    uint64_t one = 1;
    ssize_t len = write(server->wake_fd, &one, sizeof one);
    (void)len; /* a full counter wakes as well */
}

/* ---- the clock, as the world's own API turns it; under the lock ---- */

static void change_speed(struct sim_server *server, double speed)
{
    int64_t real_us = tg_clock_monotonic_us(&server->clock);
    set_base(server, virtual_at(server, real_us), real_us);
    server->resumed_speed = speed > 0           ? speed
                            : server->speed > 0 ? server->speed
                                                : server->resumed_speed;
    server->speed = speed;
    server->step_until_us = 0;
    sim_httpd_set_speed(server->httpd, speed);
}

static double clock_speed(void *context)
{
    return ((const struct sim_server *)context)->speed;
}

static void clock_set_speed(void *context, double speed)
{
    change_speed(context, speed);
}

static void clock_resume(void *context)
{
    struct sim_server *server = context;
    if (server->speed <= 0) {
        change_speed(server, server->resumed_speed);
    }
}

static void clock_step(void *context, int64_t duration_us)
{
    struct sim_server *server = context;
    server->step_until_us = sim_world_now_us(server->world) + duration_us;
}

static bool clock_is_stepping(void *context)
{
    const struct sim_server *server = context;
    return server->step_until_us > sim_world_now_us(server->world);
}

static void free_token(char *token)
{
    if (token != NULL) {
        explicit_bzero(token, strlen(token));
        free(token);
    }
}

/* ---- start and stop ---- */

/* "127.0.0.1:0" and "[::1]:8443" into host and port. The caller frees *host. */
static bool read_listen(const char *listen, char **host, int *port, struct tg_err *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t number;
    if (colon == NULL || !tg_str_to_int64(colon + 1, 0, 65535, &number)) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "%s: not an address with a port (127.0.0.1:0)",
                          listen);
    }
    bool is_bracketed = listen[0] == '[' && colon > listen && colon[-1] == ']';
    const char *start = listen + (is_bracketed ? 1 : 0);
    *host = tg_strndup(start, (size_t)(colon - start) - (is_bracketed ? 1 : 0));
    *port = (int)number;
    return true;
}

/* The container API tells where the clusters' API servers listen. */
static void tell_access(struct sim_server *server, const char *host)
{
    const char *pem = server->certificates.ca_pem;
    char *ca = tg_base64_encode(pem, strlen(pem));
    for (int i = 0; i < sim_world_region_count(server->world); i++) {
        char *endpoint = tg_asprintf("%s:%d", host, sim_httpd_port(server->httpd, i));
        sim_gcp_set_cluster_access(server->world, i, endpoint, ca);
        free(endpoint);
    }
    free(ca);
}

static bool open_front(struct sim_server *server, const struct sim_server_config *config,
                       struct tg_err *err)
{
    char *host = NULL;
    int port = 0;
    const char *listen = config->listen == NULL ? "127.0.0.1:0" : config->listen;
    if (!read_listen(listen, &host, &port, err)) {
        return false;
    }
    bool is_any = tg_str_eq(host, "0.0.0.0") || tg_str_eq(host, "::");
    bool is_good = sim_certificates_make(&server->certificates, tg_clock_wall_us(&config->clock),
                                         is_any ? NULL : host, err);
    if (is_good) {
        server->httpd = sim_httpd_new(server->world, host, port, &server->certificates, err);
        is_good = server->httpd != NULL;
    }
    if (is_good) {
        sim_httpd_set_speed(server->httpd, config->speed);
        bool is_v6 = strchr(host, ':') != NULL;
        server->url_host = is_any ? tg_strdup("127.0.0.1")
                                  : tg_asprintf("%s%s%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "");
        server->dir = tg_strdup(config->dir);
        server->is_hidden = tg_calloc((size_t)sim_world_region_count(server->world), sizeof(bool));
        server->gcp_url = tg_asprintf("https://%s:%d", server->url_host,
                                      sim_httpd_port(server->httpd, SIM_SERVER_GCP));
        server->kubeconfig_path = tg_asprintf("%s/kubeconfig", config->dir);
        struct sim_server_files files = files_of(server);
        char *token_url = tg_asprintf("%s/token", server->gcp_url);
        sim_gcp_set_sign_in(server->world, token_url, server->refresh_token);
        free(token_url);
        is_good = sim_server_files_write(&files, server->world, server->httpd, err);
        tell_access(server, server->url_host);
    }
    free(host);
    return is_good;
}

static bool make_tokens(struct sim_server *server, struct tg_err *err)
{
    server->cluster_token = sim_certificates_token("sim-cluster-");
    server->gcp_token = sim_certificates_token("sim-gcp-");
    server->refresh_token = sim_certificates_token("sim-refresh-");
    if (server->cluster_token == NULL || server->gcp_token == NULL ||
        server->refresh_token == NULL) {
        return tg_err_set(err, TG_CODE_INTERNAL, 0, "no randomness for tokens");
    }
    server->user_tokens = json_object();
    for (const struct sim_role_user *u = sim_role_users; u->name != NULL; u++) {
        char *token = sim_certificates_token("sim-user-");
        if (token == NULL) {
            return tg_err_set(err, TG_CODE_INTERNAL, 0, "no randomness for tokens");
        }
        json_object_set_new(server->user_tokens, u->name, json_string(token));
        for (int i = 0; i < sim_world_region_count(server->world); i++) {
            sim_front_add_user(server->world, i, token, u->user);
        }
        free_token(token);
    }
    for (int i = 0; i < sim_world_region_count(server->world); i++) {
        sim_front_set_token(server->world, i, server->cluster_token);
    }
    sim_front_set_token(server->world, SIM_SERVER_GCP, server->gcp_token);
    return true;
}

/* A fork comes to where the other world was; a world of its own begins its script. */
static bool replay(struct sim_server *server, const struct sim_server_config *config,
                   struct tg_err *err)
{
    sim_script_start(server->world);
    return config->script == NULL ||
           sim_script_replay(server->world, config->script, config->script_len,
                             config->script_until_us, err);
}

/* The thread takes no signals: those are the main thread's. */
static bool start_thread(struct sim_server *server, struct tg_err *err)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&server->thread, NULL, run, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    server->has_thread = error == 0;
    return error == 0 || tg_err_set(err, TG_CODE_INTERNAL, error, "no thread: %s", strerror(error));
}

struct sim_server *sim_server_start(const struct sim_server_config *config, struct tg_err *err)
{
    tg_assert(config->dir != NULL && config->speed >= 0);
    struct sim_server *server = TG_NEW(struct sim_server);
    server->magic = SERVER_MAGIC;
    server->clock = config->clock;
    server->speed = config->speed;
    pthread_mutex_init(&server->lock, NULL);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tg_assert(server->wake_fd >= 0);
    struct sim_config world = config->world;
    if (world.start_wall_us == 0) {
        world.start_wall_us = tg_clock_wall_us(&config->clock);
    }
    server->resumed_speed = config->speed > 0 ? config->speed : 1;
    server->world = sim_world_new(&world, err);
    bool is_good = server->world != NULL && replay(server, config, err) &&
                   make_tokens(server, err) && open_front(server, config, err);
    if (is_good) {
        sim_admin_set_clockwork(server->world,
                                &(struct sim_clockwork){.speed = clock_speed,
                                                        .set_speed = clock_set_speed,
                                                        .resume = clock_resume,
                                                        .step = clock_step,
                                                        .is_stepping = clock_is_stepping,
                                                        .context = server});
        set_base(server, sim_world_now_us(server->world), tg_clock_monotonic_us(&server->clock));
        is_good = start_thread(server, err);
    }
    if (!is_good) {
        sim_server_stop(server);
        return NULL;
    }
    return server;
}

void sim_server_stop(struct sim_server *server)
{
    if (server == NULL) {
        return;
    }
    TG_MAGIC_CHECK(server, SERVER_MAGIC);
    if (server->has_thread) {
        pthread_mutex_lock(&server->lock);
        server->is_stopping = true;
        pthread_mutex_unlock(&server->lock);
        wake(server);
        pthread_join(server->thread, NULL);
    }
    sim_httpd_free(server->httpd); /* ends the streams, which hang on the world */
    sim_world_free(server->world);
    sim_certificates_fini(&server->certificates);
    free_token(server->cluster_token);
    json_decref(server->user_tokens);
    free_token(server->gcp_token);
    free_token(server->refresh_token);
    free(server->kubeconfig_path);
    free(server->gcp_url);
    free(server->dir);
    free(server->url_host);
    free(server->is_hidden);
    close(server->wake_fd);
    pthread_mutex_destroy(&server->lock);
    server->magic = 0;
    free(server);
}

/* ---- what callers ask ---- */

const char *sim_server_kubeconfig_path(const struct sim_server *server)
{
    return server->kubeconfig_path;
}

const char *sim_server_gcp_url(const struct sim_server *server)
{
    return server->gcp_url;
}

const char *sim_server_ca_pem(const struct sim_server *server)
{
    return server->certificates.ca_pem;
}

const char *sim_server_gcp_token(const struct sim_server *server)
{
    return server->gcp_token;
}

const char *sim_server_project(const struct sim_server *server)
{
    /* Fixed at the world's making: safe to read from another thread. */
    return sim_world_config(server->world)->project;
}

void sim_server_set_speed(struct sim_server *server, double speed)
{
    TG_MAGIC_CHECK(server, SERVER_MAGIC);
    tg_assert(speed >= 0);
    pthread_mutex_lock(&server->lock);
    change_speed(server, speed);
    pthread_mutex_unlock(&server->lock);
    wake(server);
}

void sim_server_ask(struct sim_server *server, const char *method, const char *path,
                    const char *body, struct tg_buf *answer, int *status)
{
    TG_MAGIC_CHECK(server, SERVER_MAGIC);
    char *authorization = tg_asprintf("Bearer %s", server->gcp_token);
    struct sim_request request = {
        .server = SIM_SERVER_GCP,
        .method = method,
        .path = path,
        .query = "",
        .accept = "",
        .content_type = "application/json",
        .authorization = authorization,
        .user_agent = "tidegate",
        .body = body == NULL ? "" : body,
        .body_len = body == NULL ? 0 : strlen(body),
    };
    struct sim_response response;
    pthread_mutex_lock(&server->lock);
    sim_front_handle(server->world, &request, &response);
    pthread_mutex_unlock(&server->lock);
    wake(server);
    *status = response.status;
    tg_buf_append(answer, tg_buf_text(&response.body), response.body.len);
    sim_response_fini(&response);
    free_token(authorization);
}

int64_t sim_server_wall_us(struct sim_server *server)
{
    TG_MAGIC_CHECK(server, SERVER_MAGIC);
    pthread_mutex_lock(&server->lock);
    int64_t start_us = sim_world_wall_us(server->world) - sim_world_now_us(server->world);
    int64_t now_us = start_us + virtual_at(server, tg_clock_monotonic_us(&server->clock));
    pthread_mutex_unlock(&server->lock);
    return now_us;
}
