/* tests/unit/sim/test_gcp_storage.c - objects: uploaded three ways, read in parts, guarded,
 * restored. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "tests/unit/sim/gcp_rig.h"

#define BUCKET  "/storage/v1/b/demo-4711-gemma-weights"
#define UPLOADS "/upload/storage/v1/b/demo-4711-gemma-weights/o"

static json_t *upload(struct sim_world *world, const char *target, const char *type,
                      const char *body, int expected)
{
    struct sim_request request = {
        .method = "POST", .content_type = type, .body = body, .body_len = strlen(body)};
    struct sim_response response = rig_http(world, request, target);
    cr_expect_eq(response.status, expected, "%s: %d", target, response.status);
    return rig_json(&response);
}

static void expect_bytes(struct sim_world *world, const char *target, const char *range, int status,
                         const char *bytes)
{
    struct sim_response response = rig_http(world, (struct sim_request){.range = range}, target);
    cr_expect_eq(response.status, status, "%s %s: %d", target, range, response.status);
    cr_expect_str_eq(tg_buf_text(&response.body), bytes);
    sim_response_fini(&response);
}

Test(gcp_storage, media_and_multipart_keep_the_bytes_and_their_checksum)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *object =
        upload(world, UPLOADS "?uploadType=media&name=a/b.txt", "text/plain", "123456789", 200);
    cr_expect_str_eq(sim_json_text(object, "size"), "9");
    cr_expect_str_eq(sim_json_text(object, "crc32c"), "4waSgw==", "CRC-32C of the nine digits");
    cr_expect_str_eq(sim_json_text(object, "md5Hash"), "JfnnlDI7RTiF9RgfG2JNCw==");
    cr_expect_str_eq(sim_json_text(object, "contentType"), "text/plain");
    json_decref(object);
    object = upload(world, UPLOADS "?uploadType=multipart", "multipart/related; boundary=\"=x=\"",
                    "--=x=\r\nContent-Type: application/json\r\n\r\n{\"name\": \"c.txt\"}\r\n"
                    "--=x=\r\nContent-Type: text/html\r\n\r\nhello\nyou\r\n--=x=--",
                    200);
    cr_expect_str_eq(sim_json_text(object, "name"), "c.txt");
    cr_expect_str_eq(sim_json_text(object, "contentType"), "text/html");
    json_decref(object);
    expect_bytes(world, BUCKET "/o/a%2Fb.txt?alt=media", NULL, 200, "123456789");
    expect_bytes(world, "/download" BUCKET "/o/c.txt?alt=media", NULL, 200, "hello\nyou");
    expect_bytes(world, BUCKET "/o/a%2Fb.txt?alt=media", "bytes=2-4", 206, "345");
    expect_bytes(world, BUCKET "/o/a%2Fb.txt?alt=media", "bytes=-2", 206, "89");
    struct sim_response response =
        rig_http(world, (struct sim_request){.range = "bytes=9-"}, BUCKET "/o/a%2Fb.txt?alt=media");
    cr_expect_eq(response.status, 416);
    sim_response_fini(&response);
    sim_world_free(world);
}

static struct sim_response put_part(struct sim_world *world, const char *location,
                                    const char *range, const char *body)
{
    struct sim_request request = {
        .method = "PUT", .content_range = range, .body = body, .body_len = strlen(body)};
    return rig_http(world, request, location);
}

Test(gcp_storage, a_resumable_upload_goes_on_where_it_stopped)
{
    struct sim_world *world = rig_world(1, 2, true);
    struct sim_request request = {.method = "POST",
                                  .upload_type = "text/plain",
                                  .body = "{\"name\":\"big\"}",
                                  .body_len = strlen("{\"name\":\"big\"}")};
    struct sim_response response = rig_http(world, request, UPLOADS "?uploadType=resumable");
    cr_expect_eq(response.status, 200);
    char target[256];
    snprintf(target, sizeof target, "%s", strstr(rig_header(&response, "Location"), "/upload/"));
    sim_response_fini(&response);

    response = put_part(world, target, "bytes 0-2/6", "abc");
    cr_expect_eq(response.status, 308);
    cr_expect_str_eq(rig_header(&response, "Range"), "bytes=0-2");
    sim_response_fini(&response);
    response = put_part(world, target, "bytes */6", "");
    cr_expect_eq(response.status, 308, "asked how far it is");
    cr_expect_str_eq(rig_header(&response, "Range"), "bytes=0-2");
    sim_response_fini(&response);
    response = put_part(world, target, "bytes 0-2/6", "abc");
    cr_expect_eq(response.status, 503, "those bytes are here already");
    sim_response_fini(&response);
    response = put_part(world, target, "bytes 3-5/6", "def");
    cr_expect_eq(response.status, 200);
    json_t *object = rig_json(&response);
    cr_expect_str_eq(sim_json_text(object, "size"), "6");
    cr_expect_str_eq(sim_json_text(object, "md5Hash"), "6AtQFwmJUPxYqtg8jBSXjg==", "of all parts");
    cr_expect_str_eq(sim_json_text(object, "contentType"), "text/plain");
    json_decref(object);
    expect_bytes(world, BUCKET "/o/big?alt=media", NULL, 200, "abcdef");
    response = put_part(world, target, "bytes */6", "");
    cr_expect_eq(response.status, 404, "it is over");
    sim_response_fini(&response);
    sim_world_free(world);
}

