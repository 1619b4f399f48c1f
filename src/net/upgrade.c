/* net/upgrade.c - status line, fields, and what follows. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "net/upgrade.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#define BODY_LEN_MAX INT64_C(1000000000000)

static bool read_status(struct tg_upgrade *upgrade, struct tg_err *err)
{
    const char *line = upgrade->line;
    char number[4];
    int64_t status = 0;
    if (!tg_str_has_prefix(line, "HTTP/1.") || strlen(line) < strlen("HTTP/1.1 200")) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "the answer is no HTTP/1.1");
    }
    memcpy(number, line + strlen("HTTP/1.1 "), 3);
    number[3] = '\0';
    if (!tg_str_to_int64(number, 100, 599, &status)) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "the answer has no status");
    }
    upgrade->status = (int)status;
    upgrade->state = TG_UPGRADE_FIELDS;
    return true;
}

/* Only what says how long the body is; the rest is the sink's. */
static bool read_field(struct tg_upgrade *upgrade, struct tg_err *err)
{
    static const char length[] = "content-length:";
    static const char coding[] = "transfer-encoding:";
    const char *line = upgrade->line;
    if (strncasecmp(line, length, sizeof(length) - 1) == 0) {
        const char *value = line + sizeof(length) - 1;
        char number[24];
        tg_str_copy(number, sizeof(number), value + strspn(value, " \t"));
        number[strcspn(number, " \t\r\n")] = '\0';
        upgrade->has_length = true;
        return tg_str_to_int64(number, 0, BODY_LEN_MAX, &upgrade->left) ||
               tg_err_set(err, TG_CODE_PROTOCOL, 0, "the answer's length is no number");
    }
    if (strncasecmp(line, coding, sizeof(coding) - 1) == 0) {
        upgrade->is_chunked = strstr(line, "chunked") != NULL;
    }
    return true;
}

static void end_head(struct tg_upgrade *upgrade)
{
    if (upgrade->status == 101) {
        upgrade->state = TG_UPGRADE_OPEN;
    } else if (upgrade->status < 200) {
        *upgrade = (struct tg_upgrade){0}; /* another answer follows */
    } else if (upgrade->is_chunked) {
        upgrade->state = TG_UPGRADE_CHUNK_SIZE;
    } else if (upgrade->status == 204 || (upgrade->has_length && upgrade->left == 0)) {
        upgrade->state = TG_UPGRADE_WHOLE;
    } else {
        upgrade->left = upgrade->has_length ? upgrade->left : BODY_LEN_MAX;
        upgrade->state = TG_UPGRADE_LENGTH;
    }
}

static bool read_chunk_size(struct tg_upgrade *upgrade, struct tg_err *err)
{
    int64_t size = 0;
    size_t i = 0;
    for (; i < 9 && strchr("0123456789abcdefABCDEF", upgrade->line[i]) != NULL &&
           upgrade->line[i] != '\0';
         i++) {
        char digit = upgrade->line[i];
        int value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
        size = size * 16 + value;
    }
    if (i == 0 || i == 9) {
        return tg_err_set(err, TG_CODE_PROTOCOL, 0, "a chunk's size is no number");
    }
    upgrade->left = size;
    upgrade->state = size > 0 ? TG_UPGRADE_CHUNK : TG_UPGRADE_TRAILER;
    return true;
}

/* One whole line: of the head, or between chunks. */
static bool take_line(struct tg_upgrade *upgrade, const struct tg_upgrade_sink *sink,
                      struct tg_err *err)
{
    size_t len = upgrade->line_len;
    bool is_empty = upgrade->line[0] == '\n' || upgrade->line[0] == '\r';
    upgrade->line[len] = '\0';
    upgrade->line_len = 0;
    bool is_ok = true;
    switch (upgrade->state) {
    case TG_UPGRADE_STATUS:
        return read_status(upgrade, err) && sink->line(sink->context, upgrade->line, len);
    case TG_UPGRADE_FIELDS:
        is_ok = is_empty || read_field(upgrade, err);
        is_ok = is_ok && sink->line(sink->context, upgrade->line, len);
        if (is_ok && is_empty) {
            end_head(upgrade);
        }
        return is_ok;
    case TG_UPGRADE_CHUNK_SIZE:
        return read_chunk_size(upgrade, err);
    case TG_UPGRADE_CHUNK_END:
        upgrade->state = TG_UPGRADE_CHUNK_SIZE;
        return is_empty || tg_err_set(err, TG_CODE_PROTOCOL, 0, "a chunk is longer than it said");
    case TG_UPGRADE_TRAILER:
        upgrade->state = is_empty ? TG_UPGRADE_WHOLE : TG_UPGRADE_TRAILER;
        return true;
    default:
        return false;
    }
}

static bool is_in_lines(const struct tg_upgrade *upgrade)
{
    return upgrade->state != TG_UPGRADE_OPEN && upgrade->state != TG_UPGRADE_LENGTH &&
           upgrade->state != TG_UPGRADE_CHUNK;
}

/* Up to a line's end; how many bytes were taken goes to *used. */
static bool feed_line(struct tg_upgrade *upgrade, const char *bytes, size_t len, size_t *used,
                      const struct tg_upgrade_sink *sink, struct tg_err *err)
{
    const char *end = memchr(bytes, '\n', len);
    *used = end != NULL ? (size_t)(end - bytes) + 1 : len;
    if (upgrade->line_len + *used >= sizeof(upgrade->line)) {
        return tg_err_set(err, TG_CODE_LIMIT, 0, "a header of more than %d bytes",
                          TG_UPGRADE_LINE_MAX);
    }
    memcpy(upgrade->line + upgrade->line_len, bytes, *used);
    upgrade->line_len += *used;
    return end == NULL || take_line(upgrade, sink, err);
}

static bool feed_body(struct tg_upgrade *upgrade, const char *bytes, size_t len, size_t *used,
                      const struct tg_upgrade_sink *sink)
{
    *used = len;
    if (upgrade->state != TG_UPGRADE_OPEN) {
        *used = (int64_t)len < upgrade->left ? len : (size_t)upgrade->left;
        upgrade->left -= (int64_t)*used;
        if (upgrade->left == 0) {
            upgrade->state =
                upgrade->state == TG_UPGRADE_CHUNK ? TG_UPGRADE_CHUNK_END : TG_UPGRADE_WHOLE;
        }
    }
    return sink->body(sink->context, bytes, *used);
}

bool tg_upgrade_feed(struct tg_upgrade *upgrade, const char *bytes, size_t len,
                     const struct tg_upgrade_sink *sink, struct tg_err *err)
{
    while (len > 0 && upgrade->state != TG_UPGRADE_WHOLE) {
        size_t used = 0;
        bool is_ok = is_in_lines(upgrade) ? feed_line(upgrade, bytes, len, &used, sink, err)
                                          : feed_body(upgrade, bytes, len, &used, sink);
        if (!is_ok) {
            return false;
        }
        bytes += used;
        len -= used;
    }
    return true;
}

bool tg_upgrade_may_end(const struct tg_upgrade *upgrade)
{
    return upgrade->state == TG_UPGRADE_OPEN || upgrade->state == TG_UPGRADE_WHOLE ||
           (upgrade->state == TG_UPGRADE_LENGTH && !upgrade->has_length);
}
