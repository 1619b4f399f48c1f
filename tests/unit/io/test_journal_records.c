/* tests/unit/io/test_journal_records.c - what was announced is there after the program was killed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: the tidegate authors */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/journal.h"

static char directory[64];
static char path[128];
static struct tg_virtual_clock now;

static void make_directory(void)
{
    strcpy(directory, "/tmp/tidegate-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/state/journal.db", directory);
}

static void remove_all(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char name[200];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
    snprintf(name, sizeof(name), "%s/state", directory);
    rmdir(name);
    rmdir(directory);
}

TestSuite(journal, .init = make_directory, .fini = remove_all);

static struct tg_journal *open_it(struct tg_err *err)
{
    return tg_journal_open(path, NULL, tg_clock_virtual(&now), err);
}

static void append(struct tg_journal *journal, const char *drill, enum tg_record_kind kind,
                   const char *payload)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_record record = {
        .run_id = (char *)(uintptr_t)drill, .kind = kind, .payload = (char *)(uintptr_t)payload};
    cr_assert_gt(tg_journal_append(journal, &record, &err), 0, "%s", err.msg);
}

static void age_to_version_1(void)
{
    sqlite3 *database = NULL;
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(database,
                              "ALTER TABLE record RENAME COLUMN run_id TO drill_id;"
                              "PRAGMA user_version=1;",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    sqlite3_close(database);
}

static size_t open_records(struct tg_journal *journal, enum tg_run_family family, char *first_id)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_record *records = NULL;
    size_t count = 0;
    cr_assert(tg_journal_open_run(journal, family, &records, &count, &err), "%s", err.msg);
    if (first_id != NULL) {
        snprintf(first_id, 64, "%s", count > 0 ? records[0].run_id : "");
    }
    tg_journal_records_free(records, count);
    return count;
}

Test(journal, an_open_drill_is_found_after_the_program_was_killed)
{
    pid_t child = fork();
    if (child == 0) {
        struct tg_err err = TG_ERR_INIT;
        struct tg_journal *journal = open_it(&err);
        append(journal, "scale0-1", TG_RECORD_PLAN, "{\"replicas\":1}");
        append(journal, "scale0-1", TG_RECORD_INTENT, "{}");
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    struct tg_record *records = NULL;
    size_t count = 0;
    cr_assert(tg_journal_open_run(journal, TG_RUN_DRILL, &records, &count, &err));
    cr_assert_eq(count, 2);
    cr_assert_str_eq(records[0].run_id, "scale0-1");
    cr_assert_eq(records[0].kind, TG_RECORD_PLAN);
    cr_assert_str_eq(records[0].payload, "{\"replicas\":1}");
    cr_assert_eq(records[1].kind, TG_RECORD_INTENT);
    tg_journal_records_free(records, count);
    tg_journal_close(journal);
}

Test(journal, closed_and_waived_drills_are_not_open)
{
    struct tg_err err = TG_ERR_INIT;
    char id[64];
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    append(journal, "one", TG_RECORD_PLAN, "{}");
    append(journal, "two", TG_RECORD_PLAN, "{}");
    cr_assert_eq(open_records(journal, TG_RUN_DRILL, id), 1);
    cr_assert_str_eq(id, "two", "the newest first");
    append(journal, "two", TG_RECORD_CLOSE, "{}");
    open_records(journal, TG_RUN_DRILL, id);
    cr_assert_str_eq(id, "one");
    append(journal, "one", TG_RECORD_WAIVE, "{}");
    cr_assert_eq(open_records(journal, TG_RUN_DRILL, id), 0);
    cr_assert_eq(tg_journal_count(journal), 4);
    tg_journal_close(journal);
}

Test(journal, an_open_provisioning_is_no_open_drill)
{
    struct tg_err err = TG_ERR_INIT;
    char id[64];
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    append(journal, "scale0-1", TG_RECORD_PLAN, "{}");
    append(journal, "up-2", TG_RECORD_PLAN, "{}");
    append(journal, "up-2", TG_RECORD_INTENT, "{}");
    cr_assert_eq(open_records(journal, TG_RUN_DRILL, id), 1);
    cr_assert_str_eq(id, "scale0-1");
    cr_assert_eq(open_records(journal, TG_RUN_PROVISION, id), 2);
    cr_assert_str_eq(id, "up-2");
    tg_journal_close(journal);
}

/* Written by the first version of the program, which called runs drills. */
Test(journal, a_drill_left_open_by_an_older_version_is_found)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    append(journal, "scale0-old", TG_RECORD_PLAN, "{}");
    tg_journal_close(journal);
    age_to_version_1();
    journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    char id[64];
    cr_assert_eq(open_records(journal, TG_RUN_DRILL, id), 1);
    cr_assert_str_eq(id, "scale0-old");
    tg_journal_close(journal);
}

