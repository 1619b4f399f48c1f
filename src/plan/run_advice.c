/* plan/run_advice.c - advice by what failed, and where. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "plan/run_advice.h"

#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "plan/run_past.h"

#define IMPORTS_LEN_MAX (16 * 1024)

/* The thing that the step failed for: the first that is not done. NULL: it waited for what is
 * observed. */
static const struct tg_run_item *culprit(const struct tg_run *run, int step)
{
    const struct tg_run_item *waiting = NULL;
    for (size_t i = 0; i < run->items_count; i++) {
        const struct tg_run_item *item = &run->items[i];
        if (item->step == step && item->state == TG_RUN_ITEM_FAILED) {
            return item;
        }
        if (item->step == step && item->state != TG_RUN_ITEM_DONE && waiting == NULL) {
            waiting = item;
        }
    }
    return waiting;
}

static const struct tg_lab_make *make_of(const struct tg_run *run, const struct tg_run_item *item)
{
    return item == NULL || item->make < 0 ? NULL
                                          : &run->config.lab->steps[item->step].makes[item->make];
}

static void put_names(struct tg_buf *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
    }
}

static void advise_stockout(const struct tg_run *run, const struct tg_run_item *item,
                            enum tg_run_reader reader, struct tg_buf *out)
{
    if (reader == TG_RUN_READER_CONSOLE) {
        tg_buf_puts(out, _("Machines come and go: once it is tried again, S offers what can be "
                           "done, also another zone or region. What was made stays, and is "
                           "found."));
        return;
    }
    const struct tg_lab_region *region =
        item != NULL && item->region >= 0 ? &run->config.lab->regions[item->region] : NULL;
    tg_buf_puts(out, _("Machines come and go: --on-stockout retry goes on trying for a day. What "
                       "was made stays, and is found."));
    if (region != NULL && region->spare_zones_count > 0) {
        tg_buf_puts(out, " ");
        tg_buf_puts(out, _("--on-stockout zone also tries, for the same cluster:"));
        tg_buf_puts(out, " ");
        put_names(out, region->spare_zones, region->spare_zones_count);
        tg_buf_puts(out, ".");
    }
    if (region != NULL && region->elsewhere_count > 0) {
        tg_buf_puts(out, " ");
        tg_buf_puts(out, _("--on-stockout region writes a lab with another region; offered in:"));
        tg_buf_puts(out, " ");
        put_names(out, region->elsewhere, region->elsewhere_count);
        tg_buf_puts(out, ".");
    }
}

static void advise_quota(const struct tg_run *run, const struct tg_run_item *item,
                         enum tg_run_reader reader, struct tg_buf *out)
{
    const char *where = item != NULL && item->region >= 0
                            ? run->config.lab->regions[item->region].name
                            : run->config.project;
    tg_buf_printf(out,
                  _("Ask for the quota that the message names, in %s: "
                    "https://console.cloud.google.com/iam-admin/quotas?project=%s - for TPU v6e it "
                    "is TPUS_PER_TPU_FAMILY of CT6E, 4 chips in each region. It may take a day; "
                    "what was made stays, and is billed: '%s' if you do not wait."),
                  where, run->config.project,
                  reader == TG_RUN_READER_CONSOLE ? ":lab.down" : "tidegate down");
}

static void advise_permission(const struct tg_run *run, struct tg_buf *out)
{
    tg_buf_printf(out,
                  _("Have somebody who administers %s give your account the permission that the "
                    "message names, wait a minute or two, and run again: what was made is found, "
                    "nothing is made twice."),
                  run->config.project);
}

static bool is_bucket(const struct tg_lab_make *make)
{
    return make != NULL && make->api == TG_API_STORAGE && make->form == TG_FORM_OBJECT;
}

static void advise_conflict(const struct tg_run_item *item, const struct tg_lab_make *make,
                            struct tg_buf *out)
{
    if (is_bucket(make)) {
        tg_buf_puts(out, _("Names of buckets are shared by everybody: another project has this "
                           "one, and nothing of it was touched. Name another in a copy of the lab "
                           "file (--lab), wherever this one stands."));
    } else {
        tg_buf_printf(out,
                      _("%s is there and is not as the lab wants it; it was not changed. If nobody "
                        "needs it, remove it and run again; else give the lab's another name in a "
                        "copy of the lab file (--lab)."),
                      item != NULL ? item->name : "");
    }
}

