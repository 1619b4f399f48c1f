/* fuzz/fuzz_kubeconfig.c - kubeconfig files: the input is one. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/kubeconfig.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("kubeconfig", 0);
    }
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) {
        abort();
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct tg_err err = TG_ERR_INIT;
    struct tg_kubeconfig config;
    if (tg_kubeconfig_load(&config, path, &err)) {
        const char *name = config.current != NULL ? config.current : "none";
        tg_kubeconfig_find(&config, name, &err);
        tg_kubeconfig_find(&config, "of no such name", &err);
        tg_kubeconfig_fini(&config);
    }
    return 0;
}
