/* fuzz/fuzz_apply.c - server-side apply's sets of fields and its merge: "live NUL applied NUL set".
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/field_set.h"
#include "tests/fuzz/fuzz.h"

static void on_conflict(void *context, const char *path)
{
    size_t *bytes = context;
    *bytes += strlen(path);
}

static void apply(const struct sim_field *message, const json_t *live, const json_t *applied,
                  const json_t *given)
{
    size_t bytes = 0;
    json_t *changed = NULL;
    json_t *removed = NULL;
    json_t *mine = sim_field_set_of(message, applied);
    sim_field_set_diff(message, live, applied, &changed, &removed);
    json_t *all = sim_field_set_union(mine, given);
    json_t *rest = sim_field_set_minus(all, given);
    sim_field_set_conflicts(mine, given, applied, live, on_conflict, &bytes);
    json_t *merged = sim_field_merge(message, live, applied);
    sim_field_set_remove(given, merged);
    json_decref(merged);
    json_decref(rest);
    json_decref(all);
    json_decref(changed);
    json_decref(removed);
    json_decref(mine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *parts[3];
    for (int i = 0; i < 3; i++) {
        char *text = fuzz_part(&data, &size);
        parts[i] = json_loads(text, 0, NULL);
        free(text);
    }
    if (json_is_object(parts[0]) && json_is_object(parts[1])) {
        const json_t *given = json_is_object(parts[2]) ? parts[2] : NULL;
        json_t *before = json_deep_copy(parts[0]);
        apply(sim_schema_message("apps.Deployment"), parts[0], parts[1], given);
        apply(NULL, parts[0], parts[1], given);
        if (!json_equal(before, parts[0])) {
            abort(); /* applying never changes what it is applied to */
        }
        json_decref(before);
    }
    for (int i = 0; i < 3; i++) {
        json_decref(parts[i]);
    }
    return 0;
}
