"""interop/parity.py DIR-A DIR-B - compares what stands in two simulated projects, field by field.

DIR-A is the world in which `tidegate up` made the lab's infrastructure, DIR-B the one in which Terraform applied
assets/terraform. What may differ is marked "intended" here, with its reason; anything else is printed. Exit 0 when
there is nothing to print.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import json
import re
import ssl
import sys
import urllib.error
import urllib.request

PROJECT = "demo-4711"
ZONES = ("us-east5-b", "europe-west4-a")
REGIONS = ("us-east5", "europe-west4")

# Intended: what a server makes up for each thing anew. Numbers, times, fingerprints, and addresses that it deals out.
MADE_UP = re.compile(
    r"^(id|uniqueId|uid|etag|fingerprint|.*Fingerprint|creationTimestamp|timeCreated|updated|createTime|updateTime|"
    r"effectiveTime|lastConnectionTime|gatewayAddress|address|endpoint|publicEndpoint|privateEndpoint|"
    r"clusterCaCertificate|oauth2ClientId|instanceGroupUrls|clusterIpv4Cidr|servicesIpv4Cidr|clusterIpv4CidrBlock|"
    r"servicesIpv4CidrBlock|podIpv4CidrBlock|externalId)$")


def is_default(value):
    """Intended: Terraform's provider spells out what is so anyway: false, empty texts, lists and objects of these."""
    if isinstance(value, dict):
        return all(is_default(inner) for inner in value.values())
    return value in (None, False, "", 0, [])


def world(folder):
    env = {}
    with open(f"{folder}/env", encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r"export (\w+)='(.*)'$", line)
            if match:
                env[match[1]] = match[2]
    context = ssl.create_default_context(cafile=env["TIDEGATE_GCP_CA"])
    with open(env["TIDEGATE_GCP_TOKEN_FILE"], encoding="utf-8") as file:
        token = file.read().strip()

    def ask(path, body=None):
        request = urllib.request.Request(
            env["TIDEGATE_GCP_ENDPOINT"] + path, method="GET" if body is None else "POST",
            data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Bearer " + token)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {error.code} {error.read().decode()}")
    return ask


def by_name(items, key="name"):
    return {item[key]: item for item in items}


def bindings(policy):
    return {binding["role"]: sorted(binding["members"]) for binding in policy.get("bindings", [])}


def inventory(ask):
    """Every collection that the infrastructure steps fill, as {collection: {name: thing}}."""
    project = f"projects/{PROJECT}"
    compute = f"/compute/v1/{project}"
    found = {}
    for kind in ("networks", "firewalls"):
        # rules that controllers make have hashes in their names, and are nobody's wish
        found[kind] = {name: thing for name, thing in
                       by_name(ask(f"{compute}/global/{kind}").get("items", [])).items()
                       if not name.startswith(("gke-gke-", "k8s-fw", "mcsd", "gkemcg"))}
    for kind in ("subnetworks", "addresses"):
        for region in REGIONS:
            found[f"{kind} of {region}"] = by_name(ask(f"{compute}/regions/{region}/{kind}").get("items", []))
    for zone in ZONES:
        clusters = by_name(ask(f"/container/v1/{project}/locations/{zone}/clusters").get("clusters", []))
        for name, cluster in clusters.items():
            pools = by_name(cluster.pop("nodePools", []))
            found[f"node pools of {name}"] = pools
        found[f"clusters in {zone}"] = clusters
    fleet = f"/gkehub/v1/{project}/locations/global"
    found["memberships"] = by_name(ask(f"{fleet}/memberships").get("resources", []))
    found["features"] = by_name(ask(f"{fleet}/features").get("resources", []))
    services = ask(f"/serviceusage/v1/{project}/services?filter=state:ENABLED&pageSize=200").get("services", [])
    found["services"] = {service["name"]: {"state": service["state"]} for service in services}
    buckets = by_name(ask(f"/storage/v1/b?project={PROJECT}").get("items", []))
    found["buckets"] = buckets
    found["policies of buckets"] = {name: bindings(ask(f"/storage/v1/b/{name}/iam")) for name in buckets}
    found["service accounts"] = by_name(ask(f"/iam/v1/{project}/serviceAccounts").get("accounts", []))
    found["policy of the project"] = {
        PROJECT: bindings(ask(f"/cloudresourcemanager/v1/{project}:getIamPolicy", {}))}
    return found


def differences(path, one, other):
    """Pairs of unlike leaves below two values: (path, of native mode, of Terraform)."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if not MADE_UP.match(key):
                yield from differences(f"{path}.{key}" if path else key, one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for pair in zip(sorted(one, key=json.dumps), sorted(other, key=json.dumps)):
            yield from differences(f"{path}[]", *pair)
    else:
        # hosts and ports of the two worlds differ in links
        same = [re.sub(r"https://[^/]+/", "https://HOST/", json.dumps(value)) for value in (one, other)]
        if same[0] != same[1] and not (is_default(one) and is_default(other)):
            yield path, one, other


def main():
    native, described = (inventory(world(folder)) for folder in sys.argv[1:3])
    things = fields = unlike = 0
    for collection in native:
        for name in sorted(set(native[collection]) | set(described[collection])):
            one, other = native[collection].get(name), described[collection].get(name)
            things += 1
            if one is None or other is None:
                unlike += 1
                print(f"{collection}/{name}: only {'native mode' if other is None else 'Terraform'} has it")
                continue
            fields += sum(1 for _ in leaves(one))
            for path, mine, theirs in differences("", one, other):
                unlike += 1
                print(f"{collection}/{name}: {path}: native {json.dumps(mine)}, Terraform {json.dumps(theirs)}")
    if not native["networks"]:
        sys.exit("parity: nothing to compare")
    print(f"parity: {things} things with {fields} fields compared, {unlike} not as expected")
    return 1 if unlike else 0


def leaves(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if not MADE_UP.match(key):
                yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


if __name__ == "__main__":
    sys.exit(main())
