/* sim/server_files.c - kubeconfig, ca.pem, gcp-token and env of a running simulation. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/server_files.h"
#include "sim/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/controllers.h"
#include "sim/front.h"
#include "sim/hub.h"
#include "sim/region.h"

#define FILE_BYTES_MAX (16u * 1024 * 1024)

static const char *project_of(const struct sim_world *world)
{
    const char *project = sim_world_config(world)->project;
    return project == NULL ? "demo-4711" : project;
}

/* "gke_PROJECT_ZONE_CLUSTER". The caller frees. */
static char *context_name(struct sim_world *world, int index)
{
    struct sim_region *region = sim_world_region(world, index);
    return tg_asprintf("gke_%s_%s_%s", project_of(world), sim_region_zone(region),
                       sim_region_cluster(region));
}

static bool make_directory(const char *dir, struct tg_err *err)
{
    char *path = tg_strdup(dir);
    bool is_good = true;
    for (char *c = path + 1; is_good && *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            is_good = mkdir(path, 0700) == 0 || errno == EEXIST;
            *c = '/';
        }
    }
    is_good = is_good && (mkdir(path, 0700) == 0 || errno == EEXIST);
    free(path);
    return is_good || tg_err_set(err, TG_CODE_IO, errno, "%s: %s", dir, strerror(errno));
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, text, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        }
    }
    return true;
}

/* Takes the text out of buf. */
static bool write_file(const char *dir, const char *name, struct tg_buf *buf, struct tg_err *err)
{
    char *path = tg_asprintf("%s/%s", dir, name);
    char *temporary = tg_asprintf("%s/.%s.XXXXXX", dir, name);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    bool is_good = fd >= 0 && write_all(fd, tg_buf_text(buf), buf->len);
    if (fd >= 0) {
        is_good = close(fd) == 0 && is_good;
    }
    is_good = is_good && rename(temporary, path) == 0;
    if (!is_good) {
        tg_err_set(err, TG_CODE_IO, errno, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            unlink(temporary);
        }
    }
    free(temporary);
    free(path);
    tg_buf_fini(buf);
    return is_good;
}

static void compose_kubeconfig(const struct sim_server_files *files, struct sim_world *world,
                               const struct sim_httpd *httpd, struct tg_buf *buf)
{
    char *ca = tg_base64_encode(files->ca_pem, strlen(files->ca_pem));
    int count = sim_world_region_count(world);
    char *current = context_name(world, 0);
    tg_buf_printf(buf, "apiVersion: v1\nkind: Config\ncurrent-context: %s\nclusters:\n", current);
    free(current);
    for (int i = 0; i < count; i++) {
        char *name = context_name(world, i);
        bool is_hidden = files->is_hidden != NULL && files->is_hidden[i];
        /* a name of that kind is never found (RFC 6761) */
        tg_buf_printf(buf, "- name: %s\n  cluster:\n    server: https://%s%s:%d\n", name,
                      is_hidden ? sim_world_region(world, i)->cluster : files->host,
                      is_hidden ? ".invalid" : "", sim_httpd_port(httpd, i));
        tg_buf_puts(buf, "    certificate-authority-data: ");
        tg_buf_puts(buf, ca);
        tg_buf_putc(buf, '\n');
        free(name);
    }
    tg_buf_puts(buf, "users:\n");
    for (int i = 0; i < count; i++) {
        char *name = context_name(world, i);
        tg_buf_printf(buf, "- name: %s\n  user:\n    token: %s\n", name, files->cluster_token);
        free(name);
    }
    const char *user;
    json_t *token;
    /* no contexts: kubectl --user viewer takes a role in any of them */
    json_object_foreach((json_t *)(uintptr_t)files->user_tokens, user, token)
    {
        tg_buf_printf(buf, "- name: %s\n  user:\n    token: %s\n", user, json_string_value(token));
    }
    tg_buf_puts(buf, "contexts:\n");
    for (int i = 0; i < count; i++) {
        char *name = context_name(world, i);
        tg_buf_printf(buf, "- name: %s\n  context:\n    cluster: %s\n    user: %s\n", name, name,
                      name);
        free(name);
    }
    free(ca);
}

/* Credentials of the owner as "gcloud auth application-default login" leaves them, whose refresh
 * token this world's token endpoint takes. */
static void compose_user(const struct sim_server_files *files, const char *base, struct tg_buf *buf)
{
    tg_buf_printf(buf,
                  "{\n  \"type\": \"authorized_user\",\n  \"client_id\": "
                  "\"simulated.apps.googleusercontent.com\",\n  \"client_secret\": \"simulated\",\n"
                  "  \"refresh_token\": \"%s\",\n  \"token_uri\": \"%s/token\",\n"
                  "  \"universe_domain\": \"googleapis.com\"\n}\n",
                  files->refresh_token, base);
}

/* text in single quotes, for a POSIX shell. */
static void put_export(struct tg_buf *buf, const char *name, const char *text)
{
    tg_buf_printf(buf, "export %s='", name);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            tg_buf_puts(buf, "'\\''");
        } else {
            tg_buf_putc(buf, *c);
        }
    }
    tg_buf_puts(buf, "'\n");
}

static void put_export_url(struct tg_buf *buf, const char *name, const char *base, const char *path)
{
    char *url = tg_asprintf("%s%s", base, path);
    put_export(buf, name, url);
    free(url);
}

