/* app/status_text.c - the panes as plain lines. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "app/status.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "model/select.h"

/* Text from outside: never an escape, never a second line. */
static void put_safe(struct tg_buf *out, const char *text)
{
    char *safe = tg_utf8_sanitize(text, strlen(text));
    tg_buf_puts(out, safe);
    free(safe);
}

static void put_steps(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    static const char *const states[] = {N_("unknown"), N_("missing"), N_("running"), N_("done")};
    tg_buf_printf(out, "%s\n", _("STEPS"));
    for (size_t i = 0; i < inputs->lab->steps_count; i++) {
        const struct tg_step_status *status = &inputs->steps[i];
        tg_buf_printf(out, "  %s: %s %d/%d  ",
                      tg_lab_text_for(&inputs->lab->steps[i].title, inputs->locale),
                      _(states[status->state]), status->conditions_met, status->conditions_total);
        char missing[300];
        put_safe(out, tg_step_missing_text(status, missing, sizeof(missing)));
        tg_buf_putc(out, '\n');
    }
}

static void put_source(const struct tg_source *source, struct tg_buf *out)
{
    static const char *const states[] = {N_("live"), N_("connecting"), N_("old"), N_("lost"),
                                         N_("denied")};
    char age[24];
    tg_buf_printf(out, "%s", _(states[source->state]));
    if (source->age_us >= 0 && source->state != TG_SOURCE_LIVE) {
        tg_buf_printf(out, " %s", tg_fmt_age(age, sizeof(age), source->age_us));
    }
    if (source->err.code != TG_CODE_NONE) {
        tg_buf_puts(out, "  ");
        put_safe(out, source->err.msg);
    }
}

static void put_regions(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    static const char *const serving[] = {N_("serving unknown"), N_("not serving"), N_("serving")};
    size_t count = 0;
    struct tg_region_row *rows = tg_select_regions(inputs->model, inputs->now_us, &count);
    tg_buf_printf(out, "%s\n", _("REGIONS"));
    for (size_t i = 0; i < count; i++) {
        tg_buf_puts(out, "  ");
        put_safe(out, tg_model_target(inputs->model, rows[i].target)->label);
        tg_buf_puts(out, ": ");
        put_source(&rows[i].source, out);
        tg_buf_printf(out, _("; nodes %d/%d, TPU chips %d/%d"), rows[i].nodes_ready,
                      rows[i].nodes_total, rows[i].tpu_chips_ready, rows[i].tpu_chips_capacity);
        if (rows[i].deployment != NULL) {
            tg_buf_printf(out, _(", replicas wanted %d ready %d"),
                          rows[i].deployment->as.deployment.replicas_desired,
                          rows[i].deployment->as.deployment.ready);
        }
        tg_buf_putc(out, '\n');
        size_t pods = 0;
        struct tg_pod_row *pod =
            tg_select_pods(inputs->model, rows[i].target, inputs->now_us, &pods);
        for (size_t p = 0; p < pods; p++) {
            tg_buf_puts(out, "    Pod ");
            put_safe(out, pod[p].pod->name);
            tg_buf_puts(out, ": ");
            put_safe(out, pod[p].pod->as.pod.status);
            tg_buf_printf(out, ", %s\n", _(serving[pod[p].serving]));
        }
        free(pod);
    }
    free(rows);
}

static void put_routing(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    size_t count = 0;
    struct tg_gateway_row *gateways = tg_select_gateways(inputs->model, inputs->now_us, &count);
    tg_buf_printf(out, "%s\n", _("ROUTING"));
    for (size_t i = 0; i < count; i++) {
        tg_buf_puts(out, "  Gateway ");
        put_safe(out, gateways[i].gateway->name);
        tg_buf_printf(out, ": Programmed=%s  ", gateways[i].is_programmed ? "True" : "False");
        put_safe(out, gateways[i].gateway->as.gateway.addresses);
        if (gateways[i].is_stale) {
            char age[24];
            tg_buf_puts(out, "  ");
            tg_buf_printf(out, _("not heard for %s"),
                          tg_fmt_age(age, sizeof(age), gateways[i].age_us));
        }
        tg_buf_putc(out, '\n');
    }
    free(gateways);
    struct tg_backend_row *backends = tg_select_backends(inputs->model, inputs->now_us, &count);
    for (size_t i = 0; i < count; i++) {
        tg_buf_puts(out, "  backend ");
        put_safe(out, backends[i].backend->name);
        tg_buf_puts(out, ": ");
        put_safe(out, backends[i].backend->as.gcp.status);
        tg_buf_putc(out, '\n');
    }
    free(backends);
}

