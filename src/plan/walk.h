/* plan/walk.h - a lab as a guided walk: its sections as pages that tick themselves off, and where
 * the reader is in it.
 *
 * Filled by codec/walk_file.h from assets/labs/NAME.walk.yaml, into the lab's arena.
 *
 * Thread: UI thread; the walk is immutable after loading, a place is a value.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_PLAN_WALK_H
#define TG_PLAN_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/fleet.h"
#include "plan/lab.h"
#include "plan/run.h"
#include "plan/verify.h"

/* How a section is known to be done. */
enum tg_walk_proof {
    TG_WALK_READ,    /* it was read */
    TG_WALK_PROJECT, /* the project is observed */
    TG_WALK_STEPS,   /* the lab's steps of this section are done */
    TG_WALK_DRILL,   /* the primary region was seen at zero replicas, then serving again */
    TG_WALK_DOWN,    /* the lab stood, and nothing of it is left */
};

struct tg_walk_section {
    int number; /* as the lab's text has it */
    enum tg_walk_proof proof;
    struct tg_lab_text title;
    struct tg_lab_text why;
    struct tg_lab_text look;  /* what to look at, a line each */
    const char *usual;        /* "5m"; NULL */
    const char *commands;     /* NULL: those of its steps */
    const char *const *files; /* of the manifests, those that the commands read */
    size_t files_count;
    int from; /* its steps in the lab; -1: none */
    int until;
};

#define TG_WALK_SECTIONS_MAX 32
struct tg_walk {
    const struct tg_walk_section *sections;
    size_t sections_count;
};

/* Where somebody is, and what was seen on the way; kept between starts of the program. */
struct tg_walk_place {
    size_t section; /* index */
    uint32_t read;  /* bit of each section that was read to its end and left */
    bool has_stood; /* every step was done at one time */
    bool was_at_zero;
    bool came_back;
    bool is_gone; /* what had stood was seen to be gone */
};

/* Notes what is seen now; true when the place is otherwise than before. */
bool tg_walk_observe(struct tg_walk_place *place, const struct tg_lab *lab,
                     const struct tg_step_status *statuses, const struct tg_model *model,
                     int64_t now_us);

/* The reader goes to another section: the one that is left forward was read, and so is the last
 * when it is reached. */
void tg_walk_go(struct tg_walk_place *place, const struct tg_walk *walk, size_t section);

/* Forgets what was seen of a world that is another one now; the page stays. */
void tg_walk_forget_world(struct tg_walk_place *place);

/* State of a section, and how much of it is done of how much. */
enum tg_step_state tg_walk_judge(const struct tg_walk_place *place, const struct tg_lab *lab,
                                 const struct tg_step_status *statuses,
                                 const struct tg_model *model, size_t section, int *done,
                                 int *total);

/* Where a section's commands are typed. */
struct tg_walk_shell {
    const char *environment; /* a file to read first (of a simulated world); NULL: none */
    const char *folder;      /* what they read is there (app/work_folder.h); NULL: not known */
    tg_lab_fixes fixes;      /* chosen for what is made */
};

/* Appends what does a section by hand, as a shell reads it: the lab's shell, then the commands,
 * each step's under its title as a comment; of the section that takes the lab down what undoes
 * them, the last step first. False when there are none, or the buffer is full. */
bool tg_walk_commands(const struct tg_lab *lab, size_t section, const struct tg_model *model,
                      const struct tg_walk_shell *shell, struct tg_buf *out);

/* The same for one step alone, or what undoes it; with what begins a shell and what comes before
 * the step only when is_whole. False when the buffer is full; appends nothing for a step
 * that has no commands. */
bool tg_walk_step_commands(const struct tg_lab *lab, size_t step, bool is_down, bool is_whole,
                           const struct tg_model *model, const struct tg_walk_shell *shell,
                           struct tg_buf *out);

/* Appends a manifest as it is for the project with these fixes, without the lines of its licence.
 */
bool tg_walk_file(const struct tg_lab *lab, const char *name, const struct tg_model *model,
                  tg_lab_fixes fixes, struct tg_buf *out);

#endif
