#!/usr/bin/env python3
"""compare.py REAL-URL REAL-CA REAL-TOKEN SIM-URL SIM-CA SIM-TOKEN [PATTERN] - sends the same requests to a real API
server and to a simulated cluster, and prints where the answers differ beyond names, uids, times and versions.

The requests are in compare_cases.py. One line for each difference: case, path in the answer, what the real one has,
what the simulated one has. Exit 0 when all differences are among those that compare_cases.py explains.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import http.client
import json
import re
import ssl
import sys
import urllib.parse

import compare_cases

MOVING = {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime",
          "lastUpdateTime", "continue", "storageVersionHash", "hash", "serverRelativeURL", "selfLink",
          "clusterIP", "remainingItemCount", "description", "managedFields"}
NUMBER = re.compile(r"\d{3,}")
MISSING = "(nothing)"


class Server:
    def __init__(self, url, ca, token):
        self.where = urllib.parse.urlparse(url)
        self.context = ssl.create_default_context(cafile=ca)
        self.token = token
        self.names = {}

    def ask(self, method, path, body=None, content="application/json", accept="application/json",
            token=None):
        """(code, content type, JSON value or text; a watch is a list of events)"""
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
            if isinstance(body, str):
                body = body.replace("{" + name + "}", value)
        link = http.client.HTTPSConnection(self.where.hostname, self.where.port, context=self.context, timeout=30)
        headers = {"Accept": accept}
        token = self.token if token is None else token
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None:
            headers["Content-Type"] = content
        try:
            link.request(method, path, body if isinstance(body, (str, bytes, type(None))) else json.dumps(body),
                         headers)
            answer = link.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, "", f"{type(error).__name__}: {error}"
        finally:
            link.close()
        text = raw.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except ValueError:
            try:
                value = [json.loads(line) for line in text.splitlines() if line]
            except ValueError:
                value = text
        return answer.status, answer.getheader("Content-Type", ""), value


def plain(value, key=""):
    """The value with what differs from run to run made the same."""
    if isinstance(value, dict):
        out = {}
        for name, inner in value.items():
            if name == "managedFields":
                continue
            out[name] = "*" if name in MOVING and inner is not None else plain(inner, name)
        return out
    if isinstance(value, list):
        return [plain(inner, key) for inner in value]
    if isinstance(value, str):
        value = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b", "UID", value)
        value = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", value)
        value = re.sub(r"^(compare-gen-).{5}$", r"\1*", value)
        value = re.sub(r"^(kube-api-access-).{5}$", r"\1*", value)
        return NUMBER.sub("N", value)
    return value


def differences(real, sim, path=""):
    if isinstance(real, dict) and isinstance(sim, dict):
        for key in sorted(set(real) | set(sim)):
            inner = f"{path}.{key}" if path else key
            yield from differences(real.get(key, MISSING), sim.get(key, MISSING), inner)
    elif isinstance(real, list) and isinstance(sim, list):
        for i in range(max(len(real), len(sim))):
            yield from differences(real[i] if i < len(real) else MISSING, sim[i] if i < len(sim) else MISSING,
                                   f"{path}[{i}]")
    elif real != sim:
        yield path, real, sim


def short(value):
    text = value if value is MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:400] + "..."


def main():
    real, sim = Server(*sys.argv[1:4]), Server(*sys.argv[4:7])
    pattern = sys.argv[7] if len(sys.argv) > 7 else ""
    same = different = explained = 0
    for case in compare_cases.cases():
        answers = []
        for server in (real, sim):
            code, kind, value = server.ask(*case.request, **case.options)
            if case.keep:
                name, path = case.keep
                found = value
                for part in path.split("."):
                    found = found.get(part, "") if isinstance(found, dict) else ""
                server.names[name] = str(found)
            if case.shape:
                value = case.shape(value)
            answers.append({"code": code, "type": kind.replace(";charset=UTF-8", ""), "body": plain(value)})
        if pattern and not re.search(pattern, case.name):
            continue
        found = list(differences(*answers))
        fresh = []
        for path, one, other in found:
            if compare_cases.explain(case.name, path, one, other):
                explained += 1
            else:
                fresh.append((path, one, other))
        if not fresh:
            same += 1
            continue
        different += 1
        print(f"{case.name}: {case.request[0]} {case.request[1]}")
        for path, one, other in fresh[:25]:
            print(f"    {path}\n        real {short(one)}\n        sim  {short(other)}")
        if len(fresh) > 25:
            print(f"    ... and {len(fresh) - 25} more")
    print(f"compare: {same} requests answered alike, {different} not; {explained} differences are explained")
    return 1 if different else 0


sys.exit(main())
