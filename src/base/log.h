/* base/log.h - structured log: event plus key=value fields, to a sink that is passed in.
 *
 * Never writes to standard error while a console is up: the sink decides. Every value passes the
 * secret registry (base/secret.h), so that a registered secret is printed as ***.
 *
 * Thread: a log may be used from any thread when its sink may (the file sink of io/log_file.h
 * locks).
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

enum tg_log_level { TG_LOG_DEBUG, TG_LOG_INFO, TG_LOG_WARN, TG_LOG_ERROR };

struct tg_log {
    enum tg_log_level level_min;
    /* line is one JSON object without newline:
     * {"level":"info","area":"watch","event":"relist","k":"v"} */
    void (*write)(void *context, enum tg_log_level level, const char *line);
    void *context;
};

/* Logs event of area with key, value pairs of text, ended by NULL. log may be NULL (nothing
 * happens). tg_log(log, TG_LOG_INFO, "watch", "relist", "target", name, "reason", why, NULL); */
void tg_log(const struct tg_log *log, enum tg_log_level level, const char *area, const char *event,
            ...) __attribute__((sentinel));

#endif
