#!/usr/bin/env python3
"""reflector.py KUBECONFIG - keeps a store of Pods by the Python client's list and watch. On each line
of standard input it prints what the store holds, as go/reflector does.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import sys
import threading
import time

from kubernetes import client, config, watch

config.load_kube_config(sys.argv[1])
api = client.CoreV1Api()
store = {}
lock = threading.Lock()


def key(pod):
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def follow():
    version = None
    while True:
        try:
            if version is None:
                pods = api.list_pod_for_all_namespaces(limit=500)
                items = pods.items
                while pods.metadata._continue:
                    pods = api.list_pod_for_all_namespaces(limit=500, _continue=pods.metadata._continue)
                    items += pods.items
                with lock:
                    store.clear()
                    store.update((key(p), p.metadata.resource_version) for p in items)
                version = pods.metadata.resource_version
            stream = watch.Watch()
            for event in stream.stream(api.list_pod_for_all_namespaces, resource_version=version,
                                       allow_watch_bookmarks=True, timeout_seconds=20):
                kind, pod = event["type"], event["object"]
                if kind == "BOOKMARK":
                    version = event["raw_object"]["metadata"]["resourceVersion"]
                    continue
                version = pod.metadata.resource_version
                with lock:
                    if kind == "DELETED":
                        store.pop(key(pod), None)
                    else:
                        store[key(pod)] = version
        except client.ApiException as error:
            if error.status == 410:
                version = None  # history is compacted: list again
            else:
                time.sleep(0.5)
        except Exception:
            time.sleep(0.5)


threading.Thread(target=follow, daemon=True).start()
for _ in sys.stdin:
    with lock:
        lines = sorted(f"{name} {version}" for name, version in store.items())
    print("\n".join(lines + ["end"]), flush=True)
