/* sim/md5.c - MD5, RFC 1321. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/md5.h"

#include <string.h>

#define BLOCK 64

static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const unsigned char turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t turn(uint32_t value, unsigned bits)
{
    return (value << bits) | (value >> (32 - bits));
}

static void take_block(uint32_t state[4], const unsigned char *block)
{
    uint32_t words[16];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    for (size_t i = 0; i < 16; i++) {
        words[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
                   (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    }
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t mixed;
        uint32_t word;
        if (i < 16) {
            mixed = (b & c) | (~b & d);
            word = i;
        } else if (i < 32) {
            mixed = (d & b) | (~d & c);
            word = (5 * i + 1) % 16;
        } else if (i < 48) {
            mixed = b ^ c ^ d;
            word = (3 * i + 5) % 16;
        } else {
            mixed = c ^ (b | ~d);
            word = 7 * i % 16;
        }
        uint32_t sum = a + mixed + sines[i] + words[word];
        a = d;
        d = c;
        c = b;
        b += turn(sum, turns[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void sim_md5_begin(struct sim_md5 *md5)
{
    *md5 = (struct sim_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void sim_md5_add(struct sim_md5 *md5, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    size_t held = (size_t)(md5->len % BLOCK);
    md5->len += len;
    while (len > 0) {
        if (held == 0 && len >= BLOCK) {
            take_block(md5->state, at);
            at += BLOCK;
            len -= BLOCK;
            continue;
        }
        size_t part = BLOCK - held < len ? BLOCK - held : len;
        memcpy(md5->tail + held, at, part);
        held += part;
        at += part;
        len -= part;
        if (held == BLOCK) {
            take_block(md5->state, md5->tail);
            held = 0;
        }
    }
}

void sim_md5_end(struct sim_md5 *md5, unsigned char out[SIM_MD5_SIZE])
{
    static const unsigned char one[BLOCK] = {0x80};
    unsigned char length[8];
    uint64_t bits = md5->len * 8;
    for (unsigned i = 0; i < 8; i++) {
        length[i] = (unsigned char)(bits >> (8 * i));
    }
    size_t held = (size_t)(md5->len % BLOCK);
    sim_md5_add(md5, one, held < 56 ? 56 - held : 120 - held);
    sim_md5_add(md5, length, sizeof length);
    for (size_t i = 0; i < SIM_MD5_SIZE; i++) {
        out[i] = (unsigned char)(md5->state[i / 4] >> (8 * (i % 4)));
    }
}
