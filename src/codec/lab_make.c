/* codec/lab_make.c - what a lab's steps make. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/lab_hazard.h"
#include "codec/yaml_json.h"

#define BODY_MAX        (256 * 1024)
#define MAKES_MAX       64
#define TIMEOUT_DEFAULT 1800
#define TIMEOUT_MAX     86400
#define DIGEST_LEN      64

static const char *json_of(struct tg_lab_reader *reader, const struct tg_yaml_node *node)
{
    struct tg_buf json;
    tg_buf_init(&json, BODY_MAX);
    const char *text = tg_yaml_to_json(node, &json)
                           ? tg_arena_strdup(reader->lab->arena, tg_buf_text(&json))
                           : NULL;
    tg_buf_fini(&json);
    if (text == NULL) {
        tg_yaml_fail(reader->name, node, reader->err, "larger than %d bytes", BODY_MAX);
    }
    return text;
}

static bool read_json(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      const char *key, const char **out)
{
    const struct tg_yaml_node *value = tg_yaml_get(node, key);
    *out = NULL;
    if (value == NULL) {
        return true;
    }
    if (value->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, value, reader->err, "'%s' must be a map", key);
    }
    *out = json_of(reader, value);
    return *out != NULL;
}

static bool read_flag(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      const char *key, bool *out)
{
    const char *value = tg_yaml_text(node, key);
    *out = value != NULL && tg_str_eq(value, "true");
    return value == NULL || *out || tg_str_eq(value, "false") ||
           tg_yaml_fail(reader->name, tg_yaml_get(node, key), reader->err,
                        "'%s' must be true or false", key);
}

static bool read_form(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      struct tg_lab_make *out)
{
    static const char *const names[] = {"object", "service", "service_identity", "role"};
    const char *form = tg_yaml_text(node, "form");
    const char *api = tg_yaml_text(node, "api");
    out->api = tg_api_by_name(api != NULL ? api : "");
    if (!tg_api_holds_things(out->api) || out->api == TG_API_KUBERNETES) {
        return tg_yaml_fail(reader->name, node, reader->err,
                            "'api' must be one of Google's: compute, container, gkehub, "
                            "serviceusage, storage, iam, cloudresourcemanager");
    }
    out->form = TG_FORM_OBJECT;
    for (int i = 0; form != NULL && i < TG_FORM_COUNT; i++) {
        if (tg_str_eq(form, names[i])) {
            out->form = (enum tg_desired_form)i;
            return true;
        }
    }
    return form == NULL || tg_yaml_fail(reader->name, tg_yaml_get(node, "form"), reader->err,
                                        "'form' must be object, service, service_identity or role");
}

static bool read_google(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_lab_make *out)
{
    bool is_ok = read_form(reader, node, out) &&
                 tg_lab_need_text(reader, node, "collection", &out->collection) &&
                 tg_lab_need_text(reader, node, "name", &out->name) &&
                 read_json(reader, node, "body", &out->body) &&
                 read_json(reader, node, "create", &out->create_body);
    out->zone_list = tg_lab_read_text(reader, node, "zone_list");
    out->terraform = tg_lab_read_text(reader, node, "terraform");
    out->import_id = tg_lab_read_text(reader, node, "import");
    return is_ok;
}

/* One document of a manifest. */
static bool read_document(struct tg_lab_reader *reader, const struct tg_yaml_node *document,
                          struct tg_lab_make *out)
{
    const struct tg_yaml_node *metadata = tg_yaml_get(document, "metadata");
    out->api = TG_API_KUBERNETES;
    out->form = TG_FORM_OBJECT;
    if (metadata == NULL) {
        return tg_yaml_fail(reader->name, document, reader->err, "'metadata' is missing");
    }
    out->ns = tg_lab_read_text(reader, metadata, "namespace");
    out->body = json_of(reader, document);
    return out->body != NULL &&
           tg_lab_need_text(reader, document, "apiVersion", &out->collection) &&
           tg_lab_need_text(reader, document, "kind", &out->kind) &&
           tg_lab_need_text(reader, metadata, "name", &out->name);
}

struct makes {
    struct tg_lab_make items[MAKES_MAX];
    size_t count;
};

static bool add(struct tg_lab_reader *reader, const struct tg_yaml_node *node, struct makes *makes,
                const struct tg_lab_make *make)
{
    if (makes->count == MAKES_MAX) {
        return tg_yaml_fail(reader->name, node, reader->err, "more than %d things in one step",
                            MAKES_MAX);
    }
    makes->items[makes->count++] = *make;
    return true;
}

