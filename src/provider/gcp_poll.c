/* provider/gcp_poll.c - polling Google Cloud's lists; backends take a second request for each
 * group. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/gcp_poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/gcp.h"
#include "codec/gcp_answer.h"
#include "codec/weights.h"
#include "net/backoff.h"
#include "net/url.h"
#include "provider/gcp_path.h"

#define BODY_BYTES_MAX (32 * 1024 * 1024)
#define GROUPS_MAX     64
#define PATH_LEN_MAX   4096
#define OFTEN_US       (10 * TG_US_PER_S) /* drills and news ask for it before it is due */
#define USUAL_US       (15 * TG_US_PER_S)
#define SELDOM_US      (60 * TG_US_PER_S)

struct tg_gcp_poll {
    struct tg_provider_context *context;
    enum tg_kind kind;
    enum tg_kind_phase phase;
    uint64_t exchange; /* 0: waiting until wake_us */
    int64_t wake_us;
    int64_t retry_after_us;
    int64_t now_us;
    int attempts;
    int status;
    struct tg_backoff backoff;
    struct tg_buf body;
    char *page_token;
    struct tg_k8s_list list; /* of the pages and groups so far */
    struct tg_gcp_group groups[GROUPS_MAX];
    size_t groups_count;
    int64_t groups_until_us; /* then what has health is asked for again */
    size_t group_at;         /* next group, or bucket, to ask about */
    bool is_in_detail;
    /* The index of a bucket's shards: read once for each generation of it. */
    bool is_in_index;
    struct tg_bucket_contents contents; /* of the bucket at group_at, until its index is known */
    char *index_of;                     /* "bucket#generation" that the numbers are of, or NULL */
    int index_shards;                   /* 0: it could not be read */
    int64_t index_bytes;
};

struct tg_gcp_poll *tg_gcp_poll_new(struct tg_provider_context *context, enum tg_kind kind)
{
    struct tg_gcp_poll *poll = TG_NEW(struct tg_gcp_poll);
    poll->context = context;
    poll->kind = kind;
    poll->backoff = (struct tg_backoff)TG_BACKOFF_WATCH;
    tg_buf_init(&poll->body, BODY_BYTES_MAX);
    return poll;
}

static void drop_round(struct tg_gcp_poll *poll)
{
    for (size_t i = 0; i < poll->list.count; i++) {
        tg_obj_unref(poll->list.items[i]);
    }
    free(poll->list.items);
    poll->list = (struct tg_k8s_list){0};
    poll->group_at = 0;
    poll->is_in_detail = false;
    poll->is_in_index = false;
    free(poll->page_token);
    poll->page_token = NULL;
}

static void drop_groups(struct tg_gcp_poll *poll)
{
    for (size_t i = 0; i < poll->groups_count; i++) {
        free(poll->groups[i].service);
        free(poll->groups[i].group);
    }
    poll->groups_count = 0;
}

void tg_gcp_poll_free(struct tg_gcp_poll *poll)
{
    if (poll != NULL) {
        drop_round(poll);
        drop_groups(poll);
        tg_buf_fini(&poll->body);
        free(poll->index_of);
        free(poll);
    }
}

static int64_t interval_us(enum tg_kind kind)
{
    switch (kind) {
    case TG_KIND_GCP_BACKEND:
        return OFTEN_US;
    case TG_KIND_GCP_PROJECT:
    case TG_KIND_GCP_SERVICE:
    case TG_KIND_GCP_BUCKET:
    case TG_KIND_GCP_SERVICE_ACCOUNT:
    case TG_KIND_GCP_FIREWALL:
        return SELDOM_US;
    default:
        return USUAL_US;
    }
}

struct place {
    enum tg_kind kind;
    enum tg_api api;
    bool is_of_project; /* below "projects/P" */
    const char *path;
};

