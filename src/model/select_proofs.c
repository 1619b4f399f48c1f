/* model/select_proofs.c - the interfaces that containers see, against those that claims promise. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/select.h"

const char *tg_proof_name(enum tg_proof proof)
{
    static const char *const names[] = {"not-asked", "asked",   "agrees",
                                        "differs",   "refused", "failed"};
    return names[proof];
}

const char *tg_pod_main_container(const struct tg_pod *pod)
{
    for (size_t i = 0; i < pod->containers_count; i++) {
        if (!pod->containers[i].is_init &&
            !tg_str_eq(pod->containers[i].name, "gke-gcsfuse-sidecar")) {
            return pod->containers[i].name;
        }
    }
    return "";
}

static bool is_listed(const struct tg_interface_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++) {
        if (tg_str_eq(list->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Those that every Pod has. */
static bool is_own(const char *name)
{
    return tg_str_eq(name, "lo") || tg_str_eq(name, "eth0");
}

static bool is_of_pod(const struct tg_obj *claim, const struct tg_obj *pod)
{
    return tg_str_eq(claim->ns, pod->ns) &&
           tg_str_eq(claim->as.resource_claim.reserved_for, pod->name);
}

static void add_text(char *out, size_t size, const char *before, const char *text)
{
    size_t len = strlen(out);
    snprintf(out + len, size - len, "%s%s", len > 0 ? before : "", text);
}

static void add_difference(struct tg_proof_row *row, const char *name, const char *what)
{
    char text[80];
    row->proof = TG_PROOF_DIFFERS;
    snprintf(text, sizeof(text), "%.20s %s", name, what);
    add_text(row->detail, sizeof(row->detail), ", ", text);
}

/* Every interface of the claims must be in the container, and none but those beside the usual. */
static void compare(struct tg_proof_row *row, const struct tg_target *target,
                    const struct tg_interface_list *list)
{
    const struct tg_store *claims = &target->kinds[TG_KIND_RESOURCE_CLAIM].store;
    struct tg_interface_list promised = {.count = 0};
    row->proof = TG_PROOF_AGREES;
    for (size_t i = 0; i < claims->count; i++) {
        const struct tg_resource_claim *claim = &claims->items[i]->as.resource_claim;
        for (size_t d = 0; d < claim->devices_count && is_of_pod(claims->items[i], row->pod); d++) {
            const char *name = claim->devices[d].interface_name;
            if (*name == '\0' || promised.count == TG_INTERFACES_MAX) {
                continue;
            }
            tg_str_copy(promised.names[promised.count++], TG_INTERFACE_NAME_SIZE, name);
            if (!is_listed(list, name)) {
                add_difference(row, name, "is claimed and not in the container");
            }
        }
    }
    for (int i = 0; i < list->count; i++) {
        if (!is_own(list->names[i]) && !is_listed(&promised, list->names[i])) {
            add_difference(row, list->names[i], "is in the container and in no claim");
        }
    }
    row->claimed = promised.count;
    if (promised.count == 0) {
        add_difference(row, "no interface", "is named by the claim");
    }
}

static void judge(struct tg_proof_row *row, const struct tg_target *target, int64_t now_us)
{
    const struct tg_witness *witness = tg_target_witness(target, row->pod->ns, row->pod->name);
    row->age_us = -1;
    if (witness == NULL || witness->asked_us == 0) {
        return;
    }
    for (int i = 0; i < witness->interfaces.count; i++) {
        add_text(row->listed, sizeof(row->listed), " ", witness->interfaces.names[i]);
    }
    row->age_us = witness->interfaces_us > 0 ? now_us - witness->interfaces_us : -1;
    row->tried_us = witness->answered_us;
    if (witness->answered_us == 0 || witness->answered_us < witness->asked_us) {
        row->proof = TG_PROOF_ASKED;
    } else if (witness->err.code != TG_CODE_NONE) {
        bool is_refused =
            witness->err.code == TG_CODE_FORBIDDEN || witness->err.code == TG_CODE_UNAUTHORIZED;
        row->proof = is_refused ? TG_PROOF_REFUSED : TG_PROOF_FAILED;
        row->age_us = row->age_us < 0 ? now_us - witness->answered_us : row->age_us;
        tg_str_copy(row->detail, sizeof(row->detail), witness->err.msg);
    } else {
        compare(row, target, &witness->interfaces);
    }
}

static bool holds_claim(const struct tg_target *target, const struct tg_obj *pod)
{
    const struct tg_store *claims = &target->kinds[TG_KIND_RESOURCE_CLAIM].store;
    for (size_t i = 0; i < claims->count; i++) {
        if (is_of_pod(claims->items[i], pod)) {
            return true;
        }
    }
    return false;
}

struct tg_proof_row *tg_select_proofs(const struct tg_model *model, int64_t now_us, size_t *count)
{
    struct tg_proof_row *rows = NULL;
    *count = 0;
    for (size_t t = 0; t < model->targets_count; t++) {
        const struct tg_target *target = model->targets[t];
        const struct tg_store *pods = &target->kinds[TG_KIND_POD].store;
        for (size_t i = 0; i < pods->count; i++) {
            const struct tg_obj *pod = pods->items[i];
            if (!tg_str_eq(pod->as.pod.phase, "Running") || pod->deleted_us != 0 ||
                !holds_claim(target, pod)) {
                continue;
            }
            rows = tg_realloc_array(rows, *count + 1, sizeof(*rows));
            struct tg_proof_row *row = &rows[(*count)++];
            *row = (struct tg_proof_row){.target = target->index,
                                         .pod = pod,
                                         .container = tg_pod_main_container(&pod->as.pod)};
            judge(row, target, now_us);
        }
    }
    return rows;
}
