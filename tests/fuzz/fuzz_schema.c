/* fuzz/fuzz_schema.c - objects against the schema of their definition: "schema NUL object"; and
 * patterns: "pattern NUL text". */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "base/buf.h"
#include "sim/custom_schema.h"
#include "sim/pattern.h"
#include "tests/fuzz/fuzz.h"

#define WORK_MAX 1000000

static void check_object(const json_t *schema, json_t *object)
{
    const struct sim_resource resource = {.group = "example.com",
                                          .version = "v1",
                                          .plural = "things",
                                          .kind = "Thing",
                                          .schema = schema};
    struct sim_response response = {.status = 0};
    tg_buf_init(&response.body, SIM_RESPONSE_BODY_MAX);
    free(sim_custom_prune(&resource, object));
    sim_custom_default(&resource, object);
    json_t *before = json_deep_copy(object);
    sim_custom_validate(&resource, object, &response);
    if (!json_equal(before, object)) {
        abort(); /* what is checked is not changed */
    }
    json_decref(before);
    tg_buf_fini(&response.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *schema_text = fuzz_part(&data, &size);
    char *object_text = fuzz_part(&data, &size);
    json_t *schema = json_loads(schema_text, 0, NULL);
    json_t *object = json_loads(object_text, 0, NULL);
    if (json_is_object(schema) && json_is_object(object)) {
        check_object(schema, object);
    } else {
        int64_t work = WORK_MAX;
        sim_pattern_find(schema_text, object_text, &work);
        if (work < 0) {
            abort();
        }
    }
    json_decref(schema);
    json_decref(object);
    free(schema_text);
    free(object_text);
    return 0;
}
