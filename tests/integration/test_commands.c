/* integration/test_commands.c - the whole lab by its commands, with a stand-in for the programs
 * that run them, by a tidegate that is killed on the way, at any record, up and down.
 *
 * The stand-in keeps a state as Terraform does: it knows only what it made and lived to write down,
 * refuses to make what is there already, and takes down nothing that it does not know. What its
 * commands do in the world is done by native calls of a second program. Killed as in
 * test_provision.c; what the commands do then is either: they go on by themselves (only tidegate
 * was killed), or they die with it, in mid-create.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/provision.h"
#include "base/mem.h"
#include "sim/controllers.h"
#include "sim/inventory.h"
#include "tests/integration/rig_support.h"

#define SEED        11
#define KILLS       1 /* of each kind, somewhere on the way; KILLS=all: at every record */
#define RECORDS_MAX 2000
#define LIMIT_US    (12 * 60 * MINUTE_US)
#define STATE_MAX   8192
#define KILLED      137 /* what a shell says of a program that was */
#define REST        30 /* what it does takes the world some time, which tidegate must have heard of */

/* What runs the commands, and what Terraform knows. */
struct stand_in {
    struct tg_rig *rig; /* whose program orders */
    uint64_t id;        /* of the program that runs; 0: none */
    char *script;
    int step;
    enum tg_run_direction direction;
    bool is_good;
    int rest;              /* steps until it ends */
    const char *breaks;    /* the step in which it is killed when all is made; NULL: none */
    bool has_begun;        /* it said what it creates */
    char state[STATE_MAX]; /* addresses, a space behind each */
    char journal[128];     /* of the native calls */
};

static struct stand_in stand_in;
static char folder[64];
static pid_t folder_owner;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    if (getpid() == folder_owner) {
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

static const char *work_folder(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof(folder), "/tmp/tidegate-work-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        folder_owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

/* ---- what a step has in Terraform ---- */

struct address {
    const struct tg_lab_make *make;
    char text[200];
    char path[300]; /* where the world has it */
};

static void expand(const struct tg_lab *lab, int region, const char *text, char *out, size_t size)
{
    struct tg_lab_place place = {
        .lab = lab, .region = region >= 0 ? &lab->regions[region] : NULL, .project = "demo-4711"};
    struct tg_buf buf;
    tg_buf_init(&buf, size);
    tg_lab_expand(text, &place, &buf);
    snprintf(out, size, "%s", tg_buf_text(&buf));
    tg_buf_fini(&buf);
}

static bool address_at(const struct tg_lab *lab, int step, size_t n, struct address *out)
{
    static const char *const prefixes[TG_API_COUNT] = {
        [TG_API_COMPUTE] = "/compute/v1/", [TG_API_CONTAINER] = "/container/v1/",
        [TG_API_GKEHUB] = "/gkehub/v1/",   [TG_API_STORAGE] = "/storage/v1/",
        [TG_API_IAM] = "/iam/v1/",
    };
    for (size_t m = 0; m < lab->steps[step].makes_count; m++) {
        const struct tg_lab_make *make = &lab->steps[step].makes[m];
        bool is_everywhere = make->where == TG_LAB_WHERE_EACH_REGION_GCP;
        size_t places = make->terraform == NULL ? 0 : is_everywhere ? lab->regions_count : 1;
        if (n < places) {
            char collection[200];
            char name[100];
            int region = is_everywhere ? (int)n : -1;
            out->make = make;
            expand(lab, region, make->terraform, out->text, sizeof(out->text));
            expand(lab, region, make->collection, collection, sizeof(collection));
            expand(lab, region, make->name, name, sizeof(name));
            snprintf(out->path, sizeof(out->path), "%s%s/%s", prefixes[make->api], collection,
                     name);
            return true;
        }
        n -= places;
    }
    return false;
}

static bool knows(const char *address)
{
    char *wanted = tg_asprintf("%s ", address);
    bool is_known = strstr(stand_in.state, wanted) != NULL;
    free(wanted);
    return is_known;
}

static void learn(const char *address)
{
    size_t len = strlen(stand_in.state);
    cr_assert_lt(len + strlen(address) + 2, sizeof(stand_in.state));
    if (!knows(address)) {
        snprintf(stand_in.state + len, sizeof(stand_in.state) - len, "%s ", address);
    }
}

static void forget(const char *address)
{
    char *wanted = tg_asprintf("%s ", address);
    char *at = strstr(stand_in.state, wanted);
    if (at != NULL) {
        memmove(at, at + strlen(wanted), strlen(at + strlen(wanted)) + 1);
    }
    free(wanted);
}

static bool stands(const struct address *address)
{
    int status = 0;
    json_t *answer =
        sim_gcp_get(tg_rig_world(stand_in.rig), "GET", address->path, "", NULL, &status);
    json_decref(answer);
    return status == 200;
}

/* ---- what it says and does ---- */

static const struct tg_lab *lab_of(void)
{
    return tg_rig_app(stand_in.rig)->lab;
}

static bool is_dead(void)
{
    return rig_is_dying(stand_in.rig) && rig_has_died(tg_rig_app(stand_in.rig));
}

static void say(enum tg_tool_action action, const char *address, const char *text, bool is_wrong)
{
    if (is_dead()) {
        return;
    }
    struct tg_msg *msg = tg_msg_new(TG_MSG_TOOL_LINE, -1, 0);
    msg->as.tool.id = stand_in.id;
    msg->as.tool.line = (struct tg_tool_line){
        .action = action,
        .is_complaint = is_wrong,
        .text = tg_strdup(text),
        .resource = address != NULL ? tg_strdup(address) : NULL,
        .ensured = stand_in.direction == TG_RUN_UP ? TG_ENSURED_CREATED : TG_ENSURED_REMOVED};
    tg_app_handle(tg_rig_app(stand_in.rig), msg);
}

static void say_end(int status)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_TOOL_ENDED, -1, 0);
    msg->as.tool.id = stand_in.id;
    msg->as.tool.end = (struct tg_tool_end){.status = status};
    stand_in.id = 0;
    if (is_dead()) {
        tg_msg_free(msg);
        return;
    }
    tg_app_handle(tg_rig_app(stand_in.rig), msg);
}

