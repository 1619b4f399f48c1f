/* model/select.h - derived views of the model: the rows that panes draw and that `tidegate status`
 * prints.
 *
 * Pure functions of a const model; every row says from which target it comes, so that its age can
 * be shown. Strings are borrowed from the model and valid until it changes; arrays are the caller's
 * to free with free().
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_SELECT_H
#define TG_MODEL_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fleet.h"

/* Where a source stands, in one word: drives the sign beside a region and a pane. */
enum tg_source_state {
    TG_SOURCE_LIVE,
    TG_SOURCE_CONNECTING, /* nothing heard yet */
    TG_SOURCE_OLD,        /* alive as far as known, but data older than two intervals */
    TG_SOURCE_LOST,       /* retrying, or silent for five intervals */
    TG_SOURCE_DENIED,     /* credentials or permission */
    TG_SOURCE_REMOVED,    /* its cluster was deleted: no fault */
};

struct tg_source {
    enum tg_source_state state;
    int64_t age_us;      /* since the last byte that concerns these kinds; -1: never */
    int64_t retry_in_us; /* until the next attempt; -1: none planned */
    int attempts;
    struct tg_err err; /* code NONE when all is well */
};

/* Worst state among the given kinds (all of the target when kinds is NULL); ABSENT kinds are not a
 * fault. */
struct tg_source tg_select_source(const struct tg_target *target, const enum tg_kind *kinds,
                                  size_t kinds_count, int64_t now_us);

/* Label app of the lab's model server. */
#define TG_MODEL_SERVER_APP "gemma-server"

/* A model server Pod: what is behind "Ready" (a lab Pod is Ready long before it serves:
 * k8s-api 4.2). */
enum tg_serving {
    TG_SERVING_UNKNOWN, /* not scraped yet, or scrape failed for lack of contact */
    TG_SERVING_NO,      /* connection refused or not 200 */
    TG_SERVING_YES,
};

struct tg_pod_row {
    int target;
    const struct tg_obj *pod;
    const struct tg_replica_view *replica; /* NULL: never scraped */
    enum tg_serving serving;
    double tokens_per_s; /* generation, from the last two scrapes; -1: unknown */
    double requests_per_s;
    double ttft_ms;        /* mean over the last two scrapes; -1: unknown */
    int64_t sample_age_us; /* -1: never */
};

/* Pods that are model servers (label app=gemma-server, or TPU requested) of one target, or of all
 * (target -1), newest first within a target. */
struct tg_pod_row *tg_select_pods(const struct tg_model *model, int target, int64_t now_us,
                                  size_t *count);

struct tg_region_row {
    int target;
    int nodes_total, nodes_ready;
    int tpu_chips_capacity, tpu_chips_ready; /* of ready nodes' allocatable */
    const struct tg_obj *deployment;         /* the model server's; NULL when there is none */
    int pods_total, pods_ready, pods_serving, pods_terminating;
    double kv_cache_usage; /* mean of serving replicas, 0..1; -1 unknown */
    double running, waiting, tokens_per_s, requests_per_s,
        ttft_ms;                          /* sums (ttft: mean); -1 unknown */
    const struct tg_obj *gcp_cluster;     /* from the GCP target, NULL unknown */
    const struct tg_obj *gcp_node_pool;   /* TPU pool */
    int backends_healthy, backends_total; /* by the load balancer; total 0: none known */
    struct tg_source source;
};

/* One row for each cluster target, in the targets' order. */
struct tg_region_row *tg_select_regions(const struct tg_model *model, int64_t now_us,
                                        size_t *count);

enum tg_interface_kind { TG_INTERFACE_CLAIMED, TG_INTERFACE_FREE };
struct tg_interface_row {
    int target;
    enum tg_interface_kind kind;
    const struct tg_obj *claim; /* NULL when free */
    const struct tg_obj *slice; /* NULL when no slice tells of it */
    const char *pod;            /* "" when free */
    const char *node;
    const char *interface_name; /* in the Pod when claimed, else on the node */
    const char *device;
    const char *address;
    const char *mac;
    const char *network;
    int mtu;           /* 0 unknown */
    bool is_ready;     /* driver reports the device Ready in the Pod */
    bool is_releasing; /* its claim is being deleted */
    bool is_stale;     /* nobody vouches for it any more: its cluster is not heard */
    int64_t age_us;    /* since it was last heard; -1: never */
};
struct tg_interface_row *tg_select_interfaces(const struct tg_model *model, int64_t now_us,
                                              size_t *count);

