/* tests/unit/codec/test_json.c - reading JSON within bounds. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "quoted.h"

static struct tg_json read_text(const char *text)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    char *json = quoted(text);
    cr_assert(tg_json_parse(json, strlen(json), NULL, &document, &err), "%s", err.msg);
    cr_assert_eq(err.code, TG_CODE_NONE);
    free(json);
    return document;
}

static enum tg_code refusal_of(const char *json, size_t len)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not(tg_json_parse(json, len, NULL, &document, &err), "%.60s was read", json);
    cr_assert_null(document.root);
    cr_assert_neq(err.msg[0], '\0');
    tg_json_release(&document);
    return err.code;
}

static char *nested(int depth)
{
    struct tg_buf buf;
    tg_buf_init(&buf, 4096);
    for (int i = 0; i < depth; i++) {
        tg_buf_puts(&buf, i % 2 == 0 ? "{\"a\":" : "[");
    }
    tg_buf_puts(&buf, "1");
    for (int i = depth - 1; i >= 0; i--) {
        tg_buf_puts(&buf, i % 2 == 0 ? "}" : "]");
    }
    return tg_buf_take(&buf, NULL);
}

Test(json, sixty_four_levels_are_read)
{
    char *json = nested(64);
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;

    cr_assert(tg_json_parse(json, strlen(json), NULL, &document, &err), "%s", err.msg);
    tg_json_release(&document);
    free(json);
}

Test(json, sixty_five_levels_are_a_limit)
{
    char *json = nested(65);

    cr_assert_eq(refusal_of(json, strlen(json)), TG_CODE_LIMIT);
    free(json);
}

Test(json, brackets_within_texts_are_no_levels)
{
    char brackets[200];
    memset(brackets, '[', sizeof(brackets));
    memcpy(brackets, "{\"a\":\"\\\"{", 9);
    memcpy(brackets + sizeof(brackets) - 3, "\"}", 3);
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;

    cr_assert(tg_json_parse(brackets, strlen(brackets), NULL, &document, &err), "%s", err.msg);
    cr_assert_eq(strncmp(tg_json_text(document.root, "a"), "\"{[[[", 5), 0);
    tg_json_release(&document);
}

Test(json, a_text_longer_than_the_limit_is_not_even_looked_at)
{
    cr_assert_eq(refusal_of("{}", TG_JSON_SIZE_MAX + 1), TG_CODE_LIMIT);
}

Test(json, values_that_take_far_more_memory_than_their_text_are_a_limit)
{
    enum { COUNT = 300000 };
    char *json = tg_malloc((size_t)COUNT * 3 + 2);
    json[0] = '[';
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(json + 1 + i * 3, "{},", 3);
    }
    memcpy(json + (size_t)COUNT * 3, "]", 2);

    cr_assert_eq(refusal_of(json, strlen(json)), TG_CODE_LIMIT);
    /* and the next document is read as if nothing had been */
    struct tg_json document = read_text("{'a':'b'}");
    cr_assert_str_eq(tg_json_text(document.root, "a"), "b");
    tg_json_release(&document);
    free(json);
}

Test(json, an_ordinary_large_document_is_within_the_limit)
{
    struct tg_buf buf;
    tg_buf_init(&buf, (size_t)8 * 1024 * 1024);
    tg_buf_puts(&buf, "{\"items\":[");
    for (int i = 0; i < 20000; i++) {
        tg_buf_printf(&buf, "%s{\"metadata\":{\"name\":\"pod-%d\",\"namespace\":\"default\"}}",
                      i > 0 ? "," : "", i);
    }
    tg_buf_puts(&buf, "]}");
    char *json = tg_buf_take(&buf, NULL);
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;

    cr_assert(tg_json_parse(json, strlen(json), NULL, &document, &err), "%s", err.msg);
    const json_t *items = tg_json_at(document.root, "items");
    cr_assert_eq(json_array_size(items), 20000);
    cr_assert_str_eq(tg_json_text(json_array_get(items, 19999), "metadata/name"), "pod-19999");
    tg_json_release(&document);
    free(json);
}

Test(json, broken_text_is_a_protocol_error)
{
    static const char *const broken[] = {
        "",         "   ",     "{",         "[1,2",       "{\"a\":}",    "{\"a\" 1}", "{\"a\":1,}",
        "{a:1}",    "42",      "\"text\"",  "null",       "{} {}",       "[1,]",      "{\"a\":tru}",
        "{\"a\":1", "[\"a\\]", "<html>503", "{\"a\":01}", "{\"\\x\":1}",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        cr_assert_eq(refusal_of(broken[i], strlen(broken[i])), TG_CODE_PROTOCOL, "'%s'", broken[i]);
    }
}

