/* base/mem.h - allocation that never returns NULL: out of memory ends the process with a message.
 *
 * Memory from here is released with free(). Sizes are checked for overflow.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_MEM_H
#define TG_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* Uninitialised block of size bytes (at least one). The caller frees. */
void *tg_malloc(size_t size);

/* Zeroed array of count elements of size bytes. The caller frees. */
void *tg_calloc(size_t count, size_t size);

/* Resizes old (or NULL) to count elements of size bytes; contents kept. The caller frees the
 * result. */
void *tg_realloc_array(void *old, size_t count, size_t size);

/* Copy of text; NULL gives NULL. The caller frees. */
char *tg_strdup(const char *text);

/* NUL-terminated copy of len bytes. The caller frees. */
char *tg_strndup(const char *bytes, size_t len);

/* Formatted string. The caller frees. */
char *tg_asprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *tg_vasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* Replaces *slot by a copy of text (NULL allowed), freeing what was there. */
void tg_str_replace(char **slot, const char *text);

#define TG_NEW(type) ((type *)tg_calloc(1, sizeof(type)))

#endif
