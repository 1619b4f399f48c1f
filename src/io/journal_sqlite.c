/* io/journal_sqlite.c - the journal in SQLite, with a writer thread. */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/journal.h"
#include "io/paths.h"
#include "model/msg.h"

#define VERSION 2
#define STAMP   "PRAGMA user_version=2;"

struct entry {
    struct entry *next;
    int64_t sequence;
    struct tg_record record;
};

struct tg_journal {
    sqlite3 *database;
    sqlite3_stmt *insert;
    int lock;
    struct tg_clock clock;
    struct tg_queue *inbox;
    int64_t last_sequence;
    int64_t count;
    int64_t kill_after;
    bool is_unlocked;         /* there was no room for the lock: nothing is written */
    struct tg_err unwritable; /* why nothing can be written; NONE: it can */
    /* The writer's. */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_closing;
    struct entry *first;
    struct entry **last;
};

static const char *const kind_names[] = {"PLAN",   "INTENT", "RESULT", "PHASE",
                                         "VERIFY", "WAIVE",  "CLOSE",  "OUTPUT"};

static bool fail(struct tg_journal *journal, struct tg_err *err, const char *what)
{
    int code = sqlite3_errcode(journal->database);
    return tg_err_set(err, TG_CODE_IO, code, "%s: %s", what, sqlite3_errmsg(journal->database));
}

/* ---- opening ---- */

static bool take_lock(struct tg_journal *journal, const char *path, struct tg_err *err)
{
    char *name = tg_asprintf("%s.lock", path);
    journal->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_ok = journal->lock >= 0;
    if (!is_ok && (errno == ENOSPC || errno == EDQUOT || errno == EROFS)) {
        /* There is no room even for the lock: what is there can be read. */
        is_ok = true;
        journal->is_unlocked = true;
        tg_err_set(&journal->unwritable, TG_CODE_IO, errno, "%s: %s", name, strerror(errno));
    } else if (!is_ok) {
        tg_err_set(err, TG_CODE_IO, errno, "%s: %s", name, strerror(errno));
    } else if (flock(journal->lock, LOCK_EX | LOCK_NB) != 0) {
        is_ok = tg_err_set(err, TG_CODE_LOCKED, errno, "%s is held by another tidegate", path);
    }
    free(name);
    return is_ok;
}

static int version_of(sqlite3 *database)
{
    int version = 0;
    sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW) {
        version = sqlite3_column_int(query, 0);
    }
    sqlite3_finalize(query);
    return version;
}

/* A journal of this version is opened without a write, so that a full disk does not hide an open
 * drill. Journals of version 1 knew drills alone; an open one of those must still be found. */
