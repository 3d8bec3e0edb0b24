/* How many events a second the log takes, from the first row to the renamed file, beside a plain
 * prepared INSERT of the same rows into the same table: one transaction, no journal, 64 KiB pages,
 * the fastest the library can be asked to be, and not safe against a kill as the log is. Both end
 * with an fsync. Rounds alternate; medians are printed. `--json`: one object a line; ratio > 1
 * means that the log is better. An argument is the number of rows (1000000). */

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/log.h"
#include "sim/log_schema.h"

enum { ROUNDS = 5, RING_ROWS = 8000 };

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench_log: %s\n", what);
    exit(1);
}

/* A packet's life in a run with 64 nodes: what an event row usually looks like. */
static struct log_event event_numbered(uint64_t seq)
{
    uint64_t random = seq * UINT64_C(0x9e3779b97f4a7c15);

    return (struct log_event){.seq = seq,
                              .t_ns = seq * 733,
                              .kind_id = (uint32_t)(random >> 60) << 8 | 1,
                              .entity = (random >> 54) % 64 << 4 | 1,
                              .peer = seq % 3 == 0 ? 0 : (random >> 48) % 64 << 4 | 1,
                              .chain = (uint32_t)(random >> 42) % 64 + 64,
                              .subject = UINT64_C(64) << 32 | seq / 8,
                              .cause = seq < 40 ? 0 : seq - (random >> 36) % 40,
                              .bytes = seq % 3 == 0 ? LOG_NULL : (int64_t)(random >> 30) % 1500,
                              .value = LOG_NULL,
                              .weight = LOG_PACKET};
}

static struct log *open_log(const char *path)
{
    char error[512];
    struct log_run run = {.experiment = "bench"};
    struct log *log = log_open(path, true, LOG_ALL, &run, error, sizeof error);

    must(log != NULL, error);
    return log;
}

static void close_log(struct log *log)
{
    char error[512] = "";
    struct log_end end = {.status = "ok"};

    must(log_close(log, &end, error, sizeof error, NULL) == 0, error);
}

static double log_rate(const char *path, uint64_t rows)
{
    struct log *log = open_log(path);
    double begun_s = now_s();

    for (uint64_t seq = 1; seq <= rows; seq++) {
        struct log_event event = event_numbered(seq);
        log_event(log, &event);
    }
    close_log(log);
    return (double)rows / (now_s() - begun_s);
}

/* What a row costs the simulating thread while the ring has room. */
static double producer_ns(const char *path)
{
    struct log *log = open_log(path);
    double begun_s = now_s();

    for (uint64_t seq = 1; seq <= RING_ROWS; seq++) {
        struct log_event event = event_numbered(seq);
        log_event(log, &event);
    }
    double ns = (now_s() - begun_s) * 1e9 / RING_ROWS;
    close_log(log);
    return ns;
}

static void bind(sqlite3_stmt *insert, int parameter, int64_t value, int64_t null)
{
    if (value == null)
        sqlite3_bind_null(insert, parameter);
    else
        sqlite3_bind_int64(insert, parameter, value);
}

static double plain_rate(const char *path, uint64_t rows)
{
    sqlite3 *database;
    sqlite3_stmt *insert;

    unlink(path);
    must(sqlite3_open(path, &database) == SQLITE_OK, "cannot open");
    must(sqlite3_exec(database,
                      "PRAGMA page_size = 65536; PRAGMA journal_mode = OFF;"
                      "PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;" LOG_SCHEMA_TABLES
                      "BEGIN",
                      NULL, NULL, NULL) == SQLITE_OK,
         "cannot begin");
    must(sqlite3_prepare_v2(database, "INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?)", -1, &insert,
                            NULL) == SQLITE_OK,
         "cannot prepare");
    double begun_s = now_s();
    for (uint64_t seq = 1; seq <= rows; seq++) {
        struct log_event event = event_numbered(seq);
        sqlite3_bind_int64(insert, 1, (int64_t)event.seq);
        sqlite3_bind_int64(insert, 2, (int64_t)event.t_ns);
        sqlite3_bind_int64(insert, 3, event.kind_id);
        bind(insert, 4, (int64_t)event.entity, 0);
        bind(insert, 5, (int64_t)event.peer, 0);
        bind(insert, 6, event.chain, 0);
        sqlite3_bind_int64(insert, 7, (int64_t)event.subject);
        bind(insert, 8, (int64_t)event.cause, 0);
        bind(insert, 9, event.bytes, LOG_NULL);
        bind(insert, 10, event.value, LOG_NULL);
        must(sqlite3_step(insert) == SQLITE_DONE, "cannot insert");
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    must(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "cannot commit");
    must(sqlite3_close(database) == SQLITE_OK, "cannot close");
    int fd = open(path, O_RDWR);
    must(fd >= 0 && fsync(fd) == 0, "cannot sync");
    close(fd);
    return (double)rows / (now_s() - begun_s);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], compare);
    return values[ROUNDS / 2];
}

static void print_row(bool json, const char *name, double value, const char *unit, double against,
                      double ratio)
{
    if (json)
        printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"against\": \"plain "
               "INSERT\", \"against_value\": %.4g, \"ratio\": %.3f}\n",
               name, value, unit, against, ratio);
    else
        printf("%-24s %12.4g %-9s plain INSERT %12.4g   ratio %.2f\n", name, value, unit, against,
               ratio);
}

int main(int argc, char **argv)
{
    bool json = false;
    uint64_t rows = 1000000;
    char folder[] = "/tmp/bench_log_XXXXXX", log_path[64], plain_path[64];
    double log_rates[ROUNDS], plain_rates[ROUNDS], producer[ROUNDS];

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else
            rows = strtoull(argv[i], NULL, 10);
    }
    must(rows > 0, "the argument is a number of rows");
    must(mkdtemp(folder) != NULL, "cannot make a folder");
    snprintf(log_path, sizeof log_path, "%s/log.db", folder);
    snprintf(plain_path, sizeof plain_path, "%s/plain.db", folder);
    for (int round = 0; round < ROUNDS; round++) {
        plain_rates[round] = plain_rate(plain_path, rows);
        log_rates[round] = log_rate(log_path, rows);
        producer[round] = producer_ns(log_path);
    }
    unlink(log_path);
    unlink(plain_path);
    rmdir(folder);
    double plain = median(plain_rates), log = median(log_rates), ns = median(producer);
    print_row(json, "log, all events", log, "rows/s", plain, log / plain);
    print_row(json, "log, calling thread", ns, "ns/row", 1e9 / plain, 1e9 / plain / ns);
    return 0;
}
