/* sim/vllm_weights.c - does the model server find its weights in the bucket that is mounted there?
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/fuse.h"
#include "sim/json_path.h"
#include "sim/params.h"
#include "sim/vllm.h"

struct inventory {
    bool has_config;
    int64_t shards;
    size_t skip; /* of the names: the folder */
};

static bool add_to_inventory(void *context, const char *name, int64_t size)
{
    struct inventory *inventory = context;
    const char *file = name + inventory->skip;
    size_t len = strlen(file);
    (void)size;
    inventory->has_config = inventory->has_config || tg_str_eq(file, "config.json");
    bool is_shard = len > strlen(".safetensors") &&
                    tg_str_eq(file + len - strlen(".safetensors"), ".safetensors");
    inventory->shards += is_shard ? 1 : 0;
    return true;
}

/* False when the model's folder is no bucket: then what is in it is the image's own business. */
static bool take_inventory(struct sim_pod *pod, struct inventory *inventory)
{
    const char *folder = "";
    const char *bucket = sim_fuse_bucket(pod, sim_pod_main(pod)->name, SIM_MODEL, &folder);
    *inventory = (struct inventory){.skip = folder[0] == '\0' ? 0 : strlen(folder) + 1};
    if (bucket == NULL) {
        return false;
    }
    sim_cloud_object_each(pod->world, bucket, folder, add_to_inventory, inventory);
    return true;
}

bool sim_vllm_lacks_config(struct sim_vllm *vllm)
{
    struct sim_pod *pod = sim_vllm_pod(vllm);
    struct sim_log *log = sim_pod_main(pod)->log;
    struct inventory inventory;
    if (!take_inventory(pod, &inventory) || inventory.has_config) {
        return false;
    }
    sim_log_line(log, "Traceback (most recent call last):");
    sim_log_line(log, "  File \"<frozen runpy>\", line 198, in _run_module_as_main");
    sim_log_line(
        log,
        "ValueError: Invalid repository ID or local directory specified: '%s'. Please verify "
        "the following requirements:",
        SIM_MODEL);
    sim_log_line(log, "1. Provide a valid Hugging Face repository ID.");
    sim_log_line(log,
                 "2. Specify a local directory that contains a recognized configuration file.");
    sim_log_line(log, "   - For Hugging Face models: ensure the presence of a 'config.json'.");
    sim_log_line(log, "   - For Mistral models: ensure the presence of a 'params.json'.");
    sim_kubelet_exited(pod, 1);
    return true;
}

bool sim_vllm_lacks_shards(struct sim_vllm *vllm)
{
    struct sim_pod *pod = sim_vllm_pod(vllm);
    struct sim_log *log = sim_pod_main(pod)->log;
    struct inventory inventory;
    int64_t wanted = sim_world_params(pod->world)->vllm_shards;
    if (!take_inventory(pod, &inventory) || inventory.shards >= wanted) {
        return false;
    }
    sim_log_line(log, "ERROR [core.py:779] EngineCore failed to start.");
    sim_log_line(log, "Traceback (most recent call last):");
    if (inventory.shards == 0) {
        sim_log_line(log, "RuntimeError: Cannot find any model weights with `%s`", SIM_MODEL);
    } else {
        sim_log_line(log,
                     "FileNotFoundError: No such file or directory: \"%s/model-%05" PRId64
                     "-of-%05" PRId64 ".safetensors\"",
                     SIM_MODEL, inventory.shards + 1, wanted);
    }
    sim_log_line(log, "RuntimeError: Engine core initialization failed. See root cause "
                      "above. Failed core proc(s): {}");
    sim_kubelet_exited(pod, 1);
    return true;
}
