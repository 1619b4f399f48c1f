/* io/kubeconfig.c - kubeconfig files to endpoints. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/kubeconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/yaml.h"
#include "io/read_file.h"

#define FILE_BYTES_MAX (8 * 1024 * 1024)
#define SMALL_FILE_MAX (256 * 1024)

struct loader {
    const char *path;
    const struct tg_yaml_node *root;
    struct tg_err *err;
};

static const struct tg_yaml_node *find_named(const struct loader *loader, const char *list,
                                             const char *name)
{
    const struct tg_yaml_node *items = tg_yaml_get(loader->root, list);
    for (size_t i = 0; items != NULL && i < items->count; i++) {
        if (tg_str_eq(tg_yaml_text(items->items[i], "name"), name)) {
            return items->items[i];
        }
    }
    return NULL;
}

static char *beside(const struct loader *loader, const char *file)
{
    const char *slash = strrchr(loader->path, '/');
    if (file[0] == '/' || slash == NULL) {
        return tg_strdup(file);
    }
    return tg_asprintf("%.*s/%s", (int)(slash - loader->path), loader->path, file);
}

/* Bytes that stand inline in base64 under data_key, or in the file named by file_key. NULL without
 * error: neither. */
static bool load_bytes(const struct loader *loader, const struct tg_yaml_node *node,
                       const char *data_key, const char *file_key, char **bytes)
{
    const struct tg_yaml_node *data = tg_yaml_get(node, data_key);
    const char *file = tg_yaml_text(node, file_key);
    size_t len = 0;
    *bytes = NULL;
    if (data != NULL && data->kind == TG_YAML_SCALAR) {
        *bytes = tg_base64_decode(data->text, strlen(data->text), &len);
        return *bytes != NULL ||
               tg_yaml_fail(loader->path, data, loader->err, "'%s' is not base64", data_key);
    }
    if (file != NULL) {
        char *path = beside(loader, file);
        struct tg_err why = TG_ERR_INIT;
        *bytes = tg_read_file(path, SMALL_FILE_MAX, &len, &why);
        free(path);
        return *bytes != NULL ||
               tg_yaml_fail(loader->path, tg_yaml_get(node, file_key), loader->err, "%s", why.msg);
    }
    return true;
}

struct unsupported {
    const char *key;
    const char *why;
};

/* What is not understood must not be passed over: it would mean another way to the server, or
 * acting as somebody else than the file says. */
static bool refuse(const struct loader *loader, const struct tg_yaml_node *node,
                   const struct unsupported *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct tg_yaml_node *value = tg_yaml_get(node, keys[i].key);
        if (value != NULL) {
            return tg_yaml_fail(loader->path, value, loader->err, "%s", keys[i].why);
        }
    }
    return true;
}

static bool load_cluster(const struct loader *loader, const struct tg_yaml_node *at,
                         const char *name, struct tg_http_endpoint *endpoint)
{
    const struct tg_yaml_node *item = find_named(loader, "clusters", name);
    if (item == NULL) {
        return tg_yaml_fail(loader->path, at, loader->err, "there is no cluster '%s'", name);
    }
    const struct tg_yaml_node *cluster = tg_yaml_get(item, "cluster");
    const struct tg_yaml_node *server = tg_yaml_get(cluster, "server");
    const char *url = tg_yaml_text(cluster, "server");
    if (url == NULL || !tg_str_has_prefix(url, "https://")) {
        return tg_yaml_fail(loader->path, server != NULL ? server : item, loader->err,
                            "'server' must be an https:// address");
    }
    if (tg_str_eq(tg_yaml_text(cluster, "insecure-skip-tls-verify"), "true")) {
        return tg_yaml_fail(loader->path, tg_yaml_get(cluster, "insecure-skip-tls-verify"),
                            loader->err, "TLS is always verified; give the certificate authority");
    }
    static const struct unsupported keys[] = {
        {"proxy-url", "proxy-url is not supported; set HTTPS_PROXY"},
    };
    if (!refuse(loader, cluster, keys, TG_COUNT(keys))) {
        return false;
    }
    const char *server_name = tg_yaml_text(cluster, "tls-server-name");
    endpoint->base_url = tg_strdup(url);
    endpoint->tls_server_name = server_name != NULL ? tg_strdup(server_name) : NULL;
    size_t len = strlen(endpoint->base_url);
    while (len > 0 && endpoint->base_url[len - 1] == '/') {
        endpoint->base_url[--len] = '\0';
    }
    return load_bytes(loader, cluster, "certificate-authority-data", "certificate-authority",
                      &endpoint->ca_pem);
}