static const struct place places[] = {
    {TG_KIND_GCP_PROJECT, TG_API_RESOURCE_MANAGER, true, ""},
    {TG_KIND_GCP_SERVICE, TG_API_SERVICE_USAGE, true, "services"},
    {TG_KIND_GCP_NETWORK, TG_API_COMPUTE, true, "global/networks"},
    {TG_KIND_GCP_SUBNETWORK, TG_API_COMPUTE, true, "aggregated/subnetworks"},
    {TG_KIND_GCP_ADDRESS, TG_API_COMPUTE, true, "aggregated/addresses"},
    {TG_KIND_GCP_FIREWALL, TG_API_COMPUTE, true, "global/firewalls"},
    {TG_KIND_GCP_BUCKET, TG_API_STORAGE, false, "b"},
    {TG_KIND_GCP_SERVICE_ACCOUNT, TG_API_IAM, true, "serviceAccounts"},
    {TG_KIND_GCP_CLUSTER, TG_API_CONTAINER, true, "locations/-/clusters"},
    {TG_KIND_GCP_NODE_POOL, TG_API_CONTAINER, true, "locations/-/clusters"},
    {TG_KIND_GCP_MEMBERSHIP, TG_API_GKEHUB, true, "locations/global/memberships"},
    {TG_KIND_GCP_FEATURE, TG_API_GKEHUB, true, "locations/global/features"},
    {TG_KIND_GCP_BACKEND, TG_API_COMPUTE, true, "global/backendServices"},
};

/* When it is a kind's turn again: each has its own moment within the interval, half of it away at
 * least, so that one connection serves one after the other and idle ones may close. */
static int64_t next_turn_us(const struct tg_gcp_poll *poll)
{
    const int kinds = TG_KIND_COUNT - TG_KIND_GCP_PROJECT;
    int64_t interval = interval_us(poll->kind);
    int64_t turn_us = interval * (poll->kind - TG_KIND_GCP_PROJECT) / kinds;
    int64_t wait_us = (turn_us - poll->now_us % interval + interval) % interval;
    return poll->now_us + wait_us + (wait_us < interval / 2 ? interval : 0);
}

static const struct place *place_of(enum tg_kind kind)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].kind == kind) {
            return &places[i];
        }
    }
    return NULL;
}

static void begin_path(const struct tg_gcp_poll *poll, struct tg_buf *path)
{
    const struct place *place = place_of(poll->kind);
    tg_gcp_path_begin(poll->context, place->api, path);
    if (place->is_of_project) {
        tg_gcp_path_append(path, "projects");
        tg_url_append_segment(path, poll->context->config.project);
    }
    tg_gcp_path_append(path, place->path);
}

static char *list_path(const struct tg_gcp_poll *poll)
{
    struct tg_buf path;
    begin_path(poll, &path);
    if (poll->kind == TG_KIND_GCP_BUCKET) {
        tg_url_append_query(&path, "project", poll->context->config.project);
    }
    if (poll->kind == TG_KIND_GCP_SERVICE) {
        tg_url_append_query(&path, "filter", "state:ENABLED");
    }
    if (poll->page_token != NULL) {
        tg_url_append_query(&path, "pageToken", poll->page_token);
    }
    return tg_buf_take(&path, NULL);
}

static void ask_list(struct tg_gcp_poll *poll)
{
    poll->status = 0;
    tg_buf_reset(&poll->body);
    poll->exchange = tg_provider_submit(poll->context, "GET", list_path(poll), NULL, NULL);
}

static void ask_detail(struct tg_gcp_poll *poll)
{
    struct tg_buf path;
    poll->status = 0;
    poll->is_in_detail = true;
    tg_buf_reset(&poll->body);
    begin_path(poll, &path);
    if (poll->kind == TG_KIND_GCP_BACKEND) {
        const struct tg_gcp_group *group = &poll->groups[poll->group_at];
        struct tg_buf body;
        struct tg_json_out json = {&body, false};
        tg_buf_init(&body, PATH_LEN_MAX);
        tg_json_open(&json, NULL, '{');
        tg_json_put_text(&json, "group", group->group);
        tg_json_close(&json, '}');
        tg_url_append_segment(&path, group->service);
        tg_buf_puts(&path, "/getHealth");
        poll->exchange = tg_provider_submit(poll->context, "POST", tg_buf_take(&path, NULL),
                                            tg_buf_take(&body, NULL), "application/json");
    } else {
        tg_url_append_segment(&path, poll->list.items[poll->group_at]->name);
        tg_buf_puts(&path, "/o");
        tg_url_append_query(&path, "fields", "items(name,size,generation),nextPageToken");
        poll->exchange =
            tg_provider_submit(poll->context, "GET", tg_buf_take(&path, NULL), NULL, NULL);
    }
}

void tg_gcp_poll_hasten(struct tg_gcp_poll *poll)
{
    bool is_well = poll->phase == TG_KIND_PHASE_LIVE && poll->attempts == 0;
    if (is_well || poll->phase == TG_KIND_PHASE_ABSENT) {
        poll->wake_us = 0;
    }
}

