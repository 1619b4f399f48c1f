/* codec/lab_move.h - a lab file with one region in place of another.
 *
 * Names in a lab file are made of the region's, so it is the text that is changed: clusters,
 * addresses and commands go along.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_LAB_MOVE_H
#define TG_CODEC_LAB_MOVE_H

#include <stddef.h>

#include "plan/lab.h"

/* text with region's zone and name replaced by zone ("us-east1-d") and its region's name, and
 * without its spare zones, which are the other region's. The caller frees. */
char *tg_lab_move(const char *text, size_t len, const struct tg_lab_region *region,
                  const char *zone);

/* "us-east1" of "us-east1-d"; out is returned. */
const char *tg_lab_region_of_zone(const char *zone, char *out, size_t size);

#endif
