# interop/terraform.sh - real terraform on the lab's files where the lab itself does not go: an API that is not
# enabled, all 32 resources in one apply with nothing to change after it, a rule that somebody else deleted, and
# firewall rules that nobody owns, which hold the network until they are gone.
#
# Variables and tools as in lab.sh.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
set -u
top=${TOP_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
lab=${TIDEGATE_LAB:-$top/../shared/lab/codelab.txt}
. "$top/tests/interop/terraform.bash"
for tool in terraform gcloud python3; do
    command -v $tool >/dev/null || missing="${missing:-} $tool;"
done
[ -f "$lab" ] || missing="${missing:-} the lab's text ($lab; TIDEGATE_LAB names it);"
if [ -n "${missing:-}" ]; then
    echo "terraform: not run: missing:$missing"
    exit 0
fi
work=$(mktemp -d)
trap '[ -n "${world:-}" ] && kill $world 2>/dev/null; rm -rf "$work"' EXIT INT TERM
"${TIDEGATE:-$top/build/tidegate}" sim --dir "$work/world" --empty --speed "${SPEED:-300}" >"$work/ready" &
world=$!
for _ in $(seq 100); do
    grep -q ready "$work/ready" && break
    sleep 0.1
done
. "$work/world/env"
export SSL_CERT_FILE=$TIDEGATE_GCP_CA
failed=0

mkdir "$work/early" "$work/gke-tf"
echo 'resource "google_compute_network" "early" { name = "early" }' >"$work/early/main.tf"
cd "$work/early" || exit 1
if ! terraform init -no-color -input=false >"$work/out" 2>&1; then
    echo "terraform: not run: its providers are not to be had here"
    exit 0
fi
expect "an API that is not enabled" 1 "Error 403: Compute Engine API has not been used in project" \
    terraform apply -no-color -auto-approve

cd "$work/gke-tf" || exit 1
python3 "$top/tests/interop/lab_blocks.py" "$lab" "$work/blocks" >/dev/null || exit 1
for file in $(grep -lE '^cat <<EOF > .*\.tf$' "$work"/blocks/*.sh); do
    . "$file"
done
expect "init" 0 "has been successfully initialized" terraform init -no-color
expect "all at once" 0 "Apply complete! Resources: 32 added" terraform apply -no-color -auto-approve
expect "and once more" 0 "No changes. Your infrastructure matches" terraform plan -no-color -detailed-exitcode
expect "somebody deletes a rule" 0 "^Deleted" gcloud compute firewall-rules delete tpu-gke-dranet-allow-hc --quiet
expect "which the plan sees" 2 "Plan: 1 to add, 0 to change, 0 to destroy" \
    terraform plan -no-color -detailed-exitcode
expect "and the apply mends" 0 "Resources: 1 added, 0 changed, 0 destroyed" terraform apply -no-color -auto-approve
expect "rules that nobody owns" 1 "Error waiting for Deleting Network: .* is already being used by .*-mcsd" \
    terraform destroy -no-color -auto-approve
for rule in $(gcloud compute firewall-rules list --filter="name~mcsd" --format="value(name)" 2>/dev/null); do
    expect "taken away by hand" 0 "^Deleted" gcloud compute firewall-rules delete "$rule" --quiet
done
expect "and the network goes" 0 "^Destroy complete! Resources: 5 destroyed" terraform destroy -no-color -auto-approve
expect "nothing is left" 0 "^Listed 0 items" gcloud compute networks list
echo "terraform: $failed of its checks failed"
[ "$failed" = 0 ]
