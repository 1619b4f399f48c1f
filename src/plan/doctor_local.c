/* plan/doctor_local.c - what is told by this machine: the clock, the terminal, external tools. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/i18n.h"
#include "base/str.h"
#include "plan/doctor_ask.h"
#include "plan/run.h"

#define SKEW_WARN_S 10.0
#define SKEW_FAIL_S 120.0 /* a login that is signed here is refused by then */
#define WIDTH_MIN   60    /* of the console: ui/frame.c refuses less */
#define HEIGHT_MIN  16
#define WIDTH_ALL   100 /* shows all panes at once */
#define HEIGHT_ALL  28

const struct tg_doctor_tool tg_doctor_tools[] = {
#define TG_DOCTOR_TOOL(program, version_words, before, major, minor) \
    {program, version_words, before, major, minor},
#include "plan/doctor_tool.def"
#undef TG_DOCTOR_TOOL
};
const size_t tg_doctor_tools_count = TG_COUNT(tg_doctor_tools);

/* ---- clock ---- */

void tg_doctor_judge_clock(struct tg_doctor *doctor)
{
    char skew[32];
    double off_s = fabs(doctor->skew_s);
    if (!doctor->has_skew) {
        tg_doctor_add(doctor, TG_DOCTOR_CLOCK, TG_DOCTOR_UNKNOWN, NULL,
                      N_("no answer said what time it is"), NULL, NULL);
        return;
    }
    snprintf(skew, sizeof(skew), "%.0f", off_s);
    if (off_s < SKEW_WARN_S) {
        tg_doctor_add(doctor, TG_DOCTOR_CLOCK, TG_DOCTOR_PASS, NULL,
                      N_("agrees with Google's, within a few seconds"), skew, NULL);
        return;
    }
    struct tg_doctor_finding *finding = tg_doctor_add(
        doctor, TG_DOCTOR_CLOCK, off_s < SKEW_FAIL_S ? TG_DOCTOR_WARN : TG_DOCTOR_FAIL, NULL,
        doctor->skew_s > 0 ? N_("ours is {1} s behind Google's")
                           : N_("ours is {1} s ahead of Google's"),
        skew, NULL);
    finding->advice =
        N_("set it (timedatectl set-ntp true): logins that are signed here are refused");
    finding->step = doctor->config.from;
}

/* ---- terminal ---- */

static void add_terminal(struct tg_doctor *doctor, enum tg_doctor_state state, const char *subject,
                         const char *words, const char *advice, const char *first)
{
    struct tg_doctor_finding *finding =
        tg_doctor_add(doctor, TG_DOCTOR_TERMINAL, state, subject, words, first, NULL);
    finding->advice = advice;
}

static void judge_size(struct tg_doctor *doctor, const struct tg_doctor_terminal *terminal)
{
    char size[32];
    snprintf(size, sizeof(size), "%dx%d", terminal->width, terminal->height);
    bool is_enough = terminal->width >= WIDTH_MIN && terminal->height >= HEIGHT_MIN;
    bool is_large = terminal->width >= WIDTH_ALL && terminal->height >= HEIGHT_ALL;
    if (is_large) {
        add_terminal(doctor, TG_DOCTOR_PASS, N_("size"), "{1}", NULL, size);
    } else if (is_enough) {
        add_terminal(doctor, TG_DOCTOR_PASS, N_("size"), N_("{1}: some of the panes at a time"),
                     N_("100x28 shows all of them"), size);
    } else {
        add_terminal(doctor, TG_DOCTOR_WARN, N_("size"), N_("{1} is too small for the console"),
                     N_("make it 60x16 or larger, or use --plain"), size);
    }
}

