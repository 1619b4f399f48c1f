/* ui/term_curses.c - the terminal by ncurses: the one file that knows it. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <curses.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "ui/key_stream.h"
#include "ui/term.h"

#define ESCAPE_DELAY_MS 25
#define COPY_BYTES_MAX  ((size_t)128 * 1024)
#define SCREEN_STRING   76
#define KEY_PASTE_START 0x1000
#define KEY_PASTE_END   0x1001

struct terminal {
    struct ui_term base;
    SCREEN *screen;
    attr_t attributes[UI_STYLE_COUNT];
    short pairs[UI_STYLE_COUNT];
    bool is_whole; /* draw everything next time */
    bool is_gone;
    enum ui_multiplexer multiplexer;
    struct ui_key_stream stream; /* of what curses itself could not put together */
};

/* For crash handlers: what must be known without touching curses. */
static struct termios saved_modes;
static volatile sig_atomic_t is_open;

static void write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(STDOUT_FILENO, bytes, len);
        if (wrote <= 0) {
            return;
        }
        bytes += wrote;
        len -= (size_t)wrote;
    }
}

void ui_term_restore_now(void)
{
    static const char bytes[] = "\033[?2004l\033[?25h\033[0m\033[?1l\033>\033[?1049l";
    if (is_open) {
        is_open = 0;
        write_all(bytes, sizeof(bytes) - 1);
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
    }
}

/* ---- styles ---- */

struct look {
    short foreground; /* -1: the terminal's own */
    attr_t attributes;
    attr_t mono; /* without colour every state still looks its own way */
};

static const struct look looks[UI_STYLE_COUNT] = {
    [UI_STYLE_TEXT] = {-1, A_NORMAL, A_NORMAL},
    [UI_STYLE_MUTED] = {-1, A_DIM, A_DIM},
    [UI_STYLE_TITLE] = {-1, A_BOLD, A_BOLD},
    [UI_STYLE_BORDER] = {-1, A_DIM, A_DIM},
    [UI_STYLE_FOCUS] = {COLOR_CYAN, A_BOLD, A_BOLD},
    [UI_STYLE_OK] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
    [UI_STYLE_RUNNING] = {COLOR_CYAN, A_NORMAL, A_NORMAL},
    [UI_STYLE_WARN] = {COLOR_YELLOW, A_NORMAL, A_UNDERLINE},
    [UI_STYLE_FAIL] = {COLOR_RED, A_BOLD, A_REVERSE},
    [UI_STYLE_STALE] = {-1, A_DIM, A_DIM},
    [UI_STYLE_SELECTED] = {-1, A_REVERSE, A_REVERSE},
    [UI_STYLE_BANNER] = {-1, A_BOLD, A_BOLD},
    [UI_STYLE_ARMED] = {COLOR_YELLOW, A_REVERSE | A_BOLD, A_REVERSE | A_BOLD},
    [UI_STYLE_SIMULATED] = {COLOR_MAGENTA, A_BOLD, A_BOLD},
    [UI_STYLE_KEY] = {COLOR_CYAN, A_BOLD, A_BOLD},
};

static void make_styles(struct terminal *terminal, bool is_colour_wanted)
{
    bool has_colour = is_colour_wanted && has_colors();
    if (has_colour) {
        start_color();
        use_default_colors();
    }
    for (int i = 0; i < UI_STYLE_COUNT; i++) {
        bool is_plain = !has_colour || looks[i].foreground < 0;
        terminal->attributes[i] = has_colour ? looks[i].attributes : looks[i].mono;
        if (!is_plain) {
            terminal->pairs[i] = (short)(i + 1);
            init_pair((short)(i + 1), looks[i].foreground, -1);
        }
    }
}

/* ---- drawing ---- */

static void get_size(struct ui_term *term, int *width, int *height)
{
    struct winsize size;
    (void)term;
    *width = COLS;
    *height = LINES;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0 &&
        (size.ws_col != COLS || size.ws_row != LINES)) {
        resizeterm(size.ws_row, size.ws_col);
        ((struct terminal *)term)->is_whole = true;
        *width = size.ws_col;
        *height = size.ws_row;
    }
}

static void draw_cell(const struct terminal *terminal, int x, int y, const struct ui_cell *cell)
{
    wchar_t wide[CCHARW_MAX + 1] = {0};
    cchar_t character;
    size_t count = 0;
    const char *at = cell->text;
    size_t left = strlen(at);
    while (left > 0 && count < CCHARW_MAX) {
        uint32_t codepoint = 0;
        size_t used = tg_utf8_decode(at, left, &codepoint);
        wide[count++] = (wchar_t)codepoint;
        at += used;
        left -= used;
    }
    /* Where the terminal takes single bytes, curses would make other letters of what it cannot
     * show. */
    if (MB_CUR_MAX == 1 && (count != 1 || wide[0] > 126)) {
        wide[0] = count == 0 ? L' ' : L'?';
        wide[1] = L'\0';
        count = 1;
    }
    if (count == 0) {
        return; /* the right half of a wide grapheme */
    }
    setcchar(&character, wide, terminal->attributes[cell->style], terminal->pairs[cell->style],
             NULL);
    mvadd_wch(y, x, &character);
}

