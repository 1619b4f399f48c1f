/* sim/pattern.c - regular expressions in bounded time. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "sim/pattern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#define NODES_MAX   2048
#define RANGES_MAX  4096
#define PROGRAM_MAX 8192
#define DEPTH_MAX   64
#define REPEAT_MAX  1000  /* Go refuses more */
#define VISITS_MAX  65536 /* of nodes while compiling: repeating nothing adds no instruction */
#define RUNE_BYTES  4
#define ENDLESS     (-1)
#define LAST_RUNE   0x10ffffu
#define END_OF_TEXT UINT32_MAX
#define NONE        (-1)

/* ---- what a pattern says: a tree ---- */

enum node_kind { NODE_RANGES, NODE_ASSERT, NODE_CONCAT, NODE_CHOICE, NODE_REPEAT };

enum assertion { ASSERT_START, ASSERT_END, ASSERT_WORD_EDGE, ASSERT_NO_WORD_EDGE };

struct range {
    uint32_t first;
    uint32_t last;
};

struct node {
    enum node_kind kind;
    enum assertion assertion;
    int first; /* of RANGES in the table of ranges; of the others the first child */
    int count; /* of RANGES */
    bool is_negated;
    int next; /* the next child of the same parent */
    int least;
    int most; /* of REPEAT; ENDLESS: no end */
};

enum instruction_kind { RUN_RANGES, RUN_ASSERT, RUN_SPLIT, RUN_JUMP, RUN_MATCH };

struct instruction {
    enum instruction_kind kind;
    int node; /* of RANGES and ASSERT */
    int a;    /* of SPLIT and JUMP */
    int b;
};

struct pattern {
    const char *at; /* what is to be read of it */
    bool is_bad;
    int depth;
    struct node nodes[NODES_MAX];
    int node_count;
    struct range ranges[RANGES_MAX];
    int range_count;
    struct instruction program[PROGRAM_MAX];
    int length;
    int visits;
};

static int bad(struct pattern *p)
{
    p->is_bad = true;
    return NONE;
}

static int node_new(struct pattern *p, enum node_kind kind)
{
    if (p->node_count == NODES_MAX) {
        return bad(p);
    }
    p->nodes[p->node_count] = (struct node){.kind = kind, .first = NONE, .next = NONE};
    return p->node_count++;
}

static void add_range(struct pattern *p, uint32_t first, uint32_t last)
{
    if (p->range_count == RANGES_MAX || first > last) {
        bad(p);
        return;
    }
    p->ranges[p->range_count++] = (struct range){first, last};
}

static bool is_alnum(uint32_t rune)
{
    return (rune >= '0' && rune <= '9') || (rune >= 'A' && rune <= 'Z') ||
           (rune >= 'a' && rune <= 'z');
}

static bool is_word(uint32_t rune)
{
    return is_alnum(rune) || rune == '_';
}

/* The next character, which is taken; END_OF_TEXT at the end. */
static uint32_t take(const char **at)
{
    uint32_t rune;
    if (**at == '\0') {
        return END_OF_TEXT;
    }
    *at += tg_utf8_decode(*at, strnlen(*at, RUNE_BYTES), &rune);
    return rune;
}

/* ---- classes ---- */

struct class
{
    const char *name;
    const char *pairs; /* first and last of each range */
};

static const struct class perl_classes[] = {{"d", "09"}, {"w", "09AZaz__"}, {"s", "\t\n\f\r  "}};
static const struct class posix_classes[] = {
    {"alnum", "09AZaz"},
    {"alpha", "AZaz"},
    {"ascii", "\x01\x7f"},
    {"blank", "\t\t  "},
    {"cntrl", "\x01\x1f\x7f\x7f"},
    {"digit", "09"},
    {"graph", "!~"},
    {"lower", "az"},
    {"print", " ~"},
    {"punct", "!/:@[`{~"},
    {"space", "\t\r  "},
    {"upper", "AZ"},
    {"word", "09AZaz__"},
    {"xdigit", "09AFaf"},
};

static void add_class(struct pattern *p, const char *pairs, bool is_negated)
{
    uint32_t from = 0;
    for (const char *pair = pairs; *pair != '\0'; pair += 2) { /* they are in order */
        uint32_t first = (unsigned char)pair[0];
        uint32_t last = (unsigned char)pair[1];
        if (!is_negated) {
            add_range(p, first, last);
        } else if (first > from) {
            add_range(p, from, first - 1);
        }
        from = last + 1;
    }
    if (is_negated) {
        add_range(p, from, LAST_RUNE);
    }
}

