/* sim/definition.c - which resources a store serves. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/definition.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/json_path.h"
#include "sim/k8s_table.h"

#define NAMES_MAX 4096u

struct version {
    struct sim_resource resource; /* texts are borrowed from definition, but for the two lists */
    json_t *definition;
    char *list_kind;
    char *short_names;
    char *categories;
    struct sim_column *columns;
    bool is_served;
};

struct sim_definitions {
    struct version **versions;
    size_t count;
};

struct sim_definitions *sim_definitions_new(void)
{
    return TG_NEW(struct sim_definitions);
}

static void version_clear(struct version *version)
{
    json_decref(version->definition);
    free(version->list_kind);
    free(version->short_names);
    free(version->categories);
    free(version->columns);
}

void sim_definitions_free(struct sim_definitions *definitions)
{
    for (size_t i = 0; i < definitions->count; i++) {
        version_clear(definitions->versions[i]);
        free(definitions->versions[i]);
    }
    free(definitions->versions);
    free(definitions);
}

/* ---- what is served ---- */

/* Built-in resources stand in the table between those that definitions bring. */
static const struct sim_resource *built_in_at(size_t *i)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (r->is_strategic && (*i)-- == 0) {
            return r;
        }
    }
    return NULL;
}

const struct sim_resource *sim_served_at(const struct sim_store *store, size_t i)
{
    const struct sim_definitions *definitions = sim_store_definitions(store);
    const struct sim_resource *built_in = built_in_at(&i);
    for (size_t v = 0; built_in == NULL && v < definitions->count; v++) {
        if (definitions->versions[v]->is_served && i-- == 0) {
            return &definitions->versions[v]->resource;
        }
    }
    return built_in;
}

static bool is_named(const struct sim_resource *resource, const char *group, const char *version,
                     const char *plural)
{
    return tg_str_eq(resource->plural, plural) && tg_str_eq(resource->group, group) &&
           (version == NULL || tg_str_eq(resource->version, version));
}

const struct sim_resource *sim_served_find(const struct sim_store *store, const char *group,
                                           const char *version, const char *plural)
{
    const struct sim_definitions *definitions = sim_store_definitions(store);
    const struct sim_resource *built_in = sim_resource_find(group, version, plural);
    if (built_in != NULL && built_in->is_strategic) {
        return built_in;
    }
    for (size_t i = 0; i < definitions->count; i++) {
        const struct version *v = definitions->versions[i];
        if (v->is_served && is_named(&v->resource, group, version, plural)) {
            return &v->resource;
        }
    }
    return NULL;
}

/* ---- from a definition to its versions ---- */

/* "a,b" of an array of texts. The caller frees. */
static char *joined(const json_t *texts)
{
    struct tg_buf buf;
    tg_buf_init(&buf, NAMES_MAX);
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        if (json_is_string(text)) {
            tg_buf_puts(&buf, buf.len == 0 ? "" : ",");
            tg_buf_puts(&buf, json_string_value(text));
        }
    }
    char *result = tg_strdup(tg_buf_text(&buf));
    tg_buf_fini(&buf);
    return result;
}

/* A version without columns of its own shows its age; one with columns shows those. */
static struct sim_column *columns_new(const json_t *version)
{
    const json_t *printed = json_object_get(version, "additionalPrinterColumns");
    size_t count = json_array_size(printed);
    struct sim_column *columns = tg_calloc(count + 3, sizeof *columns);
    columns[0] = (struct sim_column){"Name", "string", 0, sim_column_jsonpath, ".metadata.name"};
    if (count == 0) {
        columns[1] = (struct sim_column){"Age", "date", 0, sim_column_jsonpath,
                                         ".metadata.creationTimestamp"};
    }
    size_t i;
    json_t *column;
    json_array_foreach(printed, i, column)
    {
        columns[i + 1] = (struct sim_column){
            .name = sim_json_text(column, "name"),
            .type = sim_json_text(column, "type"),
            .priority = (int)sim_json_int(column, "priority", 0),
            .cell = sim_column_jsonpath,
            .path = sim_json_text(column, "jsonPath"),
        };
    }
    return columns;
}

static const struct sim_resource *storage_of(const struct sim_store *store, const char *group,
                                             const char *plural)
{
    for (const struct sim_resource *r = sim_resources; r->plural != NULL; r++) {
        if (is_named(r, group, NULL, plural)) {
            return r;
        }
    }
    const struct sim_definitions *definitions = sim_store_definitions(store);
    for (size_t i = 0; i < definitions->count; i++) {
        const struct sim_resource *resource = &definitions->versions[i]->resource;
        if (is_named(resource, group, NULL, plural)) {
            return sim_resource_storage(resource);
        }
    }
    return NULL;
}

