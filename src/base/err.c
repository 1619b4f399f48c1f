/* base/err.c - the code table and the filling of errors. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/i18n.h"
#include "base/str.h"

struct code_row {
    const char *name;
    bool is_transient;
    const char *text;
    const char *hint;
};

static const struct code_row code_rows[] = {
#define TG_ERR(code, transient, text, hint) {#code, transient, text, hint},
#include "base/err.def"
#undef TG_ERR
};

_Static_assert(TG_COUNT(code_rows) == TG_CODE_COUNT, "one row for each code");

/* The names of err.def in lower case: the preprocessor cannot do that, a unit test compares the
 * two. */
static const char *const code_names[] = {
    "none",     "usage",    "config",  "io",           "dns",          "connect",   "tls",
    "timeout",  "broken",   "limit",   "protocol",     "unauthorized", "forbidden", "not_found",
    "conflict", "expired",  "invalid", "rate_limited", "server",       "cancelled", "locked",
    "quota",    "stockout", "in_use",  "disabled",     "state",        "read_only", "internal",
};

_Static_assert(TG_COUNT(code_names) == TG_CODE_COUNT, "one name for each code");

static const struct code_row *row_of(enum tg_code code)
{
    tg_assert((int)code >= 0 && code < TG_CODE_COUNT);
    return &code_rows[code];
}

/* Formats into a block larger than a message, so that tg_str_copy() can cut between characters. */
static void format_msg(char *out, size_t size, const char *format, va_list args)
{
    char whole[sizeof(((struct tg_err *)0)->msg) * 2];

    vsnprintf(whole, sizeof(whole), format, args);
    tg_str_copy(out, size, whole);
}

bool tg_err_set(struct tg_err *err, enum tg_code code, int detail, const char *format, ...)
{
    va_list args;
    char msg[sizeof(err->msg)];

    row_of(code);
    if (err == NULL) {
        return false;
    }
    /* Through a local: the arguments may point into the old message. */
    va_start(args, format);
    format_msg(msg, sizeof(msg), format, args);
    va_end(args);
    err->code = code;
    err->detail = detail;
    memcpy(err->msg, msg, sizeof(msg));
    return false;
}

bool tg_err_wrap(struct tg_err *err, const char *format, ...)
{
    va_list args;
    char what[sizeof(err->msg)];
    char whole[sizeof(err->msg) * 2 + 2];

    if (err == NULL) {
        return false;
    }
    va_start(args, format);
    format_msg(what, sizeof(what), format, args);
    va_end(args);
    snprintf(whole, sizeof(whole), "%s: %s", what, err->msg);
    tg_str_copy(err->msg, sizeof(err->msg), whole);
    return false;
}

bool tg_code_is_transient(enum tg_code code)
{
    return row_of(code)->is_transient;
}

const char *tg_code_name(enum tg_code code)
{
    row_of(code);
    return code_names[code];
}

const char *tg_code_text(enum tg_code code)
{
    return row_of(code)->text;
}

const char *tg_code_hint(enum tg_code code)
{
    return row_of(code)->hint;
}

enum tg_code tg_code_from_http_status(int status)
{
    if (status == 0 || (status >= 200 && status < 300)) {
        return TG_CODE_NONE;
    }
    switch (status) {
    case 401:
        return TG_CODE_UNAUTHORIZED;
    case 403:
        return TG_CODE_FORBIDDEN;
    case 404:
        return TG_CODE_NOT_FOUND;
    case 408:
        return TG_CODE_TIMEOUT;
    case 409:
        return TG_CODE_CONFLICT;
    case 410:
        return TG_CODE_EXPIRED;
    case 413:
        return TG_CODE_LIMIT;
    case 429:
        return TG_CODE_RATE_LIMITED;
    default:
        break;
    }
    if (status >= 400 && status < 500) {
        return TG_CODE_INVALID;
    }
    return status >= 500 && status < 600 ? TG_CODE_SERVER : TG_CODE_PROTOCOL;
}
