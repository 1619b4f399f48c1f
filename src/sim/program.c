/* sim/program.c - the programs that containers have, as far as people run them by hand. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/fmt.h"
#include "base/str.h"
#include "sim/behaviour.h"
#include "sim/cloud.h"
#include "sim/fuse.h"
#include "sim/json_path.h"
#include "sim/process.h"

#define NOT_FOUND 127
#define USAGE     1

typedef int program(struct sim_process *process);

/* ---- small ones ---- */

static int run_true(struct sim_process *process)
{
    (void)process;
    return 0;
}

static int run_false(struct sim_process *process)
{
    (void)process;
    return 1;
}

static int run_echo(struct sim_process *process)
{
    size_t i = 1;
    bool is_line = true;
    bool has_escapes = false;
    const char *word = sim_process_word(process, i);
    while (word != NULL && (tg_str_eq(word, "-n") || tg_str_eq(word, "-e"))) {
        is_line = is_line && !tg_str_eq(word, "-n");
        has_escapes = has_escapes || tg_str_eq(word, "-e");
        word = sim_process_word(process, ++i);
    }
    for (bool is_first = true; word != NULL; is_first = false) {
        sim_process_print(process, 1, "%s", is_first ? "" : " ");
        for (const char *at = word; *at != '\0'; at++) {
            bool is_newline = has_escapes && at[0] == '\\' && at[1] == 'n';
            sim_process_write(process, 1, is_newline ? "\n" : at, 1);
            at += is_newline ? 1 : 0;
        }
        word = sim_process_word(process, ++i);
    }
    sim_process_print(process, 1, "%s", is_line ? "\n" : "");
    return 0;
}

static int run_exit(struct sim_process *process)
{
    int64_t code = process->code;
    const char *word = sim_process_word(process, 1);
    if (word != NULL && !tg_str_to_int64(word, 0, 255, &code)) {
        sim_process_print(process, 2, "sh: exit: Illegal number: %s\n", word);
        code = 2;
    }
    tg_buf_reset(&process->script);
    process->is_interactive = false;
    return (int)code;
}

static int run_date(struct sim_process *process)
{
    time_t seconds = (time_t)(sim_world_wall_us(process->world) / TG_US_PER_S);
    struct tm parts;
    char text[64];
    gmtime_r(&seconds, &parts);
    const char *word = sim_process_word(process, 1);
    bool is_epoch = tg_str_eq(word, "+%s");
    if (word != NULL && !is_epoch && !tg_str_eq(word, "-u")) {
        sim_process_print(process, 2, "date: (simulated) only +%%s and -u are known\n");
        return USAGE;
    }
    strftime(text, sizeof text, "%a %b %e %H:%M:%S UTC %Y", &parts);
    if (is_epoch) {
        snprintf(text, sizeof text, "%" PRId64, (int64_t)seconds);
    }
    sim_process_print(process, 1, "%s\n", text);
    return 0;
}

static int run_hostname(struct sim_process *process)
{
    sim_process_print(process, 1, "%s\n", process->pod->name);
    return 0;
}

static int run_id(struct sim_process *process)
{
    sim_process_print(process, 1, "uid=0(root) gid=0(root) groups=0(root)\n");
    return 0;
}

static int run_whoami(struct sim_process *process)
{
    sim_process_print(process, 1, "root\n");
    return 0;
}

static int run_pwd(struct sim_process *process)
{
    sim_process_print(process, 1, "%s\n", sim_process_variable(process, "PWD"));
    return 0;
}

static int run_uname(struct sim_process *process)
{
    const char *option = sim_process_word(process, 1);
    if (tg_str_eq(option, "-a")) {
        sim_process_print(process, 1, "Linux %s 6.6.97+ #1 SMP x86_64 GNU/Linux\n",
                          process->pod->name);
    } else {
        sim_process_print(process, 1, "%s\n", tg_str_eq(option, "-r") ? "6.6.97+" : "Linux");
    }
    return 0;
}

static int run_env(struct sim_process *process)
{
    const char *name;
    json_t *value;
    const char *wanted = sim_process_word(process, 1);
    if (wanted != NULL) {
        const char *text = json_string_value(json_object_get(process->variables, wanted));
        if (text != NULL) {
            sim_process_print(process, 1, "%s\n", text);
        }
        return text != NULL ? 0 : 1;
    }
    json_object_foreach(process->variables, name, value)
    {
        sim_process_print(process, 1, "%s=%s\n", name, json_string_value(value));
    }
    return 0;
}

static void sleep_over(struct sim_world *world, void *data)
{
    struct sim_process *process = data;
    (void)world;
    process->event = 0;
    sim_process_done(process, 0);
}

