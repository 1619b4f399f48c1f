/* sim/jsonpath.h - JSONPath as far as the printer columns of CustomResourceDefinitions use it.
 *
 * Known: .name (a backslash keeps the next character), ['name'], [n] (negative from the end), [*],
 * .*, and
 * [?(@.path=="text")] with == and !=; braces and a leading $ may stand around. Anything else
 * matches nothing.
 *
 * Thread: any.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_SIM_JSONPATH_H
#define TG_SIM_JSONPATH_H

#include <jansson.h>

/* Values that path leads to in object, in order: a new array, empty when there are none. */
json_t *sim_jsonpath(json_t *object, const char *path);

/* The same as text, as kubectl prints it: several values with spaces between. The caller frees;
 * NULL when there are none. */
char *sim_jsonpath_text(json_t *object, const char *path);

#endif
