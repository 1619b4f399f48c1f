/* sim/fuse.h - Cloud Storage FUSE volumes of Pods: which bucket is mounted where, and why a mount
 * fails.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_FUSE_H
#define TG_SIM_FUSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/pod.h"

/* Bucket that is mounted at path or above it in a container of a Pod; *prefix
 * gets the part of path below the mount. NULL when there is none. Borrowed. */
const char *sim_fuse_bucket(const struct sim_pod *pod, const char *container, const char *path,
                            const char **prefix);

/* True when a volume of the Pod cannot be mounted now; message gets what the kubelet's Event says
 * about it. */
bool sim_fuse_mount_error(struct sim_pod *pod, char *message, size_t size);

#endif
