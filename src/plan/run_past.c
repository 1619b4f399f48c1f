/* plan/run_past.c - what was begun, and what Terraform has to be told of. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/run.h"

#define LIST_LEN_MAX (16u * 1024) /* of addresses, in a record and here */
#define NAME_LEN_MAX 1024
/* A name that was ours a day ago may be somebody else's by now. */
#define PROOF_LASTS_US (24 * 3600 * TG_US_PER_S)

/* Lists of addresses are texts with spaces between: there are few, and so records hold them. */
struct past_step {
    bool is_begun;
    bool is_done_here;
    char *absent;   /* before the commands were begun; NULL: none */
    char *made;     /* Terraform began to create them */
    int64_t lab_us; /* when the first commands were begun that may have made them */
};

struct tg_run_past {
    size_t count;
    struct past_step steps[];
};

/* ---- lists ---- */

static bool has(const char *list, const char *address, size_t len)
{
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t of = strcspn(at, " ");
        if (of == len && strncmp(at, address, len) == 0) {
            return true;
        }
        at += of + (at[of] == ' ' ? 1 : 0);
    }
    return false;
}

/* What of list is in other (is_in), or is not; the caller frees. */
static char *filter(const char *list, const char *other, bool is_in)
{
    struct tg_buf out;
    tg_buf_init(&out, LIST_LEN_MAX);
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0 && has(other, at, len) == is_in) {
            tg_buf_append(&out, at, len);
            tg_buf_putc(&out, ' ');
        }
        at += len + (at[len] == ' ' ? 1 : 0);
    }
    return tg_buf_take(&out, NULL);
}

static void replace(char **list, char *by)
{
    free(*list);
    *list = by;
}

static void add(char **list, const char *more)
{
    replace(list, tg_asprintf("%s%s ", *list != NULL ? *list : "", more));
}

/* ---- records ---- */

struct reader {
    struct tg_run_past *past;
    const struct tg_lab *lab;
    const char *project;
    const char *run_id;
    char of[64];  /* the run whose records come */
    bool is_ours; /* it is of this lab and project */
    char list[LIST_LEN_MAX];
};

static void read_plan(struct reader *reader, const struct tg_record *record)
{
    char lab[64] = "";
    char project[64] = "";
    (void)tg_record_get_text(record->payload, "lab", lab, sizeof(lab));
    (void)tg_record_get_text(record->payload, "project", project, sizeof(project));
    tg_str_copy(reader->of, sizeof(reader->of), record->run_id);
    reader->is_ours = tg_str_eq(lab, reader->lab->name) && tg_str_eq(project, reader->project);
}

static struct past_step *step_of(const struct reader *reader, const struct tg_record *record)
{
    char id[64] = "";
    bool has_step = tg_record_get_text(record->payload, "step", id, sizeof(id));
    int index = has_step ? tg_lab_step_index(reader->lab, id) : -1;
    return index >= 0 ? &reader->past->steps[index] : NULL;
}

/* What was proved stays so; of all else only what is absent now can be proved from here on. */
static void read_intent(struct reader *reader, const struct tg_record *record,
                        struct past_step *step)
{
    char what[16] = "";
    (void)tg_record_get_text(record->payload, "what", what, sizeof(what));
    if (!tg_str_eq(what, "commands")) {
        return;
    }
    replace(&step->made, filter(step->made, step->absent, true));
    replace(&step->absent, tg_strdup(step->made));
    if (step->made == NULL || *step->made == '\0') {
        (void)tg_record_get_int(record->payload, "lab_us", &step->lab_us);
    }
    if (tg_record_get_text(record->payload, "absent", reader->list, sizeof(reader->list))) {
        add(&step->absent, reader->list);
    }
    step->is_begun = true;
    step->is_done_here = false;
}

static void read_phase(struct reader *reader, const struct tg_record *record,
                       struct past_step *step)
{
    if (tg_record_get_text(record->payload, "creates", reader->list, sizeof(reader->list))) {
        add(&step->made, reader->list);
    }
    if (tg_record_get_text(record->payload, "refused", reader->list, sizeof(reader->list))) {
        replace(&step->made, filter(step->made, reader->list, false));
    }
}

static void read_result(struct reader *reader, const struct tg_record *record,
                        struct past_step *step)
{
    char state[24] = "";
    (void)tg_record_get_text(record->payload, "state", state, sizeof(state));
    if (tg_str_eq(state, tg_run_state_name(TG_RUN_DONE)) ||
        tg_str_eq(state, tg_run_state_name(TG_RUN_SATISFIED))) {
        replace(&step->absent, NULL);
        replace(&step->made, NULL);
        step->is_begun = false;
        step->is_done_here = tg_str_eq(record->run_id, reader->run_id);
    }
}

static void read_record(struct reader *reader, const struct tg_record *record)
{
    if (record->kind == TG_RECORD_PLAN) {
        read_plan(reader, record);
    }
    struct past_step *step = step_of(reader, record);
    if (step == NULL || !reader->is_ours || !tg_str_eq(record->run_id, reader->of)) {
        return;
    }
    if (record->kind == TG_RECORD_INTENT) {
        read_intent(reader, record, step);
    } else if (record->kind == TG_RECORD_PHASE) {
        read_phase(reader, record, step);
    } else if (record->kind == TG_RECORD_RESULT) {
        read_result(reader, record, step);
    }
}

