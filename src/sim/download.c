/* sim/download.c - one public file. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/download.h"

#include "base/assert.h"
#include "base/assets.h"
#include "base/str.h"

static const struct tg_asset *definition(void)
{
    const struct tg_asset *asset = tg_asset_get("manifests/objective-crd.yaml");
    tg_assert(asset != NULL);
    return asset;
}

bool sim_download_is_path(const struct sim_request *request)
{
    return request->server == SIM_SERVER_GCP && tg_str_eq(request->method, "GET") &&
           tg_str_eq(request->path, SIM_DOWNLOAD_PATH);
}

void sim_download_handle(struct sim_response *response)
{
    const struct tg_asset *asset = definition();
    response->status = 200;
    tg_str_copy(response->content_type, sizeof response->content_type, "text/plain; charset=utf-8");
    tg_buf_append(&response->body, asset->text, asset->len);
}

void sim_download_digest(char out[TG_DIGEST_LEN + 1])
{
    const struct tg_asset *asset = definition();
    tg_digest_sha256(asset->text, asset->len, out);
}
