/* tests/unit/io/test_kubeconfig_files.c - kubeconfig files as people have them, good and bad. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/kubeconfig.h"

static char directory[64];
static char path[128];

static void write_file(const char *name, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof(whole), "%s/%s", directory, name);
    FILE *file = fopen(whole, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void remove_all(void)
{
    static const char *const names[] = {"config", "ca.pem", "token", "clusters"};
    char whole[256];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(whole, sizeof(whole), "%s/%s", directory, names[i]);
        unlink(whole);
    }
    rmdir(directory);
}

static void make_directory(void)
{
    strcpy(directory, "/tmp/tidegate-kube-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/config", directory);
}

TestSuite(kubeconfig, .init = make_directory, .fini = remove_all);

#define HEAD "apiVersion: v1\nkind: Config\n"
#define ONE_CONTEXT                                                               \
    "contexts:\n- name: lab\n  context: {cluster: c, user: u, namespace: team}\n" \
    "current-context: lab\n"
#define ONE_CLUSTER                                                          \
    "clusters:\n- name: c\n  cluster:\n    server: https://10.0.0.1:6443/\n" \
    "    certificate-authority-data: UEVN\n"

static const struct tg_kube_context *load(struct tg_kubeconfig *config, const char *text,
                                          struct tg_err *err)
{
    write_file("config", text);
    if (!tg_kubeconfig_load(config, path, err)) {
        return NULL;
    }
    return tg_kubeconfig_find(config, "lab", err);
}

Test(kubeconfig, token_and_inline_authority)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    const struct tg_kube_context *context = load(
        &config, HEAD ONE_CLUSTER ONE_CONTEXT "users:\n- name: u\n  user: {token: s3cret}\n", &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_assert_str_eq(context->endpoint.base_url, "https://10.0.0.1:6443");
    cr_assert_str_eq(context->endpoint.ca_pem, "PEM");
    cr_assert_str_eq(context->ns, "team");
    cr_assert_str_eq(config.current, "lab");
    cr_assert_not_null(context->endpoint.bearer_token);
    tg_kubeconfig_fini(&config);
}

/* Names of files are taken from the kubeconfig's own directory, not from where we stand. */
Test(kubeconfig, files_beside_it)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    write_file("ca.pem", "AUTHORITY\n");
    write_file("token", "s3cret\n");
    const struct tg_kube_context *context =
        load(&config,
             HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                  "    certificate-authority: ca.pem\n" ONE_CONTEXT
                  "users:\n- name: u\n  user: {tokenFile: token}\n",
             &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_assert_str_eq(context->endpoint.ca_pem, "AUTHORITY\n");
    cr_assert_not_null(context->endpoint.bearer_token);
    tg_kubeconfig_fini(&config);
}

Test(kubeconfig, client_certificate_and_key)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    const struct tg_kube_context *context =
        load(&config,
             HEAD ONE_CLUSTER ONE_CONTEXT "users:\n- name: u\n  user:\n"
                                          "    client-certificate-data: Q0VSVA==\n"
                                          "    client-key-data: S0VZ\n",
             &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_assert_str_eq(context->endpoint.client_cert_pem, "CERT");
    cr_assert_not_null(context->endpoint.client_key_pem);
    cr_assert_null(context->endpoint.bearer_token);
    tg_kubeconfig_fini(&config);
}

/* Refusals name the file, the line and the column, and what to do. */
static void expect_refusal(const char *text, int line, const char *why)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    char place[160];
    cr_assert_null(load(&config, text, &err));
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    snprintf(place, sizeof(place), "%s:%d:", path, line);
    cr_assert(strncmp(err.msg, place, strlen(place)) == 0, "%s does not begin with %s", err.msg,
              place);
    cr_assert_not_null(strstr(err.msg, why), "%s", err.msg);
    tg_kubeconfig_fini(&config);
}

Test(kubeconfig, tls_is_always_verified)
{
    expect_refusal(HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                        "    insecure-skip-tls-verify: true\n" ONE_CONTEXT
                        "users:\n- name: u\n  user: {token: t}\n",
                   7, "TLS is always verified");
    expect_refusal(HEAD "clusters:\n- name: c\n  cluster:\n    server: http://h\n" ONE_CONTEXT
                        "users:\n- name: u\n  user: {token: t}\n",
                   6, "https://");
}

#define EXEC_HEAD                                                          \
    HEAD ONE_CLUSTER ONE_CONTEXT "users:\n- name: u\n  user:\n    exec:\n" \
                                 "      apiVersion: client.authentication.k8s.io/v1\n"

