/* tests/unit/io/test_google_places.c - where credentials are looked for. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/google_hosts.h"
#include "io/google_login.h"

static void clear(void)
{
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    unsetenv("CLOUDSDK_CONFIG");
    unsetenv("GCE_METADATA_HOST");
    unsetenv("GCE_METADATA_ROOT");
    unsetenv("GOOGLE_CLOUD_QUOTA_PROJECT");
    setenv("HOME", "/home/somebody", 1);
}

Test(google_places, are_those_of_googles_own_programs, .init = clear)
{
    struct tg_google_places places = tg_google_places_here();
    cr_expect_null(places.named_file);
    cr_expect_str_eq(places.usual_file,
                     "/home/somebody/.config/gcloud/application_default_credentials.json");
    cr_expect_null(places.quota_project);
    tg_google_places_fini(&places);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", "/keys/a.json", 1);
    setenv("CLOUDSDK_CONFIG", "/other", 1);
    setenv("GCE_METADATA_ROOT", "second:1", 1);
    places = tg_google_places_here();
    cr_expect_str_eq(places.named_file, "/keys/a.json");
    cr_expect_str_eq(places.usual_file, "/other/application_default_credentials.json");
    cr_expect_str_eq(places.metadata_host, "second:1");
    tg_google_places_fini(&places);
    setenv("GCE_METADATA_HOST", "first:1", 1);
    setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "payer", 1);
    places = tg_google_places_here();
    cr_expect_str_eq(places.metadata_host, "first:1");
    cr_expect_str_eq(places.quota_project, "payer");
    tg_google_places_fini(&places);
}

Test(google_places, a_key_that_is_named_knows_its_project, .init = clear)
{
    char path[] = "/tmp/tidegate-key-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_gt(dprintf(fd, "{\"type\":\"service_account\",\"client_email\":\"a@b\","
                             "\"private_key\":\"-\",\"project_id\":\"my-project\"}"),
                 0);
    close(fd);
    cr_expect_null(tg_google_named_project());
    setenv("GOOGLE_APPLICATION_CREDENTIALS", path, 1);
    char *project = tg_google_named_project();
    cr_expect_str_eq(project, "my-project");
    free(project);
    unlink(path);
    cr_expect_null(tg_google_named_project());
}

/* gcloud names some APIs with their version and some without, the providers all with it. */
Test(google_hosts, an_api_may_be_elsewhere)
{
    static const struct {
        enum tg_api api;
        const char *url;
        const char *place;
    } cases[] = {
        {TG_API_COMPUTE, "https://compute-lab.p.googleapis.com/compute/v1/",
         "//compute-lab.p.googleapis.com"},
        {TG_API_COMPUTE, "https://127.0.0.1:4443/compute/v1/", "//127.0.0.1:4443"},
        {TG_API_CONTAINER, "https://127.0.0.1:4443/container/", "//127.0.0.1:4443/container"},
        {TG_API_CONTAINER, "https://h/container/v1beta1", "//h/container"},
        {TG_API_CONTAINER, "https://container.googleapis.com/", "//container.googleapis.com"},
        {TG_API_GKEHUB, "https://h/gkehub/v1beta/", "//h/gkehub"},
        {TG_API_STORAGE, "https://h/storage/v1/", "//h"},
        {TG_API_COMPUTE, "https://h/compute/beta/", "//h"},
        {TG_API_COMPUTE, "https://compute/", "//compute"}, /* hosts that are called as paths are */
        {TG_API_CONTAINER, "https://v1/", "//v1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *place = NULL;
        struct tg_err err = TG_ERR_INIT;
        cr_assert(tg_google_host_read(cases[i].api, cases[i].url, &place, &err), "%s", err.msg);
        cr_expect_str_eq(place, cases[i].place, "%s is %s", cases[i].url, place);
        free(place);
    }
}

Test(google_hosts, nothing_is_asked_without_tls)
{
    char *places[TG_API_COUNT] = {NULL};
    struct tg_err err = TG_ERR_INIT;
    setenv("GOOGLE_CONTAINER_CUSTOM_ENDPOINT", "http://h/v1beta1/", 1);
    cr_assert_not(tg_google_hosts_here(places, &err));
    cr_expect_eq(err.code, TG_CODE_CONFIG);
    cr_expect_not_null(strstr(err.msg, "GOOGLE_CONTAINER_CUSTOM_ENDPOINT"), "%s", err.msg);
    setenv("GOOGLE_CONTAINER_CUSTOM_ENDPOINT", "https://provider/v1beta1/", 1);
    setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER", "https://gcloud/", 1);
    cr_assert(tg_google_hosts_here(places, &err));
    cr_expect_str_eq(places[TG_API_CONTAINER], "//gcloud");
    cr_expect_null(places[TG_API_COMPUTE]);
    free(places[TG_API_CONTAINER]);
}
