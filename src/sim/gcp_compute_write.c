/* sim/gcp_compute_write.c - the Compute Engine API: insert, patch and delete, with what depends on
 * what.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/gcp_compute.h"
#include "sim/gcp_store.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/shape.h"

#define BASE "https://www.googleapis.com/compute/v1/projects/"

static char *path_of(const struct sim_gcp_target *target, const char *name)
{
    return tg_asprintf("compute/%s/%s/%s", target->scope, target->collection, name);
}

static char *link_of(struct sim_world *world, const struct sim_gcp_target *target, const char *name)
{
    return tg_asprintf(BASE "%s/%s/%s/%s", sim_gcp_project(world), target->scope,
                       target->collection, name);
}

/* What clients may make; the load balancer's objects they may only take away. */
static bool may_insert(const struct sim_gcp_target *target)
{
    static const char *const names[] = {"networks", "subnetworks", "addresses", "firewalls"};
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (tg_str_eq(names[i], target->collection)) {
            return true;
        }
    }
    return false;
}

static const struct sim_duration *duration_of(struct sim_world *world, const char *collection)
{
    const struct sim_params *params = sim_world_params(world);
    return tg_str_eq(collection, "networks")      ? &params->network_create
           : tg_str_eq(collection, "subnetworks") ? &params->subnetwork_create
           : tg_str_eq(collection, "addresses")   ? &params->address_create
                                                  : &params->firewall_create;
}

static json_t *operate(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                       const char *type, const char *name, sim_gcp_finish *finish,
                       const char *error)
{
    char *path = path_of(target, name);
    char *link = link_of(call->world, target, name);
    struct sim_gcp_change change = {.type = type,
                                    .place = target->scope,
                                    .target_link = link,
                                    .path = path,
                                    .duration = duration_of(call->world, target->collection),
                                    .finish = finish,
                                    .error = error};
    json_t *operation = sim_gcp_operate_compute(call->world, &change);
    free(path);
    free(link);
    return operation;
}

/* ---- insert ---- */

/* A link to another resource as self link; NULL with the call's error when there is none. */
static char *resolve(struct sim_gcp_call *call, const char *given, const char *folder,
                     json_t **error)
{
    const char *name = sim_gcp_last(given);
    const json_t *document = sim_gcp_find(call->world, "compute/%s/%s", folder, name);
    if (document == NULL) {
        *error =
            sim_gcp_error(call, 404, "NOT_FOUND", "The resource 'projects/%s/%s/%s' was not found",
                          sim_gcp_project(call->world), folder, name);
        return NULL;
    }
    if (sim_world_now_us(call->world) < sim_json_int(document, "_ready", INT64_MIN)) {
        *error = sim_gcp_reason(sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                                              "The resource 'projects/%s/%s/%s' is not ready",
                                              sim_gcp_project(call->world), folder, name),
                                "global", "resourceNotReady");
        return NULL;
    }
    return tg_asprintf(BASE "%s/%s/%s", sim_gcp_project(call->world), folder, name);
}

static void set_link(json_t *document, const char *key, char *link)
{
    json_object_set_new(document, key, json_string(link));
    free(link);
}

