/* codec/gcp_resource.c - bodies that make resources, and the resources that came of them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp_resource.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/gcp_answer.h"
#include "codec/json.h"

struct resource {
    enum tg_api api;
    const char *collection;
    const char *noun;
    const char *wrapper;
    const char *name_query;
    const char *state_path;
    const char *settled;
    const char *making;
    const char *going;
    const char *changeable;
};

static const struct resource resources[] = {
#define TG_GCP_RESOURCE(api, collection, noun, wrapper, name_query, state_path, settled, making, \
                        going, changeable)                                                       \
    {TG_API_##api, collection, noun,   wrapper, name_query,                                      \
     state_path,   settled,    making, going,   changeable},
#include "codec/gcp_resource.def"
#undef TG_GCP_RESOURCE
};

static const struct resource unknown = {TG_API_COUNT, "", "resource", "", "", "", "", "", "", NULL};

static const struct resource *resource_of(const struct tg_desired *desired)
{
    const char *slash = strrchr(desired->collection, '/');
    const char *collection = slash != NULL ? slash + 1 : desired->collection;
    for (size_t i = 0; i < TG_COUNT(resources); i++) {
        if (resources[i].api == desired->api && tg_str_eq(resources[i].collection, collection)) {
            return &resources[i];
        }
    }
    return &unknown;
}

const char *tg_gcp_noun(const struct tg_desired *desired)
{
    return resource_of(desired)->noun;
}

const char *tg_gcp_name_query(const struct tg_desired *desired)
{
    return resource_of(desired)->name_query;
}

/* True when word is one of words, which are separated by spaces. */
static bool is_one_of(const char *word, const char *words)
{
    size_t len = strlen(word);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t word_len = strcspn(at, " ");
        if (word_len == len && memcmp(at, word, len) == 0) {
            return true;
        }
        at += word_len;
    }
    return false;
}

char *tg_gcp_write_create(const struct tg_desired *desired, struct tg_err *err)
{
    const struct resource *resource = resource_of(desired);
    json_t *body = tg_json_draft(desired->create_body, err);
    json_t *wanted = body != NULL ? tg_json_draft(desired->body, err) : NULL;
    if (wanted == NULL) {
        json_decref(body);
        return NULL;
    }
    tg_json_merge(body, wanted);
    json_decref(wanted);
    if (desired->api == TG_API_IAM) {
        /* An account is named by its address, and made by what stands before the @. */
        size_t len = strcspn(desired->name, "@");
        return tg_json_dump(
            json_pack("{s:s%,s:o}", "accountId", desired->name, len, "serviceAccount", body));
    }
    if (*resource->name_query == '\0') {
        json_object_set_new(body, "name", json_string(desired->name));
    }
    return tg_json_dump(*resource->wrapper != '\0' ? json_pack("{s:o}", resource->wrapper, body)
                                                   : body);
}

/* ---- found ---- */

static void read_state(const struct resource *resource, const struct tg_desired *desired,
                       const json_t *found, struct tg_gcp_found *out)
{
    const char *state =
        *resource->state_path != '\0' ? tg_json_text(found, resource->state_path) : "";
    tg_str_copy(out->status, sizeof(out->status), state);
    if (*state == '\0' || is_one_of(state, resource->settled)) {
        out->state = TG_GCP_SETTLED;
    } else if (is_one_of(state, resource->making)) {
        out->state = TG_GCP_MAKING;
    } else if (is_one_of(state, resource->going)) {
        out->state = TG_GCP_GOING;
    } else {
        const char *why = tg_json_text(found, "statusMessage");
        const json_t *condition = json_array_get(json_object_get(found, "conditions"), 0);
        why = *why != '\0' ? why : tg_json_text(condition, "message");
        enum tg_code code = tg_gcp_code_of_text(why);
        out->state = TG_GCP_BROKEN;
        tg_err_set(&out->why, code != TG_CODE_NONE ? code : TG_CODE_STATE, 0, "%s %s is %s%s%s",
                   resource->noun, desired->name, state, *why != '\0' ? ": " : "",
                   tg_gcp_gist(why));
    }
}

