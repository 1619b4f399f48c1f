/* tests/unit/sim/test_k8s_fidelity.c - answers as a real kube-apiserver gave them to the same
 * requests (tests/interop/compare.sh). */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include "sim_client.h"

#define PODS       "/api/v1/namespaces/default/pods"
#define JSON_TYPE  "application/json"
#define MERGE_TYPE "application/merge-patch+json"
#define PATCH_TYPE "application/json-patch+json"
#define POD_BODY                                                             \
    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"schedulerName\":\"nobody\"," \
    "\"containers\":[{\"name\":\"c\",\"image\":\"none\"}]}}"

struct exchange {
    const char *method;
    const char *target;
    const char *type;
    const char *body;
    int status;
    const char *message;
};

static void check(struct sim_world *world, const struct exchange *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct exchange *one = &all[i];
        int status;
        json_t *answer = ask_json(world,
                                  (struct ask){.method = one->method,
                                               .target = one->target,
                                               .body = one->body,
                                               .content_type = one->type},
                                  &status);
        cr_expect_eq(status, one->status, "%s %s: %d", one->method, one->target, status);
        cr_expect_str_eq(sim_json_text(answer, "message"), one->message, "%s %s", one->method,
                         one->target);
        json_decref(answer);
    }
}

static struct sim_world *world_with_pod(void)
{
    struct sim_world *world = empty_world();
    make_config(world, "x", "a", "1");
    const struct ask create = {
        .method = "POST", .target = PODS, .body = POD_BODY, .content_type = JSON_TYPE};
    cr_assert_eq(ask_status(world, create), 201);
    return world;
}

