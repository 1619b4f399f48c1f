/* sim/kubelet.h - the end of all Pods, when a world is freed.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_KUBELET_H
#define TG_SIM_KUBELET_H

#include "sim/world.h"

/* Ends every running Pod without telling anybody and frees what the kubelets hold. */
void sim_kubelet_stop(struct sim_world *world);

#endif
