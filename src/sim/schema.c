/* sim/schema.c - the table of fields and look-ups in it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

#define SIM_MESSAGE(name) {0, name, SIM_FIELD_ONE, SIM_FIELD_ANY, "", "", ""},
#define SIM_FIELD(number, name, shape, type, message, strategic, apply) \
    {number, name, SIM_FIELD_##shape, SIM_FIELD_##type, message, strategic, apply},

/* Rows of number 0 begin a message and are in the order of their names. */
static const struct sim_field rows[] = {
#include "sim/schema_apps.def"
#include "sim/schema_core_a.def"
#include "sim/schema_core_n.def"
#include "sim/schema_meta.def"
    {0, NULL, SIM_FIELD_ONE, SIM_FIELD_ANY, "", "", ""},
};

#undef SIM_MESSAGE
#undef SIM_FIELD

const struct sim_field *sim_schema_message(const char *name)
{
    size_t low = 0;
    size_t high = TG_COUNT(rows) - 1; /* the last row is the end */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t start = middle;
        while (rows[start].number != 0) {
            start--;
        }
        int order = strcmp(name, rows[start].name);
        if (order == 0) {
            return &rows[start + 1];
        }
        if (order < 0) {
            high = start;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const char *package_of(const char *group)
{
    static const char *const packages[][2] = {
        {"", "core"},
        {"apps", "apps"},
        {"authentication.k8s.io", "authentication"},
        {"authorization.k8s.io", "authorization"},
        {"autoscaling", "autoscaling"},
        {"batch", "batch"},
        {"coordination.k8s.io", "coordination"},
        {"discovery.k8s.io", "discovery"},
        {"policy", "policy"},
        {"rbac.authorization.k8s.io", "rbac"},
        {"resource.k8s.io", "resource"},
        {"storage.k8s.io", "storage"},
    };
    for (size_t i = 0; i < TG_COUNT(packages); i++) {
        if (tg_str_eq(packages[i][0], group)) {
            return packages[i][1];
        }
    }
    return NULL;
}

static const struct sim_field *find(const char *group, const char *kind)
{
    const char *package = package_of(group);
    char name[160];
    if (package == NULL || strlen(kind) > 100) {
        return NULL;
    }
    snprintf(name, sizeof name, "%s.%s", package, kind);
    return sim_schema_message(name);
}

const struct sim_field *sim_schema_of(const struct sim_resource *resource)
{
    bool is_known = tg_str_eq(resource->version, "v1") || tg_str_eq(resource->version, "v2");
    return is_known ? find(resource->group, resource->kind) : NULL;
}

const struct sim_field *sim_schema_of_kind(const char *api_version, const char *kind)
{
    char group[128];
    if (tg_str_eq(kind, "DeleteOptions")) {
        return find("", kind) != NULL ? NULL : sim_schema_message("meta.DeleteOptions");
    }
    const char *slash = strchr(api_version, '/');
    const char *version = slash == NULL ? api_version : slash + 1;
    if (!tg_str_eq(version, "v1") && !tg_str_eq(version, "v2")) {
        return NULL;
    }
    tg_str_copy(group, sizeof group, slash == NULL ? "" : api_version);
    group[strcspn(group, "/")] = '\0';
    return find(group, kind);
}

const struct sim_field *sim_schema_field(const struct sim_field *message, const char *name)
{
    for (const struct sim_field *f = message; f != NULL && f->number != 0; f++) {
        if (f->shape == SIM_FIELD_INLINE) {
            const struct sim_field *inner = sim_schema_field(sim_schema_inner(f), name);
            if (inner != NULL) {
                return inner;
            }
        } else if (tg_str_eq(f->name, name)) {
            return f;
        }
    }
    return NULL;
}

const struct sim_field *sim_schema_field_number(const struct sim_field *message, uint32_t number)
{
    for (const struct sim_field *f = message; f != NULL && f->number != 0; f++) {
        if (f->number == number) {
            return f;
        }
    }
    return NULL;
}

const struct sim_field *sim_schema_inner(const struct sim_field *field)
{
    return field->type == SIM_FIELD_MESSAGE ? sim_schema_message(field->message) : NULL;
}
