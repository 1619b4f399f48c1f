/* provider/gcp_path.h - paths of Google's APIs, at their own hosts or at the one that stands in for
 * all of them.
 *
 * Thread: the worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PROVIDER_GCP_PATH_H
#define TG_PROVIDER_GCP_PATH_H

#include "base/buf.h"
#include "provider/context.h"

/* Starts a path in *path (tg_buf_fini() or tg_buf_take() ends it) with the API's base path. Without
 * an override each API has a host of its own: the path then carries it as "//host/path", which the
 * transport takes for an absolute place under https. */
void tg_gcp_path_begin(const struct tg_provider_context *context, enum tg_api api,
                       struct tg_buf *path);

/* Appends what stands below, "projects/p/global/networks": every segment escaped. */
void tg_gcp_path_append(struct tg_buf *path, const char *below);

#endif