/* \d and its kin; false when letter is none of them. */
static bool add_perl_class(struct pattern *p, char letter)
{
    for (size_t i = 0; i < TG_COUNT(perl_classes); i++) {
        char name = perl_classes[i].name[0];
        if (letter == name || letter == name - 'a' + 'A') {
            add_class(p, perl_classes[i].pairs, letter != name);
            return true;
        }
    }
    return false;
}

/* "[:alpha:]" within brackets; false when there is none here. */
static bool add_posix_class(struct pattern *p)
{
    const char *end = strstr(p->at, ":]");
    if (!tg_str_has_prefix(p->at, "[:") || end == NULL) {
        return false;
    }
    bool is_negated = p->at[2] == '^';
    const char *name = p->at + 2 + (is_negated ? 1 : 0);
    for (size_t i = 0; i < TG_COUNT(posix_classes); i++) {
        size_t len = strlen(posix_classes[i].name);
        if (name + len == end && memcmp(name, posix_classes[i].name, len) == 0) {
            add_class(p, posix_classes[i].pairs, is_negated);
            p->at = end + 2;
            return true;
        }
    }
    bad(p);
    return true;
}

static int digit_of(char letter)
{
    const char *digits = "0123456789abcdefABCDEF";
    const char *found = letter == '\0' ? NULL : strchr(digits, letter);
    return found == NULL         ? NONE
           : found - digits < 16 ? (int)(found - digits)
                                 : (int)(found - digits) - 6;
}

/* \x41 and \x{1F30A}, behind the x. */
static uint32_t take_hex(struct pattern *p)
{
    bool is_long = *p->at == '{';
    uint32_t rune = 0;
    int count = 0;
    p->at += is_long ? 1 : 0;
    while (digit_of(*p->at) != NONE && (is_long || count < 2) && rune <= LAST_RUNE) {
        rune = rune * 16 + (uint32_t)digit_of(*p->at++);
        count++;
    }
    bool is_good = is_long ? *p->at == '}' && count > 0 : count == 2;
    p->at += is_long && is_good ? 1 : 0;
    if (!is_good || rune > LAST_RUNE) {
        bad(p);
    }
    return rune;
}

/* The character that stands behind a backslash. */
static uint32_t take_escape(struct pattern *p)
{
    static const char letters[] = "afnrtv";
    static const char meant[] = "\a\f\n\r\t\v";
    uint32_t rune = take(&p->at);
    const char *letter = rune < 0x80 ? strchr(letters, (int)rune) : NULL;
    if (letter != NULL && *letter != '\0') {
        return (unsigned char)meant[letter - letters];
    }
    if (rune == 'x') {
        return take_hex(p);
    }
    if (rune >= 0x80 || is_alnum(rune)) {
        bad(p); /* what Go has not, and what is not understood here */
    }
    return rune;
}

/* What is between brackets, behind the first one. */
static int parse_brackets(struct pattern *p)
{
    int node = node_new(p, NODE_RANGES);
    int first = p->range_count;
    bool is_negated = *p->at == '^';
    p->at += is_negated ? 1 : 0;
    for (bool is_first = true; (*p->at != ']' || is_first) && !p->is_bad; is_first = false) {
        if (add_posix_class(p)) {
            continue;
        }
        if (*p->at == '\\' && add_perl_class(p, p->at[1])) {
            p->at += 2;
            continue;
        }
        uint32_t from = take(&p->at);
        from = from == '\\' ? take_escape(p) : from;
        uint32_t to = from;
        if (p->at[0] == '-' && p->at[1] != ']' && p->at[1] != '\0') {
            p->at++;
            to = take(&p->at);
            to = to == '\\' ? take_escape(p) : to;
        }
        if (from == END_OF_TEXT) {
            return bad(p);
        }
        add_range(p, from, to);
    }
    if (p->is_bad) {
        return NONE;
    }
    p->at++;
    p->nodes[node].first = first;
    p->nodes[node].count = p->range_count - first;
    p->nodes[node].is_negated = is_negated;
    return node;
}

/* ---- the tree ---- */

static int parse_choice(struct pattern *p);

