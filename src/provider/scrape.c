/* provider/scrape.c - scraping model servers. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/scrape.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/k8s.h"
#include "codec/metrics.h"

#define INTERVAL_US    (2 * TG_US_PER_S)
#define CALM_FACTOR    3 /* a server that answers nobody is asked less often */
#define BODY_BYTES_MAX (4 * 1024 * 1024)
#define SERVING_PORT   8000

/* A Pod that is scraped; one request at a time for each. */
struct pod {
    char *ns;
    char *name;
    uint64_t exchange; /* 0: none under way */
    int64_t due_us;
    int status;
    struct tg_buf body;
    double success_total; /* of the last good scrape; -1: none */
    bool is_calm;         /* nothing was under way or answered since the scrape before */
};

struct tg_scrape {
    struct tg_provider_context *context;
    struct tg_map *pods; /* "ns/name" -> struct pod */
};

static void free_pod(void *item)
{
    struct pod *pod = item;
    free(pod->ns);
    free(pod->name);
    tg_buf_fini(&pod->body);
    free(pod);
}

struct tg_scrape *tg_scrape_new(struct tg_provider_context *context)
{
    struct tg_scrape *scrape = TG_NEW(struct tg_scrape);
    scrape->context = context;
    scrape->pods = tg_map_new(free_pod);
    return scrape;
}

void tg_scrape_free(struct tg_scrape *scrape)
{
    if (scrape != NULL) {
        tg_map_free(scrape->pods);
        free(scrape);
    }
}

static void forget(struct tg_scrape *scrape, const char *key)
{
    struct pod *pod = tg_map_take(scrape->pods, key);
    if (pod == NULL) {
        return;
    }
    if (pod->exchange != 0) {
        scrape->context->transport->ops->cancel(scrape->context->transport, pod->exchange);
    }
    free_pod(pod);
}

/* Only what could answer is asked: a model server that has an address and is not past its end. */
static bool is_wanted(const struct tg_scrape *scrape, const struct tg_obj *obj)
{
    return scrape->context->config.app_label != NULL && obj->as.pod.pod_ip[0] != '\0' &&
           tg_str_eq(obj->as.pod.app, scrape->context->config.app_label) &&
           tg_str_eq(obj->as.pod.phase, "Running");
}

static void observe_pod(struct tg_scrape *scrape, const struct tg_obj *obj, bool is_gone)
{
    char *key = tg_asprintf("%s/%s", obj->ns, obj->name);
    if (is_gone || !is_wanted(scrape, obj)) {
        forget(scrape, key);
    } else if (tg_map_get(scrape->pods, key) == NULL) {
        struct pod *pod = TG_NEW(struct pod);
        pod->ns = tg_strdup(obj->ns);
        pod->name = tg_strdup(obj->name);
        pod->success_total = -1;
        tg_buf_init(&pod->body, BODY_BYTES_MAX);
        tg_map_put(scrape->pods, key, pod);
    }
    free(key);
}

/* A complete list: whoever is not in it is gone. */
static void observe_list(struct tg_scrape *scrape, const struct tg_msg *msg)
{
    struct tg_map *listed = tg_map_new(NULL);
    for (size_t i = 0; i < msg->as.replace.count; i++) {
        struct tg_obj *obj = msg->as.replace.items[i];
        char *key = tg_asprintf("%s/%s", obj->ns, obj->name);
        tg_map_put(listed, key, obj);
        free(key);
        observe_pod(scrape, obj, false);
    }
    const struct tg_map_node *node = tg_map_first(scrape->pods);
    while (node != NULL) {
        char *key = tg_strdup(tg_map_node_key(node));
        node = tg_map_next(node);
        if (tg_map_get(listed, key) == NULL) {
            forget(scrape, key);
        }
        free(key);
    }
    tg_map_free(listed);
}

