/* app/world_control.c - words to requests, answers to lines. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "app/world_control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/i18n.h"
#include "base/json_out.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "net/url.h"

#define BODY_MAX  ((size_t)64 * 1024)
#define API       "/tidegate.dev/v1/"
#define LINE_SIZE 512

void tg_world_request_fini(struct tg_world_request *request)
{
    free(request->body);
    request->body = NULL;
}

static bool usage(struct tg_err *err, const char *word)
{
    return tg_err_set(err, TG_CODE_USAGE, 0,
                      "'%s' is no command for a simulated world; there are: fault add KIND "
                      "[WORD=VALUE...], fault list, fault kinds, fault remove ID, fault pause ID, "
                      "fault resume ID, fault clear, speed N, pause, resume, step TIME, world, "
                      "params, inventory",
                      word);
}

static void ask(struct tg_world_request *request, const char *method, const char *collection)
{
    request->method = method;
    snprintf(request->path, sizeof(request->path), API "%s", collection);
}

/* {"name": value}, with the value as text or, bare, as it stands. */
static void set_body(struct tg_world_request *request, const char *name, const char *value,
                     bool is_bare)
{
    struct tg_buf body;
    tg_buf_init(&body, BODY_MAX);
    struct tg_json_out json = {&body, false};
    if (is_bare) {
        tg_buf_printf(&body, "{\"%s\":%s}", name, value);
    } else {
        tg_json_open(&json, NULL, '{');
        tg_json_put_text(&json, name, value);
        tg_json_close(&json, '}');
    }
    request->body = tg_buf_take(&body, NULL);
}

static bool parse_add(const char *const *words, size_t count, struct tg_world_request *request,
                      struct tg_err *err)
{
    struct tg_buf body;
    if (count == 0) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "which kind of fault? 'fault kinds' lists them");
    }
    tg_buf_init(&body, BODY_MAX);
    struct tg_json_out json = {&body, false};
    tg_json_open(&json, NULL, '{');
    tg_json_put_text(&json, "kind", words[0]);
    for (size_t i = 1; i < count; i++) {
        size_t len = strcspn(words[i], "=");
        if (words[i][len] == '\0' || len == 0) {
            tg_buf_fini(&body);
            return tg_err_set(err, TG_CODE_USAGE, 0, "'%s' is not of the form word=value",
                              words[i]);
        }
        char *name = tg_strndup(words[i], len);
        tg_json_put_text(&json, name, words[i] + len + 1);
        free(name);
    }
    tg_json_close(&json, '}');
    ask(request, "POST", "faults");
    request->body = tg_buf_take(&body, NULL);
    return true;
}

static bool parse_fault(const char *const *words, size_t count, struct tg_world_request *request,
                        struct tg_err *err)
{
    const char *verb = count > 0 ? words[0] : "list";
    if (tg_str_eq(verb, "add")) {
        return parse_add(words + 1, count - 1, request, err);
    }
    if (tg_str_eq(verb, "list") || tg_str_eq(verb, "kinds")) {
        ask(request, "GET", tg_str_eq(verb, "list") ? "faults" : "kinds");
        return true;
    }
    if (tg_str_eq(verb, "clear")) {
        ask(request, "DELETE", "faults");
        return true;
    }
    bool is_remove = tg_str_eq(verb, "remove");
    bool is_pause = tg_str_eq(verb, "pause");
    if (count != 2 || (!is_remove && !is_pause && !tg_str_eq(verb, "resume"))) {
        return usage(err, verb);
    }
    struct tg_buf path;
    tg_buf_init(&path, sizeof(request->path) - strlen(API) - 1);
    tg_buf_puts(&path, "faults");
    tg_url_append_segment(&path, words[1]);
    ask(request, is_remove ? "DELETE" : "PATCH", tg_buf_text(&path));
    tg_buf_fini(&path);
    if (!is_remove) {
        set_body(request, "paused", is_pause ? "true" : "false", true);
    }
    return true;
}

