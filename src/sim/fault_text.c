/* sim/fault_text.c - answers that say what they should not: malformed, huge, deep, or worse. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "sim/fault_response.h"

#define FILLER_BLOCK 4096

bool sim_fault_is_text(enum sim_fault_kind kind)
{
    return kind >= SIM_FAULT_MALFORMED && kind <= SIM_FAULT_BINARY;
}

static void fill(struct tg_buf *out, const char *unit, int64_t times)
{
    for (int64_t i = 0; i < times; i++) {
        tg_buf_puts(out, unit);
    }
}

/* Appends text with insertion behind the first mark from offset on; without a mark, behind its
 * first brace. */
static void insert_behind(const char *text, size_t len, const char *mark, const char *insertion,
                          size_t insertion_len, struct tg_buf *out)
{
    const char *at = memmem(text, len, mark, strlen(mark));
    size_t head = at == NULL ? 0 : (size_t)(at - text) + strlen(mark);
    if (at == NULL) {
        at = memchr(text, '{', len);
        head = at == NULL ? 0 : (size_t)(at - text) + 1;
    }
    tg_buf_append(out, text, head);
    tg_buf_append(out, insertion, at == NULL ? 0 : insertion_len);
    tg_buf_append(out, text + head, len - head);
}

/* The first object's own metadata: behind "items":[ of a list, behind "object": of an event. */
static size_t first_object(const char *text, size_t len)
{
    static const char *const marks[] = {"\"items\":[", "\"object\":"};
    for (size_t i = 0; i < TG_COUNT(marks); i++) {
        const char *at = memmem(text, len, marks[i], strlen(marks[i]));
        if (at != NULL) {
            return (size_t)(at - text) + strlen(marks[i]);
        }
    }
    return 0;
}

static void insert_in_metadata(const char *text, size_t len, const char *members,
                               size_t members_len, struct tg_buf *out)
{
    size_t head = first_object(text, len);
    tg_buf_append(out, text, head);
    insert_behind(text + head, len - head, "\"metadata\":{", members, members_len, out);
}

/* The first object's name begins with these bytes. */
static void insert_in_name(const char *text, size_t len, const char *bytes, struct tg_buf *out)
{
    size_t head = first_object(text, len);
    const char *at = memmem(text + head, len - head, "\"name\":\"", 8);
    head = at == NULL ? len : (size_t)(at - text) + 8;
    tg_buf_append(out, text, head);
    if (at != NULL) {
        tg_buf_puts(out, bytes);
    }
    tg_buf_append(out, text + head, len - head);
}

