/* sim/ephemeral.c - ephemeral containers of running Pods. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/ephemeral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/command.h"
#include "sim/json_path.h"
#include "sim/k8s_admit.h"
#include "sim/k8s_list.h"
#include "sim/k8s_managed.h"
#include "sim/k8s_status.h"
#include "sim/k8s_strict.h"
#include "sim/kubelet.h"

#define PATH   "spec.ephemeralContainers"
#define KILLED 137

/* ---- running ---- */

struct sim_ephemeral *sim_ephemeral_of(const struct sim_pod *pod,
                                       const struct sim_container *container)
{
    for (struct sim_ephemeral *e = pod->ephemeral; e != NULL; e = e->next) {
        if (&e->container == container) {
            return e;
        }
    }
    return NULL;
}

struct sim_container *sim_pod_container(struct sim_pod *pod, const char *name)
{
    for (int i = 0; i < pod->container_count; i++) {
        if (tg_str_eq(pod->containers[i].name, name)) {
            return &pod->containers[i];
        }
    }
    for (struct sim_ephemeral *e = pod->ephemeral; e != NULL; e = e->next) {
        if (tg_str_eq(e->container.name, name)) {
            return &e->container;
        }
    }
    return NULL;
}

static const json_t *spec_of(const struct sim_ephemeral *ephemeral)
{
    const struct sim_pod *pod = ephemeral->pod;
    const json_t *object =
        sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
    size_t i;
    json_t *spec;
    json_array_foreach(sim_json_at(object, PATH), i, spec)
    {
        if (tg_str_eq(sim_json_text(spec, "name"), ephemeral->container.name)) {
            return spec;
        }
    }
    return NULL;
}

static void start(struct sim_world *world, void *data)
{
    struct sim_ephemeral *ephemeral = data;
    struct sim_pod *pod = ephemeral->pod;
    char message[300];
    (void)world;
    ephemeral->event = 0;
    const json_t *spec = spec_of(ephemeral);
    if (pod->step != SIM_STEP_RUNNING || spec == NULL) {
        return;
    }
    snprintf(message, sizeof message, "Successfully pulled image \"%.200s\"",
             ephemeral->container.image);
    sim_kubelet_record(pod, "Normal", "Pulled", message);
    sim_kubelet_run(pod, &ephemeral->container);
    ephemeral->container.is_ready = false; /* nothing waits for it */
    sim_pod_write_status(pod);
    if (!sim_command_start_in(pod, &ephemeral->container, spec)) {
        sim_log_line(ephemeral->container.log, "(simulated) this command is not simulated");
        sim_ephemeral_exited(pod, &ephemeral->container, 127);
    }
}

static void add(struct sim_pod *pod, const json_t *spec)
{
    struct sim_ephemeral *ephemeral = TG_NEW(struct sim_ephemeral);
    struct sim_container *container = &ephemeral->container;
    char message[300];
    ephemeral->pod = pod;
    container->name = tg_strdup(sim_json_text(spec, "name"));
    container->image = tg_strdup(sim_json_text(spec, "image"));
    container->reason = "ContainerCreating";
    container->log = sim_log_new(pod->world);
    struct sim_ephemeral **at = &pod->ephemeral;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = ephemeral;
    snprintf(message, sizeof message, "Pulling image \"%.200s\"", container->image);
    sim_kubelet_record(pod, "Normal", "Pulling", message);
    int64_t delay_us = sim_draw_duration(pod->world, pod->entity, "debug",
                                         &sim_world_params(pod->world)->image_pull_small);
    ephemeral->event = sim_world_at(pod->world, sim_world_now_us(pod->world) + delay_us,
                                    SIM_PRIORITY_NODE, start, ephemeral, NULL);
}

void sim_ephemeral_pod_changed(struct sim_pod *pod, const json_t *object)
{
    size_t i;
    json_t *spec;
    bool is_new = false;
    if (pod->step != SIM_STEP_RUNNING || pod->is_deleting) {
        return;
    }
    json_array_foreach(sim_json_at(object, PATH), i, spec)
    {
        if (sim_pod_container(pod, sim_json_text(spec, "name")) == NULL) {
            add(pod, spec);
            is_new = true;
        }
    }
    if (is_new) {
        sim_pod_write_status(pod);
    }
}

void sim_ephemeral_exited(struct sim_pod *pod, struct sim_container *container, int code)
{
    struct sim_ephemeral *ephemeral = sim_ephemeral_of(pod, container);
    sim_kubelet_end_container(pod, container, code, code == 0 ? "Completed" : "Error");
    sim_command_stop_in(&ephemeral->command, code);
    sim_pod_write_status(pod);
}

void sim_ephemeral_stop(struct sim_pod *pod)
{
    for (struct sim_ephemeral *e = pod->ephemeral; e != NULL; e = e->next) {
        sim_world_cancel(pod->world, e->event);
        e->event = 0;
        sim_command_stop_in(&e->command, KILLED);
        sim_kubelet_end_container(pod, &e->container, KILLED, "Error");
    }
}

void sim_ephemeral_free(struct sim_pod *pod)
{
    sim_ephemeral_stop(pod);
    while (pod->ephemeral != NULL) {
        struct sim_ephemeral *ephemeral = pod->ephemeral;
        pod->ephemeral = ephemeral->next;
        sim_log_drop(ephemeral->container.log);
        free(ephemeral->container.name);
        free(ephemeral->container.image);
        free(ephemeral);
    }
}

/* ---- requests ---- */

static const json_t *find(const json_t *containers, const char *name)
{
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container)
    {
        if (tg_str_eq(sim_json_text(container, "name"), name)) {
            return container;
        }
    }
    return NULL;
}

