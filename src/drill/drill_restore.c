/* drill/drill_restore.c - when a restore counts as verified. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/str.h"
#include "drill/machine.h"
#include "model/select.h"

static bool is_serving(const struct tg_drill *drill, const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    int serving = 0;
    struct tg_pod_row *rows = tg_select_pods(model, drill->config.target, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        serving += rows[i].serving == TG_SERVING_YES && rows[i].pod->deleted_us == 0 ? 1 : 0;
    }
    free(rows);
    return serving >= drill->original_replicas;
}

/* Without Google Cloud's view traffic alone has to prove it. */
static bool is_backend_healthy(const struct tg_drill *drill, const struct tg_model *model,
                               int64_t now_us)
{
    const struct tg_target *gcp = tg_model_gcp(model);
    if (gcp == NULL || gcp->kinds[TG_KIND_GCP_BACKEND].synced_us == 0) {
        return true;
    }
    size_t count = 0;
    int healthy = 0;
    struct tg_backend_row *rows = tg_select_backends(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        healthy += rows[i].target == drill->config.target && rows[i].is_healthy ? 1 : 0;
    }
    free(rows);
    return healthy > 0;
}

bool tg_restore_is_verified(struct tg_drill *drill, const struct tg_model *model, int64_t now_us)
{
    double served[2];
    tg_probe_served(drill, served);
    int in_a_row = tg_probe_ok_in_a_row(drill);
    double answered = served[0] - drill->trace.served_restore[0];
    size_t size = sizeof(drill->waiting_for);
    if (!is_serving(drill, model, now_us)) {
        snprintf(drill->waiting_for, size, _("vLLM to serve again in %s"),
                 tg_model_target(model, drill->config.target)->label);
    } else if (!is_backend_healthy(drill, model, now_us)) {
        snprintf(drill->waiting_for, size, _("the load balancer to call %s HEALTHY"),
                 tg_model_target(model, drill->config.target)->label);
    } else if (in_a_row < drill->config.slots_in_a_row) {
        snprintf(drill->waiting_for, size, _("%d requests in a row that go well (%d so far)"),
                 drill->config.slots_in_a_row, in_a_row);
    } else if (answered < drill->config.slots_in_a_row) {
        snprintf(drill->waiting_for, size, _("%d answers by %s (%.0f so far)"),
                 drill->config.slots_in_a_row, tg_model_target(model, drill->config.target)->label,
                 answered > 0 ? answered : 0);
    } else {
        drill->waiting_for[0] = '\0';
        return true;
    }
    return false;
}