static bool prepare(struct tg_journal *journal)
{
    static const char schema[] =
        "PRAGMA journal_mode=WAL;"
        "CREATE TABLE IF NOT EXISTS record("
        " sequence INTEGER PRIMARY KEY, run_id TEXT NOT NULL, kind TEXT NOT NULL,"
        " wall_us INTEGER NOT NULL, monotonic_us INTEGER NOT NULL, payload TEXT NOT NULL);"
        "CREATE INDEX IF NOT EXISTS record_run ON record(run_id, sequence);" STAMP;
    sqlite3 *database = journal->database;
    int version = version_of(database);
    if (version == 1 &&
        sqlite3_exec(database, "ALTER TABLE record RENAME COLUMN drill_id TO run_id;", NULL, NULL,
                     NULL) != SQLITE_OK) {
        return false;
    }
    return (version == VERSION || sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK) &&
           sqlite3_exec(database, "PRAGMA synchronous=FULL;", NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(database, "INSERT INTO record VALUES(?1, ?2, ?3, ?4, ?5, ?6)", -1,
                              &journal->insert, NULL) == SQLITE_OK;
}

static bool read_last(struct tg_journal *journal)
{
    sqlite3_stmt *query = NULL;
    bool is_ok =
        sqlite3_prepare_v2(journal->database, "SELECT coalesce(max(sequence), 0) FROM record", -1,
                           &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW;
    if (is_ok) {
        journal->last_sequence = sqlite3_column_int64(query, 0);
    }
    sqlite3_finalize(query);
    return is_ok;
}

/* first: what is asked of the database before anything else. */
static bool try_open(struct tg_journal *journal, const char *path, const char *first)
{
    mode_t before = umask(0077);
    bool is_ok = sqlite3_open_v2(path, &journal->database,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                                 NULL) == SQLITE_OK &&
                 sqlite3_exec(journal->database, first, NULL, NULL, NULL) == SQLITE_OK &&
                 prepare(journal) && read_last(journal);
    umask(before);
    return is_ok;
}

/* Whether a record would become durable now; kept with the reason. */
static void probe(struct tg_journal *journal, const char *path)
{
    if (journal->is_unlocked) {
        return;
    }
    if (sqlite3_exec(journal->database, STAMP, NULL, NULL, NULL) != SQLITE_OK) {
        fail(journal, &journal->unwritable, path);
    }
}

static bool open_database(struct tg_journal *journal, const char *path, struct tg_err *err)
{
    if (!try_open(journal, path, "")) {
        /* Without room for the index of the log beside it: kept in memory, since nobody else reads
         * while we hold the lock. */
        sqlite3_finalize(journal->insert);
        sqlite3_close(journal->database);
        journal->insert = NULL;
        journal->database = NULL;
        if (!try_open(journal, path, "PRAGMA locking_mode=EXCLUSIVE;")) {
            return fail(journal, err, path);
        }
    }
    probe(journal, path);
    return true;
}

/* ---- writing ---- */

static bool write_record(struct tg_journal *journal, int64_t sequence,
                         const struct tg_record *record, struct tg_err *err)
{
    sqlite3_stmt *insert = journal->insert;
    tg_assert((size_t)record->kind < TG_COUNT(kind_names));
    sqlite3_bind_int64(insert, 1, sequence);
    sqlite3_bind_text(insert, 2, record->run_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, kind_names[record->kind], -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, tg_clock_wall_us(&journal->clock));
    sqlite3_bind_int64(insert, 5, tg_clock_monotonic_us(&journal->clock));
    sqlite3_bind_text(insert, 6, record->payload, -1, SQLITE_STATIC);
    bool is_ok = sqlite3_step(insert) == SQLITE_DONE;
    if (!is_ok) {
        fail(journal, err, "the journal");
    }
    sqlite3_reset(insert);
    if (is_ok && journal->kill_after > 0 && --journal->kill_after == 0) {
        kill(getpid(), SIGKILL);
    }
    return is_ok;
}

static void free_entry(struct entry *entry)
{
    free(entry->record.run_id);
    free(entry->record.payload);
    free(entry);
}

static void acknowledge(struct tg_journal *journal, int64_t sequence, const struct tg_err *err)
{
    struct tg_msg *msg = tg_msg_new(TG_MSG_JOURNALLED, -1, tg_clock_monotonic_us(&journal->clock));
    msg->as.journalled.sequence = sequence;
    msg->as.journalled.err = *err;
    if (!tg_queue_push(journal->inbox, msg)) {
        tg_msg_free(msg);
    }
}

static void *run_writer(void *context)
{
    struct tg_journal *journal = context;
    pthread_mutex_lock(&journal->mutex);
    for (;;) {
        while (journal->first == NULL && !journal->is_closing) {
            pthread_cond_wait(&journal->wake, &journal->mutex);
        }
        struct entry *entry = journal->first;
        if (entry == NULL) {
            break;
        }
        journal->first = entry->next;
        if (journal->first == NULL) {
            journal->last = &journal->first;
        }
        pthread_mutex_unlock(&journal->mutex);
        struct tg_err err = TG_ERR_INIT;
        write_record(journal, entry->sequence, &entry->record, &err);
        acknowledge(journal, entry->sequence, &err);
        free_entry(entry);
        pthread_mutex_lock(&journal->mutex);
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}

static bool start_writer(struct tg_journal *journal, struct tg_err *err)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&journal->thread, NULL, run_writer, journal);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    journal->has_thread = result == 0;
    return result == 0 || tg_err_set(err, TG_CODE_INTERNAL, result, "a thread cannot be started");
}

struct tg_journal *tg_journal_open(const char *path, struct tg_queue *inbox, struct tg_clock clock,
                                   struct tg_err *err)
{
    struct tg_journal *journal = TG_NEW(struct tg_journal);
    journal->lock = -1;
    journal->clock = clock;
    journal->inbox = inbox;
    journal->last = &journal->first;
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->wake, NULL);
    char *directory = tg_strdup(path);
    char *slash = strrchr(directory, '/');
    bool is_ok = true;
    if (slash != NULL && slash != directory) {
        *slash = '\0';
        is_ok = tg_paths_make(directory, err);
    }
    free(directory);
    is_ok = is_ok && take_lock(journal, path, err) && open_database(journal, path, err) &&
            (inbox == NULL || start_writer(journal, err));
    if (!is_ok) {
        tg_journal_close(journal);
        return NULL;
    }
    return journal;
}

