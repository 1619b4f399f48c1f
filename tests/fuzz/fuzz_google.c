/* fuzz/fuzz_google.c - what Google Cloud and a model server's /metrics answer, as the console reads
 * it: first byte the form of the answer, second byte the kind of a page.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/gcp.h"
#include "codec/gcp_answer.h"
#include "codec/metrics.h"
#include "codec/weights.h"
#include "tests/fuzz/fuzz.h"

#define GROUPS_MAX 8

static void list_fini(struct tg_k8s_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tg_obj_unref(list->items[i]);
    }
    free(list->items);
    free(list->continue_token);
}

static void read_page(enum tg_kind kind, const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_list list;
    if (tg_gcp_decode_page(kind, bytes, size, &list, &err)) {
        list_fini(&list);
    }
}

/* The groups of a list of backend services, and the same bytes as the health of each. */
static void read_groups(const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_gcp_group groups[GROUPS_MAX];
    size_t count = tg_gcp_decode_groups(bytes, size, groups, GROUPS_MAX, &err);
    for (size_t i = 0; i < count; i++) {
        free(groups[i].service);
        free(groups[i].group);
    }
}

static void read_health(const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    char service[] = "s";
    char group[] = "https://www.googleapis.com/compute/v1/projects/p/zones/z/networkEndpointGroups/"
                   "g";
    struct tg_gcp_group one = {.service = service, .group = group};
    struct tg_k8s_list list = {0};
    tg_gcp_decode_health(&one, bytes, size, &list, &err);
    list_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *bytes = (const char *)data + 2;
    struct tg_err err = TG_ERR_INIT;
    struct tg_replica_metrics metrics;
    struct tg_bucket_contents contents;
    int shards;
    int64_t shard_bytes;
    switch (data[0] % 6) {
    case 0:
        tg_gcp_decode_error(403, bytes, size - 2, &err);
        break;
    case 1:
        read_groups(bytes, size - 2);
        break;
    case 2:
        read_health(bytes, size - 2);
        break;
    case 3:
        tg_weights_decode_objects(bytes, size - 2, &contents, &err);
        tg_weights_decode_index(bytes, size - 2, &shards, &shard_bytes, &err);
        break;
    case 4:
        tg_metrics_decode(bytes, size - 2, &metrics);
        break;
    default:
        read_page(TG_KIND_GCP_PROJECT + data[1] % (TG_KIND_COUNT - TG_KIND_GCP_PROJECT), bytes,
                  size - 2);
        break;
    }
    return 0;
}
