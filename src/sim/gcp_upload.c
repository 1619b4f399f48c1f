/* sim/gcp_upload.c - bytes into Cloud Storage and out of it: the three kinds of upload, downloads
 * with ranges. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/gcp_http.h"
#include "sim/gcp_object.h"
#include "sim/gcp_store.h"
#include "sim/gcp_token.h"
#include "sim/json_path.h"
#include "sim/query.h"

#define WHOLE_MAX ((int64_t)4 * 1024 * 1024) /* larger answers are streamed */

/* ---- uploads at once ---- */

static json_t *written(struct sim_gcp_call *call, struct sim_object_write *write)
{
    const json_t *before = sim_gcp_find(call->world, "object/%s/%s", write->bucket, write->name);
    json_t *refusal = sim_gcp_storage_refuse(call, before);
    if (refusal != NULL) {
        return refusal;
    }
    const json_t *document = sim_gcp_object_write(call->world, write);
    return document == NULL ? sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                                            "Invalid object name: '%.100s'", write->name)
                            : sim_gcp_shown(document);
}

static json_t *upload_media(struct sim_gcp_call *call, const char *bucket)
{
    const struct sim_request *request = call->request;
    json_t *metadata = json_pack("{s:s}", "contentType",
                                 request->content_type[0] == '\0' ? "application/octet-stream"
                                                                  : request->content_type);
    struct sim_object_write write = {.bucket = bucket,
                                     .name = sim_query_text(call->params, "name"),
                                     .metadata = metadata,
                                     .size = (int64_t)request->body_len,
                                     .bytes = request->body};
    sim_gcp_object_sum(&write, request->body, request->body_len);
    json_t *answer = written(call, &write);
    json_decref(metadata);
    return answer;
}

static json_t *upload_multipart(struct sim_gcp_call *call, const char *bucket)
{
    const struct sim_request *request = call->request;
    const char *at = request->body;
    size_t left = request->body_len;
    struct sim_gcp_part head;
    struct sim_gcp_part body;
    if (!sim_gcp_next_part(request->content_type, &at, &left, &head) ||
        !sim_gcp_next_part(request->content_type, &at, &left, &body)) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT",
                             "Multipart body must have a metadata part and a media part.");
    }
    char type[160];
    sim_gcp_part_header(&body, "Content-Type", type, sizeof type);
    json_t *metadata = json_loadb(head.body, head.body_len, 0, NULL);
    metadata = json_is_object(metadata) ? metadata : json_object();
    if (type[0] != '\0') {
        sim_json_default(metadata, "contentType", json_string(type));
    }
    const char *name = sim_json_text(metadata, "name");
    struct sim_object_write write = {.bucket = bucket,
                                     .name = name[0] == '\0' ? sim_query_text(call->params, "name")
                                                             : name,
                                     .metadata = metadata,
                                     .size = (int64_t)body.body_len,
                                     .bytes = body.body};
    sim_gcp_object_sum(&write, body.body, body.body_len);
    json_t *answer = written(call, &write);
    json_decref(metadata);
    return answer;
}

/* ---- resumable uploads ---- */

static json_t *begin_resumable(struct sim_gcp_call *call, const char *bucket)
{
    const struct sim_request *request = call->request;
    json_t *metadata = request->body_len == 0
                           ? json_object()
                           : json_loadb(request->body, request->body_len, 0, NULL);
    if (!json_is_object(metadata)) {
        json_decref(metadata);
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.");
    }
    if (request->upload_type != NULL && request->upload_type[0] != '\0') {
        sim_json_default(metadata, "contentType", json_string(request->upload_type));
    }
    const char *name = sim_query_text(call->params, "name");
    const char *given = sim_json_text(metadata, "name");
    name = name[0] == '\0' ? given : name;
    json_t *refusal =
        sim_gcp_storage_refuse(call, sim_gcp_find(call->world, "object/%s/%s", bucket, name));
    if (refusal != NULL || name[0] == '\0') {
        json_decref(metadata);
        return refusal != NULL ? refusal : sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Required");
    }
    char id[40];
    snprintf(id, sizeof id, "%016" PRIx64, sim_world_draw(call->world, "cloud", "upload"));
    char *path = tg_asprintf("upload/%s", id);
    sim_gcp_put(call->world, path,
                json_pack("{s:s,s:s,s:O,s:I,s:I,s:s}", "bucket", bucket, "name", name, "metadata",
                          metadata, "received", (json_int_t)0, "crc", (json_int_t)0, "bytes", ""));
    char root[256];
    tg_str_copy(root, sizeof root, sim_gcp_token_url(call->world));
    char *end = strstr(root, "/token");
    if (end != NULL) {
        *end = '\0';
    }
    char *location = tg_asprintf("%s/upload/storage/v1/b/%s/o?uploadType=resumable&upload_id=%s",
                                 root, bucket, id);
    sim_response_add_header(call->response, "Location", location);
    sim_response_add_header(call->response, "X-GUploader-UploadID", id);
    call->response->status = 200;
    tg_str_copy(call->response->content_type, sizeof call->response->content_type,
                "text/plain; charset=utf-8");
    call->has_answered = true;
    free(location);
    free(path);
    json_decref(metadata);
    return NULL;
}

