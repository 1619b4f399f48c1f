/* sim/lab_gateway.c - the lab's sections 7 and 8: pool, picker, gateway, route and policies. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/lab_release.h"
#include "sim/shape.h"

#define GATEWAY    "cross-region-gateway"
#define CLASS      "gke-l7-cross-regional-internal-managed-mc"
#define CONTROLLER "networking.gke.io/gateway"
#define PICKER     "gemma-pool-epp"

uint64_t sim_lab_project_number(struct sim_world *world)
{
    return UINT64_C(100000000000) +
           tg_hash_str(sim_world_config(world)->project) % UINT64_C(900000000000);
}

const char *sim_lab_balancer_name(struct sim_world *world, const char *what, char *out, size_t size)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t hash = tg_hash_str(what) ^ tg_hash_str(sim_world_config(world)->project);
    char tail[13];
    for (int i = 0; i < 12; i++) {
        tail[i] = letters[hash % (sizeof letters - 1)];
        hash /= 3;
    }
    tail[12] = '\0';
    snprintf(out, size, "gkemcg1-default-%s-%s", what, tail);
    return out;
}

/* ---- section 7 ---- */

static json_t *picker_deployment(void)
{
    return sim_shape(
        "{'metadata':{'name':'" PICKER
        "','namespace':'default','labels':{'app.kubernetes.io/name':'" PICKER "',"
        "'app.kubernetes.io/version':'v1.1.0','app.kubernetes.io/"
        "managed-by':'Helm'},'annotations':{"
        "'meta.helm.sh/release-name':'gemma-pool','meta.helm.sh/"
        "release-namespace':'default'}},'spec':{'replicas':1,"
        "'strategy':{'type':'Recreate'},'selector':{'matchLabels':{'inferencepool':'" PICKER
        "'}},'template':{"
        "'metadata':{'labels':{'inferencepool':'" PICKER "'}},'spec':{'serviceAccountName':'" PICKER
        "',"
        "'terminationGracePeriodSeconds':130,'containers':[{'name':'epp',"
        "'image':'registry.k8s.io/gateway-api-inference-extension/"
        "epp:v1.1.0','imagePullPolicy':'Always','args':["
        "'--pool-name','gemma-pool','--pool-namespace','default','--pool-group','inference."
        "networking.k8s.io',"
        "'--zap-encoder','json','--config-file','/config/"
        "default-plugins.yaml','--v','1','--tracing','false',"
        "'--metrics-endpoint-auth=false'],'ports':[{'name':'grpc','containerPort':9002},{'name':'"
        "grpc-health',"
        "'containerPort':9003},{'name':'metrics','containerPort':9090}],'readinessProbe':{'grpc':{'"
        "port':9003,"
        "'service':'inference-extension'},'periodSeconds':2}}]}}}}");
}

static const struct sim_resource *rights(const char *plural)
{
    return sim_resource_find("rbac.authorization.k8s.io", "v1", plural);
}

static json_t *binding(const char *name, const char *ns, const char *role_kind, const char *role,
                       const char *account, const char *account_ns)
{
    json_t *object =
        sim_shape("{'metadata':{'name':'%s'},'subjects':[{'kind':'ServiceAccount','name':"
                  "'%s','namespace':'%s'}],'roleRef':{'apiGroup':"
                  "'rbac.authorization.k8s.io','kind':'%s','name':'%s'}}",
                  name, account, account_ns, role_kind, role);
    if (ns != NULL) {
        json_object_set_new(json_object_get(object, "metadata"), "namespace", json_string(ns));
    }
    return object;
}

static void add_rights(struct sim_release *release)
{
    sim_release_add(
        release, rights("clusterroles"),
        sim_shape("{'metadata':{'name':'gemma-pool-default-epp'},'rules':[{'apiGroups':["
                  "'authentication.k8s.io'],'resources':['tokenreviews'],'verbs':['create']},{"
                  "'apiGroups':['authorization.k8s.io'],'resources':['subjectaccessreviews'],"
                  "'verbs':['create']}]}"));
    sim_release_add(release, rights("clusterrolebindings"),
                    binding("gemma-pool-default-epp", NULL, "ClusterRole", "gemma-pool-default-epp",
                            PICKER, "default"));
    sim_release_add(
        release, rights("roles"),
        sim_shape("{'metadata':{'name':'" PICKER "','namespace':'default'},'rules':[{'apiGroups':["
                  "'inference.networking.x-k8s.io'],'resources':['inferenceobjectives'],'verbs':["
                  "'get','watch','list']},{'apiGroups':['inference.networking.k8s.io'],"
                  "'resources':['inferencepools'],'verbs':['get','watch','list']},{'apiGroups':["
                  "''],'resources':['pods'],'verbs':['get','watch','list']}]}"));
    sim_release_add(release, rights("rolebindings"),
                    binding(PICKER, "default", "Role", PICKER, PICKER, "default"));
}

