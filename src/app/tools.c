/* app/tools.c - the environment of the lab's commands, and one program at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/tools.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/child.h"
#include "io/paths.h"
#include "io/read_file.h"
#include "io/write_file.h"

#define TOKEN_LEN_MAX (64u * 1024)

extern char **environ;

static const char *const access_tokens[] = {"GOOGLE_OAUTH_ACCESS_TOKEN",
                                            "CLOUDSDK_AUTH_ACCESS_TOKEN"};

struct tg_tools {
    struct tg_tools_config config; /* texts are its own */
    struct tg_child *child;        /* the present or last one; NULL: none */
    bool is_terminated;            /* told harder than gently */
    char **environment;            /* of the present one, ended by NULL */
    size_t environment_count;
    struct tg_secret *token;        /* in it, registered as long as it may be printed */
    struct tg_secret *inherited[2]; /* the operator's own access tokens, for the same reason */
};

static bool has_name(const char *variable, const char *name)
{
    size_t len = strlen(name);
    return strncmp(variable, name, len) == 0 && variable[len] == '=';
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : tg_strdup(text);
}

struct tg_tools *tg_tools_new(const struct tg_tools_config *config)
{
    struct tg_tools *tools = TG_NEW(struct tg_tools);
    tools->config = *config;
    tools->config.folder = copy(config->folder);
    tools->config.gcp_endpoint = copy(config->gcp_endpoint);
    tools->config.gcp_ca_pem = copy(config->gcp_ca_pem);
    tools->config.gcp_token_path = copy(config->gcp_token_path);
    for (char **variable = environ; *variable != NULL; variable++) {
        for (size_t i = 0; i < TG_COUNT(access_tokens); i++) {
            if (has_name(*variable, access_tokens[i]) && tools->inherited[i] == NULL) {
                const char *token = strchr(*variable, '=') + 1;
                tools->inherited[i] = tg_secret_new(token, strlen(token));
            }
        }
    }
    return tools;
}

static void wipe_environment(struct tg_tools *tools)
{
    for (size_t i = 0; i < tools->environment_count; i++) {
        explicit_bzero(tools->environment[i], strlen(tools->environment[i]));
        free(tools->environment[i]);
    }
    free(tools->environment);
    tools->environment = NULL;
    tools->environment_count = 0;
}

void tg_tools_free(struct tg_tools *tools)
{
    if (tools == NULL) {
        return;
    }
    if (tools->child != NULL && tools->is_terminated) {
        tg_child_signal(tools->child, SIGKILL);
    }
    tg_child_free(tools->child);
    tg_secret_free(tools->token);
    for (size_t i = 0; i < TG_COUNT(access_tokens); i++) {
        tg_secret_free(tools->inherited[i]);
    }
    free((char *)(uintptr_t)tools->config.folder);
    free((char *)(uintptr_t)tools->config.gcp_endpoint);
    free((char *)(uintptr_t)tools->config.gcp_ca_pem);
    free((char *)(uintptr_t)tools->config.gcp_token_path);
    free(tools);
}

/* ---- environment ---- */

static void add(struct tg_tools *tools, char *variable)
{
    tools->environment = tg_realloc_array(tools->environment, tools->environment_count + 2,
                                          sizeof(*tools->environment));
    tools->environment[tools->environment_count++] = variable;
    tools->environment[tools->environment_count] = NULL;
}

/* The last that sets a name wins: what was there goes. */
static void set(struct tg_tools *tools, const char *name, const char *value)
{
    for (size_t i = 0; i < tools->environment_count; i++) {
        if (has_name(tools->environment[i], name)) {
            free(tools->environment[i]);
            tools->environment[i] = tg_asprintf("%s=%s", name, value);
            return;
        }
    }
    add(tools, tg_asprintf("%s=%s", name, value));
}

static void set_path(struct tg_tools *tools, const char *name, const char *file)
{
    char *path = tg_asprintf("%s/%s", tools->config.folder, file);
    set(tools, name, path);
    free(path);
}

/* What must not be handed on: a token of the lab's in the operator's own environment, access tokens
 * when another one was given to us, and options for Terraform, among which `-lock=false` may be. */
static bool is_left_out(const struct tg_tools *tools, const char *variable)
{
    for (size_t i = 0; i < TG_COUNT(access_tokens) && tools->config.token != NULL; i++) {
        if (has_name(variable, access_tokens[i])) {
            return true;
        }
    }
    return has_name(variable, "HF_TOKEN") || has_name(variable, "HUGGING_FACE_HUB_TOKEN") ||
           tg_str_has_prefix(variable, "TF_CLI_ARGS");
}

static void set_plain(struct tg_tools *tools)
{
    static const char *const variables[][2] = {
        {"TERM", "dumb"},
        {"NO_COLOR", "1"},
        {"PAGER", "cat"},
        {"TF_CLI_ARGS_apply", "-json"},
        {"TF_CLI_ARGS_destroy", "-json"},
        {"TF_CLI_ARGS_init", "-no-color"},
        {"TF_IN_AUTOMATION", "1"},
        {"TF_INPUT", "0"},
        {"CHECKPOINT_DISABLE", "1"},
        {"CLOUDSDK_CORE_DISABLE_PROMPTS", "1"},
        {"USE_GKE_GCLOUD_AUTH_PLUGIN", "True"},
    };
    for (size_t i = 0; i < TG_COUNT(variables); i++) {
        set(tools, variables[i][0], variables[i][1]);
    }
    set_path(tools, "KUBECONFIG", "kubeconfig");
}