/* Does what a container sees agree with what its Pod's ResourceClaims say? */
enum tg_proof {
    TG_PROOF_NOT_ASKED,
    TG_PROOF_ASKED, /* the question is under way */
    TG_PROOF_AGREES,
    TG_PROOF_DIFFERS,
    TG_PROOF_REFUSED, /* 401 or 403: pods/exec is not allowed */
    TG_PROOF_FAILED,  /* no answer that could be read */
};
struct tg_proof_row {
    int target;
    const struct tg_obj *pod;
    const char *container; /* that is asked */
    enum tg_proof proof;
    int claimed;      /* interfaces that the claims name */
    char listed[240]; /* "eth0 eth1 eth2 lo" as the container listed them; "" never */
    char detail[240]; /* DIFFERS, REFUSED, FAILED: what and why, English; "" otherwise */
    int64_t age_us;   /* of what is listed, or of the refusal; -1: none */
    int64_t tried_us; /* monotonic time of the last answer or failure; 0: none */
};

/* One for each running Pod that holds a ResourceClaim, in the targets' order. */
struct tg_proof_row *tg_select_proofs(const struct tg_model *model, int64_t now_us, size_t *count);

/* "agrees", "not-asked" ...: for JSON; never translated. */
const char *tg_proof_name(enum tg_proof proof);

/* The container that does a Pod's work: not one that was put beside it. "" when none is known. */
const char *tg_pod_main_container(const struct tg_pod *pod);

struct tg_backend_row {
    int target;                   /* cluster target of the backend's zone; -1 unknown */
    const struct tg_obj *backend; /* GCP_BACKEND */
    bool is_healthy;
    bool is_stale; /* nobody vouches for it any more: Google Cloud is not heard */
    double share;  /* of requests answered between the last two scrapes, 0..1; -1 unknown */
    double requests_per_s;
    double kv_cache_usage;
};
struct tg_gateway_row {
    int target;
    const struct tg_obj *gateway;
    const struct tg_obj *route; /* first HTTPRoute whose parent it is; NULL */
    const struct tg_obj *pool;  /* InferencePool of the route's backend name on that target; NULL */
    bool is_programmed;
    bool is_route_accepted;
    bool is_route_resolved;
    bool is_stale;  /* nobody vouches for it any more: its cluster is not heard */
    int64_t age_us; /* since it was last heard; -1: never */
};
struct tg_gateway_row *tg_select_gateways(const struct tg_model *model, int64_t now_us,
                                          size_t *count);
struct tg_backend_row *tg_select_backends(const struct tg_model *model, int64_t now_us,
                                          size_t *count);

/* A kind that a target does not show: its rows are hidden, not zero. */
struct tg_unseen_row {
    int target;
    enum tg_kind kind;
    bool is_denied;      /* else the server lacks the kind */
    const char *why;     /* the server's words, English; borrowed */
    int64_t retry_in_us; /* looked for again */
};
struct tg_unseen_row *tg_select_unseen(const struct tg_model *model, int64_t now_us, size_t *count);

/* Things that need attention, worst first. text is English for JSON; screens translate by code. */
enum tg_problem_code {
    TG_PROBLEM_SOURCE_LOST,
    TG_PROBLEM_SOURCE_DENIED,
    TG_PROBLEM_NODE_NOT_READY,
    TG_PROBLEM_POD_FAILING, /* CrashLoopBackOff, Evicted, ImagePullBackOff ... */
    TG_PROBLEM_POD_PENDING,
    TG_PROBLEM_NOT_SERVING, /* Ready but not listening */
    TG_PROBLEM_SCALED_TO_ZERO,
    TG_PROBLEM_BACKEND_UNHEALTHY,
    TG_PROBLEM_GATEWAY_NOT_PROGRAMMED,
    TG_PROBLEM_CLAIM_PENDING,
    TG_PROBLEM_DRILL_ANNOTATION, /* a Deployment still carries tidegate.dev/drill */
};
struct tg_problem {
    enum tg_problem_code code;
    enum tg_severity severity;
    int target;
    char object[160];
    char detail[160];
};
struct tg_problem *tg_select_problems(const struct tg_model *model, int64_t now_us, size_t *count);

#endif
