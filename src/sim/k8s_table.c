/* sim/k8s_table.c - Table rows and PartialObjectMetadata. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_table.h"

#include "base/assert.h"
#include "base/str.h"

json_t *sim_table_definitions(const struct sim_resource *resource)
{
    json_t *definitions = json_array();
    for (const struct sim_column *column = sim_columns_of(resource); column->name; column++) {
        const char *format = tg_str_eq(column->name, "Name") ? "name" : "";
        json_array_append_new(definitions,
                              json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", column->name, "type",
                                        column->type, "format", format, "description", column->name,
                                        "priority", column->priority));
    }
    return definitions;
}

json_t *sim_table_partial(json_t *object)
{
    json_t *partial = json_pack("{s:s, s:s, s:O?}", "kind", "PartialObjectMetadata", "apiVersion",
                                "meta.k8s.io/v1", "metadata", json_object_get(object, "metadata"));
    tg_assert(partial != NULL);
    return partial;
}

json_t *sim_table_row(const struct sim_resource *resource, json_t *object,
                      enum sim_encoding encoding, int64_t now_us)
{
    json_t *cells = json_array();
    for (const struct sim_column *column = sim_columns_of(resource); column->name; column++) {
        json_array_append_new(cells, column->cell(column, object, now_us));
    }
    json_t *row = json_pack("{s:o}", "cells", cells);
    if (encoding == SIM_ENCODING_TABLE_OBJECT) {
        json_object_set(row, "object", object);
    } else if (encoding != SIM_ENCODING_TABLE_BARE) {
        json_object_set_new(row, "object", sim_table_partial(object));
    }
    return row;
}
