/* fuzz/fuzz_filter.c - the filter of Compute Engine's lists: "query NUL item". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/gcp_compute.h"
#include "sim/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *query = fuzz_part(&data, &size);
    char *item_text = fuzz_part(&data, &size);
    json_t *item = json_loads(item_text, 0, NULL);
    json_t *items = json_array();
    if (json_is_object(item)) {
        json_array_append(items, item);
        json_array_append(items, item);
        sim_gcp_filter(query, items);
        if (json_array_size(items) == 1) {
            abort(); /* the same item twice is wanted twice or not at all */
        }
    }
    json_decref(items);
    json_decref(item);
    json_decref(sim_query_list(query, "a"));
    free(query);
    free(item_text);
    return 0;
}
