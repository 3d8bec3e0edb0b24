#ifndef TESTS_SUPPORT_DATABASE_H
#define TESTS_SUPPORT_DATABASE_H

/* Result databases made by hand, so that analysis/ is tested against the layout and not against the
 * engine. Files lie in a folder of their own below /tmp and are removed by the caller's test run.
 */

#include <stdint.h>

#include <sqlite3.h>

struct support_run {
    const char *run_key, *config_hash, *result_hash, *experiment, *status;
    int64_t replication, sim_end_ns, warmup_ns;
    const char *messaging_path; /* the parameter /messaging/path; NULL = none */
};

/* support_folder makes a new folder and writes its path; support_remove deletes it with all in it.
 */
void support_folder(char ret_path[64]);
void support_remove(const char *folder);

/* support_database makes the file folder/name with all tables, views and codes and one run. The
 * caller adds rows with support_sql and closes with support_close, which makes the indices. */
sqlite3 *support_database(const char *folder, const char *name, const struct support_run *run);
__attribute__((format(printf, 2, 3))) void support_sql(sqlite3 *database, const char *format, ...);
void support_close(sqlite3 *database);

/* support_one opens folder/k.db with one run "e" that ended well. */
sqlite3 *support_one(const char *folder, int64_t sim_end_ns);

/* support_replication opens folder/name with one of several runs of `config`: 10 s, of them 2 s of
 * warm-up. */
sqlite3 *support_replication(const char *folder, const char *name, const char *config,
                             int replication);

/* support_sample adds a sample of shard:0. */
void support_sample(sqlite3 *database, const char *name, int64_t t_ms, int64_t value);

/* support_message adds a delivered message; times in ms; path 1 slow, 2 instant, 3 local. */
void support_message(sqlite3 *database, int64_t id, int64_t created_ms, int64_t delivered_ms,
                     int path, int hops);

/* support_three makes slow.db, instant.db and both.db: 100 s with 10 s of warm-up, 90 transactions
 * each, messages whose k-th latency is known, queue samples of two chains every second. */
void support_three(const char *folder);

/* support_printed runs a command as main does and returns what it wrote to stdout and stderr, to be
 * freed. arguments end with NULL; the first is the command's name. */
char *support_printed(const char *folder, int (*command)(int argc, char **argv),
                      const char *const *arguments, int *ret_code);

/* support_read returns the whole file, to be freed; asserts that it exists. */
char *support_read(const char *folder, const char *name, long *ret_bytes);

#endif
