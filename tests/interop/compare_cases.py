"""The requests of compare.py, and which differences of the answers are meant."""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import dataclasses
import json
import re
import typing

NS = "/api/v1/namespaces/compare"
APPS = "/apis/apps/v1/namespaces/compare"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclasses.dataclass
class Case:
    name: str
    request: tuple
    options: dict
    keep: typing.Optional[tuple] = None  # (name, path): the answer's value for {name} in later requests
    shape: typing.Optional[typing.Callable] = None  # what of the body is compared


# (case, path in the answer) that differ by intent, and why
EXPLAINED = [
    (r"^version", r"^body\.", "another release, built elsewhere"),
    (r"^no token", r"", "GKE knows no anonymous users"),
    (r"^account$", r"^code", "here a controller makes the account, there nobody does"),
    (r"", r"storageVersionHash", "tells what etcd holds"),
    (r"^aggregated", r"responseKind\.(group|version)$", "a real one leaves them out where they are the resource's own"),
    (r"^(resources|aggregated)", r"(finalize|/binding|/resize|nodes/proxy)$|"
     r"subresources\.(finalize|binding|resize|proxy)$|events\.k8s\.io", "not simulated"),
    (r"Deployment|ReplicaSet|order of|container|tolerations|volume|apply|scale|patch over|foreground",
     r"deployment\.kubernetes\.io/revision|metadata\.annotations$|status\.|body\.rows\[1\]|spec\.replicas$|generation$",
     "here a controller has been at it, there is none"),
    (r"labels !app|table of EndpointSlice", r"^body(\[\d\]|\.rows\[1\])$", "made by a controller"),
    (r"Namespace|namespace|CustomResourceDefinition", r"status\.(conditions|acceptedNames)", "a controller's turn"),
    (r"Node( as table)?$|^taints", r"\.(spec|status)$", "nodes come from the simulated Google Cloud alone"),
    (r"YAML|other media type|not acceptable", r"", "the simulated server speaks JSON, and protobuf where kubectl sends it"),
    (r"^aggregated", r"autoscaling/v1/", "the old version knows no watch, and is no category"),
    (r"HorizontalPodAutoscaler|PodDisruptionBudget|PersistentVolume|autoscaler", r"status",
     "here a controller has been at it, there is none"),
    (r"table of (HorizontalPodAutoscaler|PodDisruptionBudget|PersistentVolume)", r"cells", "likewise"),
    (r"(table of|list) StorageClass", r"^body\.(rows|items)", "GKE brings its own"),
    (r"^ephemeral (changed|by)", r"message", "the real message goes on with Go's own comparison"),
    (r"^budget both$", r"message", "the real message goes on with Go's own names"),
    (r"^claim changes its mind$", r"message", "the real message goes on with Go's own comparison"),
    (r"immutable Pod spec", r"message", "the real message goes on with Go's own comparison"),
    (r"put with another uid", r"message", "the real message names etcd's key"),
    (r"changes the uid|while it is deleted", r"causes\[1\]", "the real one tells it twice"),
    (r"bad continue", r"message", "the real message goes on with the decoder's error"),
    (r"^delete dry run", r"deletion|generation", "a dry run shows the object as it is"),
    (r"^balanced Service", r"clusterIPs", "another range of addresses"),
    (r"^(table of|get) DaemonSet", r"annotations", "the real one shows its deprecated annotation to its own version alone"),
    (r"^bad labels (-a=b|a=-b-)", r"message", "cut: the simulator's errors are short"),
    (r"^watch (by path|collection by path)", r"", "the old paths of watches are not simulated"),
    (r"^watch initial events$", r"object\.(spec|status)$", "the empty object of a bookmark, as Go has it"),
    (r"^binding|^openapi|^subject review", r"", "not simulated so far"),
    (r"^rules review", r"", "GKE's authorizers say that they cannot tell all rules"),
    (r"^(patch status|status through)", r"labels", "a Pod's labels do not change through its status here"),
    (r"^(watch changes|delete one of many|delete an unscheduled Pod)", r"", "a Pod's deletion is one event here, two there"),
]


def explain(case, path, _real, _sim):
    return any(re.search(one, case) and re.search(two, path) for one, two, _why in EXPLAINED)


POD_SPEC = {"schedulerName": "nobody", "containers": [{"name": "c", "image": "none"}]}


def pod(name, **labels):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {"app": "a"}},
            "spec": POD_SPEC}


TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": POD_SPEC}
SELECTOR = {"matchLabels": {"app": "a"}}

SCALERS = "/apis/autoscaling/v2/namespaces/compare/horizontalpodautoscalers"
OLD_SCALERS = "/apis/autoscaling/v1/namespaces/compare/horizontalpodautoscalers"
BUDGETS = "/apis/policy/v1/namespaces/compare/poddisruptionbudgets"
VOLUME_SPEC = {"accessModes": ["ReadWriteMany"], "capacity": {"storage": "5Gi"}, "storageClassName": "none",
               "mountOptions": ["implicit-dirs"], "claimRef": {"namespace": "compare", "name": "other"},
               "csi": {"driver": "gcsfuse.csi.storage.gke.io", "volumeHandle": "bucket"}}
CLAIM_SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
              "storageClassName": "nothing"}

