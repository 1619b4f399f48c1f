/* codec/manifest.h - a manifest that was downloaded, as what is asked of an API server.
 *
 * Thread: any; pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_MANIFEST_H
#define TG_CODEC_MANIFEST_H

#include <stddef.h>

#include "base/err.h"
#include "model/desired.h"

/* The one document of a YAML manifest as JSON, without its status, which is the server's. It must
 * be the object that wanted names (collection, kind, name). The caller frees; NULL and err
 * (CONFIG). */
char *tg_manifest_body(const char *name, const char *text, size_t len,
                       const struct tg_desired *wanted, struct tg_err *err);

#endif