static bool find_in_pod(const json_t *pod, const char *name)
{
    return find(sim_json_at(pod, "spec.containers"), name) != NULL ||
           find(sim_json_at(pod, "spec.initContainers"), name) != NULL;
}

static void add_cause(json_t *causes, size_t i, const char *member, const char *reason,
                      const char *message)
{
    char *field = tg_asprintf(PATH "[%zu].%s", i, member);
    json_array_append_new(causes, sim_k8s_cause(reason, field, message));
    free(field);
}

static void check_one(const json_t *pod, const json_t *container, size_t i, json_t *causes)
{
    static const char *const needed[] = {"name", "image"};
    static const char *const forbidden[] = {"ports",        "livenessProbe", "readinessProbe",
                                            "startupProbe", "lifecycle",     "resizePolicy",
                                            "restartPolicy"};
    const char *name = sim_json_text(container, "name");
    const char *target = sim_json_text(container, "targetContainerName");
    char message[200];
    for (size_t n = 0; n < TG_COUNT(needed); n++) {
        if (sim_json_text(container, needed[n])[0] == '\0') {
            add_cause(causes, i, needed[n], "FieldValueRequired", "Required value");
        }
    }
    if (find_in_pod(pod, name)) {
        snprintf(message, sizeof message, "Duplicate value: \"%.100s\"", name);
        add_cause(causes, i, "name", "FieldValueDuplicate", message);
    }
    if (target[0] != '\0' && !find_in_pod(pod, target)) {
        snprintf(message, sizeof message, "Not found: \"%.100s\"", target);
        add_cause(causes, i, "targetContainerName", "FieldValueNotFound", message);
    }
    for (size_t f = 0; f < TG_COUNT(forbidden); f++) {
        if (json_object_get(container, forbidden[f]) != NULL) {
            add_cause(causes, i, forbidden[f], "FieldValueForbidden",
                      "Forbidden: cannot be set for an Ephemeral Container");
        }
    }
}

/* What is there stays as it is. */
static void check_kept(const json_t *was, const json_t *next, json_t *causes)
{
    size_t i;
    json_t *container;
    json_array_foreach(was, i, container)
    {
        const char *name = sim_json_text(container, "name");
        const json_t *kept = find(next, name);
        if (kept == NULL || !json_equal(kept, container)) {
            char *message =
                tg_asprintf("Forbidden: existing ephemeral containers \"%s\" may not be %s\n", name,
                            kept == NULL ? "removed" : "changed");
            json_array_append_new(causes, sim_k8s_cause("FieldValueForbidden", PATH, message));
            free(message);
        }
    }
}

/* The Pod with the ephemeral containers of wanted, and nothing else of it. New reference; NULL with
 * the response filled when they are refused. */
static json_t *next_of(struct sim_call *call, json_t *current, const json_t *wanted)
{
    json_t *list = sim_json_at(wanted, PATH);
    json_t *containers = json_is_array(list) ? json_deep_copy(list) : json_array();
    json_t *causes = json_array();
    size_t i;
    json_t *container;
    sim_k8s_default_containers(containers, false);
    check_kept(sim_json_at(current, PATH), containers, causes);
    json_array_foreach(containers, i, container)
    {
        check_one(current, container, i, causes);
    }
    if (json_array_size(causes) > 0) {
        json_decref(containers);
        sim_k8s_fail_causes(call->response, "", "Pod", call->name, causes);
        return NULL;
    }
    json_decref(causes);
    json_t *next = json_copy(current);
    json_t *spec = json_copy(json_object_get(current, "spec"));
    json_t *metadata = json_copy(json_object_get(current, "metadata"));
    json_object_del(metadata, "resourceVersion");
    json_object_set_new(spec, "ephemeralContainers", containers);
    json_object_set_new(next, "spec", spec);
    json_object_set_new(next, "metadata", metadata);
    return next;
}

static void write_pod(struct sim_call *call, json_t *current, json_t *wanted)
{
    struct tg_err err = TG_ERR_INIT;
    if (!sim_k8s_check_fields(call->resource, wanted, false, &err)) {
        sim_k8s_fail(call->response, 400, NULL, "%s", err.msg);
        return;
    }
    json_t *next = next_of(call, current, wanted);
    if (next == NULL) {
        return;
    }
    if (sim_k8s_is_dry_run(call)) {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, next,
                             SIM_ENCODING_PLAIN);
        json_decref(next);
        return;
    }
    sim_managed_track(call, current, next);
    json_t *result = sim_store_update(call->store, call->resource, next, &err);
    if (result == NULL) {
        sim_k8s_fail_write(call->response, call->resource, call->name, false, &err);
    } else {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, result,
                             SIM_ENCODING_PLAIN);
    }
}

void sim_ephemeral_handle(struct sim_call *call)
{
    const char *method = call->request->method;
    bool is_read = tg_str_eq(method, "GET");
    bool is_patch = tg_str_eq(method, "PATCH");
    if (!is_read && !is_patch && !tg_str_eq(method, "PUT")) {
        sim_k8s_reply(call->response, 405,
                      sim_k8s_status(405, NULL,
                                     "the server does not allow this method on the requested "
                                     "resource",
                                     json_object()));
        return;
    }
    json_t *current = json_incref(sim_k8s_current(call));
    json_t *wanted = NULL;
    if (current != NULL && is_read) {
        sim_k8s_reply_object(call->response, 200, call->store, call->resource, current,
                             SIM_ENCODING_PLAIN);
    } else if (current != NULL) {
        wanted = is_patch ? sim_k8s_patched(call, current) : sim_k8s_body(call);
    }
    if (wanted != NULL) {
        write_pod(call, current, wanted);
    }
    json_decref(wanted);
    json_decref(current);
}
