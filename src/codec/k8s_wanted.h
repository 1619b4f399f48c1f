/* codec/k8s_wanted.h - which members of each kind codec/k8s_object.c reads.
 *
 * A member that is read there and not named here is never seen: the tests of the codec decode rich
 * objects with and without pruning and compare.
 *
 * Thread: any; static storage.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_WANTED_H
#define TG_CODEC_K8S_WANTED_H

#include "codec/json_pick.h"
#include "model/kind.h"

/* Members of one object, of a list of them, of a line of a watch. */
const struct tg_json_wanted *tg_k8s_wanted(enum tg_kind kind);
const struct tg_json_wanted *tg_k8s_wanted_list(enum tg_kind kind);
const struct tg_json_wanted *tg_k8s_wanted_line(enum tg_kind kind);

#endif
