/* sim/gcp_project.c - the project itself, and its billing. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/lab_objects.h"
#include "sim/params.h"
#include "sim/shape.h"

json_t *sim_gcp_projects(struct sim_gcp_call *call)
{
    char created[48];
    char verb[SIM_GCP_SEGMENT_SIZE];
    if (!tg_str_eq(sim_gcp_segment(call, 0), "projects")) {
        return NULL;
    }
    const char *colon = strchr(sim_gcp_segment(call, 1), ':');
    tg_str_copy(verb, sizeof verb, colon == NULL ? "" : colon + 1);
    const char *project = sim_gcp_project(call->world);
    uint64_t number = sim_lab_project_number(call->world);
    if (verb[0] != '\0') {
        return sim_gcp_policy(call, "policy/project", verb);
    }
    if (tg_str_eq(sim_gcp_segment(call, 2), "billingInfo")) {
        bool is_linked = sim_world_params(call->world)->has_billing != 0;
        return sim_shape("{'name':'projects/%s/billingInfo','projectId':'%s','billingAccountName':"
                         "'%s','billingEnabled':%s}",
                         project, project, is_linked ? "billingAccounts/000000-000000-000000" : "",
                         is_linked ? "true" : "false");
    }
    if (call->count > 2) {
        return NULL;
    }
    /* v1 says projectNumber and lifecycleState, v3 name and state: one object serves both, but for
     * name, which is the shown one in v1 and the resource's in v3 */
    json_t *item = sim_shape(
        "{'projectId':'%s','projectNumber':'%" PRIu64 "','name':'projects/%" PRIu64
        "','displayName':'%s','lifecycleState':'ACTIVE','state':'ACTIVE','createTime':'%s'}",
        project, number, number, project, sim_gcp_created(call->world, created, sizeof created));
    if (!tg_str_eq(call->version, "v3")) {
        json_object_set_new(item, "name", json_string(project));
    }
    return call->count == 2 ? item : json_pack("{s:[o]}", "projects", item);
}
