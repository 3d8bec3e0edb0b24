#ifndef TESTS_LOG_FIXTURE_H
#define TESTS_LOG_FIXTURE_H

/* What the suites of the log share: a folder of their own, a run to log, one value of a query. */

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/log.h"
#include "tests/check_main.h"

static char folder[64];

/* A folder of this process's own; Check runs every test in a process. */
static inline const char *in_folder(const char *name)
{
    static char path[8][256];
    static unsigned next;

    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/test_log_XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    char *made = path[next++ % 8];
    snprintf(made, sizeof path[0], "%s/%s", folder, name);
    return made;
}

static inline void remove_folder(void)
{
    char command[128];

    if (folder[0] == '\0')
        return;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
    folder[0] = '\0';
}

static inline bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static inline unsigned files_in_folder(void)
{
    unsigned count = 0;
    DIR *listing = opendir(folder);

    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

static const struct log_run a_run = {.run_key = 0x0123456789abcdef,
                                     .config_hash = 0xf,
                                     .replication = 2,
                                     .seed = 7,
                                     .warmup_ns = 60,
                                     .experiment = "both",
                                     .program_version = "0.1.0",
                                     .scenario_json = "{\"version\": 1}",
                                     .started_utc = "2030-01-01T00:00:00Z"};
static const struct log_end an_end = {.status = "ok",
                                      .sim_end_ns = 600,
                                      .n_events = 12,
                                      .result_hash = {0x9be0, 0xc41f},
                                      .wall_s = 1.5,
                                      .cpu_s = 0.5,
                                      .max_rss_kib = 1000};

static inline struct log *open_log(const char *path, bool force, enum log_level level)
{
    char error[512] = "";
    struct log *log = log_open(path, force, level, &a_run, error, sizeof error);

    ck_assert_msg(log != NULL, "%s", error);
    return log;
}

static inline void close_log(struct log *log)
{
    char error[512] = "";
    uint64_t bytes = 0;

    ck_assert_msg(log_close(log, &an_end, error, sizeof error, &bytes) == 0, "%s", error);
    ck_assert_uint_gt(bytes, 0);
}

static inline struct log_event event_numbered(uint64_t seq)
{
    return (struct log_event){.seq = seq,
                              .t_ns = seq * 1000,
                              .kind_id = 3,
                              .entity = 17,
                              .peer = 33,
                              .chain = 5,
                              .subject = seq << 20,
                              .cause = seq - 1,
                              .bytes = 100,
                              .value = -1,
                              .weight = LOG_STEP};
}

/* The one value of a query as text; "NULL" for NULL. Fails the test on an error. */
static inline const char *query(const char *path, const char *sql)
{
    static char text[8][1024];
    static unsigned next;
    sqlite3 *database;
    sqlite3_stmt *statement;
    char *made = text[next++ % 8];

    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(database));
    code = sqlite3_step(statement);
    ck_assert_msg(code == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(database));
    const char *value = (const char *)sqlite3_column_text(statement, 0);
    snprintf(made, sizeof text[0], "%s", value != NULL ? value : "NULL");
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return made;
}

#endif
