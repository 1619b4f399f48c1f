/* fuzz/fuzz_watch.c - what an API server answers, as the console reads it: first byte the kind,
 * second byte the form (a list's page, or a watch whose bytes come cut), then the answer.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>

#include "codec/json.h"
#include "codec/json_pick.h"
#include "codec/k8s.h"
#include "model/reduce.h"
#include "net/linesplit.h"
#include "tests/fuzz/fuzz.h"

#define LINE_MAX_BYTES 65536

struct reader {
    struct tg_model *model;
    enum tg_kind kind;
};

static void reduce(struct tg_model *model, struct tg_msg *msg, enum tg_kind kind)
{
    msg->resource = kind;
    tg_reduce(model, msg);
    tg_msg_free(msg);
}

static bool on_line(void *context, const char *text, size_t len, struct tg_err *err)
{
    struct reader *reader = context;
    struct tg_k8s_watch_line line;
    if (!tg_k8s_decode_watch_line(reader->kind, text, len, &line, err)) {
        return false;
    }
    if (line.obj != NULL) {
        bool is_gone = line.type == TG_K8S_DELETED;
        struct tg_msg *msg = tg_msg_new(is_gone ? TG_MSG_DELETE : TG_MSG_PUT, 0, 1);
        msg->as.obj = line.obj;
        reduce(reader->model, msg, reader->kind);
    }
    return true;
}

static void read_watch(struct reader *reader, const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_linesplit *split = tg_linesplit_new(LINE_MAX_BYTES);
    if (tg_linesplit_feed(split, bytes, size / 2, on_line, reader, &err) &&
        tg_linesplit_feed(split, bytes + size / 2, size - size / 2, on_line, reader, &err)) {
        tg_linesplit_finish(split, on_line, reader, &err);
    }
    tg_linesplit_free(split);
}

static void read_list(struct reader *reader, const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_k8s_list list;
    if (!tg_k8s_decode_list(reader->kind, bytes, size, &list, &err)) {
        return;
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_REPLACE, 0, 1);
    msg->as.replace.items = list.items;
    msg->as.replace.count = list.count;
    msg->as.replace.rejected = list.rejected;
    reduce(reader->model, msg, reader->kind);
    free(list.continue_token);
}

/* What is picked whole is what jansson's parser reads, and both refuse the same. */
static void compare_readers(const char *bytes, size_t size)
{
    json_t *read = json_loadb(bytes, size, JSON_ALLOW_NUL, NULL);
    json_t *picked = tg_json_pick(bytes, size, NULL, TG_JSON_DEPTH_MAX);
    /* jansson's own parser goes deeper */
    if (picked != NULL && (read == NULL || !json_equal(read, picked))) {
        abort();
    }
    json_decref(read);
    json_decref(picked);
}

/* The answers that are no objects to keep: an error, a review, an object as text. */
static void read_others(const char *bytes, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    tg_k8s_decode_status(500, bytes, size, &err);
    tg_k8s_decode_allowed(bytes, size, &err);
    free(tg_k8s_text(bytes, size, &err));
    compare_readers(bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *bytes = (const char *)data + 2;
    struct reader reader = {.model = tg_model_new(), .kind = TG_KIND_NODE};
    tg_model_add_cluster(reader.model, "gke_p_z_c");
    reader.kind = (enum tg_kind)(data[0] % TG_KIND_GCP_PROJECT);
    if (data[1] % 4 == 0) {
        read_others(bytes, size - 2);
    } else if (data[1] % 2 == 0) {
        read_list(&reader, bytes, size - 2);
    } else {
        read_watch(&reader, bytes, size - 2);
    }
    tg_model_free(reader.model);
    return 0;
}
