/* tests/unit/codec/test_manifest.c - downloaded manifests as bodies of requests. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/manifest.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char api[] = "apiextensions.k8s.io/v1";
static char kind[] = "CustomResourceDefinition";
static char name[] = "things.x.io";
static const struct tg_desired wanted = {.collection = api, .kind = kind, .name = name};

#define HEAD  "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
#define WHOLE HEAD "metadata:\n  name: things.x.io\nspec:\n  group: x.io\n"

/* controller-gen writes a status that is the server's to write. */
Test(manifest, is_the_document_without_its_status)
{
    struct tg_err err = TG_ERR_INIT;
    const char *text = "---\n" WHOLE "status:\n  conditions: null\n";
    char *body = tg_manifest_body("thing.yaml", text, strlen(text), &wanted, &err);
    cr_assert_not_null(body, "%s", err.msg);
    cr_expect_not_null(strstr(body, "\"group\""));
    cr_expect_null(strstr(body, "status"));
    free(body);
}

Test(manifest, another_object_or_more_than_one_is_refused)
{
    static const char *const bad[] = {
        HEAD "metadata:\n  name: others.x.io\n",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: things.x.io\n",
        WHOLE "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n",
        "",
        "- 7\n",
        "<html>not found</html>\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tg_err err = TG_ERR_INIT;
        cr_expect_null(tg_manifest_body("thing.yaml", bad[i], strlen(bad[i]), &wanted, &err));
        cr_expect_eq(err.code, TG_CODE_CONFIG, "%zu: %s", i, err.msg);
        cr_expect_not_null(strstr(err.msg, "thing.yaml"), "%s", err.msg);
    }
}
