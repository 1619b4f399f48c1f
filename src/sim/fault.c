/* sim/fault.c - the fault table: kinds, words, matching, and whether one strikes. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/front.h"

#define WHOLE_PPM INT64_C(1000000)

struct sim_faults {
    struct sim_fault *items[SIM_FAULTS_MAX]; /* in order of making */
    size_t count;
    uint64_t made;
    uint64_t begun;
    uint64_t made_of[SIM_FAULT_KIND_COUNT];
    size_t kinds[SIM_FAULT_KIND_COUNT]; /* in the table and not over */
    size_t routes;                      /* of them, those of answers and streams */
};

static const struct sim_fault_info infos[] = {
#define SIM_FAULT(id, name, place, unit, value, help) \
    {name, SIM_FAULT_PLACE_##place, SIM_FAULT_UNIT_##unit, INT64_C(value), help},
#include "sim/fault.def"
#undef SIM_FAULT
};

const struct sim_fault_info *sim_fault_info(enum sim_fault_kind kind)
{
    tg_assert(kind < SIM_FAULT_KIND_COUNT);
    return &infos[kind];
}

enum sim_fault_kind sim_fault_kind_of(const char *name)
{
    for (int kind = 0; kind < SIM_FAULT_KIND_COUNT; kind++) {
        if (tg_str_eq(infos[kind].name, name)) {
            return (enum sim_fault_kind)kind;
        }
    }
    return SIM_FAULT_KIND_COUNT;
}

struct sim_faults *sim_faults_new(void)
{
    return TG_NEW(struct sim_faults);
}

struct sim_faults *sim_world_faults(struct sim_world *world)
{
    return sim_world_behaviour(world)->faults;
}

static void drop(struct sim_world *world, struct sim_fault *fault)
{
    sim_world_cancel(world, fault->begin_event);
    sim_world_cancel(world, fault->end_event);
    sim_world_cancel(world, fault->repeat_event);
    free(fault);
}

void sim_faults_free(struct sim_world *world, struct sim_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        drop(world, faults->items[i]);
    }
    free(faults);
}

/* ---- words ---- */

struct sim_fault_spec sim_fault_spec_of(enum sim_fault_kind kind)
{
    struct sim_fault_spec spec = {.kind = kind, .region = SIM_FAULT_CLUSTERS};
    if (kind == SIM_FAULT_QUOTA || kind == SIM_FAULT_OPERATION_ERROR ||
        kind == SIM_FAULT_OPERATION_HANG || kind == SIM_FAULT_OPERATION_LOST ||
        kind == SIM_FAULT_NAME_TAKEN) {
        spec.region = SIM_SERVER_GCP;
    } else if (kind == SIM_FAULT_CONFIG_DOWN) {
        spec.region = 0;
    }
    return spec;
}

static bool read_region(struct sim_world *world, const char *text, int *region)
{
    int64_t index;
    if (tg_str_eq(text, "gcp")) {
        *region = SIM_SERVER_GCP;
        return true;
    }
    if (tg_str_eq(text, "clusters") || tg_str_eq(text, "all")) {
        *region = tg_str_eq(text, "all") ? SIM_FAULT_EVERY : SIM_FAULT_CLUSTERS;
        return true;
    }
    if (tg_str_to_int64(text, 0, sim_world_region_count(world) - 1, &index)) {
        *region = (int)index;
        return true;
    }
    for (int r = 0; r < sim_world_region_count(world); r++) {
        const struct sim_region *one = sim_world_region(world, r);
        if (tg_str_eq(text, one->name) || tg_str_eq(text, one->zone) ||
            tg_str_eq(text, one->cluster)) {
            *region = r;
            return true;
        }
    }
    return false;
}

