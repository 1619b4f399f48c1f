/* integration/test_exec_plugin.c - a session whose kubeconfig signs in through a plug-in, against a
 * simulated region over TLS. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/session.h"
#include "base/assets.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_file.h"
#include "io/clock_real.h"
#include "io/curl_transport.h"
#include "sim/server.h"

#define LONG_US (60 * TG_US_PER_S) /* a bound for a broken machine, never waited for */

static char dir[] = "/tmp/tidegate-plugin-XXXXXX";
static struct sim_server *server;
static struct tg_clock wall;
static int questions;

static void start_world(void)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not_null(mkdtemp(dir));
    cr_assert(tg_curl_global_init(&err));
    wall = tg_clock_real();
    struct sim_server_config config = {
        .world = {.seed = 1,
                  .regions = 2,
                  .is_built = true,
                  .start_wall_us = tg_clock_wall_us(&wall)},
        .dir = dir,
        .listen = "127.0.0.1:0",
        .speed = 1,
        .clock = wall,
    };
    server = sim_server_start(&config, &err);
    cr_assert_not_null(server, "%s", err.msg);
}

static void stop_world(void)
{
    sim_server_stop(server);
    char *command = tg_asprintf("rm -r %s", dir);
    cr_assert_eq(system(command), 0);
    free(command);
    tg_curl_global_fini();
}

TestSuite(exec_plugin, .init = start_world, .fini = stop_world);

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

/* The world's own kubeconfig, but that a plug-in beside it brings the token. The caller frees. */
static char *write_kubeconfig(void)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(tg_kubeconfig_load(&config, sim_server_kubeconfig_path(server), &err), "%s", err.msg);
    const struct tg_http_endpoint *endpoint = &config.contexts[0].endpoint;
    char *authority = tg_base64_encode(endpoint->ca_pem, strlen(endpoint->ca_pem));
    char *path = tg_asprintf("%s/plugin-kubeconfig", dir);
    char *plugin = tg_asprintf("%s/sign-in", dir);
    char *text = tg_asprintf(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: %s\n"
        "    certificate-authority-data: %s\ncontexts:\n- name: lab\n"
        "  context: {cluster: c, user: u}\nusers:\n- name: u\n  user:\n    exec:\n"
        "      apiVersion: client.authentication.k8s.io/v1beta1\n      command: ./sign-in\n"
        "      provideClusterInfo: true\n",
        endpoint->base_url, authority);
    char *script = tg_asprintf(
        "#!/bin/sh\ncase $KUBERNETES_EXEC_INFO in *'\"server\": \"%s\"'*) ;; *) exit 1 ;; esac\n"
        "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
        "\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"%s\"}}'\n",
        endpoint->base_url, tg_secret_peek(endpoint->bearer_token));
    write_file(path, text, 0600);
    write_file(plugin, script, 0700);
    free(script);
    free(text);
    free(plugin);
    free(authority);
    tg_kubeconfig_fini(&config);
    return path;
}

static bool allow(void *context, const struct tg_kube_exec *exec, struct tg_err *err)
{
    const bool *is_allowed = context;
    questions++;
    cr_expect(tg_str_has_suffix(exec->argv[0], "/sign-in"), "%s", exec->argv[0]);
    return *is_allowed || tg_err_set(err, TG_CODE_CONFIG, 0, "not allowed");
}

static struct tg_session *start(const char *kubeconfig, bool *is_allowed, struct tg_err *err)
{
    const struct tg_asset *asset = tg_asset_get("labs/gemma-two-region.yaml");
    struct tg_session_config config = {
        .clock = wall,
        .lab = tg_lab_parse(asset->path, asset->text, asset->len, err),
        .kubeconfig = kubeconfig,
        .workers_max = 2,
        .may_exec = allow,
        .may_exec_context = is_allowed,
    };
    return tg_session_start(&config, err);
}

Test(exec_plugin, a_plug_in_signs_in_to_a_cluster)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_allowed = true;
    char *kubeconfig = write_kubeconfig();
    struct tg_session *session = start(kubeconfig, &is_allowed, &err);
    cr_assert_not_null(session, "%s", err.msg);
    int64_t until_us = tg_clock_monotonic_us(&wall) + LONG_US;
    const struct tg_target *target = session->app->model->targets[0];
    while (target->kinds[TG_KIND_POD].phase != TG_KIND_PHASE_LIVE &&
           tg_clock_monotonic_us(&wall) < until_us) {
        struct pollfd fd = {.fd = tg_queue_fd(session->inbox), .events = POLLIN};
        (void)poll(&fd, 1, 20);
        tg_session_pump(session, 256);
    }
    cr_expect_eq((int)target->kinds[TG_KIND_POD].phase, (int)TG_KIND_PHASE_LIVE, "%s",
                 target->kinds[TG_KIND_POD].err.msg);
    cr_expect_eq(questions, 1);
    tg_session_stop(session);
    free(kubeconfig);
}

Test(exec_plugin, without_consent_nothing_is_run)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_allowed = false;
    char *kubeconfig = write_kubeconfig();
    char *plugin = tg_asprintf("%s/sign-in", dir);
    char *mark = tg_asprintf("%s/it-was-run", dir);
    char *script = tg_asprintf("#!/bin/sh\n: >%s\n", mark);
    struct stat status;
    write_file(plugin, script, 0700);
    cr_expect_null(start(kubeconfig, &is_allowed, &err));
    cr_expect_str_eq(err.msg, "context 'lab': not allowed");
    cr_expect_neq(stat(mark, &status), 0);
    free(script);
    free(mark);
    free(plugin);
    free(kubeconfig);
}
