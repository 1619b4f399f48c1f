/* net/upgrade.h - the answer to a request that asks to leave HTTP/1.1, read by hand: 101 and then
 * the peer's own bytes, or an ordinary answer that says why not.
 *
 * A pure machine: bytes may come cut anywhere. Only for connections that libcurl opened and then
 * leaves to us; all other answers are libcurl's.
 *
 * Source: RFC 9110 7.8 and 15.2.2, RFC 9112 2 to 7.
 *
 * Thread: owner only. Ownership: a value; lines and bytes are borrowed during the calls.
 * Errors: what is no HTTP is TG_CODE_PROTOCOL, a line above the ceiling TG_CODE_LIMIT. Ceilings of
 * all headers and of the body are the sink's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_NET_UPGRADE_H
#define TG_NET_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TG_UPGRADE_LINE_MAX 4096

struct tg_upgrade_sink {
    /* One line of the head with its line break; the empty line comes last. False ends the
     * feeding. */
    bool (*line)(void *context, const char *line, size_t len);
    bool (*body)(void *context, const char *bytes, size_t len);
    void *context;
};

enum tg_upgrade_state {
    TG_UPGRADE_STATUS, /* before the first line */
    TG_UPGRADE_FIELDS,
    TG_UPGRADE_OPEN,       /* 101: what follows is the peer's own */
    TG_UPGRADE_LENGTH,     /* a body of known length, or until the connection ends */
    TG_UPGRADE_CHUNK_SIZE, /* a body in chunks */
    TG_UPGRADE_CHUNK,
    TG_UPGRADE_CHUNK_END,
    TG_UPGRADE_TRAILER,
    TG_UPGRADE_WHOLE, /* the answer is over */
};

/* Starts as zeroes. */
struct tg_upgrade {
    enum tg_upgrade_state state;
    int status; /* 0 before the status line */
    char line[TG_UPGRADE_LINE_MAX];
    size_t line_len;
    bool is_chunked;
    bool has_length;
    int64_t left; /* bytes of the body, or of the chunk */
};

/* False: err says why, or the sink wanted no more and err is untouched. */
bool tg_upgrade_feed(struct tg_upgrade *upgrade, const char *bytes, size_t len,
                     const struct tg_upgrade_sink *sink, struct tg_err *err);

/* Whether the connection may end here: after 101 it may at any time, an answer must be whole. */
bool tg_upgrade_may_end(const struct tg_upgrade *upgrade);

#endif
