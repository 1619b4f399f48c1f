/* sim/spdy.c - SPDY/3.1 frames, and header blocks compressed with the protocol's dictionary. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/spdy.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

#define FRAME_HEAD      8u
#define FRAME_LEN_MAX   (1u << 20)
#define HEADERS_LEN_MAX (64u * 1024)
#define HEADERS_MAX     100u
#define OUTPUT_LEN_MAX  ((size_t)64 << 20)
#define FLAG_FIN        1u
#define VERSION         3u

enum { SYN_STREAM = 1, SYN_REPLY = 2, RST_STREAM = 3, PING = 6, GOAWAY = 7 };

/* The dictionary that both sides prime zlib with: first names and values with their lengths, then a
 * tail of plain text (SPDY/3 draft, 2.6.10.1). */
static const char *const dictionary_words[] = {
    "options",
    "head",
    "post",
    "put",
    "delete",
    "trace",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-base",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "method",
    "get",
    "status",
    "200 OK",
    "version",
    "HTTP/1.1",
    "url",
    "public",
    "set-cookie",
    "keep-alive",
    "origin",
};
static const char dictionary_tail[] =
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 "
    "Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service "
    "UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, "
    "Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/"
    "xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-"
    "8charset=iso-8859-1,utf-,*,enq=0.";

struct sim_spdy {
    struct sim_spdy_events events;
    struct tg_buf input;
    struct tg_buf output;
    struct tg_buf dictionary;
    z_stream inflater;
    z_stream deflater;
};

static void put_u32(struct tg_buf *buf, uint32_t value)
{
    const unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                    (unsigned char)(value >> 8), (unsigned char)value};
    tg_buf_append(buf, bytes, sizeof bytes);
}

static uint32_t get_u32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_text(struct tg_buf *buf, const char *text)
{
    put_u32(buf, (uint32_t)strlen(text));
    tg_buf_puts(buf, text);
}

struct sim_spdy *sim_spdy_new(const struct sim_spdy_events *events)
{
    struct sim_spdy *spdy = TG_NEW(struct sim_spdy);
    spdy->events = *events;
    tg_buf_init(&spdy->input, FRAME_LEN_MAX + FRAME_HEAD);
    tg_buf_init(&spdy->output, OUTPUT_LEN_MAX);
    tg_buf_init(&spdy->dictionary, 4096);
    for (size_t i = 0; i < TG_COUNT(dictionary_words); i++) {
        put_text(&spdy->dictionary, dictionary_words[i]);
    }
    tg_buf_puts(&spdy->dictionary, dictionary_tail);
    int status = inflateInit(&spdy->inflater);
    tg_assert(status == Z_OK);
    status = deflateInit(&spdy->deflater, Z_DEFAULT_COMPRESSION);
    tg_assert(status == Z_OK);
    deflateSetDictionary(&spdy->deflater, (const Bytef *)tg_buf_text(&spdy->dictionary),
                         (uInt)spdy->dictionary.len);
    return spdy;
}

void sim_spdy_free(struct sim_spdy *spdy)
{
    if (spdy != NULL) {
        inflateEnd(&spdy->inflater);
        deflateEnd(&spdy->deflater);
        tg_buf_fini(&spdy->input);
        tg_buf_fini(&spdy->output);
        tg_buf_fini(&spdy->dictionary);
        free(spdy);
    }
}

struct tg_buf *sim_spdy_output(struct sim_spdy *spdy)
{
    return &spdy->output;
}

/* ---- header blocks ---- */

static bool inflate_block(struct sim_spdy *spdy, const char *bytes, size_t len, struct tg_buf *out)
{
    z_stream *z = &spdy->inflater;
    char chunk[4096];
    z->next_in = (Bytef *)(uintptr_t)bytes;
    z->avail_in = (uInt)len;
    do {
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof chunk;
        int status = inflate(z, Z_SYNC_FLUSH);
        if (status == Z_NEED_DICT) {
            status = inflateSetDictionary(z, (const Bytef *)tg_buf_text(&spdy->dictionary),
                                          (uInt)spdy->dictionary.len);
        }
        if ((status != Z_OK && status != Z_BUF_ERROR) ||
            !tg_buf_append(out, chunk, sizeof chunk - z->avail_out)) {
            return false;
        }
    } while (z->avail_in > 0 || z->avail_out == 0);
    return true;
}

/* One length-prefixed text at *at of block; NULL when it does not fit. The caller frees. */
static char *take_text(const struct tg_buf *block, size_t *at)
{
    if (block->len - *at < 4) {
        return NULL;
    }
    uint32_t len = get_u32(block->data + *at);
    *at += 4;
    if (len > block->len - *at) {
        return NULL;
    }
    char *text = tg_strndup(block->data + *at, len);
    *at += len;
    return text;
}

