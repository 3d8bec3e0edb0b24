/* Goal: the result database is there whole or not at all, whatever happens to the disk, the process
 * or the path, and nobody's file is destroyed. Method: full disks are file-size limits, which work
 * for root too; kills are real SIGKILLs of a forked child. */

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/log.h"
#include "tests/check_main.h"
#include "tests/log_fixture.h"

static void assert_refused(const char *path, bool force, const char *part_of_sentence)
{
    char error[512] = "";
    struct log *log = log_open(path, force, LOG_ALL, &a_run, error, sizeof error);

    ck_assert_ptr_null(log);
    ck_assert_msg(strstr(error, part_of_sentence) != NULL, "\"%s\" is not in \"%s\"",
                  part_of_sentence, error);
    ck_assert_msg(strstr(error, "-o FILE") != NULL, "no way out in \"%s\"", error);
}

START_TEST(existing_result_needs_force)
{
    const char *path = in_folder("a.db");

    close_log(open_log(path, false, LOG_ALL));
    assert_refused(path, false, "exists");
    ck_assert_uint_eq(files_in_folder(), 1);

    struct log *log = open_log(path, true, LOG_ALL);
    struct log_event event = event_numbered(1);
    log_event(log, &event);
    ck_assert_str_eq(query(path, "SELECT count(*) FROM event"), "0"); /* the old one, until... */
    close_log(log);
    ck_assert_str_eq(query(path, "SELECT count(*) FROM event"), "1");
    remove_folder();
}
END_TEST

START_TEST(result_that_appears_meanwhile_is_not_replaced)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    struct log *log = open_log(path, false, LOG_ALL);
    char error[512] = "";
    uint64_t bytes = 77;

    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(log_close(log, &an_end, error, sizeof error, &bytes), -1);
    ck_assert_ptr_nonnull(strstr(error, "appeared"));
    ck_assert_uint_eq(bytes, 77);
    ck_assert_str_eq(query(partial, "SELECT status FROM run"), "ok");
    remove_folder();
}
END_TEST

