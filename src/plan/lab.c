/* plan/lab.c - look-ups in a lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"

void tg_lab_free(struct tg_lab *lab)
{
    if (lab != NULL) {
        tg_arena_free(lab->arena); /* the lab itself lives in it */
    }
}

const struct tg_lab_region *tg_lab_region(const struct tg_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->regions_count; i++) {
        if (tg_str_eq(lab->regions[i].name, name)) {
            return &lab->regions[i];
        }
    }
    return NULL;
}

const char *tg_lab_text_for(const struct tg_lab_text *text, const char *locale)
{
    if (text->zh_tw != NULL && locale != NULL && tg_str_has_prefix(locale, "zh_TW")) {
        return text->zh_tw;
    }
    return text->en != NULL ? text->en : "";
}

int tg_lab_step_index(const struct tg_lab *lab, const char *id)
{
    for (size_t i = 0; i < lab->steps_count; i++) {
        if (tg_str_eq(lab->steps[i].id, id)) {
            return (int)i;
        }
    }
    return -1;
}

/* ---- fixes ---- */

int tg_lab_hazard_index(const struct tg_lab *lab, const char *id)
{
    for (size_t i = 0; i < lab->hazards_count; i++) {
        if (tg_str_eq(lab->hazards[i].id, id)) {
            return (int)i;
        }
    }
    return -1;
}

bool tg_lab_make_is_wanted(const struct tg_lab_make *make, tg_lab_fixes fixes)
{
    return (make->when & ~fixes) == 0 && (make->unless & fixes) == 0;
}

const char *tg_lab_make_body(const struct tg_lab_make *make, tg_lab_fixes fixes)
{
    for (size_t i = 0; i < make->variants_count; i++) {
        if (make->variants[i].fixes == (fixes & make->touched_by)) {
            return make->variants[i].body;
        }
    }
    return make->body;
}

tg_lab_fixes tg_lab_all_fixes(const struct tg_lab *lab)
{
    tg_lab_fixes fixes = 0;
    for (size_t i = 0; i < lab->hazards_count; i++) {
        fixes |= lab->hazards[i].has_fix ? UINT32_C(1) << i : 0;
    }
    return fixes;
}

bool tg_lab_read_fixes(const struct tg_lab *lab, const char *text, tg_lab_fixes *fixes,
                       struct tg_err *err)
{
    if (tg_str_eq(text, "all")) {
        *fixes |= tg_lab_all_fixes(lab);
        return true;
    }
    text += tg_str_eq(text, "none") ? strlen(text) : 0;
    while (*text != '\0') {
        char id[64];
        size_t len = strcspn(text, ",");
        snprintf(id, sizeof(id), "%.*s", (int)(len < sizeof(id) ? len : sizeof(id) - 1), text);
        int index = tg_lab_hazard_index(lab, id);
        if (index < 0 || !lab->hazards[index].has_fix) {
            char known[512];
            tg_lab_write_fixes(lab, tg_lab_all_fixes(lab), known, sizeof(known));
            return tg_err_set(err, TG_CODE_USAGE, 0, "there is no fix '%s'; there are: %.150s", id,
                              known[0] != '\0' ? known : "none");
        }
        *fixes |= UINT32_C(1) << index;
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return true;
}

const char *tg_lab_write_fixes(const struct tg_lab *lab, tg_lab_fixes fixes, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < lab->hazards_count && used < size; i++) {
        if ((fixes & (UINT32_C(1) << i)) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "",
                                     lab->hazards[i].id);
        }
    }
    return out;
}

/* The value of the placeholder that at starts with; NULL when it is none, or not known here. */
static const char *value_of(const char *at, size_t len, const struct tg_lab_place *place)
{
    const struct tg_lab_region *region = place->region;
    const struct {
        const char *name;
        const char *value;
    } values[] = {
        {"{project}", place->project},
        {"{project_number}", place->project_number},
        {"{config_cluster}", place->lab->config_cluster},
        {"{region}", region != NULL ? region->name : NULL},
        {"{zone}", region != NULL ? region->zone : NULL},
        {"{cluster}", region != NULL ? region->cluster : NULL},
        {"{node_pool}", region != NULL ? region->node_pool : NULL},
        {"{address}", region != NULL ? region->address_name : NULL},
        {"{node_range}", region != NULL ? region->node_range : NULL},
        {"{proxy_range}", region != NULL ? region->proxy_range : NULL},
    };
    for (size_t i = 0; i < TG_COUNT(values); i++) {
        if (strlen(values[i].name) == len && strncmp(at, values[i].name, len) == 0) {
            return values[i].value;
        }
    }
    return NULL;
}

#define EACH_REGION "{each_region}"
#define EACH_END    "{end}"

/* The part that text begins with, for each region; returns what follows it. NULL: it begins with no
 * such part. */
static const char *expand_each(const char *text, const struct tg_lab_place *place,
                               struct tg_buf *out)
{
    const char *end = tg_str_has_prefix(text, EACH_REGION) ? strstr(text, EACH_END) : NULL;
    if (end == NULL) {
        return NULL;
    }
    const char *begin = text + strlen(EACH_REGION);
    char *part = tg_strndup(begin, (size_t)(end - begin));
    for (size_t i = 0; i < place->lab->regions_count; i++) {
        struct tg_lab_place there = *place;
        there.region = &place->lab->regions[i];
        (void)tg_lab_expand(part, &there, out);
    }
    free(part);
    return end + strlen(EACH_END);
}

bool tg_lab_expand(const char *text, const struct tg_lab_place *place, struct tg_buf *out)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "{");
        tg_buf_append(out, text, plain);
        text += plain;
        if (*text == '\0') {
            break;
        }
        const char *after = expand_each(text, place, out);
        if (after != NULL) {
            text = after;
            continue;
        }
        size_t len = strcspn(text, "}") + 1;
        const char *value = value_of(text, len, place);
        if (value != NULL) {
            tg_buf_puts(out, value);
            text += len;
        } else {
            tg_buf_putc(out, *text++);
        }
    }
    return !out->is_full;
}