/* "bytes 0-99/200", or a star for either side: what is sent now, and of how much; -1 when it
 * does not say. False when it is none of them. */
static bool read_content_range(const char *text, int64_t *first, int64_t *total)
{
    long long from = 0;
    long long to = 0;
    *first = -1;
    *total = -1;
    if (!tg_str_has_prefix(text, "bytes ")) {
        return false;
    }
    text += strlen("bytes ");
    if (*text != '*') {
        if (sscanf(text, "%lld-%lld", &from, &to) != 2) {
            return false;
        }
        *first = from;
    }
    const char *slash = strchr(text, '/');
    return slash != NULL && (slash[1] == '*' || tg_str_to_int64(slash + 1, 0, INT64_MAX, total));
}

/* Tells how much has arrived. */
static json_t *resume(struct sim_gcp_call *call, const json_t *upload)
{
    int64_t received = sim_json_int(upload, "received", 0);
    if (received > 0) {
        char range[64];
        snprintf(range, sizeof range, "bytes=0-%" PRId64, received - 1);
        sim_response_add_header(call->response, "Range", range);
    }
    call->response->status = 308;
    tg_str_copy(call->response->content_type, sizeof call->response->content_type,
                "text/plain; charset=utf-8");
    call->has_answered = true;
    return NULL;
}

static void load_md5(const json_t *upload, struct sim_md5 *md5)
{
    const char *text = sim_json_text(upload, "md5");
    size_t len = 0;
    char *bytes = tg_base64_decode(text, strlen(text), &len);
    sim_md5_begin(md5);
    if (bytes != NULL && len == sizeof *md5) {
        memcpy(md5, bytes, len);
    }
    free(bytes);
}

/* What arrived so far with the request's body at its end; a new document. */
static json_t *append(const json_t *upload, const struct sim_request *request)
{
    json_t *next = json_deep_copy(upload);
    int64_t received = sim_json_int(upload, "received", 0) + (int64_t)request->body_len;
    uint32_t crc =
        sim_crc32c((uint32_t)sim_json_int(upload, "crc", 0), request->body, request->body_len);
    struct sim_md5 md5;
    load_md5(upload, &md5);
    sim_md5_add(&md5, request->body, request->body_len);
    char *state = tg_base64_encode(&md5, sizeof md5);
    json_object_set_new(next, "md5", json_string(state));
    free(state);
    json_object_set_new(next, "received", json_integer((json_int_t)received));
    json_object_set_new(next, "crc", json_integer((json_int_t)crc));
    const char *kept = sim_json_text(upload, "bytes");
    if ((size_t)received > SIM_OBJECT_KEPT_MAX) {
        json_object_set_new(next, "bytes", json_string(""));
        return next;
    }
    struct tg_buf all;
    size_t len = 0;
    char *before = tg_base64_decode(kept, strlen(kept), &len);
    tg_buf_init(&all, SIM_OBJECT_KEPT_MAX + 1);
    tg_buf_append(&all, before, len);
    tg_buf_append(&all, request->body, request->body_len);
    char *text = tg_base64_encode(tg_buf_text(&all), all.len);
    json_object_set_new(next, "bytes", json_string(text));
    free(text);
    free(before);
    tg_buf_fini(&all);
    return next;
}