void tg_scrape_observe(struct tg_scrape *scrape, const struct tg_msg *msg)
{
    if (msg->resource != TG_KIND_POD) {
        return;
    }
    if (msg->kind == TG_MSG_REPLACE) {
        observe_list(scrape, msg);
    } else if (msg->kind == TG_MSG_PUT || msg->kind == TG_MSG_DELETE) {
        observe_pod(scrape, msg->as.obj, msg->kind == TG_MSG_DELETE);
    }
}

int64_t tg_scrape_step(struct tg_scrape *scrape, int64_t now_us)
{
    int64_t interval_us = scrape->context->config.scrape_interval_us;
    interval_us = interval_us > 0 ? interval_us : INTERVAL_US;
    int64_t wake_us = TG_TIME_NEVER;
    for (const struct tg_map_node *node = tg_map_first(scrape->pods); node != NULL;
         node = tg_map_next(node)) {
        struct pod *pod = tg_map_node_value(node);
        if (pod->exchange == 0 && pod->due_us <= now_us) {
            pod->due_us = now_us + interval_us * (pod->is_calm ? CALM_FACTOR : 1);
            pod->status = 0;
            tg_buf_reset(&pod->body);
            pod->exchange = tg_provider_submit(
                scrape->context, "GET",
                tg_asprintf("/api/v1/namespaces/%s/pods/http:%s:%d/proxy/metrics", pod->ns,
                            pod->name, SERVING_PORT),
                NULL, NULL);
        }
        if (pod->exchange == 0 && pod->due_us < wake_us) {
            wake_us = pod->due_us;
        }
    }
    return wake_us;
}

void tg_scrape_hasten(struct tg_scrape *scrape)
{
    for (const struct tg_map_node *node = tg_map_first(scrape->pods); node != NULL;
         node = tg_map_next(node)) {
        ((struct pod *)tg_map_node_value(node))->due_us = 0;
    }
}

static void emit_sample(struct tg_scrape *scrape, struct pod *pod, const struct tg_err *err,
                        int64_t now_us)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_METRICS, scrape->context->config.index, now_us);
    msg->as.metrics.ns = tg_strdup(pod->ns);
    msg->as.metrics.pod = tg_strdup(pod->name);
    msg->as.metrics.err = *err;
    if (err->code == TG_CODE_NONE && pod->status == 200) {
        if (tg_metrics_decode(tg_buf_text(&pod->body), pod->body.len, &msg->as.metrics.sample)) {
            msg->as.metrics.sample.is_serving = true;
        } else {
            tg_err_set(&msg->as.metrics.err, TG_CODE_PROTOCOL, 200, "no metrics of vLLM");
        }
    } else if (err->code == TG_CODE_NONE) {
        tg_k8s_decode_status(pod->status, tg_buf_text(&pod->body), pod->body.len,
                             &msg->as.metrics.err);
    }
    const struct tg_replica_metrics *sample = &msg->as.metrics.sample;
    pod->is_calm = msg->as.metrics.err.code == TG_CODE_NONE && sample->running == 0 &&
                   sample->waiting == 0 && sample->success_total == pod->success_total;
    pod->success_total =
        msg->as.metrics.err.code == TG_CODE_NONE ? sample->success_total : pod->success_total;
    tg_provider_emit(scrape->context, msg);
}

static struct pod *find(const struct tg_scrape *scrape, uint64_t exchange)
{
    for (const struct tg_map_node *node = tg_map_first(scrape->pods); node != NULL;
         node = tg_map_next(node)) {
        struct pod *pod = tg_map_node_value(node);
        if (pod->exchange == exchange) {
            return pod;
        }
    }
    return NULL;
}

bool tg_scrape_event(struct tg_scrape *scrape, const struct tg_transport_event *event,
                     int64_t now_us)
{
    struct pod *pod = find(scrape, event->id);
    if (pod == NULL) {
        return false;
    }
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        pod->status = event->status;
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_append(&pod->body, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        pod->exchange = 0;
        emit_sample(scrape, pod, &event->err, now_us);
        break;
    }
    return true;
}