static const struct tg_run_secret *hub_token(void)
{
    static struct tg_run_secret given;
    if (given.name == NULL) {
        given = (struct tg_run_secret){"hf_token", tg_secret_new("hf_planted_0123", 15)};
    }
    return &given;
}

static void do_natively(void)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig_config config = {.lab = rig_lab(), .journal = stand_in.journal};
    const char *id = lab_of()->steps[stand_in.step].id;
    struct tg_provision_request request = {.direction = stand_in.direction,
                                           .from = id,
                                           .until = id,
                                           .secrets = hub_token(),
                                           .secrets_count = 1};
    struct tg_rig *hand = tg_rig_attach(&config, tg_rig_world(stand_in.rig), &err);
    cr_assert_not_null(hand, "%s", err.msg);
    cr_assert(tg_rig_run(hand, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(hand), &request, &err), "%s", err.msg);
    cr_assert(tg_rig_run(hand, LIMIT_US, rig_run_is_over), "%s: the hand does not end", id);
    cr_assert(tg_run_is_good(tg_rig_app(hand)->run), "%s: the hand cannot do it: %s", id,
              tg_rig_app(hand)->run->steps[stand_in.step].err.msg);
    tg_rig_free(hand);
}

/* What the script tells Terraform of, in its own words. */
static void import_all(void)
{
    for (const char *at = stand_in.script;
         (at = strstr(at, "\nterraform -chdir=gke-tf import '"));) {
        char address[200];
        at = strchr(at, '\'') + 1;
        snprintf(address, sizeof(address), "%.*s", (int)strcspn(at, "'"), at);
        learn(address);
    }
}

/* Does all of the script; false when Terraform refuses. is_remembered: it lives to write down what
 * it makes. */
static bool work(bool is_remembered)
{
    struct address address;
    bool is_up = stand_in.direction == TG_RUN_UP;
    import_all();
    for (size_t n = 0; address_at(lab_of(), stand_in.step, n, &address); n++) {
        if (is_up && !knows(address.text) && stands(&address)) {
            say(TG_TOOL_FAILED, address.text, "Creation errored", false);
            say(TG_TOOL_SAYS, NULL, "Error: googleapi: Error 409: already exists", true);
            return false;
        }
        if (!is_up && !knows(address.text)) {
            return true; /* "No objects need to be destroyed" */
        }
    }
    do_natively();
    for (size_t n = 0; address_at(lab_of(), stand_in.step, n, &address); n++) {
        if (!is_up) {
            forget(address.text);
        } else if (is_remembered) {
            learn(address.text);
        }
        if (is_remembered) {
            say(TG_TOOL_FINISHED, address.text, "complete", false);
        }
    }
    return true;
}