/* The changed members alone, whole; a fleet feature's with what was there beside, since the mask
 * replaces them. */
static void write_patch(const struct resource *resource, const json_t *wanted, const json_t *found,
                        struct tg_gcp_found *out)
{
    json_t *patch = json_object();
    struct tg_buf mask;
    const char *key;
    json_t *member;
    bool can_patch = resource->changeable != NULL;
    tg_buf_init(&mask, 4096);
    json_object_foreach((json_t *)(uintptr_t)wanted, key, member)
    {
        const json_t *present = json_object_get(found, key);
        if (tg_json_match(member, present, NULL)) {
            continue;
        }
        can_patch = can_patch &&
                    (tg_str_eq(resource->changeable, "*") || is_one_of(key, resource->changeable));
        bool is_merged = resource->api == TG_API_GKEHUB && json_is_object(member);
        json_t *value = is_merged && json_is_object(present) ? json_deep_copy(present) : NULL;
        if (value != NULL) {
            tg_json_merge(value, member);
        }
        json_object_set_new(patch, key, value != NULL ? value : json_deep_copy(member));
        tg_buf_printf(&mask, "%s%s", mask.len > 0 ? "," : "", key);
    }
    const char *fingerprint = tg_json_text(found, "fingerprint");
    if (*fingerprint != '\0') {
        json_object_set_new(patch, "fingerprint", json_string(fingerprint));
    }
    if (can_patch) {
        out->patch = tg_json_dump(patch);
        out->patch_mask = tg_buf_take(&mask, NULL);
    } else {
        json_decref(patch);
        tg_buf_fini(&mask);
    }
}

bool tg_gcp_read_found(const struct tg_desired *desired, const char *json, size_t len,
                       struct tg_gcp_found *found, struct tg_err *err)
{
    const struct resource *resource = resource_of(desired);
    struct tg_json document = {0};
    *found = (struct tg_gcp_found){0};
    json_t *wanted = tg_json_draft(desired->body, err);
    if (wanted == NULL || !tg_json_parse(json, len, NULL, &document, err)) {
        json_decref(wanted);
        return false;
    }
    read_state(resource, desired, document.root, found);
    found->is_as_wanted = tg_json_match(wanted, document.root, &found->difference);
    if (!found->is_as_wanted) {
        write_patch(resource, wanted, document.root, found);
    }
    tg_json_release(&document);
    json_decref(wanted);
    return true;
}

void tg_gcp_found_fini(struct tg_gcp_found *found)
{
    free(found->patch);
    free(found->patch_mask);
    found->patch = NULL;
    found->patch_mask = NULL;
}

bool tg_gcp_read_contents(const char *json, size_t len, struct tg_gcp_contents *contents,
                          struct tg_err *err)
{
    struct tg_json document = {0};
    *contents = (struct tg_gcp_contents){0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const json_t *items = json_object_get(document.root, "items");
    size_t count = json_array_size(items);
    contents->names = tg_calloc(count + 1, sizeof(char *));
    contents->generations = tg_calloc(count + 1, sizeof(char *));
    contents->is_all = json_object_get(document.root, "nextPageToken") == NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, i);
        contents->names[i] = tg_strdup(tg_json_text(item, "name"));
        contents->generations[i] = tg_strdup(tg_json_text(item, "generation"));
    }
    contents->count = count;
    tg_json_release(&document);
    return true;
}

void tg_gcp_contents_fini(struct tg_gcp_contents *contents)
{
    for (size_t i = 0; i < contents->count; i++) {
        free(contents->names[i]);
        free(contents->generations[i]);
    }
    free(contents->names);
    free(contents->generations);
    *contents = (struct tg_gcp_contents){0};
}

bool tg_gcp_read_enabled(const char *json, size_t len, bool *is_enabled, struct tg_err *err)
{
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    *is_enabled = tg_str_eq(tg_json_text(document.root, "state"), "ENABLED");
    tg_json_release(&document);
    return true;
}