int64_t tg_gcp_poll_step(struct tg_gcp_poll *poll, int64_t now_us)
{
    poll->now_us = now_us;
    if (poll->exchange != 0) {
        return TG_TIME_NEVER;
    }
    if (now_us < poll->wake_us) {
        return poll->wake_us;
    }
    /* Health changes in seconds, what has it only with the Gateway. */
    if (poll->groups_count > 0 && now_us < poll->groups_until_us) {
        ask_detail(poll);
    } else {
        drop_groups(poll);
        ask_list(poll);
    }
    return TG_TIME_NEVER;
}

static void retry(struct tg_gcp_poll *poll, const struct tg_err *err)
{
    enum tg_kind_phase phase = TG_KIND_PHASE_RETRYING;
    if (err->code == TG_CODE_FORBIDDEN || err->code == TG_CODE_UNAUTHORIZED) {
        phase = TG_KIND_PHASE_DENIED;
    } else if (err->code == TG_CODE_NOT_FOUND || err->code == TG_CODE_DISABLED) {
        /* An API that is not enabled on the project holds nothing of it. */
        phase = TG_KIND_PHASE_ABSENT;
    }
    int64_t delay_us = tg_backoff_next(&poll->backoff, &poll->context->rng, poll->retry_after_us);
    poll->retry_after_us = 0; /* was asked for this time: a lost connection asks for nothing */
    poll->wake_us = poll->now_us + (phase == TG_KIND_PHASE_RETRYING ? delay_us : SELDOM_US);
    poll->attempts++;
    poll->phase = phase;
    drop_round(poll);
    drop_groups(poll);
    tg_provider_emit_phase(poll->context, poll->kind, phase, poll->attempts, poll->wake_us, err,
                           poll->now_us);
}

static void finish_round(struct tg_gcp_poll *poll)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, poll->context->config.index, poll->now_us);
    msg->resource = poll->kind;
    msg->as.replace.items = poll->list.items;
    msg->as.replace.count = poll->list.count;
    msg->as.replace.rejected = poll->list.rejected;
    poll->list = (struct tg_k8s_list){0};
    drop_round(poll);
    tg_backoff_reset(&poll->backoff);
    poll->attempts = 0;
    poll->wake_us = next_turn_us(poll);
    tg_provider_emit(poll->context, msg);
    if (poll->phase != TG_KIND_PHASE_LIVE) {
        poll->phase = TG_KIND_PHASE_LIVE;
        tg_provider_emit_phase(poll->context, poll->kind, TG_KIND_PHASE_LIVE, 0, 0, NULL,
                               poll->now_us);
    }
}

static void merge_page(struct tg_gcp_poll *poll, struct tg_k8s_list *page)
{
    poll->list.items = tg_realloc_array(poll->list.items, poll->list.count + page->count + 1,
                                        sizeof(struct tg_obj *));
    if (page->count > 0) {
        memcpy(poll->list.items + poll->list.count, page->items,
               page->count * sizeof(struct tg_obj *));
    }
    poll->list.count += page->count;
    poll->list.rejected += page->rejected;
    free(page->items);
    free(poll->page_token);
    poll->page_token = page->continue_token;
}

/* The bucket's object is made anew with what it holds: objects are immutable. */
static void finish_bucket(struct tg_gcp_poll *poll)
{
    struct tg_obj *bucket = poll->list.items[poll->group_at];
    struct tg_obj draft = *bucket;
    draft.as.gcp.number = poll->contents.count;
    draft.as.gcp.bytes = poll->contents.bytes;
    draft.as.gcp.weights = poll->contents.weights;
    if (poll->contents.has_index && poll->index_shards > 0) {
        draft.as.gcp.weights.judge = TG_WEIGHTS_BY_INDEX;
        draft.as.gcp.weights.shards_expected = poll->index_shards;
        draft.as.gcp.weights.bytes_expected = poll->index_bytes;
    }
    poll->list.items[poll->group_at] = tg_obj_new(&draft);
    tg_obj_unref(bucket);
    poll->group_at++;
}

static char *index_name(const struct tg_gcp_poll *poll)
{
    return tg_asprintf("%s#%s", poll->list.items[poll->group_at]->name,
                       poll->contents.index_generation);
}