/* curses itself compares with what the terminal shows and writes the difference alone, in one
 * flush. */
static void present(struct ui_term *term, const struct ui_canvas *canvas)
{
    struct terminal *terminal = (struct terminal *)term;
    for (int y = 0; y < ui_canvas_height(canvas) && y < LINES; y++) {
        for (int x = 0; x < ui_canvas_width(canvas) && x < COLS; x++) {
            draw_cell(terminal, x, y, ui_canvas_cell(canvas, x, y));
        }
    }
    if (terminal->is_whole) {
        clearok(curscr, TRUE);
        terminal->is_whole = false;
    }
    refresh();
}

static void invalidate(struct ui_term *term)
{
    ((struct terminal *)term)->is_whole = true;
}

/* ---- keys ---- */

static struct ui_key special_key(wint_t code)
{
    /* tidy: table */
    struct ui_key key = {.code = UI_KEY_NONE};
    switch (code) {
    case KEY_UP:
        key.code = UI_KEY_UP;
        break;
    case KEY_DOWN:
        key.code = UI_KEY_DOWN;
        break;
    case KEY_LEFT:
        key.code = UI_KEY_LEFT;
        break;
    case KEY_RIGHT:
        key.code = UI_KEY_RIGHT;
        break;
    case KEY_HOME:
        key.code = UI_KEY_HOME;
        break;
    case KEY_END:
        key.code = UI_KEY_END;
        break;
    case KEY_PPAGE:
        key.code = UI_KEY_PAGE_UP;
        break;
    case KEY_NPAGE:
        key.code = UI_KEY_PAGE_DOWN;
        break;
    case KEY_BTAB:
        key.code = UI_KEY_BACKTAB;
        break;
    case KEY_BACKSPACE:
        key.code = UI_KEY_BACKSPACE;
        break;
    case KEY_DC:
        key.code = UI_KEY_DELETE;
        break;
    case KEY_ENTER:
        key.code = UI_KEY_ENTER;
        break;
    case KEY_RESIZE:
        key.code = UI_KEY_RESIZE;
        break;
    case KEY_PASTE_START:
    case KEY_PASTE_END:
        key = (struct ui_key){.code = UI_KEY_PASTE, .codepoint = code == KEY_PASTE_START};
        break;
    default:
        if (code >= (wint_t)KEY_F(1) && code <= (wint_t)KEY_F(12)) {
            key = (struct ui_key){.code = UI_KEY_FUNCTION, .codepoint = code - (wint_t)KEY_F(0)};
        }
        break;
    }
    return key;
}

/* A terminal that is gone reads as an end of file for ever: that must end the program, not spin it.
 */
static bool is_hung_up(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static struct ui_key take_key(struct ui_term *term)
{
    struct terminal *terminal = (struct terminal *)term;
    for (;;) {
        wint_t code = 0;
        int result = get_wch(&code);
        if (result == ERR) {
            break;
        }
        struct ui_key key = {.code = UI_KEY_NONE};
        if (result == KEY_CODE_YES) {
            key = special_key(code);
            if (key.code != UI_KEY_RESIZE) { /* a resize may fall into the middle of a sequence */
                terminal->stream = (struct ui_key_stream){0};
            }
        } else {
            key = ui_key_stream_feed(&terminal->stream, (uint32_t)code);
        }
        if (key.code != UI_KEY_NONE) {
            return key;
        }
    }
    if (!terminal->is_gone && is_hung_up()) {
        terminal->is_gone = true;
        return (struct ui_key){.code = UI_KEY_HANGUP};
    }
    return ui_key_stream_idle(&terminal->stream);
}

static int input_fd(struct ui_term *term)
{
    return ((struct terminal *)term)->is_gone ? -1 : STDIN_FILENO;
}

/* ---- life ---- */

static void set_modes(void)
{
    raw();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    curs_set(0);
    write_all("\033[?2004h", 8);
}

static void suspend(struct ui_term *term)
{
    (void)term;
    write_all("\033[?2004l", 8);
    endwin();
}

static void resume(struct ui_term *term)
{
    refresh();
    set_modes();
    invalidate(term);
}

/* What a paste would do in a shell is not for text from elsewhere to decide: no escapes, no
 * carriage returns. */
static char *clean_lines(const char *text)
{
    struct tg_buf out;
    tg_buf_init(&out, COPY_BYTES_MAX);
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *line = tg_utf8_sanitize(text, len);
        tg_buf_puts(&out, line);
        free(line);
        text += len;
        if (*text == '\n') {
            tg_buf_putc(&out, *text++);
        }
    }
    return tg_buf_take(&out, NULL);
}

