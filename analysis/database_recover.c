#include "analysis/database_recover.h"

#include "analysis/must.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const endings[] = {"", "-journal", "-wal"};
enum { ENDINGS = sizeof endings / sizeof endings[0] };

/* A first read takes an unfinished transaction back, where that is allowed. */
static int read_something(sqlite3 *database)
{
    return sqlite3_exec(database, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
}

bool database_interrupted(sqlite3 *database)
{
    if (read_something(database) == SQLITE_OK)
        return false;
    int code = sqlite3_extended_errcode(database);
    return code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY ||
           code == SQLITE_READONLY_CANTINIT;
}

/* A file that does not exist is copied by leaving it out; false when it cannot be copied. */
static bool copy_file(const char *from, const char *to)
{
    FILE *source = fopen(from, "rb");
    if (source == NULL)
        return errno == ENOENT;
    FILE *target = fopen(to, "wb");
    bool good = target != NULL;
    char *block = must_alloc(1 << 16);
    while (good) {
        size_t bytes = fread(block, 1, 1 << 16, source);
        if (bytes == 0)
            break;
        good = fwrite(block, 1, bytes, target) == bytes;
    }
    good = good && ferror(source) == 0;
    free(block);
    fclose(source);
    return target != NULL && fclose(target) == 0 && good;
}

int database_recover(const char *path, sqlite3 **ret_database, struct database_error *ret_error)
{
    const char *place = getenv("TMPDIR");
    char *folder = must_print("%s/shardsim_XXXXXX", place != NULL ? place : "/tmp");
    sqlite3 *database = NULL;
    bool good = mkdtemp(folder) != NULL;
    char *copy = must_print("%s/copy.db", folder);
    for (size_t i = 0; i < ENDINGS && good; i++) {
        char *from = must_print("%s%s", path, endings[i]),
             *to = must_print("%s%s", copy, endings[i]);
        good = copy_file(from, to);
        free(from);
        free(to);
    }
    if (!good)
        snprintf(ret_error->text, sizeof ret_error->text,
                 "%s: the copy that is needed to read it cannot be made: %s", path,
                 strerror(errno));
    if (good &&
        (sqlite3_open(copy, &database) != SQLITE_OK || read_something(database) != SQLITE_OK)) {
        snprintf(ret_error->text, sizeof ret_error->text, "%s: %s", path, sqlite3_errmsg(database));
        sqlite3_close(database);
        good = false;
    }
    for (size_t i = 0; i < ENDINGS; i++) { /* the open copy lives on without its name */
        char *name = must_print("%s%s", copy, endings[i]);
        unlink(name);
        free(name);
    }
    rmdir(folder);
    free(copy);
    free(folder);
    if (good)
        *ret_database = database;
    return good ? 0 : -1;
}
