/* fuzz/fuzz_filter.c - the filter of Compute Engine's lists: "query NUL item". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_list.h"
#include "sim/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *query = fuzz_part(&data, &size);
    char *item_text = fuzz_part(&data, &size);
    json_t *item = json_loads(item_text, 0, NULL);
    if (json_is_object(item)) {
        bool is_valid = true;
        bool is_wanted = sim_gcp_is_wanted(query, item, &is_valid);
        if (is_wanted && !is_valid) {
            abort(); /* what is not understood wants nothing */
        }
    }
    json_decref(item);
    json_decref(sim_query_list(query, "a"));
    free(query);
    free(item_text);
    return 0;
}
