/* codec/gcp_policy.c - read, one member changed, written back with its etag. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp_policy.h"

#include "base/str.h"
#include "codec/json.h"
#include "codec/json_match.h"

static json_t *binding_of(const json_t *bindings, const char *role)
{
    for (size_t i = 0; i < json_array_size(bindings); i++) {
        json_t *binding = json_array_get(bindings, i);
        if (tg_str_eq(tg_json_text(binding, "role"), role) &&
            json_object_get(binding, "condition") == NULL) {
            return binding;
        }
    }
    return NULL;
}

/* Index of member in members, or their number. */
static size_t index_of(const json_t *members, const char *member)
{
    size_t i = 0;
    while (i < json_array_size(members)) {
        const char *text = json_string_value(json_array_get(members, i));
        if (text != NULL && tg_str_eq_nocase(text, member)) {
            break;
        }
        i++;
    }
    return i;
}

static json_t *list_of(json_t *object, const char *key)
{
    json_t *list = json_object_get(object, key);
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(object, key, list);
    }
    return list;
}

/* False when it is so already. */
static bool put_in(json_t *policy, const char *role, const char *member)
{
    json_t *bindings = list_of(policy, "bindings");
    json_t *binding = binding_of(bindings, role);
    if (binding == NULL) {
        json_array_append_new(bindings, json_pack("{s:s,s:[s]}", "role", role, "members", member));
        return true;
    }
    json_t *members = list_of(binding, "members");
    bool is_missing = index_of(members, member) == json_array_size(members);
    if (is_missing) {
        json_array_append_new(members, json_string(member));
    }
    return is_missing;
}

static bool take_out(json_t *policy, const char *role, const char *member)
{
    json_t *bindings = list_of(policy, "bindings");
    json_t *binding = binding_of(bindings, role);
    json_t *members = json_object_get(binding, "members");
    size_t at = index_of(members, member);
    if (at == json_array_size(members)) {
        return false;
    }
    json_array_remove(members, at);
    for (size_t i = 0; json_array_size(members) == 0 && i < json_array_size(bindings); i++) {
        if (json_array_get(bindings, i) == binding) {
            json_array_remove(bindings, i);
            break;
        }
    }
    return true;
}

static bool change(const struct tg_desired *desired, bool is_removal, const json_t *root,
                   const char *member, char **body)
{
    json_t *policy = json_deep_copy(root);
    bool is_changed = is_removal ? take_out(policy, desired->name, member)
                                 : put_in(policy, desired->name, member);
    if (!is_changed) {
        json_decref(policy);
        return true;
    }
    /* A bucket's policy is the document itself; the others' is a member of the request. */
    *body = tg_json_dump(desired->api == TG_API_STORAGE ? policy
                                                        : json_pack("{s:o}", "policy", policy));
    return true;
}

bool tg_gcp_write_policy(const struct tg_desired *desired, bool is_removal, const char *json,
                         size_t len, char **body, struct tg_err *err)
{
    struct tg_json document = {0};
    *body = NULL;
    json_t *wanted = tg_json_draft(desired->body, err);
    if (wanted == NULL || !tg_json_parse(json, len, NULL, &document, err)) {
        json_decref(wanted);
        return false;
    }
    const char *member = tg_json_text(wanted, "member");
    bool is_ok = *member != '\0' ? change(desired, is_removal, document.root, member, body)
                                 : tg_err_set(err, TG_CODE_INVALID, 0, "a role without a member");
    json_decref(wanted);
    tg_json_release(&document);
    return is_ok;
}
