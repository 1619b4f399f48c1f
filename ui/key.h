/* ui/key.h - one key as a value, with names: "q", "C-c", "F1", "PageUp", "S-Tab", "Enter", "Esc".
 *
 * Thread: any; values.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_KEY_H
#define UI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ui_key_code {
    UI_KEY_NONE,
    UI_KEY_CHAR, /* codepoint holds it */
    UI_KEY_ENTER,
    UI_KEY_ESC,
    UI_KEY_TAB,
    UI_KEY_BACKTAB,
    UI_KEY_BACKSPACE,
    UI_KEY_DELETE,
    UI_KEY_UP,
    UI_KEY_DOWN,
    UI_KEY_LEFT,
    UI_KEY_RIGHT,
    UI_KEY_HOME,
    UI_KEY_END,
    UI_KEY_PAGE_UP,
    UI_KEY_PAGE_DOWN,
    UI_KEY_FUNCTION, /* codepoint is 1..12 */
    UI_KEY_PASTE,    /* start or end of a bracketed paste; codepoint 1 or 0: text between is never a
                        command */
    UI_KEY_RESIZE,
    UI_KEY_HANGUP, /* the terminal is gone */
};

struct ui_key {
    enum ui_key_code code;
    uint32_t codepoint;
    bool is_control; /* with CHAR: "C-" and the lower-case letter */
};

/* Name of a key into out, returned. */
const char *ui_key_format(struct ui_key key, char *out, size_t size);

/* Key of a name; false when it is not one. */
bool ui_key_parse(const char *name, struct ui_key *key);
bool ui_key_is_equal(struct ui_key a, struct ui_key b);

#endif