/* As gcloud writes it. */
Test(kubeconfig, a_plug_in_is_read_and_not_run)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    const struct tg_kube_context *context =
        load(&config,
             EXEC_HEAD "      command: gke-gcloud-auth-plugin\n"
                       "      args: [get, --all]\n"
                       "      env:\n      - {name: CLOUDSDK_CORE_PROJECT, value: p}\n"
                       "      installHint: Install it\n"
                       "      interactiveMode: IfAvailable\n"
                       "      provideClusterInfo: true\n",
             &err);
    cr_assert_not_null(context, "%s", err.msg);
    const struct tg_kube_exec *exec = context->exec;
    cr_assert_not_null(exec);
    cr_expect_str_eq(exec->file, path);
    cr_expect_str_eq(exec->argv[0], "gke-gcloud-auth-plugin");
    cr_expect_str_eq(exec->argv[1], "get");
    cr_expect_str_eq(exec->argv[2], "--all");
    cr_expect_null(exec->argv[3]);
    cr_expect_str_eq(exec->environment[0], "CLOUDSDK_CORE_PROJECT=p");
    cr_expect_not_null(strstr(exec->environment[1], "KUBERNETES_EXEC_INFO={\"apiVersion\""));
    cr_expect_not_null(strstr(exec->environment[1], "\"server\": \"https://10.0.0.1:6443\""));
    cr_expect_null(exec->environment[2]);
    cr_expect_str_eq(exec->install_hint, "Install it");
    tg_kubeconfig_fini(&config);
}

/* A command with a slash stands beside the file; a token in the file counts before the plug-in. */
Test(kubeconfig, where_a_plug_in_is_and_when_it_is_not_needed)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    char expected[192];
    const struct tg_kube_context *context =
        load(&config, EXEC_HEAD "      command: ./bin/p\n", &err);
    cr_assert_not_null(context, "%s", err.msg);
    snprintf(expected, sizeof(expected), "%s/./bin/p", directory);
    cr_expect_str_eq(context->exec->argv[0], expected);
    cr_expect_null(strstr(context->exec->environment[0], "cluster"), "it is not told unasked");
    tg_kubeconfig_fini(&config);
    context = load(&config, EXEC_HEAD "      command: p\n    token: s3cret\n", &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_expect_null(context->exec);
    tg_kubeconfig_fini(&config);
}

Test(kubeconfig, plug_ins_that_cannot_be_run_are_refused_with_what_to_do)
{
    expect_refusal(EXEC_HEAD "      command: p\n      interactiveMode: Always\n", 18,
                   "kubectl create token");
    expect_refusal(EXEC_HEAD "      args: [a]\n", 16, "needs a 'command'");
    expect_refusal(EXEC_HEAD "      command: p\n      args: [[a]]\n", 18, "must be text");
    expect_refusal(EXEC_HEAD "      command: p\n      env: [{name: 'a=b', value: c}]\n", 18,
                   "'name' and 'value'");
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT
                   "users:\n- name: u\n  user:\n    exec:\n"
                   "      apiVersion: client.authentication.k8s.io/v1alpha1\n      command: p\n",
                   16, "v1beta1 are known");
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT
                   "users:\n- name: u\n  user:\n    auth-provider: {name: gcp}\n",
                   13, "auth-provider");
}

/* kubectl joins the files of its list: a name may stand in any of them, the first of a name counts
 * whole, and files named inside are beside the file that names them. */
Test(kubeconfig, files_of_a_list_are_joined)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    char list[512];
    write_file("ca.pem", "AUTHORITY\n");
    write_file("config", HEAD ONE_CONTEXT "users:\n- name: u\n  user: {token: first}\n");
    write_file("clusters", HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                                "    certificate-authority: ca.pem\n"
                                "- name: d\n  cluster: {server: https://d}\n"
                                "contexts:\n- name: lab\n  context: {cluster: d, user: u}\n"
                                "- name: other\n  context: {cluster: d, user: gone}\n"
                                "users:\n- name: u\n  user: {tokenFile: not-there}\n"
                                "current-context: other\n");
    snprintf(list, sizeof(list), "%s:%s/clusters", path, directory);
    cr_assert(tg_kubeconfig_load(&config, list, &err), "%s", err.msg);
    cr_expect_eq(config.count, 2);
    cr_expect_str_eq(config.current, "lab");
    const struct tg_kube_context *context = tg_kubeconfig_find(&config, "lab", &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_expect_str_eq(context->endpoint.base_url, "https://h");
    cr_expect_str_eq(context->endpoint.ca_pem, "AUTHORITY\n");
    cr_expect_str_eq(tg_secret_peek(context->endpoint.bearer_token), "first");
    cr_expect_null(tg_kubeconfig_find(&config, "other", &err));
    snprintf(list, sizeof(list), "%s/clusters:14:", directory);
    cr_expect(strncmp(err.msg, list, strlen(list)) == 0, "%s", err.msg);
    tg_kubeconfig_fini(&config);
}

