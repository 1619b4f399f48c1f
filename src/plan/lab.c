/* plan/lab.c - look-ups in a lab. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/assets.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define MANIFEST_LEN_MAX ((size_t)1024 * 1024)

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

int64_t tg_lab_step_usual_us(const struct tg_lab_step *step)
{
    int least_s = 0;
    int most_s = 0;
    return step->usual != NULL && tg_lab_read_usual(step->usual, &least_s, &most_s)
               ? most_s * TG_US_PER_S
               : 0;
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

bool tg_lab_step_is_fixed(const struct tg_lab_step *step, tg_lab_fixes fixes)
{
    tg_lab_fixes about = 0;
    for (size_t i = 0; i < step->makes_count; i++) {
        about |= step->makes[i].touched_by | step->makes[i].when | step->makes[i].unless;
    }
    return (about & fixes) != 0;
}

/* What the commands ask for by {when FIX} or {unless FIX}. */
static tg_lab_fixes asked_for(const struct tg_lab *lab, const char *commands)
{
    tg_lab_fixes fixes = 0;
    for (const char *at = commands; at != NULL; at = strchr(at + 1, '{')) {
        int hazard = -1;
        bool is_wanted = false;
        if (tg_lab_reads_fix(lab, at, &hazard, &is_wanted) && hazard >= 0) {
            fixes |= UINT32_C(1) << hazard;
        }
    }
    return fixes;
}