/* "0.25" or "25%" in millionths. */
static bool read_rate(const char *text, int64_t *ppm)
{
    char number[32];
    size_t len = strlen(text);
    bool is_percent = len > 0 && text[len - 1] == '%';
    snprintf(number, sizeof number, "%.*s", (int)(is_percent ? len - 1 : len), text);
    double value = 0;
    if (len >= sizeof number || !tg_str_to_double(number, &value) || value <= 0 ||
        value > (is_percent ? 100 : 1)) {
        return false;
    }
    *ppm = (int64_t)(value * (is_percent ? 10000 : 1000000) + 0.5);
    *ppm = *ppm == 0 ? 1 : *ppm;
    return true;
}

static bool read_value(enum sim_fault_unit unit, const char *text, int64_t *value)
{
    bool is_negative = unit == SIM_FAULT_UNIT_TIME && text[0] == '-';
    switch (unit) {
    case SIM_FAULT_UNIT_NONE:
        return false;
    case SIM_FAULT_UNIT_CODE:
        return tg_str_to_int64(text, 0, 599, value);
    case SIM_FAULT_UNIT_TIME:
        if (!sim_params_time(text + (is_negative ? 1 : 0), value)) {
            return false;
        }
        *value = is_negative ? -*value : *value;
        return true;
    case SIM_FAULT_UNIT_BYTES:
        return tg_str_to_int64(text, 0, SIM_RESPONSE_BODY_MAX, value);
    case SIM_FAULT_UNIT_COUNT:
    case SIM_FAULT_UNIT_PERCENT:
    case SIM_FAULT_UNIT_RATE:
        break;
    }
    return tg_str_to_int64(text, 0, 1000000, value);
}

static bool read_name(const char *text, char *out, size_t size)
{
    return text[0] != '\0' && strlen(text) < size && tg_str_copy(out, size, text);
}

static bool read_word(struct sim_world *world, struct sim_fault_spec *spec, const char *word,
                      const char *value, bool *is_known)
{
    const int64_t many = 1000000000;
    *is_known = true;
    if (tg_str_eq(word, "id")) {
        return strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(value) &&
               read_name(value, spec->id, sizeof spec->id);
    } else if (tg_str_eq(word, "region")) {
        return read_region(world, value, &spec->region);
    } else if (tg_str_eq(word, "route")) {
        return read_name(value, spec->route, sizeof spec->route);
    } else if (tg_str_eq(word, "object")) {
        return read_name(value, spec->object, sizeof spec->object);
    } else if (tg_str_eq(word, "after")) {
        return sim_params_time(value, &spec->after_us);
    } else if (tg_str_eq(word, "for")) {
        return sim_params_time(value, &spec->duration_us);
    } else if (tg_str_eq(word, "rate")) {
        return read_rate(value, &spec->rate_ppm);
    } else if (tg_str_eq(word, "skip")) {
        return tg_str_to_int64(value, 0, many, &spec->skip);
    } else if (tg_str_eq(word, "times")) {
        return tg_str_to_int64(value, 1, many, &spec->times);
    } else if (tg_str_eq(word, "retry-after")) {
        return spec->kind == SIM_FAULT_STATUS &&
               tg_str_to_int64(value, 0, 86400, &spec->retry_after_s);
    } else if (tg_str_eq(word, "value") || tg_str_eq(word, "code")) {
        spec->has_value = true;
        return read_value(infos[spec->kind].unit, value, &spec->value);
    }
    *is_known = false;
    return false;
}

bool sim_fault_spec_set(struct sim_world *world, struct sim_fault_spec *spec, const char *word,
                        const char *value, struct tg_err *err)
{
    bool is_known;
    if (read_word(world, spec, word, value, &is_known)) {
        return true;
    }
    if (!is_known) {
        return tg_err_set(err, TG_CODE_INVALID, 0,
                          "fault %s: '%s' is none of id, region, route, object, after, for, rate, "
                          "skip, times, value, code, retry-after",
                          infos[spec->kind].name, word);
    }
    return tg_err_set(err, TG_CODE_INVALID, 0, "fault %s: %s cannot be '%s'",
                      infos[spec->kind].name, word, value);
}

