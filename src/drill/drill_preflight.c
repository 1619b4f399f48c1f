/* drill/drill_preflight.c - what must hold before a region may be taken down. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/str.h"
#include "drill/machine.h"
#include "model/select.h"

void tg_preflight_add(struct tg_drill *drill, enum tg_finding_level level, const char *what,
                      const char *detail)
{
    if (drill->findings_count == TG_DRILL_FINDINGS_MAX) {
        return;
    }
    struct tg_finding *finding = &drill->findings[drill->findings_count++];
    finding->level = level;
    finding->what = what;
    tg_str_copy(finding->detail, sizeof(finding->detail), detail);
}

static bool check(struct tg_drill *drill, bool is_met, const char *what, const char *detail)
{
    tg_preflight_add(drill, is_met ? TG_FINDING_PASS : TG_FINDING_FAIL, what, detail);
    return is_met;
}

static bool check_deployment(struct tg_drill *drill, const struct tg_model *model)
{
    const struct tg_target *target = tg_model_target(model, drill->config.target);
    const struct tg_obj *obj = tg_store_get(&target->kinds[TG_KIND_DEPLOYMENT].store,
                                            drill->config.ns, drill->config.deployment);
    char detail[120];
    if (!check(drill, obj != NULL, N_("the Deployment is there"), drill->config.deployment)) {
        return false;
    }
    const struct tg_deployment *deployment = &obj->as.deployment;
    snprintf(detail, sizeof(detail), "replicas %d", deployment->replicas_desired);
    bool is_ok = check(drill, deployment->replicas_desired > 0 && !deployment->is_paused,
                       N_("it has replicas and is not paused"), detail);
    return check(drill, *deployment->drill == '\0', N_("no other drill holds it"),
                 deployment->drill) &&
           is_ok;
}

static bool check_survivors(struct tg_drill *drill, const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    int survivors = 0;
    bool is_primary_serving = false;
    char detail[120] = "";
    struct tg_region_row *rows = tg_select_regions(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_healthy = rows[i].backends_total == 0 || rows[i].backends_healthy > 0;
        if (rows[i].target == drill->config.target) {
            is_primary_serving = rows[i].pods_serving > 0;
        } else if (rows[i].pods_serving > 0 && is_healthy &&
                   rows[i].source.state == TG_SOURCE_LIVE) {
            survivors++;
            snprintf(detail, sizeof(detail), "%s", tg_model_target(model, rows[i].target)->label);
        }
    }
    free(rows);
    bool is_ok = check(drill, is_primary_serving, N_("the region to take down serves now"),
                       tg_model_target(model, drill->config.target)->label);
    return check(drill, survivors > 0, N_("another region serves and is seen live"), detail) &&
           is_ok;
}

static bool check_gateway(struct tg_drill *drill, const struct tg_model *model, int64_t now_us)
{
    size_t count = 0;
    bool is_programmed = false;
    struct tg_gateway_row *rows = tg_select_gateways(model, now_us, &count);
    for (size_t i = 0; i < count; i++) {
        is_programmed = is_programmed || rows[i].is_programmed;
    }
    free(rows);
    bool is_ok = check(drill, is_programmed, N_("the Gateway is programmed"), "");
    return check(drill, drill->config.gateway_address[0] != '\0',
                 N_("the gateway's address is known"), drill->config.gateway_address) &&
           is_ok;
}

bool tg_preflight_check(struct tg_drill *drill, const struct tg_model *model, int64_t now_us)
{
    bool is_ok = check_deployment(drill, model);
    is_ok = check_survivors(drill, model, now_us) && is_ok;
    is_ok = check_gateway(drill, model, now_us) && is_ok;
    if (tg_model_gcp(model) == NULL) {
        tg_preflight_add(drill, TG_FINDING_WARN,
                         N_("Google Cloud is not watched: the balancer's view is not seen"), "");
    }
    return is_ok;
}