/* New reference; NULL when the block is malformed. */
static json_t *read_headers(struct sim_spdy *spdy, const char *bytes, size_t len)
{
    struct tg_buf block;
    tg_buf_init(&block, HEADERS_LEN_MAX);
    json_t *headers = NULL;
    if (inflate_block(spdy, bytes, len, &block) && block.len >= 4) {
        uint32_t count = get_u32(block.data);
        size_t at = 4;
        headers = json_object();
        for (uint32_t i = 0; headers != NULL && i < count; i++) {
            char *name = take_text(&block, &at);
            char *value = name == NULL ? NULL : take_text(&block, &at);
            json_t *text = value == NULL ? NULL : json_string(value);
            if (text == NULL || i >= HEADERS_MAX || json_object_set_new(headers, name, text) != 0) {
                json_decref(headers);
                headers = NULL;
            }
            free(name);
            free(value);
        }
    }
    tg_buf_fini(&block);
    return headers;
}

void sim_spdy_reply(struct sim_spdy *spdy, uint32_t stream)
{
    static const char no_headers[4];
    unsigned char packed[256];
    z_stream *z = &spdy->deflater;
    z->next_in = (Bytef *)(uintptr_t)no_headers;
    z->avail_in = sizeof no_headers;
    z->next_out = packed;
    z->avail_out = sizeof packed;
    int status = deflate(z, Z_SYNC_FLUSH);
    tg_assert(status == Z_OK && z->avail_in == 0);
    size_t len = sizeof packed - z->avail_out;
    put_u32(&spdy->output, UINT32_C(0x80000000) | VERSION << 16 | SYN_REPLY);
    put_u32(&spdy->output, (uint32_t)(4 + len));
    put_u32(&spdy->output, stream);
    tg_buf_append(&spdy->output, packed, len);
}

void sim_spdy_send(struct sim_spdy *spdy, uint32_t stream, const void *bytes, size_t len,
                   bool is_end)
{
    const char *rest = bytes;
    do {
        size_t part = len < FRAME_LEN_MAX / 2 ? len : FRAME_LEN_MAX / 2;
        len -= part;
        put_u32(&spdy->output, stream);
        put_u32(&spdy->output, (is_end && len == 0 ? FLAG_FIN << 24 : 0) | (uint32_t)part);
        if (part > 0) {
            tg_buf_append(&spdy->output, rest, part);
            rest += part;
        }
    } while (len > 0);
}

/* ---- frames ---- */

static bool control_frame(struct sim_spdy *spdy, uint32_t type, uint32_t flags, const char *body,
                          size_t len)
{
    void *context = spdy->events.context;
    if (type == SYN_STREAM) {
        json_t *headers = len < 10 ? NULL : read_headers(spdy, body + 10, len - 10);
        if (headers == NULL) {
            return false;
        }
        uint32_t stream = get_u32(body) & UINT32_C(0x7fffffff);
        spdy->events.opened(context, stream, headers);
        json_decref(headers);
        if ((flags & FLAG_FIN) != 0) {
            spdy->events.data(context, stream, "", 0, true);
        }
    } else if (type == RST_STREAM && len >= 4) {
        spdy->events.reset(context, get_u32(body) & UINT32_C(0x7fffffff));
    } else if (type == PING && len == 4) {
        put_u32(&spdy->output, UINT32_C(0x80000000) | VERSION << 16 | PING);
        put_u32(&spdy->output, 4);
        tg_buf_append(&spdy->output, body, 4);
    } else if (type == GOAWAY) {
        return false;
    }
    return true; /* SETTINGS, HEADERS and WINDOW_UPDATE ask nothing of us */
}

static bool frame(struct sim_spdy *spdy, const char *head, const char *body, size_t len)
{
    uint32_t first = get_u32(head);
    uint32_t flags = get_u32(head + 4) >> 24;
    if ((first & UINT32_C(0x80000000)) != 0) {
        return ((first >> 16) & 0x7fff) == VERSION &&
               control_frame(spdy, first & 0xffff, flags, body, len);
    }
    spdy->events.data(spdy->events.context, first, body, len, (flags & FLAG_FIN) != 0);
    return true;
}

bool sim_spdy_feed(struct sim_spdy *spdy, const char *bytes, size_t len)
{
    while (len > 0 || spdy->input.len >= FRAME_HEAD) {
        /* one frame at a time, so that the buffer needs no room for more */
        size_t want = FRAME_HEAD;
        if (spdy->input.len >= FRAME_HEAD) {
            want += get_u32(spdy->input.data + 4) & 0xffffff;
        }
        if (want > FRAME_LEN_MAX + FRAME_HEAD) {
            return false;
        }
        size_t part = want - spdy->input.len < len ? want - spdy->input.len : len;
        tg_buf_append(&spdy->input, bytes, part);
        bytes += part;
        len -= part;
        if (spdy->input.len < want) {
            return true;
        }
        if (want == FRAME_HEAD && (get_u32(spdy->input.data + 4) & 0xffffff) > 0) {
            continue; /* the head is there, the body is not */
        }
        size_t body_len;
        char *whole = tg_buf_take(&spdy->input, &body_len);
        bool is_good = frame(spdy, whole, whole + FRAME_HEAD, body_len - FRAME_HEAD);
        free(whole);
        if (!is_good) {
            return false;
        }
    }
    return true;
}
