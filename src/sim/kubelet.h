/* sim/kubelet.h - the end of all Pods, when a world is freed; and what the kubelet's files share.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_KUBELET_H
#define TG_SIM_KUBELET_H

#include "sim/pod.h"
#include "sim/world.h"

/* Ends every running Pod without telling anybody and frees what the kubelets hold. */
void sim_kubelet_stop(struct sim_world *world);

/* ---- shared by the kubelet's files ---- */

/* Events of the kubelet about the Pod. */
void sim_kubelet_record(struct sim_pod *pod, const char *type, const char *reason,
                        const char *message);

/* The container is created and started, and tells so. */
void sim_kubelet_run(struct sim_pod *pod, struct sim_container *container);

/* The main container answers its port: whoever waits for its readiness probe is Ready now, since
 * the next look is a few seconds away at most. */
void sim_kubelet_answers(struct sim_pod *pod);

/* The process of the main container begins. */
void sim_kubelet_enter_process(struct sim_pod *pod);

/* What runs in the Pod is killed; its containers stand as they do. */
void sim_kubelet_kill_processes(struct sim_pod *pod, int exit_code);
void sim_kubelet_end_container(struct sim_pod *pod, struct sim_container *container, int exit_code,
                               const char *reason);

/* True when the Pod's main containers are started again after such an end; they then are, after the
 * back-off (sim/kubelet_restart.c). */
bool sim_kubelet_restarts(struct sim_pod *pod, int exit_code);

#endif
