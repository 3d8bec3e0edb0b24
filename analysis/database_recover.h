#ifndef ANALYSIS_DATABASE_RECOVER_H
#define ANALYSIS_DATABASE_RECOVER_H

/* A database whose writer was killed in the middle of a transaction: what the transaction had begun
 * must be taken back before anything can be read, and that is a write. It is done on a copy,
 * because a report never changes the file it reads. Cost: time and room for the copy, in $TMPDIR or
 * /tmp. */

#include "analysis/database.h"

#include <stdbool.h>

/* database_interrupted says whether reading fails for that reason. */
bool database_interrupted(sqlite3 *database);

/* database_recover copies `path` and its journal, and opens the copy, which is gone once it is
 * closed. Returns 0, or -1 with the reason in ret_error. */
int database_recover(const char *path, sqlite3 **ret_database, struct database_error *ret_error);

#endif
