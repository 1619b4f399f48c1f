/* ui/key.c - names of keys. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "ui/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "base/utf8.h"

static const struct {
    enum ui_key_code code;
    const char *name;
} names[] = {
    {UI_KEY_ENTER, "Enter"},    {UI_KEY_ESC, "Esc"},
    {UI_KEY_TAB, "Tab"},        {UI_KEY_BACKTAB, "S-Tab"},
    {UI_KEY_DELETE, "Delete"},  {UI_KEY_BACKSPACE, "Backspace"},
    {UI_KEY_UP, "Up"},          {UI_KEY_DOWN, "Down"},
    {UI_KEY_LEFT, "Left"},      {UI_KEY_RIGHT, "Right"},
    {UI_KEY_HOME, "Home"},      {UI_KEY_END, "End"},
    {UI_KEY_PAGE_UP, "PageUp"}, {UI_KEY_PAGE_DOWN, "PageDown"},
};

const char *ui_key_format(struct ui_key key, char *out, size_t size)
{
    char encoded[5] = "";
    out[0] = '\0';
    if (key.code == UI_KEY_CHAR) {
        encoded[tg_utf8_encode(key.codepoint, encoded)] = '\0';
        snprintf(out, size, "%s%s", key.is_control ? "C-" : "",
                 key.codepoint == ' ' ? "Space" : encoded);
    } else if (key.code == UI_KEY_FUNCTION) {
        snprintf(out, size, "F%u", (unsigned)key.codepoint);
    }
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (names[i].code == key.code) {
            snprintf(out, size, "%s", names[i].name);
        }
    }
    return out;
}

bool ui_key_parse(const char *name, struct ui_key *key)
{
    *key = (struct ui_key){.code = UI_KEY_NONE};
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (tg_str_eq(names[i].name, name)) {
            key->code = names[i].code;
            return true;
        }
    }
    int64_t number = 0;
    if (name[0] == 'F' && tg_str_to_int64(name + 1, 1, 12, &number)) {
        *key = (struct ui_key){.code = UI_KEY_FUNCTION, .codepoint = (uint32_t)number};
        return true;
    }
    key->is_control = tg_str_has_prefix(name, "C-") && name[2] != '\0';
    const char *rest = key->is_control ? name + 2 : name;
    key->code = UI_KEY_CHAR;
    if (tg_str_eq(rest, "Space")) {
        key->codepoint = ' ';
        return true;
    }
    size_t len = strlen(rest);
    return len > 0 && tg_utf8_decode(rest, len, &key->codepoint) == len;
}

bool ui_key_is_equal(struct ui_key a, struct ui_key b)
{
    return a.code == b.code && a.codepoint == b.codepoint && a.is_control == b.is_control;
}
