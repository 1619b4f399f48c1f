/* plan/lab.h - a lab as data: the environment it describes and the ordered steps, each with its
 * verify conditions.
 *
 * Filled by codec/lab_file.h from assets/labs/NAME.yaml; judged by plan/verify.h on what is
 * observed.
 *
 * Thread: UI thread; immutable after loading. Ownership: everything lives in the lab's arena.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_LAB_H
#define TG_PLAN_LAB_H

#include <stddef.h>

#include "base/arena.h"
#include "model/kind.h"

/* Text in the languages the file gives; the screen picks by locale ("zh_TW"), falling back to
 * English. */
struct tg_lab_text {
    const char *en;
    const char *zh_tw; /* NULL: not given */
};

struct tg_lab_region {
    const char *name; /* "us-east5" */
    const char *zone;
    const char *cluster;
    const char *node_pool;
    const char *address_name;
};

enum tg_lab_where {
    TG_LAB_WHERE_GCP,             /* on Google Cloud */
    TG_LAB_WHERE_CONFIG,          /* on the config cluster */
    TG_LAB_WHERE_REGIONS,         /* on every region's cluster */
    TG_LAB_WHERE_EACH_REGION_GCP, /* on Google Cloud, once for each region ({region} etc. in name)
                                   */
};

/* One condition: an object exists and, when given, is so. All conditions of a step must hold for it
 * to be done. */
struct tg_lab_condition {
    enum tg_lab_where where;
    enum tg_kind kind;
    const char *name;      /* may hold {region} {zone} {cluster} {project}; "" means any */
    const char *condition; /* condition type that must be True; NULL: none */
    const char *field;  /* "status", "mtu", "machine_type", "serving", "ready", "claims", "exported"
                           ... (verify.h); NULL */
    const char *equals; /* wanted value as text; NULL: any non-empty */
    int at_least;       /* objects wanted; 0 means 1 */
};

struct tg_lab_step {
    const char *id;
    int section; /* of the lab's text */
    struct tg_lab_text title;
    struct tg_lab_text why;
    const char *usual; /* "3-5m" as the lab says; NULL */
    const struct tg_lab_condition *conditions;
    size_t conditions_count;
};

struct tg_lab {
    struct tg_arena *arena;
    const char *name;
    struct tg_lab_text title;
    const char *project; /* may be NULL: from the contexts */
    const char *config_cluster;
    const char *deployment;     /* the model server: "vllm-gemma" */
    const char *namespace_name; /* "default" */
    const char *app_label;      /* "gemma-server" */
    const char *model;          /* "/data/gemma-weights" */
    const char *gateway;        /* "cross-region-gateway" */
    const struct tg_lab_region *regions;
    size_t regions_count;
    const char *primary_region; /* whose outage the drill makes */
    const struct tg_lab_step *steps;
    size_t steps_count;
};

/* Frees the lab with its arena; NULL allowed. */
void tg_lab_free(struct tg_lab *lab);

/* Region by name, or NULL. */
const struct tg_lab_region *tg_lab_region(const struct tg_lab *lab, const char *name);

/* Text for a locale name such as "zh_TW.UTF-8"; never NULL. */
const char *tg_lab_text_for(const struct tg_lab_text *text, const char *locale);

#endif
