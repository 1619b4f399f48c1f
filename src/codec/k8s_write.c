/* codec/k8s_write.c - bodies of changing requests. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_write.h"

#include <jansson.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/assets.h"
#include "base/str.h"
#include "codec/json_match.h"

char *tg_k8s_write_scale(const struct tg_call *call)
{
    char original[16];
    snprintf(original, sizeof(original), "%d", call->original_replicas);
    bool is_drill = call->drill_id != NULL;
    json_t *metadata =
        json_pack("{s:{s:o,s:o}}", "annotations", "tidegate.dev/drill",
                  is_drill ? json_string(call->drill_id) : json_null(),
                  "tidegate.dev/original-replicas", is_drill ? json_string(original) : json_null());
    if (call->uid != NULL) {
        json_object_set_new(metadata, "uid", json_string(call->uid));
    }
    if (call->resource_version != NULL) {
        json_object_set_new(metadata, "resourceVersion", json_string(call->resource_version));
    }
    return tg_json_dump(
        json_pack("{s:o,s:{s:i}}", "metadata", metadata, "spec", "replicas", call->replicas));
}

char *tg_k8s_write_access_review(const struct tg_call *call)
{
    bool is_known = call->resource != TG_KIND_COUNT;
    const char *group = is_known ? tg_kind_info(call->resource)->group : call->group;
    const char *plural = is_known ? tg_kind_info(call->resource)->plural : call->plural;
    return tg_json_dump(
        json_pack("{s:s,s:s,s:{s:{s:s,s:s,s:s,s:s,s:s}}}", "apiVersion", "authorization.k8s.io/v1",
                  "kind", "SelfSubjectAccessReview", "spec", "resourceAttributes", "namespace",
                  call->ns != NULL ? call->ns : "", "verb", call->verb, "group", group, "resource",
                  plural, "subresource", call->subresource != NULL ? call->subresource : ""));
}

char *tg_k8s_write_delete(const struct tg_call *call)
{
    json_t *options = json_pack("{s:s,s:s,s:s,s:i}", "kind", "DeleteOptions", "apiVersion", "v1",
                                "propagationPolicy", "Background", "gracePeriodSeconds", 1);
    if (call->uid != NULL) {
        json_object_set_new(options, "preconditions", json_pack("{s:s}", "uid", call->uid));
    }
    return tg_json_dump(options);
}

static json_t *variable(const char *name, const char *value)
{
    return json_pack("{s:s,s:s}", "name", name, "value", value);
}

static json_t *number_variable(const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    return variable(name, text);
}

static json_t *probe_container(const struct tg_call *call)
{
    const struct tg_asset *script = tg_asset_get("probe/probe.sh");
    tg_assert(script != NULL && call->probe_interval_ms > 0);
    int64_t slots = call->probe_lifetime_s * 1000 / call->probe_interval_ms;
    return json_pack(
        "{s:s,s:s,s:[s,s,s],s:[o,o,o,o,o],s:{s:{s:s,s:s},s:{s:s,s:s}},s:{s:b,s:b,s:{s:[s]}}}",
        "name", "probe", "image", "curlimages/curl:8.11.1", "command", "sh", "-c", script->text,
        "env", variable("TIDEGATE_PROBE_TARGET", call->probe_target),
        variable("TIDEGATE_PROBE_MODEL", call->probe_model),
        number_variable("TIDEGATE_PROBE_INTERVAL_MS", call->probe_interval_ms),
        number_variable("TIDEGATE_PROBE_TIMEOUT_MS", call->probe_timeout_ms),
        number_variable("TIDEGATE_PROBE_COUNT_MAX", slots), "resources", "requests", "cpu", "50m",
        "memory", "32Mi", "limits", "cpu", "500m", "memory", "128Mi", "securityContext",
        "allowPrivilegeEscalation", 0, "readOnlyRootFilesystem", 1, "capabilities", "drop", "ALL");
}

char *tg_k8s_write_probe(const struct tg_call *call)
{
    json_t *labels =
        json_pack("{s:s,s:s,s:s}", "app.kubernetes.io/managed-by", "tidegate", "tidegate.dev/probe",
                  "true", "tidegate.dev/drill", call->drill_id != NULL ? call->drill_id : "");
    json_t *spec =
        json_pack("{s:s,s:b,s:I,s:I,s:{s:b,s:i,s:{s:s}},s:[o]}", "restartPolicy", "Never",
                  "automountServiceAccountToken", 0, "activeDeadlineSeconds",
                  (json_int_t)call->probe_lifetime_s, "terminationGracePeriodSeconds",
                  (json_int_t)1, "securityContext", "runAsNonRoot", 1, "runAsUser", 100,
                  "seccompProfile", "type", "RuntimeDefault", "containers", probe_container(call));
    return tg_json_dump(json_pack("{s:s,s:s,s:{s:s,s:s,s:o},s:o}", "apiVersion", "v1", "kind",
                                  "Pod", "metadata", "name", call->name, "namespace", call->ns,
                                  "labels", labels, "spec", spec));
}
