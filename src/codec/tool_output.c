/* codec/tool_output.c - bytes of a terminal to lines, and Terraform's machine-readable lines. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/tool_output.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/json.h"

#define LINE_LEN_MAX (256u * 1024)
#define LOCK_SUMMARY "Error acquiring the state lock"

enum place {
    PLACE_TEXT,
    PLACE_ESCAPE,     /* after ESC */
    PLACE_SEQUENCE,   /* in ESC [ ... */
    PLACE_STRING,     /* in ESC ] ... and its like, until BEL or ESC \ */
    PLACE_STRING_END, /* after an ESC in it */
};

struct tg_tool_output {
    struct tg_buf line;
    enum place place;
    bool is_returned; /* after a carriage return: what comes overwrites the line */
};

struct tg_tool_output *tg_tool_output_new(void)
{
    struct tg_tool_output *output = TG_NEW(struct tg_tool_output);
    tg_buf_init(&output->line, LINE_LEN_MAX);
    return output;
}

void tg_tool_output_free(struct tg_tool_output *output)
{
    if (output != NULL) {
        tg_buf_fini(&output->line);
        free(output);
    }
}

/* ---- lines ---- */

/* Safe to show and to keep. The caller frees. */
static char *clean(const char *text)
{
    char *redacted = tg_redact(text);
    char *safe = tg_utf8_sanitize(redacted, strlen(redacted));
    free(redacted);
    return safe;
}

static bool is_complaint(const char *text)
{
    static const char *const starts[] = {"ERROR", "Error", "error:", "Traceback", "unable to "};
    for (size_t i = 0; i < TG_COUNT(starts); i++) {
        if (tg_str_has_prefix(text, starts[i])) {
            return true;
        }
    }
    return strstr(text, " Error: ") != NULL; /* in the frame that terraform draws for people */
}

static void tell(const char *text, bool is_wrong, tg_tool_output_line *line, void *context)
{
    struct tg_tool_line said = {.text = clean(text), .is_complaint = is_wrong};
    if (strstr(text, LOCK_SUMMARY) != NULL) {
        said.action = TG_TOOL_LOCKED;
    }
    line(context, &said);
}

/* ---- terraform ---- */

static const struct {
    const char *type;
    const char *below; /* where the resource stands */
    enum tg_tool_action action;
} events[] = {
    {"planned_change", "change", TG_TOOL_PLANS}, {"apply_start", "hook", TG_TOOL_BEGINS},
    {"apply_progress", "hook", TG_TOOL_GOES_ON}, {"apply_complete", "hook", TG_TOOL_FINISHED},
    {"apply_errored", "hook", TG_TOOL_FAILED},
};

static bool ensured_of(const char *action, enum tg_ensured *out)
{
    *out = tg_str_eq(action, "create")   ? TG_ENSURED_CREATED
           : tg_str_eq(action, "delete") ? TG_ENSURED_REMOVED
                                         : TG_ENSURED_CHANGED;
    return tg_str_eq(action, "create") || tg_str_eq(action, "delete") ||
           tg_str_eq(action, "update") || tg_str_eq(action, "replace");
}

static void tell_resource(const json_t *event, size_t index, tg_tool_output_line *line,
                          void *context)
{
    const json_t *below = tg_json_at(event, events[index].below);
    const char *address = tg_json_text(below, "resource/addr");
    enum tg_ensured ensured;
    if (!ensured_of(tg_json_text(below, "action"), &ensured) || address[0] == '\0') {
        return; /* what is only read changes nothing */
    }
    struct tg_tool_line said = {
        .action = events[index].action,
        .text = clean(tg_json_text(event, "@message")),
        .resource = clean(address),
        .ensured = ensured,
        .seconds = (int)tg_json_int(below, "elapsed_seconds", 0),
    };
    line(context, &said);
}

/* The value of "  Who:   root@host" in the lock's description; "" when it is not there. */
static void lock_field(const char *detail, const char *name, char *out, size_t size)
{
    const char *at = strstr(detail, name);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(name);
        at += strspn(at, " ");
        size_t len = strcspn(at, "\n");
        char *value = tg_strndup(at, len);
        tg_str_copy(out, size, value);
        free(value);
    }
}

static void tell_lock(const char *detail, tg_tool_output_line *line, void *context)
{
    char who[80];
    char since[24]; /* to the second */
    char id[48];
    lock_field(detail, "Who:", who, sizeof(who));
    lock_field(detail, "Created:", since, sizeof(since));
    lock_field(detail, "  ID:", id, sizeof(id));
    since[strcspn(since, ".")] = '\0';
    char *text = tg_asprintf("the state is locked by %s since %s UTC, lock %s",
                             who[0] != '\0' ? who : "somebody", since, id);
    struct tg_tool_line said = {
        .action = TG_TOOL_LOCKED, .is_complaint = true, .text = clean(text)};
    free(text);
    line(context, &said);
}