# path of the collection, kind, object: one for each built-in kind
SAMPLES = [
    (f"{NS}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}),
    (f"{NS}/events", {"apiVersion": "v1", "kind": "Event", "reason": "Tested", "message": "m", "type": "Normal",
                      "involvedObject": {"kind": "Pod", "name": "p", "namespace": "compare"},
                      "source": {"component": "test"}, "firstTimestamp": "2026-01-01T00:00:00Z",
                      "lastTimestamp": "2026-01-01T00:00:00Z", "count": 1}),
    ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace"}),
    (f"{NS}/pods", {"apiVersion": "v1", "kind": "Pod", "spec": POD_SPEC}),
    (f"{NS}/secrets", {"apiVersion": "v1", "kind": "Secret", "stringData": {"k": "v"}}),
    (f"{NS}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount"}),
    (f"{NS}/services", {"apiVersion": "v1", "kind": "Service", "spec": {
        "selector": {"app": "a"}, "clusterIP": "None", "ports": [{"port": 80}]}}),
    ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "tides.example.com"},
        "spec": {"group": "example.com", "names": {"plural": "tides", "kind": "Tide", "singular": "tide"},
                 "scope": "Namespaced", "versions": [{
                     "name": "v1", "served": True, "storage": True,
                     "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}),
    (f"{APPS}/daemonsets", {"apiVersion": "apps/v1", "kind": "DaemonSet",
                            "spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    (f"{APPS}/deployments", {"apiVersion": "apps/v1", "kind": "Deployment",
                             "spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}),
    (f"{APPS}/replicasets", {"apiVersion": "apps/v1", "kind": "ReplicaSet",
                             "spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}),
    ("/apis/batch/v1/namespaces/compare/jobs", {
        "apiVersion": "batch/v1", "kind": "Job",
        "spec": {"suspend": True, "template": {"spec": dict(POD_SPEC, restartPolicy="Never")}}}),
    ("/apis/coordination.k8s.io/v1/namespaces/compare/leases", {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}}),
    ("/apis/discovery.k8s.io/v1/namespaces/compare/endpointslices", {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"name": "http", "port": 80}]}),
    ("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "u"}]}),
    ("/apis/rbac.authorization.k8s.io/v1/namespaces/compare/roles", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    ("/apis/rbac.authorization.k8s.io/v1/namespaces/compare/rolebindings", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "sample"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "compare"}]}),
    ("/apis/resource.k8s.io/v1/deviceclasses", {
        "apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass",
        "spec": {"selectors": [{"cel": {"expression": "device.driver == 'x.example.com'"}}]}}),
    ("/apis/resource.k8s.io/v1/namespaces/compare/resourceclaims", {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
        "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "sample"}}]}}}),
    ("/apis/resource.k8s.io/v1/namespaces/compare/resourceclaimtemplates", {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate",
        "spec": {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "sample"}}]}}}}),
    ("/apis/resource.k8s.io/v1/resourceslices", {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice",
        "spec": {"driver": "x.example.com", "nodeName": "n", "pool": {
            "name": "n", "generation": 1, "resourceSliceCount": 1}, "devices": [{"name": "d"}]}}),
    ("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node"}),
    (SCALERS, {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}, "maxReplicas": 3,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}, "metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "target": {
                "type": "Utilization", "averageUtilization": 50}}},
            {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {
                "type": "AverageValue", "averageValue": "0.5"}}}]}}),
    (BUDGETS, {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {
        "minAvailable": "50%", "selector": {"matchLabels": {"app": "nobody"}}}}),
    ("/api/v1/persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "spec": VOLUME_SPEC}),
    (f"{NS}/persistentvolumeclaims", {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": CLAIM_SPEC}),
    ("/apis/storage.k8s.io/v1/storageclasses", {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "x.example.com",
        "parameters": {"type": "t"}}),
]


def cells_without_age(table):
    """Columns, and rows but for the cells that hold a time since."""
    if not isinstance(table, dict) or "columnDefinitions" not in table:
        return table
    moving = [i for i, column in enumerate(table["columnDefinitions"])
              if column["name"] in ("Age", "Last Seen", "First Seen", "Created At")]
    rows = [row for row in table["rows"] if row.get("object", {}).get("metadata", {}).get("name", "").startswith(
        ("sample", "tides"))]
    for row in rows:
        row["cells"] = ["*" if i in moving else cell for i, cell in enumerate(row["cells"])]
    return {"columnDefinitions": table["columnDefinitions"], "rows": rows,
            "kind": table["kind"], "apiVersion": table["apiVersion"]}


def resources_that_both_know(listing):
    if not isinstance(listing, dict) or "resources" not in listing:
        return listing
    known = {path.rstrip("/").rsplit("/", 1)[1] for path, _ in SAMPLES}
    listing["resources"] = {r["name"]: r for r in listing["resources"] if r["name"].split("/")[0] in known}
    return listing


def aggregated(listing):
    known = {path.rstrip("/").rsplit("/", 1)[1] for path, _ in SAMPLES}
    out = {}
    for group in listing.get("items", []) if isinstance(listing, dict) else []:
        for version in group["versions"]:
            for resource in version["resources"]:
                if resource["resource"] in known:
                    resource["subresources"] = {s["subresource"]: s for s in resource.get("subresources", [])}
                    out["%s/%s/%s" % (group["metadata"].get("name", ""), version["version"],
                                      resource["resource"])] = resource
    return {key: value for key, value in out.items() if "beta" not in key and "alpha" not in key}


def cases():
    for name, request, options in (list(discovery()) + list(samples()) + list(objects()) + list(rich()) + list(lists()) +
                                   list(watches()) + list(patches()) + list(applies()) + list(scaling()) +
                                   list(deletions()) + list(access())):
        keep, shape = options.pop("keep", None), options.pop("shape", None)
        yield Case(name, request, options, keep, shape)


def discovery():
    yield "version", ("GET", "/version"), {}
    yield "api", ("GET", "/api"), {"shape": lambda v: dict(v, serverAddressByClientCIDRs=0)}
    for path in ("/healthz", "/livez", "/readyz"):
        yield f"health {path}", ("GET", path), {}
    yield "unknown path", ("GET", "/nothing"), {}
    yield "unknown group", ("GET", "/apis/nothing.example.com/v1"), {}
    yield "unknown group's resource", ("GET", "/apis/nothing.example.com/v1/things"), {}
    yield "unknown resource", ("GET", f"{NS}/things"), {}
    yield "unknown version", ("GET", "/apis/apps/v9/deployments"), {}
    for group in ("api/v1", "apis/apps/v1", "apis/batch/v1", "apis/coordination.k8s.io/v1",
                  "apis/discovery.k8s.io/v1", "apis/rbac.authorization.k8s.io/v1", "apis/resource.k8s.io/v1",
                  "apis/apiextensions.k8s.io/v1", "apis/authorization.k8s.io/v1", "apis/authentication.k8s.io/v1",
                  "apis/autoscaling/v2", "apis/policy/v1", "apis/storage.k8s.io/v1"):
        yield f"resources {group}", ("GET", f"/{group}"), {"shape": resources_that_both_know}
    for group in ("apps", "batch", "coordination.k8s.io"):
        yield f"group {group}", ("GET", f"/apis/{group}"), {}
    yield "aggregated core", ("GET", "/api"), {"accept": AGGREGATED, "shape": aggregated}
    yield "aggregated groups", ("GET", "/apis"), {"accept": AGGREGATED, "shape": aggregated}
    yield "no token", ("GET", f"{NS}/pods"), {"token": ""}
    yield "wrong token", ("GET", f"{NS}/pods"), {"token": "wrong"}


def samples():
    yield "namespace", ("POST", "/api/v1/namespaces", {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "compare"}}), {}
    yield "account", ("POST", f"{NS}/serviceaccounts", {
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}), {"shape": lambda v: 0}
    for path, sample in SAMPLES:
        body = json.loads(json.dumps(sample))
        body.setdefault("metadata", {"name": "sample"})
        name, kind = body["metadata"]["name"], body["kind"]
        yield f"create {kind}", ("POST", path, body), {}
        yield f"create {kind} again", ("POST", path, body), {}
        yield f"get {kind}", ("GET", f"{path}/{name}"), {}
        yield f"table of {kind}", ("GET", path), {"accept": TABLE, "shape": cells_without_age}
        yield f"get {kind} as table", ("GET", f"{path}/{name}?includeObject=Object"), {
            "accept": TABLE, "shape": cells_without_age}
        yield f"get {kind} partial", ("GET", f"{path}/{name}"), {"accept": PARTIAL}
        yield f"get missing {kind}", ("GET", f"{path}/missing"), {}
        yield f"patch {kind}", ("PATCH", f"{path}/{name}", {"metadata": {"labels": {"x": "y"}}}), {"content": MERGE}
        yield f"strategic patch {kind}", ("PATCH", f"{path}/{name}", {"metadata": {"annotations": {"x": "y"}}}), {
            "content": STRATEGIC}


RICH_SPEC = {
    "schedulerName": "nobody", "terminationGracePeriodSeconds": 5, "nodeSelector": {"a": "b"},
    "initContainers": [{"name": "s", "image": "i:1", "restartPolicy": "Always", "startupProbe": {
        "exec": {"command": ["true"]}}}, {"name": "i", "image": "i@sha256:" + "0" * 64}],
    "containers": [{
        "name": "c", "image": "r/i:latest", "command": ["bash", "-c", "sleep 1"],
        "ports": [{"containerPort": 8000}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}],
        "env": [{"name": "A", "value": "1"}, {"name": "E"},
                {"name": "F", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "envFrom": [{"configMapRef": {"name": "c"}}],
        "resources": {"requests": {"google.com/tpu": 4}, "limits": {"google.com/tpu": 4, "memory": "1Gi"},
                      "claims": [{"name": "netdev"}]},
        "livenessProbe": {"httpGet": {"port": 8000}}, "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 3},
        "startupProbe": {"grpc": {"port": 9000}, "failureThreshold": 30},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        "securityContext": {"privileged": False},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}, {"name": "fuse", "mountPath": "/data", "readOnly": True}]}],
    "resourceClaims": [{"name": "netdev", "resourceClaimTemplateName": "all-netdev"}],
    "tolerations": [{"key": "google.com/tpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}},
    "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}, {"name": "none"},
                {"name": "cm", "configMap": {"name": "c"}}, {"name": "sec", "secret": {"secretName": "s"}},
                {"name": "host", "hostPath": {"path": "/x"}},
                {"name": "down", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                {"name": "proj", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
                {"name": "fuse", "csi": {"driver": "gcsfuse.csi.storage.gke.io", "readOnly": True, "volumeAttributes": {
                    "bucketName": "b"}}}]}


def rich():
    template = {"metadata": {"labels": {"app": "rich"}}, "spec": RICH_SPEC}
    yield "rich Pod", ("POST", f"{NS}/pods?dryRun=All", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "rich"}, "spec": RICH_SPEC}), {}
    yield "rich Deployment", ("POST", f"{APPS}/deployments?dryRun=All", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "rich"},
        "spec": {"selector": {"matchLabels": {"app": "rich"}}, "template": template}}), {}
    yield "rich Job", ("POST", "/apis/batch/v1/namespaces/compare/jobs?dryRun=All", {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "rich"}, "spec": {
            "template": {"spec": dict(RICH_SPEC, restartPolicy="Never")}}}), {}
    yield "recreated Deployment", ("POST", f"{APPS}/deployments?dryRun=All", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "recreated"},
        "spec": {"strategy": {"type": "Recreate"}, "selector": SELECTOR, "template": TEMPLATE}}), {}
    yield "balanced Service", ("POST", f"{NS}/services?dryRun=All", {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "balanced"}, "spec": {
            "type": "LoadBalancer", "selector": {"app": "a"}, "ports": [
                {"name": "h", "port": 80, "targetPort": "http"}, {"name": "s", "port": 443}]}}), {
                    "shape": without_node_ports}
    yield "unknown field, warned", ("POST", f"{NS}/configmaps?dryRun=All", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "warned", "lables": {}}, "dada": {"a": "b"}}), {}
    yield "rich: managers", ("POST", f"{APPS}/deployments?dryRun=All&fieldManager=maker", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "rich"},
        "spec": {"selector": {"matchLabels": {"app": "rich"}}, "template": template}}), {"shape": managers}