static bool load_token(const struct loader *loader, const struct tg_yaml_node *user,
                       struct tg_http_endpoint *endpoint)
{
    const char *token = tg_yaml_text(user, "token");
    char *file = NULL;
    if (!load_bytes(loader, user, "tidegate-no-such-key", "tokenFile", &file)) {
        return false;
    }
    if (file != NULL) {
        file[strcspn(file, "\r\n")] = '\0';
        endpoint->bearer_token = tg_secret_new(file, strlen(file));
        endpoint->token_path = beside(loader, tg_yaml_text(user, "tokenFile"));
        explicit_bzero(file, strlen(file));
        free(file);
    } else if (token != NULL) {
        endpoint->bearer_token = tg_secret_new(token, strlen(token));
    }
    return true;
}

static bool load_user(const struct loader *loader, const struct tg_yaml_node *at, const char *name,
                      struct tg_kube_context *context)
{
    const struct tg_yaml_node *item = find_named(loader, "users", name);
    if (item == NULL) {
        return tg_yaml_fail(loader->path, at, loader->err, "there is no user '%s'", name);
    }
    const struct tg_yaml_node *user = tg_yaml_get(item, "user");
    static const struct unsupported keys[] = {
        {"as", "impersonation is not supported; use a token of that user"},
        {"username", "user names and passwords are not supported; use a token"},
    };
    char *key = NULL;
    if (!refuse(loader, user, keys, TG_COUNT(keys)) ||
        !load_token(loader, user, &context->endpoint) ||
        !load_bytes(loader, user, "client-certificate-data", "client-certificate",
                    &context->endpoint.client_cert_pem) ||
        !load_bytes(loader, user, "client-key-data", "client-key", &key)) {
        return false;
    }
    if (key != NULL) {
        context->endpoint.client_key_pem = tg_secret_new(key, strlen(key));
        explicit_bzero(key, strlen(key));
        free(key);
    }
    if ((context->endpoint.client_cert_pem == NULL) != (context->endpoint.client_key_pem == NULL)) {
        return tg_yaml_fail(loader->path, item, loader->err,
                            "user '%s' needs both a client certificate and its key", name);
    }
    bool has_credentials =
        context->endpoint.bearer_token != NULL || context->endpoint.client_cert_pem != NULL;
    if (!has_credentials &&
        (tg_yaml_get(user, "exec") != NULL || tg_yaml_get(user, "auth-provider") != NULL)) {
        const struct tg_yaml_node *exec = tg_yaml_get(user, "exec");
        const char *command = tg_yaml_text(exec, "command");
        return tg_yaml_fail(loader->path, item, loader->err,
                            "user '%s' signs in through the plug-in %s, which tidegate does not "
                            "run; make a kubeconfig with a token (kubectl create token)",
                            name, command != NULL ? command : "it names");
    }
    return true;
}

