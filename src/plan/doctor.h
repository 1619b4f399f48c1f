/* plan/doctor.h - the preflight: what stands in the way of a lab, found before anything is made, as
 * a pure machine.
 *
 * tg_doctor_step(doctor, event, update): time, answers and what is observed come in; questions go
 * out (model/question.def, and access reviews of the clusters that exist). When all are answered,
 * or the time for them is up, the findings are judged. What cannot be read is UNKNOWN, with why:
 * never taken for good, and never for bad. FAIL is only what would break a step that is still to be
 * done; for other steps it is a WARN.
 *
 * Hazards of the lab itself (struct tg_lab_hazard) are among the findings: WARN until their fix is
 * chosen.
 *
 * Thread: UI thread. Ownership: the doctor owns its findings; an update's calls belong to the
 * caller, who frees them with tg_doctor_update_fini().
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_DOCTOR_H
#define TG_PLAN_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fleet.h"
#include "model/msg.h"
#include "plan/lab.h"
#include "plan/verify.h"

enum tg_doctor_check {
#define TG_DOCTOR_CHECK(id, name, title) TG_DOCTOR_##id,
#include "plan/doctor_check.def"
#undef TG_DOCTOR_CHECK
    TG_DOCTOR_CHECK_COUNT
};

enum tg_doctor_state {
    TG_DOCTOR_PASS,
    TG_DOCTOR_WARN,
    TG_DOCTOR_FAIL,
    TG_DOCTOR_UNKNOWN, /* could not be read: err says why, when there is an error */
    TG_DOCTOR_STATE_COUNT
};

#define TG_DOCTOR_VALUES 2
struct tg_doctor_finding {
    enum tg_doctor_check check;
    enum tg_doctor_state state;
    char subject[96]; /* what it is about: a region, a step, a tool; "" the whole */
    /* N_ texts; {1} and {2} in them stand for the values. */
    const char *words;
    const char *advice; /* what to do; NULL: nothing */
    char values[TG_DOCTOR_VALUES][240];
    int step;   /* of the lab, the first that a fail breaks; -1: none */
    int hazard; /* index of the lab's; -1: none; words and advice are NULL then */
    struct tg_err err;
};

/* What the terminal can do; asking it is the console's (ui/term.h). */
struct tg_doctor_terminal {
    bool is_terminal;
    char name[64]; /* TERM */
    bool is_utf8;
    int colours; /* as terminfo says */
    bool has_mouse;
    int width;
    int height;
};

/* One of the external programs, and what it printed when it was asked for its version; NULL: there
 * is no such program. */
struct tg_doctor_tool {
    const char *program;
    const char *version_words;
    const char *before_version;
    int lowest_major;
    int lowest_minor;
};
extern const struct tg_doctor_tool tg_doctor_tools[];
extern const size_t tg_doctor_tools_count;
#define TG_DOCTOR_TOOLS_MAX 8

struct tg_doctor_config {
    const struct tg_lab *lab;
    const char *project; /* copied */
    int from;            /* the steps that are to be done */
    int until;
    tg_lab_fixes fixes;
    const struct tg_secret *hub_token; /* copied; NULL: none was given */
    bool is_hub_left_out;              /* the operator wants no look at the hub */
    bool is_hub_only;                  /* nothing but the hub is asked */
    bool has_terminal;
    struct tg_doctor_terminal terminal;
    bool has_tools;                                 /* the lab's own commands are to be run */
    const char *tool_versions[TG_DOCTOR_TOOLS_MAX]; /* as tg_doctor_tools; borrowed until the new
                                                       doctor is made */
};

struct tg_doctor_question; /* plan/doctor_ask.h */

/* Readable by views; written by tg_doctor_step() and tg_doctor_choose() alone. */
struct tg_doctor {
    struct tg_doctor_config config; /* texts and the token are its copies */
    struct tg_doctor_question *questions;
    size_t questions_count;
    size_t answered;
    bool is_over;
    int64_t started_us; /* monotonic; -1: not yet */
    int64_t ended_lab_us;
    bool are_clusters_asked;
    char identity[240]; /* "operator@example.com"; "" not known */
    bool has_skew;
    double skew_s; /* of Google's clock against ours, in our seconds */
    struct tg_doctor_finding *findings;
    size_t findings_count;
    uint64_t *next_call_id;
};

enum tg_doctor_event_kind {
    TG_DOCTOR_EVENT_TICK,
    TG_DOCTOR_EVENT_MSG, /* CALL_DONE; borrowed */
};

struct tg_doctor_event {
    enum tg_doctor_event_kind kind;
    int64_t at_us;  /* monotonic */
    int64_t lab_us; /* lab wall time: on real clouds ours */
    double speed;   /* lab seconds in one of ours */
    const struct tg_model *model;
    const struct tg_step_status *statuses;
    const struct tg_msg *msg;
};

#define TG_DOCTOR_CALLS_MAX 16
struct tg_doctor_update {
    struct tg_call *calls[TG_DOCTOR_CALLS_MAX];
    size_t calls_count;
    bool is_changed;
    int64_t wake_us; /* monotonic; TG_TIME_NEVER when only messages matter */
};
void tg_doctor_update_fini(struct tg_doctor_update *update);

/* The caller frees with tg_doctor_free(); NULL allowed there. */
struct tg_doctor *tg_doctor_new(const struct tg_doctor_config *config, uint64_t *next_call_id);
void tg_doctor_free(struct tg_doctor *doctor);

void tg_doctor_step(struct tg_doctor *doctor, const struct tg_doctor_event *event,
                    struct tg_doctor_update *update);

/* Another choice of fixes: their findings are judged anew, nothing is asked again. */
void tg_doctor_choose(struct tg_doctor *doctor, tg_lab_fixes fixes);

/* How many findings are in that state. */
size_t tg_doctor_count(const struct tg_doctor *doctor, enum tg_doctor_state state);

const char *tg_doctor_check_name(enum tg_doctor_check check);  /* for JSON */
const char *tg_doctor_check_title(enum tg_doctor_check check); /* N_ text */
const char *tg_doctor_state_name(enum tg_doctor_state state);  /* for JSON */
const char *tg_doctor_state_word(enum tg_doctor_state state);  /* N_ text */

#endif
