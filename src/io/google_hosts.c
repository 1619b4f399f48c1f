/* io/google_hosts.c - overrides of the hosts of Google's APIs. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/google_hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

static const struct {
    enum tg_api api;
    const char *variables[2]; /* gcloud's, the providers' */
} overrides[] = {
    {TG_API_COMPUTE, {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "GOOGLE_COMPUTE_CUSTOM_ENDPOINT"}},
    {TG_API_CONTAINER,
     {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER", "GOOGLE_CONTAINER_CUSTOM_ENDPOINT"}},
    {TG_API_GKEHUB, {"CLOUDSDK_API_ENDPOINT_OVERRIDES_GKEHUB", "GOOGLE_GKE_HUB_CUSTOM_ENDPOINT"}},
    {TG_API_SERVICE_USAGE,
     {"CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE", "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"}},
    {TG_API_STORAGE, {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"}},
    {TG_API_IAM, {"CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", "GOOGLE_IAM_CUSTOM_ENDPOINT"}},
    {TG_API_RESOURCE_MANAGER,
     {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER",
      "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT"}},
    {TG_API_BILLING,
     {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING", "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT"}},
    {TG_API_QUOTAS, {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDQUOTAS", ""}},
};

/* The providers' betas say "beta" of compute; what is asked here is the same in both. */
static bool is_version(const char *segment)
{
    if (tg_str_eq(segment, "beta")) {
        return true;
    }
    return segment[0] == 'v' && segment[1] >= '1' && segment[1] <= '9' && strlen(segment) <= 8;
}

/* Takes what ends the API's own base path off the end of url ("//host/..."), but never its host: it
 * is added to every path. */
static void cut_own_path(enum tg_api api, char *url)
{
    const char *own = tg_api_info(api)->path; /* "/compute/v1", "/v1" */
    char *path = url + strlen("//");
    char *slash = strrchr(path, '/');
    if (slash != NULL && is_version(slash + 1)) {
        *slash = '\0';
        slash = strrchr(path, '/');
    }
    size_t len = slash != NULL ? strlen(slash) : 0;
    if (len > 1 && strncmp(own, slash, len) == 0 && own[len] == '/') {
        *slash = '\0';
    }
}

bool tg_google_host_read(enum tg_api api, const char *url, char **place, struct tg_err *err)
{
    static const char scheme[] = "https:";
    if (!tg_str_has_prefix(url, "https://") || url[strlen("https://")] == '\0') {
        return tg_err_set(err, TG_CODE_CONFIG, 0,
                          "Google's APIs are asked under https:// alone: %s", url);
    }
    *place = tg_strdup(url + strlen(scheme));
    for (size_t len = strlen(*place); len > 2 && (*place)[len - 1] == '/'; len--) {
        (*place)[len - 1] = '\0';
    }
    cut_own_path(api, *place);
    return true;
}

bool tg_google_hosts_here(char *places[TG_API_COUNT], struct tg_err *err)
{
    for (size_t i = 0; i < TG_COUNT(overrides); i++) {
        for (size_t v = 0; v < 2 && places[overrides[i].api] == NULL; v++) {
            const char *name = overrides[i].variables[v];
            const char *url = *name != '\0' ? getenv(name) : NULL;
            if (url != NULL && *url != '\0' &&
                !tg_google_host_read(overrides[i].api, url, &places[overrides[i].api], err)) {
                tg_err_wrap(err, "%s", name);
                return false;
            }
        }
    }
    return true;
}
