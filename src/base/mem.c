/* base/mem.c - allocation that ends the process instead of returning NULL. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static _Noreturn void out_of_memory(size_t size)
{
    dprintf(2, "tidegate: out of memory (%zu bytes wanted)\n", size);
    abort();
}

static void *checked(void *block, size_t size)
{
    if (block == NULL) {
        out_of_memory(size);
    }
    return block;
}

void *tg_malloc(size_t size)
{
    return checked(malloc(size == 0 ? 1 : size), size);
}

void *tg_calloc(size_t count, size_t size)
{
    size_t wanted = 0;

    if (__builtin_mul_overflow(count, size, &wanted)) {
        out_of_memory(SIZE_MAX);
    }
    return checked(calloc(1, wanted == 0 ? 1 : wanted), wanted);
}

void *tg_realloc_array(void *old, size_t count, size_t size)
{
    size_t wanted = 0;

    if (__builtin_mul_overflow(count, size, &wanted)) {
        out_of_memory(SIZE_MAX);
    }
    return checked(realloc(old, wanted == 0 ? 1 : wanted), wanted);
}

char *tg_strdup(const char *text)
{
    return text == NULL ? NULL : tg_strndup(text, strlen(text));
}

char *tg_strndup(const char *bytes, size_t len)
{
    char *copy = NULL;

    tg_assert(bytes != NULL || len == 0);
    tg_assert(len < SIZE_MAX);
    copy = tg_malloc(len + 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    copy[len] = '\0';
    return copy;
}

char *tg_asprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    text = tg_vasprintf(format, args);
    va_end(args);
    return text;
}

char *tg_vasprintf(const char *format, va_list args)
{
    char *text = NULL;
    int len = vasprintf(&text, format, args);

    if (len < 0) {
        out_of_memory(0);
    }
    return text;
}

void tg_str_replace(char **slot, const char *text)
{
    char *copy = NULL;

    tg_assert(slot != NULL);
    /* Copied before the free: text may point into what is replaced. */
    copy = tg_strdup(text);
    free(*slot);
    *slot = copy;
}