static void tell_diagnostic(const json_t *event, tg_tool_output_line *line, void *context)
{
    bool is_error = tg_str_eq(tg_json_text(event, "diagnostic/severity"), "error");
    const char *detail = tg_json_text(event, "diagnostic/detail");
    const char *address = tg_json_text(event, "diagnostic/address");
    if (tg_str_eq(tg_json_text(event, "diagnostic/summary"), LOCK_SUMMARY)) {
        tell_lock(detail, line, context);
        return;
    }
    tell(tg_json_text(event, "@message"), is_error, line, context);
    if (!is_error) {
        return; /* of warnings the first line says enough */
    }
    if (address[0] != '\0') {
        char *with = tg_asprintf("  with %s", address);
        tell(with, false, line, context);
        free(with);
    }
    while (*detail != '\0') {
        size_t len = strcspn(detail, "\n");
        char *text = tg_asprintf("  %.*s", (int)len, detail);
        if (len > 0) {
            tell(text, false, line, context);
        }
        free(text);
        detail += len + (detail[len] == '\n' ? 1 : 0);
    }
}

/* False when the line is no event of terraform's. */
static bool tell_event(const char *bytes, size_t len, tg_tool_output_line *line, void *context)
{
    struct tg_json document = {0};
    struct tg_err err = TG_ERR_INIT;
    if (!tg_json_parse(bytes, len, NULL, &document, &err)) {
        return false;
    }
    const json_t *event = document.root;
    const char *type = tg_json_text(event, "type");
    const char *message = tg_json_text(event, "@message");
    bool is_event = type[0] != '\0' && message[0] != '\0';
    size_t index = 0;
    while (index < TG_COUNT(events) && !tg_str_eq(events[index].type, type)) {
        index++;
    }
    if (is_event && index < TG_COUNT(events)) {
        tell_resource(event, index, line, context);
    } else if (is_event && tg_str_eq(type, "diagnostic")) {
        tell_diagnostic(event, line, context);
    } else if (is_event && !tg_str_eq(type, "refresh_complete")) {
        tell(message, tg_str_eq(tg_json_text(event, "@level"), "error"), line, context);
    }
    tg_json_release(&document);
    return is_event;
}

/* ---- bytes ---- */

static void end_line(struct tg_tool_output *output, tg_tool_output_line *line, void *context)
{
    const char *text = tg_buf_text(&output->line);
    if (output->line.len > 0 &&
        (text[0] != '{' || !tell_event(text, output->line.len, line, context))) {
        tell(text, is_complaint(text), line, context);
    }
    tg_buf_reset(&output->line);
    output->is_returned = false;
}

static void take_text(struct tg_tool_output *output, char byte, tg_tool_output_line *line,
                      void *context)
{
    if (byte == '\n') {
        end_line(output, line, context);
    } else if (byte == '\r') {
        output->is_returned = true;
    } else if (byte == '\x1b') {
        output->place = PLACE_ESCAPE;
    } else if (byte != '\0') {
        if (output->is_returned) {
            tg_buf_reset(&output->line);
            output->is_returned = false;
        }
        (void)tg_buf_putc(&output->line, byte); /* the end of a line that is too long is dropped */
    }
}

/* What stands after an ESC: sequences (CSI), strings (OSC, DCS, SOS, PM, APC), or one letter, which
 * others may come before. */
static enum place after_escape(unsigned char byte)
{
    return byte == '[' ? PLACE_SEQUENCE
           : byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_' ? PLACE_STRING
           : byte >= 0x20 && byte <= 0x2f                                            ? PLACE_ESCAPE
                                                                                     : PLACE_TEXT;
}

static void take(struct tg_tool_output *output, char byte, tg_tool_output_line *line, void *context)
{
    unsigned char value = (unsigned char)byte;
    if (output->place == PLACE_TEXT) {
        take_text(output, byte, line, context);
        return;
    }
    /* A sequence never holds a line break: what does is broken, and must not swallow what follows.
     */
    if (byte == '\n') {
        output->place = PLACE_TEXT;
        end_line(output, line, context);
        return;
    }
    switch (output->place) {
    case PLACE_ESCAPE:
        output->place = after_escape(value);
        break;
    case PLACE_SEQUENCE:
        output->place = value >= 0x40 && value <= 0x7e ? PLACE_TEXT : PLACE_SEQUENCE;
        break;
    case PLACE_STRING:
        output->place = byte == '\x07'   ? PLACE_TEXT
                        : byte == '\x1b' ? PLACE_STRING_END
                                         : PLACE_STRING;
        break;
    case PLACE_STRING_END:
        output->place = byte == '\\' ? PLACE_TEXT : PLACE_STRING;
        break;
    case PLACE_TEXT:
        break;
    }
}

void tg_tool_output_feed(struct tg_tool_output *output, const char *bytes, size_t len,
                         tg_tool_output_line *line, void *context)
{
    for (size_t i = 0; i < len; i++) {
        take(output, bytes[i], line, context);
    }
}

void tg_tool_output_finish(struct tg_tool_output *output, tg_tool_output_line *line, void *context)
{
    output->place = PLACE_TEXT;
    end_line(output, line, context);
}
