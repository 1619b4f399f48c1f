/* sim/gcp_filter.c - the filter parameter of Compute Engine lists, as far as gcloud sends it:
 * FIELD eq|ne "EXPRESSION" whose expression matches the whole value, joined as (A) (B); and FIELD =
 * "VALUE".
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_compute.h"
#include "sim/json_path.h"
#include "sim/query.h"

#define FIELD_SIZE 64

/* gcloud writes RE2: \b and a backslash before any punctuation. POSIX knows neither. The caller
 * frees. */
static char *posix_of(const char *text, size_t len)
{
    struct tg_buf out;
    tg_buf_init(&out, 4096);
    tg_buf_puts(&out, "^(");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\' && i + 1 < len) {
            i++;
            if (text[i] == 'b') {
                continue; /* between words: what stands around it decides well enough */
            }
            if (strchr(".[]()*+?{}^$|\\", text[i]) != NULL) {
                tg_buf_putc(&out, '\\');
            }
        }
        tg_buf_putc(&out, text[i]);
    }
    tg_buf_puts(&out, ")$");
    return tg_buf_take(&out, NULL);
}

static bool matches(const char *value, const char *pattern, size_t len)
{
    regex_t regex;
    char *text = posix_of(pattern, len);
    bool is_match = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) == 0;
    if (is_match) {
        is_match = regexec(&regex, value, 0, NULL, 0) == 0;
        regfree(&regex);
    }
    free(text);
    return is_match;
}

/* Reads one comparison at *at and applies it; false when it is not understood. */
static bool compare(const char **at, const json_t *item, bool *is_match)
{
    char field[FIELD_SIZE];
    const char *p = *at + strspn(*at, " ");
    size_t len = strcspn(p, " =:");
    if (len == 0 || len >= sizeof field) {
        return false;
    }
    tg_str_copy(field, sizeof field, p);
    field[len] = '\0';
    p += len;
    p += strspn(p, " ");
    bool is_not = tg_str_has_prefix(p, "ne ");
    bool is_plain = *p == '=';
    if (!is_not && !is_plain && !tg_str_has_prefix(p, "eq ")) {
        return false;
    }
    p += is_plain ? 1 : 3;
    p += strspn(p, " ");
    bool is_quoted = *p == '"';
    p += is_quoted ? 1 : 0;
    size_t end = 0;
    while (p[end] != '\0' && p[end] != (is_quoted ? '"' : ' ') && (is_quoted || p[end] != ')')) {
        end += p[end] == '\\' && p[end + 1] != '\0' ? 2 : 1;
    }
    const char *value = sim_json_text(item, field);
    bool is_same =
        is_plain ? strlen(value) == end && strncmp(value, p, end) == 0 : matches(value, p, end);
    *is_match = *is_match && is_same != is_not;
    *at = p + end + (is_quoted && p[end] == '"' ? 1 : 0);
    return true;
}

/* True when the item is wanted. */
static bool is_wanted(const char *filter, const json_t *item)
{
    bool is_match = true;
    const char *at = filter;
    while (*at != '\0') {
        at += strspn(at, " ()");
        if (*at == '\0') {
            break;
        }
        if (!compare(&at, item, &is_match)) {
            return true;
        }
    }
    return is_match;
}

void sim_gcp_filter(const char *query, json_t *items)
{
    json_t *parsed = sim_query_parse(query == NULL ? "" : query);
    const char *filter = sim_query_text(parsed, "filter");
    for (size_t i = json_array_size(items); filter[0] != '\0' && i > 0; i--) {
        if (!is_wanted(filter, json_array_get(items, i - 1))) {
            json_array_remove(items, i - 1);
        }
    }
    json_decref(parsed);
}
