/* sim/autoscale_metric.c - what one metric of an autoscaler asks for. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/autoscale.h"
#include "sim/behaviour.h"
#include "sim/controllers.h"
#include "sim/json_path.h"
#include "sim/metrics.h"
#include "sim/quantity.h"
#include "sim/selector.h"
#include "sim/shape.h"

#define OWN_PREFIX "autoscaling.gke.io|"
#define TOLERANCE  0.1

/* What is asked of each Pod. */
struct question {
    struct sim_region *region;
    struct sim_selector selector;
    const char *resource;  /* "cpu", "memory"; NULL: a metric of an AutoscalingMetric */
    const char *container; /* NULL: the whole Pod */
    bool is_utilisation;   /* of what the containers request */
    const json_t *source;  /* the AutoscalingMetric */
    const char *exported;  /* name of the metric in it */
    /* answers */
    int64_t sum;       /* thousandths, over the measured Pods */
    int64_t requested; /* thousandths, likewise */
    int64_t ready;     /* measured Pods that are ready */
    int64_t unready;
    int64_t missing;
    int64_t missing_requested;
    int64_t unready_requested;
    int64_t pods;
    char error[SIM_SCALE_TEXT];
};

/* ---- resources ---- */

/* Thousandths that the Pod's containers request; false with an error when one requests nothing. */
static bool requested_by(struct question *question, const json_t *pod, int64_t *milli)
{
    *milli = 0;
    size_t i;
    json_t *container;
    json_array_foreach(sim_json_at(pod, "spec.containers"), i, container)
    {
        const char *name = sim_json_text(container, "name");
        int64_t one = 0;
        if (question->container != NULL && !tg_str_eq(question->container, name)) {
            continue;
        }
        if (!sim_quantity_milli(
                json_object_get(sim_json_at(container, "resources.requests"), question->resource),
                &one)) {
            snprintf(question->error, sizeof question->error,
                     "missing request for %s in container %.60s of Pod %.80s", question->resource,
                     name, sim_json_text(pod, "metadata.name"));
            return false;
        }
        *milli += one;
    }
    return true;
}

/* ---- metrics that Pods export ---- */

/* Value of a gauge in Prometheus' text format, labels not looked at; false when it is not there. */
static bool read_gauge(const char *text, const char *name, double *value)
{
    size_t len = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, name, len) == 0 && (line[len] == ' ' || line[len] == '{')) {
            const char *at = line[len] == '{' ? strchr(line, '}') : line + len;
            if (at != NULL && (end == NULL || at < end)) {
                *value = strtod(at + (*at == '}' ? 1 : 0), NULL);
                return true;
            }
        }
        line = end == NULL ? NULL : end + 1;
    }
    return false;
}

/* Where a Pod of the AutoscalingMetric is asked, and for what; both shapes of the kind. */
struct endpoint {
    int64_t port;
    const char *path;
    const char *gauge; /* NULL: the metric is not among them */
};

static const char *either(const json_t *object, const char *path, const char *otherwise)
{
    const char *text = sim_json_text(object, path);
    return text[0] == '\0' ? otherwise : text;
}

static struct endpoint find_endpoint(const struct question *question)
{
    struct endpoint found = {0, "/metrics", NULL};
    size_t e;
    json_t *point;
    json_array_foreach(sim_json_at(question->source, "spec.endpoints"), e, point)
    {
        size_t m;
        json_t *metric;
        json_array_foreach(json_object_get(point, "metrics"), m, metric)
        {
            const char *name = sim_json_text(metric, "name");
            if (tg_str_eq(either(metric, "exportName", name), question->exported)) {
                return (struct endpoint){sim_json_int(point, "port", 0),
                                         either(point, "path", "/metrics"), name};
            }
        }
    }
    size_t s;
    json_t *source;
    json_array_foreach(sim_json_at(question->source, "spec.metrics"), s, source)
    {
        size_t c;
        json_t *container;
        json_array_foreach(sim_json_at(source, "pod.containers"), c, container)
        {
            size_t m;
            json_t *metric;
            json_array_foreach(json_object_get(container, "metrics"), m, metric)
            {
                const char *name = sim_json_text(metric, "gauge.name");
                if (tg_str_eq(name, question->exported)) {
                    return (struct endpoint){sim_json_int(container, "endpoint.port", 0),
                                             either(container, "endpoint.path", "/metrics"),
                                             either(metric, "gauge.prometheusMetricName", name)};
                }
            }
        }
    }
    return found;
}

static bool scrape(const struct question *question, const json_t *pod, int64_t *milli)
{
    struct endpoint endpoint = find_endpoint(question);
    struct sim_response response = {.status = 0};
    struct tg_err err = TG_ERR_INIT;
    double value = 0;
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    bool is_read =
        endpoint.gauge != NULL &&
        sim_pod_http(question->region->world, question->region->index,
                     sim_json_text(pod, "metadata.namespace"), sim_json_text(pod, "metadata.name"),
                     (int)endpoint.port, "GET", endpoint.path, "", 0, &response, &err) &&
        response.status == 200 && read_gauge(tg_buf_text(&response.body), endpoint.gauge, &value);
    sim_response_fini(&response);
    *milli = (int64_t)ceil(value * 1000 - 1e-6);
    return is_read;
}

