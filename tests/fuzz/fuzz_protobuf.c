/* fuzz/fuzz_protobuf.c - request bodies in Kubernetes' protobuf encoding. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/k8s_protobuf.h"
#include "sim/k8s_strict.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    json_t *object = sim_protobuf_decode((const char *)data, size, &err);
    const struct sim_resource *pods = sim_resource_find("", "v1", "pods");
    if (object != NULL) {
        sim_k8s_check_fields(pods, object, true, &err);
        free(json_dumps(object, 0));
    }
    json_decref(object);
    return 0;
}
