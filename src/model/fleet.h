/* model/fleet.h - the root model: every target with its stores and freshness, the timeline, and the
 * clocks.
 *
 * Changed by tg_reduce() (model/reduce.h) alone; views and engines get it const.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_FLEET_H
#define TG_MODEL_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "model/msg.h"
#include "model/store.h"

#define TG_TARGETS_MAX  1100
#define TG_TIMELINE_MAX 2000

/* What a Pod's container itself said: by exec, and in its log. */
struct tg_witness {
    int64_t asked_us;    /* monotonic: its interfaces were asked for; 0: never */
    int64_t answered_us; /* the answer to that; 0: none yet, and older than asked_us while one is
                            under way */
    struct tg_interface_list interfaces; /* of the last good answer */
    int64_t interfaces_us;               /* its time; 0: never */
    struct tg_err err;                   /* of the last answer */
    struct tg_log_digest *log;           /* NULL: not followed */
    int64_t log_us;
};

enum tg_target_type { TG_TARGET_CLUSTER, TG_TARGET_GCP };

struct tg_kind_view {
    enum tg_kind_phase phase;
    int64_t contact_us; /* monotonic time of the last byte for this kind; 0: never */
    int64_t synced_us;  /* of the last complete list; 0: never */
    int64_t retry_at_us;
    int attempts;
    struct tg_err err; /* why it is not LIVE */
    uint64_t rejected; /* documents refused so far */
    struct tg_store store;
};

struct tg_replica_view {
    struct tg_replica_metrics sample;
    struct tg_replica_metrics previous; /* the scrape before, for rates */
    int64_t sampled_us;                 /* monotonic; 0: never */
    int64_t previous_us;
    struct tg_err err; /* of the last attempt */
    int64_t attempted_us;
};

struct tg_target {
    int index;
    enum tg_target_type type;
    char *name;    /* context, or project for GCP */
    char *label;   /* short, unique: "us-east5", "europe-west4", "gcp" */
    char *project; /* "" when unknown */
    char *region;  /* "us-east5" when the context name tells, else "" */
    char *zone;
    char *cluster;
    int64_t contact_us; /* monotonic, newest of all kinds; 0: never */
    int64_t missed_us;  /* when it was first missing among its project's clusters; 0: not */
    bool is_closed;     /* nobody watches it any more */
    int64_t removed_us; /* monotonic: its cluster was deleted, nothing of it is there; 0: it is */
    struct tg_world world;
    struct tg_kind_view kinds[TG_KIND_COUNT];
    struct tg_map *replicas;  /* "ns/pod" -> struct tg_replica_view */
    struct tg_map *witnesses; /* "ns/pod" -> struct tg_witness */
};

enum tg_timeline_kind {
    TG_TIMELINE_EVENT,    /* a Kubernetes Event: reason, message */
    TG_TIMELINE_APPEARED, /* object of a kind worth telling */
    TG_TIMELINE_CHANGED,  /* reason = what, message = old > new, in the field's words */
    TG_TIMELINE_VANISHED,
    TG_TIMELINE_SOURCE_LOST, /* message: error */
    TG_TIMELINE_SOURCE_BACK,
    TG_TIMELINE_DRILL, /* reason: drill state; message: detail */
    TG_TIMELINE_LAB,   /* standing up or taking down: reason: class; message: what */
};

enum tg_severity { TG_SEVERITY_INFO, TG_SEVERITY_OK, TG_SEVERITY_WARN, TG_SEVERITY_FAIL };

struct tg_timeline_entry {
    enum tg_timeline_kind kind;
    enum tg_severity severity;
    int target;     /* -1: none */
    int64_t lab_us; /* lab (world) wall time it happened, best known */
    int64_t at_us;  /* our monotonic time we learned it */
    char *object;   /* "Pod/vllm-gemma-..."; never NULL */
    char *reason;
    char *message;
};

struct tg_model {
    struct tg_target **targets;
    size_t targets_count;
    struct tg_timeline_entry timeline[TG_TIMELINE_MAX]; /* ring */
    size_t timeline_first;
    size_t timeline_count;
    uint64_t timeline_total; /* ever; the ring says how many are gone */
    uint64_t revision;       /* grows with every visible change */
    uint64_t messages;       /* reduced so far */
};

struct tg_model *tg_model_new(void);
void tg_model_free(struct tg_model *model);

/* Adds a target and returns its index. Context names of the form gke_PROJECT_ZONE_CLUSTER fill
 * project, zone, region and cluster; label is the region when unique, else the cluster or context.
 */
int tg_model_add_cluster(struct tg_model *model, const char *context);
int tg_model_add_gcp(struct tg_model *model, const char *project);

/* The target's cluster was deleted: what it held goes, what is still said of it is not heard, and
 * it is shown as removed for a while. */
void tg_model_remove_cluster(struct tg_model *model, int index, int64_t lab_us, int64_t now_us);

/* False when the target's cluster was deleted some while ago. */
bool tg_target_is_shown(const struct tg_target *target, int64_t now_us);

/* The GCP target or NULL; the target by index (asserted). */
const struct tg_target *tg_model_gcp(const struct tg_model *model);
const struct tg_target *tg_model_target(const struct tg_model *model, int index);

/* What a Pod's container said, or NULL. */
const struct tg_witness *tg_target_witness(const struct tg_target *target, const char *ns,
                                           const char *pod);

/* Lab time now: a simulated world's clock carried forward at its speed, else wall_us. Takes the
 * first target's that has one. */
int64_t tg_model_lab_us(const struct tg_model *model, int64_t monotonic_us, int64_t wall_us);

/* True when whatever answered so far is simulated, and something did; speed may be NULL. */
bool tg_model_is_simulated(const struct tg_model *model, double *speed);

/* True when every cluster has said that it is simulated: then nobody needs to arm the session. */
bool tg_model_may_be_broken(const struct tg_model *model);

/* Last contact that vouches for a kind: a watch is silent while nothing changes, so the target's
 * heartbeat (each 5 s) speaks for it; a poll speaks for itself. 0: never. */
int64_t tg_target_contact_us(const struct tg_target *target, enum tg_kind kind);

/* Freshness of one kind on one target, judged by rule C.1: fresh, then old after two expected
 * intervals, then unknown after five. */
enum tg_freshness { TG_FRESH, TG_OLD, TG_UNKNOWN };
enum tg_freshness tg_target_freshness(const struct tg_target *target, enum tg_kind kind,
                                      int64_t now_us);

/* Appends to the timeline (texts copied). For the reducer, and for the app to tell a drill's story.
 */
void tg_model_tell(struct tg_model *model, enum tg_timeline_kind kind, enum tg_severity severity,
                   int target, int64_t lab_us, int64_t at_us, const char *object,
                   const char *reason, const char *message);

#endif