static int one_range(struct pattern *p, uint32_t first, uint32_t last)
{
    int node = node_new(p, NODE_RANGES);
    if (node != NONE) {
        p->nodes[node].first = p->range_count;
        p->nodes[node].count = 1;
        add_range(p, first, last);
    }
    return node;
}

static int assertion(struct pattern *p, enum assertion what)
{
    int node = node_new(p, NODE_ASSERT);
    if (node != NONE) {
        p->nodes[node].assertion = what;
    }
    return node;
}

/* Behind a backslash, outside brackets. */
static int parse_escape(struct pattern *p)
{
    static const char letters[] = "AzbB";
    static const enum assertion meant[] = {ASSERT_START, ASSERT_END, ASSERT_WORD_EDGE,
                                           ASSERT_NO_WORD_EDGE};
    char letter = *p->at;
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found != NULL) {
        p->at++;
        return assertion(p, meant[found - letters]);
    }
    int first = p->range_count;
    if (add_perl_class(p, letter)) {
        int node = node_new(p, NODE_RANGES);
        p->at++;
        if (node != NONE) {
            p->nodes[node].first = first;
            p->nodes[node].count = p->range_count - first;
        }
        return node;
    }
    uint32_t rune = take_escape(p);
    return p->is_bad ? NONE : one_range(p, rune, rune);
}

/* Behind an opening parenthesis. */
static int parse_group(struct pattern *p)
{
    if (p->depth == DEPTH_MAX) {
        return bad(p);
    }
    if (tg_str_has_prefix(p->at, "?:")) {
        p->at += 2;
    } else if (tg_str_has_prefix(p->at, "?P<") && strchr(p->at, '>') != NULL) {
        p->at = strchr(p->at, '>') + 1;
    } else if (*p->at == '?') {
        return bad(p);
    }
    p->depth++;
    int node = parse_choice(p);
    p->depth--;
    if (*p->at != ')') {
        return bad(p);
    }
    p->at++;
    return node;
}

static int parse_atom(struct pattern *p)
{
    uint32_t rune = take(&p->at);
    int node;
    switch (rune) {
    case '(':
        return parse_group(p);
    case '[':
        return parse_brackets(p);
    case '\\':
        return parse_escape(p);
    case '.':
        node = one_range(p, '\n', '\n');
        if (node != NONE) {
            p->nodes[node].is_negated = true;
        }
        return node;
    case '^':
        return assertion(p, ASSERT_START);
    case '$':
        return assertion(p, ASSERT_END);
    case '*':
    case '+':
    case '?':
        return bad(p);
    default:
        return one_range(p, rune, rune);
    }
}

static int take_number(const char **at)
{
    int number = NONE;
    while (**at >= '0' && **at <= '9' && number <= REPEAT_MAX) {
        number = (number == NONE ? 0 : number * 10) + (*(*at)++ - '0');
    }
    return number;
}

/* "{n}", "{n,}", "{n,m}"; false, with nothing taken, when it is none and so a plain character. */
static bool take_counts(struct pattern *p, int *least, int *most)
{
    const char *at = p->at + 1;
    *least = take_number(&at);
    *most = *least;
    if (*least != NONE && *at == ',') {
        at++;
        *most = *at == '}' ? ENDLESS : take_number(&at);
        if (*most == NONE && *at != '}') {
            return false;
        }
    }
    if (*least == NONE || *at != '}') {
        return false;
    }
    p->at = at + 1;
    if (*least > REPEAT_MAX || *most > REPEAT_MAX || (*most != ENDLESS && *most < *least)) {
        bad(p);
    }
    return true;
}

static bool is_repeat(struct pattern *p, int *least, int *most)
{
    *least = *p->at == '+' ? 1 : 0;
    *most = *p->at == '?' ? 1 : ENDLESS;
    if (*p->at == '*' || *p->at == '+' || *p->at == '?') {
        p->at++;
        return true;
    }
    return *p->at == '{' && take_counts(p, least, most);
}

/* The repetition behind atom, if there is one; a second one Go refuses. */
static int parse_repeat(struct pattern *p, int atom)
{
    int least;
    int most;
    if (p->is_bad || !is_repeat(p, &least, &most)) {
        return atom;
    }
    p->at += *p->at == '?' ? 1 : 0; /* the shortest first: found is found */
    int node = node_new(p, NODE_REPEAT);
    if (node != NONE) {
        p->nodes[node].first = atom;
        p->nodes[node].least = least;
        p->nodes[node].most = most;
    }
    return is_repeat(p, &least, &most) ? bad(p) : node;
}

