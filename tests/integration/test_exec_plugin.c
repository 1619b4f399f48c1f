/* integration/test_exec_plugin.c - a session whose kubeconfig signs in through a plug-in, against a
 * simulated region over TLS. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/session.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/integration/rig_support.h"

static int questions;

TestSuite(exec_plugin, .init = rig_server_start, .fini = rig_server_stop);

/* The world's own kubeconfig, but that a plug-in beside it brings the token. The caller frees. */
static char *write_kubeconfig(void)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(tg_kubeconfig_load(&config, sim_server_kubeconfig_path(rig_server.server), &err),
              "%s", err.msg);
    const struct tg_http_endpoint *endpoint = &config.contexts[0].endpoint;
    char *authority = tg_base64_encode(endpoint->ca_pem, strlen(endpoint->ca_pem));
    char *path = rig_server_path("plugin-kubeconfig");
    char *plugin = rig_server_path("sign-in");
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
    rig_write_file(path, text, 0600);
    rig_write_file(plugin, script, 0700);
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
    struct tg_session_config config = {
        .clock = rig_server.clock,
        .lab = rig_lab(),
        .kubeconfig = kubeconfig,
        .workers_max = 2,
        .may_exec = allow,
        .may_exec_context = is_allowed,
    };
    return tg_session_start(&config, err);
}

static bool sees_pods(const struct tg_model *model)
{
    return model->targets[0]->kinds[TG_KIND_POD].phase == TG_KIND_PHASE_LIVE;
}

Test(exec_plugin, a_plug_in_signs_in_to_a_cluster)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_allowed = true;
    char *kubeconfig = write_kubeconfig();
    struct tg_session *session = start(kubeconfig, &is_allowed, &err);
    cr_assert_not_null(session, "%s", err.msg);
    cr_expect(rig_session_wait(session, sees_pods), "%s",
              session->app->model->targets[0]->kinds[TG_KIND_POD].err.msg);
    cr_expect_eq(questions, 1);
    tg_session_stop(session);
    free(kubeconfig);
}

Test(exec_plugin, without_consent_nothing_is_run)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_allowed = false;
    char *kubeconfig = write_kubeconfig();
    char *plugin = rig_server_path("sign-in");
    char *mark = rig_server_path("it-was-run");
    char *script = tg_asprintf("#!/bin/sh\n: >%s\n", mark);
    struct stat status;
    rig_write_file(plugin, script, 0700);
    cr_expect_null(start(kubeconfig, &is_allowed, &err));
    cr_expect_str_eq(err.msg, "context 'lab': not allowed");
    cr_expect_neq(stat(mark, &status), 0);
    free(script);
    free(mark);
    free(plugin);
    free(kubeconfig);
}