/* ---- all Pods of the target ---- */

static bool ask_pod(void *context, json_t *pod)
{
    struct question *question = context;
    const char *phase = sim_json_text(pod, "status.phase");
    int64_t requested = 0;
    int64_t milli = 0;
    if (!sim_selector_matches_labels(&question->selector, pod) ||
        sim_json_at(pod, "metadata.deletionTimestamp") != NULL || tg_str_eq(phase, "Failed") ||
        tg_str_eq(phase, "Succeeded")) {
        return true;
    }
    question->pods++;
    if (question->is_utilisation && !requested_by(question, pod, &requested)) {
        return false;
    }
    if (tg_str_eq(phase, "Pending") || !sim_shape_is_true(pod, "Ready")) {
        question->unready++;
        question->unready_requested += requested;
        return true;
    }
    bool is_measured = question->resource != NULL
                           ? sim_metrics_usage(question->region, pod, question->container,
                                               tg_str_eq(question->resource, "cpu"), &milli)
                           : scrape(question, pod, &milli);
    if (!is_measured) {
        question->missing++;
        question->missing_requested += requested;
        return true;
    }
    question->ready++;
    question->sum += milli;
    question->requested += requested;
    return true;
}

/* Replicas by the ratio of what is used to what is meant: Pods that are not ready or not measured
 * damp it, in whichever direction it goes. */
static int64_t replicas_by(const struct question *question, int64_t target, int64_t current)
{
    double meant = question->is_utilisation ? (double)question->requested * (double)target / 100
                                            : (double)question->ready * (double)target;
    double used = (double)question->sum;
    double ratio = used / meant;
    int64_t counted = question->ready;
    bool is_up = ratio > 1;
    if (question->missing == 0 && (!is_up || question->unready == 0)) {
        return fabs(1 - ratio) <= TOLERANCE ? current : (int64_t)ceil(ratio * (double)counted);
    }
    if (question->missing > 0 && ratio < 1) { /* they may be busy */
        used += question->is_utilisation ? (double)question->missing_requested
                                         : (double)question->missing * (double)target;
    }
    counted += question->missing + (is_up ? question->unready : 0);
    double more =
        question->is_utilisation
            ? (double)(question->missing_requested + (is_up ? question->unready_requested : 0)) *
                  (double)target / 100
            : (double)(counted - question->ready) * (double)target;
    double damped = used / (meant + more);
    if (fabs(1 - damped) <= TOLERANCE || (ratio < 1) != (damped < 1)) {
        return current;
    }
    int64_t replicas = (int64_t)ceil(damped * (double)counted);
    bool is_backwards = (damped < 1 && replicas > current) || (damped > 1 && replicas < current);
    return is_backwards ? current : replicas;
}

/* ---- kinds of metrics ---- */

static void fail(struct sim_scale_metric *result, const char *reason, const char *what,
                 const char *why)
{
    result->is_valid = false;
    result->reason = reason;
    snprintf(result->error, sizeof result->error, "%.120s: %.180s", what, why);
}

/* Asks the Pods; false with the failure noted when nothing could be learned. */
static bool ask(struct question *question, const char *ns, const json_t *selector,
                struct sim_scale_metric *result, const char *reason, const char *what)
{
    sim_selector_from_json(&question->selector, selector);
    sim_store_each(question->region->store, sim_world_kinds(question->region->world)->pod, ns,
                   ask_pod, question);
    sim_selector_fini(&question->selector);
    if (question->error[0] == '\0' && question->pods == 0) {
        snprintf(question->error, sizeof question->error,
                 "no pods returned by selector while calculating replica count");
    } else if (question->error[0] == '\0' && question->ready == 0) {
        snprintf(question->error, sizeof question->error,
                 question->missing > 0 && question->resource == NULL
                     ? "no metrics returned from custom metrics API"
                     : "did not receive metrics for targeted pods (pods might be unready)");
    }
    if (question->error[0] != '\0') {
        fail(result, reason, what, question->error);
        return false;
    }
    return true;
}

static json_t *current_of(const struct question *question)
{
    json_t *current =
        json_pack("{s:o}", "averageValue", sim_quantity_json(question->sum / question->ready));
    if (question->is_utilisation) {
        json_object_set_new(current, "averageUtilization",
                            json_integer(question->sum * 100 / question->requested));
    }
    return current;
}