Test(k8s_fidelity, options_that_no_verb_takes_are_refused)
{
    struct sim_world *world = world_with_pod();
    static const struct exchange all[] = {
        {"POST", CONFIGS "?dryRun=Some", JSON_TYPE, "{\"metadata\":{\"name\":\"dry\"}}", 422,
         "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: "
         "supported values: \"All\""},
        {"GET", CONFIGS "/dry", NULL, NULL, 404, "configmaps \"dry\" not found"},
        {"DELETE", CONFIGS "/x?propagationPolicy=Never", NULL, NULL, 422,
         "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: "
         "\"Never\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""},
        {"DELETE", CONFIGS "/x", JSON_TYPE,
         "{\"orphanDependents\":true,\"propagationPolicy\":\"Orphan\"}", 422,
         "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: "
         "\"Orphan\": orphanDependents and deletionPropagation cannot be both set"},
        {"PATCH", CONFIGS "/x?force=true", MERGE_TYPE, "{}", 422,
         "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for "
         "non-apply patch"},
        {"PATCH", CONFIGS "/x", "application/apply-patch+yaml", "{}", 422,
         "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
         "apply patch"},
        {"GET", CONFIGS "?limit=x", NULL, NULL, 400,
         "strconv.ParseInt: parsing \"x\": invalid syntax"},
        {"GET", CONFIGS "?resourceVersion=abc", NULL, NULL, 400,
         "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: "
         "parsing \"abc\": invalid syntax"},
        {"GET", CONFIGS "?watch=1&resourceVersion=abc", NULL, NULL, 500,
         "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid "
         "syntax"},
        {"GET", CONFIGS "?resourceVersion=0&resourceVersionMatch=Exact", NULL, NULL, 422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
         "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
        {"GET", CONFIGS "?resourceVersion=1&resourceVersionMatch=Newer", NULL, NULL, 422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: "
         "\"Newer\": supported values: \"Exact\", \"NotOlderThan\", \"\""},
        {"GET", CONFIGS "?sendInitialEvents=true", NULL, NULL, 422,
         "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents "
         "is forbidden for list"},
        {"GET", CONFIGS "?watch=1&sendInitialEvents=true", NULL, NULL, 422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
         "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
    };
    check(world, all, sizeof all / sizeof all[0]);
    sim_world_free(world);
}

Test(k8s_fidelity, preconditions_of_a_deletion)
{
    struct sim_world *world = world_with_pod();
    static const struct exchange all[] = {
        {"DELETE", PODS "/p", JSON_TYPE, "{\"preconditions\":{\"resourceVersion\":\"1\"}}", 409,
         ""},
    };
    int status;
    json_t *answer = ask_json(world,
                              (struct ask){.method = "DELETE",
                                           .target = all[0].target,
                                           .body = all[0].body,
                                           .content_type = JSON_TYPE},
                              &status);
    cr_assert_eq(status, 409);
    cr_assert_not_null(strstr(sim_json_text(answer, "message"),
                              "Operation cannot be fulfilled on Pod \"p\": the ResourceVersion in "
                              "the precondition (1) does not match the ResourceVersion in record"));
    cr_assert_str_eq(sim_json_text(answer, "details.kind"), "Pod");
    json_decref(answer);
    answer = ask_json(world, (struct ask){.method = "DELETE", .target = PODS "/p"}, &status);
    cr_assert_str_eq(sim_json_text(answer, "kind"), "Pod", "a Pod's deletion shows the Pod");
    json_decref(answer);
    sim_world_free(world);
}

Test(k8s_fidelity, objects_that_no_server_keeps_are_refused)
{
    struct sim_world *world = world_with_pod();
    static const struct exchange all[] = {
        {"POST", PODS, JSON_TYPE,
         "{\"metadata\":{\"name\":\"e\"},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}", 422,
         "Pod \"e\" is invalid: spec.containers[0].image: Required value"},
        {"POST", DEPLOYMENTS, JSON_TYPE,
         "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"app\":"
         "\"a\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}",
         422,
         "Deployment.apps \"n\" is invalid: [spec.selector: Required value, "
         "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match "
         "template `labels`]"},
        {"PATCH", PODS "/p", MERGE_TYPE, "{\"spec\":{\"dnsPolicy\":\"Default\"}}", 422,
         "Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields other than "
         "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
         "`spec.tolerations` (only additions to existing tolerations),"
         "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
         "negative)"},
        {"PATCH", CONFIGS "/x", MERGE_TYPE, "{\"metadata\":{\"labels\":{\"a\":\"-b-\"}}}", 422,
         "ConfigMap \"x\" is invalid: metadata.labels: Invalid value: \"-b-\": a valid label must "
         "be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
         "start "
         "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
         "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
        {"PATCH", CONFIGS "/x", MERGE_TYPE, "{\"metadata\":{\"finalizers\":[\"e.com/a\"]}}", 200,
         ""},
        {"DELETE", CONFIGS "/x", NULL, NULL, 200, ""},
        {"PATCH", CONFIGS "/x", MERGE_TYPE,
         "{\"metadata\":{\"finalizers\":[\"e.com/a\",\"e.com/b\"]}}", 422,
         "ConfigMap \"x\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be "
         "added if the object is being deleted, found new finalizers []string{\"e.com/b\"}"},
    };
    check(world, all, sizeof all / sizeof all[0]);
    sim_world_free(world);
}

static json_t *created(struct sim_world *world, const char *target, const char *body)
{
    int status;
    json_t *answer = ask_json(
        world,
        (struct ask){.method = "POST", .target = target, .body = body, .content_type = JSON_TYPE},
        &status);
    cr_assert_eq(status, 201, "%d: %s", status, sim_json_text(answer, "message"));
    return answer;
}

Test(k8s_fidelity, what_was_left_out_is_filled)
{
    struct sim_world *world = empty_world();
    json_t *made = created(world, "/api/v1/namespaces/default/services",
                           "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"type\":\"LoadBalancer\","
                           "\"ports\":[{\"port\":80}]}}");
    cr_expect_str_eq(json_string_value(json_array_get(sim_json_at(made, "spec.clusterIPs"), 0)),
                     sim_json_text(made, "spec.clusterIP"));
    cr_expect_str_eq(sim_json_text(made, "spec.ipFamilyPolicy"), "SingleStack");
    cr_expect_str_eq(sim_json_text(made, "spec.externalTrafficPolicy"), "Cluster");
    cr_expect_not_null(sim_json_at(made, "status.loadBalancer"));
    json_decref(made);
    made = created(world, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"n\"}}");
    cr_expect_str_eq(sim_json_text(made, "status.phase"), "Active");
    const json_t *labels = sim_json_at(made, "metadata.labels");
    cr_expect_str_eq(json_string_value(json_object_get(labels, "kubernetes.io/metadata.name")),
                     "n");
    json_decref(made);
    made =
        created(world, "/apis/batch/v1/namespaces/default/jobs",
                "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"suspend\":true,\"template\":{"
                "\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":"
                "\"i\"}]}}}}");
    const json_t *selector = sim_json_at(made, "spec.selector.matchLabels");
    cr_expect_str_eq(
        json_string_value(json_object_get(selector, "batch.kubernetes.io/controller-uid")),
        sim_json_text(made, "metadata.uid"));
    json_decref(made);
    sim_world_free(world);
}

Test(k8s_fidelity, a_pod_has_its_account_its_quality_and_a_generation)
{
    struct sim_world *world = empty_world();
    json_t *made = created(world, PODS,
                           "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"schedulerName\":\"nobody\","
                           "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{"
                           "\"limits\":{\"cpu\":1,\"memory\":\"1Gi\"}},\"livenessProbe\":{"
                           "\"httpGet\":{\"port\":80}}}]}}");
    const json_t *container = json_array_get(sim_json_at(made, "spec.containers"), 0);
    cr_expect_str_eq(sim_json_text(made, "status.qosClass"), "Guaranteed");
    cr_expect_str_eq(sim_json_text(container, "resources.requests.cpu"), "1");
    cr_expect_eq(sim_json_int(container, "livenessProbe.periodSeconds", 0), 10);
    cr_expect_str_eq(sim_json_text(container, "livenessProbe.httpGet.scheme"), "HTTP");
    cr_expect_eq(sim_json_count(made, "spec.volumes"), 1);
    cr_expect_eq(sim_json_count(made, "spec.tolerations"), 2);
    cr_expect_eq(sim_json_int(made, "metadata.generation", 0), 1);
    json_decref(made);
    sim_world_free(world);
}

static int64_t generation_after(struct sim_world *world, const char *patch)
{
    int status;
    json_t *answer = ask_json(world,
                              (struct ask){.method = "PATCH",
                                           .target = DEPLOYMENTS "/web",
                                           .body = patch,
                                           .content_type = MERGE_TYPE},
                              &status);
    int64_t generation = sim_json_int(answer, "metadata.generation", 0);
    json_decref(answer);
    return generation;
}

Test(k8s_fidelity, annotations_of_a_deployment_are_a_new_generation)
{
    struct sim_world *world = empty_world();
    json_decref(created(world, DEPLOYMENTS, DEPLOYMENT_BODY));
    cr_expect_eq(generation_after(world, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"), 1);
    cr_expect_eq(generation_after(world, "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}"), 2);
    sim_world_free(world);
}

Test(k8s_fidelity, selectors_are_read_strictly)
{
    struct sim_world *world = empty_world();
    static const struct exchange all[] = {
        {"GET", CONFIGS "?labelSelector=app%20in%20many", NULL, NULL, 400,
         "unable to parse requirement: found 'many' expected: '('"},
        {"GET", CONFIGS "?labelSelector=a%3Db%3Dc", NULL, NULL, 400,
         "found '=', expected: ',' or 'end of string'"},
        {"GET", CONFIGS "?labelSelector=%3Da", NULL, NULL, 400,
         "found '=', expected: !, identifier, or 'end of string'"},
        {"GET", CONFIGS "?labelSelector=a,,b", NULL, NULL, 400,
         "found ',', expected: identifier after ','"},
        {"GET", CONFIGS "?labelSelector=a%21b", NULL, NULL, 400,
         "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"},
        {"GET", CONFIGS "?labelSelector=a%3Ex", NULL, NULL, 400,
         "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, "
         "the value must be an integer"},
        {"GET", CONFIGS "?labelSelector=a%20in%20(b", NULL, NULL, 400,
         "unable to parse requirement: found '', expected: ',' or ')'"},
        {"GET", CONFIGS "?fieldSelector=data.k%3Dv", NULL, NULL, 400,
         "\"data.k\" is not a known field selector: only \"metadata.name\", "
         "\"metadata.namespace\""},
        {"GET", PODS "?fieldSelector=spec.foo%3Dbar", NULL, NULL, 400,
         "field label not supported: spec.foo"},
    };
    check(world, all, sizeof all / sizeof all[0]);
    sim_world_free(world);
}

Test(k8s_fidelity, patches_that_make_no_sense)
{
    struct sim_world *world = world_with_pod();
    static const char apply[] = "application/apply-patch+yaml";
    const struct exchange all[] = {
        {"PATCH", CONFIGS "/x", PATCH_TYPE, "{\"op\":\"add\"}", 400,
         "error decoding patch: json: cannot unmarshal object into Go value of type "
         "[]handlers.jsonPatchOp"},
        {"PATCH", CONFIGS "/x", PATCH_TYPE, "[{\"op\":\"remove\",\"path\":\"/data/n\"}]", 422,
         "the server rejected our request due to an error in our request"},
        {"PATCH", CONFIGS "/x", MERGE_TYPE, "{", 400,
         "error decoding patch: unexpected end of JSON input"},
        {"PATCH", CONFIGS "/x", JSON_TYPE, "{}", 415, "415: Unsupported Media Type"},
        {"PATCH", CONFIGS "/x", MERGE_TYPE, "{\"metadata\":{\"name\":\"b\"}}", 400,
         "the name of the object (b) does not match the name on the URL (x)"},
        {"PATCH", CONFIGS "/x", MERGE_TYPE, "{\"metadata\":{\"uid\":\"u\"}}", 422,
         "ConfigMap \"x\" is invalid: metadata.uid: Invalid value: \"u\": field is immutable"},
        {"PATCH", CONFIGS "/x?fieldManager=m", apply, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}",
         400, "invalid object type: /v1, Kind=Pod"},
        {"PATCH", CONFIGS "/x?fieldManager=m", apply,
         "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"dada\":{}}", 500,
         "failed to create typed patch object (/; /v1, Kind=ConfigMap): .dada: field not declared "
         "in schema"},
        {"POST", CONFIGS, JSON_TYPE, "{\"kind\":", 400,
         "the object provided is unrecognized (must be of type ConfigMap): couldn't get "
         "version/kind; json parse error: unexpected end of JSON input ({\"kind\":)"},
    };
    check(world, all, sizeof all / sizeof all[0]);
    const struct ask log = {.target = PODS "/p/log"};
    cr_expect_eq(ask_status(world, log), 204, "no kubelet has the Pod");
    sim_world_free(world);
}

Test(k8s_fidelity, a_namespace_takes_along_what_is_in_it)
{
    struct sim_world *world = empty_world();
    json_decref(created(world, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"n\"}}"));
    json_decref(
        created(world, "/api/v1/namespaces/n/configmaps", "{\"metadata\":{\"name\":\"c\"}}"));
    int status;
    json_t *answer = ask_json(
        world, (struct ask){.method = "DELETE", .target = "/api/v1/namespaces/n"}, &status);
    cr_expect_str_eq(sim_json_text(answer, "status.phase"), "Terminating");
    json_decref(answer);
    static const struct exchange late[] = {
        {"POST", "/api/v1/namespaces/n/configmaps", JSON_TYPE, "{\"metadata\":{\"name\":\"d\"}}",
         403,
         "configmaps is forbidden: unable to create new content in namespace n because it is being "
         "terminated"},
    };
    check(world, late, 1);
    sim_world_run_until(world, sim_world_now_us(world) + 5000000);
    static const struct exchange gone[] = {
        {"GET", "/api/v1/namespaces/n", NULL, NULL, 404, "namespaces \"n\" not found"},
        {"GET", "/api/v1/namespaces/n/configmaps/c", NULL, NULL, 404, "configmaps \"c\" not found"},
    };
    check(world, gone, 2);
    sim_world_free(world);
}

Test(k8s_fidelity, bodies_of_other_kinds)
{
    struct sim_world *world = world_with_pod();
    static const struct exchange all[] = {
        {"POST", PODS, JSON_TYPE, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}", 400,
         "ConfigMap in version \"v1\" cannot be handled as a Pod: converting (v1.ConfigMap) to "
         "(core.Pod): unknown conversion"},
        {"POST", PODS, JSON_TYPE, "{\"apiVersion\":\"v2\",\"kind\":\"Pod\"}", 400,
         "Pod in version \"v2\" cannot be handled as a Pod: no kind \"Pod\" is registered for "
         "version \"v2\" in scheme \"pkg/runtime/scheme.go:110\""},
        {"POST", CONFIGS, JSON_TYPE, "{\"metadata\":{\"name\":\"t\"},\"data\":{\"k\":1}}", 400,
         "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal "
         "number into Go struct field ConfigMap.data of type string"},
        {"PATCH", CONFIGS "/x?fieldValidation=Strict", MERGE_TYPE, "{\"dada\":{\"a\":\"b\"}}", 422,
         " \"\" is invalid: patch: Invalid value: \"map[dada:map[a:b]]\": strict decoding error: "
         "unknown field \"dada\""},
    };
    check(world, all, sizeof all / sizeof all[0]);
    sim_world_free(world);
}

Test(k8s_fidelity, fields_that_a_kind_has_not_are_dropped)
{
    struct sim_world *world = empty_world();
    json_t *made = created(world, CONFIGS,
                           "{\"metadata\":{\"name\":\"d\",\"lables\":{}},\"dada\":{\"a\":\"b\"}}");
    cr_expect_null(json_object_get(made, "dada"));
    cr_expect_null(sim_json_at(made, "metadata.lables"));
    json_decref(made);
    sim_world_free(world);
}

Test(k8s_fidelity, fields_that_stand_inline_are_known)
{
    struct sim_world *world = empty_world();
    json_t *made = created(
        world, "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims",
        "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"devices\":{\"config\":[{\"opaque\":{\"driver\":"
        "\"dra.net\",\"parameters\":{\"a\":1}}}]}}}");
    const json_t *config = json_array_get(sim_json_at(made, "spec.devices.config"), 0);
    cr_expect_str_eq(sim_json_text(config, "opaque.driver"), "dra.net");
    cr_expect_eq(sim_json_int(config, "opaque.parameters.a", 0), 1);
    json_decref(made);
    sim_world_free(world);
}

Test(k8s_fidelity, the_end_of_initial_events_is_marked_in_tables_too)
{
    struct sim_world *world = empty_world();
    struct sim_response response =
        ask(world,
            (struct ask){.target = CONFIGS "?watch=1&sendInitialEvents=true&resourceVersionMatch="
                                           "NotOlderThan&allowWatchBookmarks=true&labelSelector=a",
                         .accept = "application/json;as=Table;g=meta.k8s.io;v=v1"});
    char text[2000];
    bool is_end = false;
    size_t len = response.stream->read(response.stream, text, sizeof text - 1, &is_end);
    text[len] = '\0';
    json_t *event = json_loads(text, 0, NULL);
    const json_t *row = json_array_get(sim_json_at(event, "object.rows"), 0);
    const json_t *annotations = sim_json_at(row, "object.metadata.annotations");
    cr_expect_str_eq(json_string_value(json_object_get(annotations, "k8s.io/initial-events-end")),
                     "true", "%s", text);
    json_decref(event);
    sim_response_fini(&response);
    sim_world_free(world);
}

/* Managers are noted before admission: what that adds is nobody's. */
Test(k8s_fidelity, admission_adds_no_managed_fields)
{
    struct sim_world *world = world_with_pod();
    json_t *pod = ask_json(world, (struct ask){.target = PODS "/p"}, NULL);
    cr_assert_gt(sim_json_count(pod, "spec.volumes"), 0, "admission gave it a token");
    cr_assert_gt(sim_json_count(pod, "spec.tolerations"), 0);
    const json_t *entry = json_array_get(sim_json_at(pod, "metadata.managedFields"), 0);
    const json_t *spec = sim_json_at(entry, "fieldsV1.f:spec");
    cr_assert_not_null(json_object_get(spec, "f:containers"));
    cr_assert_not_null(json_object_get(spec, "f:dnsPolicy"), "defaults are the creator's");
    cr_assert_null(json_object_get(spec, "f:volumes"));
    cr_assert_null(json_object_get(spec, "f:tolerations"));
    cr_assert_null(json_object_get(spec, "f:priority"));
    cr_assert_null(json_object_get(spec, "f:serviceAccountName"));
    json_decref(pod);
    sim_world_free(world);
}

#define SERVICE "/api/v1/namespaces/default/services/s?fieldManager=m"
#define POD     "/api/v1/namespaces/default/pods/p?fieldManager=m"
#define SERVICE_BODY(ports)                                                                \
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"},\"spec\":{" \
    "\"ports\":" ports "}}"
#define POD_OF(containers)                                                   \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}," \
    "\"spec\":{\"containers\":" containers "}}"

Test(k8s_fidelity, elements_of_applied_lists_need_their_keys)
{
    struct sim_world *world = world_with_pod();
    const char *apply = "application/apply-patch+yaml";
    const struct exchange all[] = {
        {"PATCH", SERVICE, apply,
         SERVICE_BODY("[{\"port\":80},{\"port\":80,\"protocol\":\"TCP\"}]"), 500,
         "failed to create typed patch object (/s; /v1, Kind=Service): .spec.ports: duplicate "
         "entries for key [port=80,protocol=\"TCP\"]"},
        {"PATCH", SERVICE, apply, SERVICE_BODY("[null]"), 500,
         "failed to create typed patch object (/s; /v1, Kind=Service): .spec.ports: element 0: "
         "associative list with keys may not have a null element"},
        {"PATCH", SERVICE, apply, SERVICE_BODY("[{\"port\":\"80\"}]"), 500,
         "failed to create typed patch object (/s; /v1, Kind=Service): "
         ".spec.ports[port=\"80\",protocol=\"TCP\"].port: expected numeric (int or float), got "
         "string"},
        {"PATCH", SERVICE, apply, SERVICE_BODY("[{\"name\":\"a\"}]"), 422,
         "Service \"s\" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and "
         "65535, inclusive, spec.ports[0].targetPort: Invalid value: 0: must be between 1 and "
         "65535, inclusive]"},
        {"PATCH", POD, apply, POD_OF("[{\"name\":7}]"), 500,
         "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.containers[name=7].name: "
         "expected string, got &value.valueUnstructured{Value:7}"},
        {"PATCH", POD, apply, POD_OF("[\"x\"]"), 500,
         "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.containers: element 0: "
         "associative list with keys may not have non-map elements"},
        {"PATCH", POD, apply, POD_OF("[{\"image\":\"x\"},{\"image\":\"y\"}]"), 500,
         "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.containers: duplicate "
         "entries for key [name=\"\"]"},
    };
    check(world, all, sizeof all / sizeof all[0]);
    int status;
    json_t *refused = ask_json(world,
                               (struct ask){.method = "PATCH",
                                            .target = POD,
                                            .body = POD_OF("[{\"image\":\"x\"}]"),
                                            .content_type = apply},
                               &status);
    cr_assert_eq(status, 422, "an element without its key becomes none of the Pod's");
    cr_assert_not_null(strstr(sim_json_text(refused, "message"), ".name: Required value"));
    json_decref(refused);
    sim_world_free(world);
}