static void set_overrides(struct tg_tools *tools)
{
    static const char *const overrides[][2] = {
#define TG_GCP_OVERRIDE(variable, path) {variable, path},
#include "net/gcp_override.def"
#undef TG_GCP_OVERRIDE
    };
    for (size_t i = 0; i < TG_COUNT(overrides); i++) {
        char *url = tg_asprintf("%s%s", tools->config.gcp_endpoint, overrides[i][1]);
        set(tools, overrides[i][0], url);
        free(url);
    }
    /* the operator's own settings and logins are for Google's own hosts */
    set_path(tools, "CLOUDSDK_CONFIG", "gcloud");
    /* a world without the Internet takes the definition from what is built in */
    set_path(tools, "OBJECTIVE_CRD", "objective-crd.yaml");
}

static bool set_authorities(struct tg_tools *tools, struct tg_err *err)
{
    const char *pem = tools->config.gcp_ca_pem;
    char *path = tg_asprintf("%s/ca.pem", tools->config.folder);
    bool is_ok = tg_write_file(path, pem, strlen(pem), err);
    set(tools, "SSL_CERT_FILE", path);
    set(tools, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", path);
    free(path);
    /* These two would win over it. */
    set(tools, "REQUESTS_CA_BUNDLE", "");
    set(tools, "CURL_CA_BUNDLE", "");
    return is_ok;
}

/* gcloud reads the token from a file; Terraform takes it from its environment. */
static bool set_token(struct tg_tools *tools, bool is_for_terraform, struct tg_err *err)
{
    const char *path = tools->config.gcp_token_path;
    char *own = NULL;
    bool is_ok = true;
    tg_secret_free(tools->token);
    tools->token = NULL;
    if (path != NULL) {
        size_t len = 0;
        char *text = tg_read_secret_file(path, TOKEN_LEN_MAX, &len, err);
        is_ok = text != NULL;
        if (is_ok) {
            tools->token = tg_secret_new(text, strcspn(text, "\r\n"));
            explicit_bzero(text, len);
        }
        free(text);
    } else {
        const struct tg_secret *token = tools->config.token;
        own = tg_asprintf("%s/access-token", tools->config.folder);
        path = own;
        tools->token = tg_secret_new(tg_secret_peek(token), tg_secret_len(token));
        is_ok = tg_write_file(own, tg_secret_peek(token), tg_secret_len(token), err);
    }
    if (is_ok) {
        set(tools, "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", path);
    }
    if (is_ok && is_for_terraform) {
        set(tools, "GOOGLE_OAUTH_ACCESS_TOKEN", tg_secret_peek(tools->token));
    }
    free(own);
    return is_ok;
}

static bool make_environment(struct tg_tools *tools, const struct tg_tool_order *order,
                             struct tg_err *err)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        if (!is_left_out(tools, *variable)) {
            add(tools, tg_strdup(*variable));
        }
    }
    set_plain(tools);
    if (order->secret != NULL) {
        set(tools, "HF_TOKEN_FILE", TG_CHILD_SECRET_PATH);
    }
    if (tools->config.gcp_endpoint != NULL) {
        set_overrides(tools);
    }
    return (tools->config.gcp_ca_pem == NULL || set_authorities(tools, err)) &&
           (tools->config.token == NULL ||
            set_token(tools, strstr(order->script, "terraform ") != NULL, err));
}

/* ---- orders ---- */

static bool start(struct tg_tools *tools, const struct tg_tool_order *order, struct tg_err *err)
{
    struct tg_child_config config = {.id = order->id,
                                     .script = order->script,
                                     .folder = tools->config.folder,
                                     .secret = order->secret,
                                     .inbox = tools->config.inbox,
                                     .clock = tools->config.clock};
    tg_child_free(tools->child);
    tools->child = NULL;
    tools->is_terminated = false;
    if (tg_paths_make(tools->config.folder, err) && make_environment(tools, order, err)) {
        config.environment = (const char *const *)tools->environment;
        tools->child = tg_child_start(&config, err);
    }
    wipe_environment(tools);
    return tools->child != NULL;
}

bool tg_tools_order(struct tg_tools *tools, struct tg_tool_order *order, struct tg_err *err)
{
    bool is_ok = true;
    if (order->kind == TG_TOOL_START) {
        is_ok = start(tools, order, err);
    } else if (tools->child != NULL) {
        tools->is_terminated = order->kind != TG_TOOL_INTERRUPT;
        tg_child_signal(tools->child, order->kind == TG_TOOL_INTERRUPT   ? SIGINT
                                      : order->kind == TG_TOOL_TERMINATE ? SIGTERM
                                                                         : SIGKILL);
    }
    free(order->script);
    order->script = NULL;
    return is_ok;
}
