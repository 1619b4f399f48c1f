/* sim/shell.c - the little shell's grammar: words with quotes and variables, lists with ; && ||,
 * comments, and output thrown away. Pipes, substitution and control structures are refused aloud.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim/process.h"

#define WORDS_MAX 1000u

struct reader {
    struct sim_process *process;
    const char *text;
    size_t at;
    size_t len;
    const char *refusal; /* what is not simulated, NULL when all is well */
};

enum connector { END_OF_COMMAND, AND_THEN, OR_ELSE };

struct command {
    json_t *words;
    bool is_output_off;
    bool is_errors_off;
    enum connector connector;
    bool is_complete;
};

static char peek(const struct reader *reader)
{
    return reader->at < reader->len ? reader->text[reader->at] : '\0';
}

static bool is_name(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* "$NAME", "${NAME}", "$?": what follows the dollar. */
static void expand(struct reader *reader, struct tg_buf *word)
{
    reader->at++;
    if (peek(reader) == '?') {
        reader->at++;
        tg_buf_printf(word, "%d", reader->process->code);
        return;
    }
    if (peek(reader) == '(') {
        reader->refusal = "command substitution";
        return;
    }
    bool is_braced = peek(reader) == '{';
    reader->at += is_braced ? 1 : 0;
    size_t from = reader->at;
    while (is_name(peek(reader))) {
        reader->at++;
    }
    if (reader->at == from) {
        tg_buf_putc(word, '$');
        return;
    }
    char *name = tg_strndup(reader->text + from, reader->at - from);
    tg_buf_puts(word, sim_process_variable(reader->process, name));
    free(name);
    if (is_braced) {
        if (peek(reader) != '}') {
            reader->refusal = "parameter expansion with operators";
        } else {
            reader->at++;
        }
    }
}

/* One quoted part; false when its end is missing. */
static bool quoted(struct reader *reader, struct tg_buf *word)
{
    char quote = peek(reader);
    reader->at++;
    while (reader->at < reader->len && peek(reader) != quote) {
        if (quote == '"' && peek(reader) == '$') {
            expand(reader, word);
            continue;
        }
        if (quote == '"' && peek(reader) == '\\' && reader->at + 1 < reader->len &&
            strchr("$`\"\\\n", reader->text[reader->at + 1]) != NULL) {
            reader->at++;
        }
        tg_buf_putc(word, peek(reader));
        reader->at++;
    }
    if (reader->at >= reader->len) {
        return false;
    }
    reader->at++;
    return true;
}

/* One word; false when the text ends within a quotation. */
static bool read_word(struct reader *reader, struct tg_buf *word)
{
    while (reader->at < reader->len && strchr(" \t\n;&|<>()", peek(reader)) == NULL) {
        char byte = peek(reader);
        if (byte == '\'' || byte == '"') {
            if (!quoted(reader, word)) {
                return false;
            }
        } else if (byte == '$') {
            expand(reader, word);
        } else if (byte == '`') {
            reader->refusal = "command substitution";
            reader->at++;
        } else {
            if (byte == '\\') {
                reader->at++;
                if (reader->at == reader->len) {
                    return false;
                }
                byte = peek(reader);
                if (byte == '\n') { /* a line that goes on */
                    reader->at++;
                    continue;
                }
            }
            tg_buf_putc(word, byte);
            reader->at++;
        }
    }
    return true;
}

/* "> /dev/null", "2>/dev/null", "2>&1": fd is 1 or 2. */
static bool redirect(struct reader *reader, struct command *command, int fd)
{
    reader->at++;
    if (peek(reader) == '&') {
        reader->at++;
        struct tg_buf ignored;
        tg_buf_init(&ignored, 64);
        read_word(reader, &ignored);
        tg_buf_fini(&ignored);
        return true; /* both go to the same place here */
    }
    while (peek(reader) == ' ' || peek(reader) == '>') {
        reader->at++;
    }
    struct tg_buf target;
    tg_buf_init(&target, 4096);
    bool is_good = read_word(reader, &target);
    if (!tg_str_eq(tg_buf_text(&target), "/dev/null")) {
        reader->refusal = "writing files";
    } else if (fd == 1) {
        command->is_output_off = true;
    } else {
        command->is_errors_off = true;
    }
    tg_buf_fini(&target);
    return is_good;
}

/* Reads the end of a command; false when there is more of it. */
static bool read_end(struct reader *reader, struct command *command)
{
    char byte = peek(reader);
    char next = reader->at + 1 < reader->len ? reader->text[reader->at + 1] : '\0';
    if (byte == '\n' || byte == ';') {
        reader->at++;
    } else if (byte == '&' && next == '&') {
        reader->at += 2;
        command->connector = AND_THEN;
    } else if (byte == '|' && next == '|') {
        reader->at += 2;
        command->connector = OR_ELSE;
    } else if (byte == '|' || byte == '&' || byte == '(' || byte == ')' || byte == '<') {
        reader->refusal = byte == '|' ? "a pipe" : byte == '<' ? "reading files" : "a subshell";
        reader->at++;
    } else {
        return false;
    }
    command->is_complete = true;
    return true;
}

static bool add_word(struct reader *reader, struct command *command)
{
    struct tg_buf word;
    tg_buf_init(&word, (size_t)1 << 20);
    size_t from = reader->at;
    bool is_good = read_word(reader, &word);
    bool is_fd = reader->at - from == 1 && peek(reader) == '>' &&
                 (reader->text[from] == '1' || reader->text[from] == '2');
    if (is_good && is_fd) {
        is_good = redirect(reader, command, reader->text[from] - '0');
    } else if (is_good && json_array_size(command->words) < WORDS_MAX) {
        /* an unset variable alone is no word; an empty quotation is one */
        if (word.len > 0 || reader->text[from] != '$') {
            json_t *text = json_stringn(tg_buf_text(&word), word.len);
            json_array_append_new(command->words, text == NULL ? json_string("?") : text);
        }
    }
    tg_buf_fini(&word);
    return is_good;
}

/* Reads one command; is_complete is false when the text ends first. */
static void read_command(struct reader *reader, struct command *command)
{
    *command = (struct command){.words = json_array()};
    while (reader->at < reader->len && reader->refusal == NULL) {
        char byte = peek(reader);
        if (byte == ' ' || byte == '\t') {
            reader->at++;
        } else if (byte == '#') {
            while (reader->at < reader->len && peek(reader) != '\n') {
                reader->at++;
            }
        } else if (byte == '>') {
            if (!redirect(reader, command, 1)) {
                return;
            }
        } else if (read_end(reader, command)) {
            return;
        } else if (!add_word(reader, command)) {
            return;
        }
    }
}

/* "A=b" and "export A=b" set variables; true when that was all. */
static bool assign(struct sim_process *process, json_t *words)
{
    bool is_export = tg_str_eq(json_string_value(json_array_get(words, 0)), "export");
    size_t count = json_array_size(words);
    for (size_t i = is_export ? 1 : 0; i < count; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        const char *equals = strchr(word, '=');
        size_t len = equals == NULL ? 0 : (size_t)(equals - word);
        for (size_t c = 0; c < len; c++) {
            len = is_name(word[c]) ? len : 0;
        }
        if (len == 0 && !is_export) {
            return false; /* a command; assignments in front of it are not told apart */
        }
        if (len > 0) {
            char *name = tg_strndup(word, len);
            json_object_set_new(process->variables, name, json_string(equals + 1));
            free(name);
        }
    }
    return is_export || count > 0;
}

static bool refuse(struct reader *reader)
{
    static const char *const keywords[] = {"if", "for", "while", "until", "case", "{", "!"};
    const char *first = sim_process_word(reader->process, 0);
    for (size_t i = 0; first != NULL && i < TG_COUNT(keywords); i++) {
        if (tg_str_eq(first, keywords[i])) {
            reader->refusal = "control structures";
        }
    }
    if (reader->refusal != NULL) {
        sim_process_print(reader->process, 2, "sh: (simulated) not supported: %s\n",
                          reader->refusal);
    }
    return reader->refusal != NULL;
}

/* What && and || in front of the next command say after the last one's code. */
static bool is_next_skipped(const struct sim_process *process)
{
    return (process->connector == AND_THEN && process->code != 0) ||
           (process->connector == OR_ELSE && process->code == 0);
}

enum sim_shell_result sim_shell_next(struct sim_process *process)
{
    while (process->script.len > 0) {
        struct reader reader = {
            .process = process, .text = tg_buf_text(&process->script), .len = process->script.len};
        struct command command;
        read_command(&reader, &command);
        if (!command.is_complete && reader.refusal == NULL) {
            json_decref(command.words);
            return SIM_SHELL_INCOMPLETE;
        }
        json_decref(process->words);
        process->words = command.words;
        bool is_refused = refuse(&reader);
        tg_buf_consume(&process->script, reader.at);
        if (is_refused) {
            process->code = 2;
            return SIM_SHELL_BROKEN;
        }
        bool is_wanted = json_array_size(command.words) > 0 && !is_next_skipped(process);
        process->connector = (int)command.connector;
        if (is_wanted && assign(process, command.words)) {
            process->code = 0;
        } else if (is_wanted) {
            process->is_output_off = command.is_output_off;
            process->is_errors_off = command.is_errors_off;
            return SIM_SHELL_COMMAND;
        }
    }
    return SIM_SHELL_EMPTY;
}