/* The first address of a range with its last number replaced: "10.0.2.0/24", 1 gives "10.0.2.1". */
static void address_in(const char *range, int number, char out[SIM_IP_SIZE])
{
    char head[SIM_IP_SIZE];
    tg_str_copy(head, sizeof head, range);
    head[strcspn(head, "/")] = '\0';
    char *dot = strrchr(head, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
    snprintf(out, SIM_IP_SIZE, "%.11s.%d", head, number & 0xff);
}

static json_t *complete_subnetwork(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                                   json_t *document)
{
    json_t *error = NULL;
    char *network = resolve(call, sim_json_text(document, "network"), "global/networks", &error);
    if (network == NULL) {
        return error;
    }
    char gateway[SIM_IP_SIZE];
    address_in(sim_json_text(document, "ipCidrRange"), 1, gateway);
    bool is_proxy = sim_json_text(document, "purpose")[0] != '\0' &&
                    !tg_str_eq(sim_json_text(document, "purpose"), "PRIVATE");
    set_link(document, "network", network);
    set_link(document, "region",
             tg_asprintf(BASE "%s/%s", sim_gcp_project(call->world), target->scope));
    sim_json_default(document, "purpose", json_string("PRIVATE"));
    sim_json_default(document, "stackType", json_string("IPV4_ONLY"));
    sim_json_default(document, "privateIpGoogleAccess", json_false());
    sim_json_default(document, "privateIpv6GoogleAccess", json_string("DISABLE_GOOGLE_ACCESS"));
    if (is_proxy) {
        json_object_set_new(document, "state", json_string("READY"));
    } else {
        json_object_set_new(document, "gatewayAddress", json_string(gateway));
        sim_json_default(document, "logConfig", json_pack("{s:b}", "enable", 0));
    }
    return NULL;
}

static bool is_taken(struct sim_world *world, const struct sim_gcp_target *target, const char *ip)
{
    char folder[SIM_NAME_SIZE * 2];
    snprintf(folder, sizeof folder, "compute/%s/addresses", target->scope);
    json_t *addresses = sim_gcp_children(world, folder);
    bool is_found = false;
    size_t i;
    json_t *address;
    json_array_foreach(addresses, i, address)
    {
        is_found = is_found || tg_str_eq(sim_json_text(address, "address"), ip);
    }
    json_decref(addresses);
    return is_found;
}

static json_t *complete_address(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                                json_t *document)
{
    json_t *error = NULL;
    char folder[SIM_NAME_SIZE * 2];
    snprintf(folder, sizeof folder, "%s/subnetworks", target->scope);
    const char *asked = sim_json_text(document, "subnetwork");
    char *subnet = asked[0] == '\0' ? NULL : resolve(call, asked, folder, &error);
    if (error != NULL) {
        return error;
    }
    char ip[SIM_IP_SIZE];
    tg_str_copy(ip, sizeof ip, target->region->vip); /* the first one is the gateway's */
    for (int host = 30; is_taken(call->world, target, ip) && host < 250; host++) {
        sim_region_node_ip(target->region, host, ip);
    }
    if (subnet != NULL) {
        set_link(document, "subnetwork", subnet);
    }
    set_link(document, "region",
             tg_asprintf(BASE "%s/%s", sim_gcp_project(call->world), target->scope));
    sim_json_default(document, "address", json_string(ip));
    sim_json_default(document, "addressType", json_string("EXTERNAL"));
    sim_json_default(document, "purpose", json_string("GCE_ENDPOINT"));
    sim_json_default(document, "networkTier", json_string("PREMIUM"));
    return NULL;
}

static json_t *complete_firewall(struct sim_gcp_call *call, json_t *document)
{
    json_t *error = NULL;
    char *network = resolve(call, sim_json_text(document, "network"), "global/networks", &error);
    if (network == NULL) {
        return error;
    }
    set_link(document, "network", network);
    sim_json_default(document, "direction", json_string("INGRESS"));
    sim_json_default(document, "priority", json_integer(1000));
    sim_json_default(document, "disabled", json_false());
    sim_json_default(document, "logConfig", json_pack("{s:b}", "enable", 0));
    return NULL;
}

/* NULL when the document is complete, else the error. */
static json_t *complete(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                        json_t *document)
{
    if (tg_str_eq(target->collection, "subnetworks")) {
        return complete_subnetwork(call, target, document);
    }
    if (tg_str_eq(target->collection, "addresses")) {
        return complete_address(call, target, document);
    }
    if (tg_str_eq(target->collection, "firewalls")) {
        return complete_firewall(call, document);
    }
    sim_json_default(document, "autoCreateSubnetworks", json_true());
    sim_json_default(document, "mtu", json_integer(1460));
    sim_json_default(document, "routingConfig", json_pack("{s:s}", "routingMode", "REGIONAL"));
    sim_json_default(document, "networkFirewallPolicyEnforcementOrder",
                     json_string("AFTER_CLASSIC_FIREWALL"));
    return NULL;
}

static void stamp(struct sim_world *world, const struct sim_gcp_target *target, const char *name,
                  json_t *document)
{
    char id[24];
    char now[SIM_TIME_SIZE];
    char fingerprint[24];
    char *link = link_of(world, target, name);
    json_object_set_new(document, "kind", json_sprintf("compute#%s", target->kind));
    json_object_set_new(document, "id", json_string(sim_gcp_id(target->scope, name, id)));
    json_object_set_new(document, "creationTimestamp",
                        json_string(sim_gcp_compute_now(world, now)));
    json_object_set_new(document, "selfLink", json_string(link));
    json_object_set_new(document, "fingerprint",
                        json_string(sim_gcp_fingerprint(world, fingerprint)));
    json_object_set_new(document, "labelFingerprint",
                        json_string(sim_gcp_fingerprint(world, fingerprint)));
    free(link);
}

json_t *sim_gcp_compute_insert(struct sim_gcp_call *call, const struct sim_gcp_target *target)
{
    const char *name = sim_json_text(call->body, "name");
    if (!may_insert(target)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "(simulated) %s are made by the gateway's controller only.",
                             target->collection);
    }
    if (!sim_gcp_is_name(name)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Invalid value for field 'resource.name': '%s'. Must be a match of "
                             "regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
                             name);
    }
    char *path = path_of(target, name);
    if (sim_gcp_find(call->world, "%s", path) != NULL) {
        free(path);
        return sim_gcp_error(call, 409, "ALREADY_EXISTS",
                             "The resource 'projects/%s/%s/%s/%s' already exists",
                             sim_gcp_project(call->world), target->scope, target->collection, name);
    }
    json_t *document = json_deep_copy(call->body);
    json_t *error = complete(call, target, document);
    if (error != NULL) {
        json_decref(document);
        free(path);
        return error;
    }
    stamp(call->world, target, name, document);
    sim_gcp_put(call->world, path, document);
    json_t *operation = operate(call, target, "insert", name, NULL, NULL);
    const json_t *kept =
        sim_gcp_find(call->world, "operation/compute/%s", sim_json_text(operation, "name"));
    json_t *made = sim_gcp_find(call->world, "%s", path);
    if (made != NULL) { /* an operation that fails at once takes it away again */
        json_object_set_new(made, "_ready",
                            json_integer((json_int_t)sim_json_int(kept, "_end", 0)));
    }
    free(path);
    return operation;
}