START_TEST(run_given_up_leaves_nothing)
{
    struct log *log = open_log(in_folder("a.db"), false, LOG_ALL);

    log_entity(log, 1, "chain", "c", 0);
    ck_assert_int_eq(log_close(log, NULL, NULL, 0, NULL), 0);
    ck_assert_uint_eq(files_in_folder(), 0);
    remove_folder();
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

START_TEST(foreign_partial_is_never_touched)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    sqlite3 *other;
    char text[16] = "";

    write_file(partial, "my thesis");
    assert_refused(path, true, "is in the way");
    FILE *in = fopen(partial, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof text, in));
    fclose(in);
    ck_assert_str_eq(text, "my thesis");

    unlink(partial); /* a database, but not ours */
    ck_assert_int_eq(sqlite3_open(partial, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "CREATE TABLE photo (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_refused(path, true, "is in the way");
    ck_assert_str_eq(query(partial, "SELECT count(*) FROM photo"), "0");

    unlink(partial);
    ck_assert_int_eq(mkdir(partial, 0700), 0);
    assert_refused(path, true, "is in the way");
    rmdir(partial);
    ck_assert_int_eq(symlink("/dev/null", partial), 0);
    assert_refused(path, true, "is in the way");
    remove_folder();
}
END_TEST

START_TEST(empty_partial_is_replaced)
{
    const char *path = in_folder("a.db");

    write_file(in_folder("a.db.partial"), "");
    close_log(open_log(path, false, LOG_ALL));
    ck_assert_str_eq(query(path, "SELECT status FROM run"), "ok");
    remove_folder();
}
END_TEST

START_TEST(second_writer_is_refused)
{
    const char *path = in_folder("a.db");
    int to_parent[2], to_child[2];
    char byte = 'x';

    ck_assert(pipe(to_parent) == 0 && pipe(to_child) == 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) { /* the first writer; it goes on until the parent has tried */
        struct log *first = open_log(path, false, LOG_ALL);
        struct log_event event = event_numbered(1);
        log_event(first, &event);
        if (write(to_parent[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1)
            close_log(first);
        _exit(0);
    }
    ck_assert_int_eq(read(to_parent[0], &byte, 1), 1);
    assert_refused(path, false, "being written by another run");
    assert_refused(path, true, "being written by another run");
    ck_assert_int_eq(write(to_child[1], &byte, 1), 1);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_str_eq(query(path, "SELECT status FROM run"), "ok");

    struct log *log = open_log(path, true, LOG_ALL); /* and within one process */
    assert_refused(path, true, "being written by another run");
    close_log(log);
    ck_assert_str_eq(query(path, "SELECT count(*) FROM event"), "0");
    remove_folder();
}
END_TEST

/* A journal whose database is gone would be played back into the next run's file. */
START_TEST(journal_left_alone_is_not_played_back)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    const char *journal = in_folder("a.db.partial-journal");
    int pipes[2];
    char byte = 'x', command[600];

    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) { /* a hot journal: a transaction that outgrew its cache, not committed */
        sqlite3 *database;
        log_close(open_log(path, false, LOG_ALL), &an_end, NULL, 0, NULL);
        rename(path, partial);
        sqlite3_open(partial, &database);
        sqlite3_exec(database,
                     "PRAGMA cache_size = 5; BEGIN; UPDATE run SET status = 'hot';"
                     "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000)"
                     " INSERT INTO event SELECT i, i, i, i, i, i, i, i, i, i FROM n",
                     NULL, NULL, NULL);
        if (write(pipes[1], &byte, 1) == 1)
            pause();
    }
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    snprintf(command, sizeof command, "test -s '%s'", journal);
    ck_assert_int_eq(system(command), 0);
    unlink(partial);
    struct log *log = open_log(path, false, LOG_ALL);
    struct log_event event = event_numbered(1);
    log_event(log, &event);
    close_log(log);
    ck_assert_str_eq(query(path, "SELECT status FROM run"), "ok");
    ck_assert_str_eq(query(path, "SELECT count(*) FROM event"), "1");
    ck_assert_str_eq(query(path, "PRAGMA integrity_check"), "ok");
    ck_assert_uint_eq(files_in_folder(), 1);
    remove_folder();
}
END_TEST

START_TEST(folders_above_are_made)
{
    const char *path = in_folder("x/y//z/a.db");

    close_log(open_log(path, false, LOG_ALL));
    ck_assert(exists(path));
    remove_folder();
}
END_TEST

START_TEST(relative_names_work_and_are_no_uris)
{
    in_folder("");
    ck_assert_int_eq(chdir(folder), 0);
    static const char *const names[] = {"a.db", "file:b.db?mode=memory", "c/d.db", ":memory:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        close_log(open_log(names[i], false, LOG_ALL));
        ck_assert(exists(names[i]));
    }
    ck_assert_uint_eq(files_in_folder(), 4);
    ck_assert_int_eq(chdir("/"), 0);
    remove_folder();
}
END_TEST

START_TEST(impossible_paths_are_refused_in_a_sentence)
{
    char below[300];

    assert_refused("", true, "empty");
    assert_refused(in_folder(""), true, "folder");
    assert_refused("/dev/full", false, "not a regular file");
    assert_refused("/dev/full", true, "not a regular file");
    write_file(in_folder("file"), "text");
    snprintf(below, sizeof below, "%s/file/a.db", folder);
    assert_refused(below, true, "Not a directory");
    snprintf(below, sizeof below, "%s/file/deeper/a.db", folder);
    assert_refused(below, true, "Not a directory");
    assert_refused("/proc/a.db", true, "cannot write");
    assert_refused("/proc/deeper/a.db", true, "cannot write");
    if (geteuid() != 0) { /* permissions do not bind root */
        ck_assert_int_eq(mkdir(in_folder("closed"), 0500), 0);
        assert_refused(in_folder("closed/a.db"), true, "Permission denied");
    }
    remove_folder();
}
END_TEST

/* In a child: a full disk, by a file-size limit, somewhere in a run of `rows` events. The signal
 * is left at its default on purpose: the writer must not be killed by it. */
static int run_limited(const char *path, rlim_t limit_bytes, uint64_t rows, bool *ret_failed_early,
                       char error[512])
{
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit_bytes, limit_bytes});
    struct log *log = log_open(path, false, LOG_ALL, &a_run, error, 512);
    *ret_failed_early = false;
    if (log == NULL)
        return -2;
    log_entity(log, 1, "chain", "an owned text in the ring", 0);
    for (uint64_t seq = 1; seq <= rows; seq++) {
        struct log_event event = event_numbered(seq);
        event.subject = seq * UINT64_C(0x9e3779b97f4a7c15);
        log_event(log, &event);
    }
    for (int i = 0; i < 100 && !log_failed(log) && rows > 200000; i++)
        usleep(20000);
    *ret_failed_early = log_failed(log);
    log_metric(log, "after", -1, 1, "", 1); /* still legal, and does not hang */
    return log_close(log, &an_end, error, 512, NULL);
}

static void limit_in_child(rlim_t limit_bytes, uint64_t rows, int wanted, bool wanted_early)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char error[512] = "";
        bool early;
        int closed = run_limited(path, limit_bytes, rows, &early, error);
        bool sentence = strstr(error, partial) != NULL && strstr(error, "-o FILE") != NULL &&
                        strstr(error, "free space") != NULL;
        if (closed != wanted || (wanted != 0 && !sentence) || (wanted_early && !early))
            fprintf(stderr, "limit %ju: closed %d, early %d, \"%s\"\n", (uintmax_t)limit_bytes,
                    closed, early, error);
        _exit(closed != wanted || (wanted != 0 && !sentence) || (wanted_early && !early));
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "limit %ju: status %x", (uintmax_t)limit_bytes, (unsigned)status);
    ck_assert(exists(path) == (wanted == 0));
    if (wanted == -1) {
        ck_assert_uint_eq(files_in_folder(), 1); /* no journal that nobody needs */
        ck_assert_str_eq(query(partial, "PRAGMA integrity_check"), "ok");
        ck_assert_str_eq(query(partial, "SELECT status || quote(result_hash) FROM run"),
                         "runningNULL");
    }
    if (wanted == -2)
        ck_assert_uint_eq(files_in_folder(), 0);
    remove_folder();
}

