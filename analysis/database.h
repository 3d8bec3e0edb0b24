#ifndef ANALYSIS_DATABASE_H
#define ANALYSIS_DATABASE_H

/* Opening a result database for reading. The file is checked before anything is believed: that it
 * is a whole SQLite file, of this program, of layout 1, with its tables, and that its run has
 * ended. Nothing is ever written; in a folder that cannot be written the file is opened as
 * immutable, since SQLite would otherwise want a journal beside it.
 *
 * Errors are complete sentences that name the file. */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum { DATABASE_ERROR_BYTES = 512 };
struct database_error {
    char text[DATABASE_ERROR_BYTES];
};

/* database_open checks and opens `path`. With `partial`, a run that has not ended is accepted.
 * Returns 0 and the connection, which the caller closes, or -1 with the reason in ret_error. */
int database_open(const char *path, bool partial, sqlite3 **ret_database,
                  struct database_error *ret_error);

/* database_each runs `sql` and calls `row` for each row. Returns 0, or -1 with the reason (a
 * corrupt page, a missing column) in ret_error; rows may have been seen by then. */
int database_each(sqlite3 *database, const char *path, const char *sql,
                  void (*row)(void *self, sqlite3_stmt *statement), void *self,
                  struct database_error *ret_error);

/* database_copy_text returns column `index` as a text the caller frees, or NULL for NULL. */
char *database_copy_text(sqlite3_stmt *statement, int index);

#endif
