# interop/terraform.bash - terraform with the providers that tools.sh left, for the scripts beside it; to be sourced.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
cache=${TIDEGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate}
if [ ! -f "${TF_CLI_CONFIG_FILE:-$HOME/.terraformrc}" ] && [ -f "$cache/terraform/settings" ]; then
    export TF_CLI_CONFIG_FILE=$cache/terraform/settings
fi
export CHECKPOINT_DISABLE=1