/* An index that was read already is not read again. */
static bool take_objects(struct tg_gcp_poll *poll, struct tg_err *err)
{
    if (!tg_weights_decode_objects(tg_buf_text(&poll->body), poll->body.len, &poll->contents,
                                   err)) {
        return false;
    }
    char *wanted = index_name(poll);
    poll->is_in_index =
        poll->contents.has_index && (poll->index_of == NULL || !tg_str_eq(poll->index_of, wanted));
    free(wanted);
    if (!poll->is_in_index) {
        finish_bucket(poll);
    }
    return true;
}

static void ask_index(struct tg_gcp_poll *poll)
{
    struct tg_buf path;
    poll->status = 0;
    tg_buf_reset(&poll->body);
    begin_path(poll, &path);
    tg_url_append_segment(&path, poll->list.items[poll->group_at]->name);
    tg_buf_puts(&path, "/o");
    tg_url_append_segment(&path, TG_WEIGHTS_INDEX);
    tg_url_append_query(&path, "alt", "media");
    poll->exchange = tg_provider_submit(poll->context, "GET", tg_buf_take(&path, NULL), NULL, NULL);
}

/* One that may not or cannot be read leaves the names to judge by. */
static void take_index(struct tg_gcp_poll *poll)
{
    struct tg_err err = TG_ERR_INIT;
    poll->is_in_index = false;
    poll->index_shards = 0;
    poll->index_bytes = 0;
    if (poll->status != 200 ||
        !tg_weights_decode_index(tg_buf_text(&poll->body), poll->body.len, &poll->index_shards,
                                 &poll->index_bytes, &err)) {
        poll->index_shards = 0;
    }
    free(poll->index_of);
    poll->index_of = index_name(poll);
    finish_bucket(poll);
}

static bool take_detail(struct tg_gcp_poll *poll, struct tg_err *err)
{
    if (poll->kind == TG_KIND_GCP_BUCKET) {
        return take_objects(poll, err);
    }
    return tg_gcp_decode_health(&poll->groups[poll->group_at++], tg_buf_text(&poll->body),
                                poll->body.len, &poll->list, err);
}

static bool take_list(struct tg_gcp_poll *poll, struct tg_err *err)
{
    const char *body = tg_buf_text(&poll->body);
    if (poll->kind == TG_KIND_GCP_BACKEND) {
        poll->groups_until_us = poll->now_us + USUAL_US;
        poll->groups_count =
            tg_gcp_decode_groups(body, poll->body.len, poll->groups, GROUPS_MAX, err);
        return err->code == TG_CODE_NONE;
    }
    struct tg_k8s_list page;
    if (!tg_gcp_decode_page(poll->kind, body, poll->body.len, &page, err)) {
        return false;
    }
    merge_page(poll, &page);
    return true;
}

static void take_answer(struct tg_gcp_poll *poll)
{
    struct tg_err err = TG_ERR_INIT;
    bool is_ok = true;
    if (poll->is_in_index) {
        take_index(poll);
    } else {
        is_ok = poll->is_in_detail ? take_detail(poll, &err) : take_list(poll, &err);
    }
    size_t details = poll->kind == TG_KIND_GCP_BACKEND  ? poll->groups_count
                     : poll->kind == TG_KIND_GCP_BUCKET ? poll->list.count
                                                        : 0;
    if (!is_ok) {
        retry(poll, &err);
    } else if (poll->is_in_index) {
        ask_index(poll);
    } else if (poll->page_token != NULL) {
        ask_list(poll);
    } else if (poll->group_at < details) {
        ask_detail(poll);
    } else {
        finish_round(poll);
    }
}

bool tg_gcp_poll_event(struct tg_gcp_poll *poll, const struct tg_transport_event *event,
                       int64_t now_us)
{
    if (poll->exchange == 0 || event->id != poll->exchange) {
        return false;
    }
    poll->now_us = now_us;
    struct tg_err err = TG_ERR_INIT;
    switch (event->kind) {
    case TG_TRANSPORT_HEADERS:
        poll->status = event->status;
        poll->retry_after_us = event->retry_after_us;
        break;
    case TG_TRANSPORT_DATA:
        tg_buf_append(&poll->body, event->data, event->len);
        break;
    case TG_TRANSPORT_DONE:
        poll->exchange = 0;
        if (event->err.code != TG_CODE_NONE) {
            retry(poll, &event->err);
        } else if (poll->status != 200 && !poll->is_in_index) {
            tg_gcp_decode_error(poll->status, tg_buf_text(&poll->body), poll->body.len, &err);
            retry(poll, &err);
        } else {
            take_answer(poll);
        }
        break;
    }
    return true;
}
