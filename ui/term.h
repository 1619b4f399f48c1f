/* ui/term.h - what the console needs of a terminal: two of these exist, curses and the scripted one
 * of the tests.
 *
 * Thread: UI thread; restore_now alone is async-signal-safe.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>

#include "base/err.h"
#include "plan/doctor.h"
#include "ui/canvas.h"
#include "ui/key.h"

struct ui_term;

struct ui_term_ops {
    void (*size)(struct ui_term *term, int *width, int *height);

    /* Next key waiting, or UI_KEY_NONE; never blocks. */
    struct ui_key (*key)(struct ui_term *term);

    /* File descriptor to poll for input; -1: none. */
    int (*fd)(struct ui_term *term);

    /* Shows the canvas: writes only what differs from what is shown, in one write; nothing when
     * nothing differs. */
    void (*present)(struct ui_term *term, const struct ui_canvas *canvas);

    /* Next present() draws everything (after C-l, or another program wrote on the screen). */
    void (*invalidate)(struct ui_term *term);

    /* Leaves and re-enters full-screen mode (around a stop signal). */
    void (*suspend)(struct ui_term *term);
    void (*resume)(struct ui_term *term);

    /* Asks the terminal to put text into the clipboard; it says nothing back, so nobody knows
     * whether it did. Control characters but line breaks are left out. */
    void (*copy)(struct ui_term *term, const char *text);
    void (*beep)(struct ui_term *term);
    void (*free)(struct ui_term *term); /* restores the terminal */
};

struct ui_term {
    const struct ui_term_ops *ops;
};

/* Full-screen terminal on the controlling tty. UNAVAILABLE terminals (no tty, TERM dumb or unknown)
 * give NULL and err (STATE) with a sentence that names --plain. is_colour_wanted false: NO_COLOR or
 * --color=never. multiplexer: what stands between it and the terminal outside, for copy(). */
enum ui_multiplexer { UI_MULTIPLEXER_NONE, UI_MULTIPLEXER_TMUX, UI_MULTIPLEXER_SCREEN };
struct ui_term *ui_term_curses_new(bool is_colour_wanted, enum ui_multiplexer multiplexer,
                                   struct tg_err *err);

/* What the terminal on standard input and output can do, as terminfo and the locale tell it:
 * nothing is written to it. */
void ui_term_look(struct tg_doctor_terminal *terminal);

/* Puts the terminal back with fixed bytes and tcsetattr alone: for crash handlers. Safe when no
 * terminal is open. */
void ui_term_restore_now(void);

/* Terminal of a script: keys come from the text (names separated by blanks), frames are kept. */
struct ui_term *ui_term_fake_new(int width, int height);
void ui_term_fake_push(struct ui_term *term, const char *keys);
void ui_term_fake_resize(struct ui_term *term, int width, int height);

/* Last frame shown, as ui_canvas_dump(); the caller frees. And how many cells the last present()
 * changed. */
char *ui_term_fake_frame(const struct ui_term *term, bool with_styles);
const char *ui_term_fake_copied(const struct ui_term *term); /* the last text; "" when none was */
int ui_term_fake_changed_cells(const struct ui_term *term);

#endif
