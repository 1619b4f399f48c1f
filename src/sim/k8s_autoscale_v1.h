/* sim/k8s_autoscale_v1.h - HorizontalPodAutoscalers by their old version, which knows the use of
 * processors only; kubectl autoscale writes it.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_K8S_AUTOSCALE_V1_H
#define TG_SIM_K8S_AUTOSCALE_V1_H

#include <stdbool.h>

#include "sim/k8s_call.h"

#define SIM_AUTOSCALE_V1_VERBS "create,delete,deletecollection,get,list,patch,update,watch"

/* Answers requests below /apis/autoscaling/v1: the same objects as version 2, converted both ways.
 * False when the path is another. Watches are refused (406): they are to be had from version 2. */
bool sim_k8s_autoscale_v1(const struct sim_call *call);

#endif