def without_node_ports(value):
    for port in value.get("spec", {}).get("ports", []):
        port["nodePort"] = port.get("nodePort", 0) > 0
    return value


def objects():
    yield "generate a name", ("POST", f"{NS}/pods", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "compare-gen-"}, "spec": POD_SPEC}), {}
    yield "no name", ("POST", f"{NS}/pods", {"apiVersion": "v1", "kind": "Pod", "spec": POD_SPEC}), {}
    yield "bad name", ("POST", f"{NS}/pods", pod("Bad_Name")), {}
    yield "bad name of configmap", ("POST", f"{NS}/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Bad_Name"}}), {}
    yield "bad label", ("POST", f"{NS}/pods", pod("labels", app="-bad-")), {}
    yield "no containers", ("POST", f"{NS}/pods", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "empty"}, "spec": {"containers": []}}), {}
    yield "no image", ("POST", f"{NS}/pods", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "empty"}, "spec": {"containers": [{"name": "c"}]}}), {}
    yield "unknown field strict", ("POST", f"{NS}/configmaps?fieldValidation=Strict", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "strict"}, "dada": {}}), {}
    yield "unknown nested field strict", ("POST", f"{NS}/pods?fieldValidation=Strict", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "strict"},
        "spec": {"containers": [{"name": "c", "image": "i", "imaeg": "x"}], "nodName": "y"}}), {}
    yield "wrong type", ("POST", f"{NS}/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "type"}, "data": {"k": 1}}), {}
    yield "wrong type of replicas", ("POST", f"{APPS}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "type"},
        "spec": {"replicas": "two", "selector": SELECTOR, "template": TEMPLATE}}), {}
    yield "selector does not match", ("POST", f"{APPS}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "mismatch"},
        "spec": {"selector": {"matchLabels": {"app": "b"}}, "template": TEMPLATE}}), {}
    yield "no selector", ("POST", f"{APPS}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "none"},
        "spec": {"template": TEMPLATE}}), {}
    yield "negative replicas", ("POST", f"{APPS}/deployments", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "negative"},
        "spec": {"replicas": -1, "selector": SELECTOR, "template": TEMPLATE}}), {}
    yield "other kind", ("POST", f"{NS}/pods", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}), {}
    yield "other version", ("POST", f"{NS}/pods", {
        "apiVersion": "v2", "kind": "Pod", "metadata": {"name": "other"}}), {}
    yield "no kind", ("POST", f"{NS}/configmaps", {"metadata": {"name": "nokind"}}), {}
    yield "no JSON", ("POST", f"{NS}/configmaps", "{\"kind\":"), {}
    yield "YAML body", ("POST", f"{NS}/configmaps", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\n"), {
        "content": "application/yaml"}
    yield "other media type", ("POST", f"{NS}/configmaps", "hello"), {"content": "text/plain"}
    yield "not acceptable", ("GET", f"{NS}/configmaps"), {"accept": "text/html"}
    yield "YAML answer", ("GET", f"{NS}/configmaps/sample"), {"accept": "application/yaml", "shape": lambda v: 0}
    yield "other namespace", ("POST", f"{NS}/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ns", "namespace": "default"}}), {}
    yield "missing namespace", ("POST", "/api/v1/namespaces/missing/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ns"}}), {}
    yield "list in a missing namespace", ("GET", "/api/v1/namespaces/missing/configmaps"), {}
    yield "with a version", ("POST", f"{NS}/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "versioned", "resourceVersion": "1"}}), {}
    yield "dry run", ("POST", f"{NS}/configmaps?dryRun=All", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dry"}}), {}
    yield "after dry run", ("GET", f"{NS}/configmaps/dry"), {}
    yield "bad dry run", ("POST", f"{NS}/configmaps?dryRun=Some", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dry"}}), {}
    yield "post to an object", ("POST", f"{NS}/configmaps/sample", {}), {}
    yield "put to a collection", ("PUT", f"{NS}/configmaps", {}), {}
    yield "post for all namespaces", ("POST", "/api/v1/configmaps", {}), {}
    yield "put of another name", ("PUT", f"{NS}/configmaps/sample", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "else"}}), {}
    yield "put of a missing one", ("PUT", f"{NS}/configmaps/missing", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "missing"}}), {}
    yield "put with an old version", ("PUT", f"{NS}/configmaps/sample", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sample", "resourceVersion": "1"}}), {}
    yield "put with another uid", ("PUT", f"{NS}/configmaps/sample", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "sample", "uid": "00000000-0000-4000-8000-000000000000"}}), {}
    yield "put without a version", ("PUT", f"{NS}/configmaps/sample", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sample"}, "data": {"a": "b"}}), {}
    yield "immutable selector", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"selector": {"matchLabels": {"app": "z"}}, "template": {"metadata": {"labels": {"app": "z"}}}}}), {
            "content": MERGE}
    yield "immutable Pod spec", ("PATCH", f"{NS}/pods/sample", {"spec": {"dnsPolicy": "Default"}}), {"content": MERGE}
    yield "image of a Pod", ("PATCH", f"{NS}/pods/sample", {
        "spec": {"containers": [{"name": "c", "image": "other"}]}}), {"content": STRATEGIC}
    yield "immutable configmap", ("POST", f"{NS}/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fixed"}, "immutable": True, "data": {"a": "b"}}), {}
    yield "change of an immutable configmap", ("PATCH", f"{NS}/configmaps/fixed", {"data": {"a": "c"}}), {
        "content": MERGE}
    yield "type of a secret", ("PATCH", f"{NS}/secrets/sample", {"type": "other"}), {"content": MERGE}
    yield "scale", ("GET", f"{APPS}/deployments/sample/scale"), {}
    yield "put scale", ("PUT", f"{APPS}/deployments/sample/scale", {
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "sample", "namespace": "compare"},
        "spec": {"replicas": 0}}), {}
    yield "patch scale", ("PATCH", f"{APPS}/deployments/sample/scale", {"spec": {"replicas": 0}}), {"content": MERGE}
    yield "bad scale", ("PATCH", f"{APPS}/deployments/sample/scale", {"spec": {"replicas": -1}}), {"content": MERGE}
    yield "scale of a missing one", ("GET", f"{APPS}/deployments/missing/scale"), {}
    yield "scale of what has none", ("GET", f"{NS}/configmaps/sample/scale"), {}
    yield "get status", ("GET", f"{NS}/pods/sample/status"), {}
    yield "patch status", ("PATCH", f"{NS}/pods/sample/status", {
        "metadata": {"labels": {"ignored": "not"}}, "status": {"reason": "Tested"}, "spec": {"nodeName": "n"}}), {
            "content": MERGE}
    yield "status through the object", ("PATCH", f"{NS}/pods/sample", {"status": {"reason": "Ignored"}}), {
        "content": MERGE}
    yield "status of what has none", ("GET", f"{NS}/configmaps/sample/status"), {}
    yield "log of an unscheduled Pod", ("GET", f"{NS}/pods/sample/log"), {}
    yield "log of a missing Pod", ("GET", f"{NS}/pods/missing/log"), {}
    yield "log of a missing container", ("GET", f"{NS}/pods/sample/log?container=x"), {}
    yield "exec in a missing Pod", ("POST", f"{NS}/pods/missing/exec?command=ls"), {}
    yield "evict a missing Pod", ("POST", f"{NS}/pods/missing/eviction", {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "missing"}}), {}
    yield "binding", ("POST", f"{NS}/pods/missing/binding", {
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "missing"},
        "target": {"kind": "Node", "name": "n"}}), {}