/* Between the world's steps: first it says what it begins, then it does it and ends. */
static bool go_on(void *context)
{
    struct address address;
    (void)context;
    if (stand_in.id == 0 || is_dead()) {
        return true;
    }
    if (!stand_in.has_begun) {
        for (size_t n = 0; address_at(lab_of(), stand_in.step, n, &address); n++) {
            char *import = tg_asprintf("import '%s'", address.text);
            bool is_known = knows(address.text) || strstr(stand_in.script, import) != NULL;
            free(import);
            if (stand_in.direction == TG_RUN_DOWN || !is_known) {
                say(TG_TOOL_BEGINS, address.text, "Creating...", false);
            }
        }
        stand_in.has_begun = !is_dead(); /* what dies before it is heard makes nothing */
        return true;
    }
    bool is_killed =
        stand_in.breaks != NULL && strcmp(stand_in.breaks, lab_of()->steps[stand_in.step].id) == 0;
    if (stand_in.rest == 0 && is_killed) {
        stand_in.breaks = NULL;
        (void)work(false);
        say_end(KILLED);
        return true;
    }
    if (stand_in.rest == 0) {
        stand_in.is_good = work(true);
        stand_in.rest = REST;
    }
    if (--stand_in.rest > 0) {
        return true;
    }
    say(TG_TOOL_SAYS, NULL, "Apply complete!", false);
    say_end(stand_in.is_good ? 0 : 1);
    return true;
}

static bool order(void *context, struct tg_tool_order *order, struct tg_err *err)
{
    (void)context;
    (void)err;
    if (order->kind == TG_TOOL_START && !is_dead()) {
        const struct tg_run *run = tg_rig_app(stand_in.rig)->run;
        cr_assert_eq(stand_in.id, 0, "two programs at once");
        free(stand_in.script);
        stand_in.script = order->script;
        order->script = NULL;
        stand_in.id = order->id;
        stand_in.step = run->tool.step;
        stand_in.direction = run->config.direction;
        stand_in.has_begun = false;
        stand_in.rest = 0;
    }
    return true;
}

/* ---- runs ---- */

static struct tg_rig *equip(struct tg_rig *rig)
{
    struct tg_app *app = tg_rig_app(rig);
    app->link.order = order;
    app->work_folder = tg_strdup(work_folder());
    stand_in.rig = rig;
    stand_in.id = 0;
    rig_die_at(rig, INT64_MAX); /* another one that was to die may have stood at its address */
    return rig;
}

static struct tg_rig_config config_of(const char *journal)
{
    return (struct tg_rig_config){
        .world = {.seed = SEED, .regions = 2, .start_wall_us = INT64_C(1767225600) * TG_US_PER_S},
        .lab = rig_lab(),
        .journal = journal,
        .on_step = go_on};
}

static void begin(enum tg_run_direction direction)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_provision_request request = {.direction = direction,
                                           .mode = TG_RUN_COMMANDS,
                                           .secrets = hub_token(),
                                           .secrets_count = 1};
    cr_assert(tg_rig_run(stand_in.rig, 2 * MINUTE_US, rig_project_is_seen));
    cr_assert(tg_app_provision_start(tg_rig_app(stand_in.rig), &request, &err), "%s", err.msg);
}

static void finish(const char *when)
{
    struct tg_app *app = tg_rig_app(stand_in.rig);
    struct address address;
    cr_assert(tg_rig_run(stand_in.rig, LIMIT_US, rig_run_is_over), "%s: it should end", when);
    for (size_t i = 0; i < app->lab->steps_count; i++) {
        const struct tg_run_step *step = &app->run->steps[i];
        cr_assert(step->state == TG_RUN_DONE || step->state == TG_RUN_SATISFIED, "%s: %s is %s: %s",
                  when, app->lab->steps[i].id, tg_run_state_name(step->state), step->err.msg);
        for (size_t n = 0; address_at(app->lab, (int)i, n, &address); n++) {
            cr_assert_eq(knows(address.text), app->run->config.direction == TG_RUN_UP,
                         "%s: Terraform's state is wrong about %s", when, address.text);
        }
    }
    cr_assert(tg_run_is_good(app->run), "%s", when);
}

static void expect_nothing_left(const char *when)
{
    json_t *inventory = sim_inventory(tg_rig_world(stand_in.rig));
    char *text = json_dumps(json_object_get(inventory, "things"), JSON_INDENT(1));
    cr_assert_eq(json_array_size(json_object_get(inventory, "things")), 0, "%s: %s", when, text);
    free(text);
    json_decref(inventory);
}