Test(journal, many_drills_do_not_push_an_up_out_of_the_past)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    append(journal, "up-1", TG_RECORD_PLAN, "{}");
    tg_journal_close(journal);
    sqlite3 *database = NULL;
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    char *why = NULL;
    int code =
        sqlite3_exec(database,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
                     " i<10001) INSERT INTO record(wall_us, monotonic_us, run_id, kind, payload)"
                     " SELECT 0, 0, 'scale0-1', 'PHASE', '{}' FROM n",
                     NULL, NULL, &why);
    cr_assert_eq(code, SQLITE_OK, "%s", why);
    sqlite3_close(database);
    journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    struct tg_record *records = NULL;
    size_t count = 0;
    cr_assert(tg_journal_history(journal, TG_RUN_PROVISION, &records, &count, &err));
    cr_expect_eq(count, 1);
    tg_journal_records_free(records, count);
    tg_journal_close(journal);
}

/* Else a drill that stands open would be taken for none, and its restore not offered. */
Test(journal, what_cannot_be_read_is_not_taken_for_nothing)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    append(journal, "scale0-1", TG_RECORD_PLAN, "{}");
    sqlite3 *database = NULL;
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(database, "DROP TABLE record", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    struct tg_record *records = NULL;
    size_t count = 0;
    cr_expect_not(tg_journal_open_run(journal, TG_RUN_DRILL, &records, &count, &err));
    cr_expect_eq(err.code, TG_CODE_IO);
    tg_journal_close(journal);
}

Test(journal, only_its_owner_may_read_it)
{
    struct tg_err err = TG_ERR_INIT;
    struct stat file;
    struct tg_journal *journal = open_it(&err);
    cr_assert_not_null(journal, "%s", err.msg);
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0600);
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/state", directory);
    cr_assert_eq(stat(folder, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0700);
    tg_journal_close(journal);
}

Test(journal, a_second_writer_is_told)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    pid_t child = fork();
    if (child == 0) {
        struct tg_err why = TG_ERR_INIT;
        struct tg_journal *second = open_it(&why);
        _exit(second == NULL && why.code == TG_CODE_LOCKED ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    cr_assert_eq(WEXITSTATUS(status), 0);
    tg_journal_close(journal);
    journal = open_it(&err);
    cr_assert_not_null(journal, "free again: %s", err.msg);
    tg_journal_close(journal);
}

Test(journal, a_damaged_file_is_an_error_not_a_new_journal)
{
    struct tg_err err = TG_ERR_INIT;
    struct tg_journal *journal = open_it(&err);
    append(journal, "one", TG_RECORD_PLAN, "{}");
    tg_journal_close(journal);
    FILE *file = fopen(path, "r+");
    fputs("this is not a database at all, and never was one", file);
    fclose(file);
    journal = open_it(&err);
    cr_assert_null(journal);
    cr_assert_eq(err.code, TG_CODE_IO, "%s", err.msg);
}

Test(journal, a_place_that_cannot_be_written)
{
    struct tg_err err = TG_ERR_INIT;
    cr_assert_null(
        tg_journal_open("/proc/tidegate/journal.db", NULL, tg_clock_virtual(&now), &err));
    cr_assert_eq(err.code, TG_CODE_IO);
}