static bool parse_speed(const char *text, struct tg_world_request *request, struct tg_err *err)
{
    double speed = 0;
    if (!tg_str_to_double(text, &speed) || speed <= 0 || speed > 1000) {
        return tg_err_set(err, TG_CODE_USAGE, 0, "speed: '%s' is not above 0 and up to 1000", text);
    }
    char number[32];
    snprintf(number, sizeof(number), "%g", speed);
    ask(request, "POST", "world");
    set_body(request, "speed", number, true);
    return true;
}

bool tg_world_request_parse(const char *const *words, size_t count,
                            struct tg_world_request *request, struct tg_err *err)
{
    *request = (struct tg_world_request){0};
    const char *verb = count > 0 ? words[0] : "world";
    if (tg_str_eq(verb, "fault")) {
        return parse_fault(words + 1, count - 1, request, err);
    }
    if (tg_str_eq(verb, "speed") && count == 2) {
        return parse_speed(words[1], request, err);
    }
    if ((tg_str_eq(verb, "pause") || tg_str_eq(verb, "resume")) && count == 1) {
        ask(request, "POST", "world");
        set_body(request, "paused", tg_str_eq(verb, "pause") ? "true" : "false", true);
        return true;
    }
    if (tg_str_eq(verb, "step") && count == 2) {
        ask(request, "POST", "world");
        set_body(request, "step", words[1], false);
        return true;
    }
    if (tg_str_eq(verb, "world") || tg_str_eq(verb, "params") || tg_str_eq(verb, "inventory")) {
        ask(request, "GET", verb);
        return true;
    }
    return usage(err, verb);
}

bool tg_world_request_parse_line(const char *line, struct tg_world_request *request,
                                 struct tg_err *err)
{
    const char *words[TG_WORLD_WORDS_MAX];
    size_t count = 0;
    char *text = tg_strdup(line);
    char *out = text;
    for (const char *at = line; *at != '\0' && count < TG_WORLD_WORDS_MAX;) {
        at += strspn(at, " ");
        if (*at == '\0') {
            break;
        }
        words[count++] = out;
        char quote = '\0';
        for (; *at != '\0' && (quote != '\0' || *at != ' '); at++) {
            if (quote == '\0' && (*at == '\'' || *at == '"')) {
                quote = *at;
            } else if (*at == quote) {
                quote = '\0';
            } else {
                *out++ = *at;
            }
        }
        bool is_last = *at == '\0';
        *out++ = '\0';
        if (is_last) {
            break;
        }
    }
    bool is_ok = tg_world_request_parse(words, count, request, err);
    free(text);
    return is_ok;
}

/* ---- answers ---- */

static void put_fault(const json_t *fault, struct tg_buf *out)
{
    char start[32];
    char end[32] = "";
    tg_fmt_duration(start, sizeof(start), tg_json_int(fault, "startUs", 0));
    if (json_is_integer(json_object_get(fault, "endUs"))) {
        tg_fmt_duration(end, sizeof(end), tg_json_int(fault, "endUs", 0));
    }
    tg_buf_printf(out, "%-16s %-14s %-14s %-8s %10" PRId64 " %8" PRId64 " %s-%s %s%s%s\n",
                  tg_json_text(fault, "id"), tg_json_text(fault, "kind"),
                  tg_json_text(fault, "region"), tg_json_text(fault, "state"),
                  tg_json_int(fault, "value", 0), tg_json_int(fault, "strikes", 0), start, end,
                  tg_json_text(fault, "route"), tg_json_text(fault, "object")[0] != '\0' ? " " : "",
                  tg_json_text(fault, "object"));
}

static void put_fault_head(struct tg_buf *out)
{
    tg_buf_printf(out, "%-16s %-14s %-14s %-8s %10s %8s %s\n", _("ID"), _("KIND"), _("REGION"),
                  _("STATE"), _("VALUE"), _("STRIKES"), _("FROM-TO ROUTE"));
}

static void put_faults(const json_t *faults, struct tg_buf *out)
{
    size_t i;
    json_t *fault;
    if (json_array_size(faults) == 0) {
        tg_buf_printf(out, "%s\n", _("No fault is planned or in force."));
        return;
    }
    put_fault_head(out);
    json_array_foreach((json_t *)(uintptr_t)faults, i, fault)
    {
        put_fault(fault, out);
    }
}

