/* tests/unit/codec/test_k8s_write.c - bodies of requests that change something. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_write.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/mem.h"
#include "codec/json.h"

/* Parses and frees a body. */
static struct tg_json read_body(char *body)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    cr_assert(tg_json_parse(body, strlen(body), NULL, &document, &err), "%s: %s", err.msg, body);
    free(body);
    return document;
}

static struct tg_call *scale_call(int replicas)
{
    struct tg_call *call = tg_call_new(TG_CALL_SCALE, 0);
    call->resource = TG_KIND_DEPLOYMENT;
    call->ns = tg_strdup("default");
    call->name = tg_strdup("vllm-gemma");
    call->replicas = replicas;
    return call;
}

static const json_t *annotation(const struct tg_json *document, const char *key)
{
    return json_object_get(tg_json_at(document->root, "metadata/annotations"), key);
}

Test(k8s_write, a_drill_scales_and_leaves_what_it_takes_to_go_back)
{
    struct tg_call *call = scale_call(0);
    call->drill_id = tg_strdup("d-\"17\"");
    call->original_replicas = 2;
    call->uid = tg_strdup("the-uid");
    call->resource_version = tg_strdup("812");
    struct tg_json document = read_body(tg_k8s_write_scale(call));

    cr_assert_eq(tg_json_int(document.root, "spec/replicas", -1), 0);
    cr_assert_eq(json_object_size(tg_json_at(document.root, "spec")), 1);
    cr_assert_str_eq(json_string_value(annotation(&document, "tidegate.dev/drill")), "d-\"17\"");
    cr_assert_str_eq(json_string_value(annotation(&document, "tidegate.dev/original-replicas")),
                     "2");
    cr_assert_str_eq(tg_json_text(document.root, "metadata/uid"), "the-uid");
    cr_assert_str_eq(tg_json_text(document.root, "metadata/resourceVersion"), "812");
    tg_json_release(&document);
    tg_call_free(call);
}

Test(k8s_write, without_a_drill_both_annotations_are_removed)
{
    struct tg_call *call = scale_call(3);
    call->original_replicas = 2;
    struct tg_json document = read_body(tg_k8s_write_scale(call));

    cr_assert_eq(tg_json_int(document.root, "spec/replicas", -1), 3);
    /* null is what a merge patch removes with */
    cr_assert(json_is_null(annotation(&document, "tidegate.dev/drill")));
    cr_assert(json_is_null(annotation(&document, "tidegate.dev/original-replicas")));
    cr_assert_null(tg_json_at(document.root, "metadata/uid"));
    cr_assert_null(tg_json_at(document.root, "metadata/resourceVersion"));
    tg_json_release(&document);
    tg_call_free(call);
}

Test(k8s_write, an_access_review_asks_for_the_very_thing)
{
    struct tg_call *call = tg_call_new(TG_CALL_ACCESS_REVIEW, 0);
    call->resource = TG_KIND_DEPLOYMENT;
    call->ns = tg_strdup("default");
    call->verb = tg_strdup("patch");
    struct tg_json document = read_body(tg_k8s_write_access_review(call));
    cr_assert_str_eq(tg_json_text(document.root, "kind"), "SelfSubjectAccessReview");
    cr_assert_str_eq(tg_json_text(document.root, "apiVersion"), "authorization.k8s.io/v1");
    const json_t *asked = tg_json_at(document.root, "spec/resourceAttributes");
    cr_assert_str_eq(tg_json_text(asked, "namespace"), "default");
    cr_assert_str_eq(tg_json_text(asked, "verb"), "patch");
    cr_assert_str_eq(tg_json_text(asked, "group"), "apps");
    cr_assert_str_eq(tg_json_text(asked, "resource"), "deployments");
    cr_assert_str_eq(tg_json_text(asked, "subresource"), "");
    tg_json_release(&document);

    call->resource = TG_KIND_POD;
    call->subresource = tg_strdup("log");
    document = read_body(tg_k8s_write_access_review(call));
    asked = tg_json_at(document.root, "spec/resourceAttributes");
    cr_assert_str_eq(tg_json_text(asked, "group"), "");
    cr_assert_str_eq(tg_json_text(asked, "resource"), "pods");
    cr_assert_str_eq(tg_json_text(asked, "subresource"), "log");
    tg_json_release(&document);
    tg_call_free(call);
}

Test(k8s_write, a_deletion_may_insist_on_the_uid)
{
    struct tg_call *call = tg_call_new(TG_CALL_DELETE_POD, 0);
    struct tg_json document = read_body(tg_k8s_write_delete(call));
    cr_assert_str_eq(tg_json_text(document.root, "kind"), "DeleteOptions");
    cr_assert_str_eq(tg_json_text(document.root, "apiVersion"), "v1");
    cr_assert_str_eq(tg_json_text(document.root, "propagationPolicy"), "Background");
    cr_assert_null(tg_json_at(document.root, "preconditions"));
    tg_json_release(&document);

    call->uid = tg_strdup("pod-uid");
    document = read_body(tg_k8s_write_delete(call));
    cr_assert_str_eq(tg_json_text(document.root, "preconditions/uid"), "pod-uid");
    tg_json_release(&document);
    tg_call_free(call);
}