/* Terraform found something there that its state lacks, and it is not proved to be the lab's. */
static void advise_import(const struct tg_run *run, int step, struct tg_buf *out)
{
    struct tg_buf commands;
    tg_buf_init(&commands, IMPORTS_LEN_MAX);
    for (size_t i = 0; i < run->items_count; i++) {
        if (run->items[i].step == step && run->items[i].state == TG_RUN_ITEM_FAILED) {
            tg_run_import_of(run, run->items[i].name, &commands);
        }
    }
    tg_buf_puts(out, _("It is there, Terraform's state does not know it, and the journal does not "
                       "prove that it is the lab's. If it is, tell Terraform of it and run again; "
                       "else remove it, or name another in a copy of the lab file (--lab)."));
    if (run->config.folder != NULL && commands.len > 0) {
        tg_buf_printf(out, "\n      cd %s", run->config.folder);
    }
    for (const char *at = tg_buf_text(&commands); *at != '\0';) {
        size_t len = strcspn(at, "\n");
        tg_buf_printf(out, "\n      %.*s", (int)len, at);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    tg_buf_fini(&commands);
}

/* What is named last in a message such as "in use by projects/P/global/firewalls/NAME". */
static void name_user(const struct tg_run *run, const struct tg_err *err, struct tg_buf *out)
{
    static const char mark[] = "/firewalls/";
    const char *at = strstr(err->msg, mark);
    if (at != NULL) {
        at += strlen(mark);
        tg_buf_printf(out, " (gcloud compute firewall-rules describe %.*s --project %s)",
                      (int)strcspn(at, " ,;'\""), at, run->config.project);
    }
}

static void advise_in_use(const struct tg_run *run, const struct tg_err *err, struct tg_buf *out)
{
    tg_buf_puts(out, _("What the message names uses it and is not known to be the lab's, so it was "
                       "left. Look at it; when nobody needs it, remove it and run again."));
    name_user(run, err, out);
}

static void advise_timeout(const struct tg_run *run, const struct tg_run_item *item,
                           enum tg_run_reader reader, struct tg_buf *out)
{
    if (item != NULL) {
        tg_buf_puts(out, _("Google Cloud did not refuse, it is slow: what it has begun goes on. "
                           "Run again to go on waiting."));
    } else if (run->config.direction == TG_RUN_UP && reader == TG_RUN_READER_CONSOLE) {
        tg_buf_puts(out, _("Everything was made, and is not seen to work. What is missing stands "
                           "below; its controller says why in the object's conditions and "
                           "Events."));
    } else if (run->config.direction == TG_RUN_UP) {
        tg_buf_puts(out,
                    _("Everything was made, and is not seen to work. The console's page of the "
                      "step shows what is missing; its controller says why in the object's "
                      "conditions and Events. Run again to go on waiting."));
    } else {
        tg_buf_puts(out, _("It was removed, and is seen still: a controller may have made it "
                           "again. Run again."));
    }
}

/* How the console goes on; a command line is told by whoever ran it. */
static void advise_going_on(const struct tg_run *run, struct tg_buf *out)
{
    tg_buf_puts(out, out->len > 0 ? "  " : "");
    if (!run->is_over) {
        tg_buf_puts(out, _(":lab.retry tries it again now, while the rest goes on; :lab.stop "
                           "begins nothing more."));
    } else if (run->config.direction == TG_RUN_UP) {
        tg_buf_puts(out, _(":lab.up goes on from here."));
    } else {
        tg_buf_puts(out, _(":lab.down goes on from here."));
    }
}

static void advise(const struct tg_run *run, int step, enum tg_run_reader reader,
                   struct tg_buf *out)
{
    const struct tg_run_step *of = &run->steps[step];
    const struct tg_run_item *item = culprit(run, step);
    bool is_native = run->config.mode == TG_RUN_NATIVE;
    enum tg_code code =
        is_native && item != NULL && item->err.code != TG_CODE_NONE ? item->err.code : of->err.code;
    const char *hint = tg_code_hint(of->err.code);
    switch (code) {
    case TG_CODE_STOCKOUT:
        advise_stockout(run, item, reader, out);
        break;
    case TG_CODE_QUOTA:
        advise_quota(run, item, reader, out);
        break;
    case TG_CODE_FORBIDDEN:
        if (is_bucket(make_of(run, item)) && run->config.direction == TG_RUN_UP) {
            advise_conflict(item, make_of(run, item), out);
        } else {
            advise_permission(run, out);
        }
        break;
    case TG_CODE_CONFLICT:
        if (run->config.mode == TG_RUN_COMMANDS) {
            advise_import(run, step, out);
            break;
        }
        advise_conflict(item, make_of(run, item), out);
        break;
    case TG_CODE_IN_USE:
        advise_in_use(run, item != NULL ? &item->err : &of->err, out);
        break;
    case TG_CODE_TIMEOUT:
        advise_timeout(run, item, reader, out);
        break;
    default:
        tg_buf_puts(out, hint[0] != '\0' ? _(hint) : "");
        break;
    }
}

void tg_run_advice(const struct tg_run *run, int step, enum tg_run_reader reader,
                   struct tg_buf *out)
{
    if (run->steps[step].state != TG_RUN_FAILED) {
        return;
    }
    advise(run, step, reader, out);
    if (reader == TG_RUN_READER_CONSOLE) {
        advise_going_on(run, out);
    }
}

void tg_run_put_failure(const struct tg_err *err, struct tg_buf *out)
{
    /* Of a deadline the message says which, and of what is somebody else's what that is. */
    if (err->code != TG_CODE_TIMEOUT && err->code != TG_CODE_CONFLICT &&
        err->code != TG_CODE_STATE) {
        tg_buf_printf(out, "%s: ", _(tg_code_text(err->code)));
    }
    tg_buf_puts(out, err->msg);
}