Test(json, a_protocol_error_tells_the_line)
{
    struct tg_json document;
    struct tg_err err = TG_ERR_INIT;
    const char *json = "{\n \"a\": 1,\n \"b\" 2\n}";

    cr_assert_not(tg_json_parse(json, strlen(json), NULL, &document, &err));
    cr_assert_not_null(strstr(err.msg, "line 3"), "%s", err.msg);
}

Test(json, text_that_is_not_utf8_is_a_protocol_error)
{
    cr_assert_eq(refusal_of("{\"a\":\"\xff\xfe\"}", 10), TG_CODE_PROTOCOL);
}

Test(json, of_duplicate_keys_the_last_wins)
{
    struct tg_json document = read_text("{'a':1,'b':{'c':'x'},'a':2,'b':{'d':'y'}}");

    cr_assert_eq(tg_json_int(document.root, "a", 0), 2);
    cr_assert_str_eq(tg_json_text(document.root, "b/d"), "y");
    cr_assert_str_eq(tg_json_text(document.root, "b/c"), "");
    tg_json_release(&document);
}

Test(json, a_path_leads_through_objects_only)
{
    struct tg_json document =
        read_text("{'status':{'phase':'Running','list':[{'x':'1'}],'stat':{'phase':'other'}}}");

    cr_assert_str_eq(tg_json_text(document.root, "status/phase"), "Running");
    cr_assert_str_eq(tg_json_text(document.root, "status/stat/phase"), "other");
    cr_assert_null(tg_json_at(document.root, "status/phas"));
    cr_assert_null(tg_json_at(document.root, "status/phase/x"));
    cr_assert_null(tg_json_at(document.root, "status/list/x"));
    cr_assert_null(tg_json_at(document.root, "nothing/phase"));
    cr_assert_null(tg_json_at(NULL, "status"));
    cr_assert_eq(tg_json_at(document.root, ""), document.root);
    tg_json_release(&document);
}

Test(json, mistyped_fields_read_as_nothing)
{
    struct tg_json document = read_text("{'text':['x'],'number':{'a':1},'half':1.5,'yes':'true',"
                                        "'one':1,'none':null,'time':1735689600}");

    cr_assert_str_eq(tg_json_text(document.root, "text"), "");
    cr_assert_str_eq(tg_json_text(document.root, "one"), "");
    cr_assert_str_eq(tg_json_text(document.root, "none"), "");
    cr_assert_eq(tg_json_int(document.root, "number", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "half", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "none", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "absent", -1), -1);
    cr_assert_not(tg_json_bool(document.root, "yes"));
    cr_assert_not(tg_json_bool(document.root, "one"));
    cr_assert_not(tg_json_bool(document.root, "absent"));
    cr_assert_eq(tg_json_time(document.root, "time"), 0);
    tg_json_release(&document);
}

Test(json, numeric_text_is_a_number)
{
    struct tg_json document = read_text("{'a':'5368709120','b':'-3','c':'12x','d':'',"
                                        "'e':' 4','f':9007199254740993,"
                                        "'g':'99999999999999999999'}");

    cr_assert_eq(tg_json_int(document.root, "a", 0), INT64_C(5368709120));
    cr_assert_eq(tg_json_int(document.root, "b", 0), -3);
    cr_assert_eq(tg_json_int(document.root, "c", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "d", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "e", 7), 7);
    cr_assert_eq(tg_json_int(document.root, "f", 0), INT64_C(9007199254740993));
    cr_assert_eq(tg_json_int(document.root, "g", 7), 7);
    tg_json_release(&document);
}

Test(json, times_are_microseconds_since_1970)
{
    struct tg_json document = read_text("{'a':'1970-01-01T00:00:01Z','b':'2026-01-01T00:00:00Z',"
                                        "'c':'2026-01-01T00:00:00.250000Z',"
                                        "'d':'2026-01-01T01:00:00+01:00','e':'yesterday'}");

    cr_assert_eq(tg_json_time(document.root, "a"), 1000000);
    cr_assert_eq(tg_json_time(document.root, "b"), INT64_C(1767225600000000));
    cr_assert_eq(tg_json_time(document.root, "c"), INT64_C(1767225600250000));
    cr_assert_eq(tg_json_time(document.root, "d"), INT64_C(1767225600000000));
    cr_assert_eq(tg_json_time(document.root, "e"), 0);
    cr_assert_eq(tg_json_time(document.root, "absent"), 0);
    tg_json_release(&document);
}

Test(json, release_is_harmless_when_repeated)
{
    struct tg_json document = read_text("[1]");

    tg_json_release(&document);
    cr_assert_null(document.root);
    tg_json_release(&document);
}
