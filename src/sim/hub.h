/* sim/hub.h - the little of the Hugging Face hub that tells whether a token is valid and whether a
 * gated model may be read with it.
 *
 * It stands beside Google Cloud's server, below /huggingface.co: GET api/whoami-v2, and GET or HEAD
 * of OWNER/MODEL/resolve/REVISION/FILE. A token is valid when it begins as all of the hub's do; its
 * account accepted the model's licence unless parameter has_gemma_licence is 0.
 *
 * Thread: the world's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_HUB_H
#define TG_SIM_HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/front.h"

#define SIM_HUB_PREFIX "/huggingface.co"
#define SIM_HUB_MODEL  "google/gemma-3-27b-it"

bool sim_hub_is_path(const char *path);
void sim_hub_handle(struct sim_world *world, const struct sim_request *request,
                    struct sim_response *response);

/* Would the hub take this token, and let it read the gated model? */
bool sim_hub_is_token(const char *token, size_t len);
bool sim_hub_lets_read(struct sim_world *world, const char *token, size_t len);

#endif
