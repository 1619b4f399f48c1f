/* model/kind.h - the kinds of model/kind.def as an enum with look-ups.
 *
 * Thread: any; static storage.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_KIND_H
#define TG_MODEL_KIND_H

#include <stdbool.h>

enum tg_kind {
#define TG_KIND(id, source, group, version, plural, kind, is_namespaced) TG_KIND_##id,
#include "model/kind.def"
#undef TG_KIND
    TG_KIND_COUNT
};

enum tg_kind_source { TG_KIND_SOURCE_K8S, TG_KIND_SOURCE_GCP };

struct tg_kind_info {
    enum tg_kind_source source;
    const char *group;
    const char *version;
    const char *plural;
    const char *name; /* as Kubernetes and Google Cloud spell it: "Pod" */
    bool is_namespaced;
};

/* Never NULL for a kind below TG_KIND_COUNT. */
const struct tg_kind_info *tg_kind_info(enum tg_kind kind);

/* Kind of that source by its name, ASCII case ignored; TG_KIND_COUNT when there is none. */
enum tg_kind tg_kind_by_name(enum tg_kind_source source, const char *name);

#endif
