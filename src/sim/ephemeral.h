/* sim/ephemeral.h - ephemeral containers: what `kubectl debug` adds to a running Pod.
 *
 * Thread: the world's. Ownership: the Pod's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_EPHEMERAL_H
#define TG_SIM_EPHEMERAL_H

#include <jansson.h>

#include "sim/k8s_call.h"
#include "sim/pod.h"

struct sim_command;

struct sim_ephemeral {
    struct sim_ephemeral *next; /* in the order in which they came */
    struct sim_pod *pod;
    struct sim_container container;
    struct sim_command *command; /* what runs in it; of sim/command.c */
    uint64_t event;              /* its start, 0: none is planned */
};

/* Answers GET, PUT and PATCH of pods/NAME/ephemeralcontainers. */
void sim_ephemeral_handle(struct sim_call *call);

/* The Pod's object changed: what is new in it is started, when the Pod runs. */
void sim_ephemeral_pod_changed(struct sim_pod *pod, const json_t *object);

/* Ends what runs in them (the Pod's other containers ended); frees them all. */
void sim_ephemeral_stop(struct sim_pod *pod);
void sim_ephemeral_free(struct sim_pod *pod);

/* The process of one of them ended. */
void sim_ephemeral_exited(struct sim_pod *pod, struct sim_container *container, int code);

/* The ephemeral container of which this is the container; NULL when it is none. Borrowed. */
struct sim_ephemeral *sim_ephemeral_of(const struct sim_pod *pod,
                                       const struct sim_container *container);

#endif
