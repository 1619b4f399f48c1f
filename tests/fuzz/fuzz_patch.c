/* fuzz/fuzz_patch.c - merge patch and JSON patch: "target NUL patch". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_patch.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *target_text = fuzz_part(&data, &size);
    char *patch_text = fuzz_part(&data, &size);
    json_t *target = json_loads(target_text, JSON_DECODE_ANY, NULL);
    json_t *patch = json_loads(patch_text, JSON_DECODE_ANY, NULL);
    if (target != NULL && patch != NULL) {
        json_t *before = json_deep_copy(target);
        json_decref(sim_patch_merge(target, patch));
        struct tg_err err = TG_ERR_INIT;
        json_decref(sim_patch_json(target, patch, &err));
        if (!json_equal(before, target)) {
            abort(); /* a patch never changes what it is applied to */
        }
        json_decref(before);
    }
    json_decref(target);
    json_decref(patch);
    free(target_text);
    free(patch_text);
    return 0;
}