/* ---- patch ---- */

static json_t *missing(struct sim_gcp_call *call, const struct sim_gcp_target *target)
{
    return sim_gcp_compute_missing(call, target->scope, target->collection, target->name);
}

static json_t *update(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                      const char *type, const char *only)
{
    char *path = path_of(target, target->name);
    json_t *document = sim_gcp_find(call->world, "%s", path);
    if (document == NULL) {
        free(path);
        return missing(call, target);
    }
    const char *key = only == NULL ? "fingerprint" : "labelFingerprint";
    const char *known = sim_json_text(call->body, key);
    if (known[0] != '\0' && !tg_str_eq(known, sim_json_text(document, key))) {
        free(path);
        return sim_gcp_error(call, 412, "FAILED_PRECONDITION",
                             only == NULL ? "Invalid fingerprint."
                                          : "Labels fingerprint either invalid or resource labels "
                                            "have changed");
    }
    char fingerprint[24];
    json_t *next = json_deep_copy(document);
    if (only != NULL) {
        json_t *value = json_object_get(call->body, only);
        json_object_set_new(next, only, value == NULL ? json_object() : json_deep_copy(value));
    } else {
        json_t *changes = json_deep_copy(call->body);
        json_object_update(next, changes);
        json_decref(changes);
    }
    json_object_set_new(next, key, json_string(sim_gcp_fingerprint(call->world, fingerprint)));
    sim_gcp_put(call->world, path, next);
    free(path);
    return operate(call, target, type, target->name, NULL, NULL);
}

json_t *sim_gcp_compute_patch(struct sim_gcp_call *call, const struct sim_gcp_target *target)
{
    return update(call, target, "patch", NULL);
}

json_t *sim_gcp_compute_set_labels(struct sim_gcp_call *call, const struct sim_gcp_target *target)
{
    return update(call, target, "setLabels", "labels");
}

