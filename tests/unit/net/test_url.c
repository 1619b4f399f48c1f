/* tests/unit/net/test_url.c - escaping that no name can leave. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "net/url.h"

Test(url, a_path_and_query_are_built_piece_by_piece)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 1000);
    cr_assert(tg_buf_puts(&buf, "/api/v1"));
    cr_assert(tg_url_append_segment(&buf, "namespaces"));
    cr_assert(tg_url_append_segment(&buf, "a/b?c#d %"));
    cr_assert(tg_url_append_query(&buf, "labelSelector", "app=gemma,tier in (a)"));
    cr_assert(tg_url_append_query(&buf, "limit", "500"));
    cr_assert_str_eq(tg_buf_text(&buf),
                     "/api/v1/namespaces/a%2Fb%3Fc%23d%20%25"
                     "?labelSelector=app%3Dgemma%2Ctier%20in%20%28a%29&limit=500");
    tg_buf_fini(&buf);
}

Test(url, a_full_buffer_is_reported)
{
    struct tg_buf buf;

    tg_buf_init(&buf, 5);
    cr_assert(tg_url_append_segment(&buf, "abcd"));
    cr_assert_not(tg_url_append_query(&buf, "a", "b"));
    tg_buf_fini(&buf);
}

Test(url, every_byte_comes_back)
{
    char text[256];
    struct tg_buf buf;
    char *back = NULL;

    for (int i = 1; i < 256; i++) {
        text[i - 1] = (char)i;
    }
    text[255] = '\0';
    tg_buf_init(&buf, 1000);
    cr_assert(tg_url_append_query(&buf, "q", text));
    cr_assert_eq(strspn(tg_buf_text(&buf) + 3, "%0123456789abcdefghijklmnopqrstuvwxyz"
                                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~"),
                 buf.len - 3);
    back = tg_url_query_get(tg_buf_text(&buf), "q");
    cr_assert_str_eq(back, text);
    free(back);
    tg_buf_fini(&buf);
}

Test(url, query_fields_are_found_and_decoded)
{
    static const struct {
        const char *query;
        const char *name;
        const char *value;
    } rows[] = {
        {"watch=true&limit=5", "watch", "true"},
        {"watch=true&limit=5", "limit", "5"},
        {"?watch=true", "watch", "true"},
        {"/api/v1/pods?a=b&watch=1", "watch", "1"},
        {"watch=1&watch=2", "watch", "1"},
        {"watch", "watch", ""},
        {"watch=&x", "watch", ""},
        {"x&watch", "watch", ""},
        {"xwatch=1", "watch", NULL},
        {"watc=1", "watch", NULL},
        {"a=watch=1", "watch", NULL},
        {"a=b=c", "a", "b=c"},
        {"fieldSelector=metadata.name%3Dx+y", "fieldSelector", "metadata.name=x y"},
        {"%77atch=1", "watch", "1"},
        {"a=%zz%4", "a", "%zz%4"},
        {"a=x%00y", "a", NULL},
        {"&&a=1&&", "a", "1"},
        {"", "a", NULL},
        {NULL, "a", NULL},
    };

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char *value = tg_url_query_get(rows[i].query, rows[i].name);

        if (rows[i].value == NULL) {
            cr_assert_null(value, "%s", rows[i].query);
        } else {
            cr_assert_str_eq(value, rows[i].value);
        }
        free(value);
    }
}

Test(url, a_plus_is_a_plus_in_a_path)
{
    char *path = tg_url_unescape("a+b%20c", 7, false);

    cr_assert_str_eq(path, "a+b c");
    free(path);
}