/* Every document of a manifest that is built into the program, with what the entry says of all. */
static bool read_manifest(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                          const char *path, const struct tg_lab_make *common, struct makes *makes)
{
    const struct tg_asset *asset = tg_asset_get(path);
    if (asset == NULL) {
        return tg_yaml_fail(reader->name, tg_yaml_get(node, "manifest"), reader->err,
                            "there is no manifest %s", path);
    }
    /* What it repeats for each region is text, so that it reads the same for kubectl. */
    struct tg_lab_place place = {.lab = reader->lab};
    struct tg_buf text;
    tg_buf_init(&text, BODY_MAX);
    (void)tg_lab_expand(asset->text, &place, &text);
    struct tg_yaml *yaml = tg_yaml_parse_stream(path, tg_buf_text(&text), text.len, reader->err);
    tg_buf_fini(&text);
    if (yaml == NULL) {
        return false;
    }
    struct tg_lab_reader within = *reader;
    within.name = path;
    const struct tg_yaml_node *documents = tg_yaml_root(yaml);
    const char *kept = tg_arena_strdup(reader->lab->arena, path);
    bool is_ok = true;
    for (size_t i = 0; i < documents->count && is_ok; i++) {
        struct tg_lab_make make = *common;
        make.manifest = kept;
        make.document = i;
        is_ok = read_document(&within, documents->items[i], &make) &&
                tg_lab_read_variants(&within, &make) && add(reader, node, makes, &make);
    }
    if (is_ok && common->source_url != NULL && documents->count != 1) {
        is_ok = tg_yaml_fail(reader->name, node, reader->err,
                             "a manifest with a 'url' must have one document");
    }
    tg_yaml_free(yaml);
    return is_ok;
}

/* Where the manifest's one document is downloaded from; the built-in one then only says what it is.
 */
static bool read_source(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                        struct tg_lab_make *out)
{
    const struct tg_yaml_node *digest = tg_yaml_get(node, "sha256");
    out->source_url = tg_lab_read_text(reader, node, "url");
    out->source_sha256 = tg_lab_read_text(reader, node, "sha256");
    if (out->source_url == NULL && digest == NULL) {
        return true;
    }
    if (out->source_url == NULL || !tg_str_has_prefix(out->source_url, "https://")) {
        return tg_yaml_fail(reader->name, node, reader->err,
                            "'url' must be an https:// address, and needs 'sha256'");
    }
    size_t len = out->source_sha256 == NULL ? 0 : strlen(out->source_sha256);
    return (len == DIGEST_LEN &&
            strspn(out->source_sha256, "0123456789abcdefABCDEF") == DIGEST_LEN) ||
           tg_yaml_fail(reader->name, digest != NULL ? digest : node, reader->err,
                        "'sha256' must be %d hexadecimal digits", DIGEST_LEN);
}

static bool read_make(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                      struct makes *makes)
{
    static const char *const keys[] = {
        "where",     "api",       "form",   "collection", "name",      "body",
        "create",    "manifest",  "secret", "secret_key", "content",   "keep",
        "only_ours", "passing",   "url",    "sha256",     "zone_list", "when",
        "unless",    "terraform", "import", NULL};
    struct tg_lab_make make = {0};
    if (node->kind != TG_YAML_MAP) {
        return tg_yaml_fail(reader->name, node, reader->err, "a map is expected here");
    }
    bool is_ok = tg_lab_check_keys(reader, node, keys);
    is_ok = tg_lab_note(reader, read_flag(reader, node, "content", &make.has_content)) && is_ok;
    is_ok = tg_lab_note(reader, read_flag(reader, node, "keep", &make.is_kept)) && is_ok;
    is_ok = tg_lab_note(reader, read_flag(reader, node, "only_ours", &make.is_only_ours)) && is_ok;
    is_ok = tg_lab_note(reader, read_flag(reader, node, "passing", &make.is_passing)) && is_ok;
    is_ok = tg_lab_note(reader, read_source(reader, node, &make)) && is_ok;
    is_ok = tg_lab_note(reader, tg_lab_read_when(reader, node, &make)) && is_ok;
    if (!tg_lab_read_where(reader, node, &make.where)) {
        return false;
    }
    make.secret = tg_lab_read_text(reader, node, "secret");
    make.secret_key = tg_lab_read_text(reader, node, "secret_key");
    bool is_in_cluster = make.where == TG_LAB_WHERE_CONFIG || make.where == TG_LAB_WHERE_REGIONS;
    const char *manifest = tg_yaml_text(node, "manifest");
    if (is_in_cluster != (manifest != NULL)) {
        return tg_yaml_fail(reader->name, node, reader->err,
                            "things in clusters come from a 'manifest', things of Google Cloud "
                            "from 'api', 'collection' and 'name'");
    }
    bool is_made = is_in_cluster
                       ? read_manifest(reader, node, manifest, &make, makes)
                       : read_google(reader, node, &make) && add(reader, node, makes, &make);
    return is_made && is_ok;
}

