/* tests/unit/codec/test_k8s_exec.c - how commands in containers end, and what ls lists. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "codec/k8s_exec.h"

static enum tg_code exit_of(const char *json, int *code, struct tg_err *err)
{
    *err = (struct tg_err)TG_ERR_INIT;
    *code = -1;
    return tg_k8s_decode_exit(json, strlen(json), code, err) ? TG_CODE_NONE : err->code;
}

Test(k8s_exec, a_status_tells_how_the_command_ended)
{
    struct tg_err err;
    int code;
    cr_assert_eq(exit_of("{\"metadata\":{},\"status\":\"Success\"}", &code, &err), TG_CODE_NONE);
    cr_assert_eq(code, 0);
    cr_assert_eq(exit_of("{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":"
                         "{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"127\"}]}}",
                         &code, &err),
                 TG_CODE_NONE);
    cr_assert_eq(code, 127);
    cr_assert_eq(exit_of("{\"status\":\"Failure\",\"reason\":\"InternalError\",\"code\":500,"
                         "\"message\":\"no such container\"}",
                         &code, &err),
                 TG_CODE_SERVER);
    cr_assert_str_eq(err.msg, "no such container");
}

Test(k8s_exec, an_end_that_says_nothing_is_no_success)
{
    struct tg_err err;
    int code;
    cr_assert_eq(exit_of("{}", &code, &err), TG_CODE_PROTOCOL);
    cr_assert_eq(exit_of("Success", &code, &err), TG_CODE_PROTOCOL);
    cr_assert_eq(exit_of("", &code, &err), TG_CODE_PROTOCOL);
    cr_assert_eq(exit_of("{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\"}", &code, &err),
                 TG_CODE_PROTOCOL);
    cr_assert_eq(exit_of("{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":"
                         "{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"99999\"}]}}",
                         &code, &err),
                 TG_CODE_PROTOCOL);
}

static enum tg_code list_of(const char *text, struct tg_interface_list *list)
{
    struct tg_err err = TG_ERR_INIT;
    return tg_k8s_decode_interfaces(text, strlen(text), list, &err) ? TG_CODE_NONE : err.code;
}

Test(k8s_exec, interfaces_are_listed_with_blanks_or_line_breaks_between)
{
    struct tg_interface_list list;
    cr_assert_eq(list_of("eth0\neth1\r\nlo", &list), TG_CODE_NONE);
    cr_assert_eq(list.count, 3);
    cr_assert_str_eq(list.names[1], "eth1");
    cr_assert_eq(list_of("  eth0  gke-abcdefghij \n", &list), TG_CODE_NONE);
    cr_assert_str_eq(list.names[1], "gke-abcdefghij");
}

Test(k8s_exec, what_linux_would_not_call_an_interface_is_none)
{
    struct tg_interface_list list;
    struct tg_buf many;
    tg_buf_init(&many, 4096);
    cr_assert_eq(list_of("", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("\n\n", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("eth0\nsixteen-letters-", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("eth0 ..", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("a/b", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("\x1b[31meth0", &list), TG_CODE_PROTOCOL);
    cr_assert_eq(list_of("eth\xc3\xa9", &list), TG_CODE_PROTOCOL);
    for (int i = 0; i <= TG_INTERFACES_MAX; i++) {
        tg_buf_printf(&many, "eth%d\n", i);
    }
    cr_assert_eq(list_of(tg_buf_text(&many), &list), TG_CODE_LIMIT);
    tg_buf_fini(&many);
}
