#include "analysis/database.h"

#include "analysis/database_recover.h"
#include "analysis/must.h"
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x73687264, USER_VERSION = 1 };

__attribute__((format(printf, 2, 3))) static int fail(struct database_error *ret_error,
                                                      const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(ret_error->text, sizeof ret_error->text, format, list);
    va_end(list);
    return -1;
}

/* The header says how many pages the file has: a copy cut short is found before SQLite stumbles
 * over the missing pages in the middle of a table. */
static int check_file(const char *path, struct database_error *ret_error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return fail(ret_error, "%s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(ret_error, "%s is a folder, not a result database", path);
    if (!S_ISREG(status.st_mode))
        return fail(ret_error, "%s is not a regular file", path);
    if (status.st_size == 0)
        return fail(ret_error, "%s is empty", path);
    struct command_head head;
    if (command_head_read(path, &head) != 0)
        return fail(ret_error, "%s: %s", path, strerror(errno));
    if (!head.is_database)
        return fail(ret_error, "%s is not an SQLite database", path);
    if (!head.is_whole)
        return fail(ret_error, "%s is cut short: its header is not whole", path);
    if (head.needed_bytes > head.bytes)
        return fail(ret_error,
                    "%s is cut short: it holds %" PRIu64 " of %" PRIu64 " bytes; copy it again",
                    path, head.bytes, head.needed_bytes);
    return 0;
}

static bool folder_writable(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return access(".", W_OK) == 0;
    char *folder = must_copy(path);
    folder[slash == path ? 1 : slash - path] = '\0';
    bool writable = access(folder, W_OK) == 0;
    free(folder);
    return writable;
}

/* A URI, so that `immutable` can be said; the three characters that mean something are escaped. */
static char *uri_of(const char *path)
{
    bool journal = false;
    char *beside = must_print("%s-wal", path);
    journal = access(beside, F_OK) == 0;
    free(beside);
    char *uri = must_alloc(strlen(path) * 3 + 64), *end = uri;
    end += sprintf(end, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (*c == '%' || *c == '?' || *c == '#')
            end += sprintf(end, "%%%02X", (unsigned char)*c);
        else
            *end++ = *c;
    }
    sprintf(end, "?mode=ro%s", folder_writable(path) || journal ? "" : "&immutable=1");
    return uri;
}

struct integer_row {
    int64_t value;
    size_t rows;
};

static void take_integer(void *self, sqlite3_stmt *statement)
{
    struct integer_row *row = self;
    row->value = sqlite3_column_int64(statement, 0);
    row->rows++;
}

static int integer_of(sqlite3 *database, const char *path, const char *sql, int64_t *ret_value,
                      struct database_error *ret_error)
{
    struct integer_row row = {0};
    if (database_each(database, path, sql, take_integer, &row, ret_error) != 0)
        return -1;
    *ret_value = row.value;
    return 0;
}

static int check_layout(sqlite3 *database, const char *path, struct database_error *ret_error)
{
    int64_t application = 0, version = 0, tables = 0, runs = 0;
    if (integer_of(database, path, "PRAGMA application_id", &application, ret_error) != 0 ||
        integer_of(database, path, "PRAGMA user_version", &version, ret_error) != 0)
        return -1;
    if (application == COMMAND_CATALOGUE_ID)
        return fail(ret_error,
                    "%s is a catalogue, which sqlite3 reads; give the runs that it lists", path);
    if (application != APPLICATION_ID)
        return fail(ret_error,
                    "%s is a database of another program (application_id %" PRId64 ", expected %d)",
                    path, application, APPLICATION_ID);
    if (version != USER_VERSION)
        return fail(ret_error, "%s has layout %" PRId64 "; this program reads layout %d", path,
                    version, USER_VERSION);
    static const char count_tables[] =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('run', 'param',"
        " 'kind', 'entity', 'event', 'message', 'tx', 'tx_phase', 'code', 'fault', 'violation',"
        " 'sample', 'metric')";
    if (integer_of(database, path, count_tables, &tables, ret_error) != 0)
        return -1;
    if (tables != 13)
        return fail(ret_error, "%s has %" PRId64 " of the 13 tables of a result database", path,
                    tables);
    if (integer_of(database, path, "SELECT count(*) FROM run", &runs, ret_error) != 0)
        return -1;
    if (runs != 1)
        return fail(ret_error, "%s holds %" PRId64 " runs; a result database holds one", path,
                    runs);
    return 0;
}

int database_open(const char *path, bool partial, sqlite3 **ret_database,
                  struct database_error *ret_error)
{
    if (check_file(path, ret_error) != 0)
        return -1;
    sqlite3 *database = NULL;
    char *uri = uri_of(path);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(uri, &database, flags, NULL);
    free(uri);
    int64_t running = 0;
    if (code != SQLITE_OK) {
        fail(ret_error, "%s: %s", path, sqlite3_errmsg(database));
        goto close;
    }
    if (database_interrupted(database)) {
        sqlite3_close(database);
        database = NULL;
        if (!partial)
            return fail(ret_error,
                        "%s is not whole: its writer was stopped in the middle; "
                        "--partial reads what had been written",
                        path);
        if (database_recover(path, &database, ret_error) != 0)
            return -1;
    }
    if (check_layout(database, path, ret_error) != 0)
        goto close;
    if (integer_of(database, path, "SELECT status = 'running' FROM run", &running, ret_error) != 0)
        goto close;
    if (running != 0 && !partial) {
        fail(ret_error, "%s is not whole: its run has not ended; --partial reads it all the same",
             path);
        goto close;
    }
    *ret_database = database;
    return 0;
close:
    sqlite3_close(database);
    return -1;
}

int database_each(sqlite3 *database, const char *path, const char *sql,
                  void (*row)(void *self, sqlite3_stmt *statement), void *self,
                  struct database_error *ret_error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(ret_error, "%s: %s", path, sqlite3_errmsg(database));
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement))
        row(self, statement);
    if (code != SQLITE_DONE)
        fail(ret_error, "%s cannot be read: %s", path, sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? 0 : -1;
}

char *database_copy_text(sqlite3_stmt *statement, int index)
{
    return must_copy((const char *)sqlite3_column_text(statement, index));
}