def lists():
    for number in range(5):
        yield f"create p{number}", ("POST", f"{NS}/pods", pod(f"p{number}", app="many", n=str(number))), {}
    many = f"{NS}/pods?labelSelector=app%3Dmany"
    yield "list", ("GET", many), {"keep": ("version", "metadata.resourceVersion")}
    yield "list partial", ("GET", many), {"accept": PARTIALS}
    yield "first page", ("GET", f"{NS}/pods?limit=2"), {"keep": ("continue", "metadata.continue")}
    yield "second page", ("GET", f"{NS}/pods?limit=2&continue={{continue}}"), {}
    yield "page with selector", ("GET", many + "&limit=2"), {}
    yield "bad continue", ("GET", f"{NS}/pods?limit=2&continue=nonsense"), {}
    yield "continue with version", ("GET", f"{NS}/pods?limit=2&resourceVersion=5&continue={{continue}}"), {}
    yield "continue with match", (
        "GET", f"{NS}/pods?limit=2&resourceVersionMatch=Exact&resourceVersion=5&continue={{continue}}"), {}
    yield "bad limit", ("GET", f"{NS}/pods?limit=x"), {}
    yield "negative limit", ("GET", f"{NS}/pods?limit=-1"), {"shape": lambda v: v.get("kind")}
    yield "list at 0", ("GET", many + "&resourceVersion=0"), {}
    yield "list not older", ("GET", many + "&resourceVersion={version}&resourceVersionMatch=NotOlderThan"), {}
    yield "list exact", ("GET", many + "&resourceVersion={version}&resourceVersionMatch=Exact"), {}
    yield "list exact 0", ("GET", many + "&resourceVersion=0&resourceVersionMatch=Exact"), {}
    yield "list match alone", ("GET", many + "&resourceVersionMatch=Exact"), {}
    yield "list unknown match", ("GET", many + "&resourceVersion=1&resourceVersionMatch=Newer"), {}
    yield "list bad version", ("GET", many + "&resourceVersion=abc"), {}
    yield "list future version", ("GET", many + "&resourceVersion=999999999&timeoutSeconds=1"), {}
    yield "list sendInitialEvents", ("GET", many + "&sendInitialEvents=true"), {}
    yield "get at 0", ("GET", f"{NS}/pods/p0?resourceVersion=0"), {}
    yield "get bad version", ("GET", f"{NS}/pods/p0?resourceVersion=abc"), {}
    for text in ("app in (many,other),n!=0", "!app", "n>2", "n<2", "app,n notin (0,1,2)"):
        yield f"labels {text}", ("GET", f"{NS}/pods?labelSelector=" + text.replace(" ", "%20").replace(
            "!", "%21").replace("<", "%3C").replace(">", "%3E")), {
                "shape": lambda v: [p["metadata"]["name"] for p in v.get("items", [])
                                    if "ownerReferences" not in p["metadata"]] or v.get("kind")}
    for text in ("app in many", "a=b=c", "=a", "app in ()", "a,,b", "a!b", "app==", "a>x", "-a=b", "a=-b-", ",",
                 "a in (b", "app notin"):
        yield f"bad labels {text}", ("GET", f"{NS}/pods?labelSelector=" + text.replace(" ", "%20").replace(
            "!", "%21").replace(">", "%3E").replace("=", "%3D")), {"shape": status_or_names}
    for text in ("metadata.name=p1", "metadata.name!=p1,status.phase=Pending", "spec.nodeName=", "status.phase==Running",
                 "spec.schedulerName=nobody", "spec.foo=bar", "metadata.name", "metadata.labels=a", "status.podIP=1",
                 "metadata.name=a,", "metadata.name>a"):
        yield f"fields {text}", ("GET", f"{NS}/pods?fieldSelector=" + text.replace("!", "%21").replace(
            "=", "%3D").replace(">", "%3E")), {"shape": status_or_names}
    for path, text in (("/api/v1/nodes", "spec.unschedulable=false"), (f"{NS}/secrets", "type=Opaque"),
                       (f"{NS}/services", "spec.clusterIP=None"), (f"{NS}/services", "spec.type=ClusterIP"),
                       ("/api/v1/namespaces", "status.phase=Active,metadata.name=compare"),
                       (f"{NS}/events", "involvedObject.kind=Pod,reason=Tested"),
                       (f"{NS}/configmaps", "data.k=v"), ("/apis/batch/v1/namespaces/compare/jobs", "status.successful=0"),
                       (f"{APPS}/deployments", "status.replicas=0"), (f"{APPS}/replicasets", "status.replicas=0")):
        yield f"fields of {path.rsplit('/', 1)[1]} {text}", ("GET", f"{path}?fieldSelector=" + text.replace("=", "%3D")), {
            "shape": sample_names}


