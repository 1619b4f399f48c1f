/* fuzz/fuzz_yaml.c - YAML as the program reads it: lab files, and whatever they are made of. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include "codec/lab_file.h"
#include "codec/yaml.h"
#include "plan/lab.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_err err = TG_ERR_INIT;
    tg_yaml_free(tg_yaml_parse("input", (const char *)data, size, &err));
    tg_lab_free(tg_lab_parse("input", (const char *)data, size, &err));
    return 0;
}