static void write_huge(int64_t size, const char *text, size_t len, struct tg_buf *out)
{
    struct tg_buf members;
    tg_buf_init(&members, SIM_RESPONSE_BODY_MAX);
    tg_buf_puts(&members, "\"annotations\":{\"filler\":\"");
    fill(&members, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", size / 64);
    tg_buf_puts(&members, "\"},");
    insert_in_metadata(text, len, tg_buf_text(&members), members.len, out);
    tg_buf_fini(&members);
}

static void write_deep(int64_t levels, const char *text, size_t len, struct tg_buf *out)
{
    struct tg_buf members;
    tg_buf_init(&members, SIM_RESPONSE_BODY_MAX);
    tg_buf_puts(&members, "\"labels\":");
    fill(&members, "{\"a\":", levels);
    tg_buf_puts(&members, "1");
    fill(&members, "}", levels);
    tg_buf_puts(&members, ",");
    insert_in_metadata(text, len, tg_buf_text(&members), members.len, out);
    tg_buf_fini(&members);
}

/* Every kind becomes Secret, in the list's own and in each object's. */
static void write_wrong_kind(const char *text, size_t len, struct tg_buf *out)
{
    static const char mark[] = "\"kind\":\"";
    const char *end = text + len;
    bool is_any = false;
    for (const char *at; (at = memmem(text, (size_t)(end - text), mark, strlen(mark))) != NULL;) {
        at += strlen(mark);
        tg_buf_append(out, text, (size_t)(at - text));
        const char *close = memchr(at, '"', (size_t)(end - at));
        size_t name_len = close == NULL ? 0 : (size_t)(close - at);
        bool is_list = name_len > 4 && strncmp(close - 4, "List", 4) == 0;
        tg_buf_puts(out, is_list ? "SecretList" : "Secret");
        text = at + name_len;
        is_any = true;
    }
    if (!is_any) {
        insert_behind(text, (size_t)(end - text), "\"object\":{", "\"kind\":\"Secret\",", 16, out);
        return;
    }
    tg_buf_append(out, text, (size_t)(end - text));
}

static void write_malformed(const char *text, size_t len, struct tg_buf *out)
{
    size_t half = len / 2;
    tg_buf_append(out, text, half);
    tg_buf_puts(out, "}]\"{,");
    bool has_end = len > 0 && text[len - 1] == '\n';
    tg_buf_append(out, text + half, len - half - (has_end ? 1 : 0));
    tg_buf_puts(out, has_end ? "\n" : "");
}

static void write_long_line(int64_t size, const char *text, size_t len, struct tg_buf *out)
{
    fill(out, "0123456789abcdef", size / 16);
    tg_buf_putc(out, '\n');
    tg_buf_append(out, text, len);
}

void sim_fault_write(const struct sim_fault *fault, const char *text, size_t len,
                     struct tg_buf *out)
{
    static const char twice[] = "\"resourceVersion\":\"7\",\"name\":\"twin\",";
    static const char numbers[] =
        "\"generation\":1e400,\"deletionGracePeriodSeconds\":-0,\"x\":9223372036854775808,";
    static const char binary[] = "\x00\x01\xff\xfe\x1b]52;c;Zm9v\x07\x80\x9b\n";
    switch ((int)fault->spec.kind) {
    case SIM_FAULT_MALFORMED:
        write_malformed(text, len, out);
        break;
    case SIM_FAULT_HUGE:
        write_huge(fault->spec.value, text, len, out);
        break;
    case SIM_FAULT_DEEP:
        write_deep(fault->spec.value, text, len, out);
        break;
    case SIM_FAULT_DUPLICATE_KEYS:
        insert_in_metadata(text, len, twice, strlen(twice), out);
        break;
    case SIM_FAULT_NUMBERS:
        insert_in_metadata(text, len, numbers, strlen(numbers), out);
        break;
    case SIM_FAULT_UTF8:
        insert_in_name(text, len, "\xff\xc0\xaf\xed\xa0\x80", out);
        break;
    case SIM_FAULT_CONTROLS:
        insert_in_name(text, len,
                       "\\u001b]52;c;Zm9v\\u0007\\u001b[2J\\u009b31m\\r\\u202e\\u2066\\u200b", out);
        break;
    case SIM_FAULT_WRONG_KIND:
        write_wrong_kind(text, len, out);
        break;
    case SIM_FAULT_LONG_LINE:
        write_long_line(fault->spec.value, text, len, out);
        break;
    case SIM_FAULT_BINARY:
        tg_buf_append(out, binary, sizeof binary - 1);
        tg_buf_append(out, text, len);
        break;
    default:
        tg_buf_append(out, text, len);
        break;
    }
}

/* ---- a bomb ---- */

struct bits {
    struct tg_buf *out;
    unsigned value;
    unsigned count;
};

static void put_bits(struct bits *bits, unsigned value, unsigned count)
{
    bits->value |= value << bits->count;
    bits->count += count;
    while (bits->count >= 8) {
        tg_buf_putc(bits->out, (char)(unsigned char)(bits->value & 0xffu));
        bits->value >>= 8;
        bits->count -= 8;
    }
}

/* One block of RFC 1951 with fixed codes: a zero byte, then copies of 258 bytes from one back. The
 * length's code 285 is 11000101, the distance's code 0 is 00000, codes go highest bit first. */
void sim_fault_write_bomb(int64_t len, struct tg_buf *out)
{
    static const char head[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    struct bits bits = {out, 0, 0};
    tg_buf_append(out, head, sizeof head - 1);
    put_bits(&bits, 3, 3);    /* the last block, fixed codes */
    put_bits(&bits, 0x0c, 8); /* literal 0 is 00110000 */
    for (int64_t made = 1; made < len; made += 258) {
        put_bits(&bits, 0xa3, 8);
        put_bits(&bits, 0, 5);
    }
    put_bits(&bits, 0, 7); /* end of block */
    put_bits(&bits, 0, 7);
    static const char tail[8] = {0}; /* whoever unpacked it all finds a wrong checksum */
    tg_buf_append(out, tail, sizeof tail);
}
