/* app/manifests.c - calls wait here for the manifests that they carry. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/manifests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/manifest.h"
#include "io/paths.h"
#include "io/read_file.h"

#define MANIFEST_LEN_MAX (1024u * 1024)
#define SHOWN            12 /* digits of a digest that a person compares */

void tg_manifests_init(struct tg_manifests *manifests, const char *cache, const char *url,
                       const char *sha256)
{
    manifests->cache = tg_strdup(cache);
    manifests->url = tg_strdup(url);
    manifests->sha256 = tg_strdup(sha256);
}

void tg_manifests_fini(struct tg_manifests *manifests)
{
    for (size_t i = 0; i < manifests->held_count; i++) {
        tg_call_free(manifests->held[i]);
    }
    free(manifests->held);
    free(manifests->cache);
    free(manifests->url);
    free(manifests->sha256);
    free(manifests->wanted);
    *manifests = (struct tg_manifests){0};
}

static const char *url_of(const struct tg_manifests *manifests, const struct tg_desired *desired)
{
    return manifests->url != NULL ? manifests->url : desired->source_url;
}

static const char *digest_of(const struct tg_manifests *manifests, const struct tg_desired *desired)
{
    return manifests->sha256 != NULL ? manifests->sha256 : desired->source_sha256;
}

/* "inferenceobjectives.yaml from raw.githubusercontent.com": a whole address is longer than a line.
 */
static void describe(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    const char *slash = strrchr(url, '/');
    host = host != NULL ? host + strlen("://") : url;
    slash = slash != NULL ? slash + 1 : url;
    snprintf(out, size, "%.64s from %.*s", slash, (int)strcspn(host, "/"), host);
}

/* ---- the cache: files named by their digest ---- */

static char *cached_path(const struct tg_manifests *manifests, const char *digest)
{
    return manifests->cache == NULL ? NULL : tg_asprintf("%s/%s", manifests->cache, digest);
}

static bool is_digest(const char *text, size_t len, const char *digest,
                      char found[TG_DIGEST_LEN + 1])
{
    tg_digest_sha256(text, len, found);
    return tg_str_eq_nocase(found, digest);
}

/* NULL when it is not there, or not what its name says. The caller frees. */
static char *read_cached(const struct tg_manifests *manifests, const char *digest, size_t *len)
{
    char found[TG_DIGEST_LEN + 1];
    struct tg_err err = TG_ERR_INIT;
    char *path = cached_path(manifests, digest);
    char *text = path == NULL ? NULL : tg_read_file(path, MANIFEST_LEN_MAX, len, &err);
    free(path);
    if (text != NULL && !is_digest(text, *len, digest, found)) {
        free(text);
        return NULL;
    }
    return text;
}

/* A cache that cannot be written is no failure: it is downloaded again next time. */
static void write_cached(const struct tg_manifests *manifests, const char *digest, const char *text,
                         size_t len)
{
    struct tg_err err = TG_ERR_INIT;
    char *path = cached_path(manifests, digest);
    if (path == NULL || !tg_paths_make(manifests->cache, &err)) {
        free(path);
        return;
    }
    char *part = tg_asprintf("%s.part", path);
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_ok = file >= 0 && write(file, text, len) == (ssize_t)len;
    is_ok = (file < 0 || close(file) == 0) && is_ok;
    if (!is_ok || rename(part, path) != 0) {
        (void)unlink(part);
    }
    free(part);
    free(path);
}

/* ---- calls ---- */

static void end_call(struct tg_app *app, struct tg_call *call, const struct tg_err *err)
{
    struct tg_msg *msg =
        tg_msg_new(TG_MSG_CALL_DONE, call->target, tg_clock_monotonic_us(&app->clock));
    msg->as.call.call_id = call->id;
    msg->as.call.err = *err;
    tg_call_free(call);
    tg_app_handle(app, msg);
}

/* With its body, if that is the object that the lab names; consumes the call. */
static void send_with_body(struct tg_app *app, struct tg_call *call, const char *text, size_t len)
{
    struct tg_desired *desired = call->desired;
    struct tg_err err = TG_ERR_INIT;
    char name[160];
    describe(url_of(&app->manifests, desired), name, sizeof(name));
    char *body = tg_manifest_body(name, text, len, desired, &err);
    if (body == NULL) {
        end_call(app, call, &err);
        return;
    }
    free(desired->body);
    free(desired->source_url);
    desired->body = body;
    desired->source_url = NULL;
    tg_app_send(app, call);
}