static struct version *version_of(struct sim_store *store, const char *group, const char *name,
                                  const char *plural)
{
    struct sim_definitions *definitions = sim_store_definitions(store);
    for (size_t i = 0; i < definitions->count; i++) {
        if (is_named(&definitions->versions[i]->resource, group, name, plural)) {
            return definitions->versions[i];
        }
    }
    struct version *version = TG_NEW(struct version);
    version->resource.storage = storage_of(store, group, plural);
    if (version->resource.storage == NULL) {
        version->resource.slot = sim_store_add_slot(store);
    }
    definitions->versions = tg_realloc_array(definitions->versions, definitions->count + 1,
                                             sizeof *definitions->versions);
    definitions->versions[definitions->count++] = version;
    return version;
}

static void serve_version(struct sim_store *store, json_t *definition, const json_t *spec)
{
    const char *group = sim_json_text(definition, "spec.group");
    const char *plural = sim_json_text(definition, "spec.names.plural");
    struct version *version = version_of(store, group, sim_json_text(spec, "name"), plural);
    struct version old = *version;
    const struct sim_resource *storage = version->resource.storage;
    version->definition = json_incref(definition);
    version->is_served = sim_json_is_true(spec, "served");
    version->list_kind = tg_asprintf("%sList", sim_json_text(definition, "spec.names.kind"));
    version->short_names = joined(sim_json_at(definition, "spec.names.shortNames"));
    version->categories = joined(sim_json_at(definition, "spec.names.categories"));
    version->columns = columns_new(spec);
    const char *list_kind = sim_json_text(definition, "spec.names.listKind");
    version->resource = (struct sim_resource){
        .group = group,
        .version = sim_json_text(spec, "name"),
        .plural = plural,
        .singular = sim_json_text(definition, "spec.names.singular"),
        .kind = sim_json_text(definition, "spec.names.kind"),
        .list_kind = list_kind[0] == '\0' ? version->list_kind : list_kind,
        .short_names = version->short_names,
        .categories = version->categories,
        .is_namespaced = tg_str_eq(sim_json_text(definition, "spec.scope"), "Namespaced"),
        .has_status = sim_json_at(spec, "subresources.status") != NULL,
        .has_scale = sim_json_at(spec, "subresources.scale") != NULL,
        .has_generation = true,
        .storage = storage,
        .slot = old.resource.slot,
        .columns = version->columns,
        .schema = sim_json_at(spec, "schema.openAPIV3Schema"),
        .is_terminating = sim_json_at(definition, "metadata.deletionTimestamp") != NULL,
    };
    version_clear(&old);
}

static void withdraw(struct sim_store *store, const char *group, const char *plural)
{
    struct sim_definitions *definitions = sim_store_definitions(store);
    for (size_t i = 0; i < definitions->count; i++) {
        if (is_named(&definitions->versions[i]->resource, group, NULL, plural)) {
            definitions->versions[i]->is_served = false;
        }
    }
}

void sim_definition_serve(struct sim_store *store, json_t *definition)
{
    sim_definition_withdraw(store, definition);
    size_t i;
    json_t *version;
    json_array_foreach(sim_json_at(definition, "spec.versions"), i, version)
    {
        serve_version(store, definition, version);
    }
}

void sim_definition_withdraw(struct sim_store *store, const json_t *definition)
{
    withdraw(store, sim_json_text(definition, "spec.group"),
             sim_json_text(definition, "spec.names.plural"));
}

const struct sim_resource *sim_definition_storage(const struct sim_store *store,
                                                  const json_t *definition)
{
    return storage_of(store, sim_json_text(definition, "spec.group"),
                      sim_json_text(definition, "spec.names.plural"));
}

char *sim_definition_schema_name(const struct sim_resource *resource)
{
    char *reversed = tg_strdup("");
    const char *end = resource->group + strlen(resource->group);
    while (end > resource->group) {
        const char *dot = end;
        while (dot > resource->group && dot[-1] != '.') {
            dot--;
        }
        char *longer = tg_asprintf("%s%.*s.", reversed, (int)(end - dot), dot);
        free(reversed);
        reversed = longer;
        end = dot > resource->group ? dot - 1 : dot;
    }
    char *name = tg_asprintf("%s%s.%s", reversed, resource->version, resource->kind);
    free(reversed);
    return name;
}