static void put_kinds(const json_t *kinds, struct tg_buf *out)
{
    size_t i;
    json_t *kind;
    json_array_foreach((json_t *)(uintptr_t)kinds, i, kind)
    {
        const char *unit = tg_json_text(kind, "unit");
        char value[64] = "";
        if (unit[0] != '\0') {
            snprintf(value, sizeof(value), "%" PRId64 " %s", tg_json_int(kind, "value", 0), unit);
        }
        tg_buf_printf(out, "%-15s %-16s %s\n", tg_json_text(kind, "kind"), value,
                      _(tg_json_text(kind, "help")));
    }
}

static void put_params(const json_t *params, struct tg_buf *out)
{
    size_t i;
    json_t *param;
    json_array_foreach((json_t *)(uintptr_t)params, i, param)
    {
        tg_buf_printf(out, "%-34s %14" PRId64 " %-9s %s %s\n", tg_json_text(param, "name"),
                      tg_json_int(param, "value", 0), tg_json_text(param, "unit"),
                      tg_json_text(param, "confidence"), tg_json_text(param, "source"));
    }
}

static void put_world(const json_t *world, struct tg_buf *out)
{
    char now[32];
    tg_fmt_duration(now, sizeof(now), tg_json_int(world, "nowUs", 0));
    double speed = json_number_value(json_object_get(world, "speed"));
    tg_buf_printf(out, "seed %s, trace %s\n", tg_json_text(world, "seed"),
                  tg_json_text(world, "traceHash"));
    if (speed > 0) {
        tg_buf_printf(out, _("At %s since the start, x%g, %lld faults in force or planned.\n"), now,
                      speed, (long long)tg_json_int(world, "faults", 0));
    } else {
        tg_buf_printf(out, _("At %s since the start, paused, %lld faults in force or planned.\n"),
                      now, (long long)tg_json_int(world, "faults", 0));
    }
}

static void put_inventory(const json_t *things, struct tg_buf *out)
{
    size_t i;
    json_t *thing;
    if (json_array_size(things) == 0) {
        tg_buf_printf(out, "%s\n", _("Nothing stands in the simulated project."));
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)things, i, thing)
    {
        tg_buf_printf(out, "%-22s %-60s %s\n", tg_json_text(thing, "kind"),
                      tg_json_text(thing, "name"), tg_json_text(thing, "place"));
    }
}

bool tg_world_answer_text(int status, const char *answer, size_t len, struct tg_buf *out,
                          struct tg_err *err)
{
    struct tg_json document;
    if (!tg_json_parse(answer, len, NULL, &document, err)) {
        return false;
    }
    const json_t *root = document.root;
    bool is_ok = status == 200;
    if (!is_ok) {
        tg_err_set(err, status == 404 ? TG_CODE_NOT_FOUND : TG_CODE_INVALID, status, "%s",
                   tg_json_text(root, "error/message"));
    } else if (json_object_get(root, "faults") != NULL &&
               json_is_array(json_object_get(root, "faults"))) {
        put_faults(json_object_get(root, "faults"), out);
    } else if (json_object_get(root, "kinds") != NULL) {
        put_kinds(json_object_get(root, "kinds"), out);
    } else if (json_object_get(root, "params") != NULL) {
        put_params(json_object_get(root, "params"), out);
    } else if (json_object_get(root, "things") != NULL) {
        put_inventory(json_object_get(root, "things"), out);
    } else if (json_object_get(root, "traceHash") != NULL) {
        put_world(root, out);
    } else {
        put_fault_head(out);
        put_fault(root, out);
    }
    tg_json_release(&document);
    return is_ok;
}

bool tg_world_answer_is_stepping(const char *answer, size_t len)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_json document;
    if (!tg_json_parse(answer, len, NULL, &document, &err)) {
        return false;
    }
    bool is_stepping = tg_json_bool(document.root, "stepping");
    tg_json_release(&document);
    return is_stepping;
}

bool tg_world_answer_is_paused(const char *answer, size_t len)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_json document;
    if (!tg_json_parse(answer, len, NULL, &document, &err)) {
        return false;
    }
    bool is_paused = json_number_value(json_object_get(document.root, "speed")) <= 0;
    tg_json_release(&document);
    return is_paused;
}
