/* provider/gcp_path.c - host, base path, segments. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "provider/gcp_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/url.h"

#define PATH_LEN_MAX 8192

void tg_gcp_path_begin(const struct tg_provider_context *context, enum tg_api api,
                       struct tg_buf *path)
{
    const struct tg_api_info *info = tg_api_info(api);
    tg_buf_init(path, PATH_LEN_MAX);
    const char *place = context->config.api_places[api];
    if (context->config.endpoint.base_url == NULL && place != NULL) {
        tg_buf_puts(path, place);
    } else if (context->config.endpoint.base_url == NULL) {
        tg_buf_printf(path, "//%s", info->host);
    }
    tg_buf_puts(path, info->path);
}

void tg_gcp_path_append(struct tg_buf *path, const char *below)
{
    while (*below != '\0') {
        size_t len = strcspn(below, "/");
        char *segment = tg_strndup(below, len);
        tg_url_append_segment(path, segment);
        free(segment);
        below += len + (below[len] == '/' ? 1 : 0);
    }
}
