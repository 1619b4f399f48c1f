/* app/status.h - what the panes show, without screens: JSON with stable keys (src/app/README.md)
 * and plain lines.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_STATUS_H
#define TG_APP_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "drill/drill.h"
#include "plan/verify.h"

struct tg_status_inputs {
    const struct tg_model *model;
    const struct tg_lab *lab;
    const struct tg_step_status *steps;
    const struct tg_drill *drill; /* NULL: none */
    bool is_armed;
    int64_t now_us;
    int64_t wall_us;
    int64_t lab_us;
    const char *locale; /* NULL: English */
};

/* Appends; false when the buffer's ceiling cut it. */
bool tg_status_json(const struct tg_status_inputs *inputs, struct tg_buf *out);
bool tg_status_text(const struct tg_status_inputs *inputs, struct tg_buf *out);

#endif
