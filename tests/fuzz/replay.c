/* fuzz/replay.c - runs a fuzz target over its corpus, one test for each file, so that what fuzzing
 * once found stays found.
 *
 * The program is called replay_NAME; the files are tests/fuzz/corpus/NAME/. Writes TAP where
 * --output=tap:FILE says (tests/run-criterion asks so).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <dirent.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/str.h"
#include "tests/fuzz/fuzz.h"

#define OUTPUT    "--output=tap:"
#define INPUT_MAX (4u * 1024 * 1024)

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    tg_assert(file != NULL);
    uint8_t *bytes = malloc(INPUT_MAX);
    tg_assert(bytes != NULL);
    size_t len = fread(bytes, 1, INPUT_MAX, file);
    fclose(file);
    /* a copy of just that size, so that a read past its end is seen */
    uint8_t *input = malloc(len + (len == 0 ? 1 : 0));
    tg_assert(input != NULL);
    memcpy(input, bytes, len);
    free(bytes);
    LLVMFuzzerTestOneInput(input, len);
    free(input);
}

int main(int argc, char **argv)
{
    const char *top = getenv("TOP_SRCDIR");
    const char *name = strstr(argv[0], "replay_");
    tg_assert(name != NULL);
    FILE *out = stdout;
    for (int i = 1; i < argc; i++) {
        if (tg_str_has_prefix(argv[i], OUTPUT)) {
            out = fopen(argv[i] + strlen(OUTPUT), "w");
        }
    }
    tg_assert(out != NULL);
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top == NULL ? "." : top,
             name + strlen("replay_"));
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_file, alphasort);
    if (count <= 0) {
        fprintf(stderr, "replay: nothing in %s\n", folder);
        return 1;
    }
    fprintf(out, "1..%d\n", count);
    for (int i = 0; i < count; i++) {
        char path[5000];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        run_file(path);
        fprintf(out, "ok %d - %s %s\n", i + 1, name, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (out != stdout) {
        fclose(out);
    }
    return 0;
}
