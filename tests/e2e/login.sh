# e2e/login.sh - the program signs in by itself, and its tokens show nowhere: arguments, environment, output, journal,
# children, a forced core.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --speed 60
. "$work/world/env"
export KUBECONFIG PROJECT_ID TIDEGATE_GCP_ENDPOINT TIDEGATE_GCP_CA
unset TIDEGATE_GCP_TOKEN_FILE GOOGLE_OAUTH_ACCESS_TOKEN CLOUDSDK_AUTH_ACCESS_TOKEN
unset GCE_METADATA_HOST GCE_METADATA_ROOT GCE_METADATA_IP CLOUDSDK_CONFIG

# No credentials, and a gcloud that has none: why, and what to run.
mkdir "$work/bin"
cat >"$work/bin/gcloud" <<END
#!/bin/sh
{ echo "\$@"; env; } >>"$work/child"
echo 'ERROR: (gcloud.config.config-helper) You do not currently have an active account selected.' >&2
exit 1
END
chmod +x "$work/bin/gcloud"
PATH=$work/bin:$PATH "$TIDEGATE" up --dry-run >"$work/up" 2>&1
[ $? = 3 ] && grep -q 'gcloud auth application-default login' "$work/up" || { cat "$work/up"; fail "up without a login"; }

# The usual file.
mkdir -p "$HOME/.config/gcloud"
cp "$work/world/gcp-user.json" "$HOME/.config/gcloud/application_default_credentials.json"
"$TIDEGATE" status >"$work/status" 2>&1
grep -q 'GKE clusters running: done 2/2' "$work/status" || { cat "$work/status"; fail "status with the usual file"; }

# Planted in the file, so that what to look for is known; the access token has the world's own prefix.
refresh=$(sed -n 's/.*"refresh_token": *"\([^"]*\)".*/\1/p' "$work/world/gcp-user.json")
[ -n "$refresh" ] || fail "the world's user has no refresh token"
mkdir "$work/cores"
(cd "$work/cores" && ulimit -c unlimited 2>/dev/null && exec "$TIDEGATE" --plain --workers 2) >"$work/out" 2>&1 &
program=$!
world_pids="$world_pids $program"
# Something to tell, done by another one.
wait_for 30 test -s "$XDG_STATE_HOME/tidegate/journal.db" || fail "the console does not start"
XDG_STATE_HOME=$work/other "$TIDEGATE" drill scale0 --arm >"$work/drill" 2>&1 &
drill=$!
wait_for 60 grep -q vllm-gemma "$work/out" || { cat "$work/out" "$work/drill"; fail "the console tells nothing"; }
tr '\0' '\n' <"/proc/$program/cmdline" >"$work/argv"
tr '\0' '\n' <"/proc/$program/environ" >"$work/environment" 2>/dev/null
kill -s ABRT "$program"
wait "$program" 2>/dev/null
wait "$drill" || { cat "$work/drill"; fail "the drill"; }
[ -z "$(ls "$work/cores")" ] || fail "a core was left: $(ls "$work/cores")"
for place in "$work/argv" "$work/environment" "$work/out" "$work/status" "$work/up" "$work/child" "$work/drill" "$XDG_STATE_HOME/tidegate"; do
    if grep -rqaF -e "$refresh" "$place" || grep -rqa 'sim-gcp-[0-9a-f]' "$place"; then
        fail "a token in $place"
    fi
done
