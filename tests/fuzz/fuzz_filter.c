/* fuzz/fuzz_filter.c - the filter of Google's list methods: "filter NUL item". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_list.h"
#include "sim/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *filter = fuzz_part(&data, &size);
    char *item_text = fuzz_part(&data, &size);
    json_t *item = json_loads(item_text, 0, NULL);
    if (json_is_object(item)) {
        bool is_valid = true;
        json_t *before = json_deep_copy(item);
        bool is_wanted = sim_gcp_is_wanted(filter, item, &is_valid);
        bool is_valid_again = true;
        if (sim_gcp_is_wanted(filter, item, &is_valid_again) != is_wanted ||
            is_valid_again != is_valid || !json_equal(before, item)) {
            abort(); /* a filter only looks */
        }
        if (is_wanted && !is_valid) {
            abort(); /* what is not understood wants nothing */
        }
        json_decref(before);
    }
    json_decref(item);
    json_decref(sim_query_parse(filter));
    json_decref(sim_query_list(filter, "a"));
    free(filter);
    free(item_text);
    return 0;
}
