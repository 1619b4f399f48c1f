/* app/walk_files.h - the guided walk's files: where the reader is, and what a page's commands need
 * to be typed elsewhere.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_WALK_FILES_H
#define TG_APP_WALK_FILES_H

#include <stdbool.h>

#include "base/err.h"
#include "plan/walk.h"

/* The place kept in folder; the beginning when there is none that can be read. */
struct tg_walk_place tg_walk_load(const char *folder, const struct tg_lab *lab);

/* Keeps it; makes folder (0700). False and err (IO) otherwise. */
bool tg_walk_save(const char *folder, const struct tg_lab *lab, const struct tg_walk_place *place,
                  struct tg_err *err);

/* Fills shell's folder with what the lab's commands read (app/work_folder.h), and writes
 * section-NN.sh there, mode 0600; *path is the latter, the caller's to free. False and err
 * (NOT_FOUND: the section has no commands, IO). */
bool tg_walk_write(const struct tg_lab *lab, size_t section, const struct tg_model *model,
                   const struct tg_walk_shell *shell, char **path, struct tg_err *err);

#endif