def status_or_names(value):
    if isinstance(value, dict) and "items" in value:
        return [item["metadata"]["name"] for item in value["items"] if not item["metadata"].get("generateName")]
    return value


def sample_names(value):
    if isinstance(value, dict) and "items" in value:
        return [n for n in status_or_names(value) if n.startswith(("sample", "compare"))]
    return value


def watches():
    many = f"{NS}/pods?labelSelector=app%3Dmany&watch=true&timeoutSeconds=1"
    yield "watch from version", ("GET", many + "&resourceVersion={version}"), {}
    yield "label out of selector", ("PATCH", f"{NS}/pods/p4", {"metadata": {"labels": {"app": "out"}}}), {
        "content": MERGE}
    yield "label into selector", ("PATCH", f"{NS}/pods/p4", {"metadata": {"labels": {"app": "many"}}}), {
        "content": MERGE}
    yield "delete one of many", ("DELETE", f"{NS}/pods/p4?gracePeriodSeconds=0"), {}
    yield "watch changes", ("GET", many + "&resourceVersion={version}"), {"shape": sorted_events}
    yield "watch changes as table", ("GET", many + "&resourceVersion={version}"), {
        "accept": TABLE, "shape": table_events}
    yield "watch changes partial", ("GET", many + "&resourceVersion={version}"), {
        "accept": PARTIAL, "shape": sorted_events}
    yield "watch from 0", ("GET", many + "&resourceVersion=0"), {"shape": sorted_events}
    yield "watch from nothing", ("GET", many), {"shape": sorted_events}
    yield "watch initial events", (
        "GET", many + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), {
            "shape": sorted_events}
    yield "watch without initial events", (
        "GET", many + "&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), {
            "shape": sorted_events}
    yield "watch initial events at version", (
        "GET", many + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion={version}"), {
            "shape": sorted_events}
    yield "watch initial events partial", (
        "GET", many + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), {
            "accept": PARTIAL, "shape": sorted_events}
    yield "watch initial events table", (
        "GET", many + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"), {
            "accept": TABLE, "shape": table_events}
    yield "watch initial events without match", ("GET", many + "&sendInitialEvents=true"), {}
    yield "watch with match alone", ("GET", many + "&resourceVersionMatch=NotOlderThan"), {}
    yield "watch exact", (
        "GET", many + "&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion={version}"), {}
    yield "watch bad version", ("GET", many + "&resourceVersion=abc"), {}
    yield "watch old version", ("GET", many + "&resourceVersion=1"), {"shape": lambda v: v[:1]}
    yield "watch one", ("GET", f"{NS}/pods?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dp0"), {}
    yield "watch by path", ("GET", f"/api/v1/watch/namespaces/compare/pods/p0?timeoutSeconds=1"), {}
    yield "watch collection by path", ("GET", f"/api/v1/watch/namespaces/compare/configmaps?timeoutSeconds=1"), {
        "shape": sorted_events}
    yield "watch object's path", ("GET", f"{NS}/pods/p0?watch=true&timeoutSeconds=1"), {}


