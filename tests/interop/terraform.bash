# interop/terraform.bash - terraform with the providers that tools.sh left, and checks, for the scripts beside it; to be
# sourced. expect needs the folder $work and counts in $failed.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
if [ ! -f "${TF_CLI_CONFIG_FILE:-$HOME/.terraformrc}" ] && [ -f "$cache/terraform/settings" ]; then
    export TF_CLI_CONFIG_FILE=$cache/terraform/settings
fi
export CHECKPOINT_DISABLE=1

# expect WHAT CODE PATTERN COMMAND...: runs it; its exit code must be CODE and some line of its output like PATTERN
expect() {
    local what=$1 code=$2 pattern=$3 status result=yes
    shift 3
    "$@" >"$work/out" 2>&1
    status=$?
    if [ "$status" != "$code" ] || ! grep -qE -- "$pattern" "$work/out"; then
        result=NO
        failed=$((failed + 1))
        tail -n 20 "$work/out" | sed 's/^/    | /'
    fi
    printf '%-4s exit %d  %s: %s\n' "$result" "$status" "$what" "$pattern"
}
