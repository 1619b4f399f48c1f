/* tests/unit/codec/test_yaml.c - YAML in which every node knows its place. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/yaml.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static struct tg_yaml *parse(const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_yaml *yaml = tg_yaml_parse("lab.yaml", text, strlen(text), &err);
    cr_assert_not_null(yaml, "%s", err.msg);
    return yaml;
}

/* Asserts that text is refused with a message that begins with start. */
static void check_refused(const char *text, const char *start)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(tg_yaml_parse("lab.yaml", text, strlen(text), &err), "%s was read", text);
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    cr_assert_eq(strncmp(err.msg, start, strlen(start)), 0, "'%s' does not begin with '%s'",
                 err.msg, start);
}

Test(yaml, maps_lists_and_texts)
{
    struct tg_yaml *yaml = parse("name: lab\n"
                                 "list:\n"
                                 "  - a\n"
                                 "  - {b: \"two words\", c: [1, 2]}\n"
                                 "empty: ''\n");
    const struct tg_yaml_node *root = tg_yaml_root(yaml);
    cr_assert_eq(root->kind, TG_YAML_MAP);
    cr_assert_eq(root->count, 3);
    cr_assert_str_eq(tg_yaml_text(root, "name"), "lab");
    cr_assert_str_eq(tg_yaml_text(root, "empty"), "");
    const struct tg_yaml_node *list = tg_yaml_get(root, "list");
    cr_assert_eq(list->kind, TG_YAML_LIST);
    cr_assert_eq(list->count, 2);
    cr_assert_str_eq(list->items[0]->text, "a");
    cr_assert_str_eq(tg_yaml_text(list->items[1], "b"), "two words");
    cr_assert_eq(tg_yaml_get(list->items[1], "c")->count, 2);
    tg_yaml_free(yaml);
}

Test(yaml, nodes_know_their_line_and_column)
{
    struct tg_yaml *yaml = parse("# a comment\n"
                                 "name: lab\n"
                                 "steps:\n"
                                 "  - id: one\n"
                                 "    section: 3\n");
    const struct tg_yaml_node *root = tg_yaml_root(yaml);
    const struct tg_yaml_node *name = tg_yaml_get(root, "name");
    cr_assert_eq(name->line, 2);
    cr_assert_eq(name->column, 7);
    const struct tg_yaml_node *step = tg_yaml_get(root, "steps")->items[0];
    cr_assert_eq(step->line, 4);
    cr_assert_eq(step->column, 5);
    cr_assert_eq(step->keys[1]->line, 5);
    cr_assert_eq(step->keys[1]->column, 5);
    cr_assert_eq(tg_yaml_get(step, "section")->column, 14);
    tg_yaml_free(yaml);
}

Test(yaml, what_is_not_there_is_null)
{
    struct tg_yaml *yaml = parse("a: {b: c}\nd: [e]\n");
    const struct tg_yaml_node *root = tg_yaml_root(yaml);
    cr_assert_null(tg_yaml_get(root, "x"));
    cr_assert_null(tg_yaml_get(NULL, "a"));
    cr_assert_null(tg_yaml_get(tg_yaml_get(root, "d"), "e"));
    cr_assert_null(tg_yaml_text(root, "a"));
    cr_assert_null(tg_yaml_text(root, "d"));
    cr_assert_null(tg_yaml_text(tg_yaml_get(tg_yaml_get(root, "a"), "b"), "c"));
    tg_yaml_free(yaml);
}

Test(yaml, an_empty_file_is_an_empty_map)
{
    static const char *const texts[] = {"", "\n\n", "# nothing but a comment\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tg_yaml *yaml = parse(texts[i]);
        cr_assert_eq(tg_yaml_root(yaml)->kind, TG_YAML_MAP);
        cr_assert_eq(tg_yaml_root(yaml)->count, 0);
        cr_assert_eq(tg_yaml_root(yaml)->line, 1);
        tg_yaml_free(yaml);
    }
}

Test(yaml, broken_text_is_told_with_its_place)
{
    check_refused("a: b\nc: [1, 2\nd: e\n", "lab.yaml:3:");
    check_refused("a: \"never ends\n", "lab.yaml:");
    check_refused("a: b\n\tc: d\n", "lab.yaml:2:1: ");
    check_refused("a: b: c\n", "lab.yaml:1:5: ");
}

Test(yaml, anchors_and_aliases_are_refused)
{
    check_refused("a: &x text\n", "lab.yaml:1:4: anchors");
    check_refused("a: &x {b: c}\n", "lab.yaml:1:4: anchors");
    check_refused("a:\n  - &x [b]\n", "lab.yaml:2:5: anchors");
    check_refused("a: 1\nb: *x\n", "lab.yaml:2:4: aliases");
}

Test(yaml, a_key_that_stands_twice_is_refused)
{
    check_refused("a: 1\nb: 2\na: 3\n", "lab.yaml:3:1: the key 'a' stands twice");
    check_refused("x: {b: 1, b: 2}\n", "lab.yaml:1:11: the key 'b' stands twice");
}

Test(yaml, a_key_must_be_text)
{
    check_refused("a: 1\n? [x, y]\n: 2\n", "lab.yaml:2:3: a key must be plain text");
}

Test(yaml, one_document_is_enough)
{
    check_refused("a: 1\n---\nb: 2\n", "lab.yaml:2:1: more than one document");
    struct tg_yaml *yaml = parse("---\na: 1\n...\n");
    cr_assert_str_eq(tg_yaml_text(tg_yaml_root(yaml), "a"), "1");
    tg_yaml_free(yaml);
}

static char *nested(int depth)
{
    struct tg_buf buf;
    tg_buf_init(&buf, 4096);
    for (int i = 0; i < depth; i++) {
        tg_buf_putc(&buf, '[');
    }
    for (int i = 0; i < depth; i++) {
        tg_buf_putc(&buf, ']');
    }
    return tg_buf_take(&buf, NULL);
}

Test(yaml, sixty_four_levels_and_no_more)
{
    char *just = nested(64);
    char *more = nested(65);
    struct tg_yaml *yaml = parse(just);
    tg_yaml_free(yaml);
    check_refused(more, "lab.yaml:1:65: nested deeper than 64");
    free(just);
    free(more);
}

Test(yaml, so_many_nodes_and_no_more)
{
    enum { COUNT = 200000 }; /* with the list itself one too many */
    char *text = calloc((size_t)COUNT * 2 + 2, 1);
    cr_assert_not_null(text);
    text[0] = '[';
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(text + 1 + i * 2, "a,", 2);
    }
    text[(size_t)COUNT * 2] = ']';
    check_refused(text, "lab.yaml:1:400000: more than 200000 nodes");
    text[(size_t)COUNT * 2 - 2] = ']';
    text[(size_t)COUNT * 2 - 1] = '\0';
    struct tg_yaml *yaml = parse(text);
    cr_assert_eq(tg_yaml_root(yaml)->count, COUNT - 1);
    tg_yaml_free(yaml);
    free(text);
}

Test(yaml, a_failure_is_told_at_its_node)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_yaml *yaml = parse("a: 1\nbc: 2\n");
    const struct tg_yaml_node *node = tg_yaml_get(tg_yaml_root(yaml), "bc");
    cr_assert_not(tg_yaml_fail("my.yaml", node, &err, "%d is too small", 2));
    cr_assert_eq(err.code, TG_CODE_CONFIG);
    cr_assert_str_eq(err.msg, "my.yaml:2:5: 2 is too small");
    tg_yaml_free(yaml);
}
