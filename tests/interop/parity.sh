#!/bin/bash
# interop/parity.sh - assets/terraform against the simulated Google Cloud with real terraform: it is valid and laid
# out as terraform does, one apply makes everything, a plan after it finds nothing to change; and what stands then is
# what `tidegate up` makes in another world, field by field (parity.py). Then everything is destroyed.
#
# Tools as in lab.sh; SPEED of the worlds is 300 unless given.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tidegate=${TIDEGATE:-$top/build/tidegate}
. "$top/tests/interop/terraform.bash"
for tool in terraform gcloud python3; do
    command -v $tool >/dev/null || missing="${missing:-} $tool;"
done
if [ -n "${missing:-}" ]; then
    echo "parity: not run: missing:$missing"
    exit 0
fi
work=$(mktemp -d)
worlds=
trap '[ -z "$worlds" ] || kill $worlds 2>/dev/null; rm -rf "$work"' EXIT INT TERM
for world in native described; do
    "$tidegate" sim --dir "$work/$world" --empty --speed "${SPEED:-300}" >"$work/$world.ready" &
    worlds="$worlds $!"
done
for world in native described; do
    for _ in $(seq 100); do
        grep -q ready "$work/$world.ready" && break
        sleep 0.1
    done
done
failed=0

mkdir "$work/gke-tf"
cp "$top"/assets/terraform/*.tf "$work/gke-tf/"
cd "$work/gke-tf" || exit 1
. "$work/described/env"
export SSL_CERT_FILE=$TIDEGATE_GCP_CA
python3 - "$PROJECT_ID" >terraform.tfvars.json <<'VALUES'
import json, sys
places = [("us-east5", "us-east5-b", 2), ("europe-west4", "europe-west4-a", 1)]
print(json.dumps({"project_id": sys.argv[1], "config_cluster": "gke-us-east5", "settle": "1s", "regions": {
    region: {"zone": zone, "cluster": f"gke-{region}", "node_pool": "tpu-v6e-pool",
             "address": f"gemma-gateway-ip-{region}", "node_range": f"10.0.{low}.0/24",
             "proxy_range": f"10.1.{low}.0/24"} for region, zone, low in places}}))
VALUES
if ! terraform init -no-color -input=false >"$work/out" 2>&1; then
    echo "parity: not run: terraform's providers are not to be had here"
    exit 0
fi
expect "laid out as terraform does" 0 "^yes$" sh -c "terraform fmt -check -no-color '$top/assets/terraform' && echo yes"
expect "valid" 0 "The configuration is valid" terraform validate -no-color
expect "one apply makes everything" 0 "Apply complete! Resources: 32 added" terraform apply -no-color -auto-approve
expect "and a plan finds nothing to change" 0 "No changes. Your infrastructure matches" \
    terraform plan -no-color -detailed-exitcode
(
    . "$work/native/env"
    export XDG_STATE_HOME=$work/state
    "$tidegate" up --until features --yes >"$work/native.out" 2>&1
) || {
    tail -n 20 "$work/native.out"
    failed=$((failed + 1))
}
python3 "$top/tests/interop/parity.py" "$work/native" "$work/described" || failed=$((failed + 1))

expect "the features go first" 0 "Destroy complete! Resources: 2 destroyed" terraform destroy -no-color -auto-approve \
    -target=google_gke_hub_feature.service_discovery -target=google_gke_hub_feature.ingress
for rule in $(gcloud compute firewall-rules list --filter="name~mcsd" --format="value(name)" 2>/dev/null); do
    expect "a rule that controllers left" 0 "^Deleted" gcloud compute firewall-rules delete "$rule" --quiet
done
expect "then all the rest" 0 "Destroy complete! Resources: 30 destroyed" terraform destroy -no-color -auto-approve
expect "nothing is left" 0 "^Listed 0 items" gcloud compute networks list
echo "parity: $failed of its checks failed"
[ "$failed" = 0 ]