static int parse_concat(struct pattern *p)
{
    int node = node_new(p, NODE_CONCAT);
    int last = NONE;
    while (*p->at != '\0' && *p->at != '|' && *p->at != ')' && !p->is_bad) {
        int part = parse_repeat(p, parse_atom(p));
        if (p->is_bad) {
            return NONE;
        }
        *(last == NONE ? &p->nodes[node].first : &p->nodes[last].next) = part;
        last = part;
    }
    return node;
}

static int parse_choice(struct pattern *p)
{
    int node = node_new(p, NODE_CHOICE);
    int last = NONE;
    for (bool is_more = true; is_more;) {
        int part = parse_concat(p);
        if (p->is_bad) {
            return NONE;
        }
        *(last == NONE ? &p->nodes[node].first : &p->nodes[last].next) = part;
        last = part;
        is_more = *p->at == '|';
        p->at += is_more ? 1 : 0;
    }
    return node;
}

/* ---- the program ---- */

static int emit(struct pattern *p, enum instruction_kind kind, int node)
{
    if (p->length == PROGRAM_MAX) {
        return bad(p);
    }
    p->program[p->length] = (struct instruction){.kind = kind, .node = node};
    return p->length++;
}

static void compile(struct pattern *p, int at);

/* (a|b|c): a split before each but the last, a jump behind each but the last. */
static void compile_choice(struct pattern *p, const struct node *node)
{
    int jumps = NONE; /* a chain through their targets, until the end is known */
    for (int child = node->first; child != NONE && !p->is_bad; child = p->nodes[child].next) {
        if (p->nodes[child].next == NONE) {
            compile(p, child);
            break;
        }
        int split = emit(p, RUN_SPLIT, NONE);
        compile(p, child);
        int jump = emit(p, RUN_JUMP, NONE);
        if (p->is_bad) {
            return;
        }
        p->program[jump].a = jumps;
        jumps = jump;
        p->program[split].a = split + 1;
        p->program[split].b = p->length;
    }
    while (jumps != NONE && !p->is_bad) {
        int next = p->program[jumps].a;
        p->program[jumps].a = p->length;
        jumps = next;
    }
}

static void compile_repeat(struct pattern *p, const struct node *node)
{
    for (int i = 0; i < node->least && !p->is_bad; i++) {
        compile(p, node->first);
    }
    if (node->most == ENDLESS) {
        int split = emit(p, RUN_SPLIT, NONE);
        compile(p, node->first);
        int jump = emit(p, RUN_JUMP, NONE);
        if (!p->is_bad) {
            p->program[split].a = split + 1;
            p->program[split].b = p->length;
            p->program[jump].a = split;
        }
        return;
    }
    int splits = NONE;
    for (int i = node->least; i < node->most && !p->is_bad; i++) {
        int split = emit(p, RUN_SPLIT, NONE);
        compile(p, node->first);
        if (!p->is_bad) {
            p->program[split].a = split + 1;
            p->program[split].b = splits;
            splits = split;
        }
    }
    while (splits != NONE && !p->is_bad) {
        int next = p->program[splits].b;
        p->program[splits].b = p->length;
        splits = next;
    }
}

static void compile(struct pattern *p, int at)
{
    const struct node *node = &p->nodes[at];
    if (++p->visits > VISITS_MAX) {
        bad(p);
        return;
    }
    switch (node->kind) {
    case NODE_RANGES:
        emit(p, RUN_RANGES, at);
        break;
    case NODE_ASSERT:
        emit(p, RUN_ASSERT, at);
        break;
    case NODE_CONCAT:
        for (int child = node->first; child != NONE && !p->is_bad; child = p->nodes[child].next) {
            compile(p, child);
        }
        break;
    case NODE_CHOICE:
        compile_choice(p, node);
        break;
    case NODE_REPEAT:
        compile_repeat(p, node);
        break;
    }
}

/* ---- running it: all ways at once ---- */

struct ways {
    int *at; /* instructions that are reached, each once */
    int count;
};

struct run {
    const struct pattern *pattern;
    struct ways now;
    struct ways next;
    int *reached; /* by instruction: at which position it was reached last, plus 1 */
    int *stack;
    int position;
    uint32_t before; /* the characters around the position */
    uint32_t after;
    int64_t work;
    bool is_found;
};

