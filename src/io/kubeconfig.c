/* io/kubeconfig.c - kubeconfig files to endpoints. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/kubeconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/exec_credential.h"
#include "codec/yaml.h"
#include "codec/yaml_json.h"
#include "io/read_file.h"

#define FILE_BYTES_MAX (8 * 1024 * 1024)
#define SMALL_FILE_MAX (256 * 1024)

struct kube_file {
    char *path;
    struct tg_yaml *yaml;
};

/* Reads at one node of one file; names in it may stand in any. */
struct loader {
    const char *path; /* of the file that the node at hand stands in */
    const struct kube_file *files;
    size_t count;
    struct tg_err *err;
};

/* The first of that name in any file, and from there on that file is read. */
static const struct tg_yaml_node *find_named(struct loader *loader, const char *list,
                                             const char *name)
{
    for (size_t f = 0; f < loader->count; f++) {
        const struct tg_yaml_node *items = tg_yaml_get(tg_yaml_root(loader->files[f].yaml), list);
        for (size_t i = 0; items != NULL && i < items->count; i++) {
            if (items->kind == TG_YAML_LIST &&
                tg_str_eq(tg_yaml_text(items->items[i], "name"), name)) {
                loader->path = loader->files[f].path;
                return items->items[i];
            }
        }
    }
    return NULL;
}