/* Addresses by which gcloud and Terraform find this Google Cloud instead of the real one. */
static void put_overrides(struct tg_buf *buf, const char *base)
{
    static const char *const overrides[][2] = {
#define TG_GCP_OVERRIDE(variable, path) {variable, path},
#include "net/gcp_override.def"
#undef TG_GCP_OVERRIDE
        {"HF_ENDPOINT", SIM_HUB_PREFIX},
    };
    for (size_t i = 0; i < TG_COUNT(overrides); i++) {
        put_export_url(buf, overrides[i][0], base, overrides[i][1]);
    }
}

static void compose_env(const struct sim_server_files *files, struct sim_world *world,
                        const struct sim_httpd *httpd, struct tg_buf *buf)
{
    char *absolute = realpath(files->dir, NULL);
    const char *dir = absolute == NULL ? files->dir : absolute;
    char *base = tg_asprintf("https://%s:%d", files->host, sim_httpd_port(httpd, SIM_SERVER_GCP));
    tg_buf_puts(buf, "# Read this into a shell: . env\n");
    put_export_url(buf, "KUBECONFIG", dir, "/kubeconfig");
    put_export(buf, "PROJECT_ID", project_of(world));
    for (int i = 0; i < 2 && i < sim_world_region_count(world); i++) {
        char *context = context_name(world, i);
        put_export(buf, i == 0 ? "CTX_US" : "CTX_EU", context);
        free(context);
    }
    put_overrides(buf, base);
    char *metadata = tg_asprintf("%s:%d", files->host, sim_httpd_port(httpd, SIM_SERVER_METADATA));
    put_export(buf, "GCE_METADATA_HOST", metadata);
    put_export(buf, "GCE_METADATA_ROOT", metadata);
    put_export(buf, "GCE_METADATA_IP", metadata);
    free(metadata);
    char digest[TG_DIGEST_LEN + 1];
    sim_download_digest(digest);
    put_export_url(buf, "TIDEGATE_CRD_URL", base, SIM_DOWNLOAD_PATH);
    put_export(buf, "TIDEGATE_CRD_SHA256", digest);
    put_export(buf, "OBJECTIVE_CRD",
               "objective-crd.yaml"); /* of the folder of the lab's commands */
    put_export_url(buf, "TIDEGATE_GCP_CA", dir, "/ca.pem");
    put_export_url(buf, "TIDEGATE_GCP_TOKEN_FILE", dir, "/gcp-token");
    put_export(buf, "GOOGLE_OAUTH_ACCESS_TOKEN", files->gcp_token);
    put_export_url(buf, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", dir, "/ca.pem");
    put_export_url(buf, "CLOUDSDK_CONFIG", dir, "/gcloud");
    put_export(buf, "CLOUDSDK_CORE_PROJECT", project_of(world));
    put_export(buf, "CLOUDSDK_CORE_DISABLE_PROMPTS", "1");
    put_export(buf, "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true");
    put_export(buf, "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
    put_export(buf, "CLOUDSDK_AUTH_ACCESS_TOKEN", files->gcp_token);
    put_export(buf, "GOOGLE_PROJECT", project_of(world));
    put_export(buf, "GOOGLE_CLOUD_PROJECT", project_of(world));
    /* these two would silently win over the authority above */
    tg_buf_puts(buf, "unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE\n");
    tg_buf_puts(buf, "# Terraform and other Go programs trust this authority by:\n");
    tg_buf_printf(buf, "#   SSL_CERT_FILE='%s/ca.pem' terraform plan\n", dir);
    free(base);
    free(absolute);
}

bool sim_server_files_write(const struct sim_server_files *files, struct sim_world *world,
                            const struct sim_httpd *httpd, struct tg_err *err)
{
    struct tg_buf buf;
    if (!make_directory(files->dir, err)) {
        return false;
    }
    tg_buf_init(&buf, FILE_BYTES_MAX);
    tg_buf_puts(&buf, files->ca_pem);
    if (!write_file(files->dir, "ca.pem", &buf, err)) {
        return false;
    }
    tg_buf_init(&buf, FILE_BYTES_MAX);
    tg_buf_printf(&buf, "%s\n", files->gcp_token);
    if (!write_file(files->dir, "gcp-token", &buf, err)) {
        return false;
    }
    tg_buf_init(&buf, FILE_BYTES_MAX);
    char *base = tg_asprintf("https://%s:%d", files->host, sim_httpd_port(httpd, SIM_SERVER_GCP));
    compose_user(files, base, &buf);
    free(base);
    if (!write_file(files->dir, "gcp-user.json", &buf, err)) {
        return false;
    }
    tg_buf_init(&buf, FILE_BYTES_MAX);
    compose_env(files, world, httpd, &buf);
    if (!write_file(files->dir, "env", &buf, err)) {
        return false;
    }
    return sim_server_files_write_kubeconfig(files, world, httpd, err);
}

bool sim_server_files_write_kubeconfig(const struct sim_server_files *files,
                                       struct sim_world *world, const struct sim_httpd *httpd,
                                       struct tg_err *err)
{
    struct tg_buf buf;
    tg_buf_init(&buf, FILE_BYTES_MAX);
    compose_kubeconfig(files, world, httpd, &buf);
    return write_file(files->dir, "kubeconfig", &buf, err);
}
