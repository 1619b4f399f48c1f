/* sim/download.h - files of public servers that the lab fetches, served beside Google Cloud: the
 * InferenceObjective definition of its pinned release.
 *
 * What is served is a stand-in of this program's own, enough for the lab, so that the whole lab
 * works without a network; its digest is therefore another than that of the release.
 *
 * Thread: any for the digest; else the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_DOWNLOAD_H
#define TG_SIM_DOWNLOAD_H

#include <stdbool.h>

#include "base/digest.h"
#include "sim/front.h"

/* As raw.githubusercontent.com has it, below the address of Google Cloud's server. */
#define SIM_DOWNLOAD_PATH                                                \
    "/kubernetes-sigs/gateway-api-inference-extension/v1.1.0/config/crd" \
    "/bases/inference.networking.x-k8s.io_inferenceobjectives.yaml"

/* True for the paths that anybody may get. */
bool sim_download_is_path(const struct sim_request *request);

void sim_download_handle(struct sim_response *response);

/* SHA-256 of what is served. */
void sim_download_digest(char out[TG_DIGEST_LEN + 1]);

#endif