/* Screen takes short strings alone; several are one to the terminal outside. */
static void put_for_screen(struct tg_buf *out, const char *sequence)
{
    for (size_t len = strlen(sequence); len > 0;) {
        size_t part = len < SCREEN_STRING ? len : SCREEN_STRING;
        tg_buf_puts(out, "\033P");
        tg_buf_append(out, sequence, part);
        tg_buf_puts(out, "\033\\");
        sequence += part;
        len -= part;
    }
}

/* OSC 52. Within tmux in both ways, for which of them it takes is a matter of its settings: plain
 * (set-clipboard on), and handed through to the terminal outside (allow-passthrough on). */
static void copy(struct ui_term *term, const char *text)
{
    enum ui_multiplexer multiplexer = ((struct terminal *)term)->multiplexer;
    struct tg_buf out;
    char *clean = clean_lines(text);
    char *encoded = tg_base64_encode(clean, strlen(clean));
    char *sequence = tg_asprintf("\033]52;c;%s\a", encoded);
    tg_buf_init(&out, COPY_BYTES_MAX * 4);
    if (multiplexer == UI_MULTIPLEXER_TMUX) {
        tg_buf_printf(&out, "%s\033Ptmux;\033%s\033\\", sequence, sequence);
    } else if (multiplexer == UI_MULTIPLEXER_SCREEN) {
        put_for_screen(&out, sequence);
    } else {
        tg_buf_puts(&out, sequence);
    }
    if (!out.is_full) {
        write_all(tg_buf_text(&out), out.len);
    }
    tg_buf_fini(&out);
    free(sequence);
    free(encoded);
    free(clean);
}

static void beep_now(struct ui_term *term)
{
    (void)term;
    beep();
}

static void free_terminal(struct ui_term *term)
{
    struct terminal *terminal = (struct terminal *)term;
    if (is_open) {
        write_all("\033[?2004l", 8);
        endwin();
        is_open = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
    }
    delscreen(terminal->screen);
    free(terminal);
}

struct ui_term *ui_term_curses_new(bool is_colour_wanted, enum ui_multiplexer multiplexer,
                                   struct tg_err *err)
{
    static const struct ui_term_ops ops = {get_size, take_key, input_fd, present,  invalidate,
                                           suspend,  resume,   copy,     beep_now, free_terminal};
    int result = 0;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        tcgetattr(STDIN_FILENO, &saved_modes) != 0) {
        tg_err_set(err, TG_CODE_STATE, 0, "no terminal to show screens on; use --plain");
        return NULL;
    }
    /* A terminal that cannot move its cursor (dumb, or one that terminfo does not know) has no
     * screens. */
    if (setupterm(NULL, STDOUT_FILENO, &result) != OK || cursor_address == NULL) {
        tg_err_set(err, TG_CODE_STATE, 0, "this kind of terminal cannot show screens; use --plain");
        return NULL;
    }
    del_curterm(cur_term); /* newterm() reads it again for itself */
    struct terminal *terminal = TG_NEW(struct terminal);
    terminal->base.ops = &ops;
    terminal->multiplexer = multiplexer;
    terminal->screen = newterm(NULL, stdout, stdin);
    if (terminal->screen == NULL) {
        free(terminal);
        tg_err_set(err, TG_CODE_STATE, 0, "this terminal cannot show screens; use --plain");
        return NULL;
    }
    is_open = 1;
    set_modes();
    define_key("\033[200~", KEY_PASTE_START);
    define_key("\033[201~", KEY_PASTE_END);
    make_styles(terminal, is_colour_wanted);
    return &terminal->base;
}

void ui_term_look(struct tg_doctor_terminal *terminal)
{
    int result = 0;
    struct winsize size = {0};
    *terminal = (struct tg_doctor_terminal){.is_terminal = isatty(STDIN_FILENO) != 0 &&
                                                           isatty(STDOUT_FILENO) != 0};
    terminal->is_utf8 = tg_str_eq(nl_langinfo(CODESET), "UTF-8");
    TERMINAL *before = cur_term; /* the console's own, when it runs */
    if (!terminal->is_terminal || setupterm(NULL, STDOUT_FILENO, &result) != OK) {
        (void)set_curterm(before);
        return;
    }
    const char *name = termname();
    tg_utf8_sanitize_into(terminal->name, sizeof(terminal->name), name != NULL ? name : "",
                          name != NULL ? strlen(name) : 0);
    terminal->colours = max_colors > 0 ? max_colors : 0;
    terminal->has_mouse = key_mouse != NULL;
    terminal->width = columns;
    terminal->height = lines;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal->width = size.ws_col;
        terminal->height = size.ws_row;
    }
    del_curterm(set_curterm(before));
}