static int run_sleep(struct sim_process *process)
{
    const char *word = sim_process_word(process, 1);
    double seconds = 0;
    if (tg_str_eq(word, "infinity") || tg_str_eq(word, "inf")) {
        return SIM_PROGRAM_PENDING;
    }
    if (word == NULL || !tg_str_to_double(word, &seconds) || seconds < 0 || seconds > 1e9) {
        sim_process_print(process, 2, "sleep: invalid time interval '%s'\n",
                          word == NULL ? "" : word);
        return USAGE;
    }
    process->event =
        sim_world_at(process->world, sim_world_now_us(process->world) + (int64_t)(seconds * 1e6),
                     SIM_PRIORITY_CLIENT, sleep_over, process, NULL);
    return SIM_PROGRAM_PENDING;
}

/* ---- files ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Prints names sorted, as ls does when nobody watches. */
static void print_sorted(struct sim_process *process, json_t *names)
{
    size_t count = json_array_size(names);
    const char **sorted = calloc(count + 1, sizeof *sorted);
    tg_assert(sorted != NULL);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = json_string_value(json_array_get(names, i));
    }
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < count; i++) {
        sim_process_print(process, 1, "%s\n", sorted[i]);
    }
    free(sorted);
}

static void add_text(json_t *names, const char *text)
{
    json_array_append_new(names, json_string(text));
}

/* Interfaces of the Pod's network namespace: its own and those that DRANET moved into it. */
static json_t *interfaces(const struct sim_process *process)
{
    json_t *names = json_array();
    add_text(names, "lo");
    add_text(names, "eth0");
    const struct sim_pod *pod = process->pod;
    const json_t *claim = pod->claim[0] == '\0' ? NULL
                                                : sim_store_get(pod->region->store,
                                                                sim_world_kinds(pod->world)->claim,
                                                                pod->ns, pod->claim);
    size_t i;
    json_t *device;
    json_array_foreach(sim_json_at(claim, "status.devices"), i, device)
    {
        const char *name = sim_json_text(device, "networkData.interfaceName");
        if (name[0] != '\0') {
            add_text(names, name);
        }
    }
    return names;
}

static bool add_object(void *context, const char *name, int64_t size)
{
    (void)size;
    json_t *names = context;
    const char *slash = strchr(name, '/');
    json_t *first = slash == NULL ? json_string(name) : json_stringn(name, (size_t)(slash - name));
    size_t count = json_array_size(names);
    if (count == 0 || !json_equal(json_array_get(names, count - 1), first)) {
        json_array_append(names, first);
    }
    json_decref(first);
    return true;
}

/* What a folder holds; NULL when there is no such folder. New reference. */
static json_t *list_folder(const struct sim_process *process, const char *path)
{
    static const char root[] =
        "bin boot data dev etc home lib lib64 mnt opt proc root run sbin srv sys tmp usr var";
    const char *prefix = "";
    const char *bucket = sim_fuse_bucket(process->pod, process->container->name, path, &prefix);
    json_t *names = json_array();
    if (tg_str_eq(path, "/sys/class/net") || tg_str_eq(path, "/sys/class/net/")) {
        json_decref(names);
        names = interfaces(process);
    } else if (bucket != NULL) {
        sim_cloud_object_each(process->world, bucket, prefix, add_object, names);
    } else if (tg_str_eq(path, "/")) {
        const char *at = root;
        while (*at != '\0') {
            size_t len = strcspn(at, " ");
            json_array_append_new(names, json_stringn(at, len));
            at += len + (at[len] == ' ' ? 1 : 0);
        }
    } else if (!tg_str_eq(path, "/tmp") && !tg_str_eq(path, "/mnt") && !tg_str_eq(path, "/data")) {
        json_decref(names);
        return NULL;
    }
    return names;
}

static int run_ls(struct sim_process *process)
{
    int code = 0;
    bool has_path = false;
    for (size_t i = 1; i == 1 || sim_process_word(process, i) != NULL; i++) {
        const char *path = sim_process_word(process, i);
        if (path != NULL && path[0] == '-') {
            continue;
        }
        if (path == NULL && has_path) {
            break;
        }
        has_path = true;
        path = path == NULL ? sim_process_variable(process, "PWD") : path;
        json_t *names = list_folder(process, path);
        if (names == NULL) {
            sim_process_print(process, 2, "ls: cannot access '%s': No such file or directory\n",
                              path);
            code = 2;
        } else {
            print_sorted(process, names);
        }
        json_decref(names);
    }
    if (!has_path) {
        json_t *names = list_folder(process, sim_process_variable(process, "PWD"));
        print_sorted(process, names);
        json_decref(names);
    }
    return code;
}

