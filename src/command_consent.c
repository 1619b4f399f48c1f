/* command_consent.c - asks whether a kubeconfig's exec plug-in may be run. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "commands.h"
#include "io/ask.h"
#include "io/exec_consent.h"
#include "io/paths.h"

#define ANSWERS_MAX 64

/* What was answered in this run: many contexts name one plug-in. */
static struct {
    char digest[TG_DIGEST_LEN + 1];
    bool is_yes;
} answers[ANSWERS_MAX];
static size_t answers_count;

static bool is_answered(const char *digest, bool *is_yes)
{
    for (size_t i = 0; i < answers_count; i++) {
        if (tg_str_eq(answers[i].digest, digest)) {
            *is_yes = answers[i].is_yes;
            return true;
        }
    }
    return false;
}

/* False with STATE when there is nobody to ask. */
static bool ask(const struct tg_kube_exec *exec, const char *what, bool *is_yes, struct tg_err *err)
{
    char answer[32];
    char *shown = tg_utf8_sanitize(what, strlen(what));
    char *file = tg_utf8_sanitize(exec->file, strlen(exec->file));
    char *question = tg_asprintf(_("%s signs in by running a program:\n\n  %s\n\nRun it, now and "
                                   "whenever its credential is due? Type yes or no: "),
                                 file, shown);
    bool is_asked = tg_ask_line(question, answer, sizeof(answer), err);
    *is_yes = is_asked && (tg_str_eq_nocase(answer, "yes") || tg_str_eq(answer, _("yes")));
    free(question);
    free(file);
    free(shown);
    return is_asked;
}

static bool consent(const char *state, const struct tg_kube_exec *exec, const char *what,
                    const char *digest, struct tg_err *err)
{
    bool is_yes = false;
    struct tg_err why = TG_ERR_INIT;
    if (!is_answered(digest, &is_yes)) {
        if (!ask(exec, what, &is_yes, &why)) {
            return tg_err_set(err, TG_CODE_CONFIG, 0,
                              "%.80s wants to run %.80s; nobody can be asked: allow it with "
                              "--allow-exec",
                              exec->file, what);
        }
        if (answers_count < ANSWERS_MAX) {
            tg_str_copy(answers[answers_count].digest, sizeof(answers[0].digest), digest);
            answers[answers_count++].is_yes = is_yes;
        }
        /* Without a place to remember it is asked again next time. */
        if (is_yes && state != NULL) {
            (void)tg_exec_consent_remember(state, digest, what, &why);
        }
    }
    return is_yes || tg_err_set(err, TG_CODE_CONFIG, 0, "%.100s may not be run", what);
}

bool command_may_exec(void *context, const struct tg_kube_exec *exec, struct tg_err *err)
{
    const struct cli *cli = context;
    struct tg_err why = TG_ERR_INIT;
    char digest[TG_DIGEST_LEN + 1];
    if (cli->is_exec_allowed) {
        return true;
    }
    char *state = cli->state_dir != NULL ? tg_strdup(cli->state_dir) : tg_paths_state_dir(&why);
    char *what = tg_exec_consent_what(exec, digest);
    bool is_ok = (state != NULL && tg_exec_consent_is_given(state, digest)) ||
                 consent(state, exec, what, digest, err);
    free(what);
    free(state);
    return is_ok;
}
