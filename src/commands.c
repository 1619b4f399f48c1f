/* commands.c - what the commands share: errors, the lab, sessions on a kubeconfig, waiting,
 * signals. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "commands.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/assets.h"
#include "base/buf.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "codec/lab_file.h"
#include "codec/price_file.h"
#include "codec/walk_file.h"
#include "io/clock_real.h"
#include "io/google_hosts.h"
#include "io/google_login.h"
#include "io/paths.h"
#include "io/read_file.h"
#include "io/sig.h"
#include "model/select.h"

#define BUILT_IN_LAB   "labs/gemma-two-region.yaml"
#define SMALL_FILE_MAX (1024 * 1024)
#define ECHO_US        (500 * TG_US_PER_MS)

int command_fail(const struct tg_err *err)
{
    char *message = tg_utf8_sanitize(err->msg, strlen(err->msg));
    const char *hint = tg_code_hint(err->code);
    if (err->code == TG_CODE_CONFIG || err->code == TG_CODE_USAGE) {
        fprintf(stderr, "%s\n", message);
    } else {
        fprintf(stderr, "tidegate: %s: %s\n", _(tg_code_text(err->code)), message);
    }
    if (hint[0] != '\0' && err->code != TG_CODE_CONFIG) {
        fprintf(stderr, "  %s\n", _(hint));
    }
    free(message);
    return err->code == TG_CODE_USAGE || err->code == TG_CODE_CONFIG ? CLI_EXIT_USAGE
                                                                     : CLI_EXIT_ENVIRONMENT;
}

/* Each made safe for a terminal: they quote the file. */
static void print_lines(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *line = tg_utf8_sanitize(text, len);
        fprintf(stderr, "%s\n", line);
        free(line);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

char *command_lab_text(const struct cli *cli, size_t *len, struct tg_err *err)
{
    if (cli->lab != NULL) {
        return tg_read_file(cli->lab, SMALL_FILE_MAX, len, err);
    }
    const struct tg_asset *asset = tg_asset_get(BUILT_IN_LAB);
    *len = asset->len;
    return tg_strndup(asset->text, asset->len);
}

/* What may stand beside a lab, NAME.yaml: NAME.walk.yaml and NAME.prices.yaml. */
static const struct {
    const char *ending;
    bool (*parse)(struct tg_lab *lab, const char *name, const char *text, size_t len,
                  struct tg_buf *mistakes, size_t *count, struct tg_err *err);
} companions[] = {{".walk.yaml", tg_walk_parse_all}, {".prices.yaml", tg_prices_parse_all}};

/* Without .yaml; the caller frees. */
static char *stem_of(const char *path)
{
    size_t len = strlen(path);
    return tg_strndup(path, len > 5 && tg_str_eq(path + len - 5, ".yaml") ? len - 5 : len);
}

static bool load_beside(struct tg_lab *lab, const char *path, bool is_built_in,
                        struct tg_buf *mistakes, size_t *count, struct tg_err *err)
{
    bool is_ok = true;
    char *stem = stem_of(path);
    for (size_t i = 0; i < TG_COUNT(companions); i++) {
        char *beside = tg_asprintf("%s%s", stem, companions[i].ending);
        const struct tg_asset *asset = is_built_in ? tg_asset_get(beside) : NULL;
        if (asset != NULL) {
            is_ok =
                companions[i].parse(lab, beside, asset->text, asset->len, mistakes, count, err) &&
                is_ok;
        } else if (!is_built_in && access(beside, F_OK) == 0) {
            size_t len = 0;
            char *text = tg_read_file(beside, SMALL_FILE_MAX, &len, err);
            is_ok = text != NULL &&
                    companions[i].parse(lab, beside, text, len, mistakes, count, err) && is_ok;
            free(text);
        }
        free(beside);
    }
    free(stem);
    return is_ok;
}

struct tg_lab *command_load_lab(const struct cli *cli, struct tg_err *err)
{
    size_t len = 0;
    char *text = command_lab_text(cli, &len, err);
    if (text == NULL) {
        return NULL;
    }
    struct tg_buf mistakes;
    size_t count = 0;
    tg_buf_init(&mistakes, SMALL_FILE_MAX);
    const char *path = cli->lab != NULL ? cli->lab : BUILT_IN_LAB;
    struct tg_lab *lab = tg_lab_parse_all(path, text, len, &mistakes, &count, err);
    if (lab != NULL && !load_beside(lab, path, cli->lab == NULL, &mistakes, &count, err)) {
        tg_lab_free(lab);
        lab = NULL;
    }
    if (lab == NULL && count > 1) {
        char *name = tg_utf8_sanitize(path, strlen(path));
        print_lines(tg_buf_text(&mistakes));
        tg_err_set(err, TG_CODE_CONFIG, 0, "%s: %zu mistakes", name, count);
        free(name);
    }
    tg_buf_fini(&mistakes);
    free(text);
    return lab;
}

/* KUBECONFIG may be a list; files in it that do not exist are passed over, as kubectl does. */
static char *find_kubeconfig(const struct cli *cli)
{
    if (cli->kubeconfig != NULL) {
        return tg_strdup(cli->kubeconfig);
    }
    struct tg_buf list;
    tg_buf_init(&list, 65536);
    for (const char *rest = getenv("KUBECONFIG"); rest != NULL && *rest != '\0';) {
        size_t len = strcspn(rest, ":");
        char *path = tg_strndup(rest, len);
        if (len > 0 && access(path, F_OK) == 0) {
            tg_buf_printf(&list, "%s%s", list.len > 0 ? ":" : "", path);
        }
        free(path);
        rest += len + (rest[len] == ':' ? 1 : 0);
    }
    if (list.len > 0) {
        return tg_buf_take(&list, NULL);
    }
    tg_buf_fini(&list);
    const char *home = getenv("HOME");
    return tg_asprintf("%s/.kube/config", home != NULL ? home : "");
}

static const char *or_environment(const char *value, const char *name)
{
    const char *fallback = getenv(name);
    return value != NULL ? value : fallback != NULL && *fallback != '\0' ? fallback : NULL;
}

struct gcp_source {
    char *project;
    const char *endpoint;
    char *places[TG_API_COUNT];
    char *ca_pem;
    char *token;
};

static bool load_gcp(const struct cli *cli, struct gcp_source *gcp, struct tg_err *err)
{
    *gcp = (struct gcp_source){0};
    const char *token_file = or_environment(cli->gcp_token_file, "TIDEGATE_GCP_TOKEN_FILE");
    const char *ca_file = or_environment(cli->gcp_ca, "TIDEGATE_GCP_CA");
    ca_file =
        ca_file != NULL ? ca_file : or_environment(NULL, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE");
    const char *project = or_environment(cli->project, "PROJECT_ID");
    gcp->endpoint = or_environment(cli->gcp_endpoint, "TIDEGATE_GCP_ENDPOINT");
    /* A key that somebody names is meant to be used, and knows its project. */
    gcp->project = project != NULL      ? tg_strdup(project)
                   : token_file == NULL ? tg_google_named_project()
                                        : NULL;
    size_t len = 0;
    if (gcp->endpoint == NULL && !tg_google_hosts_here(gcp->places, err)) {
        return false;
    }
    if (token_file != NULL) {
        gcp->token = tg_read_secret_file(token_file, SMALL_FILE_MAX, &len, err);
        if (gcp->token == NULL) {
            return false;
        }
        gcp->token[strcspn(gcp->token, "\r\n")] = '\0';
    }
    if (ca_file != NULL) {
        gcp->ca_pem = tg_read_file(ca_file, SMALL_FILE_MAX, &len, err);
        return gcp->ca_pem != NULL;
    }
    return true;
}

static void wipe_gcp(struct gcp_source *gcp)
{
    if (gcp->token != NULL) {
        explicit_bzero(gcp->token, strlen(gcp->token));
    }
    free(gcp->token);
    free(gcp->project);
    free(gcp->ca_pem);
    for (int api = 0; api < TG_API_COUNT; api++) {
        free(gcp->places[api]);
    }
}

/* Where the journal is. Looking needs none, so that `status` works beside a running console and for
 * somebody who may write nowhere: NULL then. */
static bool find_journal(const struct cli *cli, char **journal, struct tg_err *err)
{
    *journal = NULL;
    if (cli->command == CLI_COMMAND_STATUS || cli->command == CLI_COMMAND_DOCTOR) {
        return true;
    }
    char *state = cli->state_dir != NULL ? tg_strdup(cli->state_dir) : tg_paths_state_dir(err);
    if (state != NULL) {
        *journal = tg_asprintf("%s/journal.db", state);
        free(state);
    }
    return *journal != NULL;
}

const char *command_language(void)
{
    const char *chosen = getenv("LANGUAGE");
    return chosen != NULL && *chosen != '\0' ? chosen : setlocale(LC_MESSAGES, NULL);
}

/* Beside the journal, for each project: Terraform keeps its state there. The caller frees. */
static char *work_folder_of(const char *journal, const char *project)
{
    const char *slash = journal != NULL ? strrchr(journal, '/') : NULL;
    return slash == NULL || project == NULL
               ? NULL
               : tg_asprintf("%.*s/work/%s", (int)(slash - journal), journal, project);
}

struct tg_session *command_start_session(const struct cli *cli, struct tg_err *err)
{
    struct tg_lab *lab = command_load_lab(cli, err);
    if (lab == NULL) {
        return NULL;
    }
    struct gcp_source gcp = {0};
    char *journal = NULL;
    if (!find_journal(cli, &journal, err) || !load_gcp(cli, &gcp, err)) {
        wipe_gcp(&gcp);
        free(journal);
        tg_lab_free(lab);
        return NULL;
    }
    char *cache = journal == NULL ? NULL
                                  : tg_asprintf("%.*s/downloads",
                                                (int)(strrchr(journal, '/') - journal), journal);
    char *kubeconfig = find_kubeconfig(cli);
    char *work_folder = work_folder_of(journal, gcp.project);
    bool is_provisioning = cli->command == CLI_COMMAND_UP || cli->command == CLI_COMMAND_DOWN ||
                           cli->command == CLI_COMMAND_DOCTOR;
    struct tg_session_config config = {
        .clock = tg_clock_real(),
        .lab = lab,
        /* The lab's clusters are found through their project, and may not be there yet. */
        .kubeconfig = is_provisioning ? NULL : kubeconfig,
        .contexts = cli->contexts,
        .contexts_count = cli->contexts_count,
        .project = gcp.project,
        .gcp_endpoint = gcp.endpoint,
        .gcp_places = gcp.places,
        .gcp_ca_pem = gcp.ca_pem,
        .gcp_token = gcp.token,
        .hub_url = or_environment(cli->hf_endpoint, "HF_ENDPOINT"),
        .gcp_token_path = or_environment(cli->gcp_token_file, "TIDEGATE_GCP_TOKEN_FILE"),
        .journal = journal,
        .work_folder = work_folder,
        .manifest_cache = cache,
        .manifest_url = or_environment(NULL, "TIDEGATE_CRD_URL"),
        .manifest_sha256 = or_environment(NULL, "TIDEGATE_CRD_SHA256"),
        .is_armed = cli->is_armed,
        .workers_max = cli->workers,
        .may_exec = command_may_exec,
        .may_exec_context = (void *)(uintptr_t)cli,
    };
    struct tg_session *session = tg_session_start(&config, err);
    wipe_gcp(&gcp);
    free(kubeconfig);
    free(work_folder);
    free(cache);
    free(journal);
    return session;
}

bool command_is_settled(const struct tg_app *app)
{
    int64_t now_us = tg_clock_monotonic_us(&app->clock);
    for (size_t i = 0; i < app->model->targets_count; i++) {
        const struct tg_target *target = app->model->targets[i];
        for (int kind = 0; kind < TG_KIND_COUNT; kind++) {
            bool is_gcp_kind = tg_kind_info((enum tg_kind)kind)->source == TG_KIND_SOURCE_GCP;
            enum tg_kind_phase phase = target->kinds[kind].phase;
            if (is_gcp_kind == (target->type == TG_TARGET_GCP) &&
                (phase == TG_KIND_PHASE_UNKNOWN || phase == TG_KIND_PHASE_LISTING)) {
                return false;
            }
        }
        size_t count = 0;
        struct tg_pod_row *rows = tg_select_pods(app->model, target->index, now_us, &count);
        bool is_scraped = true;
        for (size_t r = 0; r < count; r++) {
            is_scraped = is_scraped && (!rows[r].pod->as.pod.is_ready || rows[r].replica != NULL);
        }
        free(rows);
        if (!is_scraped) {
            return false;
        }
    }
    return true;
}

static int signal_fd = -1;
static int signals_seen;

void command_watch_signals(void)
{
    struct tg_err err = TG_ERR_INIT;
    signal_fd = tg_sig_open(&err);
}

bool command_is_new_wish(int number)
{
    static int64_t wished_us;
    struct tg_clock clock = tg_clock_real();
    int64_t now_us = tg_clock_monotonic_us(&clock);
    bool is_new = wished_us == 0 || (number != SIGHUP && now_us - wished_us > ECHO_US);
    wished_us = is_new ? now_us : wished_us;
    return is_new;
}

int command_signal_count(void)
{
    int number;
    while (signal_fd >= 0 && (number = tg_sig_take(signal_fd)) != 0) {
        signals_seen += tg_sig_is_end(number) && command_is_new_wish(number) ? 1 : 0;
    }
    return signals_seen;
}

int command_signal_fd(void)
{
    return signal_fd;
}

static int poll_ms(int64_t wait_us)
{
    const int64_t longest_ms = 60000;
    int64_t wait_ms = (wait_us + 999) / 1000;
    return wait_us < 0 ? -1 : (int)(wait_ms > longest_ms ? longest_ms : wait_ms);
}

void command_wait_signal(int64_t timeout_us)
{
    struct pollfd fd = {.fd = signal_fd, .events = POLLIN};
    (void)poll(&fd, 1, poll_ms(timeout_us));
}

bool command_wait(struct tg_session *session, int64_t timeout_us)
{
    int64_t now_us = tg_clock_monotonic_us(&session->app->clock);
    int64_t wake_us = tg_app_next_wake_us(session->app);
    int64_t wait_us = wake_us == TG_TIME_NEVER ? -1 : wake_us > now_us ? wake_us - now_us : 0;
    if (timeout_us >= 0 && (wait_us < 0 || wait_us > timeout_us)) {
        wait_us = timeout_us;
    }
    struct pollfd fds[2] = {{.fd = tg_queue_fd(session->inbox), .events = POLLIN},
                            {.fd = signal_fd, .events = POLLIN}};
    (void)poll(fds, signal_fd >= 0 ? 2 : 1, poll_ms(wait_us));
    return tg_session_pump(session, 256);
}
