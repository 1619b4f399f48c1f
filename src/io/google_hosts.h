/* io/google_hosts.h - where Google's APIs are asked when somebody says that it is elsewhere than at
 * their own hosts: by the variables that gcloud and Terraform's providers read for the same.
 *
 * Thread: any. Ownership: texts are the caller's to free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_GOOGLE_HOSTS_H
#define TG_IO_GOOGLE_HOSTS_H

#include <stdbool.h>

#include "base/err.h"
#include "model/desired.h"

/* Turns "https://host[:port][/prefix][/version]/" into "//host[:port][/prefix]", to which the API's
 * own base path is added: gcloud names some without their version, the providers all with it. False
 * and err (CONFIG) when url is not under https. */
bool tg_google_host_read(enum tg_api api, const char *url, char **place, struct tg_err *err);

/* Fills places, NULL for each API that no variable speaks of. False and err when a variable cannot
 * be read; what was filled is the caller's even then. */
bool tg_google_hosts_here(char *places[TG_API_COUNT], struct tg_err *err);

#endif