Test(gcp_storage, large_objects_have_made_up_bytes_that_do_not_change)
{
    struct sim_world *world = rig_world(1, 2, true);
    const char *target = BUCKET "/o/model-00001-of-00012.safetensors?alt=media";
    struct sim_response whole =
        rig_http(world, (struct sim_request){.range = "bytes=1000-1063"}, target);
    struct sim_response part =
        rig_http(world, (struct sim_request){.range = "bytes=1005-1008"}, target);
    cr_expect_eq(whole.body.len, 64);
    cr_expect_eq(memcmp(whole.body.data + 5, part.body.data, 4), 0);
    cr_expect_str_eq(rig_header(&part, "Content-Range"), "bytes 1005-1008/4954792944");
    sim_response_fini(&whole);
    sim_response_fini(&part);
    struct sim_response stream = rig_http(world, (struct sim_request){0}, target);
    cr_expect_not_null(stream.stream, "five gigabytes are streamed");
    sim_response_fini(&stream);
    sim_world_free(world);
}

Test(gcp_storage, preconditions_guard_writes)
{
    struct sim_world *world = rig_world(1, 2, true);
    json_t *object =
        upload(world, UPLOADS "?uploadType=media&name=x&ifGenerationMatch=0", "a/b", "1", 200);
    char *generation = strdup(sim_json_text(object, "generation"));
    json_decref(object);
    json_t *refused =
        upload(world, UPLOADS "?uploadType=media&name=x&ifGenerationMatch=0", "a/b", "2", 412);
    cr_expect_str_eq(rig_reason(refused), "conditionNotMet");
    json_decref(refused);
    char target[256];
    snprintf(target, sizeof target, UPLOADS "?uploadType=media&name=x&ifGenerationMatch=%s",
             generation);
    json_decref(upload(world, target, "a/b", "3", 200));
    rig_do(world, "DELETE", BUCKET "/o/x?ifMetagenerationMatch=7", NULL, 412);
    rig_do(world, "DELETE", BUCKET "/o/x", NULL, 204);
    free(generation);
    sim_world_free(world);
}

Test(gcp_storage, what_is_deleted_can_be_restored_for_a_week)
{
    struct sim_world *world = rig_world(1, 2, true);
    char *generation = rig_text(world, BUCKET "/o/config.json", "generation");
    rig_do(world, "DELETE", BUCKET "/o/config.json", NULL, 204);
    rig_do(world, "GET", BUCKET "/o/config.json", NULL, 404);
    cr_expect_eq(rig_count(world, BUCKET "/o", "items"), 14);
    cr_expect_eq(rig_count(world, BUCKET "/o?softDeleted=true", "items"), 1);
    char target[256];
    snprintf(target, sizeof target, BUCKET "/o/config.json/restore?generation=%s", generation);
    rig_do(world, "POST", target, NULL, 200);
    cr_expect_eq(rig_count(world, BUCKET "/o", "items"), 15);
    rig_do(world, "DELETE", BUCKET "/o/config.json", NULL, 204);
    rig_run(world, (int64_t)8 * 86400);
    cr_expect_eq(rig_count(world, BUCKET "/o?softDeleted=true", "items"), 0);
    free(generation);
    sim_world_free(world);
}

Test(gcp_storage, folders_and_pages)
{
    struct sim_world *world = rig_world(1, 2, true);
    static const char *const names[] = {"d/1", "d/2", "e/1", "z"};
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        char target[160];
        snprintf(target, sizeof target, UPLOADS "?uploadType=media&name=%s", names[i]);
        json_decref(upload(world, target, "a/b", "1", 200));
    }
    json_t *page = rig_ask(world, "GET", BUCKET "/o?delimiter=/&maxResults=2", NULL, 200);
    cr_expect_eq(sim_json_count(page, "items"), 1, "config.json");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(page, "prefixes"), 0)), "d/");
    char target[200];
    snprintf(target, sizeof target, BUCKET "/o?delimiter=/&maxResults=2&pageToken=%s",
             sim_json_text(page, "nextPageToken"));
    json_decref(page);
    page = rig_ask(world, "GET", target, NULL, 200);
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(page, "prefixes"), 0)), "e/",
                     "d/ is not told twice");
    json_decref(page);
    cr_expect_eq(rig_count(world, BUCKET "/o?prefix=d/", "items"), 2);
    rig_do(world, "DELETE", BUCKET, NULL, 409);
    rig_do(world, "POST", BUCKET "/o/z/rewriteTo/b/demo-4711-gemma-weights/o/d/9", json_object(),
           200);
    cr_expect_eq(rig_count(world, BUCKET "/o?prefix=d/", "items"), 3);
    sim_world_free(world);
}

Test(gcp_storage, the_weights_description_is_text)
{
    struct sim_world *world = rig_world(1, 2, true);
    struct sim_response response =
        rig_http(world, (struct sim_request){0}, BUCKET "/o/config.json?alt=media");
    json_t *config = rig_json(&response);
    cr_expect_str_eq(sim_json_text(config, "model_type"), "gemma3");
    json_decref(config);
    sim_world_free(world);
}
