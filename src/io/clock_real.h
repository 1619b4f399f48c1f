/* io/clock_real.h - the machine's clocks.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_CLOCK_REAL_H
#define TG_IO_CLOCK_REAL_H

#include "base/clock.h"

/* CLOCK_BOOTTIME and CLOCK_REALTIME: a laptop's sleep counts as time, so that what is old after it
 * looks old. */
struct tg_clock tg_clock_real(void);

#endif
