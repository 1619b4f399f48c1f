/* model/select_problems.c - what needs attention, worst first. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

struct problems {
    struct tg_problem *items;
    size_t count;
};

static void add(struct problems *problems, enum tg_problem_code code, enum tg_severity severity,
                int target, const char *kind, const char *name, const char *detail)
{
    problems->items =
        tg_realloc_array(problems->items, problems->count + 1, sizeof(*problems->items));
    struct tg_problem *problem = &problems->items[problems->count++];
    *problem = (struct tg_problem){.code = code, .severity = severity, .target = target};
    snprintf(problem->object, sizeof(problem->object), "%s%s%s", kind, *kind != '\0' ? "/" : "",
             name);
    snprintf(problem->detail, sizeof(problem->detail), "%s", detail);
}

static void find_in_source(struct problems *problems, const struct tg_target *target,
                           int64_t now_us)
{
    struct tg_source source = tg_select_source(target, NULL, 0, now_us);
    if (source.state == TG_SOURCE_LOST) {
        add(problems, TG_PROBLEM_SOURCE_LOST, TG_SEVERITY_FAIL, target->index, "", target->label,
            source.err.msg);
    } else if (source.state == TG_SOURCE_DENIED) {
        add(problems, TG_PROBLEM_SOURCE_DENIED, TG_SEVERITY_WARN, target->index, "", target->label,
            source.err.msg);
    }
}

static bool is_failing(const char *status)
{
    static const char *const bad[] = {"CrashLoopBackOff",
                                      "ImagePullBackOff",
                                      "ErrImagePull",
                                      "Evicted",
                                      "Error",
                                      "OOMKilled",
                                      "CreateContainerConfigError",
                                      "CreateContainerError",
                                      "RunContainerError",
                                      "InvalidImageName",
                                      "NodeLost"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (strstr(status, bad[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void find_in_pods(struct problems *problems, const struct tg_model *model,
                         const struct tg_target *target, int64_t now_us)
{
    size_t count = 0;
    struct tg_pod_row *rows = tg_select_pods(model, target->index, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        const struct tg_obj *pod = rows[i].pod;
        if (is_failing(pod->as.pod.status)) {
            add(problems, TG_PROBLEM_POD_FAILING, TG_SEVERITY_FAIL, target->index, "Pod", pod->name,
                pod->as.pod.status);
        } else if (tg_str_eq(pod->as.pod.phase, "Pending")) {
            add(problems, TG_PROBLEM_POD_PENDING, TG_SEVERITY_WARN, target->index, "Pod", pod->name,
                pod->as.pod.status);
        } else if (pod->as.pod.is_ready && rows[i].serving == TG_SERVING_NO &&
                   pod->deleted_us == 0) {
            add(problems, TG_PROBLEM_NOT_SERVING, TG_SEVERITY_WARN, target->index, "Pod", pod->name,
                "Ready=True, /metrics refused");
        }
    }
    free(rows);
}

static void find_in_objects(struct problems *problems, const struct tg_target *target)
{
    const struct tg_store *nodes = &target->kinds[TG_KIND_NODE].store;
    for (size_t i = 0; i < nodes->count; i++) {
        if (!nodes->items[i]->as.node.is_ready) {
            add(problems, TG_PROBLEM_NODE_NOT_READY, TG_SEVERITY_FAIL, target->index, "Node",
                nodes->items[i]->name, "Ready is not True");
        }
    }
    const struct tg_store *deployments = &target->kinds[TG_KIND_DEPLOYMENT].store;
    for (size_t i = 0; i < deployments->count; i++) {
        const struct tg_obj *obj = deployments->items[i];
        if (*obj->as.deployment.drill != '\0') {
            add(problems, TG_PROBLEM_DRILL_ANNOTATION, TG_SEVERITY_WARN, target->index,
                "Deployment", obj->name, obj->as.deployment.drill);
        } else if (obj->as.deployment.replicas_desired == 0 &&
                   tg_str_eq(tg_obj_label(obj, "app"), TG_MODEL_SERVER_APP)) {
            add(problems, TG_PROBLEM_SCALED_TO_ZERO, TG_SEVERITY_WARN, target->index, "Deployment",
                obj->name, "replicas 0");
        }
    }
    const struct tg_store *claims = &target->kinds[TG_KIND_RESOURCE_CLAIM].store;
    for (size_t i = 0; i < claims->count; i++) {
        if (!claims->items[i]->as.resource_claim.is_allocated) {
            add(problems, TG_PROBLEM_CLAIM_PENDING, TG_SEVERITY_WARN, target->index,
                "ResourceClaim", claims->items[i]->name, "not allocated");
        }
    }
}

static void find_in_routing(struct problems *problems, const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    struct tg_gateway_row *gateways = tg_select_gateways(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        const struct tg_condition *programmed = tg_obj_condition(gateways[i].gateway, "Programmed");
        if (!gateways[i].is_programmed) {
            add(problems, TG_PROBLEM_GATEWAY_NOT_PROGRAMMED, TG_SEVERITY_WARN, gateways[i].target,
                "Gateway", gateways[i].gateway->name,
                programmed != NULL ? programmed->reason : "Programmed is missing");
        }
    }
    free(gateways);
    struct tg_backend_row *backends = tg_select_backends(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        if (!backends[i].is_healthy) {
            add(problems, TG_PROBLEM_BACKEND_UNHEALTHY, TG_SEVERITY_FAIL, backends[i].target,
                "backend", backends[i].backend->name, backends[i].backend->as.gcp.status);
        }
    }
    free(backends);
}

static int compare(const void *a, const void *b)
{
    const struct tg_problem *left = a;
    const struct tg_problem *right = b;
    if (left->severity != right->severity) {
        return left->severity > right->severity ? -1 : 1;
    }
    if (left->code != right->code) {
        return left->code < right->code ? -1 : 1;
    }
    return left->target != right->target ? (left->target < right->target ? -1 : 1)
                                         : strcmp(left->object, right->object);
}

struct tg_problem *tg_select_problems(const struct tg_model *model, int64_t now_us, size_t *count)
{
    struct problems problems = {0};
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *target = model->targets[t];
        find_in_source(&problems, target, now_us);
        if (target->type == TG_TARGET_CLUSTER) {
            find_in_objects(&problems, target);
            find_in_pods(&problems, model, target, now_us);
        }
    }
    find_in_routing(&problems, model, now_us);
    if (problems.count > 1) {
        qsort(problems.items, problems.count, sizeof(*problems.items), compare);
    }
    *count = problems.count;
    return problems.items;
}
