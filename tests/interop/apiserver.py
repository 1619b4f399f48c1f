#!/usr/bin/env python3
"""apiserver.py URL CA TOKEN COMMAND... - changes Pods of a real API server, quickly.

fill N        creates Pods p-00000 .. in the default namespace (bound to no node that exists)
churn N SEED  N random changes: labels, deletions, creations
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import concurrent.futures
import http.client
import json
import random
import ssl
import sys
import threading
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
    ask("POST", PODS, {
        "metadata": {"name": f"p-{number:05d}", "labels": {"app": "gemma-server", "round": "0"}},
        "spec": {"containers": [{"name": "c", "image": "none"}], "nodeName": "nowhere"}})


def change(seed):
    draw = random.Random(seed)
    number = draw.randrange(10000000) % limit
    name = f"{PODS}/p-{number:05d}"
    if draw.random() < 0.2:
        ask("DELETE", name, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
    elif draw.random() < 0.3:
        create(number)
    else:
        ask("PATCH", name, {"metadata": {"labels": {"round": str(seed)}}}, "application/merge-patch+json")


count = int(sys.argv[5])
limit = int(sys.argv[7]) if len(sys.argv) > 7 else 5000
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    if command == "fill":
        list(pool.map(create, range(count)))
    else:
        base = int(sys.argv[6]) * 1000000
        list(pool.map(change, range(base, base + count)))