/* `contexts: null` is what kubectl leaves behind when it removed the last one. */
static bool is_null(const struct tg_yaml_node *node)
{
    return node->kind == TG_YAML_SCALAR &&
           (node->text[0] == '\0' || tg_str_eq(node->text, "null") || tg_str_eq(node->text, "~"));
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

static bool load_cluster(const struct loader *context, const struct tg_yaml_node *at,
                         const char *name, struct tg_http_endpoint *endpoint)
{
    struct loader there = *context;
    const struct loader *loader = &there;
    const struct tg_yaml_node *item = find_named(&there, "clusters", name);
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

/* Items of a list of scalars behind what argv has already. */
static bool load_args(const struct loader *loader, const struct tg_yaml_node *args, char **argv)
{
    size_t used = 1;
    if (args == NULL || is_null(args)) {
        return true;
    }
    if (args->kind != TG_YAML_LIST) {
        return tg_yaml_fail(loader->path, args, loader->err, "'args' must be a list");
    }
    for (size_t i = 0; i < args->count; i++) {
        if (args->items[i]->kind != TG_YAML_SCALAR) {
            return tg_yaml_fail(loader->path, args->items[i], loader->err,
                                "an argument must be text");
        }
        argv[used++] = tg_strdup(args->items[i]->text);
    }
    return true;
}

static bool load_environment(const struct loader *loader, const struct tg_yaml_node *list,
                             char **environment)
{
    if (list == NULL || is_null(list)) {
        return true;
    }
    if (list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(loader->path, list, loader->err, "'env' must be a list");
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *name = tg_yaml_text(list->items[i], "name");
        const char *value = tg_yaml_text(list->items[i], "value");
        if (name == NULL || value == NULL || name[0] == '\0' || strchr(name, '=') != NULL) {
            return tg_yaml_fail(loader->path, list->items[i], loader->err,
                                "a variable needs 'name' and 'value'");
        }
        environment[i] = tg_asprintf("%s=%s", name, value);
    }
    return true;
}

static size_t items_of(const struct tg_yaml_node *node)
{
    return node != NULL && node->kind == TG_YAML_LIST ? node->count : 0;
}

/* What the kubeconfig keeps beside the cluster for plug-ins, as JSON; NULL: nothing. */
static char *plugin_config(const struct tg_yaml_node *cluster)
{
    const struct tg_yaml_node *list = tg_yaml_get(cluster, "extensions");
    for (size_t i = 0; i < items_of(list); i++) {
        const struct tg_yaml_node *extension = tg_yaml_get(list->items[i], "extension");
        if (extension != NULL &&
            tg_str_eq(tg_yaml_text(list->items[i], "name"), "client.authentication.k8s.io/exec")) {
            struct tg_buf out;
            tg_buf_init(&out, SMALL_FILE_MAX);
            (void)tg_yaml_to_json(extension, &out);
            return tg_buf_take(&out, NULL);
        }
    }
    return NULL;
}

static char **copy_list(char *const *list)
{
    size_t count = 0;
    while (list[count] != NULL) {
        count++;
    }
    char **copy = tg_calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = tg_strdup(list[i]);
    }
    return copy;
}

static void free_list(char **list)
{
    for (char **at = list; at != NULL && *at != NULL; at++) {
        free(*at);
    }
    free(list);
}

struct tg_kube_exec *tg_kube_exec_copy(const struct tg_kube_exec *exec)
{
    struct tg_kube_exec *copy = TG_NEW(struct tg_kube_exec);
    copy->file = tg_strdup(exec->file);
    copy->api_version = tg_strdup(exec->api_version);
    copy->argv = copy_list(exec->argv);
    copy->environment = copy_list(exec->environment);
    copy->install_hint = tg_strdup(exec->install_hint);
    return copy;
}

void tg_kube_exec_free(struct tg_kube_exec *exec)
{
    if (exec != NULL) {
        free_list(exec->argv);
        free_list(exec->environment);
        free(exec->file);
        free(exec->api_version);
        free(exec->install_hint);
        free(exec);
    }
}

static bool check_exec(const struct loader *loader, const struct tg_yaml_node *node)
{
    const char *command = tg_yaml_text(node, "command");
    const char *version = tg_yaml_text(node, "apiVersion");
    const char *mode = tg_yaml_text(node, "interactiveMode");
    if (command == NULL || command[0] == '\0') {
        return tg_yaml_fail(loader->path, node, loader->err, "'exec' needs a 'command'");
    }
    if (!tg_exec_is_known_version(version)) {
        return tg_yaml_fail(loader->path, node, loader->err,
                            "the plug-in %.60s speaks %.60s; client.authentication.k8s.io/v1 and "
                            "v1beta1 are known: update what wrote the file",
                            command, version != NULL ? version : "no version");
    }
    if (tg_str_eq(mode, "Always")) {
        return tg_yaml_fail(loader->path, tg_yaml_get(node, "interactiveMode"), loader->err,
                            "the plug-in %.60s must ask at a terminal, which it does not get; make "
                            "a kubeconfig with a token (kubectl create token)",
                            command);
    }
    return mode == NULL || tg_str_eq(mode, "Never") || tg_str_eq(mode, "IfAvailable") ||
           tg_yaml_fail(loader->path, tg_yaml_get(node, "interactiveMode"), loader->err,
                        "'interactiveMode' must be Never, IfAvailable or Always");
}

static bool load_exec(const struct loader *loader, const struct tg_yaml_node *node,
                      const struct tg_yaml_node *cluster, struct tg_kube_context *context)
{
    if (!check_exec(loader, node)) {
        return false;
    }
    const struct tg_yaml_node *args = tg_yaml_get(node, "args");
    const struct tg_yaml_node *env = tg_yaml_get(node, "env");
    const char *command = tg_yaml_text(node, "command");
    bool is_cluster_told = tg_str_eq(tg_yaml_text(node, "provideClusterInfo"), "true");
    struct tg_kube_exec *exec = TG_NEW(struct tg_kube_exec);
    context->exec = exec;
    exec->file = tg_strdup(loader->path);
    exec->api_version = tg_strdup(tg_yaml_text(node, "apiVersion"));
    exec->install_hint = tg_strdup(tg_yaml_text(node, "installHint"));
    exec->argv = tg_calloc(items_of(args) + 2, sizeof(char *));
    exec->environment = tg_calloc(items_of(env) + 2, sizeof(char *));
    exec->argv[0] = strchr(command, '/') == NULL ? tg_strdup(command) : beside(loader, command);
    if (!load_args(loader, args, exec->argv) || !load_environment(loader, env, exec->environment)) {
        return false;
    }
    char *config = is_cluster_told ? plugin_config(cluster) : NULL;
    char *info =
        tg_exec_info(exec->api_version, is_cluster_told ? &context->endpoint : NULL, config);
    exec->environment[items_of(env)] = tg_asprintf("KUBERNETES_EXEC_INFO=%s", info);
    free(info);
    free(config);
    return true;
}

static bool load_certificate(const struct loader *loader, const struct tg_yaml_node *user,
                             struct tg_http_endpoint *endpoint)
{
    char *key = NULL;
    if (!load_bytes(loader, user, "client-certificate-data", "client-certificate",
                    &endpoint->client_cert_pem) ||
        !load_bytes(loader, user, "client-key-data", "client-key", &key)) {
        return false;
    }
    if (key != NULL) {
        endpoint->client_key_pem = tg_secret_new(key, strlen(key));
        explicit_bzero(key, strlen(key));
        free(key);
    }
    return true;
}

static bool load_user(const struct loader *referrer, const struct tg_yaml_node *at,
                      const char *name, const struct tg_yaml_node *cluster,
                      struct tg_kube_context *context)
{
    struct loader there = *referrer;
    const struct loader *loader = &there;
    const struct tg_yaml_node *item = find_named(&there, "users", name);
    if (item == NULL) {
        return tg_yaml_fail(loader->path, at, loader->err, "there is no user '%s'", name);
    }
    const struct tg_yaml_node *user = tg_yaml_get(item, "user");
    static const struct unsupported keys[] = {
        {"as", "impersonation is not supported; use a token of that user"},
        {"username", "user names and passwords are not supported; use a token"},
    };
    struct tg_http_endpoint *endpoint = &context->endpoint;
    if (!refuse(loader, user, keys, TG_COUNT(keys)) || !load_token(loader, user, endpoint) ||
        !load_certificate(loader, user, endpoint)) {
        return false;
    }
    if ((endpoint->client_cert_pem == NULL) != (endpoint->client_key_pem == NULL)) {
        return tg_yaml_fail(loader->path, item, loader->err,
                            "user '%s' needs both a client certificate and its key", name);
    }
    /* As with kubectl, what stands in the file counts before what a plug-in would bring. */
    const struct tg_yaml_node *exec = tg_yaml_get(user, "exec");
    bool has_credentials = endpoint->bearer_token != NULL || endpoint->client_cert_pem != NULL;
    if (!has_credentials && exec != NULL && !is_null(exec)) {
        return load_exec(loader, exec, cluster, context);
    }
    if (!has_credentials && tg_yaml_get(user, "auth-provider") != NULL) {
        return tg_yaml_fail(loader->path, item, loader->err,
                            "user '%s' signs in through an auth-provider, which no program knows "
                            "any more; use an exec plug-in or a token",
                            name);
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
    struct loader elsewhere = *loader;
    const struct tg_yaml_node *at = find_named(&elsewhere, "clusters", cluster);
    return load_cluster(loader, tg_yaml_get(inner, "cluster"), cluster, &context->endpoint) &&
           load_user(loader, tg_yaml_get(inner, "user"), user, tg_yaml_get(at, "cluster"), context);
}

static bool is_listed(const struct tg_kubeconfig *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (tg_str_eq(config->contexts[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool load_contexts(const struct loader *loader, const struct kube_file *file,
                          struct tg_kubeconfig *config)
{
    const struct tg_yaml_node *root = tg_yaml_root(file->yaml);
    const struct tg_yaml_node *list = tg_yaml_get(root, "contexts");
    bool is_other_part =
        tg_yaml_get(root, "clusters") != NULL || tg_yaml_get(root, "users") != NULL;
    if (list == NULL ? is_other_part : is_null(list)) {
        return true;
    }
    if (list == NULL || list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(file->path, root, loader->err, "'contexts' must be a list");
    }
    config->contexts = tg_realloc_array(config->contexts, config->count + list->count + 1,
                                        sizeof(*config->contexts));
    for (size_t i = 0; i < list->count; i++) {
        const char *name = tg_yaml_text(list->items[i], "name");
        if (name != NULL && is_listed(config, name)) {
            continue;
        }
        struct tg_kube_context *context = &config->contexts[config->count++];
        struct tg_err why = TG_ERR_INIT;
        struct loader one = {file->path, loader->files, loader->count, &why};
        *context = (struct tg_kube_context){0};
        if (!load_context(&one, list->items[i], context)) {
            context->refusal = tg_strdup(why.msg);
        }
    }
    return true;
}

static bool read_kube_file(struct kube_file *file, struct tg_err *err)
{
    size_t len = 0;
    struct tg_err why = TG_ERR_INIT;
    char *text = tg_read_file(file->path, FILE_BYTES_MAX, &len, &why);
    if (text == NULL) {
        return tg_err_set(err, TG_CODE_CONFIG, why.detail, "%s", why.msg);
    }
    file->yaml = tg_yaml_parse(file->path, text, len, err);
    explicit_bzero(text, len);
    free(text);
    return file->yaml != NULL;
}

static bool load_files(struct tg_kubeconfig *config, const struct kube_file *files, size_t count,
                       struct tg_err *err)
{
    struct loader loader = {NULL, files, count, err};
    for (size_t i = 0; i < count; i++) {
        const char *current = tg_yaml_text(tg_yaml_root(files[i].yaml), "current-context");
        if (!load_contexts(&loader, &files[i], config)) {
            return false;
        }
        if (config->current == NULL && current != NULL && current[0] != '\0') {
            config->current = tg_strdup(current);
        }
    }
    return count > 0 || tg_err_set(err, TG_CODE_CONFIG, 0, "no kubeconfig is named");
}

bool tg_kubeconfig_load(struct tg_kubeconfig *config, const char *files, struct tg_err *err)
{
    struct kube_file *read = NULL;
    size_t count = 0;
    bool is_ok = true;
    *config = (struct tg_kubeconfig){0};
    while (*files != '\0' && is_ok) {
        size_t len = strcspn(files, ":");
        read = tg_realloc_array(read, count + 1, sizeof(*read));
        read[count] = (struct kube_file){.path = tg_strndup(files, len)};
        is_ok = read_kube_file(&read[count++], err);
        files += len + (files[len] == ':' ? 1 : 0);
    }
    is_ok = is_ok && load_files(config, read, count, err);
    for (size_t i = 0; i < count; i++) {
        tg_yaml_free(read[i].yaml);
        free(read[i].path);
    }
    free(read);
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
        tg_kube_exec_free(config->contexts[i].exec);
        tg_http_endpoint_fini(&config->contexts[i].endpoint);
    }
    free(config->contexts);
    free(config->current);
    *config = (struct tg_kubeconfig){0};
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