tg_lab_fixes tg_lab_uncommanded(const struct tg_lab *lab, tg_lab_fixes fixes)
{
    tg_lab_fixes without = 0;
    for (size_t i = 0; i < lab->steps_count; i++) {
        const char *commands = lab->steps[i].commands != NULL ? lab->steps[i].commands : "";
        tg_lab_fixes asked = asked_for(lab, commands);
        for (size_t m = 0; m < lab->steps[i].makes_count; m++) {
            const struct tg_lab_make *make = &lab->steps[i].makes[m];
            const char *file = make->manifest != NULL ? strrchr(make->manifest, '/') : NULL;
            bool is_named = file != NULL && strstr(commands, file + 1) != NULL;
            without |= (make->when | make->unless | (is_named ? 0 : make->touched_by)) & ~asked;
        }
    }
    return without & fixes;
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
#define PART_END    "{end}"

bool tg_lab_reads_fix(const struct tg_lab *lab, const char *at, int *hazard, bool *is_wanted)
{
    static const char *const begins[] = {"{unless ", "{when "};
    for (size_t i = 0; i < TG_COUNT(begins); i++) {
        if (tg_str_has_prefix(at, begins[i])) {
            const char *id = at + strlen(begins[i]);
            char *name = tg_strndup(id, strcspn(id, "}"));
            *hazard = tg_lab_hazard_index(lab, name);
            *is_wanted = i == 1;
            free(name);
            return true;
        }
    }
    return false;
}

static void expand_for_regions(const char *part, const struct tg_lab_place *place,
                               struct tg_buf *out)
{
    for (size_t i = 0; i < place->lab->regions_count; i++) {
        struct tg_lab_place there = *place;
        there.region = &place->lab->regions[i];
        (void)tg_lab_expand(part, &there, out);
    }
}

/* The part that text begins with: for each region, or as the chosen fixes want it; returns what
 * follows it. NULL: it begins with no such part. */
static const char *expand_part(const char *text, const struct tg_lab_place *place,
                               struct tg_buf *out)
{
    int hazard = -1;
    bool is_wanted = false;
    bool is_each = tg_str_has_prefix(text, EACH_REGION);
    bool is_fix = !is_each && tg_lab_reads_fix(place->lab, text, &hazard, &is_wanted);
    const char *end = is_each || is_fix ? strstr(text, PART_END) : NULL;
    if (end == NULL) {
        return NULL;
    }
    const char *begin = text + strcspn(text, "}") + 1;
    char *part = tg_strndup(begin, (size_t)(end - begin));
    if (is_each) {
        expand_for_regions(part, place, out);
    } else {
        bool is_chosen = hazard >= 0 && (place->fixes & (UINT32_C(1) << hazard)) != 0;
        if (is_chosen == is_wanted) {
            (void)tg_lab_expand(part, place, out);
        }
    }
    free(part);
    return end + strlen(PART_END);
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
        const char *after = expand_part(text, place, out);
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

/* ---- manifests ---- */

/* What the fixes make of the document; NULL when they leave it as it stands in its file. */
static const char *changed_document(const struct tg_lab_place *place, const char *path,
                                    size_t document)
{
    for (size_t i = 0; i < place->lab->steps_count; i++) {
        const struct tg_lab_step *step = &place->lab->steps[i];
        for (size_t m = 0; m < step->makes_count; m++) {
            const struct tg_lab_make *make = &step->makes[m];
            bool is_it = tg_str_eq(make->manifest, path) && make->document == document;
            for (size_t v = 0; is_it && v < make->variants_count; v++) {
                if (make->variants[v].fixes == (place->fixes & make->touched_by)) {
                    return make->variants[v].yaml;
                }
            }
        }
    }
    return NULL;
}

static size_t comment_len(const char *text)
{
    size_t len = 0;
    while (text[len] == '#') {
        len += strcspn(text + len, "\n");
        len += text[len] == '\n' ? 1 : 0;
    }
    return len;
}

bool tg_lab_manifest(const char *path, const struct tg_lab_place *place, struct tg_buf *out)
{
    static const char between[] = "\n---\n";
    const struct tg_asset *asset = tg_asset_get(path);
    struct tg_buf whole;
    if (asset == NULL) {
        return false;
    }
    tg_buf_init(&whole, MANIFEST_LEN_MAX);
    (void)tg_lab_expand(asset->text, place, &whole);
    const char *text = tg_buf_text(&whole);
    for (size_t document = 0; *text != '\0'; document++) {
        const char *end = strstr(text, between);
        size_t len = end != NULL ? (size_t)(end - text) + 1 : strlen(text);
        const char *changed = changed_document(place, path, document);
        tg_buf_append(out, text, changed != NULL ? comment_len(text) : len);
        if (changed != NULL) {
            (void)tg_lab_expand(changed, place, out);
        }
        text += len;
        if (end != NULL) {
            tg_buf_puts(out, between + 1);
            text += strlen(between + 1);
        }
    }
    bool is_ok = !whole.is_full && !out->is_full;
    tg_buf_fini(&whole);
    return is_ok;
}

bool tg_lab_read_range(const char *text, struct tg_lab_range *range)
{
    unsigned part[5];
    char rest = '\0';
    if (sscanf(text, "%3u.%3u.%3u.%3u/%2u%c", &part[0], &part[1], &part[2], &part[3], &part[4],
               &rest) != 5 ||
        part[0] > 255 || part[1] > 255 || part[2] > 255 || part[3] > 255 || part[4] > 32) {
        return false;
    }
    uint32_t address = part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
    uint32_t mask = part[4] == 0 ? 0 : UINT32_MAX << (32 - part[4]);
    range->first = address & mask;
    range->last = address | ~mask;
    return true;
}

bool tg_lab_read_usual(const char *text, int *least_s, int *most_s)
{
    char unit = '\0';
    char rest = '\0';
    bool is_span = sscanf(text, "%4d-%4d%c%c", least_s, most_s, &unit, &rest) == 3;
    if (!is_span) {
        if (sscanf(text, "%4d%c%c", least_s, &unit, &rest) != 2) {
            return false;
        }
        *most_s = *least_s;
    }
    int seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
    bool is_good = seconds > 0 && *least_s > 0 && *most_s >= *least_s;
    *least_s *= seconds;
    *most_s *= seconds;
    return is_good;
}