/* ---- the table ---- */

static struct sim_fault *find(const struct sim_faults *faults, const char *id)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (tg_str_eq(faults->items[i]->spec.id, id)) {
            return faults->items[i];
        }
    }
    return NULL;
}

static void recount(struct sim_faults *faults)
{
    memset(faults->kinds, 0, sizeof faults->kinds);
    faults->routes = 0;
    for (size_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = faults->items[i];
        if (!fault->is_over) {
            faults->kinds[fault->spec.kind]++;
            faults->routes += infos[fault->spec.kind].place == SIM_FAULT_PLACE_WORLD ? 0 : 1;
        }
    }
    /* regions that are off or slow, and API servers that refuse, show in answers too */
    faults->routes += faults->kinds[SIM_FAULT_REGION_DOWN] + faults->kinds[SIM_FAULT_REGION_SLOW] +
                      faults->kinds[SIM_FAULT_CONFIG_DOWN];
}

/* Over for good: what it did to the world is undone. */
static void end_fault(struct sim_world *world, struct sim_fault *fault)
{
    if (fault->is_over) {
        return;
    }
    fault->is_over = true;
    sim_world_cancel(world, fault->begin_event);
    sim_world_cancel(world, fault->end_event);
    sim_world_cancel(world, fault->repeat_event);
    fault->begin_event = fault->end_event = fault->repeat_event = 0;
    recount(sim_world_faults(world));
    if (fault->is_begun) {
        sim_world_trace(world, "fault", "%s ends after %llu strikes", fault->spec.id,
                        (unsigned long long)fault->strikes);
        sim_fault_finish(world, fault);
    }
}

static void end_now(struct sim_world *world, void *data)
{
    struct sim_fault *fault = data;
    fault->end_event = 0;
    end_fault(world, fault);
}

static void begin_now(struct sim_world *world, void *data)
{
    struct sim_fault *fault = data;
    fault->begin_event = 0;
    fault->is_begun = true;
    sim_world_faults(world)->begun++;
    sim_world_trace(world, "fault", "%s begins: %s in %d, value %lld", fault->spec.id,
                    infos[fault->spec.kind].name, fault->spec.region, (long long)fault->spec.value);
    sim_fault_begin(world, fault);
    if (sim_fault_is_momentary(&fault->spec)) {
        end_fault(world, fault);
    }
}

static bool is_valid(struct sim_world *world, const struct sim_fault_spec *spec, struct tg_err *err)
{
    const struct sim_faults *faults = sim_world_faults(world);
    if (faults->count == SIM_FAULTS_MAX) {
        return tg_err_set(err, TG_CODE_LIMIT, 0, "there are %d faults already", SIM_FAULTS_MAX);
    }
    if (spec->id[0] != '\0' && find(faults, spec->id) != NULL) {
        return tg_err_set(err, TG_CODE_CONFLICT, 0, "a fault called %s is there already", spec->id);
    }
    if (infos[spec->kind].place == SIM_FAULT_PLACE_WORLD && spec->route[0] != '\0') {
        return tg_err_set(err, TG_CODE_INVALID, 0, "fault %s knows no route",
                          infos[spec->kind].name);
    }
    if (spec->region >= sim_world_region_count(world)) {
        return tg_err_set(err, TG_CODE_INVALID, 0, "there is no region %d", spec->region);
    }
    return true;
}