void tg_doctor_judge_terminal(struct tg_doctor *doctor)
{
    const struct tg_doctor_terminal *terminal = &doctor->config.terminal;
    char colours[24];
    if (!doctor->config.has_terminal) {
        return;
    }
    if (!terminal->is_terminal) {
        add_terminal(doctor, TG_DOCTOR_WARN, "", N_("none: the console cannot be shown here"),
                     N_("run it in a terminal, or use --plain and --json"), NULL);
        return;
    }
    snprintf(colours, sizeof(colours), "%d", terminal->colours);
    add_terminal(doctor, terminal->is_utf8 ? TG_DOCTOR_PASS : TG_DOCTOR_WARN, "UTF-8",
                 terminal->is_utf8 ? N_("the locale is in UTF-8")
                                   : N_("the locale is not in UTF-8: ASCII and English alone"),
                 terminal->is_utf8 ? NULL : N_("set LANG to one that is, such as C.UTF-8"), NULL);
    add_terminal(doctor, terminal->colours >= 8 ? TG_DOCTOR_PASS : TG_DOCTOR_WARN, N_("colours"),
                 terminal->colours >= 8 ? "{1}" : N_("none: words and signs tell the state"),
                 terminal->colours >= 8 ? NULL : N_("TERM=xterm-256color, if yours can"), colours);
    judge_size(doctor, terminal);
    add_terminal(doctor, TG_DOCTOR_PASS, N_("mouse"),
                 terminal->has_mouse ? N_("{1} tells of one; the console needs none")
                                     : N_("{1} tells of none; the console needs none"),
                 NULL, terminal->name);
    add_terminal(doctor, TG_DOCTOR_UNKNOWN, N_("clipboard"),
                 N_("no terminal tells whether it lets a program copy (OSC 52)"), NULL, NULL);
}

/* ---- tools ---- */

/* Reads "1.31" behind the mark; false when there is no such thing. */
static bool read_version(const char *output, const char *mark, int *major, int *minor, char *text,
                         size_t size)
{
    const char *at = strstr(output, mark);
    if (at == NULL) {
        return false;
    }
    at += strlen(mark);
    snprintf(text, size, "%.*s", (int)strspn(at, "0123456789.+-abcdefghijklmnopqrstuvwxyz"), at);
    return sscanf(at, "%6d.%6d", major, minor) == 2;
}

static void judge_tool(struct tg_doctor *doctor, const struct tg_doctor_tool *tool,
                       const char *output)
{
    char lowest[32];
    char version[48] = "";
    int major = 0;
    int minor = 0;
    struct tg_doctor_finding *finding;
    snprintf(lowest, sizeof(lowest), "%d.%d", tool->lowest_major, tool->lowest_minor);
    if (output == NULL) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_TOOLS, TG_DOCTOR_FAIL, tool->program,
                                N_("is not there"), NULL, lowest);
        finding->advice = N_("install {2} or newer, or leave out the lab's own commands");
        finding->step = doctor->config.from;
    } else if (!read_version(output, tool->before_version, &major, &minor, version,
                             sizeof(version))) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_TOOLS, TG_DOCTOR_UNKNOWN, tool->program,
                                N_("its version cannot be read"), NULL, lowest);
        finding->advice = N_("{2} or newer is known to do");
    } else if (major < tool->lowest_major ||
               (major == tool->lowest_major && minor < tool->lowest_minor)) {
        finding = tg_doctor_add(doctor, TG_DOCTOR_TOOLS, TG_DOCTOR_WARN, tool->program,
                                N_("{1} is older than {2}"), version, lowest);
        finding->advice = N_("install {2} or newer");
    } else {
        tg_doctor_add(doctor, TG_DOCTOR_TOOLS, TG_DOCTOR_PASS, tool->program, "{1}", version, NULL);
    }
}

static bool has_word(const char *commands, const char *program)
{
    return commands != NULL && strstr(commands, program) != NULL;
}

/* Whether the commands of the steps that are asked for run the program, or what comes before them.
 * What gcloud writes for a cluster signs in by its plug-in. */
static bool is_run(const struct tg_doctor_config *config, const char *program)
{
    const struct tg_lab *lab = config->lab;
    bool is_plugin = tg_str_eq(program, "gke-gcloud-auth-plugin");
    for (int i = config->from; i <= config->until; i++) {
        const struct tg_lab_step *step = &lab->steps[i];
        bool is_within = tg_run_is_within_clusters(step);
        const char *before = is_within ? lab->before_clusters : lab->before_gcp;
        if (step->commands != NULL &&
            (has_word(step->commands, program) ||
             has_word(before, is_plugin && is_within ? "get-credentials" : program))) {
            return true;
        }
    }
    return false;
}

void tg_doctor_judge_tools(struct tg_doctor *doctor)
{
    for (size_t i = 0; doctor->config.has_tools && i < tg_doctor_tools_count; i++) {
        if (is_run(&doctor->config, tg_doctor_tools[i].program)) {
            judge_tool(doctor, &tg_doctor_tools[i], doctor->config.tool_versions[i]);
        }
    }
}
