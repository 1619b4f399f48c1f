/* drill/access.c - the table of rights. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "drill/access.h"

#include "base/assert.h"
#include "base/mem.h"

struct right {
    bool is_client;
    const char *name;
    const char *verb;
    enum tg_kind resource;
    const char *subresource;
};

static const struct right rights[] = {
    {false, "get deployments", "get", TG_KIND_DEPLOYMENT, NULL},
    {false, "patch deployments", "patch", TG_KIND_DEPLOYMENT, NULL},
    {true, "create pods", "create", TG_KIND_POD, NULL},
    {true, "get pods/log", "get", TG_KIND_POD, "log"},
    {true, "delete pods", "delete", TG_KIND_POD, NULL},
};

int tg_access_count(void)
{
    return (int)TG_COUNT(rights);
}

static const struct right *right_at(int index)
{
    tg_assert(index >= 0 && index < tg_access_count());
    return &rights[index];
}

bool tg_access_is_client(int index)
{
    return right_at(index)->is_client;
}

void tg_access_fill(int index, struct tg_call *call)
{
    const struct right *right = right_at(index);
    call->verb = tg_strdup(right->verb);
    call->resource = right->resource;
    call->subresource = tg_strdup(right->subresource);
}

const char *tg_access_name(int index)
{
    return right_at(index)->name;
}