struct tg_run_past *tg_run_past_new(const struct tg_record *records, size_t count,
                                    const struct tg_lab *lab, const char *project,
                                    const char *run_id)
{
    struct tg_run_past *past =
        tg_calloc(1, sizeof(*past) + lab->steps_count * sizeof(past->steps[0]));
    struct reader *reader = TG_NEW(struct reader);
    past->count = lab->steps_count;
    reader->past = past;
    reader->lab = lab;
    reader->project = project;
    reader->run_id = run_id;
    for (size_t i = 0; i < count; i++) {
        read_record(reader, &records[i]);
    }
    free(reader);
    return past;
}

void tg_run_past_free(struct tg_run_past *past)
{
    for (size_t i = 0; past != NULL && i < past->count; i++) {
        free(past->steps[i].absent);
        free(past->steps[i].made);
    }
    free(past);
}

bool tg_run_past_is_begun(const struct tg_run_past *past, int step)
{
    return past != NULL && past->steps[step].is_begun;
}

bool tg_run_past_is_done(const struct tg_run_past *past, int step)
{
    return past != NULL && past->steps[step].is_done_here;
}

bool tg_run_past_has_made(const struct tg_run_past *past, int step, const char *address,
                          int64_t lab_us)
{
    return past != NULL && lab_us - past->steps[step].lab_us < PROOF_LASTS_US &&
           has(past->steps[step].absent, address, strlen(address)) &&
           has(past->steps[step].made, address, strlen(address));
}

/* ---- Terraform's resources ---- */

/* One of them in one place. */
struct resource {
    const struct tg_lab_make *make;
    const struct tg_lab_region *region; /* NULL: in none */
    char address[NAME_LEN_MAX];
};

static void expand(const struct tg_run *run, const struct tg_lab_region *region, const char *text,
                   char *out, size_t size)
{
    struct tg_lab_place place = {
        .lab = run->config.lab, .region = region, .project = run->config.project};
    struct tg_buf buf;
    tg_buf_init(&buf, NAME_LEN_MAX);
    (void)tg_lab_expand(text, &place, &buf);
    tg_str_copy(out, size, tg_buf_text(&buf));
    tg_buf_fini(&buf);
}

/* The step's n-th resource; false when there are no more. */
static bool resource_at(const struct tg_run *run, int step, size_t n, struct resource *out)
{
    const struct tg_lab *lab = run->config.lab;
    for (size_t m = 0; m < lab->steps[step].makes_count; m++) {
        const struct tg_lab_make *make = &lab->steps[step].makes[m];
        bool is_everywhere = make->where == TG_LAB_WHERE_EACH_REGION_GCP;
        size_t places = make->terraform == NULL ? 0 : is_everywhere ? lab->regions_count : 1;
        if (n < places) {
            out->make = make;
            out->region = is_everywhere ? &lab->regions[n] : NULL;
            expand(run, out->region, make->terraform, out->address, sizeof(out->address));
            return true;
        }
        n -= places;
    }
    return false;
}

static void put_import(const struct tg_run *run, const struct resource *resource,
                       struct tg_buf *out)
{
    char id[NAME_LEN_MAX];
    char *path = tg_asprintf("%s/%s", resource->make->collection, resource->make->name);
    expand(run, resource->region,
           resource->make->import_id != NULL ? resource->make->import_id : path, id, sizeof(id));
    free(path);
    tg_buf_printf(out, "terraform -chdir=" TG_RUN_TERRAFORM_FOLDER " import '%s' '%s'\n",
                  resource->address, id);
}

static bool is_observed(const struct tg_run *run, int step, const struct resource *resource,
                        const struct tg_run_event *event)
{
    return tg_verify_find_made(run->config.lab, event->model, event->at_us, step, resource->make,
                               resource->region) != NULL;
}

void tg_run_absent(const struct tg_run *run, int step, const struct tg_run_event *event,
                   struct tg_buf *out)
{
    struct resource resource;
    for (size_t n = 0; resource_at(run, step, n, &resource); n++) {
        if (!is_observed(run, step, &resource, event)) {
            tg_buf_printf(out, "%s ", resource.address);
        }
    }
}

void tg_run_imports(const struct tg_run *run, int step, const struct tg_run_event *event,
                    struct tg_buf *commands, struct tg_buf *addresses)
{
    struct resource resource;
    for (size_t n = 0; resource_at(run, step, n, &resource); n++) {
        if (tg_run_past_has_made(run->past, step, resource.address, event->lab_us) &&
            is_observed(run, step, &resource, event)) {
            put_import(run, &resource, commands);
            if (addresses != NULL) {
                tg_buf_printf(addresses, "%s\n", resource.address);
            }
        }
    }
}

void tg_run_import_of(const struct tg_run *run, const char *address, struct tg_buf *out)
{
    struct resource resource;
    for (size_t step = 0; step < run->config.lab->steps_count; step++) {
        for (size_t n = 0; resource_at(run, (int)step, n, &resource); n++) {
            if (tg_str_eq(resource.address, address)) {
                put_import(run, &resource, out);
                return;
            }
        }
    }
}
