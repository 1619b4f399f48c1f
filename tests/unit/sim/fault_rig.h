/* tests/unit/sim/fault_rig.h - faults in the words of the command line. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_TESTS_UNIT_SIM_FAULT_RIG_H
#define TG_TESTS_UNIT_SIM_FAULT_RIG_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/fault.h"

/* "status code=503 region=0 times=2"; a ~ stands for a blank within a word. */
static inline const struct sim_fault *fault_add(struct sim_world *world, const char *text)
{
    struct tg_err err = TG_ERR_INIT;
    char *words = tg_strdup(text);
    char *rest = NULL;
    char *word = strtok_r(words, " ", &rest);
    enum sim_fault_kind kind = sim_fault_kind_of(word);
    cr_assert_neq(kind, SIM_FAULT_KIND_COUNT, "%s", text);
    struct sim_fault_spec spec = sim_fault_spec_of(kind);
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        for (char *at = word; *at != '\0'; at++) {
            *at = *at == '~' ? ' ' : *at;
        }
        char *value = strchr(word, '=');
        cr_assert_not_null(value, "%s", text);
        *value++ = '\0';
        cr_assert(sim_fault_spec_set(world, &spec, word, value, &err), "%s", err.msg);
    }
    const struct sim_fault *fault = sim_fault_add(world, &spec, &err);
    cr_assert_not_null(fault, "%s: %s", text, err.msg);
    free(words);
    return fault;
}

#endif
