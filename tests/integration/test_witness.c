/* integration/test_witness.c - what Pods say of themselves, through the whole program: interfaces
 * by exec, beside what the claims say, and refusals. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/witness.h"
#include "base/str.h"
#include "model/reduce.h"
#include "model/select.h"
#include "tests/integration/rig_support.h"
#include "tests/unit/sim/fault_rig.h"

static bool is_answered(const struct tg_app *app)
{
    return !tg_app_is_proving(app);
}

static enum tg_proof proof_in(struct tg_rig *rig, int region, char *listed, size_t size)
{
    struct tg_app *app = tg_rig_app(rig);
    size_t count = 0;
    enum tg_proof proof = TG_PROOF_NOT_ASKED;
    struct tg_proof_row *rows =
        tg_select_proofs(app->model, tg_clock_monotonic_us(&app->clock), &count);
    listed[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (rows[i].target == region) {
            proof = rows[i].proof;
            snprintf(listed, size, "%s|%s", rows[i].listed, rows[i].detail);
        }
    }
    free(rows);
    return proof;
}

static int step_named(const struct tg_app *app, const char *id)
{
    int step = tg_lab_step_index(app->lab, id);
    cr_assert_geq(step, 0);
    return step;
}

static void ask(struct tg_rig *rig, size_t expected)
{
    cr_assert_eq(tg_app_prove(tg_rig_app(rig)), expected);
    cr_assert(tg_rig_run(rig, MINUTE_US, is_answered));
}

static void add_fault(struct tg_rig *rig, const char *words)
{
    (void)fault_add(tg_rig_world(rig), words);
}

Test(witness, nobody_is_asked_unless_somebody_wants_to_know)
{
    char listed[600];
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    cr_assert_eq(proof_in(rig, 0, listed, sizeof(listed)), TG_PROOF_NOT_ASKED);
    cr_assert_eq(tg_rig_app(rig)->steps[step_named(tg_rig_app(rig), "claims")].state, TG_STEP_DONE,
                 "the claims say so");
    ask(rig, 2);
    for (int region = 0; region < 2; region++) {
        cr_assert_eq(proof_in(rig, region, listed, sizeof(listed)), TG_PROOF_AGREES, "%s", listed);
        cr_assert_str_eq(listed, "eth0 eth1 eth2 lo|");
    }
    tg_rig_free(rig);
}

Test(witness, a_refusal_is_told_as_one_and_the_other_region_answers)
{
    char listed[600];
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    add_fault(rig, "deny region=us-east5 route=*/exec");
    ask(rig, 2);
    cr_assert_eq(proof_in(rig, 0, listed, sizeof(listed)), TG_PROOF_REFUSED);
    cr_assert_not_null(strstr(listed, "cannot get resource \"pods/exec\""), "%s", listed);
    cr_assert_eq(proof_in(rig, 1, listed, sizeof(listed)), TG_PROOF_AGREES);
    const struct tg_app *app = tg_rig_app(rig);
    tg_rig_run(rig, 2 * TG_US_PER_S, NULL);
    const struct tg_step_status *status = &app->steps[step_named(app, "claims")];
    cr_assert_eq(status->proof, TG_STEP_PROOF_REFUSED);
    cr_assert_eq(status->state, TG_STEP_DONE, "who may not ask has the claims' word");
    tg_rig_free(rig);
}

/* Broken and silent servers: told, nothing hangs, and asking again works. */
Test(witness, what_goes_wrong_on_the_way_is_no_answer)
{
    static const char *const faults[] = {"reset",           "stall",  "html",
                                         "status code=500", "refuse", "token"};
    char listed[600];
    char words[80];
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        snprintf(words, sizeof(words), "%s region=us-east5 route=*/exec for=20s", faults[i]);
        add_fault(rig, words);
        ask(rig, 2);
        enum tg_proof proof = proof_in(rig, 0, listed, sizeof(listed));
        cr_assert_eq(proof, tg_str_eq(faults[i], "token") ? TG_PROOF_REFUSED : TG_PROOF_FAILED,
                     "%s: %s", faults[i], listed);
        cr_assert_gt(strlen(listed), (size_t)1, "%s: why?", faults[i]);
        tg_rig_run(rig, MINUTE_US, NULL);
    }
    ask(rig, 2);
    cr_assert_eq(proof_in(rig, 0, listed, sizeof(listed)), TG_PROOF_AGREES, "%s", listed);
    tg_rig_free(rig);
}

/* The container's word against the claim's: the step is not done then, and says why. */
Test(witness, a_container_that_sees_less_undoes_the_step)
{
    char listed[600];
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    ask(rig, 2);
    struct tg_app *app = tg_rig_app(rig);
    const struct tg_store *pods = &app->model->targets[0]->kinds[TG_KIND_POD].store;
    for (size_t i = 0; i < pods->count; i++) {
        struct tg_msg *msg = tg_msg_new(TG_MSG_INTERFACES, 0, tg_clock_monotonic_us(&app->clock));
        msg->as.interfaces.ns = tg_strdup(pods->items[i]->ns);
        msg->as.interfaces.pod = tg_strdup(pods->items[i]->name);
        msg->as.interfaces.list =
            (struct tg_interface_list){.names = {"lo", "eth0", "eth1", "eth9"}, .count = 4};
        tg_app_handle(app, msg);
    }
    cr_assert_eq(proof_in(rig, 0, listed, sizeof(listed)), TG_PROOF_DIFFERS);
    cr_assert_str_eq(listed, "lo eth0 eth1 eth9|eth2 is claimed and not in the container, eth9 is "
                             "in the container and in no claim");
    tg_rig_run(rig, 2 * TG_US_PER_S, NULL);
    const struct tg_step_status *status = &app->steps[step_named(app, "claims")];
    cr_assert_eq(status->state, TG_STEP_RUNNING);
    cr_assert_not_null(strstr(status->missing, "eth2 is claimed"), "%s", status->missing);
    tg_rig_free(rig);
}

/* A region that is not heard any more keeps its rows, and they say so. */
Test(witness, interfaces_of_a_lost_region_are_stale)
{
    size_t count = 0;
    struct tg_rig *rig = rig_new(1, NULL);
    rig_wait_until_serving(rig);
    add_fault(rig, "region-down region=us-east5");
    tg_rig_run(rig, MINUTE_US, NULL);
    const struct tg_app *app = tg_rig_app(rig);
    struct tg_interface_row *rows =
        tg_select_interfaces(app->model, tg_clock_monotonic_us(&app->clock), &count);
    cr_assert_eq(count, 4);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(rows[i].is_stale, rows[i].target == 0, "row %zu", i);
        cr_assert(rows[i].target != 0 || rows[i].age_us > 30 * TG_US_PER_S);
    }
    free(rows);
    tg_rig_free(rig);
}
