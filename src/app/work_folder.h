/* app/work_folder.h - the folder in which the lab's commands run: the .tf files, their values, and
 * the manifests for this project. By hand as well, so that what is shown can be typed there.
 *
 * Terraform keeps its state in it. What tidegate writes there is written afresh each time; what
 * else is there is left alone.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_WORK_FOLDER_H
#define TG_APP_WORK_FOLDER_H

#include <stdbool.h>

#include "base/err.h"
#include "plan/run.h"

/* Makes folder (0700) and fills it for the run that config describes, whose commands stand in up.sh
 * or down.sh, in the order in which they are taken. False and err (IO) otherwise. */
bool tg_work_folder_fill(const char *folder, const struct tg_run_config *config,
                         struct tg_err *err);

#endif
