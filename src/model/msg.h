/* model/msg.h - everything that can happen, as one tagged union that workers push and the reducer
 * folds into the model.
 *
 * Thread: made by a worker (or the journal), moved through the queue, freed by the UI thread after
 * reduction. Ownership: tg_msg_free() frees whatever the message still holds; the reducer takes
 * what it keeps (sets it NULL).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_MODEL_MSG_H
#define TG_MODEL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/desired.h"
#include "model/kind.h"
#include "model/log_digest.h"
#include "model/obj.h"
#include "model/question.h"
#include "model/tool.h"

/* What the world says of itself in the Tidegate-World header: only simulated worlds send one. */
struct tg_world {
    bool is_simulated;
    double speed; /* virtual seconds per second */
    uint64_t seed;
    int64_t wall_us;    /* its clock when it answered */
    int64_t seen_at_us; /* our monotonic clock then */
    /* The reducer's: readings in a row that were behind what is carried forward, and by how much
     * the best of them was. */
    int late_count;
    int64_t late_least_us;
};

enum tg_kind_phase {
    TG_KIND_PHASE_UNKNOWN,  /* not asked yet */
    TG_KIND_PHASE_LISTING,  /* first or fresh list under way */
    TG_KIND_PHASE_LIVE,     /* listed, and watched or polled */
    TG_KIND_PHASE_RETRYING, /* lost; err and retry_at_us say more; objects are kept and old */
    TG_KIND_PHASE_ABSENT,   /* the server lacks this kind; looked for again at retry_at_us */
    TG_KIND_PHASE_DENIED,   /* 401 or 403; tried again at retry_at_us */
};

/* One scrape of a vLLM replica's /metrics. Counters are as scraped (they restart with the process).
 */
struct tg_replica_metrics {
    double running;
    double waiting;
    double kv_cache_usage; /* fraction 0..1 */
    double success_total;  /* vllm:request_success_total over all reasons */
    double prompt_tokens_total;
    double generation_tokens_total;
    double ttft_sum_s; /* of vllm:time_to_first_token_seconds */
    double ttft_count;
    double process_start_s;
    bool is_serving; /* answered 200 */
};

/* The network interfaces that a container itself sees: what `ls /sys/class/net` printed there. */
#define TG_INTERFACES_MAX      64
#define TG_INTERFACE_NAME_SIZE 16 /* Linux: 15 bytes and the NUL */
struct tg_interface_list {
    char names[TG_INTERFACES_MAX][TG_INTERFACE_NAME_SIZE];
    int count;
};

enum tg_msg_kind {
    TG_MSG_CONTACT, /* bytes came from the target: freshness of kind (TG_KIND_COUNT: of the target
                       as a whole) */
    TG_MSG_KIND_PHASE,    /* a kind's machine changed its phase */
    TG_MSG_REPLACE,       /* complete list of one kind */
    TG_MSG_PUT,           /* ADDED or MODIFIED */
    TG_MSG_DELETE,        /* DELETED */
    TG_MSG_WORLD,         /* Tidegate-World seen, or Date offset for real servers */
    TG_MSG_METRICS,       /* one scrape, or its failure */
    TG_MSG_CALL_DONE,     /* a struct tg_call ended */
    TG_MSG_CALL_PROGRESS, /* ENSURE or REMOVE waits for something */
    TG_MSG_LOG_LINES,     /* lines of a followed log */
    TG_MSG_LOG_DIGEST,    /* what a followed log says so far, in brief */
    TG_MSG_INTERFACES,    /* a container was asked for its interfaces, or answered */
    TG_MSG_TOOL_LINE,     /* a program that the run started says something */
    TG_MSG_TOOL_ENDED,
    TG_MSG_JOURNALLED, /* records up to sequence are durable, or err */
    TG_MSG_KIND_COUNT
};

struct tg_msg {
    enum tg_msg_kind kind;
    int target; /* index in the model; -1 for none */
    enum tg_kind resource;
    int64_t at_us; /* our monotonic clock when it happened */
    union {
        struct {
            enum tg_kind_phase phase;
            int64_t retry_at_us; /* monotonic; 0: none planned */
            int attempts;
            struct tg_err err;
        } phase;
        struct {
            struct tg_obj **items;
            size_t count;
            uint64_t rejected; /* documents that could not be decoded */
        } replace;
        struct tg_obj *obj; /* PUT, DELETE (last state) */
        struct tg_world world;
        struct {
            char *ns;
            char *pod;
            struct tg_replica_metrics sample;
            struct tg_err err;
        } metrics;
        struct {
            uint64_t call_id;
            int status; /* HTTP; 0 when there was no answer */
            struct tg_err err;
            char *text; /* body as text for detail views (YAML-like lines), a download, or NULL */
            size_t len; /* of a download */
            struct tg_obj
                *obj;        /* decoded object when the call returns one of a known kind, or NULL */
            bool is_allowed; /* access review */
            enum tg_ensured ensured; /* ENSURE, REMOVE */
            struct tg_facts facts;   /* ASK */
            int64_t server_date_us;  /* ASK: the answer's Date as wall time; 0: none */
        } call;
        struct {
            uint64_t call_id;
            char *text; /* what is waited for, in the server's words: "CREATE_CLUSTER RUNNING" */
            char *operation; /* name of the long-running operation; NULL: none */
            int percent;     /* as the server tells it; -1: it does not */
        } progress;
        struct {
            uint64_t call_id;
            char *text; /* whole lines, each ended by a newline */
            size_t len;
        } log;
        struct {
            char *ns;
            char *pod;
            struct tg_log_digest *digest; /* moved to the model */
        } digest;
        struct {
            char *ns;
            char *pod;
            bool is_asked; /* only asked: no answer yet */
            struct tg_interface_list list;
            struct tg_err err; /* FORBIDDEN: pods/exec is not allowed */
        } interfaces;
        struct {
            uint64_t id; /* of its order */
            struct tg_tool_line line;
            struct tg_tool_end end;
        } tool;
        struct {
            int64_t sequence;
            struct tg_err err;
        } journalled;
    } as;
};

