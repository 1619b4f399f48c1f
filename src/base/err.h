/* base/err.h - the one error type: a code, a detail number and a message, fixed in size, never
 * allocating.
 *
 * A function that can fail returns bool (or a pointer) and takes a struct tg_err * last; on success
 * it leaves the error untouched. Messages are English and for logs as well; the translated sentence
 * of a code is tg_code_text().
 *
 * Thread: any; a struct tg_err is copied by value between threads.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

#include <stdbool.h>

enum tg_code {
#define TG_ERR(code, transient, text, hint) TG_CODE_##code,
#include "base/err.def"
#undef TG_ERR
    TG_CODE_COUNT
};

struct tg_err {
    enum tg_code code;
    int detail;    /* HTTP status, errno or library code; 0 when there is none */
    char msg[232]; /* NUL-terminated English, cut at a character boundary when too long */
};

#define TG_ERR_INIT         \
    {                       \
        TG_CODE_NONE, 0, "" \
    }

/* Fills *err and returns false, so that `return tg_err_set(...)` reads well. err may be NULL. */
bool tg_err_set(struct tg_err *err, enum tg_code code, int detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "what: " before the message already there and returns false. err may be NULL. */
bool tg_err_wrap(struct tg_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when the same call may succeed later without anybody changing anything. */
bool tg_code_is_transient(enum tg_code code);

/* Stable lower-case identifier ("rate_limited"), for logs and JSON; static storage. */
const char *tg_code_name(enum tg_code code);

/* Untranslated sentence and hint (mark N_); the caller passes them through gettext; static storage.
 */
const char *tg_code_text(enum tg_code code);
const char *tg_code_hint(enum tg_code code);

/* Code for an HTTP status (0 and 2xx give NONE). */
enum tg_code tg_code_from_http_status(int status);

#endif
