# interop/pool.py WHERE HELM NATIVE [NAME...] - compares what helm (or the lab's commands) made with what native mode
# makes, field by field: objects that have one of the NAMEs in theirs.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import json
import sys

NAMES = sys.argv[4:] or ["parity-pool"]
# What may differ, and why: a path with stars for any one step, in objects of a kind ("*": of all).
MAY_DIFFER = [
    ("*", "metadata/uid", "the server's"),
    ("*", "metadata/resourceVersion", "the server's"),
    ("*", "metadata/creationTimestamp", "the server's"),
    ("*", "metadata/generation", "the server's"),
    ("*", "metadata/managedFields", "who wrote what: helm, or tidegate"),
    ("*", "metadata/annotations/kubectl.kubernetes.io/last-applied-configuration", "kubectl's own book-keeping"),
    ("*", "metadata/annotations/meta.helm.sh/release-name", "helm's own book-keeping"),
    ("*", "metadata/annotations/meta.helm.sh/release-namespace", "helm's own book-keeping"),
    ("*", "metadata/labels/app.kubernetes.io/managed-by", "who made it"),
    ("Gateway", "metadata/annotations/networking.gke.io/last-reconcile-time", "a controller's"),
    ("*", "metadata/annotations/deployment.kubernetes.io/revision", "a controller's"),
    ("*", "metadata/labels/app.kubernetes.io/version", "the chart's, which says 0.0.0 until it is released"),
    ("*", "status", "a controller's"),
    ("Service", "spec/clusterIP", "the server's"),
    ("Service", "spec/clusterIPs", "the server's"),
    ("Secret", "data", "the token is the controller's"),
    ("Secret", "metadata/annotations/kubernetes.io/service-account.uid", "the controller's"),
]


def allowed(kind, path):
    for of, pattern, _ in MAY_DIFFER:
        if of in ("*", kind) and (path == pattern or path.startswith(pattern + "/")):
            return True
    return False


def objects(path):
    with open(path, encoding="utf-8") as file:
        items = json.load(file)["items"]
    found = {}
    for item in items:
        name = item["metadata"]["name"]
        # helm keeps its releases in secrets
        if any(part in name for part in NAMES) and item.get("type") != "helm.sh/release.v1" and "ownerReferences" not in item["metadata"]:
            found[item["kind"] + "/" + name] = item
    return found


def key(entry):
    return json.dumps(entry, sort_keys=True)


def flatten(value, path, out):
    """Leaves by their path; lists whose order says nothing are sorted."""
    if isinstance(value, dict) and value:
        for name in value:
            flatten(value[name], path + "/" + name if path else name, out)
    elif isinstance(value, list) and value:
        last = path.rsplit("/", 1)[-1]
        entries = sorted(value, key=key) if last in ("rules", "subjects", "verbs", "resources", "apiGroups", "env",
                                                     "resourceNames", "ports") else value
        for index, entry in enumerate(entries):
            flatten(entry, path + "/" + str(index), out)
    elif value not in ({}, [], None, ""):
        out[path] = value


def main():
    where, by_helm, natively = sys.argv[1], objects(sys.argv[2]), objects(sys.argv[3])
    differences = []
    compared = 0
    for name in sorted(set(by_helm) | set(natively)):
        if name not in by_helm or name not in natively:
            differences.append(f"{name}: only {'helm' if name in by_helm else 'native mode'} makes it")
            continue
        kind = name.split("/")[0]
        left, right = {}, {}
        flatten(by_helm[name], "", left)
        flatten(natively[name], "", right)
        for path in sorted(set(left) | set(right)):
            if allowed(kind, path):
                continue
            compared += 1
            if left.get(path) != right.get(path):
                differences.append(f"{name}: {path}: helm {left.get(path)!r}, native {right.get(path)!r}")
    for difference in differences:
        print("  " + difference)
    print(f"pool: {where}: {len(by_helm)} objects, {compared} fields, {len(differences)} differ")
    return 1 if differences or not by_helm else 0


sys.exit(main())
