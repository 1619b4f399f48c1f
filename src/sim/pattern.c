/* sim/pattern.c - PCRE2 within bounds, and without what Go's package regexp does not know. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "sim/pattern.h"

#include <pcre2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define PATTERN_LEN_MAX 4096
#define HEAP_MAX_KIB    (16 * 1024)
#define REPEAT_MAX      1000

/* Of these PCRE2 knows more, and some it reads in another way. */
#define GO_ESCAPES "aftnrxdDsSwWbBAzpP"

/* A repeat count such as "{2,3}"; 0 when at is none. */
static size_t count_len(const char *at)
{
    size_t len = 1 + strspn(at + 1, "0123456789");
    if (at[0] != '{' || len == 1) {
        return 0;
    }
    if (at[len] == ',') {
        len += 1 + strspn(at + len + 1, "0123456789");
    }
    return at[len] == '}' ? len + 1 : 0;
}

static bool is_go_count(const char *at)
{
    char *rest = NULL;
    bool is_few = strtoul(at + 1, &rest, 10) <= REPEAT_MAX;
    return is_few && (*rest != ',' || strtoul(rest + 1, NULL, 10) <= REPEAT_MAX);
}

/* What stands after "(?": a group without or with a name, or flags. */
static bool is_go_group(const char *at)
{
    if (at[0] == 'P' || at[0] == '<') {
        at += at[0] == 'P' ? 1 : 0;
        return at[0] == '<' && at[1] != '=' && at[1] != '!';
    }
    at += strspn(at, "imsU-");
    return at[0] == ':' || at[0] == ')';
}

static bool is_go_escape(char byte)
{
    bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    bool is_digit = byte >= '0' && byte <= '9';
    return !is_digit && (!is_letter || strchr(GO_ESCAPES, byte) != NULL);
}

/* Where the class that begins at "[" ends: after its "]", or at the pattern's end. A "]" at its
 * start is one of its characters. */
static const char *class_end(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']' ? 1 : 0;
    while (*at != '\0' && *at != ']') {
        if (at[0] == '[' && at[1] == ':' && strstr(at, ":]") != NULL) {
            at = strstr(at, ":]") + 1;
        } else if (at[0] == '\\' && at[1] != '\0') {
            at++;
        }
        at++;
    }
    return *at == ']' ? at + 1 : at;
}

/* Whether the pattern is of the language that an API server reads: no references back, nothing that
 * looks around, no possessive repeats. What is not well-formed is left to PCRE2. */
static bool is_go(const char *pattern)
{
    bool is_repeat = false; /* what stood before was one */
    const char *at = pattern;
    while (*at != '\0') {
        size_t counted = count_len(at);
        bool was_repeat = is_repeat;
        is_repeat = counted > 0 || *at == '*' || *at == '+' || *at == '?';
        if ((is_repeat && was_repeat && *at != '?') || (counted > 0 && !is_go_count(at))) {
            return false;
        }
        is_repeat = is_repeat && !was_repeat;
        if (*at == '\\') {
            if (at[1] == '\0' || !is_go_escape(at[1])) {
                return false;
            }
            at += 2;
        } else if (*at == '[') {
            at = class_end(at);
        } else if (at[0] == '(' && (at[1] == '*' || (at[1] == '?' && !is_go_group(at + 2)))) {
            return false;
        } else {
            at += counted > 0 ? counted : at[0] == '(' && at[1] == '?' ? 2 : 1;
        }
    }
    return true;
}

/* Called before each item of the pattern that is tried, and so the measure of the work. */
static int on_step(pcre2_callout_block *block, void *context)
{
    int64_t *work = context;
    (void)block;
    return (*work)-- > 0 ? 0 : PCRE2_ERROR_CALLOUT;
}

static enum sim_pattern_verdict run(const pcre2_code *code, const char *text, int64_t *work)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    tg_assert(limits != NULL && found != NULL);
    (void)pcre2_set_heap_limit(limits, HEAP_MAX_KIB);
    (void)pcre2_set_match_limit(limits, UINT32_MAX); /* the work is counted by ourselves */
    (void)pcre2_set_callout(limits, on_step, work);
    int result = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, found, limits);
    pcre2_match_data_free(found);
    pcre2_match_context_free(limits);
    *work = *work < 0 ? 0 : *work;
    switch (result) {
    case PCRE2_ERROR_NOMATCH:
        return SIM_PATTERN_DIFFERS;
    case PCRE2_ERROR_CALLOUT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_NOMEMORY:
        return SIM_PATTERN_TOO_LONG;
    default:
        return result >= 0 ? SIM_PATTERN_MATCHES : SIM_PATTERN_UNKNOWN;
    }
}

enum sim_pattern_verdict sim_pattern_find(const char *pattern, const char *text, int64_t *work)
{
    int why = 0;
    PCRE2_SIZE where = 0;
    size_t len = strlen(pattern);
    if (len > PATTERN_LEN_MAX || !is_go(pattern)) {
        return SIM_PATTERN_UNKNOWN;
    }
    /* The compiled form has a ceiling of PCRE2's own: 64 KiB. */
    pcre2_compile_context *dialect = pcre2_compile_context_create(NULL);
    tg_assert(dialect != NULL);
    (void)pcre2_set_newline(dialect, PCRE2_NEWLINE_LF);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, len,
                      PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY |
                          PCRE2_NO_AUTO_POSSESS | PCRE2_AUTO_CALLOUT | PCRE2_NO_START_OPTIMIZE,
                      &why, &where, dialect);
    pcre2_compile_context_free(dialect);
    if (code == NULL) {
        return SIM_PATTERN_UNKNOWN;
    }
    enum sim_pattern_verdict verdict = run(code, text, work);
    pcre2_code_free(code);
    return verdict;
}