def sorted_events(events):
    if not isinstance(events, list):
        events = [events]
    for event in events:
        if not isinstance(event, dict) or "object" not in event:
            return events
    if all(e["type"] in ("ADDED", "BOOKMARK") for e in events):
        events.sort(key=lambda e: (e["type"], e["object"].get("metadata", {}).get("name", "")))
    return events


def table_events(events):
    if not isinstance(events, list):
        events = [events]
    for event in events:
        if isinstance(event, dict) and isinstance(event.get("object"), dict):
            for row in event["object"].get("rows") or []:
                row["cells"] = ["*" if i == 4 else c for i, c in enumerate(row["cells"])]
    if all(isinstance(e, dict) and e.get("type") in ("ADDED", "BOOKMARK") for e in events):
        columns = [e["object"].pop("columnDefinitions", 0) for e in events]
        events.sort(key=lambda e: json.dumps([e["type"], [r["cells"] for r in e["object"].get("rows") or []]]))
        return [columns, events]
    return events


def patches():
    yield "container by merge key", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": "1"}],
                                                       "ports": [{"containerPort": 80}]}]}}}}), {"content": STRATEGIC}
    yield "second container", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"containers": [{"name": "d", "image": "e"}]}}}}), {"content": STRATEGIC}
    yield "order of containers", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}],
                                       "containers": [{"name": "c", "$patch": "delete"}]}}}}), {"content": STRATEGIC}
    yield "no merge key", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}), {"content": STRATEGIC}
    yield "tolerations replaced", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}}}), {"content": STRATEGIC}
    yield "volumes with retainKeys", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}}}), {"content": STRATEGIC}
    yield "volume changes its kind", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {
            "name": "sample"}}]}}}}), {"content": STRATEGIC}
    yield "service ports", ("PATCH", f"{NS}/services/sample", {
        "spec": {"ports": [{"port": 81, "name": "b"}, {"port": 80, "name": "a"}]}}), {"content": STRATEGIC}
    yield "finalizers", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"finalizers": ["example.com/a"]}}), {"content": STRATEGIC}
    yield "finalizer more", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"finalizers": ["example.com/b"]}}), {"content": STRATEGIC}
    yield "finalizer less", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}), {"content": STRATEGIC}
    yield "unknown field of a patch, strict", (
        "PATCH", f"{APPS}/deployments/sample?fieldValidation=Strict", {"spec": {"replica": 1}}), {"content": STRATEGIC}
    yield "taints", ("PATCH", "/api/v1/nodes/sample", {"spec": {"taints": [
        {"key": "a", "effect": "NoSchedule"}]}}), {"content": STRATEGIC}
    yield "JSON patch", ("PATCH", f"{NS}/configmaps/sample", [
        {"op": "add", "path": "/data/x", "value": "y"}, {"op": "test", "path": "/data/x", "value": "y"},
        {"op": "copy", "from": "/data/x", "path": "/data/z"}, {"op": "move", "from": "/data/z", "path": "/data/w"}]), {
            "content": JSON_PATCH}
    yield "JSON patch test fails", ("PATCH", f"{NS}/configmaps/sample", [
        {"op": "test", "path": "/data/x", "value": "n"}]), {"content": JSON_PATCH}
    yield "JSON patch of nothing", ("PATCH", f"{NS}/configmaps/sample", [
        {"op": "remove", "path": "/data/nothing"}]), {"content": JSON_PATCH}
    yield "JSON patch unknown op", ("PATCH", f"{NS}/configmaps/sample", [{"op": "jump", "path": "/a"}]), {
        "content": JSON_PATCH}
    yield "JSON patch no list", ("PATCH", f"{NS}/configmaps/sample", {"op": "add"}), {"content": JSON_PATCH}
    yield "merge patch no object", ("PATCH", f"{NS}/configmaps/sample", "[]"), {"content": MERGE}
    yield "merge patch no JSON", ("PATCH", f"{NS}/configmaps/sample", "{"), {"content": MERGE}
    yield "patch media type", ("PATCH", f"{NS}/configmaps/sample", {}), {}
    yield "patch of a missing one", ("PATCH", f"{NS}/configmaps/missing", {}), {"content": MERGE}
    yield "patch changes the name", ("PATCH", f"{NS}/configmaps/sample", {"metadata": {"name": "b"}}), {
        "content": MERGE}
    yield "patch changes the uid", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"uid": "00000000-0000-4000-8000-000000000000"}}), {"content": MERGE}
    yield "patch at an old version", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"resourceVersion": "1"}, "data": {"q": "r"}}), {"content": MERGE}
    yield "patch that changes nothing", ("PATCH", f"{NS}/configmaps/sample", {}), {"content": MERGE}
    yield "strategic patch of a custom resource's definition", (
        "PATCH", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tides.example.com", {}), {
            "content": STRATEGIC}


def managers(value):
    if isinstance(value, dict) and value.get("kind") != "Status":
        return [{k: v for k, v in m.items() if k != "time"} for m in value["metadata"].get("managedFields", [])]
    return value


