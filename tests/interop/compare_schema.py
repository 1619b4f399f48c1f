#!/usr/bin/env python3
"""compare_schema.py FOLDER URL CA TOKEN - are the fields of FOLDER/schema_*.def those that a real API server's OpenAPI
documents have? What the simulated server does not know of a kind, it drops.
"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
import json
import pathlib
import re
import ssl
import sys
import urllib.request

GROUPS = ("api/v1", "apis/apps/v1", "apis/batch/v1", "apis/coordination.k8s.io/v1", "apis/discovery.k8s.io/v1",
          "apis/rbac.authorization.k8s.io/v1", "apis/resource.k8s.io/v1", "apis/apiextensions.k8s.io/v1",
          "apis/policy/v1", "apis/autoscaling/v1", "apis/autoscaling/v2", "apis/authorization.k8s.io/v1",
          "apis/storage.k8s.io/v1", "apis/authentication.k8s.io/v1")
NAME = re.compile(r"io\.k8s\.(?:api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis)\.(\w+)\.v\w+\.(\w+)$")
FIELD = re.compile(r'SIM_FIELD\(\d+, "(.*?)", (\w+), \w+, "(.*?)"')


def real_fields(url, ca, token):
    out, context = {}, ssl.create_default_context(cafile=ca)
    for group in GROUPS:
        request = urllib.request.Request(f"{url}/openapi/v3/{group}", headers={"Authorization": "Bearer " + token})
        document = json.load(urllib.request.urlopen(request, context=context))
        for name, schema in document["components"]["schemas"].items():
            if match := NAME.match(name):
                out[f"{match[1]}.{match[2]}"] = set(schema.get("properties", {})) - {"kind", "apiVersion"}
    return out


def own_fields(folder):
    out, inline, message = {}, {}, None
    for path in sorted(pathlib.Path(folder).glob("schema_*.def")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(r'SIM_MESSAGE\("(.*)"\)', line):
                message = match[1]
                out[message] = set()
            elif match := FIELD.match(line):
                if match[2] == "INLINE":
                    inline.setdefault(message, []).append(match[3])
                else:
                    out[message].add(match[1])
    for message, parts in inline.items():
        for part in parts:
            out[message] |= out[part]
    return out


def main():
    real, own, differ = real_fields(*sys.argv[2:5]), own_fields(sys.argv[1]), 0
    known = [message for message in own if message in real]
    for message in known:
        for word, fields in (("lacks", real[message] - own[message]),
                             ("has besides", own[message] - real[message] - {"kind", "apiVersion"})):
            if fields:
                differ += 1
                print(f"{message} {word} {', '.join(sorted(fields))}")
    print(f"compare: {len(known)} messages of the schema have the real fields, but for {differ}")
    return 1 if differ else 0


sys.exit(main())
