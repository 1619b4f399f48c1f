/* tests/unit/base/test_assets.c - the files built into the program. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>

#include <string.h>

#include "base/assets.h"

Test(assets, are_in_byte_order_and_found_by_path)
{
    for (const struct tg_asset *asset = tg_assets; asset->path != NULL; asset++) {
        cr_assert_eq(tg_asset_get(asset->path), asset);
        cr_assert_eq(asset->text[asset->len], '\0');
        if (asset != tg_assets) {
            cr_assert_lt(strcmp(asset[-1].path, asset->path), 0);
        }
    }
    cr_assert_null(tg_asset_get("no/such/file"));
    cr_assert_null(tg_asset_get(""));
}