static struct tg_json probe(void)
{
    struct tg_call *call = tg_call_new(TG_CALL_CREATE_PROBE, 0);
    call->ns = tg_strdup("default");
    call->name = tg_strdup("tidegate-probe-1");
    call->drill_id = tg_strdup("d-17");
    call->probe_target = tg_strdup("http://10.0.0.7/v1/completions");
    call->probe_model = tg_strdup("/data/gemma-weights");
    call->probe_interval_ms = 500;
    call->probe_timeout_ms = 8000;
    call->probe_lifetime_s = 900;
    struct tg_json document = read_body(tg_k8s_write_probe(call));
    tg_call_free(call);
    return document;
}

static const json_t *only_container(const struct tg_json *document)
{
    const json_t *containers = tg_json_at(document->root, "spec/containers");
    cr_assert_eq(json_array_size(containers), 1);
    return json_array_get(containers, 0);
}

static const char *variable(const json_t *container, const char *name)
{
    const json_t *list = json_object_get(container, "env");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(tg_json_text(json_array_get(list, i), "name"), name) == 0) {
            return tg_json_text(json_array_get(list, i), "value");
        }
    }
    return "absent";
}

Test(k8s_write, the_probe_is_told_what_to_do)
{
    struct tg_json document = probe();
    const json_t *container = only_container(&document);
    const struct tg_asset *script = tg_asset_get("probe/probe.sh");

    cr_assert_str_eq(variable(container, "TIDEGATE_PROBE_TARGET"),
                     "http://10.0.0.7/v1/completions");
    cr_assert_str_eq(variable(container, "TIDEGATE_PROBE_MODEL"), "/data/gemma-weights");
    cr_assert_str_eq(variable(container, "TIDEGATE_PROBE_INTERVAL_MS"), "500");
    cr_assert_str_eq(variable(container, "TIDEGATE_PROBE_TIMEOUT_MS"), "8000");
    /* as many requests as fit into its life: 900 s at two a second */
    cr_assert_str_eq(variable(container, "TIDEGATE_PROBE_COUNT_MAX"), "1800");
    const json_t *command = json_object_get(container, "command");
    cr_assert_eq(json_array_size(command), 3);
    cr_assert_not_null(script);
    cr_assert_str_eq(json_string_value(json_array_get(command, 2)), script->text);
    tg_json_release(&document);
}

Test(k8s_write, the_probe_can_be_found_and_ends_by_itself)
{
    struct tg_json document = probe();
    const json_t *root = document.root;
    const json_t *labels = tg_json_at(root, "metadata/labels");

    cr_assert_str_eq(tg_json_text(root, "kind"), "Pod");
    cr_assert_str_eq(tg_json_text(root, "apiVersion"), "v1");
    cr_assert_str_eq(tg_json_text(root, "metadata/name"), "tidegate-probe-1");
    cr_assert_str_eq(tg_json_text(root, "metadata/namespace"), "default");
    cr_assert_str_eq(json_string_value(json_object_get(labels, "app.kubernetes.io/managed-by")),
                     "tidegate");
    cr_assert_str_eq(json_string_value(json_object_get(labels, "tidegate.dev/probe")), "true");
    cr_assert_str_eq(json_string_value(json_object_get(labels, "tidegate.dev/drill")), "d-17");
    cr_assert_str_eq(tg_json_text(root, "spec/restartPolicy"), "Never");
    cr_assert_eq(tg_json_int(root, "spec/activeDeadlineSeconds", 0), 900);
    tg_json_release(&document);
}

Test(k8s_write, the_probe_has_no_rights)
{
    struct tg_json document = probe();
    const json_t *root = document.root;
    const json_t *container = only_container(&document);

    cr_assert(json_is_false(tg_json_at(root, "spec/automountServiceAccountToken")));
    cr_assert(tg_json_bool(root, "spec/securityContext/runAsNonRoot"));
    cr_assert_str_eq(tg_json_text(root, "spec/securityContext/seccompProfile/type"),
                     "RuntimeDefault");
    cr_assert(json_is_false(tg_json_at(container, "securityContext/allowPrivilegeEscalation")));
    cr_assert(tg_json_bool(container, "securityContext/readOnlyRootFilesystem"));
    const json_t *dropped = tg_json_at(container, "securityContext/capabilities/drop");
    cr_assert_str_eq(json_string_value(json_array_get(dropped, 0)), "ALL");
    cr_assert_str_neq(tg_json_text(container, "resources/limits/memory"), "");
    tg_json_release(&document);
}