/* What collects the picker's metrics. */
static void add_monitoring(struct sim_release *release)
{
    static const char reader[] = "gemma-pool-metrics-reader";
    const struct sim_kinds *kinds = sim_world_kinds(release->region->world);
    sim_release_add(release, kinds->service_account,
                    sim_shape("{'metadata':{'name':'%s-sa','namespace':'default'}}", reader));
    sim_release_add(
        release, kinds->secret,
        sim_shape("{'metadata':{'name':'%s-secret','namespace':'default','annotations':{"
                  "'kubernetes.io/service-account.name':'%s-sa'}},'type':"
                  "'kubernetes.io/service-account-token','data':{'token':"
                  "'c2ltdWxhdGVk'}}",
                  reader, reader));
    sim_release_add(
        release, kinds->pod_monitoring,
        sim_shape("{'metadata':{'name':'gemma-pool','namespace':'default'},'spec':{'endpoints':[{"
                  "'port':'metrics','scheme':'http','interval':'10s','path':'/metrics',"
                  "'authorization':{'type':'Bearer','credentials':{'secret':{'name':'%s-secret',"
                  "'key':'token'}}}}],'selector':{'matchLabels':{'inferencepool':'" PICKER "'}}}}",
                  reader));
    sim_release_add(release, rights("clusterroles"),
                    sim_shape("{'metadata':{'name':'default-%s'},'rules':[{'nonResourceURLs':["
                              "'/metrics'],'verbs':['get']}]}",
                              reader));
    sim_release_add(release, rights("clusterrolebindings"),
                    binding("default-gemma-pool-metrics-reader-role-binding", NULL, "ClusterRole",
                            "default-gemma-pool-metrics-reader", "gemma-pool-metrics-reader-sa",
                            "default"));
    sim_release_add(
        release, rights("roles"),
        sim_shape("{'metadata':{'name':'%s-secret-read','namespace':'default'},'rules':[{"
                  "'apiGroups':[''],'resources':['secrets'],'resourceNames':["
                  "'%s-secret'],'verbs':['get','list','watch']}]}",
                  reader, reader));
    sim_release_add(release, rights("rolebindings"),
                    binding("gmp-system:collector:default-gemma-pool-metrics-reader-secret-read",
                            "default", "Role", "gemma-pool-metrics-reader-secret-read", "collector",
                            "gmp-system"));
}

/* Those of the single-cluster path; what the fleet's balancer does is said by the policies on the
 * import. */
static void add_policies(struct sim_release *release)
{
    const struct sim_kinds *kinds = sim_world_kinds(release->region->world);
    sim_release_add(
        release, kinds->health_policy,
        sim_shape(
            "{'metadata':{'name':'gemma-pool','namespace':'default'},'spec':{'targetRef':{'group':"
            "'inference.networking.k8s.io','kind':'InferencePool','name':'gemma-pool'},'default':{"
            "'timeoutSec':2,'checkIntervalSec':2,'config':{'type':'HTTP','httpHealthCheck':{"
            "'requestPath':'/health','port':8000}}}}}"));
    sim_release_add(
        release, kinds->backend_policy,
        sim_shape(
            "{'metadata':{'name':'gemma-pool','namespace':'default'},'spec':{'targetRef':{'group':"
            "'inference.networking.k8s.io','kind':'InferencePool','name':'gemma-pool'},'default':{"
            "'timeoutSec':300,'logging':{'enabled':true}}}}"));
}