static bool print_file(struct sim_process *process, const char *path)
{
    struct sim_pod *pod = process->pod;
    if (tg_str_eq(path, "/etc/hostname")) {
        sim_process_print(process, 1, "%s\n", pod->name);
    } else if (tg_str_eq(path, "/etc/hosts")) {
        sim_process_print(process, 1,
                          "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n%s\t%s\n",
                          pod->ip, pod->name);
    } else if (tg_str_eq(path, "/etc/resolv.conf")) {
        sim_process_print(process, 1,
                          "search %s.svc.cluster.local svc.cluster.local cluster.local\n"
                          "nameserver 34.118.224.10\noptions ndots:5\n",
                          pod->ns);
    } else if (tg_str_eq(path, "/var/run/secrets/kubernetes.io/serviceaccount/namespace")) {
        sim_process_print(process, 1, "%s", pod->ns);
    } else if (tg_str_has_prefix(path, "/sys/class/net/") && tg_str_has_suffix(path, "/mtu")) {
        bool is_own = strstr(path, "/eth0/") != NULL || strstr(path, "/lo/") != NULL;
        sim_process_print(process, 1, "%s\n", is_own ? "1460" : "8896");
    } else {
        return false;
    }
    return true;
}

static int run_cat(struct sim_process *process)
{
    if (sim_process_word(process, 1) == NULL) {
        process->is_reading = true;
        return process->is_input_over ? 0 : SIM_PROGRAM_PENDING;
    }
    int code = 0;
    for (size_t i = 1; sim_process_word(process, i) != NULL; i++) {
        if (!print_file(process, sim_process_word(process, i))) {
            sim_process_print(process, 2, "cat: %s: No such file or directory\n",
                              sim_process_word(process, i));
            code = 1;
        }
    }
    return code;
}

static int run_cd(struct sim_process *process)
{
    const char *path = sim_process_word(process, 1);
    path = path == NULL ? "/" : path;
    json_t *names = list_folder(process, path);
    if (names == NULL) {
        sim_process_print(process, 2, "sh: cd: can't cd to %s: No such file or directory\n", path);
        return 2;
    }
    json_decref(names);
    json_object_set_new(process->variables, "PWD", json_string(path));
    return 0;
}

/* ---- table ---- */

enum where { ANYWHERE, SHELL_ONLY, WITH_CURL, WITH_BASH };

static const struct {
    const char *name;
    program *run; /* NULL: a shell, which sim/process.c is */
    enum where where;
} programs[] = {
    {"sh", NULL, ANYWHERE},         {"bash", NULL, WITH_BASH},
    {"true", run_true, ANYWHERE},   {"false", run_false, ANYWHERE},
    {"echo", run_echo, ANYWHERE},   {"exit", run_exit, SHELL_ONLY},
    {"cd", run_cd, SHELL_ONLY},     {":", run_true, SHELL_ONLY},
    {"date", run_date, ANYWHERE},   {"hostname", run_hostname, ANYWHERE},
    {"id", run_id, ANYWHERE},       {"whoami", run_whoami, ANYWHERE},
    {"pwd", run_pwd, ANYWHERE},     {"uname", run_uname, ANYWHERE},
    {"env", run_env, ANYWHERE},     {"printenv", run_env, ANYWHERE},
    {"sleep", run_sleep, ANYWHERE}, {"ls", run_ls, ANYWHERE},
    {"cat", run_cat, ANYWHERE},     {"curl", sim_program_curl, WITH_CURL},
    {"set", run_true, SHELL_ONLY},
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Distroless images have the one program that they are for. */
static bool has_programs(const struct sim_container *container)
{
    return strstr(container->image, "/epp:") == NULL && !container->is_sidecar &&
           strstr(container->image, "distroless") == NULL;
}

bool sim_program_exists(const struct sim_container *container, const char *name)
{
    for (size_t i = 0; i < TG_COUNT(programs); i++) {
        bool is_small = strstr(container->image, "busybox") != NULL ||
                        strstr(container->image, "alpine") != NULL;
        bool has_curl =
            strstr(container->image, "curl") != NULL || strstr(container->image, "vllm") != NULL;
        enum where where = programs[i].where;
        if (tg_str_eq(base_name(name), programs[i].name)) {
            return has_programs(container) && where != SHELL_ONLY &&
                   (where != WITH_CURL || has_curl) &&
                   (where != WITH_BASH || (!is_small && strstr(container->image, "curl") == NULL));
        }
    }
    return false;
}

int sim_program_run(struct sim_process *process)
{
    const char *name = sim_process_word(process, 0);
    for (size_t i = 0; i < TG_COUNT(programs); i++) {
        bool is_there = process->is_shell && programs[i].where == SHELL_ONLY;
        if (programs[i].run != NULL && tg_str_eq(base_name(name), programs[i].name) &&
            (is_there || sim_program_exists(process->container, name))) {
            return programs[i].run(process);
        }
    }
    sim_process_print(process, 2, "sh: %s: not found\n", name);
    return NOT_FOUND;
}
