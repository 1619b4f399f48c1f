/* fuzz/fuzz_selector.c - label and field selectors: "selector NUL object". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/selector.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_part(&data, &size);
    char *object_text = fuzz_part(&data, &size);
    json_t *object = json_loads(object_text, 0, NULL);
    struct sim_selector selector;
    struct tg_err err = TG_ERR_INIT;
    if (sim_selector_parse_labels(&selector, text, &err)) {
        sim_selector_matches_labels(&selector, object);
    }
    sim_selector_fini(&selector);
    const struct sim_resource *pods = sim_resource_find("", "v1", "pods");
    if (sim_selector_parse_fields(&selector, text, pods, &err)) {
        sim_selector_matches_fields(&selector, object);
    }
    sim_selector_fini(&selector);
    sim_selector_from_json(&selector, object);
    sim_selector_matches_labels(&selector, object);
    sim_selector_fini(&selector);
    free(sim_selector_text_of_json(object));
    json_decref(object);
    free(text);
    free(object_text);
    return 0;
}
