/* tests/unit/io/test_exec_login.c - plug-ins that are scripts here, and consent to run them. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "io/exec_login.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock_real.h"
#include "io/exec_consent.h"
#include "io/read_file.h"

#define V1       "client.authentication.k8s.io/v1"
#define LIMIT_MS 60000 /* a bound for a broken machine, never waited for */

static char dir[] = "/tmp/tidegate-exec-XXXXXX";
static struct tg_exec_logins *logins;
static int told;

static void begin(void)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_not_null(mkdtemp(dir));
    told = eventfd(0, EFD_CLOEXEC);
    logins = tg_exec_logins_new(tg_clock_real(), &err);
    cr_assert_not_null(logins, "%s", err.msg);
}

static void end(void)
{
    char *command = tg_asprintf("rm -r %s", dir);
    tg_exec_logins_free(logins);
    cr_assert_eq(system(command), 0);
    free(command);
    close(told);
}

TestSuite(exec_login, .init = begin, .fini = end);

/* A program of that name with this script. The caller frees. */
static char *program(const char *name, const char *script)
{
    char *path = tg_asprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n%s", script);
    fclose(file);
    cr_assert_eq(chmod(path, 0700), 0);
    return path;
}

static void on_change(void *context)
{
    (void)context;
    const uint64_t one = 1;
    (void)!write(told, &one, sizeof(one));
}

/* Waits until there is a credential, or the news that there is none. */
static enum tg_token_answer await(struct tg_token_source *source, struct tg_token_grant *grant,
                                  struct tg_err *err)
{
    struct tg_token_listener listener = {.changed = on_change};
    enum tg_token_answer answer;
    source->ops->listen(source, &listener);
    while ((answer = source->ops->get(source, grant, err)) == TG_TOKEN_PENDING) {
        struct pollfd fd = {.fd = told, .events = POLLIN};
        uint64_t count;
        cr_assert_eq(poll(&fd, 1, LIMIT_MS), 1, "nothing comes");
        (void)!read(told, &count, sizeof(count));
    }
    source->ops->forget(source, &listener);
    return answer;
}

static struct tg_token_source *add(char *command, char *argument, char *variable, char *hint)
{
    char file[] = "/kube/config";
    char version[] = V1;
    char info[] = "KUBERNETES_EXEC_INFO={}";
    char *argv[] = {command, argument, NULL};
    char *environment[] = {info, variable, NULL};
    struct tg_kube_exec exec = {file, version, argv, environment, hint};
    struct tg_err err = TG_ERR_INIT;
    struct tg_token_source *source = tg_exec_logins_add(logins, &exec, &err);
    cr_assert_not_null(source, "%s", err.msg);
    return source;
}

/* Prints a credential, and keeps what it was given in the file seen. */
#define PRINTS                                                                 \
    "{ echo \"arguments: $@\"; env; } >\"$(dirname \"$0\")/seen\"\n"           \
    "echo run >>\"$(dirname \"$0\")/runs\"\n"                                  \
    "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" \
    "{\"token\":\"planted-token-'$(wc -l <\"$(dirname \"$0\")/runs\" | tr -d \" \")'\"}}'\n"

static char *contents(const char *name)
{
    char *path = tg_asprintf("%s/%s", dir, name);
    struct tg_err err = TG_ERR_INIT;
    size_t len = 0;
    char *text = tg_read_file(path, 1024 * 1024, &len, &err);
    cr_assert_not_null(text, "%s", err.msg);
    free(path);
    return text;
}

Test(exec_login, a_plug_in_gets_its_arguments_and_variables_as_they_are)
{
    char argument[] = "$(touch /nonexistent) *";
    char variable[] = "PLANTED=a b";
    char *command = program("plugin", PRINTS);
    struct tg_token_source *source = add(command, argument, variable, NULL);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_eq((int)await(source, &grant, &err), (int)TG_TOKEN_READY, "%s", err.msg);
    cr_expect_str_eq(tg_secret_peek(grant.token), "planted-token-1");
    tg_token_grant_fini(&grant);
    char *seen = contents("seen");
    cr_expect_not_null(strstr(seen, "arguments: $(touch /nonexistent) *\n"), "%s", seen);
    cr_expect_not_null(strstr(seen, "PLANTED=a b\n"));
    cr_expect_not_null(strstr(seen, "KUBERNETES_EXEC_INFO={}\n"));
    cr_expect_not_null(strstr(seen, "PATH="), "our own environment is there too");
    cr_expect_null(strstr(seen, "planted-token"));
    free(seen);
    free(command);
}

Test(exec_login, contexts_with_one_plug_in_share_its_credential)
{
    char *command = program("plugin", PRINTS);
    struct tg_token_source *source = add(command, NULL, NULL, NULL);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    cr_expect_eq(add(command, NULL, NULL, NULL), source);
    cr_assert_eq((int)await(source, &grant, &err), (int)TG_TOKEN_READY, "%s", err.msg);
    tg_token_grant_fini(&grant);
    char *runs = contents("runs");
    cr_expect_str_eq(runs, "run\n");
    free(runs);
    free(command);
}

