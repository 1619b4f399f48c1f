/* codec/k8s_exec.h - what exec into a container says: the Status at its end, and lists of network
 * interfaces as `ls /sys/class/net` prints them.
 *
 * Thread: a worker's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_CODEC_K8S_EXEC_H
#define TG_CODEC_K8S_EXEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/msg.h"

/* The Status of the error channel: the command's exit code goes to *exit_code. False and err when
 * it did not run to its end (its container is gone, there is no such program), or when the Status
 * says nothing that could be read (PROTOCOL). */
bool tg_k8s_decode_exit(const char *json, size_t len, int *exit_code, struct tg_err *err);

/* Names separated by blanks or line breaks, in their order. False (PROTOCOL) when there is none, or
 * one that Linux would not take as a name; (LIMIT) when there are more than TG_INTERFACES_MAX. */
bool tg_k8s_decode_interfaces(const char *text, size_t len, struct tg_interface_list *list,
                              struct tg_err *err);

#endif
