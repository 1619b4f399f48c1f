/* bench/bench_server.c - the simulated API server under load: GETs and lists over HTTPS, a watch
 * fanned out to 200 watchers, memory of 100,000 Pods, and a world of 1,000 regions.
 *
 *   bench_server [memory|regions|https]
 *
 * The client of the HTTPS figures is a thread of the same process: the CPU time is the server's and
 * the client's together, TLS on both sides.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock_real.h"
#include "sim/front.h"
#include "sim/server.h"
#include "tests/bench/bench.h"

#define POD_COUNT     1000
#define MANY_PODS     100000
#define WATCHER_COUNT 200
#define CHANGE_COUNT  500
#define PATH_SIZE     512

static void pod_text(char *out, size_t size, int number)
{
    snprintf(out, size,
             "{\"metadata\":{\"name\":\"pod-%06d\",\"labels\":{\"app\":\"bench\"}},\"spec\":{"
             "\"nodeName\":\"none\",\"containers\":[{\"name\":\"c\",\"image\":\"busybox\","
             "\"command\":[\"sleep\",\"3600\"],\"resources\":{\"requests\":{\"cpu\":\"100m\"}}}]}}",
             number);
}

/* ---- over HTTPS ---- */

struct client {
    struct sim_server *server;
    char url[PATH_SIZE]; /* of the first cluster */
    char token[PATH_SIZE];
    struct curl_slist *headers;
    size_t bytes;
};

static size_t count_bytes(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    struct client *client = context;
    client->bytes += size * count;
    return size * count;
}

