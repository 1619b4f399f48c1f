/* app/tour.h - the whole lab by itself on a simulated world of its own: stood up from nothing, a
 * failover drill to its verdict, taken down, and the world's own books read to see that nothing is
 * left.
 *
 * What an operator would ask for is asked for, in the same words; only the waiting is the tour's.
 * `tidegate demo --auto` runs it with screens and without.
 *
 * Thread: UI thread. Ownership: the tour owns what it keeps; config's texts and context are
 * borrowed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_APP_TOUR_H
#define TG_APP_TOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/world_control.h"

enum tg_tour_phase {
    TG_TOUR_LOOK, /* the empty project is read */
    TG_TOUR_UP,
    TG_TOUR_SETTLE, /* both regions are seen serving */
    TG_TOUR_DRILL,
    TG_TOUR_DOWN,
    TG_TOUR_INVENTORY, /* the world is asked what stands in it */
    TG_TOUR_OVER,
    TG_TOUR_PHASE_COUNT = TG_TOUR_OVER
};

struct tg_tour_config {
    double speeds[TG_TOUR_PHASE_COUNT]; /* of the world in each phase; 0: as it is */
    /* Sends a request to the world's own API and appends the answer. */
    void (*ask)(void *context, const struct tg_world_request *request, struct tg_buf *answer,
                int *status);
    void *context;
};

/* Readable by all; written by tg_tour_step() and tg_tour_stop() alone. */
struct tg_tour {
    struct tg_tour_config config;
    enum tg_tour_phase phase;
    enum tg_tour_phase failed_in;      /* TG_TOUR_OVER: nowhere */
    bool is_stopped;                   /* by whoever watches */
    int attempts[TG_TOUR_PHASE_COUNT]; /* a run that fell behind the world is taken up again */
    struct tg_err err;                 /* what failed */
    int64_t entered_lab_us[TG_TOUR_PHASE_COUNT + 1]; /* 0: not entered */
    int64_t entered_us[TG_TOUR_PHASE_COUNT + 1];     /* monotonic */
    char *up;        /* JSON of the run (plan/run_report.h); NULL: none */
    char *down;      /* the same */
    char *inventory; /* the world's answer; NULL: not asked */
    int left;        /* things in it; -1: not known */
    struct tg_secret *secret;
};

struct tg_tour *tg_tour_new(const struct tg_tour_config *config);
void tg_tour_free(struct tg_tour *tour);

/* Looks at the app and does what is next; true when a new phase began. */
bool tg_tour_step(struct tg_tour *tour, struct tg_app *app);

/* Ends it where it is. The world is its own, and goes with it. */
void tg_tour_stop(struct tg_tour *tour, const struct tg_app *app);

/* Serving, drilled with PASS, and nothing left. */
bool tg_tour_is_good(const struct tg_tour *tour);

/* Name for JSON ("up"); and what happens in it in a few translated words. */
const char *tg_tour_phase_name(enum tg_tour_phase phase);
const char *tg_tour_phase_text(enum tg_tour_phase phase);

/* Schema in src/app/README.md; and the same in a few translated lines. False when the buffer's
 * ceiling cut it. */
bool tg_tour_report_json(const struct tg_tour *tour, const struct tg_app *app, struct tg_buf *out);
bool tg_tour_report_text(const struct tg_tour *tour, struct tg_buf *out);

#endif
