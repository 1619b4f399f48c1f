/* model/desired.c - wanted things as values. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "model/desired.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

static const struct tg_api_info apis[] = {
#define TG_API(id, name, host, path) {name, host, path},
#include "model/api.def"
#undef TG_API
};

const struct tg_api_info *tg_api_info(enum tg_api api)
{
    tg_assert(api < TG_API_COUNT);
    return &apis[api];
}

bool tg_api_holds_things(enum tg_api api)
{
    return api < TG_API_BILLING;
}

enum tg_api tg_api_by_name(const char *name)
{
    enum tg_api api = 0;
    while (api < TG_API_COUNT && !tg_str_eq(apis[api].name, name)) {
        api++;
    }
    return api;
}

struct tg_desired *tg_desired_new(enum tg_api api, enum tg_desired_form form)
{
    struct tg_desired *desired = TG_NEW(struct tg_desired);
    desired->api = api;
    desired->form = form;
    return desired;
}

static char *copy(const char *text)
{
    return text != NULL ? tg_strdup(text) : NULL;
}

struct tg_desired *tg_desired_copy(const struct tg_desired *desired)
{
    struct tg_desired *twin = tg_desired_new(desired->api, desired->form);
    twin->collection = copy(desired->collection);
    twin->kind = copy(desired->kind);
    twin->ns = copy(desired->ns);
    twin->name = copy(desired->name);
    twin->body = copy(desired->body);
    twin->create_body = copy(desired->create_body);
    twin->secret_key = copy(desired->secret_key);
    twin->request_id = copy(desired->request_id);
    twin->source_url = copy(desired->source_url);
    twin->source_sha256 = copy(desired->source_sha256);
    twin->has_content = desired->has_content;
    twin->is_remade = desired->is_remade;
    twin->is_only_ours = desired->is_only_ours;
    return twin;
}

void tg_desired_free(struct tg_desired *desired)
{
    if (desired == NULL) {
        return;
    }
    free(desired->collection);
    free(desired->kind);
    free(desired->ns);
    free(desired->name);
    free(desired->body);
    free(desired->create_body);
    tg_secret_free(desired->secret);
    free(desired->secret_key);
    free(desired->request_id);
    free(desired->source_url);
    free(desired->source_sha256);
    free(desired);
}

const char *tg_ensured_name(enum tg_ensured ensured)
{
    static const char *const names[] = {"not", "found", "created", "changed", "removed", "absent"};
    return names[ensured];
}