void sim_lab_pool(struct sim_region *region)
{
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    sim_definition_create(region, kinds->objective);
    sim_shape_create(
        region->store, kinds->objective,
        sim_shape(
            "{'metadata':{'name':'gemma-objective','namespace':'default'},'spec':{'priority':10,"
            "'poolRef':{'name':'gemma-pool','group':'inference.networking.k8s.io'}}}"));
    sim_shape_create(region->store, kinds->metric,
                     sim_shape("{'metadata':{'name':'tpu-cache','namespace':'default'},'spec':{'"
                               "selector':{'matchLabels':"
                               "{'app':'gemma-server'}},'endpoints':[{'port':8000,'path':'/"
                               "metrics','metrics':[{'name':"
                               "'vllm:kv_cache_usage_perc','exportName':'tpu-cache'}]}]}}"));
    struct sim_release release;
    sim_release_init(&release, region, "gemma-pool");
    add_rights(&release);
    sim_release_add(&release, kinds->service_account,
                    sim_shape("{'metadata':{'name':'" PICKER "','namespace':'default'}}"));
    sim_release_add(
        &release, kinds->config_map,
        sim_shape(
            "{'metadata':{'name':'" PICKER
            "','namespace':'default'},'data':{'default-plugins.yaml':"
            "'apiVersion: inference.networking.x-k8s.io/v1alpha1\\nkind: EndpointPickerConfig\\n"
            "plugins:\\n- type: queue-scorer\\n- type: kv-cache-utilization-scorer\\n"
            "- type: prefix-cache-scorer\\n'}}"));
    sim_release_add(
        &release, kinds->service,
        sim_shape("{'metadata':{'name':'" PICKER
                  "','namespace':'default'},'spec':{'type':'ClusterIP',"
                  "'clusterIP':'34.118.225.%d','selector':{'inferencepool':'" PICKER "'},'ports':["
                  "{'name':'grpc-ext-proc','protocol':'TCP','port':9002,'targetPort':9002},"
                  "{'name':'http-metrics','protocol':'TCP','port':9090,'targetPort':9090}]}}",
                  20 + region->index % 200));
    sim_release_add(&release, kinds->deployment, picker_deployment());
    json_t *pool = sim_shape(
        "{'metadata':{'name':'gemma-pool','namespace':'default','labels':{'app.kubernetes.io/"
        "name':'" PICKER "',"
        "'app.kubernetes.io/version':'v1.1.0','app.kubernetes.io/"
        "managed-by':'Helm'},'annotations':{"
        "'meta.helm.sh/release-name':'gemma-pool','meta.helm.sh/release-namespace':'default',"
        "'networking.gke.io/"
        "export':'True'}},'spec':{'targetPorts':[{'number':8000}],'selector':{'matchLabels':"
        "{'app':'gemma-server'}},'endpointPickerRef':{'group':'','kind':'Service','name':'" PICKER
        "',"
        "'port':{'number':9002},'failureMode':'FailClose'}}}");
    json_t *parent =
        sim_shape("{'parentRef':{'group':'networking.gke.io','kind':'GCPInferencePoolImport',"
                  "'namespace':'default','name':'gemma-pool'},'controllerName':'" CONTROLLER "'}");
    sim_shape_condition(world, parent, "Accepted", true, "Accepted", "", NULL);
    sim_shape_condition(world, parent, "ResolvedRefs", true, "ResolvedRefs", "", NULL);
    sim_shape_condition(world, parent, "Exported", true, "Exported", "", NULL);
    json_object_set_new(pool, "status", json_pack("{s:[o]}", "parents", parent));
    sim_release_add(&release, kinds->pool, pool);
    add_policies(&release);
    if (region->index == 0) { /* inferenceExtension.monitoring.gke.enabled, in the config cluster */
        add_monitoring(&release);
    }
    sim_release_finish(&release, "inferencepool", "v1.1.0");
}

/* ---- section 8 ---- */

static json_t *with_observed(struct sim_world *world, json_t *status, const char *type,
                             const char *reason)
{
    sim_shape_condition(world, status, type, true, reason, "",
                        json_pack("{s:i}", "observedGeneration", 1));
    return status;
}

json_t *sim_lab_gateway_annotations(struct sim_world *world)
{
    char name[120];
    char service[120];
    char now[SIM_TIME_SIZE];
    uint64_t number = sim_lab_project_number(world);
    sim_lab_balancer_name(world, GATEWAY, name, sizeof name);
    sim_lab_balancer_name(world, "gemma-pool-8000", service, sizeof service);
    return sim_shape(
        "{'networking.gke.io/addresses':'','networking.gke.io/backend-services':"
        "'/projects/%" PRIu64 "/global/backendServices/%s','networking.gke.io/firewalls':"
        "'/projects/%" PRIu64 "/global/firewalls/gkemcg1-l7-tpu-gke-dranet-vpc-global',"
        "'networking.gke.io/forwarding-rules':'/projects/%" PRIu64 "/global/forwardingRules/%s-us, "
        "/projects/%" PRIu64 "/global/forwardingRules/%s-eu','networking.gke.io/health-checks':"
        "'/projects/%" PRIu64 "/global/healthChecks/%s','networking.gke.io/target-http-proxies':"
        "'/projects/%" PRIu64 "/global/targetHttpProxies/%s','networking.gke.io/url-maps':"
        "'/projects/%" PRIu64 "/global/urlMaps/%s','networking.gke.io/last-reconcile-time':'%s'}",
        number, service, number, number, name, number, name, number, service, number, name, number,
        name, sim_shape_time(world, now));
}

