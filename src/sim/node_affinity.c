/* sim/node_affinity.c - which nodes a Pod may be on. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/node_affinity.h"

#include "base/str.h"
#include "sim/json_path.h"
#include "sim/selector.h"
#include "sim/shape.h"

/* The one field that terms may match is the node's name. */
static bool fields_match(const json_t *fields, const json_t *node)
{
    json_t *as_label = json_pack("{s:{s:{s:s}}}", "metadata", "labels", "metadata.name",
                                 sim_json_text(node, "metadata.name"));
    json_t *wrapped = json_pack("{s:O}", "matchExpressions", fields);
    struct sim_selector selector;
    sim_selector_from_json(&selector, wrapped);
    bool is_match = sim_selector_matches_labels(&selector, as_label);
    sim_selector_fini(&selector);
    json_decref(wrapped);
    json_decref(as_label);
    return is_match;
}

/* All of a term's expressions must hold; a term without any matches nothing. */
static bool term_matches(const json_t *term, const json_t *node)
{
    const json_t *fields = json_object_get(term, "matchFields");
    bool has_labels = sim_json_count(term, "matchExpressions") > 0;
    bool has_fields = json_array_size(fields) > 0;
    struct sim_selector selector;
    sim_selector_from_json(&selector, term);
    bool is_match = (has_labels || has_fields) && sim_selector_matches_labels(&selector, node);
    sim_selector_fini(&selector);
    return is_match && (!has_fields || fields_match(fields, node));
}

bool sim_node_matches(const json_t *pod_spec, const json_t *node)
{
    const json_t *wanted = json_object_get(pod_spec, "nodeSelector");
    if (wanted != NULL && !sim_shape_labels_match(sim_json_at(node, "metadata.labels"), wanted)) {
        return false;
    }
    const json_t *terms = sim_json_at(pod_spec, "affinity.nodeAffinity."
                                                "requiredDuringSchedulingIgnoredDuringExecution."
                                                "nodeSelectorTerms");
    size_t i;
    json_t *term;
    json_array_foreach(terms, i, term)
    {
        if (term_matches(term, node)) {
            return true;
        }
    }
    return terms == NULL;
}

bool sim_node_taint_tolerated(const json_t *pod_spec, const json_t *taint)
{
    const json_t *tolerations = json_object_get(pod_spec, "tolerations");
    size_t i;
    json_t *toleration;
    json_array_foreach(tolerations, i, toleration)
    {
        const char *key = sim_json_text(toleration, "key");
        const char *effect = sim_json_text(toleration, "effect");
        bool is_key = key[0] == '\0' || tg_str_eq(key, sim_json_text(taint, "key"));
        bool is_effect = effect[0] == '\0' || tg_str_eq(effect, sim_json_text(taint, "effect"));
        bool is_value =
            tg_str_eq(sim_json_text(toleration, "operator"), "Exists") ||
            tg_str_eq(sim_json_text(toleration, "value"), sim_json_text(taint, "value"));
        if (is_key && is_effect && is_value) {
            return true;
        }
    }
    return false;
}

const json_t *sim_node_taint_against(const json_t *pod_spec, const json_t *node, const char *effect)
{
    size_t i;
    json_t *taint;
    json_array_foreach(sim_json_at(node, "spec.taints"), i, taint)
    {
        const char *has = sim_json_text(taint, "effect");
        bool is_meant =
            effect == NULL ? !tg_str_eq(has, "PreferNoSchedule") : tg_str_eq(has, effect);
        if (is_meant && !sim_node_taint_tolerated(pod_spec, taint)) {
            return taint;
        }
    }
    return NULL;
}

bool sim_node_is_cordoned(const json_t *pod_spec, const json_t *node)
{
    if (!sim_json_is_true(node, "spec.unschedulable")) {
        return false;
    }
    json_t *taint = json_pack("{s:s, s:s}", "key", SIM_TAINT_UNSCHEDULABLE, "effect", "NoSchedule");
    bool is_tolerated = sim_node_taint_tolerated(pod_spec, taint);
    json_decref(taint);
    return !is_tolerated;
}
