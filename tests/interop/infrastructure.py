#!/usr/bin/env python3
"""infrastructure.py base|gke|fleet|destroy-features|destroy - the REST calls of Google's Terraform
provider for the lab's resources, for machines where the provider is not to be had.

Reads the addresses and the token that `tidegate sim` writes to its env file. Waits for operations as
the provider does (faster: each half second), then reads everything back and fails when what was sent
is not what is there.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ENV = os.environ
P = ENV["GOOGLE_PROJECT"]
TOKEN = ENV["GOOGLE_OAUTH_ACCESS_TOKEN"]
CONTEXT = ssl.create_default_context(cafile=ENV["TIDEGATE_GCP_CA"])
COMPUTE = ENV["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"]
GKE = ENV["GOOGLE_CONTAINER_CUSTOM_ENDPOINT"]
HUB = ENV["GOOGLE_GKE_HUB_CUSTOM_ENDPOINT"]
USAGE = ENV["GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"]
STORAGE = ENV["GOOGLE_STORAGE_CUSTOM_ENDPOINT"]
IAM = ENV["GOOGLE_IAM_BETA_CUSTOM_ENDPOINT"]
CRM = ENV["GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT"]
ZONES = {"europe-west4": "europe-west4-a", "us-east5": "us-east5-b"}
VPC = "tpu-gke-dranet-vpc"
LABELS = {"goog-terraform-provisioned": "true"}


def call(method, url, body=None, accept=()):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, context=CONTEXT) as answer:
            text = answer.read()
            return json.loads(text) if text else {}
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        if error.code in accept:
            return None
        sys.exit(f"{method} {url}: {error.code} {text}")


def check(sent, found, where):
    """What was sent must be read back, or the provider would plan a change for ever."""
    for key, value in sent.items():
        have = found.get(key)
        if isinstance(value, dict) and isinstance(have, dict):
            check(value, have, f"{where}.{key}")
        elif isinstance(value, str) and isinstance(have, str):
            if have != value and not have.endswith("/" + value.split("/")[-1]) and \
                    have != value.split("/")[-1]:
                sys.exit(f"{where}.{key}: sent {value!r}, found {have!r}")
        elif have != value and value not in (False, [], "", None):
            sys.exit(f"{where}.{key}: sent {value!r}, found {have!r}")


def wait_compute(op):
    place = "global"
    for kind in ("region", "zone"):
        if op.get(kind):
            place = f"{kind}s/{op[kind].split('/')[-1]}"
    while op["status"] != "DONE":
        time.sleep(0.5)
        op = call("GET", f"{COMPUTE}projects/{P}/{place}/operations/{op['name']}")
    if op.get("error"):
        sys.exit(f"{op['operationType']} {op['targetLink']}: {op['error']}")


def wait_gke(zone, op):
    while op["status"] in ("PENDING", "RUNNING"):
        time.sleep(0.5)
        op = call("GET", f"{GKE}projects/{P}/locations/{zone}/operations/{op['name']}")
    if op["status"] != "DONE" or op.get("statusMessage"):
        sys.exit(f"{op['operationType']}: {op}")


def wait_long(base, op):
    while not op.get("done"):
        time.sleep(0.5)
        op = call("GET", base + op["name"])
    if op.get("error"):
        sys.exit(str(op))
    return op


def compute(place, kind, body):
    base = f"{COMPUTE}projects/{P}/{place}/{kind}"
    wait_compute(call("POST", base, body))
    found = call("GET", f"{base}/{body['name']}")
    for key in ("id", "selfLink", "creationTimestamp"):
        if key not in found:
            sys.exit(f"{kind}/{body['name']} has no {key}")
    check({k: v for k, v in body.items() if k != "region"}, found, kind)
    return found


def enable(names):
    have = [s["name"].split("/")[-1] for s in
            call("GET", f"{USAGE.replace('v1beta1', 'v1')}projects/{P}/services?filter=state:ENABLED")
            .get("services", [])]
    new = [n for n in names if n not in have]
    if new:
        base = USAGE.replace("v1beta1", "v1")
        wait_long(base, call("POST", f"{base}projects/{P}/services:batchEnable", {"serviceIds": new}))
        while True:
            have = [s["name"].split("/")[-1] for s in
                    call("GET", f"{base}projects/{P}/services?filter=state:ENABLED")["services"]]
            if all(n in have for n in names):
                return
            time.sleep(0.5)


def project_policy(change):
    policy = call("POST", f"{CRM}projects/{P}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    change(policy.setdefault("bindings", []))
    call("POST", f"{CRM}projects/{P}:setIamPolicy",
         {"policy": policy, "updateMask": "bindings,etag,auditConfigs"})


def base():
    enable(["compute.googleapis.com", "container.googleapis.com", "cloudresourcemanager.googleapis.com",
            "storage.googleapis.com"])
    compute("global", "networks", {"name": VPC, "autoCreateSubnetworks": False, "mtu": 8896,
                                   "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL"})
    for region in ZONES:
        network = f"projects/{P}/global/networks/{VPC}"
        low = 1 if region == "europe-west4" else 2
        where = f"projects/{P}/global/regions/{region}"
        compute(f"regions/{region}", "subnetworks", {
            "name": "tpu-gke-dranet-node-subnet", "ipCidrRange": f"10.0.{low}.0/24", "network": network,
            "region": where, "secondaryIpRanges": [], "logConfig": {"enable": False},
            "allowSubnetCidrRoutesOverlap": False})
        compute(f"regions/{region}", "subnetworks", {
            "name": f"tpu-gke-dranet-proxy-subnet-{region}", "ipCidrRange": f"10.1.{low}.0/24",
            "network": network, "region": where, "purpose": "GLOBAL_MANAGED_PROXY", "role": "ACTIVE"})
        address = compute(f"regions/{region}", "addresses", {
            "name": f"gemma-gateway-ip-{region}", "addressType": "INTERNAL", "region": where,
            "subnetwork": f"projects/{P}/regions/{region}/subnetworks/tpu-gke-dranet-node-subnet",
            "labels": LABELS})
        wait_compute(call("POST", f"{COMPUTE}projects/{P}/regions/{region}/addresses/"
                                  f"{address['name']}/setLabels",
                          {"labels": LABELS, "labelFingerprint": address["labelFingerprint"]}))
    for name, allowed, ranges in (
            ("allow-internal", [{"IPProtocol": "all"}], ["10.0.0.0/8", "10.1.0.0/16"]),
            ("allow-hc", [{"IPProtocol": "tcp", "ports": ["8000"]}],
             ["130.211.0.0/22", "35.191.0.0/16"])):
        compute("global", "firewalls", {
            "name": f"tpu-gke-dranet-{name}", "network": f"projects/{P}/global/networks/{VPC}",
            "allowed": allowed, "sourceRanges": ranges, "priority": 1000, "description": "",
            "disabled": False, "logConfig": {"enable": False}})
    bucket = f"{P}-gemma-weights"
    body = {"name": bucket, "location": "US", "storageClass": "STANDARD", "labels": LABELS,
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    call("POST", f"{STORAGE}b?project={P}", body)
    check(body, call("GET", f"{STORAGE}b/{bucket}"), "bucket")
    email = f"gcs-fuse-sa@{P}.iam.gserviceaccount.com"
    call("POST", f"{IAM}projects/{P}/serviceAccounts",
         {"accountId": "gcs-fuse-sa", "serviceAccount": {"displayName": "Service Account for GCS FUSE"}})
    for _ in range(3):
        call("GET", f"{IAM}projects/{P}/serviceAccounts/{email}")
    policy = call("GET", f"{STORAGE}b/{bucket}/iam?optionsRequestedPolicyVersion=3")
    policy["bindings"].append({"role": "roles/storage.objectAdmin",
                               "members": [f"serviceAccount:{email}"]})
    call("PUT", f"{STORAGE}b/{bucket}/iam", {"bindings": policy["bindings"], "etag": policy["etag"],
                                             "version": 3})
    project_policy(lambda bindings: bindings.append(
        {"role": "roles/iam.workloadIdentityUser",
         "members": [f"serviceAccount:{P}.svc.id.goog[default/gemma-ksa]"]}))


def gke():
    operations = {}
    for region, zone in ZONES.items():
        cluster = {
            "name": f"gke-{region}", "initialNodeCount": 1, "legacyAbac": {"enabled": False},
            "autopilot": {"enabled": False}, "shieldedNodes": {"enabled": True},
            "releaseChannel": {"channel": "RAPID"}, "network": f"projects/{P}/global/networks/{VPC}",
            "subnetwork": f"projects/{P}/regions/{region}/subnetworks/tpu-gke-dranet-node-subnet",
            "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH",
                              "gatewayApiConfig": {"channel": "CHANNEL_STANDARD"}},
            "ipAllocationPolicy": {"useIpAliases": True, "stackType": "IPV4"},
            "workloadIdentityConfig": {"workloadPool": f"{P}.svc.id.goog"},
            "addonsConfig": {"gcsFuseCsiDriverConfig": {"enabled": True}},
            "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {}, "ipEndpointsConfig":
                                            {"enabled": True, "enablePublicEndpoint": True}},
            "nodeConfig": {"machineType": "e2-standard-16",
                           "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
                           "workloadMetadataConfig": {"mode": "GKE_METADATA"}},
            "resourceLabels": LABELS}
        url = f"{GKE}projects/{P}/locations/{zone}/clusters"
        call("GET", f"{url}/{cluster['name']}", accept=(404,))
        operations[region] = (zone, url, cluster, call("POST", url, {"cluster": cluster}))
    for region, (zone, url, cluster, op) in operations.items():
        wait_gke(zone, op)
        found = call("GET", f"{url}/{cluster['name']}")
        if found["status"] != "RUNNING":
            sys.exit(f"cluster {cluster['name']} is {found['status']}")
        check(cluster, found, "cluster")
        for key in ("legacyAbac", "networkConfig", "endpoint", "masterAuth"):
            if key not in found:
                sys.exit(f"cluster has no {key}")
        pool = {"name": "tpu-v6e-pool", "initialNodeCount": 1,
                "config": {"machineType": "ct6e-standard-4t",
                           "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
                           "labels": {"cloud.google.com/gke-networking-dra-driver": "true"},
                           "workloadMetadataConfig": {"mode": "GKE_METADATA"}},
                "networkConfig": {"enablePrivateNodes": False, "acceleratorNetworkProfile": "auto"}}
        pools = f"{url}/{cluster['name']}/nodePools"
        call("GET", f"{pools}/{pool['name']}", accept=(404,))
        operations[region] = (zone, pools, pool, call("POST", pools, {"nodePool": pool}))
    for region, (zone, pools, pool, op) in operations.items():
        wait_gke(zone, op)
        found = [p for p in call("GET", pools)["nodePools"] if p["name"] == pool["name"]][0]
        check(pool, found, "nodePool")
        group = found["instanceGroupUrls"][0].split("projects/")[1]
        managers = call("GET", f"{COMPUTE}projects/{P}/zones/{zone}/instanceGroupManagers")["items"]
        sizes = [m["targetSize"] for m in managers if m["selfLink"].split("projects/")[1] == group]
        if sizes != [1]:
            sys.exit(f"the pool's group has the size {sizes}")


def fleet():
    if call("GET", f"{CRM}projects/{P}")["lifecycleState"] != "ACTIVE":
        sys.exit("the project is not active")
    billing = call("GET", f"{ENV['GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT']}projects/{P}/billingInfo")
    if not billing["billingAccountName"].startswith("billingAccounts/"):
        sys.exit("no billing account")
    enable(["gkehub.googleapis.com", "multiclusterservicediscovery.googleapis.com",
            "multiclusteringress.googleapis.com", "trafficdirector.googleapis.com"])
    op = wait_long(USAGE, call("POST", f"{USAGE}projects/{P}/services/multiclusteringress.googleapis.com"
                                       ":generateServiceIdentity"))
    email = op["response"]["email"]
    project_policy(lambda bindings: bindings.append({"role": "roles/container.admin",
                                                     "members": [f"serviceAccount:{email}"]}))
    where = f"{HUB}projects/{P}/locations/global"
    for region, zone in ZONES.items():
        body = {"endpoint": {"gkeCluster": {"resourceLink": "//container.googleapis.com/projects/"
                                            f"{P}/locations/{zone}/clusters/gke-{region}"}},
                "labels": LABELS}
        wait_long(HUB, call("POST", f"{where}/memberships?membershipId=gke-{region}", body))
        check(body, call("GET", f"{where}/memberships/gke-{region}"), "membership")
    for name, body in (("multiclusterservicediscovery", {"labels": LABELS}),
                       ("multiclusteringress",
                        {"labels": LABELS, "spec": {"multiclusteringress": {
                            "configMembership": f"projects/{P}/locations/global/memberships/"
                                                "gke-us-east5"}}})):
        call("GET", f"{where}/features/{name}", accept=(404,))
        wait_long(HUB, call("POST", f"{where}/features?featureId={name}", body))
        check(body, call("GET", f"{where}/features/{name}?return_partial_success=true"), "feature")


def destroy_features():
    where = f"{HUB}projects/{P}/locations/global"
    for name in ("multiclusterservicediscovery", "multiclusteringress"):
        op = call("DELETE", f"{where}/features/{name}", accept=(404,))
        if op is not None:
            wait_long(HUB, op)


def destroy():
    destroy_features()
    where = f"{HUB}projects/{P}/locations/global"
    for region, zone in ZONES.items():
        op = call("DELETE", f"{where}/memberships/gke-{region}", accept=(404,))
        if op is not None:
            wait_long(HUB, op)
        cluster = f"{GKE}projects/{P}/locations/{zone}/clusters/gke-{region}"
        op = call("DELETE", f"{cluster}/nodePools/tpu-v6e-pool", accept=(404,))
        if op is not None:
            wait_gke(zone, op)
        op = call("DELETE", cluster, accept=(404,))
        if op is not None:
            wait_gke(zone, op)
        call("GET", cluster, accept=(404,))
    bucket = f"{STORAGE}b/{P}-gemma-weights"
    listing = call("GET", f"{bucket}/o?versions=true", accept=(404,))
    if listing is not None:
        for item in listing.get("items", []):
            call("DELETE", f"{bucket}/o/{urllib.parse.quote(item['name'], safe='')}"
                           f"?generation={item['generation']}")
        call("DELETE", bucket)
    call("DELETE", f"{IAM}projects/{P}/serviceAccounts/gcs-fuse-sa@{P}.iam.gserviceaccount.com",
         accept=(404,))
    project_policy(lambda bindings: bindings.clear())
    gone = [("global", "firewalls", "tpu-gke-dranet-allow-internal"),
            ("global", "firewalls", "tpu-gke-dranet-allow-hc")]
    for region in ZONES:
        gone += [(f"regions/{region}", "addresses", f"gemma-gateway-ip-{region}"),
                 (f"regions/{region}", "subnetworks", f"tpu-gke-dranet-proxy-subnet-{region}"),
                 (f"regions/{region}", "subnetworks", "tpu-gke-dranet-node-subnet")]
    gone.append(("global", "networks", VPC))
    for place, kind, name in gone:
        op = call("DELETE", f"{COMPUTE}projects/{P}/{place}/{kind}/{name}", accept=(404,))
        if op is not None:
            wait_compute(op)


if __name__ == "__main__":
    {"base": base, "gke": gke, "fleet": fleet, "destroy-features": destroy_features,
     "destroy": destroy}[sys.argv[1]]()
    print(f"infrastructure: {sys.argv[1]} done")
