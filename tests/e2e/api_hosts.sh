# e2e/api_hosts.sh - Google's APIs may be elsewhere, as the variables of gcloud and of Terraform's providers say; what the
# command line names comes before them, and nothing is asked without TLS.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --empty --speed 60
. "$work/world/env"
export KUBECONFIG PROJECT_ID TIDEGATE_GCP_CA TIDEGATE_GCP_TOKEN_FILE
unset TIDEGATE_GCP_ENDPOINT
expect_seen() { # expect_seen HOW
    "$TIDEGATE" status >"$work/status" 2>&1
    grep -q 'Custom VPC with jumbo frames: missing' "$work/status" && grep -q 'GKE clusters running: missing' "$work/status" ||
        { cat "$work/status"; fail "the project is not seen: $1"; }
}

(
    for name in $(env | sed -n 's/^\(GOOGLE_[A-Z0-9_]*_CUSTOM_ENDPOINT\)=.*/\1/p'); do unset "$name"; done
    expect_seen "by gcloud's variables"
    exit "$failures"
) || failures=1
(
    for name in $(env | sed -n 's/^\(CLOUDSDK_API_ENDPOINT_OVERRIDES_[A-Z]*\)=.*/\1/p'); do unset "$name"; done
    expect_seen "by the providers' variables"
    exit "$failures"
) || failures=1
CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=http://127.0.0.1:1/ "$TIDEGATE" status >"$work/status" 2>&1
[ $? = 2 ] && grep -q 'CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: .*under https:// alone' "$work/status" ||
    { cat "$work/status"; fail "an API without TLS"; }
endpoint=$(sed -n "s/^export TIDEGATE_GCP_ENDPOINT='\(.*\)'/\1/p" "$work/world/env")
CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=https://127.0.0.1:1/ "$TIDEGATE" status --gcp-endpoint "$endpoint" >"$work/status" 2>&1
grep -q 'Custom VPC with jumbo frames: missing' "$work/status" || { cat "$work/status"; fail "the command line comes second"; }
