#include "tests/support_database.h"

#include "sim/log_schema.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void support_folder(char ret_path[64])
{
    strcpy(ret_path, "/tmp/shardsim_test_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ret_path));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

void support_remove(const char *folder)
{
    ck_assert_int_eq(strncmp(folder, "/tmp/shardsim_test_", 19), 0);
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void support_sql(sqlite3 *database, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *sql = NULL;
    ck_assert_int_ge(vasprintf(&sql, format, list), 0);
    va_end(list);
    char *message = NULL;
    int code = sqlite3_exec(database, sql, NULL, NULL, &message);
    ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, message != NULL ? message : "");
    free(sql);
}

static const char codes[] =
    "INSERT INTO code VALUES ('message.path', 1, 'slow'), ('message.path', 2, 'instant'),"
    " ('message.path', 3, 'local'), ('message.outcome', 1, 'delivered'),"
    " ('message.outcome', 2, 'in_flight'), ('message.outcome', 3, 'lost'),"
    " ('tx.outcome', 1, 'final'), ('tx.outcome', 2, 'committed'), ('tx.outcome', 3, 'aborted'),"
    " ('tx.outcome', 4, 'pending'), ('tx.outcome', 5, 'lost');"
    "INSERT INTO entity VALUES (48, 'chain', 'shard:0', NULL), (64, 'chain', 'shard:1', NULL);";

sqlite3 *support_database(const char *folder, const char *name, const struct support_run *run)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    support_sql(database, "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
                LOG_APPLICATION_ID, LOG_USER_VERSION);
    support_sql(database, "%s", LOG_SCHEMA_TABLES);
    support_sql(database, "%s", LOG_SCHEMA_VIEWS);
    support_sql(database, "%s", codes);
    support_sql(database,
                "INSERT INTO run (run_id, run_key, config_hash, result_hash, experiment,"
                " replication, seed, status, sim_end_ns, warmup_ns, n_events, program_version)"
                " VALUES (1, '%s', '%s', '%s', '%s', %" PRId64 ", 1, '%s', %" PRId64 ", %" PRId64
                ", 1234, '0.1.0')",
                run->run_key, run->config_hash, run->result_hash, run->experiment, run->replication,
                run->status, run->sim_end_ns, run->warmup_ns);
    support_sql(database, "INSERT INTO param VALUES (1, '/duration', '100s', 100e9, 'ns', 0, 'f'),"
                          " (1, '/seed', NULL, 1, NULL, 0, 'f')");
    if (run->messaging_path != NULL)
        support_sql(database,
                    "INSERT INTO param VALUES (1, '/messaging/path', '%s', NULL, NULL, 0, 'f')",
                    run->messaging_path);
    return database;
}

void support_close(sqlite3 *database)
{
    support_sql(database, "COMMIT");
    support_sql(database, "%s", LOG_SCHEMA_INDICES);
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
}

sqlite3 *support_one(const char *folder, int64_t sim_end_ns)
{
    const struct support_run run = {.run_key = "k",
                                    .config_hash = "c",
                                    .result_hash = "r",
                                    .experiment = "e",
                                    .status = "ok",
                                    .sim_end_ns = sim_end_ns};
    return support_database(folder, "k.db", &run);
}

sqlite3 *support_replication(const char *folder, const char *name, const char *config,
                             int replication)
{
    const struct support_run run = {.run_key = name,
                                    .config_hash = config,
                                    .result_hash = name,
                                    .experiment = config,
                                    .status = "ok",
                                    .replication = replication,
                                    .sim_end_ns = INT64_C(10000000000),
                                    .warmup_ns = INT64_C(2000000000)};
    return support_database(folder, name, &run);
}

void support_sample(sqlite3 *database, const char *name, int64_t t_ms, int64_t value)
{
    support_sql(database, "INSERT INTO sample VALUES ('%s', 48, %" PRId64 ", %" PRId64 ")", name,
                t_ms * INT64_C(1000000), value);
}

void support_message(sqlite3 *database, int64_t id, int64_t created_ms, int64_t delivered_ms,
                     int path, int hops)
{
    support_sql(database,
                "INSERT INTO message VALUES (%" PRId64 ", 3, %d, %" PRId64 ", NULL, %" PRId64
                ", %d, %d, 512, 100, 1)",
                id, path == 3 ? 3 : 4, created_ms * 1000000, delivered_ms * 1000000, path, hops);
}

/* One run: 200 messages from 10 s on, 0.4 s apart; the k-th takes base + k ms. Every fourth is
 * local and takes a tenth. With `both`, every other cross-shard one comes by the slow path. */
static void make_run(const char *folder, const char *path, int64_t base_ms, bool grows)
{
    char name[32], key[32];
    snprintf(name, sizeof name, "%s.db", path);
    snprintf(key, sizeof key, "%016x", (unsigned)path[0]);
    const struct support_run run = {.run_key = key,
                                    .config_hash = path,
                                    .result_hash = "0123456789abcdef0123456789abcdef",
                                    .experiment = path,
                                    .status = "ok",
                                    .sim_end_ns = 100000000000,
                                    .warmup_ns = 10000000000,
                                    .messaging_path = path};
    bool both = strcmp(path, "both") == 0, slow = strcmp(path, "slow") == 0;
    sqlite3 *database = support_database(folder, name, &run);
    support_message(database, 1, 5000, 6000, 1, 4); /* during the warm-up: not counted */
    for (int k = 1; k <= 200; k++) {
        int64_t created = 10000 + 400 * k;
        bool local = k % 4 == 0, by_slow = slow || (both && k % 8 == 1);
        int64_t latency = local ? (base_ms + k) / 10 : base_ms + k;
        support_message(database, 1 + k, created, created + latency,
                        local     ? 3
                        : by_slow ? 1
                                  : 2,
                        local ? 0 : 1 + k % 3);
    }
    support_sql(database, "INSERT INTO message VALUES (999, 3, 4, 99000000000, NULL, NULL, 1, 1,"
                          " 512, NULL, 2)");
    for (int k = 0; k < 90; k++)
        support_sql(database,
                    "INSERT INTO tx VALUES (%d, NULL, 3, %d, %" PRId64 ", NULL, NULL, %" PRId64
                    ", 1, NULL)",
                    k, 1 + k % 2, (int64_t)(10 + k) * 1000000000,
                    (int64_t)(10 + k) * 1000000000 + base_ms * 500000);
    for (int t = 0; t <= 100; t++)
        for (int chain = 0; chain < 2; chain++)
            support_sql(database, "INSERT INTO sample VALUES ('queue', %d, %" PRId64 ", %d)",
                        48 + 16 * chain, (int64_t)t * 1000000000,
                        grows && chain == 1 ? 2 * t : 3 + (t * 7 + chain) % 5);
    support_sql(database,
                "INSERT INTO metric VALUES ('packets', -1, %d, 'packets', 1),"
                " ('packet_bytes', -1, %d, 'bytes', 1),"
                " ('packets/messaging.forward', -1, %d, 'packets', 1),"
                " ('duplicates_discarded', -1, %d, 'messages', 1)",
                slow   ? 400
                : both ? 700
                       : 350,
                slow   ? 402000
                : both ? 804000
                       : 301500,
                slow ? 300 : 250, both ? 130 : 0);
    support_close(database);
}

void support_three(const char *folder)
{
    make_run(folder, "slow", 1000, false);
    make_run(folder, "instant", 400, false);
    make_run(folder, "both", 380, true);
}

char *support_read(const char *folder, const char *name, long *ret_bytes)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long bytes = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)bytes + 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)bytes, file), (size_t)bytes);
    fclose(file);
    if (ret_bytes != NULL)
        *ret_bytes = bytes;
    return text;
}

char *support_printed(const char *folder, int (*command)(int argc, char **argv),
                      const char *const *arguments, int *ret_code)
{
    enum { ARGUMENTS_MAX = 15 };
    static const int streams[] = {STDOUT_FILENO, STDERR_FILENO};
    char output[128], *argv[ARGUMENTS_MAX + 1] = {NULL};
    int argc = 0, kept[2];
    for (; arguments[argc] != NULL; argc++) {
        ck_assert_int_lt(argc, ARGUMENTS_MAX);
        argv[argc] = strdup(arguments[argc]);
    }
    snprintf(output, sizeof output, "%s/output", folder);
    int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    ck_assert_int_ge(file, 0);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        kept[i] = dup(streams[i]);
        ck_assert_int_ge(dup2(file, streams[i]), 0);
    }
    *ret_code = command(argc, argv);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ge(dup2(kept[i], streams[i]), 0);
        close(kept[i]);
    }
    close(file);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return support_read(folder, "output", NULL);
}
