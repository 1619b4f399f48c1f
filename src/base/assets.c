/* base/assets.c - finding an embedded file. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/assets.h"

#include <string.h>

#include "base/assert.h"

const struct tg_asset *tg_asset_get(const char *path)
{
    tg_assert(path != NULL);
    for (const struct tg_asset *asset = tg_assets; asset->path != NULL; asset++) {
        if (strcmp(asset->path, path) == 0) {
            return asset;
        }
    }
    return NULL;
}
