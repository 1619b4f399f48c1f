/* codec/lab_move.c - one name for another, where it stands as a whole. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_move.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define TEXT_MAX (4u * 1024 * 1024)
#define LIST_MAX 1024

const char *tg_lab_region_of_zone(const char *zone, char *out, size_t size)
{
    const char *dash = strrchr(zone, '-');
    snprintf(out, size, "%.*s", dash != NULL ? (int)(dash - zone) : (int)strlen(zone), zone);
    return out;
}

/* Consumes text. */
static char *replace(char *text, const char *from, const char *to)
{
    struct tg_buf out;
    size_t len = strlen(from);
    const char *at = text;
    tg_buf_init(&out, TEXT_MAX);
    while (*at != '\0') {
        bool is_whole = strncmp(at, from, len) == 0 && !isalnum((unsigned char)at[len]) &&
                        (at == text || !isalnum((unsigned char)at[-1]));
        tg_buf_append(&out, is_whole ? to : at, is_whole ? strlen(to) : 1);
        at += is_whole ? len : 1;
    }
    free(text);
    return tg_buf_take(&out, NULL);
}

char *tg_lab_move(const char *text, size_t len, const struct tg_lab_region *region,
                  const char *zone)
{
    char name[64];
    struct tg_buf spare;
    char *moved = tg_strndup(text, len);
    tg_buf_init(&spare, LIST_MAX);
    tg_buf_puts(&spare, "spare_zones: [");
    for (size_t i = 0; i < region->spare_zones_count; i++) {
        tg_buf_printf(&spare, "%s%s", i > 0 ? ", " : "", region->spare_zones[i]);
    }
    tg_buf_puts(&spare, "]");
    if (region->spare_zones_count > 0) {
        moved = replace(moved, tg_buf_text(&spare), "spare_zones: []");
    }
    tg_buf_fini(&spare);
    moved = replace(moved, region->zone, zone);
    return replace(moved, region->name, tg_lab_region_of_zone(zone, name, sizeof(name)));
}
