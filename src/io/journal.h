/* io/journal.h - the journal of dangerous acts: SQLite (WAL, synchronous=FULL, mode 0600), one
 * writer by lock.
 *
 * Records become durable before the act they announce. A thread of its own writes, so that a slow
 * disk never holds the UI thread; acknowledgements come back as TG_MSG_JOURNALLED. The synchronous
 * form serves headless single-thread use and tests. A second instance opens read-only (LOCKED from
 * the writing open).
 *
 * Thread: handle from one thread; the writer thread is private.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#ifndef TG_IO_JOURNAL_H
#define TG_IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/queue.h"
#include "plan/record.h"

struct tg_journal;

/* Opens or makes the journal at path (its directory is made, 0700). inbox NULL: synchronous, every
 * append returns durable. LOCKED when another process writes it; IO with the reason otherwise. One
 * that is there is opened also where nothing can be written: what it says of an open drill is then
 * needed most. */
struct tg_journal *tg_journal_open(const char *path, struct tg_queue *inbox, struct tg_clock clock,
                                   struct tg_err *err);
/* Whether a record could be written when it was opened; false and err (IO): why not. */
bool tg_journal_is_writable(const struct tg_journal *journal, struct tg_err *err);
void tg_journal_close(struct tg_journal *journal);

/* Appends a record (copied); returns its sequence (> 0), or 0 and err when refused (disk full: the
 * act must not be done). With an inbox the record is durable only when TG_MSG_JOURNALLED with at
 * least this sequence arrives. */
int64_t tg_journal_append(struct tg_journal *journal, const struct tg_record *record,
                          struct tg_err *err);

/* The newest run of a family that has a PLAN record and neither CLOSE nor WAIVE: its records in
 * order; the caller frees with tg_journal_records_free(). count 0 when none is open. */
bool tg_journal_open_run(struct tg_journal *journal, enum tg_run_family family,
                         struct tg_record **records, size_t *count, struct tg_err *err);
/* The newest records of a family but for OUTPUT, as many as fit (10000), oldest first; the caller
 * frees the same way. */
bool tg_journal_history(struct tg_journal *journal, enum tg_run_family family,
                        struct tg_record **records, size_t *count, struct tg_err *err);
void tg_journal_records_free(struct tg_record *records, size_t count);

/* Payload of the newest PLAN record of a run whose id begins so ("up-"), open or not; NULL when
 * there is none. The caller frees. */
char *tg_journal_newest_plan(struct tg_journal *journal, const char *id_start);

/* Records appended since this open. */
int64_t tg_journal_count(const struct tg_journal *journal);

/* For the kill tests: ends the process with SIGKILL right after the n-th append became durable (0:
 * never). */
void tg_journal_kill_after(struct tg_journal *journal, int64_t records);

#endif