def applies():
    where = f"{APPS}/deployments/applied"
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "applied"},
            "spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}
    yield "apply without manager", ("PATCH", where, body), {"content": APPLY}
    yield "apply", ("PATCH", where + "?fieldManager=one", body), {"content": APPLY}
    yield "apply: managers", ("GET", where), {"shape": managers}
    yield "apply again", ("PATCH", where + "?fieldManager=one", body), {"content": APPLY, "shape": managers}
    other = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "applied"}, "spec": {"replicas": 1}}
    yield "apply conflict", ("PATCH", where + "?fieldManager=two", other), {"content": APPLY}
    yield "apply forced", ("PATCH", where + "?fieldManager=two&force=true&dryRun=All", other), {
        "content": APPLY, "shape": managers}
    yield "patch over an apply", ("PATCH", where + "?fieldManager=kubectl-patch", {
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "other"}]}}}}), {
            "content": STRATEGIC, "shape": managers}
    yield "apply conflicts with a patch", ("PATCH", where + "?fieldManager=one", body), {"content": APPLY}
    less = json.loads(json.dumps(body))
    del less["spec"]["replicas"]
    yield "apply without a field", ("PATCH", where + "?fieldManager=one&force=true", less), {"content": APPLY}
    yield "apply: managers at the end", ("GET", where), {"shape": managers}
    yield "apply other kind", ("PATCH", where + "?fieldManager=one", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}}), {"content": APPLY}
    yield "apply no kind", ("PATCH", where + "?fieldManager=one", {"metadata": {"name": "applied"}}), {"content": APPLY}
    yield "apply other name", ("PATCH", where + "?fieldManager=one", dict(body, metadata={"name": "x"})), {
        "content": APPLY}
    yield "apply unknown field", ("PATCH", where + "?fieldManager=one", dict(body, spc={})), {"content": APPLY}
    yield "apply with force to a merge patch", ("PATCH", where + "?force=true", {}), {"content": MERGE}
    yield "create: managers", ("POST", f"{NS}/configmaps?fieldManager=maker", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "managed", "labels": {"a": "b"}},
        "data": {"a": "b"}}), {"shape": managers}
    yield "update: managers", ("PUT", f"{NS}/configmaps/managed?fieldManager=other", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "managed", "labels": {"a": "c"}},
        "data": {"a": "b", "c": "d"}}), {"shape": managers}
    yield from applied_keys()


def applied_keys():
    """Elements of lists with keys: twice, without, of no such type."""
    service = f"{NS}/services/applied-keys?fieldManager=one"
    pod = f"{NS}/pods/applied-keys?fieldManager=one"

    def body(kind, spec):
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "applied-keys"}, "spec": spec}

    for name, ports in [("twice", [{"port": 80}, {"port": 80, "protocol": "TCP"}]), ("null", [None]),
                        ("text", ["x"]), ("number as text", [{"port": "80"}]), ("no port", [{"name": "a"}])]:
        yield f"apply ports: {name}", ("PATCH", service, body("Service", {"ports": ports})), {"content": APPLY}
    for name, containers in [("no name", [{"image": "x"}]), ("number as name", [{"name": 7, "image": "x"}]),
                             ("twice", [{"name": "a"}, {"name": "a"}]), ("text", ["x"]),
                             ("port without number", [{"name": "a", "image": "x", "ports": [{"name": "q"}]}])]:
        yield f"apply containers: {name}", ("PATCH", pod, body("Pod", {"containers": containers})), {"content": APPLY}
    yield "apply finalizers twice", ("PATCH", pod, {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "applied-keys", "finalizers": ["a/b", "a/b"]},
        "spec": {"containers": [{"name": "x", "image": "y"}]}}), {"content": APPLY}
    yield "managers of a Pod", ("POST", f"{NS}/pods?fieldManager=one", body("Pod", {
        "schedulerName": "nobody", "containers": [{"name": "c", "image": "none"}]})), {"shape": managers}


