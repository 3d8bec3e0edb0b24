#include "sim/stored_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "sim/log_schema.h"
#include "sim/sim_assert.h"

__attribute__((format(printf, 3, 4))) static int fail(char *ret_error, size_t error_bytes,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_error, error_bytes, format, arguments);
    va_end(arguments);
    return -1;
}

bool stored_run_is_database(const char *path)
{
    struct command_head head;
    return command_head_read(path, &head) == 0 && head.is_database;
}

/* The header says how many pages there are, so that a copy cut short is found before a query
 * stumbles over what is missing. */
static int check_file(const char *path, char *ret_error, size_t error_bytes)
{
    struct command_head head;
    struct stat status;
    if (stat(path, &status) != 0)
        return fail(ret_error, error_bytes, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(ret_error, error_bytes, "%s is %s, not a result database", path,
                    S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
    if (status.st_size == 0)
        return fail(ret_error, error_bytes, "%s is empty, not a result database", path);
    if (command_head_read(path, &head) != 0)
        return fail(ret_error, error_bytes, "%s: %s", path, strerror(errno));
    if (!head.is_database)
        return fail(ret_error, error_bytes,
                    "%s is no result database; shardsim run SCENARIO makes one", path);
    if (!head.is_whole)
        return fail(ret_error, error_bytes, "%s is cut short; copy it again", path);
    if (head.needed_bytes > head.bytes)
        return fail(ret_error, error_bytes,
                    "%s is cut short: it holds %" PRIu64 " of %" PRIu64 " bytes; copy it again",
                    path, head.bytes, head.needed_bytes);
    if (head.application_id == COMMAND_CATALOGUE_ID)
        return fail(ret_error, error_bytes,
                    "%s is a catalogue, which sqlite3 reads; give the runs that it lists", path);
    if (head.application_id != LOG_APPLICATION_ID)
        return fail(ret_error, error_bytes,
                    "%s is a database of another program; shardsim run SCENARIO makes one of this",
                    path);
    if (head.layout != LOG_USER_VERSION)
        return fail(ret_error, error_bytes,
                    "%s has layout %" PRIu32 ", and this program reads layout %d", path,
                    head.layout, LOG_USER_VERSION);
    return 0;
}

static int check_run(sqlite3 *database, const char *path, char *ret_error, size_t error_bytes)
{
    sqlite3_stmt *statement = NULL;
    int64_t runs = -1;
    if (sqlite3_prepare_v2(database, "SELECT count(*) FROM run", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        runs = sqlite3_column_int64(statement, 0);
    int code = sqlite3_extended_errcode(database);
    sqlite3_finalize(statement);
    if (code == SQLITE_READONLY_ROLLBACK)
        return fail(ret_error, error_bytes,
                    "%s is not whole: its writer was stopped in the middle; run it again", path);
    if (runs < 0)
        return fail(ret_error, error_bytes, "%s cannot be read: %s", path,
                    sqlite3_errmsg(database));
    if (runs != 1)
        return fail(ret_error, error_bytes,
                    "%s holds %" PRId64 " runs; a result database holds one", path, runs);
    return 0;
}

int stored_run_open(const char *path, sqlite3 **ret_database, char *ret_error, size_t error_bytes)
{
    sqlite3 *database = NULL;
    *ret_database = NULL;
    if (check_file(path, ret_error, error_bytes) != 0)
        return -1;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        fail(ret_error, error_bytes, "%s cannot be read: %s", path, sqlite3_errmsg(database));
    } else if (check_run(database, path, ret_error, error_bytes) == 0) {
        *ret_database = database;
        return 0;
    }
    sqlite3_close(database);
    return -1;
}

static void copy_column(sqlite3_stmt *statement, int column, char *ret_text, size_t bytes)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    snprintf(ret_text, bytes, "%s", text ? (const char *)text : "");
}

static char *column_duplicate(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    char *copy = strdup(text ? (const char *)text : "");
    SIM_ASSERT(copy != NULL);
    return copy;
}

static void read_row(sqlite3_stmt *statement, struct stored_run *ret_stored)
{
    *ret_stored = (struct stored_run){.scenario_json = column_duplicate(statement, 0),
                                      .argv = column_duplicate(statement, 1),
                                      .seed = (uint64_t)sqlite3_column_int64(statement, 2),
                                      .replication = (uint64_t)sqlite3_column_int64(statement, 3),
                                      .events = (uint64_t)sqlite3_column_int64(statement, 4),
                                      .logged = (uint64_t)sqlite3_column_int64(statement, 5)};
    copy_column(statement, 6, ret_stored->run_key, sizeof ret_stored->run_key);
    copy_column(statement, 7, ret_stored->config_hash, sizeof ret_stored->config_hash);
    copy_column(statement, 8, ret_stored->result_hash, sizeof ret_stored->result_hash);
    copy_column(statement, 9, ret_stored->status, sizeof ret_stored->status);
    copy_column(statement, 10, ret_stored->program_version, sizeof ret_stored->program_version);
    copy_column(statement, 11, ret_stored->git_rev, sizeof ret_stored->git_rev);
    copy_column(statement, 12, ret_stored->model_version, sizeof ret_stored->model_version);
}

int stored_run_read(const char *path, struct stored_run *ret_stored, char *ret_error,
                    size_t error_bytes)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    if (stored_run_open(path, &database, ret_error, error_bytes) != 0)
        return -1;
    int status = -1;
    if (sqlite3_prepare_v2(database,
                           "SELECT scenario_json, argv, seed, replication, n_events,"
                           " n_logged, run_key, config_hash, result_hash, status, program_version,"
                           " git_rev, model_version FROM run",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        read_row(statement, ret_stored);
        status = 0;
    } else {
        fail(ret_error, error_bytes, "%s cannot be read: %s", path, sqlite3_errmsg(database));
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return status;
}

void stored_run_free(struct stored_run *stored)
{
    free(stored->scenario_json);
    free(stored->argv);
    *stored = (struct stored_run){0};
}
