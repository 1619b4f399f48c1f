/* fuzz/fuzz_strategic.c - strategic merge patch: "target NUL patch". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_patch.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *target_text = fuzz_part(&data, &size);
    char *patch_text = fuzz_part(&data, &size);
    json_t *target = json_loads(target_text, 0, NULL);
    json_t *patch = json_loads(patch_text, 0, NULL);
    if (json_is_object(target) && json_is_object(patch)) {
        json_t *before = json_deep_copy(target);
        struct tg_err err = TG_ERR_INIT;
        json_decref(
            sim_patch_strategic(sim_schema_message("apps.Deployment"), target, patch, &err));
        if (!json_equal(before, target)) {
            abort();
        }
        json_decref(before);
    }
    json_decref(target);
    json_decref(patch);
    free(target_text);
    free(patch_text);
    return 0;
}