static bool load_context(const struct loader *loader, const struct tg_yaml_node *item,
                         struct tg_kube_context *context)
{
    const struct tg_yaml_node *inner = tg_yaml_get(item, "context");
    const char *name = tg_yaml_text(item, "name");
    const char *cluster = tg_yaml_text(inner, "cluster");
    const char *user = tg_yaml_text(inner, "user");
    const char *ns = tg_yaml_text(inner, "namespace");
    context->name = tg_strdup(name != NULL ? name : "");
    context->ns = tg_strdup(ns != NULL ? ns : "default");
    if (name == NULL || cluster == NULL || user == NULL) {
        return tg_yaml_fail(loader->path, item, loader->err,
                            "a context needs 'name', 'context.cluster' and 'context.user'");
    }
    return load_cluster(loader, tg_yaml_get(inner, "cluster"), cluster, &context->endpoint) &&
           load_user(loader, tg_yaml_get(inner, "user"), user, context);
}

/* `contexts: null` is what kubectl leaves behind when it removed the last one. */
static bool is_null(const struct tg_yaml_node *node)
{
    return node->kind == TG_YAML_SCALAR &&
           (node->text[0] == '\0' || tg_str_eq(node->text, "null") || tg_str_eq(node->text, "~"));
}

static bool load_contexts(const struct loader *loader, struct tg_kubeconfig *config)
{
    const struct tg_yaml_node *list = tg_yaml_get(loader->root, "contexts");
    if (list != NULL && is_null(list)) {
        return true;
    }
    if (list == NULL || list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(loader->path, loader->root, loader->err, "'contexts' must be a list");
    }
    config->contexts = tg_calloc(list->count + 1, sizeof(*config->contexts));
    for (size_t i = 0; i < list->count; i++) {
        config->count++;
        struct tg_err why = TG_ERR_INIT;
        struct loader one = {loader->path, loader->root, &why};
        if (!load_context(&one, list->items[i], &config->contexts[i])) {
            config->contexts[i].refusal = tg_strdup(why.msg);
        }
    }
    return true;
}

bool tg_kubeconfig_load(struct tg_kubeconfig *config, const char *path, struct tg_err *err)
{
    size_t len = 0;
    struct tg_err why = TG_ERR_INIT;
    *config = (struct tg_kubeconfig){0};
    char *text = tg_read_file(path, FILE_BYTES_MAX, &len, &why);
    if (text == NULL) {
        return tg_err_set(err, TG_CODE_CONFIG, why.detail, "%s", why.msg);
    }
    struct tg_yaml *yaml = tg_yaml_parse(path, text, len, err);
    explicit_bzero(text, len);
    free(text);
    if (yaml == NULL) {
        return false;
    }
    struct loader loader = {path, tg_yaml_root(yaml), err};
    bool is_ok = load_contexts(&loader, config);
    config->current = tg_strdup(tg_yaml_text(loader.root, "current-context"));
    tg_yaml_free(yaml);
    if (!is_ok) {
        tg_kubeconfig_fini(config);
    }
    return is_ok;
}

void tg_kubeconfig_fini(struct tg_kubeconfig *config)
{
    for (size_t i = 0; i < config->count; i++) {
        free(config->contexts[i].name);
        free(config->contexts[i].ns);
        free(config->contexts[i].refusal);
        tg_http_endpoint_fini(&config->contexts[i].endpoint);
    }
    free(config->contexts);
    free(config->current);
    *config = (struct tg_kubeconfig){0};
}

bool tg_kubeconfig_has(const struct tg_kubeconfig *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (tg_str_eq(config->contexts[i].name, name)) {
            return true;
        }
    }
    return false;
}

const struct tg_kube_context *tg_kubeconfig_find(const struct tg_kubeconfig *config,
                                                 const char *name, struct tg_err *err)
{
    char names[160] = "";
    for (size_t i = 0; i < config->count; i++) {
        const struct tg_kube_context *context = &config->contexts[i];
        if (tg_str_eq(context->name, name)) {
            if (context->refusal != NULL) {
                tg_err_set(err, TG_CODE_CONFIG, 0, "%s", context->refusal);
                return NULL;
            }
            return context;
        }
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "", context->name);
    }
    tg_err_set(err, TG_CODE_CONFIG, 0, "there is no context '%s'; there are: %s", name, names);
    return NULL;
}
