/* io/paths.h - where state lives: XDG directories, made with mode 0700.
 *
 * Thread: UI thread, at start. Ownership: results are the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_PATHS_H
#define TG_IO_PATHS_H

#include <stdbool.h>

#include "base/err.h"

/* Makes path and what leads to it, each with mode 0700. */
bool tg_paths_make(const char *path, struct tg_err *err);

/* $XDG_STATE_HOME/tidegate, else ~/.local/state/tidegate; made when missing. NULL and err (IO)
 * without a home. */
char *tg_paths_state_dir(struct tg_err *err);

/* A directory for the demonstration's world: "demo" in the state directory, or "demo-PID" when
 * another demonstration uses that one. */
char *tg_paths_demo_dir(struct tg_err *err);

#endif