static json_t *finish_resumable(struct sim_gcp_call *call, const json_t *upload)
{
    int64_t size = sim_json_int(upload, "received", 0);
    const char *kept = sim_json_text(upload, "bytes");
    size_t len = 0;
    char *bytes = tg_base64_decode(kept, strlen(kept), &len);
    struct sim_object_write write = {.bucket = sim_json_text(upload, "bucket"),
                                     .name = sim_json_text(upload, "name"),
                                     .metadata = json_object_get(upload, "metadata"),
                                     .size = size,
                                     .bytes = (int64_t)len == size ? bytes : NULL,
                                     .crc32c = (uint32_t)sim_json_int(upload, "crc", 0),
                                     .has_checksums = true};
    struct sim_md5 md5;
    load_md5(upload, &md5);
    sim_md5_end(&md5, write.md5);
    json_t *answer = written(call, &write);
    free(bytes);
    return answer;
}

static json_t *continue_resumable(struct sim_gcp_call *call, const char *id)
{
    const struct sim_request *request = call->request;
    const char *range = request->content_range == NULL ? "" : request->content_range;
    char *path = tg_asprintf("upload/%s", id);
    const json_t *upload = sim_gcp_find(call->world, "%s", path);
    int64_t first = 0;
    int64_t total = (int64_t)request->body_len;
    json_t *answer = NULL;
    if (upload == NULL) {
        free(path);
        return sim_gcp_error(call, 404, "NOT_FOUND", "Upload %s was not found.", id);
    }
    if (tg_str_eq(call->method, "DELETE")) {
        *call->status = 499; /* what Cloud Storage says to a cancelled upload */
        answer = json_object();
        sim_gcp_drop(call->world, path);
    } else if (range[0] != '\0' && !read_content_range(range, &first, &total)) {
        answer =
            sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Failed to parse Content-Range header.");
    } else if (first >= 0 && first != sim_json_int(upload, "received", 0)) {
        answer = sim_gcp_error(call, 503, "UNAVAILABLE",
                               "The first byte sent is not the next one that is expected.");
    } else {
        if (request->body_len > 0) {
            sim_gcp_put(call->world, path, append(upload, request));
            upload = sim_gcp_find(call->world, "%s", path);
        }
        if (total >= 0 && sim_json_int(upload, "received", 0) >= total) {
            answer = finish_resumable(call, upload);
            sim_gcp_drop(call->world, path);
        } else {
            resume(call, upload);
        }
    }
    free(path);
    return answer;
}

json_t *sim_gcp_upload(struct sim_gcp_call *call, const char *bucket)
{
    const char *type = sim_query_text(call->params, "uploadType");
    const char *id = sim_query_text(call->params, "upload_id");
    if (call->response == NULL) {
        return NULL; /* parts of a batch upload nothing */
    }
    if (id[0] != '\0') {
        return continue_resumable(call, id);
    }
    if (tg_str_eq(type, "resumable")) {
        return begin_resumable(call, bucket);
    }
    return tg_str_eq(type, "multipart") ? upload_multipart(call, bucket)
                                        : upload_media(call, bucket);
}

/* ---- downloads ---- */

/* Bytes that are made up: the same each time, for whoever reads a part of them. */
struct made_up {
    struct sim_stream stream;
    uint64_t seed;
    const char *text; /* NULL: bytes */
    int64_t at;
    int64_t end;
};

static char made_up_byte(uint64_t seed, int64_t at)
{
    uint64_t word = (seed + (uint64_t)(at / 8)) * UINT64_C(0x9e3779b97f4a7c15);
    word ^= word >> 29;
    return (char)(word >> (8 * (at % 8)));
}

/* Text that a made-up object of JSON begins with; the rest of it is blanks. */
static const char *text_of(const char *name)
{
    const char *last = sim_gcp_last(name);
    if (!tg_str_has_suffix(last, ".json")) {
        return NULL;
    }
    return tg_str_eq(last, "config.json")
               ? "{\n  \"architectures\": [\"Gemma3ForConditionalGeneration\"],\n  \"model_type\": "
                 "\"gemma3\",\n  \"torch_dtype\": \"bfloat16\",\n  \"text_config\": {\n"
                 "    \"hidden_size\": 5376,\n    \"num_hidden_layers\": 62,\n"
                 "    \"num_attention_heads\": 32,\n    \"num_key_value_heads\": 16,\n"
                 "    \"sliding_window\": 1024\n  },\n  \"simulated\": true\n}\n"
               : "{\"simulated\": true}\n";
}