/* For the first of those that wait; the others may wait for the same. */
static void start_download(struct tg_app *app)
{
    struct tg_manifests *manifests = &app->manifests;
    const struct tg_target *gcp = tg_model_gcp(app->model);
    if (manifests->download != 0 || manifests->held_count == 0 || gcp == NULL) {
        return;
    }
    const struct tg_desired *desired = manifests->held[0]->desired;
    struct tg_call *call = tg_call_new(TG_CALL_DOWNLOAD, gcp->index);
    call->id = app->next_call_id++;
    call->name = tg_strdup(url_of(manifests, desired));
    manifests->download = call->id;
    tg_str_replace(&manifests->wanted, digest_of(manifests, desired));
    tg_app_send(app, call);
}

bool tg_manifests_hold(struct tg_app *app, struct tg_call *call)
{
    struct tg_manifests *manifests = &app->manifests;
    size_t len = 0;
    if (call->desired == NULL || call->desired->source_url == NULL) {
        return false;
    }
    char *text = read_cached(manifests, digest_of(manifests, call->desired), &len);
    if (text != NULL) {
        send_with_body(app, call, text, len);
        free(text);
        return true;
    }
    manifests->held =
        tg_realloc_array(manifests->held, manifests->held_count + 1, sizeof(struct tg_call *));
    manifests->held[manifests->held_count++] = call;
    start_download(app);
    return true;
}

void tg_manifests_drop(struct tg_app *app)
{
    for (size_t i = 0; i < app->manifests.held_count; i++) {
        tg_call_free(app->manifests.held[i]);
    }
    app->manifests.held_count = 0;
}

/* What is wrong with the download; false when nothing is. */
static bool is_refused(const struct tg_manifests *manifests, const struct tg_msg *msg,
                       const char *url, struct tg_err *err)
{
    char name[160];
    char found[TG_DIGEST_LEN + 1];
    describe(url, name, sizeof(name));
    if (msg->as.call.err.code != TG_CODE_NONE || msg->as.call.text == NULL) {
        tg_err_set(err,
                   msg->as.call.err.code != TG_CODE_NONE ? msg->as.call.err.code : TG_CODE_PROTOCOL,
                   msg->as.call.status, "%.120s: %.60s (TIDEGATE_CRD_URL names another place)",
                   name, msg->as.call.err.msg);
        return true;
    }
    if (!is_digest(msg->as.call.text, msg->as.call.len, manifests->wanted, found)) {
        tg_err_set(err, TG_CODE_INVALID, 0,
                   "SHA-256 %.*s..., pinned is %.*s...: nothing was applied of %.120s", SHOWN,
                   found, SHOWN, manifests->wanted, name);
        return true;
    }
    return false;
}

bool tg_manifests_handle(struct tg_app *app, const struct tg_msg *msg)
{
    struct tg_manifests *manifests = &app->manifests;
    struct tg_err err = TG_ERR_INIT;
    if (msg->kind != TG_MSG_CALL_DONE || manifests->download == 0 ||
        msg->as.call.call_id != manifests->download) {
        return false;
    }
    struct tg_call **held = manifests->held;
    size_t count = manifests->held_count;
    manifests->download = 0;
    manifests->held = NULL;
    manifests->held_count = 0;
    if (count == 0) {
        return true; /* nobody wants it any more */
    }
    bool is_bad = is_refused(manifests, msg, url_of(manifests, held[0]->desired), &err);
    if (!is_bad) {
        write_cached(manifests, manifests->wanted, msg->as.call.text, msg->as.call.len);
    }
    char *wanted = tg_strdup(manifests->wanted);
    for (size_t i = 0; i < count; i++) {
        if (!tg_str_eq(digest_of(manifests, held[i]->desired), wanted)) {
            tg_app_send(app, held[i]); /* waits for another one */
        } else if (is_bad) {
            end_call(app, held[i], &err);
        } else {
            send_with_body(app, held[i], msg->as.call.text, msg->as.call.len);
        }
    }
    free(wanted);
    free(held);
    start_download(app);
    return true;
}
