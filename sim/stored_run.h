#ifndef SIM_STORED_RUN_H
#define SIM_STORED_RUN_H

/* What a result database says of its run, read back by the commands that run it again. The file is
 * checked before anything is believed: that it is a whole SQLite file, of this program, of this
 * layout, and holds one run. Nothing is written. */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stored_run {
    char *scenario_json, *argv; /* owned */
    char run_key[32], config_hash[32], result_hash[40], status[32];
    char program_version[64], git_rev[64], model_version[1024];
    uint64_t seed, replication, events, logged;
};

/* stored_run_is_database looks at the first bytes of a file alone; false for what cannot be read,
 * and for pipes. */
bool stored_run_is_database(const char *path);

/* stored_run_open opens a result database for reading. Returns 0 and the connection, to be closed
 * by sqlite3_close, or -1 with a sentence that names the file in ret_error. */
int stored_run_open(const char *path, sqlite3 **ret_database, char *ret_error, size_t error_bytes);

/* stored_run_read opens, reads and closes. Returns 0, stored_run_free being due, or -1 with a
 * sentence that names the file. A run that has not ended has an empty result_hash. */
int stored_run_read(const char *path, struct stored_run *ret_stored, char *ret_error,
                    size_t error_bytes);

void stored_run_free(struct stored_run *stored);

#endif