START_TEST(full_disk_at_the_start_is_an_error)
{
    limit_in_child(0, 10, -2, false);
    limit_in_child(4096, 10, -2, false);
    limit_in_child(100000, 10, -2, false);
}
END_TEST

START_TEST(full_disk_in_the_middle_is_noticed_and_keeps_the_partial)
{
    limit_in_child(1 << 20, 300000, -1, true);
    limit_in_child(10 << 20, 600000, -1, true);
}
END_TEST

/* From too small for a single commit up to just too small for the last page of the indices. */
START_TEST(full_disk_at_the_end_leaves_no_db)
{
    const char *path = in_folder("a.db");
    struct log *log = open_log(path, false, LOG_ALL);
    struct stat status;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        struct log_event event = event_numbered(seq);
        event.subject = seq * UINT64_C(0x9e3779b97f4a7c15);
        log_event(log, &event);
    }
    log_entity(log, 1, "chain", "an owned text in the ring", 0);
    log_metric(log, "after", -1, 1, "", 1);
    close_log(log);
    ck_assert_int_eq(stat(path, &status), 0);
    remove_folder();

    limit_in_child((rlim_t)status.st_size, 1000, 0, false);
    for (rlim_t less = 1; less <= 5 * 16384; less += 16384)
        limit_in_child((rlim_t)status.st_size - less, 1000, -1, false);
}
END_TEST

static uint64_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void check_killed(const char *path, const char *partial, int moment)
{
    if (exists(path)) { /* the kill came after the rename */
        ck_assert_str_eq(query(path, "SELECT status FROM run"), "ok");
        return;
    }
    if (!exists(partial))
        return; /* before the file appeared */
    ck_assert_msg(strcmp(query(partial, "PRAGMA integrity_check"), "ok") == 0, "moment %d", moment);
    ck_assert_str_eq(query(partial, "SELECT count(*) FROM run"), "1");
    const char *state = query(partial, "SELECT status || quote(result_hash) FROM run");
    /* between the last commit and the rename the file is whole already */
    ck_assert_msg(strcmp(state, "runningNULL") == 0 || strncmp(state, "ok'", 3) == 0,
                  "moment %d: %s", moment, state);
    ck_assert_str_eq(query(partial, "SELECT count(*) - coalesce(max(seq), 0) FROM event"), "0");
}

START_TEST(killed_run_leaves_a_readable_partial)
{
    uint64_t random = 20260101;
    unsigned running = 0;

    for (int moment = 0; moment < 20; moment++) {
        const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            struct log *log = open_log(path, true, LOG_ALL);
            for (uint64_t seq = 1; seq <= 400000; seq++) {
                struct log_event event = event_numbered(seq);
                log_event(log, &event);
            }
            char error[512];
            log_close(log, &an_end, error, sizeof error, NULL);
            pause();
            _exit(0);
        }
        usleep((useconds_t)(random_next(&random) % (moment < 5 ? 8000 : 600000)));
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        running += exists(partial);
        check_killed(path, partial, moment);
        unlink(path); /* the .partial stays: the next run has to replace it */
    }
    ck_assert_uint_gt(running, 0);
    close_log(open_log(in_folder("a.db"), false, LOG_ALL));
    ck_assert_uint_eq(files_in_folder(), 1);
    remove_folder();
}
END_TEST

/* Rows at hand are written while the simulation is slow, not only when the ring fills. */
START_TEST(slow_runs_are_committed_too)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct log *log = open_log(path, false, LOG_ALL);
        struct log_event event = event_numbered(1);
        log_event(log, &event);
        usleep(1500000); /* six commit intervals; not a measurement */
        if (write(pipes[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    char byte;
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_str_eq(query(partial, "SELECT count(*) FROM event"), "1");
    remove_folder();
}
END_TEST

CHECK_MAIN("log_file", existing_result_needs_force, result_that_appears_meanwhile_is_not_replaced,
           run_given_up_leaves_nothing, foreign_partial_is_never_touched, empty_partial_is_replaced,
           second_writer_is_refused, journal_left_alone_is_not_played_back, folders_above_are_made,
           relative_names_work_and_are_no_uris, impossible_paths_are_refused_in_a_sentence,
           full_disk_at_the_start_is_an_error,
           full_disk_in_the_middle_is_noticed_and_keeps_the_partial,
           full_disk_at_the_end_leaves_no_db, killed_run_leaves_a_readable_partial,
           slow_runs_are_committed_too)
