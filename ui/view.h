/* ui/view.h - the panes: each fills lines from the inputs; and the small words and signs that all
 * of them share.
 *
 * Pure: no state but the inputs.
 *
 * Thread: UI thread.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "model/select.h"
#include "ui/lines.h"
#include "ui/ui.h"

enum ui_view {
    UI_VIEW_STEPS,
    UI_VIEW_PODS,
    UI_VIEW_INTERFACES,
    UI_VIEW_ROUTES,
    UI_VIEW_DRILL,
    UI_VIEW_EVENTS,
    UI_VIEW_COUNT
};

/* What a view needs to know besides the inputs. */
struct ui_view_context {
    const struct ui_inputs *inputs;
    bool is_utf8;
    int width; /* cells within the pane */
    int height;
    bool is_zoomed; /* the pane has the screen for itself: there is room for more than the rows */
};

/* What is shown of a step in a line: a sign, a style, and a word or two. */
struct ui_look {
    const char *sign;
    enum ui_style style;
    char word[80];
};
/* The run failed at the step, and what it was to bring about is not observed either. */
bool ui_view_is_failed(const struct ui_inputs *inputs, size_t index);

/* The step is under way and takes longer than it usually does. */
bool ui_view_is_late(const struct ui_inputs *inputs, size_t index);

struct ui_look ui_view_look(const struct ui_view_context *context,
                            const struct tg_step_status *status);

/* The same of the lab's step at index; while the lab is changed, what the run does with it. */
struct ui_look ui_view_step_look(const struct ui_view_context *context, size_t index);

/* Fills lines; one function for each view. */
void ui_view_steps(const struct ui_view_context *context, struct ui_lines *lines);
void ui_view_pods(const struct ui_view_context *context, struct ui_lines *lines);
void ui_view_interfaces(const struct ui_view_context *context, struct ui_lines *lines);
void ui_view_routes(const struct ui_view_context *context, struct ui_lines *lines);
void ui_view_drill(const struct ui_view_context *context, struct ui_lines *lines);
void ui_view_events(const struct ui_view_context *context, struct ui_lines *lines);

/* A step of the lab as a page: why, how it is known to be done, what was made, what does it by
 * hand.
 */
void ui_view_step_page(const struct ui_view_context *context, size_t index, struct ui_lines *lines);

/* Kinds of the view that a target lacks or does not let us see: one line each, with the reason. */
void ui_view_unseen(const struct ui_view_context *context, enum ui_view view,
                    struct ui_lines *lines);

/* A few words on the whole of a view for its title ("25 of 25 done"), "" when there is none. */
void ui_view_summary(const struct ui_view_context *context, enum ui_view view, char *out,
                     size_t size);

/* Title of a view, translated. */
const char *ui_view_title(enum ui_view view);

/* The state of a view's sources in one or two words with its age, and the style to show it in. */
enum ui_style ui_view_source(const struct ui_view_context *context, enum ui_view view, char *out,
                             size_t size);

/* "live", "lost 25s, retry in 4s" for one source. */
enum ui_style ui_view_source_text(const struct tg_source *source, char *out, size_t size);

/* One-cell signs; a word always stands beside them. */
const char *ui_view_sign(const struct ui_view_context *context, enum tg_severity severity);
enum ui_style ui_view_style(enum tg_severity severity);

/* A bar of cells for a fraction 0..1, as text; the caller frees. */
char *ui_view_bar(const struct ui_view_context *context, double fraction, int cells);

/* What runs now costs by the hour, as lines; nothing for a lab without prices. */
void ui_view_running_cost(const struct ui_inputs *inputs, int cells, struct ui_lines *lines);

/* Age in steps that do not change every second once it is older than ten. */
const char *ui_view_age(char *out, size_t size, int64_t age_us);

#endif
