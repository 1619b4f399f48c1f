/* ui/ui.h - the console: keys in, intents and cells out. Knows no terminal, no network, no clock.
 *
 * ui_render() is a pure function of its inputs and the UI's own state (focus, scroll, filters,
 * dialogs); ui_key() changes that state and may give an intent for the app to carry out.
 *
 * Thread: UI thread. Ownership: inputs are borrowed during the call.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "drill/drill.h"
#include "model/command.h"
#include "model/fleet.h"
#include "plan/doctor.h"
#include "plan/lab.h"
#include "plan/run.h"
#include "plan/verify.h"
#include "plan/walk.h"
#include "ui/canvas.h"
#include "ui/key.h"

struct ui_inputs {
    const struct tg_model *model;
    const struct tg_lab *lab;
    const struct tg_step_status *steps; /* lab->steps_count */
    const struct tg_drill *drill;       /* NULL: none in this session */
    const struct tg_run *run;           /* standing up or taking down; NULL: none in this session */
    const struct tg_doctor *doctor; /* the present or last preflight; NULL: none in this session */
    tg_lab_fixes fixes;             /* chosen for the next run */
    bool is_restore_offered;        /* an open drill was found in the journal at start */
    enum tg_run_mode mode;          /* in which the next run is done */
    bool is_armed;
    int64_t now_us; /* monotonic */
    int64_t wall_us;
    int64_t lab_us; /* lab wall time */
    bool is_simulated;
    double speed;
    const char *locale;      /* "zh_TW.UTF-8", "C" */
    const char *detail_text; /* answer to the last OPEN, NULL while it is under way */
    const struct tg_err *detail_err;
    int64_t detail_us; /* monotonic time the text arrived */
    const char
        *world_note; /* how to reach the simulated world: shown by WORLD; NULL on real clusters */
    const struct tg_walk_place *walk_place; /* NULL: at the beginning */
    const char *walk_folder;                /* where its files are written; NULL: nowhere */
    struct tg_walk_shell walk_shell;        /* where the walkthrough's commands are typed */
    const char *moved_lab; /* where a lab with another region was written; NULL: nowhere */
    const char *tour_note; /* what the demonstration is at, translated; NULL: none runs */
    bool is_touring;       /* and it is not over */
    const char *notice;    /* one line of the app's, translated; NULL */
    enum tg_severity notice_severity;
    int64_t notice_us; /* monotonic time it came */
};

enum ui_intent_kind {
    UI_INTENT_NONE,
    UI_INTENT_REDRAW,
    UI_INTENT_QUIT,        /* confirmed, or nothing is held */
    UI_INTENT_OPEN,        /* fetch object: target, resource, ns, name */
    UI_INTENT_DRILL_START, /* confirmed by typing the region: target */
    UI_INTENT_DRILL_ABORT,
    UI_INTENT_RESTORE,
    UI_INTENT_WAIVE,      /* reason */
    UI_INTENT_WALK_GO,    /* the walkthrough's reader is at section */
    UI_INTENT_WALK_COPY,  /* the commands of section to the terminal's clipboard */
    UI_INTENT_WALK_WRITE, /* the same with their files to the walk's folder */
    UI_INTENT_LAB_UP, /* confirmed by typing the project; reason: the secret that was asked for */
    UI_INTENT_LAB_DOWN,
    UI_INTENT_LAB_STOP,
    UI_INTENT_LAB_RETRY,   /* what failed is begun again */
    UI_INTENT_STOCKOUT,    /* target: enum tg_run_stockout */
    UI_INTENT_TRY_NOW,     /* what waits for machines is tried at once */
    UI_INTENT_DOCTOR,      /* begin a preflight */
    UI_INTENT_FIXES,       /* fixes: choose these for the next run */
    UI_INTENT_PROVE,       /* ask the containers for their interfaces */
    UI_INTENT_WORLD_PAUSE, /* of a world of the console's own: stop its clock, or let it go on */
    UI_INTENT_SIM,         /* reason: a command for the simulated world, in words */
};

struct ui_intent {
    enum ui_intent_kind kind;
    int target;
    size_t section;
    int from; /* LAB_UP: steps asked for; -1: all */
    int until;
    enum tg_kind resource;
    char ns[256];
    char name[256];
    char reason[200];
    tg_lab_fixes fixes;
};

struct ui;

/* is_utf8: box drawing and braille, else pure ASCII. */
struct ui *ui_new(bool is_utf8);
void ui_free(struct ui *ui);

/* Handles one key; fills *intent. Returns true when the screen may look different. */
bool ui_key(struct ui *ui, const struct ui_inputs *inputs, struct ui_key key,
            struct ui_intent *intent);

/* Runs a command of the catalogue as if its key was pressed (scripts, palette). */
bool ui_command(struct ui *ui, const struct ui_inputs *inputs, enum tg_command command,
                struct ui_intent *intent);

/* Brings a pane into focus unless something is open over the panes: for what happens by itself.
 * pane: one of TG_COMMAND_PANE_STEPS to TG_COMMAND_PANE_EVENTS. */
void ui_show_pane(struct ui *ui, enum tg_command pane);

/* Draws the whole screen at the canvas's size. */
void ui_render(struct ui *ui, const struct ui_inputs *inputs, struct ui_canvas *canvas);

/* How long what was drawn reads right if nothing happens, in microseconds: ages and countdowns go
 * on by themselves. So that an idle console can sleep. */
int64_t ui_refresh_us(const struct ui_inputs *inputs);

#endif