void tg_journal_close(struct tg_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->has_thread) {
        pthread_mutex_lock(&journal->mutex);
        journal->is_closing = true;
        pthread_cond_signal(&journal->wake);
        pthread_mutex_unlock(&journal->mutex);
        pthread_join(journal->thread, NULL);
    }
    sqlite3_finalize(journal->insert);
    sqlite3_close(journal->database);
    if (journal->lock >= 0) {
        close(journal->lock);
    }
    pthread_cond_destroy(&journal->wake);
    pthread_mutex_destroy(&journal->mutex);
    free(journal);
}

int64_t tg_journal_append(struct tg_journal *journal, const struct tg_record *record,
                          struct tg_err *err)
{
    int64_t sequence = journal->last_sequence + 1;
    if (journal->is_unlocked) {
        *err = journal->unwritable;
        return 0;
    }
    if (journal->inbox == NULL) {
        journal->count++;
        journal->last_sequence = sequence;
        return write_record(journal, sequence, record, err) ? sequence : 0;
    }
    struct entry *entry = TG_NEW(struct entry);
    entry->sequence = sequence;
    entry->record =
        (struct tg_record){record->kind, tg_strdup(record->run_id), tg_strdup(record->payload)};
    journal->last_sequence = sequence;
    journal->count++;
    pthread_mutex_lock(&journal->mutex);
    *journal->last = entry;
    journal->last = &entry->next;
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->mutex);
    return sequence;
}

bool tg_journal_is_writable(const struct tg_journal *journal, struct tg_err *err)
{
    if (journal->unwritable.code == TG_CODE_NONE) {
        return true;
    }
    *err = journal->unwritable;
    return false;
}

int64_t tg_journal_count(const struct tg_journal *journal)
{
    return journal->count;
}

void tg_journal_kill_after(struct tg_journal *journal, int64_t records)
{
    journal->kill_after = records;
}

/* ---- reading ---- */

static enum tg_record_kind kind_by_name(const char *name)
{
    for (size_t i = 0; i < TG_COUNT(kind_names); i++) {
        if (tg_str_eq(kind_names[i], name)) {
            return (enum tg_record_kind)i;
        }
    }
    return TG_RECORD_PHASE;
}

/* *run_id is NULL when none is open; the caller frees. An error is no "none": a restore would not
 * be offered. */
static bool find_newest_open(struct tg_journal *journal, enum tg_run_family family, char **run_id,
                             struct tg_err *err)
{
    static const char sql[] = "SELECT run_id FROM record WHERE kind='PLAN' AND run_id NOT IN"
                              " (SELECT run_id FROM record WHERE kind IN ('CLOSE','WAIVE'))"
                              " ORDER BY sequence DESC";
    sqlite3_stmt *query = NULL;
    *run_id = NULL;
    int code = sqlite3_prepare_v2(journal->database, sql, -1, &query, NULL);
    while ((code == SQLITE_OK || code == SQLITE_ROW) && *run_id == NULL) {
        code = sqlite3_step(query);
        const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(query, 0) : NULL;
        bool is_wanted = found != NULL && tg_run_family_of(found) == family;
        *run_id = is_wanted ? tg_strdup(found) : NULL;
    }
    bool is_ok = code == SQLITE_ROW || code == SQLITE_DONE || fail(journal, err, "the journal");
    sqlite3_finalize(query);
    return is_ok;
}

