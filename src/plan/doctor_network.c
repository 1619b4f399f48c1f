/* plan/doctor_network.c - the lab's ranges against each other and against what the project has. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "plan/doctor_ask.h"

static bool do_overlap(const char *a, const char *b)
{
    struct tg_lab_range first;
    struct tg_lab_range second;
    return tg_lab_read_range(a, &first) && tg_lab_read_range(b, &second) &&
           first.first <= second.last && second.first <= first.last;
}

/* The lab's ranges in turn, two of each region; NULL at the end. */
static const char *range_at(const struct tg_lab *lab, size_t i)
{
    if (i / 2 >= lab->regions_count) {
        return NULL;
    }
    const struct tg_lab_region *region = &lab->regions[i / 2];
    return i % 2 == 0 ? region->node_range : region->proxy_range;
}

static bool judge_own_ranges(struct tg_doctor *doctor, int step)
{
    const struct tg_lab *lab = doctor->config.lab;
    bool is_ok = true;
    const char *one;
    const char *other;
    for (size_t i = 0; (one = range_at(lab, i)) != NULL; i++) {
        for (size_t j = i + 1; (other = range_at(lab, j)) != NULL; j++) {
            if (do_overlap(one, other)) {
                struct tg_doctor_finding *finding =
                    tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_FAIL, NULL,
                                  N_("the lab's own ranges {1} and {2} overlap"), one, other);
                finding->advice = N_("correct the lab file");
                finding->step = step;
                is_ok = false;
            }
        }
    }
    return is_ok;
}

/* The range that the lab wants for the subnet with this name in this region; NULL: it is none of
 * the lab's. */
static const char *wanted_range(const struct tg_doctor *doctor, const struct tg_obj *subnet)
{
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_lab_region *region = tg_lab_region(lab, subnet->as.gcp.location);
    struct tg_lab_place place = {.lab = lab, .region = region, .project = doctor->config.project};
    for (size_t s = 0; s < lab->steps_count && region != NULL; s++) {
        for (size_t m = 0; m < lab->steps[s].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[s].makes[m];
            struct tg_buf name;
            if (!tg_str_has_suffix(make->collection, "/subnetworks") || make->body == NULL) {
                continue;
            }
            tg_buf_init(&name, sizeof(((struct tg_doctor_finding *)NULL)->subject));
            bool is_it = tg_lab_expand(make->name, &place, &name) &&
                         tg_str_eq(tg_buf_text(&name), subnet->name);
            tg_buf_fini(&name);
            if (is_it) {
                return strstr(make->body, "{proxy_range}") != NULL ? region->proxy_range
                                                                   : region->node_range;
            }
        }
    }
    return NULL;
}

static const char *network_of(const struct tg_lab *lab)
{
    int step = tg_doctor_step_of_collection(lab, "networks");
    return step >= 0 ? lab->steps[step].makes[0].name : "";
}

static const char *overlapped(const struct tg_lab *lab, const char *range)
{
    const char *own;
    for (size_t i = 0; (own = range_at(lab, i)) != NULL; i++) {
        if (do_overlap(own, range)) {
            return own;
        }
    }
    return NULL;
}

/* True when the subnet stands in nobody's way. */
static bool judge_subnet(struct tg_doctor *doctor, const struct tg_obj *subnet, int step,
                         const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const char *wanted = wanted_range(doctor, subnet);
    const char *range = subnet->as.gcp.range;
    const char *own = overlapped(lab, range);
    bool is_in_network = tg_str_eq(subnet->as.gcp.parent, network_of(lab));
    struct tg_doctor_finding *finding = NULL;
    if (is_in_network && wanted != NULL) {
        if (tg_str_eq(wanted, range)) {
            return true;
        }
        finding = tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_FAIL, subnet->name,
                                N_("is {1}, and {2} is wanted"), range, wanted);
        finding->advice = N_("remove it, or write its range into the lab file");
    } else if (own != NULL && is_in_network) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_FAIL, subnet->name,
                                N_("{1} overlaps the lab's {2} in the same network"), range, own);
        finding->advice = N_("remove it, or choose other ranges in the lab file");
    } else if (own != NULL) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_WARN, subnet->name,
                                N_("{1} of another network overlaps the lab's {2}"), range, own);
        finding->advice = N_("no harm, unless the two networks are to be peered");
        return false;
    } else {
        return true;
    }
    tg_doctor_break(doctor, finding, step, event->statuses);
    return false;
}

void tg_doctor_judge_subnets(struct tg_doctor *doctor, const struct tg_doctor_event *event)
{
    const struct tg_lab *lab = doctor->config.lab;
    const struct tg_target *gcp = tg_model_gcp(event->model);
    const struct tg_kind_view *view = gcp != NULL ? &gcp->kinds[TG_KIND_GCP_SUBNETWORK] : NULL;
    int step = tg_doctor_step_of_collection(lab, "subnetworks");
    char count[24];
    if (step < 0) {
        return;
    }
    bool is_ok = judge_own_ranges(doctor, step);
    bool is_none = view != NULL && view->synced_us == 0 && view->err.code == TG_CODE_DISABLED;
    if (view == NULL || (view->synced_us == 0 && !is_none)) {
        struct tg_doctor_finding *finding =
            tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_UNKNOWN, NULL,
                          N_("could not be read"), NULL, NULL);
        finding->err = view != NULL ? view->err : (struct tg_err)TG_ERR_INIT;
        return;
    }
    for (size_t i = 0; i < view->store.count; i++) {
        is_ok = judge_subnet(doctor, view->store.items[i], step, event) && is_ok;
    }
    if (is_ok) {
        snprintf(count, sizeof(count), "%zu", view->store.count);
        tg_doctor_add(doctor, TG_DOCTOR_SUBNETS, TG_DOCTOR_PASS, NULL,
                      is_none ? N_("none in the project yet")
                              : N_("none of the project's {1} is in the way"),
                      count, NULL);
    }
}
