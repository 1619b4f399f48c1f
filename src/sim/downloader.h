/* sim/downloader.h - the lab's download script: pip, the hub, and weights into the bucket at its
 * bandwidth.
 *
 * As in the real script nothing stops at an error: with a token that the hub refuses it prints the
 * hub's error, then that all is well, and exits 0.
 *
 * Thread: the world's. Ownership: a downloader belongs to its Pod.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DOWNLOADER_H
#define TG_SIM_DOWNLOADER_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/pod.h"

struct sim_downloader;

/* True when the container (of a Pod's spec) runs such a script. */
bool sim_downloader_is_meant(const json_t *container);

/* Starts it in the Pod's main container; it ends with sim_kubelet_exited(). */
struct sim_downloader *sim_downloader_start(struct sim_pod *pod);

/* Stops whatever it was at. NULL allowed. */
void sim_downloader_free(struct sim_downloader *downloader);

#endif
