/* codec/k8s_exec.c - ends of commands, and names of interfaces. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_exec.h"

#include <string.h>

#include "base/str.h"
#include "codec/json.h"

#define EXIT_CODE_MAX 255

static bool read_exit_code(const json_t *status, int *exit_code)
{
    const json_t *causes = tg_json_at(status, "details/causes");
    for (size_t i = 0; i < json_array_size(causes); i++) {
        const json_t *cause = json_array_get(causes, i);
        int64_t code = 0;
        if (tg_str_eq(tg_json_text(cause, "reason"), "ExitCode") &&
            tg_str_to_int64(tg_json_text(cause, "message"), 0, EXIT_CODE_MAX, &code)) {
            *exit_code = (int)code;
            return true;
        }
    }
    return false;
}

bool tg_k8s_decode_exit(const char *json, size_t len, int *exit_code, struct tg_err *err)
{
    struct tg_json document = {0};
    if (!tg_json_parse(json, len, NULL, &document, err)) {
        return false;
    }
    const char *status = tg_json_text(document.root, "status");
    bool is_ok = true;
    *exit_code = 0;
    if (tg_str_eq(status, "Failure") &&
        tg_str_eq(tg_json_text(document.root, "reason"), "NonZeroExitCode")) {
        is_ok = read_exit_code(document.root, exit_code) ||
                tg_err_set(err, TG_CODE_PROTOCOL, 0, "the command failed without an exit code");
    } else if (tg_str_eq(status, "Failure")) {
        int code = (int)tg_json_int(document.root, "code", 500);
        enum tg_code kind = tg_code_from_http_status(code);
        is_ok = tg_err_set(err, kind == TG_CODE_NONE ? TG_CODE_SERVER : kind, code, "%s",
                           tg_json_text(document.root, "message"));
    } else if (!tg_str_eq(status, "Success")) {
        is_ok = tg_err_set(err, TG_CODE_PROTOCOL, 0, "the command's end has no status");
    }
    tg_json_release(&document);
    return is_ok;
}

/* As the kernel takes them (dev_valid_name): no slash, no blank, no colon, not "." or "..". */
static bool is_name(const char *text, size_t len)
{
    if (len == 0 || len >= TG_INTERFACE_NAME_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '/' || text[i] == ':') {
            return false;
        }
    }
    return text[0] != '.' || (len > 1 && text[1] != '.') || len > 2;
}

bool tg_k8s_decode_interfaces(const char *text, size_t len, struct tg_interface_list *list,
                              struct tg_err *err)
{
    *list = (struct tg_interface_list){.count = 0};
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && strchr(" \t\r\n", text[end]) == NULL) {
            end++;
        }
        if (end > at && !is_name(text + at, end - at)) {
            return tg_err_set(err, TG_CODE_PROTOCOL, 0, "what the container lists is no interface");
        }
        if (end > at && list->count == TG_INTERFACES_MAX) {
            return tg_err_set(err, TG_CODE_LIMIT, 0, "the container lists more than %d interfaces",
                              TG_INTERFACES_MAX);
        }
        if (end > at) {
            memcpy(list->names[list->count++], text + at, end - at);
        }
        at = end + 1;
    }
    return list->count > 0 ||
           tg_err_set(err, TG_CODE_PROTOCOL, 0, "the container lists no interface");
}