static void put_interfaces(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    size_t count = 0;
    struct tg_interface_row *rows = tg_select_interfaces(inputs->model, inputs->now_us, &count);
    tg_buf_printf(out, "%s\n", _("DRANET INTERFACES"));
    for (size_t i = 0; i < count; i++) {
        const char *const cells[] = {tg_model_target(inputs->model, rows[i].target)->label,
                                     *rows[i].pod != '\0' ? rows[i].pod : rows[i].node,
                                     rows[i].interface_name, rows[i].address,
                                     rows[i].kind == TG_INTERFACE_CLAIMED
                                         ? (rows[i].is_ready ? "Ready" : "NotReady")
                                         : "free"};
        for (size_t c = 0; c < sizeof(cells) / sizeof(cells[0]); c++) {
            tg_buf_puts(out, "  ");
            put_safe(out, cells[c]);
        }
        if (rows[i].is_stale) {
            char age[24];
            tg_buf_puts(out, "  ");
            tg_buf_printf(out, _("not heard for %s"), tg_fmt_age(age, sizeof(age), rows[i].age_us));
        }
        tg_buf_putc(out, '\n');
    }
    free(rows);
}

/* What the containers listed themselves; nothing when nobody asked. */
static void put_proofs(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    size_t count = 0;
    struct tg_proof_row *rows = tg_select_proofs(inputs->model, inputs->now_us, &count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].proof == TG_PROOF_NOT_ASKED) {
            continue;
        }
        tg_buf_puts(out, "  ");
        put_safe(out, rows[i].pod->name);
        tg_buf_puts(out, "  ls /sys/class/net: ");
        put_safe(out, rows[i].listed);
        tg_buf_printf(out, "  %s  ", tg_proof_name(rows[i].proof));
        put_safe(out, rows[i].detail);
        tg_buf_putc(out, '\n');
    }
    free(rows);
}

static void put_problems(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    size_t count = 0;
    struct tg_problem *problems = tg_select_problems(inputs->model, inputs->now_us, &count);
    tg_buf_printf(out, "%s\n", _("PROBLEMS"));
    for (size_t i = 0; i < count; i++) {
        tg_buf_puts(out, "  ");
        put_safe(out, problems[i].object);
        tg_buf_puts(out, ": ");
        put_safe(out, problems[i].detail);
        tg_buf_putc(out, '\n');
    }
    if (count == 0) {
        tg_buf_printf(out, "  %s\n", _("none seen"));
    }
    free(problems);
}

/* Kinds whose rows are hidden. */
static void put_unseen(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    size_t count = 0;
    struct tg_unseen_row *rows = tg_select_unseen(inputs->model, inputs->now_us, &count);
    if (count > 0) {
        tg_buf_printf(out, "%s\n", _("NOT SEEN"));
    }
    for (size_t i = 0; i < count; i++) {
        tg_buf_puts(out, "  ");
        put_safe(out, tg_model_target(inputs->model, rows[i].target)->label);
        tg_buf_printf(out, "  %s: ", tg_kind_info(rows[i].kind)->name);
        put_safe(out, rows[i].why);
        tg_buf_putc(out, '\n');
    }
    free(rows);
}

bool tg_status_text(const struct tg_status_inputs *inputs, struct tg_buf *out)
{
    if (tg_model_is_simulated(inputs->model, NULL)) {
        tg_buf_printf(out, "%s\n", _("SIMULATED: no cloud is touched."));
    }
    put_steps(inputs, out);
    put_regions(inputs, out);
    put_interfaces(inputs, out);
    put_proofs(inputs, out);
    put_routing(inputs, out);
    put_unseen(inputs, out);
    put_problems(inputs, out);
    return !out->is_full;
}