/* Nothing that says who signs in, or by which way, is passed over in silence. */
Test(kubeconfig, what_is_not_supported_is_refused)
{
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT
                   "users:\n- name: u\n  user:\n    client-certificate-data: Q0VSVA==\n",
                   13, "both a client certificate and its key");
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT
                   "users:\n- name: u\n  user: {token: t, as: viewer}\n",
                   14, "impersonation");
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT
                   "users:\n- name: u\n  user: {username: admin, password: p}\n",
                   14, "passwords");
    expect_refusal(HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                        "    proxy-url: http://proxy\n" ONE_CONTEXT
                        "users:\n- name: u\n  user: {token: t}\n",
                   7, "proxy-url");
}

/* kubectl writes null where it removed the last context; as one file of several that is no error.
 */
Test(kubeconfig, a_file_may_be_without_contexts)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    write_file("config", HEAD "clusters: null\ncontexts: null\nusers: null\n");
    cr_assert(tg_kubeconfig_load(&config, path, &err), "%s", err.msg);
    cr_assert_eq(config.count, 0);
    cr_assert_null(tg_kubeconfig_find(&config, "lab", &err));
    tg_kubeconfig_fini(&config);
}

Test(kubeconfig, what_is_missing_is_named)
{
    expect_refusal(HEAD ONE_CLUSTER ONE_CONTEXT "users:\n- name: other\n  user: {token: t}\n", 10,
                   "there is no user 'u'");
    expect_refusal(HEAD "clusters: []\n" ONE_CONTEXT "users: []\n", 6, "there is no cluster 'c'");
    expect_refusal(HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                        "    certificate-authority: gone.pem\n" ONE_CONTEXT
                        "users:\n- name: u\n  user: {token: t}\n",
                   7, "gone.pem");
    expect_refusal(HEAD "clusters:\n- name: c\n  cluster:\n    server: https://h\n"
                        "    certificate-authority-data: '*'\n" ONE_CONTEXT
                        "users:\n- name: u\n  user: {token: t}\n",
                   7, "base64");
}

/* Old entries gather in everybody's kubeconfig. */
Test(kubeconfig, one_bad_context_does_not_spoil_the_others)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    const struct tg_kube_context *context =
        load(&config,
             HEAD ONE_CLUSTER "contexts:\n- name: stale\n  context: {cluster: gone, user: u}\n"
                              "- name: lab\n  context: {cluster: c, user: u}\n"
                              "users:\n- name: u\n  user: {token: t}\n",
             &err);
    cr_assert_not_null(context, "%s", err.msg);
    cr_assert_str_eq(context->ns, "default");
    cr_assert_null(tg_kubeconfig_find(&config, "stale", &err));
    cr_assert_not_null(strstr(err.msg, "there is no cluster 'gone'"));
    cr_assert_null(tg_kubeconfig_find(&config, "labb", &err));
    cr_assert_not_null(strstr(err.msg, "stale, lab"), "%s", err.msg);
    tg_kubeconfig_fini(&config);
}

Test(kubeconfig, what_is_no_kubeconfig)
{
    static const char *const texts[] = {"", "[]", "contexts: 7\n", "a: [1\n", "\x01", "- - -"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tg_kubeconfig config;
        struct tg_err err = TG_ERR_INIT;
        write_file("config", texts[i]);
        cr_assert_not(tg_kubeconfig_load(&config, path, &err), "text %zu", i);
        cr_assert_eq(err.code, TG_CODE_CONFIG, "text %zu: %s", i, err.msg);
        cr_assert_eq(config.count, 0);
    }
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(tg_kubeconfig_load(&config, "/nonexistent/kubeconfig", &err));
    cr_assert_not_null(strstr(err.msg, "/nonexistent/kubeconfig"));
}

/* The token never shows in what is said about a file. */
Test(kubeconfig, secrets_are_not_in_messages)
{
    struct tg_kubeconfig config;
    struct tg_err err = TG_ERR_INIT;
    load(&config, HEAD ONE_CLUSTER ONE_CONTEXT "users:\n- name: u\n  user: {token: s3cret, : }\n",
         &err);
    cr_assert_null(strstr(err.msg, "s3cret"), "%s", err.msg);
    tg_kubeconfig_fini(&config);
}
