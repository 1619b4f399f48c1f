/* base/assets.h - files of assets/ that are built into the program, so that one binary is enough.
 *
 * Thread: any; static storage.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_ASSETS_H
#define TG_BASE_ASSETS_H

#include <stddef.h>

struct tg_asset {
    const char *path; /* below assets/, for example "labs/gemma-two-region.yaml" */
    const char *text; /* NUL-terminated contents */
    size_t len;
};

/* All embedded files, in byte order of their paths, ended by path == NULL (generated). */
extern const struct tg_asset tg_assets[];

/* The asset with this path, or NULL. */
const struct tg_asset *tg_asset_get(const char *path);

#endif