static bool holds(const struct run *run, enum assertion what)
{
    bool is_edge = is_word(run->before) != is_word(run->after);
    switch (what) {
    case ASSERT_START:
        return run->before == END_OF_TEXT;
    case ASSERT_END:
        return run->after == END_OF_TEXT;
    case ASSERT_WORD_EDGE:
        return is_edge;
    case ASSERT_NO_WORD_EDGE:
        return !is_edge;
    }
    TG_UNREACHABLE("no other assertion");
}

static void push(struct run *run, int *depth, int at)
{
    if (run->reached[at] != run->position + 1) {
        run->reached[at] = run->position + 1;
        run->stack[(*depth)++] = at;
    }
}

/* Adds the instruction and what is reached from it without a character. */
static void reach(struct run *run, struct ways *ways, int at)
{
    int depth = 0;
    push(run, &depth, at);
    while (depth > 0) {
        int top = run->stack[--depth];
        const struct instruction *instruction = &run->pattern->program[top];
        run->work--;
        switch (instruction->kind) {
        case RUN_RANGES:
            ways->at[ways->count++] = top;
            break;
        case RUN_ASSERT:
            if (holds(run, run->pattern->nodes[instruction->node].assertion)) {
                push(run, &depth, top + 1);
            }
            break;
        case RUN_SPLIT:
            push(run, &depth, instruction->a);
            push(run, &depth, instruction->b);
            break;
        case RUN_JUMP:
            push(run, &depth, instruction->a);
            break;
        case RUN_MATCH:
            run->is_found = true;
            break;
        }
    }
}

static bool has_rune(struct run *run, const struct node *node, uint32_t rune)
{
    for (int i = 0; i < node->count; i++) {
        const struct range *range = &run->pattern->ranges[node->first + i];
        run->work--;
        if (rune >= range->first && rune <= range->last) {
            return !node->is_negated;
        }
    }
    return node->is_negated;
}

static void run_program(struct run *run, const char *text)
{
    const struct pattern *pattern = run->pattern;
    run->before = END_OF_TEXT;
    run->after = take(&text);
    reach(run, &run->now, 0);
    while (run->after != END_OF_TEXT && !run->is_found && run->work > 0) {
        uint32_t rune = run->after;
        run->before = rune;
        run->after = take(&text);
        run->position++;
        for (int i = 0; i < run->now.count; i++) {
            int at = run->now.at[i];
            if (has_rune(run, &pattern->nodes[pattern->program[at].node], rune)) {
                reach(run, &run->next, at + 1);
            }
        }
        reach(run, &run->next, 0); /* it may begin anywhere */
        struct ways used = run->now;
        run->now = run->next;
        run->next = (struct ways){used.at, 0};
    }
}

static enum sim_pattern_verdict find(const struct pattern *pattern, const char *text, int64_t *work)
{
    size_t length = (size_t)pattern->length;
    struct run run = {.pattern = pattern, .work = *work};
    run.now.at = tg_calloc(length, sizeof(int));
    run.next.at = tg_calloc(length, sizeof(int));
    run.reached = tg_calloc(length, sizeof(int));
    run.stack = tg_calloc(length, sizeof(int));
    run_program(&run, text);
    free(run.now.at);
    free(run.next.at);
    free(run.reached);
    free(run.stack);
    *work = run.work > 0 ? run.work : 0;
    return run.is_found    ? SIM_PATTERN_MATCHES
           : run.work <= 0 ? SIM_PATTERN_TOO_LONG
                           : SIM_PATTERN_DIFFERS;
}

enum sim_pattern_verdict sim_pattern_find(const char *pattern, const char *text, int64_t *work)
{
    struct pattern *p = tg_malloc(sizeof *p); /* the tables are filled as far as they are used */
    p->at = pattern;
    p->is_bad = false;
    p->depth = 0;
    p->node_count = 0;
    p->range_count = 0;
    p->length = 0;
    p->visits = 0;
    int root = parse_choice(p);
    if (!p->is_bad && *p->at == '\0') {
        compile(p, root);
        emit(p, RUN_MATCH, NONE);
    } else {
        bad(p);
    }
    *work -= *work < p->length ? *work : p->length;
    enum sim_pattern_verdict verdict = p->is_bad ? SIM_PATTERN_UNKNOWN : find(p, text, work);
    free(p);
    return verdict;
}
