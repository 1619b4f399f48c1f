/* codec/json_match.c - wanted values against those a server tells. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "codec/json.h"

#define SHOWN_LEN_MAX 64

static bool match(const json_t *wanted, const json_t *found, const char *path,
                  struct tg_json_difference *difference);

/* What Google's APIs leave out of an answer. */
static bool is_zero(const json_t *value)
{
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            if (!is_zero(member)) {
                return false;
            }
        }
        return true;
    }
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

/* ---- text ---- */

/* What follows "projects/" where a name or link has it as a whole segment; NULL when it has not. */
static const char *after_projects(const char *text)
{
    static const char mark[] = "projects/";
    for (const char *at = strstr(text, mark); at != NULL; at = strstr(at + 1, mark)) {
        if (at == text || at[-1] == '/') {
            return at + strlen(mark);
        }
    }
    return NULL;
}

static bool is_number(const char *text, size_t len)
{
    return len > 0 && strspn(text, "0123456789") >= len;
}

/* A project has an id and a number, and either may stand in a link. */
static bool is_same_resource(const char *wanted, const char *found)
{
    const char *place = after_projects(wanted);
    const char *found_place = after_projects(found);
    if (place == NULL) {
        return false;
    }
    if (found_place == NULL) {
        const char *slash = strrchr(wanted, '/');
        return strchr(found, '/') == NULL && tg_str_eq(slash + 1, found);
    }
    size_t len = strcspn(place, "/");
    size_t found_len = strcspn(found_place, "/");
    bool is_same_project = (len == found_len && memcmp(place, found_place, len) == 0) ||
                           is_number(place, len) || is_number(found_place, found_len);
    return is_same_project && tg_str_eq(place + len, found_place + found_len);
}

static bool match_text(const char *wanted, const json_t *found, const char *path)
{
    if (json_is_integer(found)) {
        int64_t number = 0;
        return tg_str_to_int64(wanted, INT64_MIN, INT64_MAX, &number) &&
               number == json_integer_value(found);
    }
    const char *text = json_string_value(found);
    if (text == NULL) {
        return false;
    }
    /* Cloud Storage tells locations in capitals however they were given. */
    bool is_location = tg_str_eq(path, "location");
    return tg_str_eq(wanted, text) || (is_location && tg_str_eq_nocase(wanted, text)) ||
           is_same_resource(wanted, text);
}

static bool match_scalar(const json_t *wanted, const json_t *found, const char *path)
{
    if (json_is_string(wanted)) {
        return match_text(json_string_value(wanted), found, path);
    }
    if (json_is_integer(wanted)) {
        int64_t number = json_integer_value(wanted);
        int64_t other = 0;
        return (json_is_number(found) && json_number_value(found) == (double)number) ||
               (json_is_string(found) &&
                tg_str_to_int64(json_string_value(found), INT64_MIN, INT64_MAX, &other) &&
                other == number);
    }
    return json_equal(wanted, found);
}

/* ---- lists ---- */

static bool has_like(const json_t *list, const json_t *item, bool is_item_wanted)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (is_item_wanted ? match(item, other, "", NULL) : match(other, item, "", NULL)) {
            return true;
        }
    }
    return false;
}

static bool match_list(const json_t *wanted, const json_t *found)
{
    size_t count = json_array_size(wanted);
    bool is_of_objects = count > 0 && json_is_object(json_array_get(wanted, 0));
    if (!json_is_array(found) || (is_of_objects && json_array_size(found) != count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!has_like(found, json_array_get(wanted, i), true)) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(found); i++) {
        if (!has_like(wanted, json_array_get(found, i), false)) {
            return false;
        }
    }
    return true;
}

/* ---- all ---- */

static void show(char *out, size_t size, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!tg_str_copy(out, size - 3, text != NULL ? text : "")) {
        size_t len = strlen(out);
        snprintf(out + len, size - len, "...");
    }
    free(text);
}

static bool differ(struct tg_json_difference *difference, const char *path, const json_t *wanted,
                   const json_t *found)
{
    char wanted_text[SHOWN_LEN_MAX];
    char found_text[SHOWN_LEN_MAX] = "not set";
    if (difference == NULL) {
        return false;
    }
    show(wanted_text, sizeof(wanted_text), wanted);
    if (found != NULL) {
        show(found_text, sizeof(found_text), found);
    }
    tg_str_copy(difference->member, sizeof(difference->member), path);
    snprintf(difference->text, sizeof(difference->text), "%.48s is %s, wanted %s", path, found_text,
             wanted_text);
    return false;
}

static bool match_object(const json_t *wanted, const json_t *found, const char *path,
                         struct tg_json_difference *difference)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, member)
    {
        char below[96];
        snprintf(below, sizeof(below), "%s%s%s", path, *path != '\0' ? "." : "", key);
        if (!match(member, json_object_get(found, key), below, difference)) {
            return false;
        }
    }
    return true;
}

static bool match(const json_t *wanted, const json_t *found, const char *path,
                  struct tg_json_difference *difference)
{
    if (is_zero(wanted) && is_zero(found)) {
        return true;
    }
    if (json_is_object(wanted)) {
        return match_object(wanted, found, path, difference);
    }
    bool is_same = json_is_array(wanted) ? match_list(wanted, found)
                                         : found != NULL && match_scalar(wanted, found, path);
    return is_same || differ(difference, path, wanted, found);
}

bool tg_json_match(const json_t *wanted, const json_t *found, struct tg_json_difference *difference)
{
    return match(wanted, found, "", difference);
}

json_t *tg_json_draft(const char *text, struct tg_err *err)
{
    struct tg_json document = {0};
    struct tg_err why = TG_ERR_INIT;
    if (text == NULL) {
        return json_object();
    }
    if (!tg_json_parse(text, strlen(text), NULL, &document, &why) ||
        !json_is_object(document.root)) {
        tg_json_release(&document);
        tg_err_set(err, TG_CODE_INVALID, 0, "the wanted body is no JSON object");
        return NULL;
    }
    json_t *draft = json_deep_copy(document.root);
    tg_json_release(&document);
    return draft;
}

void tg_json_merge(json_t *into, const json_t *from)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)from, key, member)
    {
        json_t *present = json_object_get(into, key);
        if (json_is_object(present) && json_is_object(member)) {
            tg_json_merge(present, member);
        } else {
            json_object_set_new(into, key, json_deep_copy(member));
        }
    }
}

char *tg_json_dump(json_t *document)
{
    tg_assert(document != NULL);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    tg_assert(text != NULL);
    return text;
}
