/* integration/test_rights.c - what the preflight asks about rights, against what up and down really
 * ask of Google Cloud and of the clusters: every request that is sent takes a right that was looked
 * at.
 *
 * Which permission a request takes is written down here once more, by Google's reference of IAM
 * permissions and by how Kubernetes names verbs: neither the client's table nor the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "plan/permission.h"
#include "tests/integration/rig_support.h"

#define SEED         11
#define SEGMENTS_MAX 16
#define RIGHTS_MAX   512

/* ---- what is sent ---- */

static struct {
    const struct tg_transport_ops *real;
    struct tg_buf google;      /* permissions, separated by blanks, each once */
    struct tg_buf clusters[2]; /* "verb group/plural/subresource", likewise */
} sent;

struct path {
    char text[1024];
    const char *segments[SEGMENTS_MAX];
    size_t count;
};

static void split(const char *path, struct path *out)
{
    *out = (struct path){0};
    snprintf(out->text, sizeof(out->text), "%.*s", (int)strcspn(path, "?"), path);
    for (char *at = strtok(out->text, "/"); at != NULL && out->count < SEGMENTS_MAX;
         at = strtok(NULL, "/")) {
        out->segments[out->count++] = at;
    }
}

static const char *segment(const struct path *path, size_t i)
{
    return i < path->count ? path->segments[i] : "";
}

static void note(struct tg_buf *list, const char *word)
{
    if (!tg_permission_is_in(tg_buf_text(list), word)) {
        tg_buf_printf(list, "%s%s", list->len > 0 ? " " : "", word);
    }
}

static const char *verb_of(const char *method, bool is_one)
{
    return tg_str_eq(method, "POST")     ? "create"
           : tg_str_eq(method, "DELETE") ? "delete"
           : tg_str_eq(method, "GET")    ? (is_one ? "get" : "list")
                                         : "update";
}

static void name_compute(const struct path *path, const char *method, char *out, size_t size)
{
    const char *scope = segment(path, 4);
    size_t at = tg_str_eq(scope, "regions") || tg_str_eq(scope, "zones") ? 6 : 5;
    const char *collection = segment(path, at);
    const char *verb = verb_of(method, path->count > at + 1);
    if (path->count == at) { /* the place itself */
        snprintf(out, size, "compute.%s.get", scope);
    } else if (tg_str_eq(collection, "operations")) {
        snprintf(out, size, "compute.%.*sOperations.get",
                 (int)strlen(scope) - (tg_str_eq(scope, "global") ? 0 : 1), scope);
    } else if (tg_str_eq(segment(path, at + 2), "getHealth")) {
        snprintf(out, size, "compute.backendServices.get");
    } else if (tg_str_eq(collection, "addresses") && !tg_str_eq(method, "GET")) {
        snprintf(out, size, "compute.addresses.%sInternal", verb);
    } else {
        snprintf(out, size, "compute.%s.%s", collection, verb);
    }
}

static void name_storage(const struct path *path, const char *method, char *out, size_t size)
{
    const char *below = segment(path, 4);
    if (tg_str_eq(below, "iam")) {
        snprintf(out, size, "storage.buckets.%sIamPolicy",
                 tg_str_eq(method, "GET") ? "get" : "set");
    } else if (tg_str_eq(below, "o")) {
        snprintf(out, size, "storage.objects.%s", verb_of(method, path->count > 5));
    } else {
        snprintf(out, size, "storage.buckets.%s", verb_of(method, path->count > 3));
    }
}

/* V/projects/P[/locations/L]/COLLECTION[/NAME[/COLLECTION...]][:VERB]: which API it is of shows by
 * the version and by what is asked for. */
static void name_plain(const struct path *path, const char *method, char *out, size_t size)
{
    bool is_beta = tg_str_eq(segment(path, 0), "v1beta1");
    bool is_placed = tg_str_eq(segment(path, 3), "locations");
    size_t at = is_placed ? 5 : 3;
    const char *collection = segment(path, at);
    const char *service = is_placed ? (is_beta ? "container" : "gkehub")
                          : is_beta ? "serviceusage"
                                    : "iam";
    const char *colon = strchr(segment(path, path->count - 1), ':');
    if (tg_str_eq(segment(path, 1), "operations")) {
        snprintf(out, size, "%s.operations.get", service);
    } else if (path->count == 3) {
        snprintf(out, size, "resourcemanager.projects.%s", colon != NULL ? colon + 1 : "get");
    } else if (tg_str_eq(segment(path, at + 2), "nodePools")) {
        snprintf(out, size, "container.clusters.%s", tg_str_eq(method, "GET") ? "get" : "update");
    } else if (colon != NULL) {
        snprintf(out, size, "serviceusage.services.enable"); /* an agent's account too */
    } else {
        snprintf(out, size, "%s.%s.%s", service, collection, verb_of(method, path->count > at + 1));
    }
}

static void note_google(const char *method, const char *text)
{
    char permission[256] = "";
    struct path path;
    split(text, &path);
    if (tg_str_eq(segment(&path, 0), "compute")) {
        name_compute(&path, method, permission, sizeof(permission));
    } else if (tg_str_eq(segment(&path, 0), "storage")) {
        name_storage(&path, method, permission, sizeof(permission));
    } else if (tg_str_has_prefix(segment(&path, 0), "v1") && path.count > 2) {
        name_plain(&path, method, permission, sizeof(permission));
    }
    if (permission[0] != '\0') {
        note(&sent.google, permission);
    }
}

