/* sim/downloader.c - the lab's download script. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/downloader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/fuse.h"
#include "sim/hub.h"
#include "sim/json_path.h"
#include "sim/params.h"

#define REPOSITORY SIM_HUB_MODEL
#define FOLDER     "/data/gemma-weights"
#define BAR_WIDTH  10

struct sim_downloader {
    struct sim_pod *pod;
    int file; /* under way; -1 while packages are installed */
    bool is_refused;
    int64_t start_us; /* of the first file */
    uint64_t event;
};

bool sim_downloader_is_meant(const json_t *container)
{
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(container, "command"), i, word)
    {
        if (json_is_string(word) && strstr(json_string_value(word), "snapshot_download") != NULL) {
            return true;
        }
    }
    return false;
}

static void step(struct sim_world *world, void *data);

static void step_in(struct sim_downloader *downloader, int64_t delay_us)
{
    struct sim_world *world = downloader->pod->world;
    downloader->event = sim_world_at(world, sim_world_now_us(world) + delay_us, SIM_PRIORITY_NODE,
                                     step, downloader, NULL);
}

static const json_t *stored(const struct sim_pod *pod)
{
    return sim_store_get(pod->region->store, sim_world_kinds(pod->world)->pod, pod->ns, pod->name);
}

/* Would the hub take the token in the container's environment? */
static bool is_token_good(const struct sim_pod *pod)
{
    const json_t *container = json_array_get(sim_json_at(stored(pod), "spec.containers"), 0);
    size_t i;
    json_t *variable;
    json_array_foreach(json_object_get(container, "env"), i, variable)
    {
        const char *secret = sim_json_text(variable, "valueFrom.secretKeyRef.name");
        const char *key = sim_json_text(variable, "valueFrom.secretKeyRef.key");
        if (!tg_str_eq(sim_json_text(variable, "name"), "HF_TOKEN")) {
            continue;
        }
        if (secret[0] == '\0') {
            const char *value = sim_json_text(variable, "value");
            return sim_hub_lets_read(pod->world, value, strlen(value));
        }
        const json_t *object =
            sim_store_get(pod->region->store, sim_world_kinds(pod->world)->secret, pod->ns, secret);
        const char *base64 =
            json_string_value(json_object_get(json_object_get(object, "data"), key));
        size_t len = 0;
        char *token = base64 == NULL ? NULL : tg_base64_decode(base64, strlen(base64), &len);
        bool is_good = token != NULL && sim_hub_lets_read(pod->world, token, len);
        free(token);
        return is_good;
    }
    return false;
}

struct sim_downloader *sim_downloader_start(struct sim_pod *pod)
{
    struct sim_downloader *downloader = TG_NEW(struct sim_downloader);
    downloader->pod = pod;
    downloader->file = -1;
    struct sim_log *log = sim_pod_main(pod)->log;
    sim_log_line(log, "Collecting huggingface_hub");
    sim_log_line(log, "  Downloading huggingface_hub-0.35.3-py3-none-any.whl.metadata (14 kB)");
    step_in(downloader, sim_draw_duration(pod->world, pod->entity, "pip",
                                          &sim_world_params(pod->world)->download_setup));
    return downloader;
}

void sim_downloader_free(struct sim_downloader *downloader)
{
    if (downloader != NULL) {
        sim_world_cancel(downloader->pod->world, downloader->event);
        free(downloader);
    }
}

/* tqdm's line: "Fetching 15 files:  40%|████      | 6/15 [02:33<03:49, 25.51s/it]". */
static void progress(const struct sim_downloader *downloader)
{
    int count = sim_cloud_weights_count();
    int done = downloader->file;
    int64_t seconds =
        (sim_world_now_us(downloader->pod->world) - downloader->start_us) / TG_US_PER_S;
    struct tg_buf bar;
    tg_buf_init(&bar, BAR_WIDTH * 3 + 1);
    for (int i = 0; i < BAR_WIDTH; i++) {
        tg_buf_puts(&bar, i < done * BAR_WIDTH / count ? "\xe2\x96\x88" : " ");
    }
    char rest[48] = "?, ?it/s";
    if (done > 0) {
        int64_t left = seconds * (count - done) / done;
        snprintf(rest, sizeof rest, "%02" PRId64 ":%02" PRId64 ", %5.2fs/it", left / 60, left % 60,
                 (double)seconds / done);
    }
    sim_log_line(sim_pod_main(downloader->pod)->log,
                 "Fetching %d files: %3d%%|%s| %d/%d [%02" PRId64 ":%02" PRId64 "<%s]", count,
                 done * 100 / count, tg_buf_text(&bar), done, count, seconds / 60, seconds % 60,
                 rest);
    tg_buf_fini(&bar);
}

