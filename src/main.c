/* main.c - entry: locale, signals, libraries, then the command. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/str.h"
#include "codec/json.h"
#include "commands.h"
#include "config.h"
#include "io/curl_transport.h"
#include "io/sig.h"

/* The catalogues: where TIDEGATE_LOCALEDIR says, beside the program in a build tree, else where
 * they are installed. */
static void bind_catalogues(void)
{
    const char *wanted = getenv("TIDEGATE_LOCALEDIR");
    static char beside[PATH_MAX + 16];
    ssize_t len = readlink("/proc/self/exe", beside, PATH_MAX - 1);
    if (wanted == NULL && len > 0) {
        beside[len] = '\0';
        char *folder = dirname(beside);
        if (folder != beside) {
            memmove(beside, folder, strlen(folder) + 1);
        }
        strncat(beside, "/locale", sizeof(beside) - strlen(beside) - 1);
        if (access(beside, R_OK) == 0) {
            wanted = beside;
        }
    }
    bindtextdomain(PACKAGE, wanted != NULL ? wanted : LOCALEDIR);
    bind_textdomain_codeset(PACKAGE, "UTF-8");
    textdomain(PACKAGE);
}

/* A locale that this machine does not have (zh_TW on a fresh server) still gives its language and
 * UTF-8: C.UTF-8 is always there, and LANGUAGE chooses the catalogue. */
static void set_locale(void)
{
    if (setlocale(LC_ALL, "") == NULL) {
        const char *wanted = getenv("LC_ALL");
        wanted = wanted != NULL && *wanted != '\0' ? wanted : getenv("LC_MESSAGES");
        wanted = wanted != NULL && *wanted != '\0' ? wanted : getenv("LANG");
        if (wanted != NULL && (strstr(wanted, "UTF-8") != NULL || strstr(wanted, "utf8") != NULL) &&
            setlocale(LC_ALL, "C.UTF-8") != NULL) {
            char language[32];
            size_t end = strcspn(wanted, ".@");
            snprintf(language, sizeof(language), "%.*s", (int)(end < 31 ? end : 31), wanted);
            setenv("LANGUAGE", language, 0);
        }
    }
    setlocale(LC_NUMERIC, "C");
    bind_catalogues();
}

/* A descriptor that the caller closed would be given to the next file or socket that is opened, and
 * what is printed would go there. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
        }
    }
}

/* Tokens are in this process's memory: it leaves no core, and nobody of the same user looks into
 * it. Whoever looks for a fault in it says so. */
static void keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    if (tg_str_eq(getenv("TIDEGATE_CORE"), "1")) {
        return;
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

static int run(const struct cli *cli)
{
    switch (cli->command) {
    case CLI_COMMAND_CONSOLE:
        return command_console(cli);
    case CLI_COMMAND_DEMO:
        return command_demo(cli);
    case CLI_COMMAND_SIM:
        return command_sim(cli);
    case CLI_COMMAND_STATUS:
        return command_status(cli);
    case CLI_COMMAND_DRILL:
        return command_drill(cli);
    case CLI_COMMAND_RESTORE:
        return command_restore(cli);
    case CLI_COMMAND_UP:
    case CLI_COMMAND_DOWN:
        return command_provision(cli);
    case CLI_COMMAND_DOCTOR:
        return command_doctor(cli);
    case CLI_COMMAND_HELP:
        cli_print_help(stdout);
        return CLI_EXIT_OK;
    case CLI_COMMAND_VERSION:
        printf("%s\n", PACKAGE_STRING);
        return CLI_EXIT_OK;
    }
    return CLI_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct tg_err err = TG_ERR_INIT;
    static struct cli cli;
    fill_standard_descriptors();
    keep_memory_private();
    set_locale();
    if (!cli_parse(&cli, argc, argv, &err)) {
        return command_fail(&err);
    }
    tg_sig_ignore_pipe();
    tg_json_setup();
    if (!tg_curl_global_init(&err)) {
        return command_fail(&err);
    }
    int status = run(&cli);
    tg_curl_global_fini();
    return fflush(stdout) == 0 && !ferror(stdout) ? status : CLI_EXIT_ENVIRONMENT;
}
