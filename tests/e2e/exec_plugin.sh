# e2e/exec_plugin.sh - a kubeconfig's plug-in is asked for once, remembered, and asked for again when it changed; its
# token shows nowhere.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --speed 60

# The world's kubeconfig with a plug-in where its token stood.
token=$(sed -n 's/^ *token: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$work/world/kubeconfig" | head -n 1)
[ -n "$token" ] || fail "the world's kubeconfig has no token"
mkdir "$work/bin"
cat >"$work/bin/sign-in" <<END
#!/bin/sh
echo "run \$*" >>"$work/runs"
sed 's/TOKEN/'"$token"'/' "$work/credential"
END
chmod +x "$work/bin/sign-in"
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"TOKEN"}}' >"$work/credential"
write_kubeconfig() { # write_kubeconfig ARGUMENT
    awk -v argument="$1" '/^ *token:/ {
        indent = substr($0, 1, index($0, "t") - 1)
        print indent "exec: {apiVersion: client.authentication.k8s.io/v1, command: sign-in, args: [" argument "], interactiveMode: IfAvailable}"
        next
    } { print }' "$work/world/kubeconfig" >"$work/kubeconfig"
}
write_kubeconfig one
PATH=$work/bin:$PATH
KUBECONFIG=$work/kubeconfig
export PATH KUBECONFIG

# setsid: without a terminal to ask on, whoever runs this test.
setsid -w "$TIDEGATE" status >"$work/refused" 2>&1 && fail "a plug-in runs without consent"
grep -q -- '--allow-exec' "$work/refused" || { cat "$work/refused"; fail "the refusal does not say what to do"; }
[ ! -e "$work/runs" ] || fail "a plug-in ran without consent"

setsid -w "$TIDEGATE" status --allow-exec >"$work/allowed" 2>&1
grep -q 'vllm-gemma' "$work/allowed" || { cat "$work/allowed"; fail "status with --allow-exec"; }
setsid -w "$TIDEGATE" status >"$work/refused" 2>&1 && fail "--allow-exec was remembered"

open_terminal 100 30 "PATH=$PATH KUBECONFIG=$KUBECONFIG $TIDEGATE status"
expect_screen 30 'Type yes or no:'
expect_screen 5 "$work/bin/sign-in one"
keys no Enter
wait_for 30 has_ended || fail "no is no answer"
open_terminal 100 60 "PATH=$PATH KUBECONFIG=$KUBECONFIG $TIDEGATE status"
expect_screen 30 'Type yes or no:'
keys yes Enter
expect_screen 60 'vllm-gemma'
wait_for 60 has_ended || fail "status does not end"

# Remembered, by both contexts' common command; another argument is another command.
setsid -w "$TIDEGATE" status >"$work/again" 2>&1
grep -q 'vllm-gemma' "$work/again" || { cat "$work/again"; fail "consent is not remembered"; }
write_kubeconfig two
setsid -w "$TIDEGATE" status >"$work/changed" 2>&1 && fail "a changed command runs on old consent"
grep -q '^run two' "$work/runs" && fail "a changed command was run"
for place in "$work/refused" "$work/allowed" "$work/again" "$work/changed" "$XDG_STATE_HOME"; do
    grep -rqaF -e "$token" "$place" && fail "a token in $place"
done
