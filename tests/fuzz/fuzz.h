/* fuzz/fuzz.h - what every fuzz target offers, to libFuzzer and to replay.c. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_FUZZ_H
#define TG_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One input; returns 0. What is wrong shows as a crash, a sanitizer's finding or a leak. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies the next part of the input, up to the next zero byte or the end, as text; *data and *size
 * move behind it. The caller frees. */
static inline char *fuzz_part(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, 0, *size);
    size_t len = end == NULL ? *size : (size_t)(end - *data);
    char *part = malloc(len + 1);
    if (part == NULL) {
        abort();
    }
    if (len > 0) {
        memcpy(part, *data, len);
    }
    part[len] = '\0';
    size_t used = end == NULL ? len : len + 1;
    *data += used;
    *size -= used;
    return part;
}

#endif
