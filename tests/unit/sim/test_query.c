/* tests/unit/sim/test_query.c - URL queries. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/query.h"

Test(query, values_are_decoded)
{
    json_t *query = sim_query_parse("a=1&b=x%20y+z&flag&c=%zz&a=2&empty=&n=42&bad=%ff");
    cr_assert_str_eq(sim_query_text(query, "a"), "1");
    cr_assert_str_eq(sim_query_text(query, "b"), "x y z");
    cr_assert_str_eq(sim_query_text(query, "c"), "%zz");
    cr_assert_str_eq(sim_query_text(query, "missing"), "");
    cr_assert_str_eq(sim_query_text(query, "bad"), "", "what is no UTF-8 is dropped");
    cr_assert_eq(sim_query_int(query, "n", 7), 42);
    cr_assert_eq(sim_query_int(query, "b", 7), 7);
    cr_assert(sim_query_is_true(query, "flag"));
    cr_assert(sim_query_is_true(query, "a"));
    cr_assert_not(sim_query_is_true(query, "missing"));
    json_decref(query);
}

Test(query, zero_bytes_do_not_cut_a_path)
{
    char *path = sim_query_decode("/a%00b%2Fc+d", strlen("/a%00b%2Fc+d"), false);
    cr_assert_str_eq(path, "/ab/c+d");
    free(path);
}
