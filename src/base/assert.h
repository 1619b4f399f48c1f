/* base/assert.h - assertions that stay on in release, and magic numbers for opaque objects.
 *
 * A programmer's error ends the process with a message that names the belief that did not hold; an
 * operator's or a network's error is never asserted but returned as a struct tg_err. The hook lets
 * the terminal be restored first.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_ASSERT_H
#define TG_BASE_ASSERT_H

#include <stddef.h>

/* Prints "file:line: function: belief" to standard error after running the hook, then aborts. */
_Noreturn void tg_assert_fail(const char *belief, const char *file, int line, const char *function);

/* Sets the function that runs before the message (terminal restore). NULL removes it.
 * Async-signal-safe work only. */
void tg_assert_set_hook(void (*hook)(void));

#define tg_assert(belief) \
    ((belief) ? (void)0 : tg_assert_fail(#belief, __FILE__, __LINE__, __func__))

#define TG_UNREACHABLE(why) tg_assert_fail("unreachable: " why, __FILE__, __LINE__, __func__)

/* Magic numbers: the first member of an opaque struct is `uint32_t magic`, cleared on free. */
#define TG_MAGIC_CHECK(object, expected) \
    tg_assert((object) != NULL && (object)->magic == (expected))

#define TG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