static void refuse(struct sim_log *log)
{
    static const char *const lines[] = {
        "Traceback (most recent call last):",
        "  File \"/usr/local/lib/python3.11/site-packages/huggingface_hub/utils/_http.py\", line "
        "409, in "
        "hf_raise_for_status",
        "    response.raise_for_status()",
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: "
        "https://huggingface.co/api/models/" REPOSITORY "/revision/main",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        "  File \"<string>\", line 1, in <module>",
        "huggingface_hub.errors.GatedRepoError: 401 Client Error. (Request ID: Root=1-simulated)",
        "",
        "Cannot access gated repo for url https://huggingface.co/api/models/" REPOSITORY
        "/revision/main.",
        "Access to model " REPOSITORY
        " is restricted. You must have access to it and be authenticated to access it. "
        "Please log in.",
    };
    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        sim_log_line(log, "%s", lines[i]);
    }
}

/* The script's last line comes whatever happened before it. */
static void finish(struct sim_downloader *downloader)
{
    struct sim_pod *pod = downloader->pod;
    sim_log_line(sim_pod_main(pod)->log, "Download complete! Safe to proceed.");
    sim_kubelet_exited(pod, 0);
}

static int64_t file_us(const struct sim_downloader *downloader)
{
    char name[64];
    int64_t size = 0;
    const struct sim_params *params = sim_world_params(downloader->pod->world);
    int64_t rate = params->download_bytes_per_s;
    sim_cloud_weights_file(downloader->file, name, &size);
    return rate > 0 ? (int64_t)((double)size / (double)rate * 1e6) + params->download_file_us
                    : TG_US_PER_S;
}

static void begin(struct sim_downloader *downloader)
{
    struct sim_log *log = sim_pod_main(downloader->pod)->log;
    sim_log_line(
        log, "Successfully installed certifi-2025.10.5 charset_normalizer-3.4.3 filelock-3.20.0 "
             "fsspec-2025.9.0 hf-xet-1.1.10 huggingface_hub-0.35.3 idna-3.10 packaging-25.0 "
             "pyyaml-6.0.3 "
             "requests-2.32.5 tqdm-4.67.1 typing-extensions-4.15.0 urllib3-2.5.0");
    sim_log_line(log, "Downloading Gemma 3 directly to GCS bucket...");
    downloader->file = 0;
    downloader->start_us = sim_world_now_us(downloader->pod->world);
    downloader->is_refused = !is_token_good(downloader->pod);
    if (downloader->is_refused) {
        step_in(downloader, sim_world_params(downloader->pod->world)->download_refused_us);
        return;
    }
    progress(downloader);
    step_in(downloader, file_us(downloader));
}

static void store_file(struct sim_downloader *downloader)
{
    struct sim_pod *pod = downloader->pod;
    char name[64];
    int64_t size = 0;
    const char *prefix = "";
    const char *bucket = sim_fuse_bucket(pod, sim_pod_main(pod)->name, FOLDER, &prefix);
    sim_cloud_weights_file(downloader->file, name, &size);
    if (bucket != NULL) {
        char *object = tg_asprintf("%s%s%s", prefix, prefix[0] == '\0' ? "" : "/", name);
        char *text = sim_cloud_weights_text(downloader->file);
        sim_cloud_object_put(pod->world, bucket, object, size, text);
        free(text);
        free(object);
    }
}

static void step(struct sim_world *world, void *data)
{
    struct sim_downloader *downloader = data;
    (void)world;
    downloader->event = 0;
    if (downloader->file < 0) {
        begin(downloader);
        return;
    }
    if (downloader->is_refused) {
        refuse(sim_pod_main(downloader->pod)->log);
        finish(downloader);
        return;
    }
    store_file(downloader);
    downloader->file++;
    progress(downloader);
    if (downloader->file < sim_cloud_weights_count()) {
        step_in(downloader, file_us(downloader));
    } else {
        finish(downloader);
    }
}