/* /api/V/... or /apis/GROUP/V/..., with or without a namespace; discovery is open to all. */
static void note_cluster(struct tg_buf *list, const char *method, const char *text)
{
    char word[300];
    struct path path;
    split(text, &path);
    bool is_core = tg_str_eq(segment(&path, 0), "api");
    const char *group = is_core ? "" : segment(&path, 1);
    size_t at = is_core ? 2 : 3;
    at += tg_str_eq(segment(&path, at), "namespaces") && path.count > at + 2 ? 2 : 0;
    if (path.count <= at || tg_str_has_prefix(segment(&path, at), "selfsubject")) {
        return;
    }
    bool is_one = path.count > at + 1;
    const char *below = segment(&path, at + 2);
    const char *verb = strstr(text, "watch=true") != NULL || strstr(text, "watch=1") != NULL
                           ? "watch"
                       : tg_str_eq(method, "PATCH") ? "patch"
                                                    : verb_of(method, is_one);
    /* a WebSocket begins as GET, and what it does is made by it */
    verb = tg_str_eq(below, "exec") ? "create" : verb;
    snprintf(word, sizeof(word), "%s:%s/%s%s%s", verb, group, segment(&path, at),
             below[0] != '\0' ? "/" : "", below);
    note(list, word);
}

static void submit(struct tg_transport *transport, uint64_t id, struct tg_http_request *request)
{
    const char *server = request->endpoint->base_url;
    int region = 0;
    if (tg_str_eq(server, "sim://gcp")) {
        note_google(request->method, request->path);
    } else if (sscanf(server, "sim://%d", &region) == 1 && region < 2) {
        note_cluster(&sent.clusters[region], request->method, request->path);
    }
    sent.real->submit(transport, id, request);
}

static void forget(void)
{
    tg_buf_reset(&sent.google);
    tg_buf_reset(&sent.clusters[0]);
    tg_buf_reset(&sent.clusters[1]);
}

static struct tg_transport_ops listening;

static void listen(struct tg_rig *rig)
{
    struct tg_transport *transport = tg_rig_transport(rig);
    tg_buf_init(&sent.google, 1 << 20);
    tg_buf_init(&sent.clusters[0], 1 << 20);
    tg_buf_init(&sent.clusters[1], 1 << 20);
    sent.real = transport->ops;
    listening = *transport->ops;
    listening.submit = submit;
    transport->ops = &listening;
}

/* ---- what is looked at ---- */

/* Whatever stands in sent and not in known, for a message. */
static void expect_known(const char *when, const struct tg_buf *list, const struct tg_buf *known)
{
    struct tg_buf missing;
    tg_buf_init(&missing, 1 << 16);
    for (const char *at = tg_buf_text(list); *at != '\0';) {
        char word[300];
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, at);
        if (!tg_permission_is_in(tg_buf_text(known), word)) {
            note(&missing, word);
        }
        at += len + strspn(at + len, " ");
    }
    cr_expect_str_eq(tg_buf_text(&missing), "", "%s: nobody looked whether these are there: %s",
                     when, tg_buf_text(&missing));
    tg_buf_fini(&missing);
}

static void expect_permissions(const char *when, const struct tg_lab *lab, bool is_undo)
{
    struct tg_buf known;
    tg_buf_init(&known, 1 << 16);
    for (size_t step = 0; step < lab->steps_count; step++) {
        struct tg_buf words;
        tg_buf_init(&words, 1 << 16);
        tg_permission_of_step(&lab->steps[step], 0, is_undo, true, &words);
        tg_buf_printf(&known, " %s", tg_buf_text(&words));
        tg_buf_fini(&words);
    }
    expect_known(when, &sent.google, &known);
    tg_buf_fini(&known);
}

/* Kinds that are watched to be shown, in clusters where no step is judged by them: without these
 * less is seen, and everything is made all the same. */
static const char shown[] =
    "list:/events watch:/events list:/pods watch:/pods list:batch/jobs watch:batch/jobs "
    "list:coordination.k8s.io/leases watch:coordination.k8s.io/leases "
    "list:gateway.networking.k8s.io/gateways watch:gateway.networking.k8s.io/gateways "
    "list:gateway.networking.k8s.io/httproutes watch:gateway.networking.k8s.io/httproutes "
    "list:networking.gke.io/healthcheckpolicies watch:networking.gke.io/healthcheckpolicies "
    "list:networking.gke.io/gcpbackendpolicies watch:networking.gke.io/gcpbackendpolicies";

static void expect_rights(const char *when, const struct tg_lab *lab, int region)
{
    static struct tg_right rights[RIGHTS_MAX];
    struct tg_buf known;
    size_t count =
        tg_permission_in_cluster(lab, 0, region, 0, (int)lab->steps_count - 1, rights, RIGHTS_MAX);
    tg_buf_init(&known, 1 << 16);
    tg_buf_puts(&known, shown);
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(&known, " %s:%s/%s%s%s", rights[i].verb, rights[i].group, rights[i].plural,
                      *rights[i].subresource != '\0' ? "/" : "", rights[i].subresource);
    }
    expect_known(when, &sent.clusters[region], &known);
    tg_buf_fini(&known);
}

static void run(struct tg_rig *rig, enum tg_run_direction direction)
{
    forget();
    rig_provision(rig, direction, NULL);
    cr_assert(tg_run_is_good(tg_rig_app(rig)->run));
}

Test(rights, every_request_of_up_and_down_takes_one_that_was_looked_at, .timeout = 300)
{
    struct tg_rig *rig = rig_empty(SEED, rig_journal_path());
    const struct tg_lab *lab = tg_rig_app(rig)->lab;
    listen(rig);
    run(rig, TG_RUN_UP);
    expect_permissions("up", lab, false);
    expect_rights("up", lab, 0);
    expect_rights("up", lab, 1);
    run(rig, TG_RUN_DOWN);
    expect_permissions("down", lab, true);
    expect_rights("down", lab, 0);
    expect_rights("down", lab, 1);
    forget();
    tg_rig_free(rig);
}