/* New zeroed message; tg_msg_free() frees it and what it holds. */
struct tg_msg *tg_msg_new(enum tg_msg_kind kind, int target, int64_t at_us);
void tg_msg_free(struct tg_msg *msg);

/* ---- calls: what the UI thread may ask of a target's worker ---- */

enum tg_call_kind {
    TG_CALL_GET_TEXT,      /* object as readable lines, for the detail view (Secret data never) */
    TG_CALL_GET,           /* object decoded (Deployment, Pod) */
    TG_CALL_ACCESS_REVIEW, /* SelfSubjectAccessReview for verb on resource[/subresource] in ns */
    TG_CALL_SCALE, /* merge patch of a Deployment: replicas and the tidegate.dev annotations in one
                    */
    TG_CALL_CREATE_PROBE, /* the probe Pod of drill/probe.h */
    TG_CALL_DELETE_POD,   /* by name, with uid precondition when given; NOT_FOUND counts as done */
    TG_CALL_FOLLOW_LOG,   /* LOG_LINES until the end; CALL_DONE then */
    TG_CALL_DIGEST_LOG,   /* the same log, but LOG_DIGEST tells what it says; CALL_DONE */
    /* `ls /sys/class/net` in a container, by exec: INTERFACES when it is asked and when it
     * answered; CALL_DONE. Changes nothing, but needs the permission for pods/exec. */
    TG_CALL_LIST_INTERFACES,
    TG_CALL_CANCEL, /* ends the call whose id is in cancel_id; no CALL_DONE for it */
    /* What comes at its own pace is asked for now: of resource POD the model servers' /metrics, a
     * kind of Google Cloud's by its list, one that an API server lacked by looking again. No
     * CALL_DONE. */
    TG_CALL_REFRESH,
    /* Makes what desired describes, or finds it as wanted, and waits until the server says that it
     * is there: CALL_PROGRESS on the way, CALL_DONE with ensured at the end. */
    TG_CALL_ENSURE,
    TG_CALL_DOWNLOAD, /* the public file at the URL in name, without credentials: text and len */
    TG_CALL_REMOVE,   /* takes it away and waits until it is gone; the same messages */
    TG_CALL_ASK,      /* a question of model/question.def, asked of Google Cloud's target */
    TG_CALL_KIND_COUNT
};

struct tg_call {
    enum tg_call_kind kind;
    uint64_t id; /* given by the UI thread, never 0 */
    int target;
    enum tg_kind resource;
    char *ns;
    char *name;
    char *uid;              /* precondition, NULL: none */
    char *resource_version; /* precondition for SCALE, NULL: none */
    char *container;        /* FOLLOW_LOG, DIGEST_LOG, LIST_INTERFACES */
    char *verb;             /* ACCESS_REVIEW: "patch" */
    char *subresource;      /* ACCESS_REVIEW: "scale", "log"; NULL */
    int replicas;           /* SCALE */
    char *
        drill_id; /* SCALE: annotation to set; NULL: remove both annotations. CREATE_PROBE: label */
    int original_replicas; /* SCALE with drill_id */
    int64_t since_wall_us; /* FOLLOW_LOG: 0 from the start */
    uint64_t cancel_id;
    /* CREATE_PROBE */
    char *probe_target; /* URL */
    char *probe_model;
    int probe_interval_ms;
    int probe_timeout_ms;
    int64_t probe_lifetime_s;   /* activeDeadlineSeconds */
    struct tg_desired *desired; /* ENSURE, REMOVE */
    /* ACCESS_REVIEW of a kind that is not in the table (resource is TG_KIND_COUNT) */
    char *group;
    char *plural;
    /* ASK: name and ns stand for {1} and {2} */
    enum tg_question question;
    char *words;              /* PERMISSIONS: which, separated by blanks */
    struct tg_secret *secret; /* of the hub's questions: the operator's token */
};

struct tg_call *tg_call_new(enum tg_call_kind kind, int target);
void tg_call_free(struct tg_call *call);

/* True for calls that change something: only an armed session may send them. */
bool tg_call_is_write(enum tg_call_kind kind);

#endif