/* The value after "key: " in the kubeconfig that the server wrote. */
static void read_value(const char *path, const char *key, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    tg_assert(file != NULL);
    char line[8192];
    out[0] = '\0';
    while (out[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        const char *found = strstr(line, key);
        if (found != NULL) {
            found += strlen(key);
            snprintf(out, size, "%.*s", (int)strcspn(found, "\"\n"), found);
        }
    }
    fclose(file);
    tg_assert(out[0] != '\0');
}

static CURL *handle_new(struct client *client, const char *path)
{
    CURL *curl = curl_easy_init();
    tg_assert(curl != NULL);
    char url[PATH_SIZE * 2];
    snprintf(url, sizeof url, "%s%s", client->url, path);
    const char *pem = sim_server_ca_pem(client->server);
    struct curl_blob blob = {.data = tg_strdup(pem), .len = strlen(pem), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
    free(blob.data);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    return curl;
}

static void bench_get(struct client *client, const char *path, const char *name, int count)
{
    CURL *curl = handle_new(client, path);
    struct bench_time from = bench_now();
    for (int i = 0; i < count; i++) {
        long status = 0;
        tg_assert(curl_easy_perform(curl) == CURLE_OK);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        tg_assert(status == 200);
    }
    bench_speed(name, count, bench_since(from), 0);
    curl_easy_cleanup(curl);
}

static void post_pods(struct client *client, int first, int count)
{
    CURL *curl = handle_new(client, "/api/v1/namespaces/default/pods");
    char text[PATH_SIZE];
    for (int i = first; i < first + count; i++) {
        pod_text(text, sizeof text, i);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
        tg_assert(curl_easy_perform(curl) == CURLE_OK);
    }
    curl_easy_cleanup(curl);
}

struct watcher {
    CURL *curl;
    int lines;
};

static size_t count_lines(char *bytes, size_t size, size_t count, void *context)
{
    struct watcher *watcher = context;
    const char *end = bytes + size * count;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        watcher->lines++;
        bytes++;
    }
    return size * count;
}

static bool all_have(const struct watcher *watchers, int lines)
{
    for (int i = 0; i < WATCHER_COUNT; i++) {
        if (watchers[i].lines < lines) {
            return false;
        }
    }
    return true;
}

static void turn(CURLM *multi, const struct watcher *watchers, int lines)
{
    int running = 0;
    while (!all_have(watchers, lines)) {
        curl_multi_perform(multi, &running);
        tg_assert(running == WATCHER_COUNT);
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
}

static void bench_fan_out(struct client *client)
{
    static struct watcher watchers[WATCHER_COUNT];
    CURLM *multi = curl_multi_init();
    for (int i = 0; i < WATCHER_COUNT; i++) {
        watchers[i].curl = handle_new(client, "/api/v1/pods?watch=1&labelSelector=app%3Dbench");
        curl_easy_setopt(watchers[i].curl, CURLOPT_WRITEFUNCTION, count_lines);
        curl_easy_setopt(watchers[i].curl, CURLOPT_WRITEDATA, &watchers[i]);
        curl_multi_add_handle(multi, watchers[i].curl);
    }
    turn(multi, watchers, POD_COUNT); /* the existing Pods first */
    struct bench_time from = bench_now();
    post_pods(client, POD_COUNT, CHANGE_COUNT);
    turn(multi, watchers, POD_COUNT + CHANGE_COUNT);
    bench_speed("watch events fanned out to 200 watchers over HTTPS", WATCHER_COUNT * CHANGE_COUNT,
                bench_since(from), 0);
    for (int i = 0; i < WATCHER_COUNT; i++) {
        curl_multi_remove_handle(multi, watchers[i].curl);
        curl_easy_cleanup(watchers[i].curl);
    }
    curl_multi_cleanup(multi);
}

static void bench_https(void)
{
    char dir[] = "/tmp/tidegate-bench-XXXXXX";
    tg_assert(mkdtemp(dir) != NULL);
    struct tg_err err = TG_ERR_INIT;
    struct sim_server_config config = {
        .world = {.seed = 1, .regions = 1, .is_built = true, .start_wall_us = TG_US_PER_S},
        .dir = dir,
        .listen = "127.0.0.1:0",
        .speed = 1.0,
        .clock = tg_clock_real(),
    };
    struct client client = {.server = sim_server_start(&config, &err)};
    tg_assert(client.server != NULL);
    const char *path = sim_server_kubeconfig_path(client.server);
    read_value(path, "server: ", client.url, sizeof client.url);
    read_value(path, "token: ", client.token, sizeof client.token);
    char header[PATH_SIZE * 2];
    snprintf(header, sizeof header, "Authorization: Bearer %s", client.token);
    client.headers = curl_slist_append(NULL, header);
    client.headers = curl_slist_append(client.headers, "Content-Type: application/json");
    post_pods(&client, 0, POD_COUNT);
    bench_get(&client, "/api/v1/namespaces/default/pods/pod-000007", "GETs of one Pod over HTTPS",
              3000);
    bench_get(&client, "/api/v1/namespaces/default/pods", "lists of 1,000 Pods over HTTPS", 200);
    bench_fan_out(&client);
    curl_slist_free_all(client.headers);
    sim_server_stop(client.server);
}

/* ---- in the world alone ---- */

static void bench_memory(void)
{
    struct sim_config config = {.seed = 1, .regions = 1, .is_built = true, .start_wall_us = 1};
    struct tg_err err = TG_ERR_INIT;
    struct sim_world *world = sim_world_new(&config, &err);
    tg_assert(world != NULL);
    double before = bench_resident_mib();
    struct bench_time from = bench_now();
    char text[PATH_SIZE];
    for (int i = 0; i < MANY_PODS; i++) {
        pod_text(text, sizeof text, i);
        struct sim_request request = {.method = "POST",
                                      .path = "/api/v1/namespaces/default/pods",
                                      .query = "",
                                      .accept = "application/json",
                                      .content_type = "application/json",
                                      .authorization = "",
                                      .user_agent = "bench",
                                      .body = text,
                                      .body_len = strlen(text)};
        struct sim_response response;
        sim_front_handle(world, &request, &response);
        tg_assert(response.status == 201);
        sim_response_fini(&response);
    }
    bench_speed("Pods created in one cluster, to 100,000", MANY_PODS, bench_since(from), 0);
    bench_amount("  memory of the 100,000 Pods", bench_resident_mib() - before, "MiB", 0);
    sim_world_free(world);
}

static void bench_regions(void)
{
    struct sim_config config = {.seed = 1, .regions = 1000, .is_built = true, .start_wall_us = 1};
    struct tg_err err = TG_ERR_INIT;
    struct bench_time from = bench_now();
    struct sim_world *world = sim_world_new(&config, &err);
    tg_assert(world != NULL);
    bench_speed("regions built", 1000, bench_since(from), 0);
    from = bench_now();
    sim_world_run_until(world, 600 * TG_US_PER_S);
    bench_speed("simulated seconds, 1,000 regions", 600, bench_since(from), 100);
    sim_world_free(world);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : "";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (only[0] == '\0' || strcmp(only, "memory") == 0) {
        bench_memory();
    }
    if (only[0] == '\0' || strcmp(only, "regions") == 0) {
        bench_regions();
    }
    if (only[0] == '\0' || strcmp(only, "https") == 0) {
        bench_https();
    }
    curl_global_cleanup();
    return 0;
}
