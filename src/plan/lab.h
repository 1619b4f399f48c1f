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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/desired.h"
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
    const char *node_range;  /* CIDR of the node subnet; "" when nothing is made */
    const char *proxy_range; /* CIDR of the proxy-only subnet */
    /* Where the same machines are offered too, for when there are none: zones of this region, and
     * of others. */
    const char *const *spare_zones;
    size_t spare_zones_count;
    const char *const *elsewhere;
    size_t elsewhere_count;
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

/* The fixes that a run makes, a bit each: of the hazard with that index. */
typedef uint32_t tg_lab_fixes;
#define TG_LAB_HAZARDS_MAX 32

/* What goes wrong, or misleads, when the lab is stood up as it is written. */
struct tg_lab_hazard {
    const char *id;
    struct tg_lab_text title;
    struct tg_lab_text why;
    struct tg_lab_text advice; /* en NULL: none but the fix */
    bool has_fix;              /* a run can be told to make something else */
};

/* The body of a thing when just these of the fixes that touch it are chosen. */
struct tg_lab_variant {
    tg_lab_fixes fixes;
    const char *body;
    const char *yaml; /* the same as the manifest's document, for who applies the file */
};

/* One thing that a step makes, in one place or in each region; texts may hold the placeholders of
 * tg_lab_expand(). */
struct tg_lab_make {
    enum tg_lab_where where;
    enum tg_api api;
    enum tg_desired_form form;
    const char *collection; /* as in struct tg_desired; of Kubernetes the apiVersion */
    const char *manifest;   /* Kubernetes: whose document it is, "manifests/NAME"; else NULL */
    size_t document;        /* which one of it */
    const char *kind;       /* Kubernetes, else NULL */
    const char *ns;         /* Kubernetes, NULL for cluster scope */
    const char *name;
    const char *body;        /* JSON text or NULL; with fixes that touch it: tg_lab_make_body() */
    const char *create_body; /* JSON text or NULL */
    const char *source_url;  /* where body is downloaded from; NULL: it is here */
    const char *source_sha256;
    /* It needs machines that may not be there: it is then made anew, in the zone that this member
     * of its body names in a list. NULL: it needs none. */
    const char *zone_list;
    const char *terraform; /* its address in assets/terraform; NULL: it needs none */
    const char *import_id; /* by which `terraform import` finds it; NULL: collection/name */
    const char *secret;    /* which of the operator's secrets it carries: "hf_token"; NULL: none */
    const char *secret_key;
    bool has_content;        /* a bucket: removing it removes what it holds */
    bool is_only_ours;       /* found but different is a conflict, never changed */
    bool is_kept;            /* taking the lab down leaves it */
    bool is_passing;         /* removed again as soon as its step is done */
    tg_lab_fixes when;       /* made only with all of these fixes */
    tg_lab_fixes unless;     /* and with none of these */
    tg_lab_fixes touched_by; /* fixes that change its body */
    const struct tg_lab_variant *variants;
    size_t variants_count;
};

/* Things that Google's controllers leave behind and that block a removal: found by what is
 * observed, shown, and removed before the step they block. */
struct tg_lab_leftover {
    enum tg_kind kind;      /* Firewall */
    const char *name;       /* with a star at the end */
    const char *parent;     /* the network it must be of */
    const char *collection; /* where it is removed */
};

struct tg_lab_step {
    const char *id;
    int section; /* of the lab's text */
    struct tg_lab_text title;
    struct tg_lab_text why;
    const char *usual;    /* "3-5m" as the lab says; NULL */
    const char *commands; /* what does the same by hand, a line each, with placeholders; NULL */
    const char
        *tidy; /* after commands, however they end: removes what only passes; NULL: nothing */
    const char *undo; /* what takes it away by hand; NULL: nothing does */
    const struct tg_lab_condition *conditions;
    size_t conditions_count;
    const struct tg_lab_make *makes;
    size_t makes_count;
    const int *needs; /* indexes of steps that are done before */
    size_t needs_count;
    const struct tg_lab_leftover *leftovers; /* removed before this step is undone */
    size_t leftovers_count;
    int timeout_s;          /* lab time from its start until it must be done */
    bool is_made_only_once; /* nothing is made while its conditions hold (a download) */
    /* Standing it up also asks the Pods themselves, by exec, for the interfaces that their claims
     * name. */
    bool proves_interfaces;
};

