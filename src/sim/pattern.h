/* sim/pattern.h - regular expressions of CustomResourceDefinitions and filters, as far as Go's
 * package regexp reads them, because that is what an API server does.
 *
 * Patterns and texts are a peer's bytes: lengths, steps and memory are bounded.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_PATTERN_H
#define TG_SIM_PATTERN_H

#include <stdint.h>

enum sim_pattern_verdict {
    SIM_PATTERN_MATCHES,
    SIM_PATTERN_DIFFERS,
    SIM_PATTERN_UNKNOWN,  /* no expression, one that is not understood, or one that is too large */
    SIM_PATTERN_TOO_LONG, /* the work that was left did not suffice */
};

/* Whether the pattern is found in text, both NUL-terminated UTF-8. *work is how many steps may be
 * taken; those that were are taken off. */
enum sim_pattern_verdict sim_pattern_find(const char *pattern, const char *text, int64_t *work);

#endif