/* Rows of (kind, run_id, payload); ends the query. Half a past is none: it would tell that what was
 * made is nobody's. */
static bool read_rows(struct tg_journal *journal, sqlite3_stmt *query, struct tg_record **records,
                      size_t *count, struct tg_err *err)
{
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(query)) == SQLITE_ROW) {
        *records = tg_realloc_array(*records, *count + 1, sizeof(**records));
        (*records)[(*count)++] =
            (struct tg_record){kind_by_name((const char *)sqlite3_column_text(query, 0)),
                               tg_strdup((const char *)sqlite3_column_text(query, 1)),
                               tg_strdup((const char *)sqlite3_column_text(query, 2))};
    }
    bool is_ok = code == SQLITE_DONE || fail(journal, err, "the journal");
    sqlite3_finalize(query);
    if (!is_ok) {
        tg_journal_records_free(*records, *count);
        *records = NULL;
        *count = 0;
    }
    return is_ok;
}

bool tg_journal_open_run(struct tg_journal *journal, enum tg_run_family family,
                         struct tg_record **records, size_t *count, struct tg_err *err)
{
    *records = NULL;
    *count = 0;
    char *wanted = NULL;
    if (!find_newest_open(journal, family, &wanted, err)) {
        return false;
    }
    if (wanted == NULL) {
        return true;
    }
    sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(
            journal->database,
            "SELECT kind, run_id, payload FROM record WHERE run_id=?1 ORDER BY sequence", -1,
            &query, NULL) != SQLITE_OK) {
        free(wanted);
        return fail(journal, err, "the journal");
    }
    sqlite3_bind_text(query, 1, wanted, -1, SQLITE_STATIC);
    bool is_ok = read_rows(journal, query, records, count, err);
    free(wanted);
    return is_ok;
}

bool tg_journal_history(struct tg_journal *journal, enum tg_run_family family,
                        struct tg_record **records, size_t *count, struct tg_err *err)
{
    static const char sql[] =
        "SELECT kind, run_id, payload FROM (SELECT * FROM record WHERE kind<>'OUTPUT' AND"
        " (substr(run_id, 1, 3)='up-' OR substr(run_id, 1, 5)='down-')=?1"
        " ORDER BY sequence DESC LIMIT 10000) ORDER BY sequence";
    sqlite3_stmt *query = NULL;
    *records = NULL;
    *count = 0;
    if (sqlite3_prepare_v2(journal->database, sql, -1, &query, NULL) != SQLITE_OK) {
        return fail(journal, err, "the journal");
    }
    sqlite3_bind_int(query, 1, family == TG_RUN_PROVISION ? 1 : 0);
    return read_rows(journal, query, records, count, err);
}

char *tg_journal_newest_plan(struct tg_journal *journal, const char *id_start)
{
    static const char sql[] = "SELECT payload FROM record WHERE kind='PLAN' AND"
                              " substr(run_id, 1, length(?1))=?1 ORDER BY sequence DESC LIMIT 1";
    sqlite3_stmt *query = NULL;
    char *payload = NULL;
    if (sqlite3_prepare_v2(journal->database, sql, -1, &query, NULL) == SQLITE_OK) {
        sqlite3_bind_text(query, 1, id_start, -1, SQLITE_STATIC);
        if (sqlite3_step(query) == SQLITE_ROW) {
            payload = tg_strdup((const char *)sqlite3_column_text(query, 0));
        }
    }
    sqlite3_finalize(query);
    return payload;
}

void tg_journal_records_free(struct tg_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(records[i].run_id);
        free(records[i].payload);
    }
    free(records);
}