const struct sim_fault *sim_fault_add(struct sim_world *world, const struct sim_fault_spec *spec,
                                      struct tg_err *err)
{
    struct sim_faults *faults = sim_world_faults(world);
    tg_assert(spec->kind < SIM_FAULT_KIND_COUNT);
    if (!is_valid(world, spec, err)) {
        return NULL;
    }
    struct sim_fault *fault = TG_NEW(struct sim_fault);
    fault->spec = *spec;
    fault->order = ++faults->made;
    uint64_t number = ++faults->made_of[spec->kind];
    while (fault->spec.id[0] == '\0' || (spec->id[0] == '\0' && find(faults, fault->spec.id))) {
        snprintf(fault->spec.id, sizeof fault->spec.id, "%s-%llu", infos[spec->kind].name,
                 (unsigned long long)number++);
    }
    if (!spec->has_value) {
        fault->spec.value = infos[spec->kind].value;
    }
    int64_t now_us = sim_world_now_us(world);
    fault->start_us = now_us + spec->after_us;
    fault->end_us = spec->duration_us > 0 ? fault->start_us + spec->duration_us : TG_TIME_NEVER;
    faults->items[faults->count++] = fault;
    recount(faults);
    if (spec->after_us > 0) {
        fault->begin_event =
            sim_world_at(world, fault->start_us, SIM_PRIORITY_NODE, begin_now, fault, NULL);
    } else {
        begin_now(world, fault);
    }
    if (fault->end_us != TG_TIME_NEVER && !fault->is_over) {
        fault->end_event =
            sim_world_at(world, fault->end_us, SIM_PRIORITY_NODE, end_now, fault, NULL);
    }
    return fault;
}

bool sim_fault_remove(struct sim_world *world, const char *id)
{
    struct sim_faults *faults = sim_world_faults(world);
    struct sim_fault *fault = find(faults, id);
    if (fault == NULL) {
        return false;
    }
    end_fault(world, fault);
    size_t at = 0;
    while (faults->items[at] != fault) {
        at++;
    }
    faults->count--;
    memmove(&faults->items[at], &faults->items[at + 1],
            (faults->count - at) * sizeof faults->items[0]);
    drop(world, fault);
    return true;
}

void sim_fault_clear(struct sim_world *world)
{
    struct sim_faults *faults = sim_world_faults(world);
    while (faults->count > 0) {
        sim_fault_remove(world, faults->items[faults->count - 1]->spec.id);
    }
}

bool sim_fault_pause(struct sim_world *world, const char *id, bool is_paused)
{
    struct sim_fault *fault = find(sim_world_faults(world), id);
    if (fault == NULL) {
        return false;
    }
    if (fault->is_paused == is_paused || !fault->is_begun || fault->is_over) {
        fault->is_paused = is_paused;
        return true;
    }
    /* the flag first when it ends and when it begins: those who are told ask what is in force */
    fault->is_paused = is_paused;
    sim_world_trace(world, "fault", "%s %s", id, is_paused ? "pauses" : "goes on");
    if (is_paused) {
        sim_fault_finish(world, fault);
    } else {
        sim_world_faults(world)->begun++;
        sim_fault_begin(world, fault);
    }
    return true;
}

const struct sim_fault *sim_fault_at(struct sim_world *world, size_t i)
{
    const struct sim_faults *faults = sim_world_faults(world);
    return i < faults->count ? faults->items[i] : NULL;
}

size_t sim_fault_count(struct sim_world *world)
{
    const struct sim_faults *faults = sim_world_faults(world);
    size_t count = 0;
    for (size_t i = 0; i < faults->count; i++) {
        count += faults->items[i]->is_over ? 0 : 1;
    }
    return count;
}

/* ---- strikes ---- */