/* ---- delete ---- */

struct user {
    const char *link;    /* of what shall go, from "projects/" on */
    const char *address; /* an address is named by itself; "" for other things */
    const char *path;    /* of what shall go */
    const char *found;   /* path of what uses it, borrowed; NULL: nobody */
};

/* True when a text within value names the link. */
static bool mentions(const json_t *value, const struct user *user, int depth)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        const char *project = strstr(json_string_value(value), "projects/");
        return (project != NULL && tg_str_eq(project, user->link)) ||
               (user->address[0] != '\0' && tg_str_eq(json_string_value(value), user->address));
    }
    if (depth > 8) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        /* what a resource says of its place and of who uses it is no use of theirs */
        if (!tg_str_eq(key, "region") && !tg_str_eq(key, "zone") && !tg_str_eq(key, "users") &&
            mentions(member, user, depth + 1)) {
            return true;
        }
    }
    json_array_foreach(value, i, member)
    {
        if (mentions(member, user, depth + 1)) {
            return true;
        }
    }
    return false;
}

static bool uses(void *context, const char *path, json_t *document)
{
    struct user *user = context;
    if (!tg_str_eq(path, user->path) && mentions(document, user, 0)) {
        user->found = path;
        return false;
    }
    return true;
}

/* Path of something that uses the resource, as Google names it; the caller frees. NULL: nobody. */
static char *user_of(struct sim_world *world, const struct sim_gcp_target *target, const char *path)
{
    char *link = link_of(world, target, target->name);
    const json_t *document = sim_gcp_find(world, "%s", path);
    struct user user = {.link = strstr(link, "projects/"),
                        .address = sim_json_text(document, "address"),
                        .path = path};
    sim_gcp_each(world, "compute/", uses, &user);
    if (user.found == NULL) {
        sim_gcp_each(world, "container/", uses, &user);
    }
    free(link);
    return user.found == NULL
               ? NULL
               : tg_asprintf("projects/%s/%s", sim_gcp_project(world), strchr(user.found, '/') + 1);
}

static void remove_document(struct sim_world *world, const char *path)
{
    bool is_firewall = strstr(path, "/firewalls/") != NULL;
    sim_gcp_drop(world, path);
    if (is_firewall) {
        sim_gcp_fleet_heal(world); /* a controller that lives makes its rule anew */
    }
}

/* A network's deletion fails while it goes on, that of everything else at once. */
static json_t *refuse_delete(struct sim_gcp_call *call, const struct sim_gcp_target *target,
                             const char *user)
{
    char *text = tg_asprintf("The %s resource 'projects/%s/%s/%s/%s' is already being used by '%s'",
                             target->kind, sim_gcp_project(call->world), target->scope,
                             target->collection, target->name, user);
    json_t *answer = NULL;
    if (tg_str_eq(target->collection, "networks")) {
        answer = operate(call, target, "delete", target->name, NULL, text);
    } else {
        answer = sim_gcp_error(call, 400, "INVALID_ARGUMENT", "%s", text);
        sim_gcp_reason(answer, "global", "resourceInUseByAnotherResource");
    }
    free(text);
    return answer;
}

json_t *sim_gcp_compute_delete(struct sim_gcp_call *call, const struct sim_gcp_target *target)
{
    char *path = path_of(target, target->name);
    json_t *document = sim_gcp_find(call->world, "%s", path);
    json_t *answer = NULL;
    char *user = document == NULL ? NULL : user_of(call->world, target, path);
    if (document == NULL) {
        answer = missing(call, target);
    } else if (json_object_get(document, "_going") != NULL) {
        answer = sim_gcp_reason(sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                                              "The resource 'projects/%s/%s/%s/%s' is not ready",
                                              sim_gcp_project(call->world), target->scope,
                                              target->collection, target->name),
                                "global", "resourceNotReady");
    } else if (user != NULL) {
        answer = refuse_delete(call, target, user);
    } else {
        json_object_set_new(document, "_going", json_true());
        answer = operate(call, target, "delete", target->name, remove_document, NULL);
    }
    free(user);
    free(path);
    return answer;
}
