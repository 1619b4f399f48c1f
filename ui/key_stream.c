/* ui/key_stream.c - characters to keys, sequences in pieces included. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/key_stream.h"

#include <string.h>

#include "base/assert.h"

#define ESCAPE 27

static const struct ui_key no_key = {.code = UI_KEY_NONE};

static struct ui_key plain_key(uint32_t code)
{
    switch (code) {
    case '\r':
    case '\n':
        return (struct ui_key){.code = UI_KEY_ENTER};
    case '\t':
        return (struct ui_key){.code = UI_KEY_TAB};
    case 8:
    case 127:
        return (struct ui_key){.code = UI_KEY_BACKSPACE};
    default:
        break;
    }
    if (code == 0) {
        return no_key;
    }
    if (code < 32) {
        return (struct ui_key){
            .code = UI_KEY_CHAR, .codepoint = code + 'a' - 1, .is_control = true};
    }
    return (struct ui_key){.code = UI_KEY_CHAR, .codepoint = code};
}

/* Keys that are one letter after "ESC [" or "ESC O"; modifiers before the letter are not told
 * apart. */
static struct ui_key letter_key(uint32_t final)
{
    static const struct {
        char letter;
        enum ui_key_code code;
    } letters[] = {
        {'A', UI_KEY_UP},   {'B', UI_KEY_DOWN}, {'C', UI_KEY_RIGHT},   {'D', UI_KEY_LEFT},
        {'H', UI_KEY_HOME}, {'F', UI_KEY_END},  {'Z', UI_KEY_BACKTAB}, {'M', UI_KEY_ENTER},
    };
    for (size_t i = 0; i < TG_COUNT(letters); i++) {
        if ((uint32_t)letters[i].letter == final) {
            return (struct ui_key){.code = letters[i].code};
        }
    }
    if (final >= 'P' && final <= 'S') {
        return (struct ui_key){.code = UI_KEY_FUNCTION, .codepoint = final - 'P' + 1};
    }
    return no_key;
}

/* Keys that are a number before "~". */
static struct ui_key number_key(const char *parameters)
{
    static const struct {
        const char *number;
        struct ui_key key;
    } numbers[] = {
        {"1", {.code = UI_KEY_HOME}},
        {"3", {.code = UI_KEY_DELETE}},
        {"4", {.code = UI_KEY_END}},
        {"5", {.code = UI_KEY_PAGE_UP}},
        {"6", {.code = UI_KEY_PAGE_DOWN}},
        {"7", {.code = UI_KEY_HOME}},
        {"8", {.code = UI_KEY_END}},
        {"11", {.code = UI_KEY_FUNCTION, .codepoint = 1}},
        {"12", {.code = UI_KEY_FUNCTION, .codepoint = 2}},
        {"13", {.code = UI_KEY_FUNCTION, .codepoint = 3}},
        {"14", {.code = UI_KEY_FUNCTION, .codepoint = 4}},
        {"15", {.code = UI_KEY_FUNCTION, .codepoint = 5}},
        {"17", {.code = UI_KEY_FUNCTION, .codepoint = 6}},
        {"18", {.code = UI_KEY_FUNCTION, .codepoint = 7}},
        {"19", {.code = UI_KEY_FUNCTION, .codepoint = 8}},
        {"20", {.code = UI_KEY_FUNCTION, .codepoint = 9}},
        {"21", {.code = UI_KEY_FUNCTION, .codepoint = 10}},
        {"23", {.code = UI_KEY_FUNCTION, .codepoint = 11}},
        {"24", {.code = UI_KEY_FUNCTION, .codepoint = 12}},
        {"200", {.code = UI_KEY_PASTE, .codepoint = 1}},
        {"201", {.code = UI_KEY_PASTE, .codepoint = 0}},
    };
    size_t len = strcspn(parameters, ";");
    for (size_t i = 0; i < TG_COUNT(numbers); i++) {
        if (strlen(numbers[i].number) == len && strncmp(numbers[i].number, parameters, len) == 0) {
            return numbers[i].key;
        }
    }
    return no_key;
}

static struct ui_key begin(struct ui_key_stream *stream, enum ui_key_stream_state state)
{
    stream->state = state;
    stream->len = 0;
    stream->parameters[0] = '\0';
    return no_key;
}

static struct ui_key after_escape(struct ui_key_stream *stream, uint32_t codepoint)
{
    bool is_told = stream->state == UI_KEY_STREAM_TOLD;
    if (codepoint == '[' || codepoint == 'O') {
        return begin(stream, codepoint == '[' ? UI_KEY_STREAM_CONTROL : UI_KEY_STREAM_SINGLE);
    }
    if (codepoint == ESCAPE) {
        begin(stream, UI_KEY_STREAM_ESCAPE);
        return is_told ? no_key : (struct ui_key){.code = UI_KEY_ESC};
    }
    begin(stream, UI_KEY_STREAM_GROUND);
    /* Escape and at once a character is the key with Alt held, which no command has. */
    return is_told ? plain_key(codepoint) : no_key;
}

static struct ui_key within_control(struct ui_key_stream *stream, uint32_t codepoint)
{
    if (codepoint == ESCAPE) {
        return begin(stream, UI_KEY_STREAM_ESCAPE);
    }
    if (codepoint >= 0x20 && codepoint < 0x40) {
        if (stream->len + 1 < (int)sizeof(stream->parameters)) {
            stream->parameters[stream->len++] = (char)codepoint;
            stream->parameters[stream->len] = '\0';
        }
        return no_key;
    }
    stream->state = UI_KEY_STREAM_GROUND;
    return codepoint == '~' ? number_key(stream->parameters) : letter_key(codepoint);
}

struct ui_key ui_key_stream_feed(struct ui_key_stream *stream, uint32_t codepoint)
{
    switch (stream->state) {
    case UI_KEY_STREAM_ESCAPE:
    case UI_KEY_STREAM_TOLD:
        return after_escape(stream, codepoint);
    case UI_KEY_STREAM_CONTROL:
        return within_control(stream, codepoint);
    case UI_KEY_STREAM_SINGLE:
        begin(stream, codepoint == ESCAPE ? UI_KEY_STREAM_ESCAPE : UI_KEY_STREAM_GROUND);
        return letter_key(codepoint);
    case UI_KEY_STREAM_GROUND:
        break;
    }
    return codepoint == ESCAPE ? begin(stream, UI_KEY_STREAM_ESCAPE) : plain_key(codepoint);
}

struct ui_key ui_key_stream_idle(struct ui_key_stream *stream)
{
    if (stream->state != UI_KEY_STREAM_ESCAPE) {
        return no_key;
    }
    stream->state = UI_KEY_STREAM_TOLD;
    return (struct ui_key){.code = UI_KEY_ESC};
}
