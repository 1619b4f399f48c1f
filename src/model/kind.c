/* model/kind.c - the table of kinds and look-ups in it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/kind.h"

#include "base/assert.h"
#include "base/str.h"

static const struct tg_kind_info kinds[] = {
#define TG_KIND(id, source, group, version, plural, kind, is_namespaced) \
    {TG_KIND_SOURCE_##source, group, version, plural, kind, is_namespaced},
#include "model/kind.def"
#undef TG_KIND
};

const struct tg_kind_info *tg_kind_info(enum tg_kind kind)
{
    tg_assert((int)kind >= 0 && kind < TG_KIND_COUNT);
    return &kinds[kind];
}

enum tg_kind tg_kind_by_name(enum tg_kind_source source, const char *name)
{
    for (int i = 0; i < TG_KIND_COUNT; i++) {
        if (kinds[i].source == source && tg_str_eq_nocase(kinds[i].name, name)) {
            return (enum tg_kind)i;
        }
    }
    return TG_KIND_COUNT;
}
