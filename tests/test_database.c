/* Opening result databases: what is refused, with which sentence. */

#include "analysis/database.h"
#include "analysis/operands.h"
#include "command.h"
#include "tests/check_main.h"
#include "tests/support_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct database_error error;

static const struct support_run plain = {.run_key = "00000000000000aa",
                                         .config_hash = "c",
                                         .result_hash = "r",
                                         .experiment = "e",
                                         .status = "ok",
                                         .sim_end_ns = 1000000000};

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void refuses(const char *name, const char *words)
{
    sqlite3 *database = NULL;
    error.text[0] = '\0';
    ck_assert_int_eq(database_open(path_of(name), false, &database, &error), -1);
    ck_assert_ptr_null(database);
    ck_assert_msg(strstr(error.text, words) != NULL, "'%s' lacks '%s'", error.text, words);
    ck_assert_msg(strstr(error.text, name) != NULL, "'%s' does not name the file", error.text);
}

static void write_file(const char *name, const char *bytes, size_t count)
{
    FILE *file = fopen(path_of(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

START_TEST(opens_a_whole_database)
{
    support_folder(folder);
    support_close(support_database(folder, "a?b#c%d.db", &plain)); /* what a URI would misread */
    sqlite3 *database = NULL;
    ck_assert_int_eq(database_open(path_of("a?b#c%d.db"), false, &database, &error), 0);
    ck_assert_int_eq(
        sqlite3_exec(database, "INSERT INTO code VALUES ('x', 1, 'y')", NULL, NULL, NULL),
        SQLITE_READONLY);
    sqlite3_close(database);
    support_remove(folder);
}
END_TEST

START_TEST(refuses_what_is_no_database)
{
    support_folder(folder);
    refuses("missing.db", "No such file");
    write_file("empty.db", "", 0);
    refuses("empty.db", "is empty");
    write_file("text.db", "time,latency\n1,2\n", 17);
    refuses("text.db", "is not an SQLite database");
    write_file("short.db", "SQLite format 3\0abc", 20);
    refuses("short.db", "cut short");
    ck_assert_int_eq(mkdir(path_of("folder.db"), 0755), 0);
    refuses("folder.db", "is a folder");
    support_remove(folder);
}
END_TEST

START_TEST(refuses_a_database_cut_short)
{
    support_folder(folder);
    support_close(support_database(folder, "cut.db", &plain));
    struct stat status;
    ck_assert_int_eq(stat(path_of("cut.db"), &status), 0);
    ck_assert_int_eq(truncate(path_of("cut.db"), status.st_size - 4096), 0);
    refuses("cut.db", "cut short");
    support_remove(folder);
}
END_TEST

START_TEST(refuses_another_program_and_another_layout)
{
    support_folder(folder);
    sqlite3 *database = support_database(folder, "other.db", &plain);
    support_sql(database, "PRAGMA application_id = 7");
    support_close(database);
    refuses("other.db", "another program");
    database = support_database(folder, "layout.db", &plain);
    support_sql(database, "PRAGMA user_version = 2");
    support_close(database);
    refuses("layout.db", "has layout 2");
    database = support_database(folder, "tables.db", &plain);
    support_sql(database, "DROP TABLE sample");
    support_close(database);
    refuses("tables.db", "12 of the 13 tables");
    database = support_database(folder, "runs.db", &plain);
    support_sql(database, "DELETE FROM run");
    support_close(database);
    refuses("runs.db", "holds 0 runs");
    support_remove(folder);
}
END_TEST

START_TEST(reads_a_run_that_has_not_ended_only_on_demand)
{
    support_folder(folder);
    struct support_run running = plain;
    running.status = "running";
    support_close(support_database(folder, "r.db.partial", &running));
    refuses("r.db.partial", "not whole");
    sqlite3 *database = NULL;
    ck_assert_int_eq(database_open(path_of("r.db.partial"), true, &database, &error), 0);
    sqlite3_close(database);
    support_remove(folder);
}
END_TEST

/* Copies the file and its journal while a transaction is half written: what a killed run leaves. */
static void copy_interrupted(const char *from, const char *to)
{
    static const char *const endings[] = {"", "-journal"};
    for (int i = 0; i < 2; i++) {
        char name[64];
        long bytes = 0;
        snprintf(name, sizeof name, "%s%s", from, endings[i]);
        char *data = support_read(folder, name, &bytes);
        snprintf(name, sizeof name, "%s%s", to, endings[i]);
        write_file(name, data, (size_t)bytes);
        free(data);
    }
}

START_TEST(a_killed_writer_leaves_what_it_had_committed)
{
    support_folder(folder);
    struct support_run running = plain;
    running.status = "running";
    support_close(support_database(folder, "w.db", &running));
    sqlite3 *writer = NULL;
    ck_assert_int_eq(sqlite3_open(path_of("w.db"), &writer), SQLITE_OK);
    support_sql(writer, "PRAGMA cache_size = 2; BEGIN"); /* so that pages spill before the commit */
    for (int i = 0; i < 2000; i++)
        support_message(writer, i, i, i + 1, 1, 1);
    copy_interrupted("w.db", "killed.db.partial");
    support_sql(writer, "ROLLBACK");
    sqlite3_close(writer);
    refuses("killed.db.partial", "stopped in the middle");
    long before = 0, after = 0;
    char *bytes = support_read(folder, "killed.db.partial", &before);
    sqlite3 *database = NULL;
    ck_assert_int_eq(database_open(path_of("killed.db.partial"), true, &database, &error), 0);
    sqlite3_close(database);
    char *again = support_read(folder, "killed.db.partial", &after);
    ck_assert(before == after && memcmp(bytes, again, (size_t)before) == 0); /* not touched */
    struct run_data *run = run_data_load(path_of("killed.db.partial"), true, &error);
    ck_assert_ptr_nonnull(run);
    ck_assert_uint_eq(run->created, 0); /* nothing of the transaction that was not committed */
    run_data_free(run);
    free(bytes);
    free(again);
    support_remove(folder);
}
END_TEST

START_TEST(a_folder_stands_for_its_databases_in_order)
{
    support_folder(folder);
    struct support_run run = plain;
    ck_assert_int_eq(mkdir(path_of("b"), 0755), 0);
    static const char *const names[] = {"c.db", "b/x.db", "a.db"};
    static const char *const keys[] = {"3", "2", "1"};
    for (int i = 0; i < 3; i++) {
        run.run_key = keys[i];
        support_close(support_database(folder, names[i], &run));
    }
    write_file("notes.txt", "x", 1);
    char *paths[] = {folder};
    struct operands operands;
    ck_assert_int_eq(operands_load(paths, 1, false, &operands, &error), EXIT_FINE);
    ck_assert_uint_eq(operands.count, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(operands.runs[i]->run_key, keys[2 - i]);
    operands_free(&operands);
    support_remove(folder);
}
END_TEST

START_TEST(one_run_twice_counts_once_and_two_results_are_a_mismatch)
{
    support_folder(folder);
    struct support_run run = plain;
    support_close(support_database(folder, "a.db", &run));
    support_close(support_database(folder, "b.db", &run));
    char *paths[] = {folder};
    struct operands operands;
    ck_assert_int_eq(operands_load(paths, 1, false, &operands, &error), EXIT_FINE);
    ck_assert_uint_eq(operands.count, 1);
    ck_assert_uint_eq(operands.note_count, 1);
    operands_free(&operands);
    run.result_hash = "other";
    support_close(support_database(folder, "c.db", &run));
    ck_assert_int_eq(operands_load(paths, 1, false, &operands, &error), EXIT_MISMATCH);
    ck_assert_ptr_nonnull(strstr(error.text, "other results"));
    operands_free(&operands);
    support_remove(folder);
}
END_TEST

CHECK_MAIN("database", opens_a_whole_database, refuses_what_is_no_database,
           refuses_a_database_cut_short, refuses_another_program_and_another_layout,
           reads_a_run_that_has_not_ended_only_on_demand,
           a_killed_writer_leaves_what_it_had_committed, a_folder_stands_for_its_databases_in_order,
           one_run_twice_counts_once_and_two_results_are_a_mismatch)
