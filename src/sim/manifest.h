/* sim/manifest.h - what a model server's Pod asks for in its manifest, beyond what the lab writes.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_MANIFEST_H
#define TG_SIM_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/pod.h"

/* True when the main container has a readinessProbe: it is Ready only once it answers. */
bool sim_manifest_has_probe(const struct sim_pod *pod);

/* Number behind --max-model-len in the main container's command; 0 when there is none. */
int64_t sim_manifest_max_model_len(const struct sim_pod *pod);

/* Bytes that the FUSE sidecar may keep in ephemeral storage, by its annotation; 0 when the Pod does
 * not say. */
int64_t sim_manifest_cache_bytes(const struct sim_pod *pod);

#endif
