/* sim/pod.h - a Pod as its node's kubelet knows it: containers, phases, log, and the process
 * inside.
 *
 * Thread: the world's. Ownership: a struct sim_pod lives from the Pod's creation until its DELETED
 * change; what it points to is freed with it, logs when their last reader lets go.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_POD_H
#define TG_SIM_POD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/region.h"
#include "sim/world.h"

#define SIM_CONTAINERS_MAX 4
#define SIM_CLAIM_DEVICES  2

/* ---- log of one container ---- */

struct sim_log;

struct sim_log *sim_log_new(struct sim_world *world);
struct sim_log *sim_log_keep(struct sim_log *log);

/* Gives one reference back; NULL allowed. */
void sim_log_drop(struct sim_log *log);

/* Appends one line with the present time and wakes followers. Lines beyond the size limit push the
 * oldest out. */
void sim_log_line(struct sim_log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Nothing more will come: followers see the end. */
void sim_log_end(struct sim_log *log);
size_t sim_log_count(const struct sim_log *log);

/* Line number i (0 is the oldest kept), borrowed; NULL when out of range. wall_us (may be NULL)
 * gets its time. */
const char *sim_log_at(const struct sim_log *log, size_t i, int64_t *wall_us);

/* ---- the Pod ---- */

enum sim_pod_role {
    SIM_POD_PLAIN,      /* a shell, curl-test */
    SIM_POD_PROBE,      /* label tidegate.dev/probe=true */
    SIM_POD_VLLM,       /* a model server */
    SIM_POD_PICKER,     /* the endpoint picker */
    SIM_POD_DOWNLOADER, /* runs the lab's download script */
};

enum sim_pod_step {
    SIM_STEP_UNBOUND,
    SIM_STEP_BOUND,   /* has a node, kubelet has not seen it */
    SIM_STEP_PREPARE, /* claims being prepared */
    SIM_STEP_SANDBOX,
    SIM_STEP_SIDECAR,
    SIM_STEP_PULL,
    SIM_STEP_START,
    SIM_STEP_RUNNING,
    SIM_STEP_FINISHED, /* Succeeded or Failed */
};

enum sim_container_state { SIM_CONTAINER_WAITING, SIM_CONTAINER_RUNNING, SIM_CONTAINER_TERMINATED };

struct sim_container {
    char *name;
    char *image;
    bool is_sidecar; /* init container with restartPolicy Always */
    bool is_ready;
    enum sim_container_state state;
    const char *reason; /* of waiting or terminated; static */
    int exit_code;
    int64_t started_wall_us;
    int64_t finished_wall_us;
    struct sim_log *log;
    int restart_count;
    int64_t backoff_us; /* wait before the next restart; 0: none yet */
    /* how it ended before it was started again; valid when restart_count > 0 or it waits for that
     */
    bool has_ended;
    int last_exit_code;
    const char *last_reason; /* static */
    int64_t last_started_wall_us;
    int64_t last_finished_wall_us;
    struct sim_log *last_log; /* NULL: none */
};

struct sim_vllm;
struct sim_probe;
struct sim_downloader;
struct sim_process;
struct sim_command;
struct sim_ephemeral;

struct sim_pod {
    struct sim_world *world;
    struct sim_region *region;
    char *ns;
    char *name;
    char *uid;
    char *entity; /* "us-east5/default/name": for draws and the trace */
    enum sim_pod_role role;
    enum sim_pod_step step;
    char node[SIM_NAME_SIZE * 2]; /* "" while unscheduled; set from the scheduler's choice on */
    int node_index;               /* 0 default pool, 1 TPU pool */
    int tpu_count;                /* chips asked for */
    char ip[SIM_IP_SIZE];
    char claim[SIM_NAME_SIZE * 4]; /* generated ResourceClaim, "" when none */
    char claim_key[SIM_NAME_SIZE]; /* its name in spec.resourceClaims */
    bool is_unschedulable;
    bool is_deleting;
    bool is_ready;
    bool is_stopping;      /* SIGTERM was sent */
    const char *failure;   /* status.reason, e.g. "DeadlineExceeded"; static, NULL when none */
    char *failure_message; /* status.message; NULL when none */
    int64_t started_wall_us;
    int64_t restart_policy; /* 0 Always, 1 OnFailure, 2 Never */
    uint64_t step_event;
    uint64_t end_event; /* exit, or kill at the end of the grace */
    uint64_t schedule_event;
    uint64_t deadline_event;
    struct sim_container *containers; /* room for one at least, SIM_CONTAINERS_MAX at most */
    int container_count;
    struct sim_vllm *vllm;
    struct sim_probe *probe;
    struct sim_downloader *downloader;
    int64_t pull_us;                 /* that the main container's image took */
    int64_t mount_backoff_us;        /* until the next try of a mount that failed, 0: none did */
    struct sim_process *processes;   /* what exec started in it; of sim/process.c */
    struct sim_command *command;     /* the main container's; of sim/command.c */
    struct sim_ephemeral *ephemeral; /* containers that were added while it ran; NULL: none */
};

/* The running Pod, or NULL. Borrowed. */
struct sim_pod *sim_pod_find(struct sim_region *region, const char *ns, const char *name);

/* The first container that is no sidecar; never NULL. */
struct sim_container *sim_pod_main(struct sim_pod *pod);

/* The container of that name, ephemeral ones too; NULL when there is none. */
struct sim_container *sim_pod_container(struct sim_pod *pod, const char *name);

/* Writes status as it is now into the store (nothing happens when nothing changed). */
void sim_pod_write_status(struct sim_pod *pod);

/* The scheduler bound the Pod to pod->node. */
void sim_kubelet_bound(struct sim_pod *pod);

/* The main container's process ended by itself. */
void sim_kubelet_exited(struct sim_pod *pod, int exit_code);

/* A model server opened or closed its port. */
void sim_kubelet_listening(struct sim_pod *pod);

/* The node needs what the Pod takes: it ends as Failed with reason Evicted, and its owner replaces
 * it. */
void sim_kubelet_evict(struct sim_pod *pod, const char *message);

/* Tries to find a node for the Pod after the usual time; for every unschedulable one of the region.
 */
void sim_scheduler_add(struct sim_pod *pod);
void sim_scheduler_kick(struct sim_region *region);

/* Chips of that node that Pods hold. */
int sim_scheduler_tpu_used(struct sim_region *region, const char *node);

/* Makes the claims that the Pod's templates ask for; true when all of the Pod's claims exist or
 * none is asked for. */
bool sim_claim_ensure(struct sim_pod *pod);

/* True when the devices of the node are free for the Pod's claim (or it has none). */
bool sim_claim_fits(struct sim_pod *pod, const char *node);
void sim_claim_allocate(struct sim_pod *pod);

/* The driver reports the devices with their addresses. */
void sim_claim_attach(struct sim_pod *pod);

#endif
