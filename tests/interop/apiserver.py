#!/usr/bin/env python3
"""apiserver.py URL CA TOKEN COMMAND... - changes Pods of a real API server, quickly.

fill N                creates Pods p-00000 .. in the default namespace, for a scheduler that there is not
churn N SEED [LIMIT]  N random changes to the Pods below LIMIT: labels, status, deletions, creations

token KEY SECONDS     prints a token of the ServiceAccount default/watcher, signed with KEY, that is good for so long
show                  prints each Pod's namespace, name and version

With NODE in the environment the Pods are bound to it: then a deletion with grace leaves them Terminating.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import base64
import concurrent.futures
import http.client
import json
import os
import random
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

url, ca, token, command = sys.argv[1:5]
where = urllib.parse.urlparse(url)
context = ssl.create_default_context(cafile=ca)
local = threading.local()
PODS = "/api/v1/namespaces/default/pods"


def ask(method, path, body=None, kind="application/json"):
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPSConnection(where.hostname, where.port, context=context)
    local.connection.request(method, path, None if body is None else json.dumps(body),
                             {"Authorization": "Bearer " + token, "Content-Type": kind})
    answer = local.connection.getresponse()
    text = answer.read()
    if answer.status >= 300 and answer.status not in (404, 409):
        sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
    return json.loads(text)


def create(number):
    spec = {"containers": [{"name": "c", "image": "none"}, {"name": "d", "image": "none"}],
            "initContainers": [{"name": "i", "image": "none"}, {
                "name": "s", "image": "none", "restartPolicy": "Always"}]}
    if os.environ.get("NODE"):
        spec["nodeName"] = os.environ["NODE"]
    else:
        spec["schedulerName"] = "nobody"
    ask("POST", PODS, {
        "metadata": {"name": f"p-{number:05d}", "labels": {"app": "gemma-server", "round": "0"}}, "spec": spec})


def container(name, ready, state, restarts=0):
    return {"name": name, "image": "none", "imageID": "", "ready": ready, "restartCount": restarts, "state": state}


RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
STATUSES = [
    {"phase": "Running", "containerStatuses": [container("c", True, RUNNING), container("d", True, RUNNING)]},
    {"phase": "Running", "containerStatuses": [
        container("c", False, {"waiting": {"reason": "CrashLoopBackOff"}}, 3), container("d", True, RUNNING)]},
    {"phase": "Pending", "containerStatuses": [
        container("c", False, {"waiting": {"reason": "ImagePullBackOff"}}), container("d", False, {})]},
    {"phase": "Pending", "containerStatuses": [
        container("c", False, {"waiting": {"reason": "ContainerCreating"}}), container("d", False, {
            "waiting": {"reason": "CreateContainerConfigError"}})]},
    {"phase": "Failed", "reason": "Evicted", "message": "low on memory"},
    {"phase": "Failed", "containerStatuses": [
        container("c", False, {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, 1),
        container("d", False, {"terminated": {"exitCode": 0, "reason": "Completed"}})]},
    {"phase": "Succeeded", "containerStatuses": [
        container("c", False, {"terminated": {"exitCode": 0, "reason": "Completed"}}),
        container("d", False, {"terminated": {"exitCode": 3}})]},
    {"phase": "Running", "containerStatuses": [
        container("c", False, {"terminated": {"exitCode": 0, "signal": 9}}), container("d", True, RUNNING)]},
    {"phase": "Pending", "reason": "NodeAffinity"},
    {"phase": "Pending", "initContainerStatuses": [
        container("i", False, {"waiting": {"reason": "CrashLoopBackOff"}}, 2), container("s", False, {})],
     "containerStatuses": [container("c", False, {"waiting": {"reason": "PodInitializing"}}, 1)]},
    {"phase": "Pending", "initContainerStatuses": [
        container("i", False, {"terminated": {"exitCode": 0}}, 2), dict(container("s", True, RUNNING, 1), started=False)]},
    {"phase": "Running", "initContainerStatuses": [
        container("i", False, {"terminated": {"exitCode": 0}}, 2), dict(container("s", True, RUNNING, 1), started=True)],
     "containerStatuses": [container("c", True, RUNNING, 5), container("d", True, {
         "terminated": {"exitCode": 0, "reason": "Completed"}})]},
    {"phase": "Pending", "initContainerStatuses": [
        container("i", False, {"terminated": {"exitCode": 9, "signal": 9}}, 2)]},
    {"phase": "Unknown", "reason": "NodeLost"},
]


def change(seed):
    draw = random.Random(seed)
    number = draw.randrange(10000000) % limit
    name = f"{PODS}/p-{number:05d}"
    act = draw.random()
    if act < 0.15:
        ask("DELETE", name, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
    elif act < 0.2:
        ask("DELETE", name)
    elif act < 0.4:
        create(number)
    elif act < 0.7:
        status = dict(draw.choice(STATUSES), conditions=[{
            "type": "Ready", "status": draw.choice(["True", "False"]), "lastTransitionTime": "2026-01-01T00:00:00Z"}])
        ask("PATCH", name + "/status", {"status": {"reason": None, "containerStatuses": None, "initContainerStatuses": None, **status}},
            "application/merge-patch+json")
    else:
        ask("PATCH", name, {"metadata": {"labels": {"round": str(seed)}}}, "application/merge-patch+json")


def show():
    pods, token = [], ""
    while True:
        page = ask("GET", f"/api/v1/pods?limit=1000&continue={urllib.parse.quote(token)}")
        pods += page["items"]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    for pod in pods:
        print(f"{pod['metadata']['namespace']}/{pod['metadata']['name']} {pod['metadata']['resourceVersion']}")


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(key, seconds):
    """What `kubectl create token` gives, but that it may live shorter than ten minutes."""
    account = ask("GET", "/api/v1/namespaces/default/serviceaccounts/watcher")
    now = int(time.time())
    claims = {"iss": "https://issuer", "aud": ["https://issuer"], "sub": "system:serviceaccount:default:watcher",
              "iat": now, "nbf": now, "exp": now + seconds, "kubernetes.io": {
                  "namespace": "default", "serviceaccount": {"name": "watcher", "uid": account["metadata"]["uid"]}}}
    text = encode(b'{"alg":"RS256"}') + "." + encode(json.dumps(claims).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                            capture_output=True).stdout
    print(text + "." + encode(signed))


if command == "token":
    token_of(sys.argv[5], int(sys.argv[6]))
    sys.exit()
if command == "show":
    show()
    sys.exit()
count = int(sys.argv[5])
limit = int(sys.argv[7]) if len(sys.argv) > 7 else 5000
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    if command == "fill":
        list(pool.map(create, range(count)))
    else:
        base = int(sys.argv[6]) * 1000000
        list(pool.map(change, range(base, base + count)))
