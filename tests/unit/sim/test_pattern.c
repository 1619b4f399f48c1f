/* tests/unit/sim/test_pattern.c - regular expressions of definitions and filters. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "sim/pattern.h"

#define WORK INT64_C(10000000)

static enum sim_pattern_verdict find(const char *pattern, const char *text)
{
    int64_t work = WORK;
    return sim_pattern_find(pattern, text, &work);
}

Test(pattern, go_syntax_is_read)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool is_match;
    } cases[] = {
        {"", "anything", true},
        {"b", "abc", true},
        {"^b", "abc", false},
        {"^a.c$", "abc", true},
        {"^a.c$", "a\nc", false},
        {"^(|a)$", "", true},
        {"^(foo|ba[rz])+$", "foobarbaz", true},
        {"^(foo|ba[rz])+$", "foobax", false},
        {"^a{2,3}$", "a", false},
        {"^a{2,3}$", "aaa", true},
        {"^a{2,3}$", "aaaa", false},
        {"^a{2}$", "aa", true},
        {"^a{2,}$", "aaaaaa", true},
        {"^a{,2}$", "a{,2}", true}, /* no counts: as it stands there */
        {"^a+?b*?c??$", "aab", true},
        {"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$",
         "gke-us-east5.example.com", true},
        {"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "-gke", false},
        {"^\\d+\\.\\d+$", "1.33", true},
        {"^\\d+$", "d", false},
        {"^[\\w.\\-]+$", "a_b.c-d", true},
        {"^[\\w.\\-]+$", "a b", false},
        {"^[^\\s/]+$", "a/b", false},
        {"^\\D$", "\xe6\xbd\xae", true},
        {"^[[:alpha:]][[:^digit:]]$", "ab", true},
        {"^[]a]+$", "a]", true},
        {"^[\\x41-\\x{43}]+$", "ABC", true},
        {"^(?:a|b)(?P<rest>c)$", "bc", true},
        {"\\bcat\\b", "a cat sat", true},
        {"\\bcat\\b", "concatenate", false},
        {"\\Aa\\z", "ab", false},
        {"^.$", "\xf0\x9f\x8c\x8a", true}, /* one character, four bytes */
        {"^(a*)*$", "aaaab", false},
        {"^\\$\\{a\\}$", "${a}", true},
        {"^a$", "a\n", false},
        {"(?i)^ab$", "AB", true},
        {"^\\pL$", "\xe6\xbd\xae", true},
    };
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        cr_expect_eq(find(cases[i].pattern, cases[i].text),
                     cases[i].is_match ? SIM_PATTERN_MATCHES : SIM_PATTERN_DIFFERS,
                     "\"%s\" in \"%s\"", cases[i].pattern, cases[i].text);
    }
}

Test(pattern, what_is_none_is_not_judged)
{
    static const char *const patterns[] = {"(",
                                           ")",
                                           "a)",
                                           "[",
                                           "[a",
                                           "[b-a]",
                                           "*a",
                                           "a**",
                                           "a{2}{3}",
                                           "a{1001}",
                                           "a{3,2}",
                                           "(a)\\1",
                                           "a*+",
                                           "(?>a)",
                                           "(?<!a)b",
                                           "(*ACCEPT)",
                                           "a\\Kb",
                                           "(?=a)",
                                           "\\",
                                           "[[:what:]]",
                                           "((a{100}){100}){100}",
                                           "(((){1000}){1000}){1000}"};
    for (size_t i = 0; i < TG_COUNT(patterns); i++) {
        cr_expect_eq(find(patterns[i], "a"), SIM_PATTERN_UNKNOWN, "%s", patterns[i]);
    }
    char *nested = tg_malloc(100001);
    memset(nested, '(', 100000);
    nested[100000] = '\0';
    cr_expect_eq(find(nested, "a"), SIM_PATTERN_UNKNOWN, "and takes no stack");
    free(nested);
}

Test(pattern, hard_ones_take_no_more_than_their_work)
{
    char text[4001];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int64_t work = 100000;
    cr_expect_eq(sim_pattern_find("^(a|aa|aaa)*(a|b)*(a*)*c$", text, &work), SIM_PATTERN_TOO_LONG);
    cr_expect_eq(work, 0);
    work = 100000;
    cr_expect_eq(sim_pattern_find("(a|b)*a(a|b){900}c", text, &work), SIM_PATTERN_TOO_LONG);
    cr_expect_eq(work, 0);
}
