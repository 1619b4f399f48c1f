/* model/msg.c - making and freeing messages and calls. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/msg.h"

#include <stdlib.h>

#include "base/mem.h"

struct tg_msg *tg_msg_new(enum tg_msg_kind kind, int target, int64_t at_us)
{
    struct tg_msg *msg = TG_NEW(struct tg_msg);
    msg->kind = kind;
    msg->target = target;
    msg->at_us = at_us;
    msg->resource = TG_KIND_COUNT;
    return msg;
}

void tg_msg_free(struct tg_msg *msg)
{
    if (msg == NULL) {
        return;
    }
    switch (msg->kind) {
    case TG_MSG_REPLACE:
        for (size_t i = 0; i < msg->as.replace.count; i++) {
            tg_obj_unref(msg->as.replace.items[i]);
        }
        free(msg->as.replace.items);
        break;
    case TG_MSG_PUT:
    case TG_MSG_DELETE:
        tg_obj_unref(msg->as.obj);
        break;
    case TG_MSG_METRICS:
        free(msg->as.metrics.ns);
        free(msg->as.metrics.pod);
        break;
    case TG_MSG_CALL_DONE:
        free(msg->as.call.text);
        tg_obj_unref(msg->as.call.obj);
        tg_facts_fini(&msg->as.call.facts);
        break;
    case TG_MSG_CALL_PROGRESS:
        free(msg->as.progress.text);
        free(msg->as.progress.operation);
        break;
    case TG_MSG_LOG_LINES:
        free(msg->as.log.text);
        break;
    case TG_MSG_LOG_DIGEST:
        free(msg->as.digest.ns);
        free(msg->as.digest.pod);
        free(msg->as.digest.digest);
        break;
    case TG_MSG_INTERFACES:
        free(msg->as.interfaces.ns);
        free(msg->as.interfaces.pod);
        break;
    default:
        break;
    }
    free(msg);
}

struct tg_call *tg_call_new(enum tg_call_kind kind, int target)
{
    struct tg_call *call = TG_NEW(struct tg_call);
    call->kind = kind;
    call->target = target;
    call->resource = TG_KIND_COUNT;
    return call;
}

void tg_call_free(struct tg_call *call)
{
    if (call == NULL) {
        return;
    }
    free(call->ns);
    free(call->name);
    free(call->uid);
    free(call->resource_version);
    free(call->container);
    free(call->verb);
    free(call->subresource);
    free(call->drill_id);
    free(call->probe_target);
    free(call->probe_model);
    tg_desired_free(call->desired);
    free(call->group);
    free(call->plural);
    free(call->words);
    tg_secret_free(call->secret);
    free(call);
}

bool tg_call_is_write(enum tg_call_kind kind)
{
    return kind == TG_CALL_SCALE || kind == TG_CALL_CREATE_PROBE || kind == TG_CALL_DELETE_POD ||
           kind == TG_CALL_ENSURE || kind == TG_CALL_REMOVE;
}
