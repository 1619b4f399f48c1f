/* sim/cloud.h - the seam between Google Cloud's resources and what runs in the clusters.
 *
 * Controllers and containers ask here what the cloud holds (addresses, fleet features, buckets,
 * permissions); the cloud calls sim/cluster.h when clusters and node pools come and go.
 *
 * Thread: the world's. Ownership: texts are borrowed until the next change of the cloud.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_CLOUD_H
#define TG_SIM_CLOUD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/region.h"
#include "sim/world.h"

/* The reserved address of that name in the region ("10.0.2.2"); NULL when there is none. */
const char *sim_cloud_address(struct sim_world *world, const char *region, const char *name);

/* True when the cluster of that region is registered in the fleet and its membership is READY. */
bool sim_cloud_is_member(struct sim_world *world, int region);

/* True when the fleet's feature ("multiclusteringress", "multiclusterservicediscovery") is ready.
 */
bool sim_cloud_is_feature_ready(struct sim_world *world, const char *feature);

/* Region of the config cluster of multi-cluster ingress, -1 when the feature is not there. */
int sim_cloud_config_region(struct sim_world *world);

/* The gateway's controller programmed a Gateway, or took its load balancer apart: the objects of
 * Compute Engine come and go. Those of a cluster that goes without its controller's work stay. */
void sim_cloud_gateway_programmed(struct sim_world *world);
void sim_cloud_gateway_detached(struct sim_world *world);

/* ---- buckets ---- */

enum sim_cloud_access {
    SIM_ACCESS_OK,
    SIM_ACCESS_NO_IDENTITY, /* the Kubernetes service account may not act as the Google one */
    SIM_ACCESS_DENIED,      /* the Google service account has no role on the bucket */
    SIM_ACCESS_NO_BUCKET
};

/* What a Pod with this Kubernetes service account (ns, ksa, its annotation
 * iam.gke.io/gcp-service-account or "" when absent) may do with the bucket now, with the delay that
 * IAM has. */
enum sim_cloud_access sim_cloud_bucket_access(struct sim_world *world, const char *bucket,
                                              const char *ns, const char *ksa, const char *email);

/* Writes one object of size bytes; bytes may be NULL: then they are made up when somebody reads
 * them. False when there is no such bucket. */
bool sim_cloud_object_put(struct sim_world *world, const char *bucket, const char *name,
                          int64_t size, const char *bytes);

/* The text of one of the weights' files, of the size that sim_cloud_weights_file() says; NULL when
 * its bytes are made up. The caller frees. */
char *sim_cloud_weights_text(int number);

/* Calls visit for each object whose name starts with prefix, by name, until it returns false. */
void sim_cloud_object_each(struct sim_world *world, const char *bucket, const char *prefix,
                           bool (*visit)(void *context, const char *name, int64_t size),
                           void *context);

/* The model's files as the hub has them: how many, and name and bytes of each. */
int sim_cloud_weights_count(void);
void sim_cloud_weights_file(int number, char name[64], int64_t *size);

/* ---- how a world begins ---- */

/* What every project has. */
void sim_cloud_seed_base(struct sim_world *world);

/* The lab's resources as its requests make them, while the world is being built (they are there at
 * once): network and storage, one cluster, the fleet. */
void sim_cloud_seed_lab(struct sim_world *world);
void sim_cloud_seed_cluster(struct sim_region *region);
void sim_cloud_seed_fleet(struct sim_world *world);

#endif
