# e2e/doctor.sh - the preflight by the built program: over HTTPS, for people and as JSON, and as the first step of up.
# SPDX-License-Identifier: Apache-2.0
. "$TOP_SRCDIR/tests/e2e/common.sh"
start_world world --empty --speed 60
. "$work/world/env"
export PROJECT_ID TIDEGATE_GCP_ENDPOINT TIDEGATE_GCP_CA TIDEGATE_GCP_TOKEN_FILE HF_ENDPOINT
umask 077
echo hf_planted_0123456789 >"$work/token"
echo nonsense >"$work/bad"

"$TIDEGATE" doctor --hf-token-file "$work/token" >"$work/out" 2>&1 </dev/null
[ $? = 0 ] || { cat "$work/out"; fail "doctor of a project in order"; }
for line in 'credentials .* operator@example.com' 'Hugging Face token .* valid, of operator' \
    'model licence .* may be read' 'hazard readiness-probe' '0 fail'; do
    grep -q "$line" "$work/out" || { cat "$work/out"; fail "doctor does not say: $line"; }
done
grep -q hf_planted "$work/out" && fail "the token is printed"

# As JSON; a fix that is chosen is no longer warned of.
"$TIDEGATE" doctor --json --fix readiness-probe >"$work/json" 2>"$work/err"
[ $? = 0 ] || { cat "$work/err"; fail "doctor --json"; }
grep -q '"good": true' "$work/json" && grep -q '"fixes": \["readiness-probe"\]' "$work/json" ||
    { cat "$work/json"; fail "what doctor --json says"; }
"$TIDEGATE" doctor --fix nonsense >"$work/out" 2>&1
[ $? = 2 ] && grep -q "there is no fix 'nonsense'; there are: readiness-probe" "$work/out" ||
    { cat "$work/out"; fail "a fix that there is not"; }

# Who cannot be reached is not good, and not bad.
HF_ENDPOINT=https://127.0.0.1:1 "$TIDEGATE" doctor --hf-token-file "$work/token" >"$work/out" 2>&1
[ $? = 0 ] && grep -q 'unknown  Hugging Face token' "$work/out" || { cat "$work/out"; fail "a hub that is not there"; }

# Up looks first, and does not start where something fails, unless it is told to.
"$TIDEGATE" up --yes --until vpc --hf-token-file "$work/bad" >"$work/out" 2>&1
[ $? = 0 ] || { cat "$work/out"; fail "steps that need no token"; }
"$TIDEGATE" doctor --hf-token-file "$work/bad" >"$work/out" 2>&1
[ $? = 1 ] && grep -q 'FAIL     Hugging Face token' "$work/out" || { cat "$work/out"; fail "a token that is none"; }
"$TIDEGATE" up --yes --hf-token-file "$work/bad" >"$work/out" 2>"$work/err"
status=$?
[ $status != 0 ] && grep -q -e --despite-doctor "$work/err" || { cat "$work/out" "$work/err"; fail "up started"; }
"$TIDEGATE" up --yes --from bucket --until bucket --fix all >"$work/out" 2>&1
[ $? = 0 ] || { cat "$work/out"; fail "up with fixes"; }
