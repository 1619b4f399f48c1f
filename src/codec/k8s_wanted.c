/* codec/k8s_wanted.c - the members of each kind that are read. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/k8s_wanted.h"

#define ALL(name)                    \
    {                                \
        name, sizeof(name) - 1, NULL \
    }
#define SOME(name, members)             \
    {                                   \
        name, sizeof(name) - 1, members \
    }
#define END         \
    {               \
        "", 0, NULL \
    }

typedef const struct tg_json_wanted table[];

static table metadata = {ALL("name"),
                         ALL("namespace"),
                         ALL("uid"),
                         ALL("resourceVersion"),
                         ALL("generation"),
                         ALL("creationTimestamp"),
                         ALL("deletionTimestamp"),
                         ALL("labels"),
                         ALL("annotations"),
                         END};
static table pod_metadata = {ALL("name"),
                             ALL("namespace"),
                             ALL("uid"),
                             ALL("resourceVersion"),
                             ALL("generation"),
                             ALL("creationTimestamp"),
                             ALL("deletionTimestamp"),
                             ALL("labels"),
                             END};
static table condition = {
    ALL("type"), ALL("status"), ALL("reason"), ALL("message"), ALL("lastTransitionTime"), END};

static table nothing = {END}; /* being there is all that counts */
static table terminated = {ALL("exitCode"), ALL("signal"), ALL("reason"), ALL("message"), END};
static table state = {SOME("running", nothing), SOME("terminated", terminated), ALL("waiting"),
                      END};
static table container_status = {ALL("name"),         ALL("ready"),         ALL("started"),
                                 ALL("restartCount"), SOME("state", state), END};
static table amounts = {ALL("google.com/tpu"), END};
static table resources = {SOME("limits", amounts), END};
static table container = {SOME("resources", resources), END};
static table init_container = {ALL("name"), ALL("restartPolicy"), END};
static table claim_status = {ALL("resourceClaimName"), END};
static table pod_spec = {ALL("nodeName"), SOME("containers", container),
                         SOME("initContainers", init_container), END};
static table pod_status = {ALL("phase"),
                           ALL("reason"),
                           ALL("podIP"),
                           SOME("conditions", condition),
                           SOME("containerStatuses", container_status),
                           SOME("initContainerStatuses", container_status),
                           SOME("resourceClaimStatuses", claim_status),
                           END};

static table node_info = {ALL("kubeletVersion"), END};
static table node_spec = {ALL("unschedulable"), END};
static table node_status = {SOME("capacity", amounts),
                            SOME("allocatable", amounts),
                            SOME("conditions", condition),
                            SOME("nodeInfo", node_info),
                            ALL("addresses"),
                            END};

static table deployment_spec = {ALL("replicas"), ALL("paused"), END};
static table deployment_status = {ALL("replicas"),
                                  ALL("updatedReplicas"),
                                  ALL("readyReplicas"),
                                  ALL("availableReplicas"),
                                  ALL("observedGeneration"),
                                  SOME("conditions", condition),
                                  END};

/* What decides about TG_K8S_ERROR lines, beside the object itself. */
#define STATUS_OBJECT ALL("code"), ALL("reason"), ALL("message")
#define OBJECT(its_metadata, its_spec, its_status)                       \
    ALL("kind"), SOME("metadata", its_metadata), SOME("spec", its_spec), \
        SOME("status", its_status), STATUS_OBJECT

static table pod = {OBJECT(pod_metadata, pod_spec, pod_status), END};
static table node = {OBJECT(metadata, node_spec, node_status), END};
static table deployment = {OBJECT(metadata, deployment_spec, deployment_status), END};

/* Kinds of which there are few, and Events: all but what the server keeps for itself. */
static table other = {ALL("kind"),
                      SOME("metadata", metadata),
                      ALL("spec"),
                      ALL("status"),
                      STATUS_OBJECT,
                      ALL("type"),
                      ALL("involvedObject"),
                      ALL("source"),
                      ALL("reportingComponent"),
                      ALL("count"),
                      ALL("series"),
                      ALL("firstTimestamp"),
                      ALL("lastTimestamp"),
                      ALL("eventTime"),
                      END};

static table list_metadata = {ALL("resourceVersion"), ALL("continue"), END};

#define LIST(object)                                                \
    {                                                               \
        SOME("metadata", list_metadata), SOME("items", object), END \
    }
#define LINE(object)                             \
    {                                            \
        ALL("type"), SOME("object", object), END \
    }

static table pod_list = LIST(pod);
static table node_list = LIST(node);
static table deployment_list = LIST(deployment);
static table other_list = LIST(other);
static table pod_line = LINE(pod);
static table node_line = LINE(node);
static table deployment_line = LINE(deployment);
static table other_line = LINE(other);

static const struct tg_json_wanted *pick(enum tg_kind kind, table of_pod, table of_node,
                                         table of_deployment, table of_other)
{
    switch (kind) {
    case TG_KIND_POD:
        return of_pod;
    case TG_KIND_NODE:
        return of_node;
    case TG_KIND_DEPLOYMENT:
        return of_deployment;
    default:
        return of_other;
    }
}

const struct tg_json_wanted *tg_k8s_wanted(enum tg_kind kind)
{
    return pick(kind, pod, node, deployment, other);
}

const struct tg_json_wanted *tg_k8s_wanted_list(enum tg_kind kind)
{
    return pick(kind, pod_list, node_list, deployment_list, other_list);
}

const struct tg_json_wanted *tg_k8s_wanted_line(enum tg_kind kind)
{
    return pick(kind, pod_line, node_line, deployment_line, other_line);
}
