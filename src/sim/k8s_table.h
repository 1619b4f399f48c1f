/* sim/k8s_table.h - objects as the rows of a Table, with the columns that kubectl shows for each
 * kind.
 *
 * Thread: the world's. Ownership: results are new references; objects are borrowed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_TABLE_H
#define TG_SIM_K8S_TABLE_H

#include <jansson.h>
#include <stdint.h>

#include "sim/store.h"

/* How answers show an object; follows from Accept and from includeObject. */
enum sim_encoding {
    SIM_ENCODING_PLAIN,
    SIM_ENCODING_TABLE,        /* rows with PartialObjectMetadata */
    SIM_ENCODING_TABLE_OBJECT, /* rows with the whole object */
    SIM_ENCODING_TABLE_BARE,   /* rows without objects */
    SIM_ENCODING_PARTIAL,      /* PartialObjectMetadata instead of objects */
    SIM_ENCODING_COUNT,
};

/* One column of a kind's table. */
struct sim_column {
    const char *name;
    const char *type; /* "string", "integer", "date" */
    int priority;     /* 0: always shown; 1: wide only */
    json_t *(*cell)(const struct sim_column *column, json_t *object, int64_t now_us);
    const char *path; /* for generic cells */
};

/* Columns of a resource, ended by name == NULL; never NULL (Name and Age at least). */
const struct sim_column *sim_columns_of(const struct sim_resource *resource);

/* Columns of autoscalers, budgets and volumes; NULL when plural is none of them. */
const struct sim_column *sim_columns_of_scaling(const char *plural);

/* Cells of any kind: text at column->path; integer there; time since what is there (NULL: since the
 * creation). */
json_t *sim_cell_text(const struct sim_column *column, json_t *object, int64_t now_us);
json_t *sim_cell_int(const struct sim_column *column, json_t *object, int64_t now_us);
json_t *sim_cell_age(const struct sim_column *column, json_t *object, int64_t now_us);

/* Cell of a column that a definition declares: what column->path (JSONPath) leads to, null when
 * there is nothing. */
json_t *sim_column_jsonpath(const struct sim_column *column, json_t *object, int64_t now_us);

/* Array of column definitions. */
json_t *sim_table_definitions(const struct sim_resource *resource);

/* One row; now_us (wall) is what ages are counted to. */
json_t *sim_table_row(const struct sim_resource *resource, json_t *object,
                      enum sim_encoding encoding, int64_t now_us);

/* The object's metadata alone, as PartialObjectMetadata. */
json_t *sim_table_partial(json_t *object);

/* What a table shows of a Pod. */
struct sim_pod_row {
    char status[128];
    size_t ready;
    size_t total;
    int64_t restarts;
    const char *last_restart; /* RFC 3339, "" when there was none; of the Pod */
};

void sim_pod_row(const json_t *pod, struct sim_pod_row *row);

#endif