struct tg_walk;
struct tg_prices;

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
    const char *hub_model;      /* "google/gemma-3-27b-it" on the Hugging Face hub; NULL: none */
    /* What each region must offer; NULL and 0: nothing is asked for. */
    const char *tpu_machine_type; /* "ct6e-standard-4t" */
    const char *tpu_family;       /* as the quota calls it: "CT6E" */
    int tpu_chips;
    int pool_cpus; /* of the nodes without TPUs */
    const struct tg_lab_region *regions;
    size_t regions_count;
    const char *primary_region; /* whose outage the drill makes */
    const struct tg_lab_hazard *hazards;
    size_t hazards_count;
    /* What commands stand on, with placeholders; NULL: nothing. */
    const char *shell;           /* begins every shell */
    const char *before_gcp;      /* once, before the first step that is on Google Cloud */
    const char *before_clusters; /* once, before the first one that is within clusters */
    const struct tg_lab_step *steps;
    size_t steps_count;
    const struct tg_prices *prices; /* plan/price.h; NULL: none are known */
    const struct tg_walk *walk;     /* plan/walk.h; NULL: the lab has none */
};

/* Appends text with {project} {region} {zone} {cluster} {node_pool} {address} {node_range}
 * {proxy_range} {config_cluster} {project_number} replaced; region NULL: those of a region stay as
 * they are. What stands between {each_region} and {end} comes once for each region, between
 * {when FIX} and {end} with that fix, between {unless FIX} and {end} without it. False when the
 * buffer is full. */
struct tg_lab_place {
    const struct tg_lab *lab;
    const struct tg_lab_region *region; /* NULL: none */
    const char *project;
    const char *project_number; /* NULL: not known */
    tg_lab_fixes fixes;         /* that are chosen */
};
bool tg_lab_expand(const char *text, const struct tg_lab_place *place, struct tg_buf *out);

/* "1m", "90s", "10-15m": how long a step usually takes, in seconds; false when text is none. */
bool tg_lab_read_usual(const char *text, int *least_s, int *most_s);

/* First and last address of an IPv4 range, "10.0.2.0/24"; false when text is none. */
struct tg_lab_range {
    uint32_t first;
    uint32_t last;
};
bool tg_lab_read_range(const char *text, struct tg_lab_range *range);

/* How long the step usually takes at the most, in microseconds: 15 minutes of "10-15m"; 0 when the
 * lab does not say. */
int64_t tg_lab_step_usual_us(const struct tg_lab_step *step);

/* Index of the step with this id, -1 when there is none. */
int tg_lab_step_index(const struct tg_lab *lab, const char *id);

/* Index of the hazard with this id, -1 when there is none. */
int tg_lab_hazard_index(const struct tg_lab *lab, const char *id);

/* True when a run with these fixes makes the thing. */
bool tg_lab_make_is_wanted(const struct tg_lab_make *make, tg_lab_fixes fixes);

/* The thing's body with these fixes; JSON text or NULL. */
const char *tg_lab_make_body(const struct tg_lab_make *make, tg_lab_fixes fixes);

/* Appends a manifest ("manifests/NAME") as it is applied there: expanded, and of what the place's
 * fixes change the changed document. False when there is none, or the buffer is full. */
bool tg_lab_manifest(const char *path, const struct tg_lab_place *place, struct tg_buf *out);

/* Those of the fixes for which the steps' commands have no place: they change a thing whose
 * manifest the commands do not name, or decide what is made without a {when FIX} in them. */
tg_lab_fixes tg_lab_uncommanded(const struct tg_lab *lab, tg_lab_fixes fixes);

/* True when these fixes change what the step makes. */
bool tg_lab_step_is_fixed(const struct tg_lab_step *step, tg_lab_fixes fixes);

/* The hazard that the part of commands beginning with at, "{when ID}" or "{unless ID}", asks for:
 * its index, -1 when the lab has none of that name. Text that begins otherwise is false. */
bool tg_lab_reads_fix(const struct tg_lab *lab, const char *at, int *hazard, bool *is_wanted);

/* Every fix that the lab has. */
tg_lab_fixes tg_lab_all_fixes(const struct tg_lab *lab);

/* Reads "all", "none" or ids of hazards separated by commas, adding to *fixes. False with USAGE
 * when one is unknown or has no fix. */
bool tg_lab_read_fixes(const struct tg_lab *lab, const char *text, tg_lab_fixes *fixes,
                       struct tg_err *err);

/* The other way round; out is returned. */
const char *tg_lab_write_fixes(const struct tg_lab *lab, tg_lab_fixes fixes, char *out,
                               size_t size);

/* Frees the lab with its arena; NULL allowed. */
void tg_lab_free(struct tg_lab *lab);

/* Region by name, or NULL. */
const struct tg_lab_region *tg_lab_region(const struct tg_lab *lab, const char *name);

/* Text for a locale name such as "zh_TW.UTF-8"; never NULL. */
const char *tg_lab_text_for(const struct tg_lab_text *text, const char *locale);

#endif