static void measure_resource(struct question *question, const char *ns, const json_t *selector,
                             const json_t *source, bool is_container, int64_t current,
                             struct sim_scale_metric *result)
{
    const char *reason =
        is_container ? "FailedGetContainerResourceMetric" : "FailedGetResourceMetric";
    char what[SIM_SCALE_TEXT];
    int64_t target = sim_json_int(source, "target.averageUtilization", 0);
    question->resource = sim_json_text(source, "name");
    question->container = is_container ? sim_json_text(source, "container") : NULL;
    question->is_utilisation = target > 0;
    snprintf(what, sizeof what, "failed to get %.40s %s", question->resource,
             question->is_utilisation ? "utilization" : "resource metric value");
    snprintf(result->name, sizeof result->name, "%.40s %sresource%s", question->resource,
             is_container ? "container " : "",
             question->is_utilisation ? " utilization (percentage of request)" : "");
    if (!tg_str_eq(question->resource, "cpu") && !tg_str_eq(question->resource, "memory")) {
        fail(result, reason, what, "no metrics returned from resource metrics API");
        return;
    }
    if (!question->is_utilisation &&
        !sim_quantity_milli(sim_json_at(source, "target.averageValue"), &target)) {
        fail(result, reason, what,
             "invalid resource metric source: neither an average "
             "utilization target nor an average value (usage) target was "
             "set");
        return;
    }
    if (!ask(question, ns, selector, result, reason, what)) {
        return;
    }
    result->is_valid = true;
    result->replicas = replicas_by(question, target, current);
    json_t *about =
        json_pack("{s:s, s:o}", "name", question->resource, "current", current_of(question));
    if (is_container) {
        json_object_set_new(about, "container", json_string(question->container));
    }
    result->status =
        json_pack("{s:s, s:o}", "type", is_container ? "ContainerResource" : "Resource",
                  is_container ? "containerResource" : "resource", about);
}

/* "autoscaling.gke.io|OBJECT|METRIC": the object, and where METRIC begins. */
static const json_t *own_metric(struct sim_region *region, const char *ns, const char *name,
                                const char **exported)
{
    if (!tg_str_has_prefix(name, OWN_PREFIX)) {
        return NULL;
    }
    name += sizeof OWN_PREFIX - 1;
    size_t len = strcspn(name, "|");
    char *object = tg_strndup(name, len);
    *exported = name[len] == '|' ? name + len + 1 : "";
    const json_t *found =
        sim_store_get(region->store, sim_world_kinds(region->world)->metric, ns, object);
    free(object);
    return found;
}

static void measure_pods(struct question *question, const char *ns, const json_t *selector,
                         const json_t *source, int64_t current, struct sim_scale_metric *result)
{
    static const char reason[] = "FailedGetPodsMetric";
    const char *name = sim_json_text(source, "metric.name");
    char what[SIM_SCALE_TEXT];
    int64_t target = 0;
    snprintf(what, sizeof what, "failed to get pods metric value: unable to get metric %.70s",
             name);
    snprintf(result->name, sizeof result->name, "pods metric %.120s", name);
    question->source = own_metric(question->region, ns, name, &question->exported);
    if (question->source == NULL) {
        fail(result, reason, what,
             tg_str_has_prefix(name, OWN_PREFIX)
                 ? "no metrics returned from custom metrics API"
                 : "unable to fetch metrics from custom metrics API: no custom metrics API "
                   "(custom.metrics.k8s.io) registered");
        return;
    }
    if (!sim_quantity_milli(sim_json_at(source, "target.averageValue"), &target) || target == 0) {
        fail(result, reason, what, "its target has no averageValue");
        return;
    }
    if (!ask(question, ns, selector, result, reason, what)) {
        return;
    }
    result->is_valid = true;
    result->replicas = replicas_by(question, target, current);
    result->status = json_pack("{s:s, s:{s:O, s:o}}", "type", "Pods", "pods", "metric",
                               json_object_get(source, "metric"), "current", current_of(question));
}

void sim_scale_measure(struct sim_region *region, const char *ns, const json_t *selector,
                       const json_t *metric, int64_t current, struct sim_scale_metric *result)
{
    const char *type = sim_json_text(metric, "type");
    struct question question = {.region = region, .exported = ""};
    *result = (struct sim_scale_metric){.is_valid = false};
    if (tg_str_eq(type, "Resource")) {
        measure_resource(&question, ns, selector, json_object_get(metric, "resource"), false,
                         current, result);
    } else if (tg_str_eq(type, "ContainerResource")) {
        measure_resource(&question, ns, selector, json_object_get(metric, "containerResource"),
                         true, current, result);
    } else if (tg_str_eq(type, "Pods")) {
        measure_pods(&question, ns, selector, json_object_get(metric, "pods"), current, result);
    } else if (tg_str_eq(type, "External")) {
        fail(result, "FailedGetExternalMetric",
             "failed to get external metric value: unable to get external metric",
             "unable to fetch metrics from external metrics API: the server could not find the "
             "requested resource");
    } else {
        fail(result, "FailedGetObjectMetric",
             "failed to get object metric value: unable to get metric",
             "unable to fetch metrics from custom metrics API: no custom metrics API "
             "(custom.metrics.k8s.io) registered");
    }
}
