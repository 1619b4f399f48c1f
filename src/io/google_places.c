/* io/google_places.c - where credentials for Google Cloud may be on this machine. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/google_login.h"
#include "io/google_login.h"
#include "io/read_file.h"

#define CREDENTIALS_LEN_MAX (64u * 1024)
#define USUAL_NAME          "application_default_credentials.json"
#define PRODUCT_PATH        "/sys/class/dmi/id/product_name"
#define PRODUCT_LEN_MAX     4096

/* By its address: a name could be answered by whoever answers names here. */
#define METADATA_HOST "169.254.169.254"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_google_machine(void)
{
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *product = tg_read_file(PRODUCT_PATH, PRODUCT_LEN_MAX, &len, &err);
    bool is_google = product != NULL && tg_str_has_prefix(product, "Google");
    free(product);
    return is_google;
}

struct tg_google_places tg_google_places_here(void)
{
    struct tg_google_places places = {0};
    const char *folder = environment("CLOUDSDK_CONFIG");
    const char *home = environment("HOME");
    const char *host = environment("GCE_METADATA_HOST");
    host = host != NULL ? host : environment("GCE_METADATA_ROOT");
    host = host == NULL && is_google_machine() ? METADATA_HOST : host;
    places.named_file = tg_strdup(environment("GOOGLE_APPLICATION_CREDENTIALS"));
    if (folder != NULL) {
        places.usual_file = tg_asprintf("%s/" USUAL_NAME, folder);
    } else if (home != NULL) {
        places.usual_file = tg_asprintf("%s/.config/gcloud/" USUAL_NAME, home);
    }
    places.metadata_host = tg_strdup(host);
    places.quota_project = tg_strdup(environment("GOOGLE_CLOUD_QUOTA_PROJECT"));
    return places;
}

void tg_google_places_fini(struct tg_google_places *places)
{
    free(places->named_file);
    free(places->usual_file);
    free(places->metadata_host);
    free(places->quota_project);
    *places = (struct tg_google_places){0};
}

char *tg_google_named_project(void)
{
    const char *path = environment("GOOGLE_APPLICATION_CREDENTIALS");
    struct tg_google_credentials credentials = {0};
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *json = path == NULL ? NULL : tg_read_secret_file(path, CREDENTIALS_LEN_MAX, &len, &err);
    char *project = NULL;
    if (json != NULL) {
        (void)tg_google_credentials_parse(json, len, &credentials, &err);
        project = tg_strdup(credentials.project);
        tg_google_credentials_fini(&credentials);
        explicit_bzero(json, len);
        free(json);
    }
    return project;
}