static char made_up_at(const char *text, uint64_t seed, int64_t at)
{
    if (text == NULL) {
        return made_up_byte(seed, at);
    }
    return at < (int64_t)strlen(text) ? text[at] : ' ';
}

static size_t read_made_up(struct sim_stream *stream, char *out, size_t size, bool *is_end)
{
    struct made_up *made_up = (struct made_up *)stream;
    size_t len = 0;
    while (len < size && made_up->at < made_up->end) {
        out[len++] = made_up_at(made_up->text, made_up->seed, made_up->at);
        made_up->at++;
    }
    *is_end = made_up->at >= made_up->end;
    return len;
}

static void free_made_up(struct sim_stream *stream)
{
    free(stream);
}

/* "bytes=5-9", "bytes=5-", "bytes=-5" within size; false when it is none or lies outside. */
static bool read_range(const char *text, int64_t size, int64_t *first, int64_t *end)
{
    long long from = 0;
    long long to = 0;
    if (!tg_str_has_prefix(text, "bytes=") || strchr(text, ',') != NULL) {
        return false;
    }
    text += strlen("bytes=");
    if (*text == '-') {
        if (sscanf(text + 1, "%lld", &from) != 1) {
            return false;
        }
        *first = from >= size ? 0 : size - from;
        *end = size;
        return size > 0;
    }
    int count = sscanf(text, "%lld-%lld", &from, &to);
    if (count < 1 || from < 0) {
        return false;
    }
    *first = from;
    *end = count == 2 && to < size - 1 ? to + 1 : size;
    return from<size && * end> from;
}

static void put_bytes(struct sim_response *response, const json_t *object, int64_t first,
                      int64_t end)
{
    size_t len = 0;
    const char *kept = sim_json_text(object, "_bytes");
    uint64_t seed = tg_hash_str(sim_json_text(object, "name"));
    const char *text = text_of(sim_json_text(object, "name"));
    if (kept[0] != '\0') {
        char *bytes = tg_base64_decode(kept, strlen(kept), &len);
        tg_assert(bytes != NULL && end <= (int64_t)len);
        tg_buf_append(&response->body, bytes + first, (size_t)(end - first));
        free(bytes);
    } else if (end - first <= WHOLE_MAX) {
        for (int64_t i = first; i < end; i++) {
            tg_buf_putc(&response->body, made_up_at(text, seed, i));
        }
    } else {
        struct made_up *made_up = TG_NEW(struct made_up);
        made_up->stream.read = read_made_up;
        made_up->stream.free = free_made_up;
        made_up->seed = seed;
        made_up->text = text;
        made_up->at = first;
        made_up->end = end;
        response->stream = &made_up->stream;
    }
}

json_t *sim_gcp_download(struct sim_gcp_call *call, const json_t *object)
{
    struct sim_response *response = call->response;
    int64_t size = 0;
    if (response == NULL) {
        return sim_gcp_error(call, 400, "INVALID_ARGUMENT", "Media cannot be read in a batch.");
    }
    tg_str_to_int64(sim_json_text(object, "size"), 0, INT64_MAX, &size);
    int64_t first = 0;
    int64_t end = size;
    const char *range = call->request->range == NULL ? "" : call->request->range;
    response->status = 200;
    if (range[0] != '\0') {
        if (!read_range(range, size, &first, &end)) {
            return sim_gcp_error(call, 416, "OUT_OF_RANGE", "Request range not satisfiable");
        }
        char text[96];
        snprintf(text, sizeof text, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first, end - 1, size);
        sim_response_add_header(response, "Content-Range", text);
        response->status = 206;
    }
    const char *crc = sim_json_text(object, "crc32c");
    if (crc[0] != '\0') {
        char text[40];
        snprintf(text, sizeof text, "crc32c=%.16s", crc);
        sim_response_add_header(response, "X-Goog-Hash", text);
    }
    sim_response_add_header(response, "X-Goog-Generation", sim_json_text(object, "generation"));
    tg_str_copy(response->content_type, sizeof response->content_type,
                sim_json_text(object, "contentType"));
    put_bytes(response, object, first, end);
    call->has_answered = true;
    return NULL;
}
