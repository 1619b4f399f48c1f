/* command_doctor.c - `tidegate doctor`, and the preflight that is the first step of `tidegate up`.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/doctor.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "commands.h"
#include "io/capture.h"
#include "io/read_file.h"
#include "plan/doctor_report.h"
#include "ui/term.h"

#define REPORT_BYTES_MAX  (1024 * 1024)
#define VERSION_BYTES_MAX 65536
#define VERSION_US        (20 * TG_US_PER_S)
#define TOKEN_FILE_MAX    4096
#define WORDS_MAX         8

/* What a tool prints when it is asked for its version; NULL: there is no such tool. The caller
 * frees. */
static char *version_of(const struct tg_doctor_tool *tool)
{
    const char *argv[WORDS_MAX + 2] = {tool->program};
    char words[WORDS_MAX][32];
    size_t count = 0;
    for (const char *at = tool->version_words; *at != '\0' && count < WORDS_MAX; count++) {
        size_t len = strcspn(at, " ");
        snprintf(words[count], sizeof(words[count]), "%.*s", (int)len, at);
        argv[count + 1] = words[count];
        at += len + strspn(at + len, " ");
    }
    struct tg_err err = TG_ERR_INIT;
    struct tg_buf out;
    /* a token that is the operator's own is not handed on */
    static const char *const environment[] = {"HF_TOKEN=", "HUGGING_FACE_HUB_TOKEN=", NULL};
    struct tg_capture capture = {
        .argv = argv, .deadline_us = VERSION_US, .stop_fd = -1, .environment = environment};
    tg_buf_init(&out, VERSION_BYTES_MAX);
    bool is_there = tg_capture_run(&capture, &out, &err) || err.code != TG_CODE_NOT_FOUND;
    char *text = is_there ? tg_buf_take(&out, NULL) : NULL;
    tg_buf_fini(&out);
    return text;
}

struct tg_secret *command_read_token(const char *path, struct tg_err *err)
{
    size_t len = 0;
    char *text = tg_read_secret_file(path, TOKEN_FILE_MAX, &len, err);
    if (text == NULL) {
        return NULL;
    }
    struct tg_secret *secret = tg_secret_new(text, strcspn(text, "\r\n"));
    explicit_bzero(text, len);
    free(text);
    return secret;
}

void command_print_lines(struct tg_buf *out, FILE *to)
{
    const char *at = tg_buf_text(out);
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        char *line = tg_utf8_sanitize(at, len);
        fprintf(to, "%s\n", line);
        free(line);
        at += len + (at[len] == '\n' ? 1 : 0);
    }
    fflush(to);
    tg_buf_fini(out);
}

bool command_examine(struct tg_session *session, const struct cli *cli,
                     const struct tg_doctor_config *wanted, struct tg_err *err)
{
    struct tg_doctor_config config = *wanted;
    char *versions[TG_DOCTOR_TOOLS_MAX] = {NULL};
    config.is_hub_left_out = cli->is_hub_left_out;
    config.has_tools = (cli->has_tools || cli->mode == TG_RUN_COMMANDS) && !config.is_hub_only;
    for (size_t i = 0; config.has_tools && i < tg_doctor_tools_count; i++) {
        versions[i] = version_of(&tg_doctor_tools[i]);
        config.tool_versions[i] = versions[i];
    }
    bool is_ok = tg_app_doctor_start(session->app, &config, err);
    for (size_t i = 0; i < TG_DOCTOR_TOOLS_MAX; i++) {
        free(versions[i]);
    }
    while (is_ok && !tg_app_doctor_is_over(session->app) && command_signal_count() == 0) {
        command_wait(session, 100 * TG_US_PER_MS);
    }
    return is_ok && (tg_app_doctor_is_over(session->app) ||
                     tg_err_set(err, TG_CODE_CANCELLED, 0, "nothing was done"));
}

static int report(const struct tg_doctor *doctor, const struct cli *cli)
{
    struct tg_buf out;
    tg_buf_init(&out, REPORT_BYTES_MAX);
    if (cli->is_json) {
        tg_doctor_report_json(doctor, &out);
        tg_buf_putc(&out, '\n');
    } else {
        tg_doctor_report_text(doctor, command_language(), false, &out);
    }
    command_print_lines(&out, stdout);
    return tg_doctor_count(doctor, TG_DOCTOR_FAIL) == 0 ? CLI_EXIT_OK : CLI_EXIT_FAILED;
}

static int examine(struct tg_session *session, const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_app *app = session->app;
    struct tg_doctor_config config = {.until = -1, .has_terminal = true};
    if (tg_model_gcp(app->model) == NULL) {
        tg_err_set(&err, TG_CODE_USAGE, 0, "which project? give --project ID");
        return command_fail(&err);
    }
    if (!tg_lab_read_fixes(app->lab, cli->fixes != NULL ? cli->fixes : "", &app->fixes, &err)) {
        return command_fail(&err);
    }
    struct tg_secret *token =
        cli->hf_token_file != NULL ? command_read_token(cli->hf_token_file, &err) : NULL;
    if (err.code != TG_CODE_NONE) {
        return command_fail(&err);
    }
    config.hub_token = token;
    ui_term_look(&config.terminal);
    bool is_ok = command_examine(session, cli, &config, &err);
    tg_secret_free(token);
    return is_ok ? report(app->doctor, cli) : command_fail(&err);
}

int command_doctor(const struct cli *cli)
{
    struct tg_err err = TG_ERR_INIT;
    command_watch_signals();
    struct tg_session *session = command_start_session(cli, &err);
    if (session == NULL) {
        return command_fail(&err);
    }
    int status = examine(session, cli);
    tg_session_stop(session);
    return status;
}