static json_t *gateway_object(struct sim_world *world)
{
    json_t *gateway =
        sim_shape("{'metadata':{'name':'" GATEWAY "','namespace':'default','finalizers':["
                  "'gateway.finalizer.networking.gke.io']},'spec':{'gatewayClassName':'" CLASS
                  "','addresses':[],"
                  "'listeners':[{'name':'http','protocol':'HTTP','port':80,'allowedRoutes':{'"
                  "namespaces':{'from':'Same'}}}]},"
                  "'status':{'addresses':[],'listeners':[{'name':'http','attachedRoutes':1,'"
                  "supportedKinds':[{'group':"
                  "'gateway.networking.k8s.io','kind':'HTTPRoute'}]}]}}");
    json_object_set_new(json_object_get(gateway, "metadata"), "annotations",
                        sim_lab_gateway_annotations(world));
    json_t *status = json_object_get(gateway, "status");
    json_t *wanted = sim_json_at(gateway, "spec.addresses");
    json_t *given = json_object_get(status, "addresses");
    for (int i = sim_world_region_count(world) - 1; i >= 0; i--) {
        const struct sim_region *region = sim_world_region(world, i);
        json_array_append_new(
            wanted, sim_shape("{'type':'networking.gke.io/named-address-with-region','value':"
                              "'regions/%s/addresses/gemma-gateway-ip-%s'}",
                              region->name, region->name));
        json_array_append_new(given, sim_shape("{'type':'IPAddress','value':'%s'}", region->vip));
    }
    with_observed(world, status, "Accepted", "Accepted");
    with_observed(world, status, "Programmed", "Programmed");
    with_observed(world, status, "networking.gke.io/GatewayHealthy", "Healthy");
    json_t *listener = json_array_get(json_object_get(status, "listeners"), 0);
    with_observed(world, listener, "Accepted", "Accepted");
    with_observed(world, listener, "Programmed", "Programmed");
    with_observed(world, listener, "ResolvedRefs", "ResolvedRefs");
    sim_shape_condition(world, listener, "Conflicted", false, "NoConflicts", "", NULL);
    return gateway;
}

static json_t *attached(struct sim_world *world, json_t *policy)
{
    json_t *status = json_object();
    with_observed(world, status, "Attached", "Attached");
    json_object_set_new(policy, "status", status);
    return policy;
}

static json_t *route_object(struct sim_world *world)
{
    json_t *route = sim_shape(
        "{'metadata':{'name':'gemma-route','namespace':'default'},'spec':{'parentRefs':[{'group':"
        "'gateway.networking.k8s.io','kind':'Gateway','name':'" GATEWAY "'}],'rules':[{"
        "'matches':[{'path':{'type':'PathPrefix','value':'/'}}],'backendRefs':[{'group':"
        "'networking.gke.io','kind':'GCPInferencePoolImport','name':'gemma-pool','port':8000,"
        "'weight':1}]}]}}");
    json_t *parent = sim_shape(
        "{'parentRef':{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'" GATEWAY
        "'},'controllerName':'" CONTROLLER "'}");
    with_observed(world, parent, "Accepted", "Accepted");
    with_observed(world, parent, "ResolvedRefs", "ResolvedRefs");
    with_observed(world, parent, "Reconciled", "ReconciliationSucceeded");
    json_object_set_new(route, "status", json_pack("{s:[o]}", "parents", parent));
    return route;
}

void sim_lab_gateway(struct sim_region *region)
{
    struct sim_world *world = region->world;
    const struct sim_kinds *kinds = sim_world_kinds(world);
    json_t *import =
        sim_shape("{'metadata':{'name':'gemma-pool','namespace':'default'},'spec':{},'status':{}}");
    with_observed(world, json_object_get(import, "status"), "Accepted", "Accepted");
    sim_shape_create(region->store, kinds->import, import);
    sim_shape_create(region->store, kinds->gateway, gateway_object(world));
    sim_shape_create(region->store, kinds->route, route_object(world));
    sim_shape_create(
        region->store, kinds->health_policy,
        attached(
            world,
            sim_shape("{'metadata':{'name':'gemma-health-check','namespace':'default'},'spec':{"
                      "'targetRef':{'group':'networking.gke.io','kind':'GCPInferencePoolImport',"
                      "'name':'gemma-pool'},'default':{'config':{'type':'HTTP','httpHealthCheck':{"
                      "'requestPath':'/health','port':8000}}}}}")));
    sim_shape_create(
        region->store, kinds->backend_policy,
        attached(
            world,
            sim_shape(
                "{'metadata':{'name':'gemma-backend-policy','namespace':'default'},'spec':{'"
                "targetRef':{"
                "'group':'networking.gke.io','kind':'GCPInferencePoolImport','name':'gemma-pool'},"
                "'default':{'timeoutSec':100,'balancingMode':'CUSTOM_METRICS','trafficDuration':'"
                "LONG',"
                "'customMetrics':[{'name':'gke.named_metrics.tpu-cache','dryRun':false,"
                "'maxUtilizationPercent':60}]}}}")));
}