bool sim_fault_is_like(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *back = text;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

/* "PATCH *x*" and "*x*" against "PATCH /apis/..."; GET means LIST and WATCH as well. */
static bool is_route(const char *pattern, const char *route)
{
    const char *path = strchr(route, ' ');
    tg_assert(path != NULL);
    if (pattern[0] == '\0') {
        return true;
    }
    size_t verb_len = strcspn(pattern, " ");
    if (pattern[verb_len] == '\0') {
        return sim_fault_is_like(pattern, path + 1);
    }
    bool is_same = verb_len == (size_t)(path - route) && strncmp(pattern, route, verb_len) == 0;
    bool is_read = strncmp(pattern, "GET ", 4) == 0 &&
                   (strncmp(route, "LIST ", 5) == 0 || strncmp(route, "WATCH ", 6) == 0);
    bool is_any = verb_len == 1 && pattern[0] == '*';
    return (is_same || is_read || is_any) && sim_fault_is_like(pattern + verb_len + 1, path + 1);
}

static bool is_there(const struct sim_fault *fault, enum sim_fault_kind kind, int region)
{
    int wanted = fault->spec.region;
    return fault->spec.kind == kind && fault->is_begun && !fault->is_over && !fault->is_paused &&
           (wanted == region || wanted == SIM_FAULT_EVERY ||
            (wanted == SIM_FAULT_CLUSTERS && region >= 0));
}

const struct sim_fault *sim_fault_in_force(struct sim_world *world, enum sim_fault_kind kind,
                                           int region)
{
    const struct sim_faults *faults = sim_world_faults(world);
    if (faults == NULL || faults->kinds[kind] == 0) {
        return NULL;
    }
    for (size_t i = faults->count; i-- > 0;) {
        if (is_there(faults->items[i], kind, region)) {
            return faults->items[i];
        }
    }
    return NULL;
}

/* This occasion counts; does the fault strike at it? */
static bool try_strike(struct sim_world *world, struct sim_fault *fault)
{
    uint64_t n = fault->occasions++;
    if (n < (uint64_t)fault->spec.skip) {
        return false;
    }
    int64_t rate_ppm = fault->spec.rate_ppm;
    if (rate_ppm > 0 &&
        (int64_t)(tg_rng_keyed(sim_world_config(world)->seed, fault->spec.id, "strike", n) %
                  (uint64_t)WHOLE_PPM) >= rate_ppm) {
        return false;
    }
    fault->strikes++;
    if (fault->spec.times > 0 && fault->strikes >= (uint64_t)fault->spec.times) {
        end_fault(world, fault);
    }
    return true;
}

const struct sim_fault *sim_fault_strikes(struct sim_world *world, enum sim_fault_kind kind,
                                          int region, const char *object)
{
    struct sim_faults *faults = sim_world_faults(world);
    if (faults == NULL || faults->kinds[kind] == 0) {
        return NULL;
    }
    for (size_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->items[i];
        const char *wanted = fault->spec.object;
        if (is_there(fault, kind, region) &&
            (wanted[0] == '\0' || sim_fault_is_like(wanted, object == NULL ? "" : object)) &&
            try_strike(world, fault)) {
            return fault;
        }
    }
    return NULL;
}

static const struct sim_fault *strikes(struct sim_world *world, enum sim_fault_kind kind,
                                       int server, const char *route, bool is_named)
{
    struct sim_faults *faults = sim_world_faults(world);
    if (faults->kinds[kind] == 0) {
        return NULL;
    }
    for (size_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->items[i];
        if (is_there(fault, kind, server) && is_route(fault->spec.route, route) &&
            (!is_named || fault->spec.route[0] != '\0') && try_strike(world, fault)) {
            return fault;
        }
    }
    return NULL;
}

const struct sim_fault *sim_fault_strikes_route(struct sim_world *world, enum sim_fault_kind kind,
                                                int server, const char *route)
{
    return strikes(world, kind, server, route, false);
}

const struct sim_fault *sim_fault_strikes_named(struct sim_world *world, enum sim_fault_kind kind,
                                                int server, const char *route)
{
    return strikes(world, kind, server, route, true);
}

uint64_t sim_fault_begun(struct sim_world *world)
{
    return sim_world_faults(world)->begun;
}

bool sim_fault_has_routes(struct sim_world *world)
{
    const struct sim_faults *faults = sim_world_faults(world);
    return faults != NULL && faults->routes > 0;
}
