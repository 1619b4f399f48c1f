/* ui/key_stream.h - characters as a terminal sends them to keys; escape sequences may come in
 * pieces.
 *
 * A slow line can deliver "Esc", "[" and "A" seconds apart. Whatever follows an escape as a
 * sequence never becomes a command: it becomes the key that it names, or nothing.
 *
 * Source: ECMA-48 5.4 (control sequences), xterm's ctlseqs (keys).
 *
 * Thread: any; values.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_KEY_STREAM_H
#define UI_KEY_STREAM_H

#include "ui/key.h"

enum ui_key_stream_state {
    UI_KEY_STREAM_GROUND,
    UI_KEY_STREAM_ESCAPE,  /* an escape came; it may be the key or begin a sequence */
    UI_KEY_STREAM_TOLD,    /* the escape was told as the key Esc; a sequence may still follow */
    UI_KEY_STREAM_CONTROL, /* within ESC [ ... */
    UI_KEY_STREAM_SINGLE,  /* after ESC O */
};

/* Starts as zeroes. */
struct ui_key_stream {
    enum ui_key_stream_state state;
    char parameters[16];
    int len;
};

/* Takes one character; the key that is complete with it, or UI_KEY_NONE. */
struct ui_key ui_key_stream_feed(struct ui_key_stream *stream, uint32_t codepoint);

/* Nothing more is waiting: a lone escape is the key Esc. UI_KEY_NONE otherwise. */
struct ui_key ui_key_stream_idle(struct ui_key_stream *stream);

#endif