/* A rig in which the lab stands, when it is to be taken down; else an empty one. */
static struct tg_rig *rig_before(enum tg_run_direction direction, const char *journal)
{
    struct tg_err err = TG_ERR_INIT;
    char own[128]; /* paths are static */
    snprintf(own, sizeof(own), "%s", journal);
    struct tg_rig_config config = config_of(own);
    free(stand_in.script);
    stand_in = (struct stand_in){0};
    snprintf(stand_in.journal, sizeof(stand_in.journal), "%s", rig_journal_path());
    struct tg_rig *rig = tg_rig_new(&config, &err);
    cr_assert_not_null(rig, "%s", err.msg);
    equip(rig);
    if (direction == TG_RUN_DOWN) {
        begin(TG_RUN_UP);
        finish("up");
    }
    return rig;
}

static void die_at(enum tg_run_direction direction, const char *journal, int64_t records)
{
    pid_t child = fork();
    if (child == 0) {
        struct tg_rig *rig = rig_before(direction, journal);
        tg_journal_kill_after(tg_rig_app(rig)->journal, records);
        begin(direction);
        _exit(tg_rig_run(rig, LIMIT_US, rig_run_is_over) ? 0 : 3);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "record %lld: it ended (%d)",
              (long long)records, status);
}

/* The world as the killed program left it. */
static struct tg_rig *world_at(enum tg_run_direction direction, int64_t records)
{
    struct tg_rig *rig = rig_before(direction, rig_journal_path());
    struct tg_app *app = tg_rig_app(rig);
    rig_die_at(rig, tg_journal_count(app->journal) + records);
    begin(direction);
    cr_assert(rig_has_died(app) || tg_rig_run(rig, LIMIT_US, rig_has_died));
    return rig;
}

static void kill_and_continue(enum tg_run_direction direction, int64_t records, bool dies_too)
{
    char when[80];
    char journal[128];
    struct tg_err err = TG_ERR_INIT;
    snprintf(when, sizeof(when), "%s, killed at record %lld%s",
             direction == TG_RUN_UP ? "up" : "down", (long long)records,
             dies_too ? ", and its commands" : "");
    snprintf(journal, sizeof(journal), "%s", rig_journal_path());
    die_at(direction, journal, records);
    struct tg_rig *before = world_at(direction, records);
    if (stand_in.id != 0 && (!dies_too || stand_in.has_begun)) {
        (void)work(!dies_too);
    }
    struct tg_rig_config config = config_of(journal);
    struct tg_rig *rig = tg_rig_attach(&config, tg_rig_world(before), &err);
    cr_assert_not_null(rig, "%s: %s", when, err.msg);
    equip(rig);
    begin(direction);
    finish(when);
    if (direction == TG_RUN_DOWN) {
        expect_nothing_left(when);
    }
    tg_rig_free(rig);
    tg_rig_free(before);
}

static int64_t count_records(enum tg_run_direction direction)
{
    struct tg_rig *rig = rig_before(direction, rig_journal_path());
    int64_t before = tg_journal_count(tg_rig_app(rig)->journal);
    begin(direction);
    finish("undisturbed");
    int64_t count = tg_journal_count(tg_rig_app(rig)->journal) - before;
    tg_rig_free(rig);
    return count;
}

static void kill_on_the_way(enum tg_run_direction direction)
{
    const char *wanted = getenv("KILLS");
    int64_t count = count_records(direction);
    cr_assert_gt(count, 50);
    cr_assert_lt(count, RECORDS_MAX);
    bool is_all = wanted != NULL && strcmp(wanted, "all") == 0;
    int64_t kills = is_all ? count - 1 : wanted != NULL ? atoi(wanted) : KILLS;
    for (int64_t i = 0; i < kills; i++) {
        int64_t record = is_all ? i + 1 : 1 + (2 * i + 1) * (count - 1) / (2 * kills);
        kill_and_continue(direction, record, false);
        kill_and_continue(direction, record, true);
    }
}

Test(commands, killed_while_standing_up_they_go_on, .timeout = 7200)
{
    kill_on_the_way(TG_RUN_UP);
}

Test(commands, killed_while_taking_down_they_go_on, .timeout = 7200)
{
    kill_on_the_way(TG_RUN_DOWN);
}

static bool has_failed(const struct tg_app *app)
{
    return tg_run_first_failed(app->run) >= 0;
}

/* What it made before it was killed is there, but Terraform does not know it, and what comes after
 * it in the step is not: that the clusters are seen is no reason to take the step for done. */
Test(commands, what_was_broken_off_is_tried_again_by_the_same_run)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_rig *rig = rig_before(TG_RUN_UP, rig_journal_path());
    stand_in.breaks = "clusters";
    begin(TG_RUN_UP);
    cr_assert(tg_rig_run(rig, LIMIT_US, has_failed));
    cr_assert(tg_app_provision_retry(tg_rig_app(rig), &err), "%s", err.msg);
    finish("tried again");
    tg_rig_free(rig);
}
