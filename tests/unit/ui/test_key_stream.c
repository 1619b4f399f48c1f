/* tests/unit/ui/test_key_stream.c - sequences in pieces are keys, never commands. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <string.h>

#include "base/assert.h"
#include "base/rng.h"
#include "ui/key_stream.h"

#define KEYS_MAX 64

struct told {
    struct ui_key keys[KEYS_MAX];
    size_t count;
};

static void take(struct told *told, struct ui_key key)
{
    if (key.code != UI_KEY_NONE && told->count < KEYS_MAX) {
        told->keys[told->count++] = key;
    }
}

/* Feeds text; where `pauses` has a bit, nothing more is waiting after that character. */
static struct told feed(const char *text, unsigned pauses)
{
    struct ui_key_stream stream = {0};
    struct told told = {0};
    for (size_t i = 0; text[i] != '\0'; i++) {
        take(&told, ui_key_stream_feed(&stream, (unsigned char)text[i]));
        if (i < 32 && (pauses >> i & 1U) != 0) {
            take(&told, ui_key_stream_idle(&stream));
        }
    }
    take(&told, ui_key_stream_idle(&stream));
    return told;
}

static const char *names(struct told told)
{
    static char out[KEYS_MAX * 12];
    out[0] = '\0';
    for (size_t i = 0; i < told.count; i++) {
        char name[24];
        if (told.keys[i].code == UI_KEY_PASTE) {
            strcat(out, told.keys[i].codepoint != 0 ? "Paste+" : "Paste-");
        } else {
            strcat(out, ui_key_format(told.keys[i], name, sizeof(name)));
        }
        strcat(out, i + 1 < told.count ? " " : "");
    }
    return out;
}

Test(key_stream, whole_sequences_are_their_keys)
{
    cr_assert_str_eq(names(feed("\033[A\033[B\033OC\033[Z\033[5~\033[24~\033OP", 0)),
                     "Up Down Right S-Tab PageUp F12 F1");
    cr_assert_str_eq(names(feed("\033[1;5A", 0)), "Up");
    cr_assert_str_eq(names(feed("\033[200~D\r\033[201~", 0)), "Paste+ D Enter Paste-");
    cr_assert_str_eq(names(feed("\033[?62;4c\033[99~q", 0)), "q",
                     "answers of a terminal are no keys");
}

/* A slow line may stop anywhere within: at worst an Esc is told before the key, never a letter. */
Test(key_stream, torn_sequences_never_become_letters)
{
    static const char *const sequences[] = {"\033[A", "\033OA",  "\033[D",
                                            "\033OD", "\033[3~", "\033[1;2R"};
    for (size_t i = 0; i < TG_COUNT(sequences); i++) {
        for (unsigned pauses = 0; pauses < 1U << strlen(sequences[i]); pauses++) {
            struct told told = feed(sequences[i], pauses);
            cr_assert_leq(told.count, 2);
            for (size_t k = 0; k < told.count; k++) {
                cr_assert_neq(told.keys[k].code, UI_KEY_CHAR, "%s with pauses %x: %s",
                              sequences[i] + 1, pauses, names(told));
            }
        }
    }
    cr_assert_str_eq(names(feed("\033[A", 7)), "Esc Up");
    cr_assert_str_eq(names(feed("\033[200~", 0x3f)), "Esc Paste+");
}

Test(key_stream, escape_alone_is_escape_and_the_next_key_is_itself)
{
    cr_assert_str_eq(names(feed("\033", 0)), "Esc");
    cr_assert_str_eq(names(feed("\033q", 1)), "Esc q");
    cr_assert_str_eq(names(feed("\033\033", 3)), "Esc Esc");
}

/* Alt and a letter at once: nothing has that key, least of all the letter's command. */
Test(key_stream, alt_and_a_letter_is_nothing)
{
    cr_assert_str_eq(names(feed("\033D", 0)), "");
    cr_assert_str_eq(names(feed("\033Aq", 0)), "q");
}

Test(key_stream, control_keys_and_text)
{
    struct ui_key_stream stream = {0};
    cr_assert_str_eq(names(feed("\003\014\t\r\177x", 0)), "C-c C-l Tab Enter Backspace x");
    cr_assert_eq(ui_key_stream_feed(&stream, 0x7bc0).codepoint, 0x7bc0);
    cr_assert_eq(ui_key_stream_feed(&stream, 0).code, UI_KEY_NONE);
}

Test(key_stream, endless_parameters_stay_bounded)
{
    char text[400] = "\033[";
    memset(text + 2, '1', 380);
    strcat(text, "~q");
    cr_assert_str_eq(names(feed(text, 0)), "q");
}

Test(key_stream, any_noise_leaves_a_stream_that_still_hears_keys)
{
    static const char alphabet[] = "\033[O~;?AD0129\r\tqz\033\033[[";
    struct tg_rng rng = tg_rng_named(7, "keys");
    for (int round = 0; round < 20000; round++) {
        struct ui_key_stream stream = {0};
        for (int i = 0; i < 12; i++) {
            ui_key_stream_feed(&stream,
                               (unsigned char)alphabet[tg_rng_below(&rng, sizeof(alphabet) - 1)]);
            if (tg_rng_below(&rng, 4) == 0) {
                ui_key_stream_idle(&stream);
            }
        }
        /* Two letters end whatever was open; the third key is heard as itself. */
        ui_key_stream_idle(&stream);
        ui_key_stream_feed(&stream, 'x');
        ui_key_stream_feed(&stream, 'x');
        cr_assert_eq(ui_key_stream_feed(&stream, 'q').codepoint, 'q');
    }
}