def scaling():
    """Autoscalers, budgets, volumes; tokens of accounts."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}

    def scaler(name, **spec):
        return ("POST", SCALERS, {"metadata": {"name": name}, "spec": spec})

    yield "autoscaler with defaults", scaler("plain", scaleTargetRef=target, maxReplicas=3), {}
    yield "autoscaler, all wrong", scaler("bad", scaleTargetRef={"kind": "Deployment"}, minReplicas=5, maxReplicas=3,
                                          metrics=[{"type": "Resource"}]), {}
    yield "autoscaler of nothing", scaler("bad"), {}
    yield "autoscaler by its old version", ("GET", f"{OLD_SCALERS}/plain"), {}
    yield "old autoscaler", ("POST", OLD_SCALERS, {
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "old"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}}), {}
    yield "old autoscaler by the new version", ("GET", f"{SCALERS}/old"), {}
    for name, spec in (("both", {"minAvailable": 1, "maxUnavailable": 1}), ("negative", {"minAvailable": -1}),
                       ("more", {"maxUnavailable": "150%"}), ("words", {"maxUnavailable": "many"}), ("nothing", {})):
        yield f"budget {name}", ("POST", BUDGETS, {"metadata": {"name": name}, "spec": spec}), {}
    yield "volume of nothing", ("POST", "/api/v1/persistentvolumes", {"metadata": {"name": "bad"}, "spec": {}}), {}
    claims = f"{NS}/persistentvolumeclaims"
    yield "claim of nothing", ("POST", claims, {"metadata": {"name": "bad"}, "spec": {}}), {}
    yield "claim changes its mind", ("PATCH", f"{claims}/sample", {"spec": {"accessModes": ["ReadOnlyMany"]}}), {
        "content": MERGE}
    yield "scale as table", ("GET", f"{APPS}/deployments/sample/scale"), {"accept": TABLE, "shape": scale_cells}
    yield "dry run raises the generation", ("PATCH", f"{APPS}/deployments/sample?dryRun=All", {
        "spec": {"replicas": 7}}), {"content": MERGE, "shape": lambda v: v["spec"]["replicas"]}
    yield "null in a template", ("PATCH", f"{APPS}/deployments/sample", {
        "spec": {"template": {"metadata": {"creationTimestamp": None}}}}), {
            "content": STRATEGIC, "shape": lambda v: v["spec"]["template"]}
    added = f"{NS}/pods/sample/ephemeralcontainers"
    for name, container in (("same name", {"name": "c", "image": "i"}), ("no image", {"name": "d"}),
                            ("of nothing", {"name": "e", "image": "i", "targetContainerName": "z",
                                            "ports": [{"containerPort": 1}]}),
                            ("good", {"name": "d", "image": "i", "stdin": True, "targetContainerName": "c"}),
                            ("changed", {"name": "d", "image": "other"})):
        yield f"ephemeral {name}", ("PATCH", added, {"spec": {"ephemeralContainers": [container]}}), {
            "content": STRATEGIC, "shape": spec_or_status}
    yield "ephemeral removed", ("PATCH", added, {"spec": {"ephemeralContainers": None}}), {
        "content": MERGE, "shape": spec_or_status}
    yield "ephemeral by the Pod's path", ("PATCH", f"{NS}/pods/sample", {
        "spec": {"ephemeralContainers": [{"name": "f", "image": "i"}]}}), {"content": STRATEGIC}
    yield "ephemeral read", ("GET", added), {"shape": spec_or_status}
    yield "ephemeral posted", ("POST", added, {}), {}
    token = f"{NS}/serviceaccounts/default/token"
    for name, spec in (("plain", {}), ("short", {"expirationSeconds": 60}), ("long", {"expirationSeconds": 1 << 40}),
                       ("of no Pod", {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "none"}}),
                       ("of a Service", {"boundObjectRef": {"kind": "Service", "apiVersion": "v1", "name": "none"}})):
        yield f"token {name}", ("POST", token, {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}), {"shape": without_token}
    yield "token of nobody", ("POST", f"{NS}/serviceaccounts/nobody/token", {"spec": {}}), {}
    yield "get a token", ("GET", token), {}
    reviews = "/apis/authentication.k8s.io/v1/tokenreviews"
    yield "token review", ("POST", reviews, {"spec": {"token": "nonsense"}}), {}
    yield "token review of nothing", ("POST", reviews, {"spec": {}}), {}


def spec_or_status(value):
    return value.get("spec", {}).get("ephemeralContainers", value)


def scale_cells(value):
    return [[(c["name"], c["type"], c["priority"]) for c in value.get("columnDefinitions", [])], [row["cells"][:3] for row in value.get("rows", [])]]


def without_token(value):
    if isinstance(value, dict) and value.get("kind") == "TokenRequest":
        value["status"] = sorted(value["status"])
        value["spec"]["audiences"] = len(value["spec"]["audiences"])
    return value


def deletions():
    yield "delete missing", ("DELETE", f"{NS}/configmaps/missing"), {}
    yield "delete with finalizers", ("DELETE", f"{NS}/configmaps/sample"), {}
    yield "change while it is deleted", ("PATCH", f"{NS}/configmaps/sample", {
        "metadata": {"finalizers": ["example.com/b", "example.com/new"]}}), {"content": MERGE}
    yield "last finalizer", ("PATCH", f"{NS}/configmaps/sample", {"metadata": {"finalizers": None}}), {"content": MERGE}
    yield "it is gone", ("GET", f"{NS}/configmaps/sample"), {}
    yield "delete with a wrong uid", ("DELETE", f"{NS}/pods/p0", {
        "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}), {}
    yield "delete with an old version", ("DELETE", f"{NS}/pods/p0", {
        "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"resourceVersion": "1"}}), {}
    yield "delete dry run", ("DELETE", f"{NS}/pods/p0?dryRun=All"), {}
    yield "delete with both policies", ("DELETE", f"{NS}/pods/p0", {
        "kind": "DeleteOptions", "apiVersion": "v1", "orphanDependents": True, "propagationPolicy": "Orphan"}), {}
    yield "delete with a bad policy", ("DELETE", f"{NS}/pods/p0?propagationPolicy=Never"), {}
    yield "delete options of no JSON", ("DELETE", f"{NS}/pods/p0", "{"), {}
    yield "delete an unscheduled Pod", ("DELETE", f"{NS}/pods/p0"), {}
    yield "delete a deployment in the foreground", ("DELETE", f"{APPS}/deployments/applied", {
        "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}), {}
    yield "delete a configmap", ("DELETE", f"{NS}/configmaps/managed"), {}
    yield "delete a collection", ("DELETE", f"{NS}/pods?labelSelector=app%3Dmany"), {}
    yield "after the collection", ("GET", f"{NS}/pods?labelSelector=app%3Dmany"), {}
    yield "delete a collection of nothing", ("DELETE", f"{NS}/pods?labelSelector=app%3Dmany"), {}
    yield "delete a service", ("DELETE", f"{NS}/services/sample"), {}
    yield "delete a node", ("DELETE", "/api/v1/nodes/sample"), {}
    yield "delete a namespace", ("DELETE", "/api/v1/namespaces/sample"), {}


def access():
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
              "spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}}}
    yield "access review", ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review), {
        "shape": lambda v: dict(v, status={"allowed": v.get("status", {}).get("allowed")})}
    yield "access review of nothing", ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}}), {}
    yield "rules review", ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"}}), {"shape": lambda v: sorted(v.get("status", v))}
    yield "subject review", ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}), {
            "shape": lambda v: [v.get("kind"), v.get("apiVersion"), sorted(v.get("status", {}).get("userInfo", v))]}
    yield "openapi index", ("GET", "/openapi/v3"), {"shape": lambda v: sorted(
        k for k in v.get("paths", {}) if k in ("api/v1", "apis/apps/v1", "version", "api", "apis", "apis/apps"))}
    yield "openapi of core", ("GET", "/openapi/v3/api/v1"), {"shape": openapi_outline}
    yield "openapi of apps", ("GET", "/openapi/v3/apis/apps/v1"), {"shape": openapi_outline}
    yield "openapi v2", ("GET", "/openapi/v2"), {"shape": lambda v: v.get("swagger") if isinstance(v, dict) else v}


def openapi_outline(value):
    schemas = value.get("components", {}).get("schemas", {}) if isinstance(value, dict) else {}
    wanted = ("io.k8s.api.core.v1.Pod", "io.k8s.api.core.v1.ConfigMap", "io.k8s.api.apps.v1.Deployment",
              "io.k8s.api.core.v1.PodSpec", "io.k8s.api.core.v1.Container")
    return {name: {"properties": sorted(schemas[name].get("properties", {})),
                   "gvk": schemas[name].get("x-kubernetes-group-version-kind")}
            for name in wanted if name in schemas}