static bool read_leftovers(struct tg_lab_reader *reader, const struct tg_yaml_node *list,
                           struct tg_lab_step *out)
{
    static const char *const keys[] = {"kind", "name", "parent", "collection", NULL};
    if (list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(reader->name, list, reader->err, "'leftovers' must be a list");
    }
    struct tg_lab_leftover *leftovers =
        tg_arena_alloc(reader->lab->arena, (list->count + 1) * sizeof(*leftovers));
    for (size_t i = 0; i < list->count; i++) {
        const struct tg_yaml_node *item = list->items[i];
        const char *kind = tg_yaml_text(item, "kind");
        if (!tg_lab_check_keys(reader, item, keys) ||
            !tg_lab_need_text(reader, item, "name", &leftovers[i].name) ||
            !tg_lab_need_text(reader, item, "parent", &leftovers[i].parent) ||
            !tg_lab_need_text(reader, item, "collection", &leftovers[i].collection)) {
            return false;
        }
        leftovers[i].kind = tg_kind_by_name(TG_KIND_SOURCE_GCP, kind != NULL ? kind : "");
        if (leftovers[i].kind == TG_KIND_COUNT) {
            return tg_yaml_fail(reader->name, item, reader->err,
                                "'kind' is not one that is observed");
        }
    }
    out->leftovers = leftovers;
    out->leftovers_count = list->count;
    return true;
}

/* "90s", "30m", "2h". */
static bool read_timeout(struct tg_lab_reader *reader, const struct tg_yaml_node *node, int *out)
{
    const char *text = tg_yaml_text(node, "timeout");
    *out = TIMEOUT_DEFAULT;
    if (text == NULL) {
        return true;
    }
    size_t len = strlen(text);
    char number[16];
    int64_t value = 0;
    int64_t unit = len == 0               ? 0
                   : text[len - 1] == 's' ? 1
                   : text[len - 1] == 'm' ? 60
                   : text[len - 1] == 'h' ? 3600
                                          : 0;
    if (unit == 0 || len > sizeof(number)) {
        return tg_yaml_fail(reader->name, tg_yaml_get(node, "timeout"), reader->err,
                            "'timeout' must read like 90s, 30m or 2h");
    }
    memcpy(number, text, len - 1);
    number[len - 1] = '\0';
    if (!tg_str_to_int64(number, 1, TIMEOUT_MAX / unit, &value)) {
        return tg_yaml_fail(reader->name, tg_yaml_get(node, "timeout"), reader->err,
                            "'timeout' must be at most a day");
    }
    *out = (int)(value * unit);
    return true;
}

static bool read_proof(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_lab_step *out)
{
    const char *proof = tg_yaml_text(node, "prove");
    out->proves_interfaces = proof != NULL && tg_str_eq(proof, "interfaces");
    return proof == NULL || out->proves_interfaces ||
           tg_yaml_fail(reader->name, tg_yaml_get(node, "prove"), reader->err,
                        "'prove' must be interfaces");
}

bool tg_lab_read_makes(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_lab_step *out)
{
    const struct tg_yaml_node *leftovers = tg_yaml_get(node, "leftovers");
    const struct tg_yaml_node *list = tg_yaml_get(node, "make");
    bool is_ok = tg_lab_note(reader, read_timeout(reader, node, &out->timeout_s));
    is_ok = tg_lab_note(reader, read_flag(reader, node, "once", &out->is_made_only_once)) && is_ok;
    is_ok = tg_lab_note(reader, read_proof(reader, node, out)) && is_ok;
    is_ok =
        (leftovers == NULL || tg_lab_note(reader, read_leftovers(reader, leftovers, out))) && is_ok;
    if (list == NULL) {
        return is_ok; /* a step that only waits */
    }
    if (list->kind != TG_YAML_LIST) {
        return tg_yaml_fail(reader->name, list, reader->err, "'make' must be a list");
    }
    struct makes *makes = TG_NEW(struct makes);
    for (size_t i = 0; i < list->count; i++) {
        is_ok = tg_lab_note(reader, read_make(reader, list->items[i], makes)) && is_ok;
    }
    struct tg_lab_make *kept =
        tg_arena_alloc(reader->lab->arena, (makes->count + 1) * sizeof(*kept));
    memcpy(kept, makes->items, makes->count * sizeof(*kept));
    out->makes = kept;
    out->makes_count = makes->count;
    free(makes);
    return is_ok;
}

bool tg_lab_read_needs(struct tg_lab_reader *reader, const struct tg_yaml_node *node,
                       struct tg_lab_step *steps, size_t index)
{
    const struct tg_yaml_node *list = tg_yaml_get(node, "needs");
    size_t count = list != NULL ? list->count : index > 0 ? 1 : 0;
    int *needs = tg_arena_alloc(reader->lab->arena, (count + 1) * sizeof(*needs));
    bool is_ok = true;
    if (list == NULL && index > 0) {
        needs[0] = (int)index - 1;
    }
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *id = list->items[i]->text;
        needs[i] = -1;
        for (size_t before = 0; before < index && id != NULL; before++) {
            needs[i] = tg_str_eq(steps[before].id, id) ? (int)before : needs[i];
        }
        if (needs[i] < 0) {
            is_ok = tg_lab_note(reader, tg_yaml_fail(reader->name, list->items[i], reader->err,
                                                     "'%s' is no step before this one",
                                                     id != NULL ? id : ""));
        }
    }
    steps[index].needs = needs;
    steps[index].needs_count = count;
    return is_ok;
}