Test(exec_login, a_refused_credential_is_fetched_anew_once)
{
    char *command = program("plugin", PRINTS);
    struct tg_token_source *source = add(command, NULL, NULL, NULL);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    cr_assert_eq((int)await(source, &grant, &err), (int)TG_TOKEN_READY, "%s", err.msg);
    cr_expect(source->ops->refused(source, grant.serial));
    tg_token_grant_fini(&grant);
    cr_assert_eq((int)await(source, &grant, &err), (int)TG_TOKEN_READY, "%s", err.msg);
    cr_expect_str_eq(tg_secret_peek(grant.token), "planted-token-2");
    cr_expect_not(source->ops->refused(source, grant.serial), "every token is refused");
    tg_token_grant_fini(&grant);
    free(command);
}

static struct tg_err failure(char *command, char *hint)
{
    struct tg_token_source *source = add(command, NULL, NULL, hint);
    struct tg_token_grant grant;
    struct tg_err err = TG_ERR_INIT;
    cr_expect_eq((int)await(source, &grant, &err), (int)TG_TOKEN_FAILED);
    return err;
}

Test(exec_login, what_goes_wrong_is_said_without_what_was_printed)
{
    char missing[] = "tidegate-no-such-plugin";
    char hint[] = "gcloud components install gke-gcloud-auth-plugin";
    struct tg_err err = failure(missing, hint);
    cr_expect_not_null(strstr(err.msg, hint), "%s", err.msg);
    char *command = program("fails", "echo planted\necho 'no account is active' >&2\nexit 1\n");
    err = failure(command, NULL);
    cr_expect_not_null(strstr(err.msg, "no account is active"), "%s", err.msg);
    cr_expect_null(strstr(err.msg, "planted"), "%s", err.msg);
    cr_expect_eq(err.code, TG_CODE_UNAUTHORIZED);
    free(command);
    command = program("odd", "echo '{planted'\n");
    err = failure(command, NULL);
    cr_expect_not_null(strstr(err.msg, "is not JSON"), "%s", err.msg);
    cr_expect_null(strstr(err.msg, "planted"), "%s", err.msg);
    free(command);
    command = program("endless", "exec head -c 10000000 /dev/zero\n");
    cr_expect_eq(failure(command, NULL).code, TG_CODE_LIMIT);
    free(command);
}

/* More plug-ins that hang than threads: the end is not held up. */
Test(exec_login, it_ends_at_once_while_plug_ins_hang)
{
    for (int i = 0; i < 6; i++) {
        char *name = tg_asprintf("hangs%d", i);
        char *command = program(name, "exec sleep 600\n");
        add(command, NULL, NULL, NULL);
        free(command);
        free(name);
    }
}

/* ---- consent ---- */

static bool is_given(const struct tg_kube_exec *exec)
{
    char digest[TG_DIGEST_LEN + 1];
    free(tg_exec_consent_what(exec, digest));
    return tg_exec_consent_is_given(dir, digest);
}

Test(exec_login, consent_is_remembered_for_one_command_only)
{
    char file[] = "/kube/config";
    char other_file[] = "/kube/other";
    char version[] = V1;
    char command[] = "/opt/plugin";
    char argument[] = "get";
    char longer[] = "get all";
    char variable[] = "PROFILE=work";
    char info[] = "KUBERNETES_EXEC_INFO={}";
    char *argv[] = {command, argument, NULL};
    char *other_argv[] = {command, longer, NULL};
    char *environment[] = {info, NULL};
    char *other_environment[] = {variable, info, NULL};
    struct tg_kube_exec exec = {file, version, argv, environment, NULL};
    struct tg_kube_exec by_other = {other_file, version, argv, environment, NULL};
    struct tg_kube_exec with_other = {file, version, other_argv, environment, NULL};
    struct tg_kube_exec in_other = {file, version, argv, other_environment, NULL};
    char digest[TG_DIGEST_LEN + 1];
    struct tg_err err = TG_ERR_INIT;
    cr_expect_not(is_given(&exec));
    char *what = tg_exec_consent_what(&exec, digest);
    cr_expect_str_eq(what, "/opt/plugin get");
    cr_assert(tg_exec_consent_remember(dir, digest, what, &err), "%s", err.msg);
    cr_expect(is_given(&exec));
    cr_expect_not(is_given(&by_other));
    cr_expect_not(is_given(&with_other));
    cr_expect_not(is_given(&in_other));
    free(what);
}

/* A name that now leads to another program is another command. */
Test(exec_login, consent_is_for_the_program_that_the_name_leads_to)
{
    char file[] = "/kube/config";
    char version[] = V1;
    char name[] = "plugin";
    char *argv[] = {name, NULL};
    char *environment[] = {NULL};
    struct tg_kube_exec exec = {file, version, argv, environment, NULL};
    char digest[TG_DIGEST_LEN + 1];
    struct tg_err err = TG_ERR_INIT;
    setenv("PATH", "/nonexistent", 1);
    char *what = tg_exec_consent_what(&exec, digest);
    cr_assert(tg_exec_consent_remember(dir, digest, what, &err), "%s", err.msg);
    free(what);
    cr_expect(is_given(&exec));
    free(program("plugin", "true\n"));
    setenv("PATH", dir, 1);
    cr_expect_not(is_given(&exec));
    setenv("PATH", "/bin:/usr/bin", 1);
}
