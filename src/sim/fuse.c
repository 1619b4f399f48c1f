/* sim/fuse.c - Cloud Storage FUSE volumes of Pods. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/fuse.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/json_path.h"
#include "sim/volume.h"

#define DRIVER "gcsfuse.csi.storage.gke.io"

static const json_t *stored(const struct sim_pod *pod)
{
    return sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
}

/* Bucket of a volume of the Pod's spec, given there or by a claim; NULL when it is no bucket.
 * Borrowed. */
static const char *bucket_of_volume(const struct sim_pod *pod, const json_t *volume)
{
    const char *claim = sim_json_text(volume, "persistentVolumeClaim.claimName");
    if (tg_str_eq(sim_json_text(volume, "csi.driver"), DRIVER)) {
        return sim_json_text(volume, "csi.volumeAttributes.bucketName");
    }
    const json_t *bound =
        claim[0] == '\0' ? NULL : sim_volume_of_claim(pod->region, pod->ns, claim);
    return tg_str_eq(sim_json_text(bound, "spec.csi.driver"), DRIVER)
               ? sim_json_text(bound, "spec.csi.volumeHandle")
               : NULL;
}

/* Bucket of the Pod's volume of that name; NULL when it is no bucket. Borrowed. */
static const char *bucket_of(const struct sim_pod *pod, const json_t *object, const char *name)
{
    size_t i;
    json_t *volume;
    json_array_foreach(sim_json_at(object, "spec.volumes"), i, volume)
    {
        if (tg_str_eq(sim_json_text(volume, "name"), name)) {
            return bucket_of_volume(pod, volume);
        }
    }
    return NULL;
}

const char *sim_fuse_bucket(const struct sim_pod *pod, const char *container, const char *path,
                            const char **prefix)
{
    const json_t *object = stored(pod);
    size_t i;
    json_t *spec;
    json_array_foreach(sim_json_at(object, "spec.containers"), i, spec)
    {
        size_t m;
        json_t *mount;
        if (!tg_str_eq(sim_json_text(spec, "name"), container)) {
            continue;
        }
        json_array_foreach(json_object_get(spec, "volumeMounts"), m, mount)
        {
            const char *at = sim_json_text(mount, "mountPath");
            size_t len = strlen(at);
            const char *bucket = bucket_of(pod, object, sim_json_text(mount, "name"));
            if (bucket != NULL && len > 0 && tg_str_has_prefix(path, at) &&
                (path[len] == '\0' || path[len] == '/')) {
                *prefix = path + len + (path[len] == '/' ? 1 : 0);
                return bucket;
            }
        }
    }
    return NULL;
}

/* ---- mounts that fail ---- */

/* The Google service account that the Pod's account stands for, "" when it stands for none.
 * Borrowed. */
static const char *email_of(struct sim_pod *pod, const char *account)
{
    const json_t *object = sim_store_get(
        pod->region->store, sim_world_kinds(pod->world)->service_account, pod->ns, account);
    const char *email = json_string_value(json_object_get(
        sim_json_at(object, "metadata.annotations"), "iam.gke.io/gcp-service-account"));
    return email == NULL ? "" : email;
}

static bool explain(enum sim_cloud_access access, const char *volume, const char *bucket,
                    const char *email, char *message, size_t size)
{
    int len = snprintf(message, size,
                       "MountVolume.SetUp failed for volume \"%.60s\" : rpc error: ", volume);
    char *rest = message + len;
    tg_assert(len > 0 && (size_t)len < size);
    size -= (size_t)len;
    switch (access) {
    case SIM_ACCESS_OK:
        return false;
    case SIM_ACCESS_NO_IDENTITY:
        snprintf(rest, size,
                 "code = Unauthenticated desc = failed to prepare storage service: storage service "
                 "manager failed to "
                 "setup service: rpc error: code = PermissionDenied desc = IAM returned 403 "
                 "Forbidden: Permission "
                 "'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).");
        return true;
    case SIM_ACCESS_DENIED:
        snprintf(
            rest, size,
            "code = PermissionDenied desc = failed to get GCS bucket \"%.80s\": googleapi: Error "
            "403: %.120s does "
            "not have storage.objects.list access to the Google Cloud Storage bucket. Permission "
            "'storage.objects.list' denied on resource (or it may not exist)., forbidden",
            bucket, email);
        return true;
    case SIM_ACCESS_NO_BUCKET:
        snprintf(rest, size,
                 "code = NotFound desc = failed to get GCS bucket \"%.80s\": storage: bucket "
                 "doesn't exist",
                 bucket);
        return true;
    }
    TG_UNREACHABLE("no other access");
}

bool sim_fuse_mount_error(struct sim_pod *pod, char *message, size_t size)
{
    const json_t *object = stored(pod);
    const char *account = sim_json_text(object, "spec.serviceAccountName");
    size_t i;
    json_t *volume;
    json_array_foreach(sim_json_at(object, "spec.volumes"), i, volume)
    {
        const char *name = sim_json_text(volume, "name");
        const char *bucket = bucket_of_volume(pod, volume);
        if (bucket == NULL) {
            continue;
        }
        if (!pod->containers[0].is_sidecar) {
            snprintf(message, size,
                     "MountVolume.SetUp failed for volume \"%.60s\" : rpc error: code = "
                     "FailedPrecondition desc = "
                     "failed to find the sidecar container in Pod spec",
                     name);
            return true;
        }
        const char *email = email_of(pod, account);
        enum sim_cloud_access access =
            sim_cloud_bucket_access(pod->world, bucket, pod->ns, account, email);
        if (explain(access, name, bucket, email, message, size)) {
            return true;
        }
    }
    return false;
}
