/* sim/shape.c - building JSON objects that read like the manifests they stand for. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/shape.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"

json_t *sim_shape(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = tg_vasprintf(format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL) {
        tg_assert_fail(text, error.text, error.position, __func__);
    }
    free(text);
    return value;
}

const char *sim_shape_time(const struct sim_world *world, char out[SIM_TIME_SIZE])
{
    return tg_fmt_rfc3339(out, SIM_TIME_SIZE, sim_world_wall_us(world), 0);
}

const char *sim_shape_time_at(int64_t wall_us, char out[SIM_TIME_SIZE])
{
    return tg_fmt_rfc3339(out, SIM_TIME_SIZE, wall_us, 0);
}

const char *sim_shape_micro_time(const struct sim_world *world, char out[SIM_TIME_SIZE])
{
    return tg_fmt_rfc3339(out, SIM_TIME_SIZE, sim_world_wall_us(world), 6);
}

static json_t *find_condition(json_t *conditions, const char *type)
{
    size_t i;
    json_t *condition;
    json_array_foreach(conditions, i, condition)
    {
        if (tg_str_eq(sim_json_text(condition, "type"), type)) {
            return condition;
        }
    }
    return NULL;
}

bool sim_shape_condition(struct sim_world *world, json_t *status, const char *type, bool is_true,
                         const char *reason, const char *message, json_t *extra)
{
    json_t *conditions = json_object_get(status, "conditions");
    if (!json_is_array(conditions)) {
        conditions = json_array();
        json_object_set_new(status, "conditions", conditions);
    }
    json_t *old = find_condition(conditions, type);
    json_t *next = old == NULL ? json_object() : json_deep_copy(old);
    const char *text = is_true ? "True" : "False";
    bool is_turned = old == NULL || !tg_str_eq(sim_json_text(old, "status"), text);
    json_object_set_new(next, "type", json_string(type));
    json_object_set_new(next, "status", json_string(text));
    if (is_turned) {
        char now[SIM_TIME_SIZE];
        json_object_set_new(next, "lastTransitionTime", json_string(sim_shape_time(world, now)));
    }
    if (reason != NULL) {
        json_object_set_new(next, "reason", json_string(reason));
    } else {
        json_object_del(next, "reason");
    }
    if (message != NULL) {
        json_object_set_new(next, "message", json_string(message));
    } else {
        json_object_del(next, "message");
    }
    if (extra != NULL) {
        json_object_update(next, extra);
        json_decref(extra);
    }
    bool is_changed = old == NULL || !json_equal(old, next);
    if (old == NULL) {
        json_array_append_new(conditions, next);
    } else {
        json_object_clear(old);
        json_object_update(old, next);
        json_decref(next);
    }
    return is_changed;
}

bool sim_shape_is_true(const json_t *object, const char *condition)
{
    return tg_str_eq(sim_json_text(sim_json_condition(object, condition), "status"), "True");
}

json_t *sim_shape_owner(const json_t *owner)
{
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:b,s:b}", "apiVersion", sim_json_text(owner, "apiVersion"), "kind",
        sim_json_text(owner, "kind"), "name", sim_json_text(owner, "metadata.name"), "uid",
        sim_json_text(owner, "metadata.uid"), "controller", 1, "blockOwnerDeletion", 1);
}

const char *sim_shape_owner_uid(const json_t *object)
{
    const json_t *owners = sim_json_at(object, "metadata.ownerReferences");
    size_t i;
    json_t *owner;
    json_array_foreach(owners, i, owner)
    {
        if (sim_json_is_true(owner, "controller")) {
            return sim_json_text(owner, "uid");
        }
    }
    return sim_json_text(json_array_get(owners, 0), "uid");
}

bool sim_shape_labels_match(const json_t *labels, const json_t *wanted)
{
    const char *key;
    json_t *value;
    json_t *pairs = (json_t *)(uintptr_t)wanted; /* jansson's iterators want it writable */
    bool is_match = true;
    json_object_foreach(pairs, key, value)
    {
        is_match = is_match && json_equal(json_object_get(labels, key), value);
    }
    return is_match;
}

json_t *sim_shape_create(struct sim_store *store, const struct sim_resource *resource,
                         json_t *object)
{
    struct tg_err err = TG_ERR_INIT;
    /* As what comes through the API: a template without its defaults would seem changed by the
     * first patch of anything beside it, and roll the Pods. */
    sim_k8s_default(resource, object);
    json_t *made = sim_store_create(store, resource, object, &err);
    if (made == NULL) {
        tg_assert_fail(err.msg, __FILE__, __LINE__, __func__);
    }
    return made;
}
