#include "sim/log_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/log_schema.h"
#include "sim/sim_assert.h"
#include "sim/wall_clock.h"

enum {
    COMMIT_ROWS = 100000,
    COMMIT_MS = 250,
    WAIT_MS = 50,         /* an idle writer looks at the clock this often */
    RELEASE_RECORDS = 256 /* the ring gets slots back in portions of this */
};

#define LITERAL(number) LITERAL_TEXT(number)
#define LITERAL_TEXT(number) #number

#define PAGE_BYTES 16384

static const char first_settings[] = "PRAGMA page_size = " LITERAL(
    PAGE_BYTES) ";"
                "PRAGMA application_id = " LITERAL(
                    LOG_APPLICATION_ID) ";"
                                        "PRAGMA user_version = " LITERAL(LOG_USER_VERSION) ";";

/* The rollback journal keeps a killed run whole without writing each row twice as WAL does; and
 * log_pages.h needs it, as it needs the normal locking mode. synchronous = OFF: a killed process
 * leaves the kernel's cache as it was, and the end of the run syncs before the rename; only a power
 * cut can spoil a .partial. Somebody may read it while it grows; a commit waits a minute for him.
 */
static const char run_settings[] =
    "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;"
    "PRAGMA busy_timeout = 60000; PRAGMA trusted_schema = OFF;";

/* Keeps the first reason. */
static void fail_database(struct log_writer *writer, sqlite3 *database, int code)
{
    int primary = code & 0xff, error = 0;

    if (atomic_load(&writer->failed))
        return;
    if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
        error = sqlite3_system_errno(database);
    const char *reason = database != NULL ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    const char *what_to_do = "this is a fault of shardsim, please report it";
    if (primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ||
        primary == SQLITE_READONLY)
        what_to_do = "free space or write elsewhere with -o FILE";
    else if (primary == SQLITE_BUSY)
        what_to_do = "close the program that keeps reading it";
    else if (primary == SQLITE_NOMEM)
        what_to_do = "free memory";
    snprintf(writer->error, sizeof writer->error,
             "cannot write %s: %s%s%s%s; %s (it keeps the rows up to the last commit)",
             writer->file.partial, reason, error != 0 ? " (" : "",
             error != 0 ? strerror(error) : "", error != 0 ? ")" : "", what_to_do);
    atomic_store(&writer->failed, true);
}

static void fail_system(struct log_writer *writer, int error)
{
    if (atomic_load(&writer->failed))
        return;
    snprintf(writer->error, sizeof writer->error,
             "cannot write %s: %s; free %s or write elsewhere with -o FILE (it keeps the rows up "
             "to the last commit)",
             writer->file.partial, strerror(error), error == ENOMEM ? "memory" : "space");
    atomic_store(&writer->failed, true);
}

/* Runs statements; false after a failure. */
static bool execute(struct log_writer *writer, const char *sql)
{
    int code = sqlite3_exec(writer->database, sql, NULL, NULL, NULL);

    if (code == SQLITE_OK)
        return true;
    fail_database(writer, writer->database, code);
    return false;
}

static const char *hexadecimal(char text[33], uint64_t high, uint64_t low, bool both)
{
    if (both)
        snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, high, low);
    else
        snprintf(text, 33, "%016" PRIx64, low);
    return text;
}

/* The row of `run` as known at the start. */
static int insert_run(sqlite3 *database, const struct log_run *run)
{
    static const char sql[] =
        "INSERT INTO run (run_id, status, run_key, config_hash, replication, seed, warmup_ns,"
        " experiment, measurement, program_version, model_version, git_rev, compiler, libraries,"
        " host, argv, scenario_json, started_utc)"
        " VALUES (1, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const char *texts[] = {run->experiment,    run->measurement, run->program_version,
                           run->model_version, run->git_rev,     run->compiler,
                           run->libraries,     run->host,        run->argv,
                           run->scenario_json, run->started_utc};
    sqlite3_stmt *statement;
    char text[33];

    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_text(statement, 1, hexadecimal(text, 0, run->run_key, false), -1,
                      SQLITE_TRANSIENT);
    sqlite3_bind_text(statement, 2, hexadecimal(text, 0, run->config_hash, false), -1,
                      SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)run->replication);
    sqlite3_bind_int64(statement, 4, (sqlite3_int64)run->seed);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)run->warmup_ns);
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++)
        sqlite3_bind_text(statement, 6 + i, texts[i], -1, SQLITE_STATIC);
    sqlite3_step(statement);
    return sqlite3_finalize(statement);
}

/* Makes the first image in memory, so that the file can appear whole. NULL and *ret_code, or the
 * image, to be freed with sqlite3_free. */
static unsigned char *make_image(struct log_writer *writer, sqlite3_int64 *ret_bytes)
{
    sqlite3 *memory = NULL;
    unsigned char *image = NULL;

    int code =
        sqlite3_open_v2(":memory:", &memory,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(memory, first_settings, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(memory, LOG_SCHEMA_TABLES LOG_SCHEMA_VIEWS, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = insert_run(memory, writer->run);
    if (code == SQLITE_OK) {
        image = sqlite3_serialize(memory, "main", ret_bytes, 0);
        if (image == NULL)
            code = SQLITE_NOMEM;
    }
    if (code != SQLITE_OK)
        fail_database(writer, memory, code);
    sqlite3_close(memory);
    return image;
}

/* The event table is written as pages, by the file's own descriptor. */
static bool open_events(struct log_writer *writer)
{
    static const char sql[] = "SELECT rootpage FROM sqlite_schema WHERE name = 'event'";
    sqlite3_stmt *statement;
    uint32_t root = 0;

    int code = sqlite3_prepare_v2(writer->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        root = (uint32_t)sqlite3_column_int64(statement, 0);
    code = sqlite3_finalize(statement);
    if (code != SQLITE_OK) {
        fail_database(writer, writer->database, code);
        return false;
    }
    const char *journal = sqlite3_filename_journal(sqlite3_db_filename(writer->database, "main"));
    writer->events = log_pages_open(writer->file.fd, journal, PAGE_BYTES, root);
    if (writer->events == NULL)
        fail_system(writer, ENOMEM);
    return writer->events != NULL;
}

static bool writer_open(struct log_writer *writer)
{
    sqlite3_int64 image_bytes = 0;
    unsigned char *image = make_image(writer, &image_bytes);

    if (image == NULL)
        return false;
    int created = log_file_create(&writer->file, image, (size_t)image_bytes, writer->error,
                                  sizeof writer->error);
    sqlite3_free(image);
    if (created != 0) {
        atomic_store(&writer->failed, true);
        return false;
    }
    int code = sqlite3_open_v2(writer->file.partial, &writer->database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        fail_database(writer, writer->database, code);
        return false;
    }
    sqlite3_extended_result_codes(writer->database, 1);
    if (!execute(writer, run_settings))
        return false;
    code = log_row_prepare(&writer->statements, writer->database);
    if (code != SQLITE_OK)
        fail_database(writer, writer->database, code);
    return code == SQLITE_OK && open_events(writer);
}

/* The library's transaction first, then the events: their pages go where its pages end. */
static void commit(struct log_writer *writer)
{
    if (writer->pending_rows == 0 || atomic_load(&writer->failed))
        return;
    writer->pending_rows = 0;
    if (writer->in_transaction && !execute(writer, "COMMIT"))
        return;
    writer->in_transaction = false;
    if (!execute(writer, "BEGIN EXCLUSIVE"))
        return;
    if (log_pages_checkpoint(writer->events) != 0)
        fail_system(writer, errno);
    else
        execute(writer, "COMMIT");
}

static void insert(struct log_writer *writer, const struct log_record *record)
{
    if (atomic_load_explicit(&writer->failed, memory_order_relaxed)) {
        log_row_drop(record);
        return;
    }
    if (writer->pending_rows++ == 0)
        writer->pending_since_ns = wall_clock_ns();
    if (record->row == LOG_ROW_EVENT) {
        if (log_pages_append(writer->events, record->column, LOG_EVENT_COLUMNS, record->nulls) != 0)
            fail_system(writer, ENOMEM);
        return;
    }
    if (!writer->in_transaction) {
        if (!execute(writer, "BEGIN")) {
            log_row_drop(record);
            return;
        }
        writer->in_transaction = true;
    }
    int code = log_row_insert(&writer->statements, record);
    if (code != SQLITE_OK)
        fail_database(writer, writer->database, code);
}

/* Writes until the ring is closed and empty. Closed is asked before the look into the ring, so
 * nothing that was queued before the close is missed. */
static void write_rows(struct log_writer *writer)
{
    for (;;) {
        bool closed = log_ring_closed(&writer->ring);
        const struct log_record *first;
        size_t count = log_ring_peek(&writer->ring, &first);
        if (count > RELEASE_RECORDS)
            count = RELEASE_RECORDS;
        for (size_t i = 0; i < count; i++)
            insert(writer, &first[i]);
        if (count > 0)
            log_ring_release(&writer->ring, count);
        if (writer->pending_rows >= COMMIT_ROWS ||
            (writer->pending_rows > 0 &&
             wall_clock_ns() - writer->pending_since_ns >= (uint64_t)COMMIT_MS * 1000000))
            commit(writer);
        if (count == 0 && closed)
            break;
        if (count == 0)
            log_ring_wait(&writer->ring, WAIT_MS);
    }
    commit(writer);
}

/* The row of `run` at the end. */
static bool update_run(struct log_writer *writer)
{
    static const char sql[] =
        "UPDATE run SET status = ?, sim_end_ns = ?, n_events = ?, n_logged = ?, wall_s = ?,"
        " cpu_s = ?, max_rss_kib = ?, result_hash = ?,"
        " finished_utc = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE run_id = 1";
    const struct log_end *end = writer->end;
    sqlite3_stmt *statement;
    char text[33];

    int code = sqlite3_prepare_v2(writer->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, end->status, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)end->sim_end_ns);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)end->n_events);
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)writer->n_logged);
        sqlite3_bind_double(statement, 5, end->wall_s);
        sqlite3_bind_double(statement, 6, end->cpu_s);
        sqlite3_bind_int64(statement, 7, (sqlite3_int64)end->max_rss_kib);
        hexadecimal(text, end->result_hash[0], end->result_hash[1], true);
        sqlite3_bind_text(statement, 8, text, -1, SQLITE_STATIC);
        sqlite3_step(statement);
        code = sqlite3_finalize(statement);
    }
    if (code != SQLITE_OK)
        fail_database(writer, writer->database, code);
    return code == SQLITE_OK;
}

/* Indices and the bulk of the disk's work come before the row of `run` is completed, so that the
 * moment in which a .partial says it is complete is as short as it can be. */
static void finish_database(struct log_writer *writer)
{
    if (atomic_load(&writer->out_of_memory) && !atomic_load(&writer->failed)) {
        snprintf(writer->error, sizeof writer->error,
                 "cannot write %s: out of memory for its texts; free memory (it keeps the rows up "
                 "to the last commit)",
                 writer->file.partial);
        atomic_store(&writer->failed, true);
    }
    if (atomic_load(&writer->failed) || !execute(writer, "BEGIN; " LOG_SCHEMA_INDICES " COMMIT"))
        return;
    if (log_file_sync(&writer->file, writer->error, sizeof writer->error) != 0)
        atomic_store(&writer->failed, true);
    else if (update_run(writer))
        execute(writer, "PRAGMA journal_mode = DELETE"); /* no journal is left behind */
}

static void *writer_main(void *argument)
{
    struct log_writer *writer = argument;

    bool opened = writer_open(writer);
    sem_post(&writer->opened);
    if (opened) {
        write_rows(writer);
        if (writer->end != NULL)
            finish_database(writer);
    }
    log_pages_close(writer->events);
    log_row_finalize(&writer->statements);
    int code = sqlite3_close(writer->database); /* rolls back what a failure left open */
    if (code != SQLITE_OK)
        fail_database(writer, writer->database, code);
    if (opened && atomic_load(&writer->failed))
        log_file_tidy(&writer->file);
    if (!opened || atomic_load(&writer->failed))
        return NULL;
    if (writer->end == NULL)
        log_file_remove(&writer->file);
    else if (log_file_publish(&writer->file, writer->error, sizeof writer->error,
                              &writer->file_bytes) != 0)
        atomic_store(&writer->failed, true);
    return NULL;
}

int log_writer_start(struct log_writer *writer, const struct log_run *run)
{
    sigset_t every, before;

    if (log_ring_init(&writer->ring) != 0) {
        snprintf(writer->error, sizeof writer->error, "cannot write %s: out of memory",
                 writer->file.partial);
        return -1;
    }
    SIM_ASSERT(sem_init(&writer->opened, 0, 0) == 0);
    writer->run = run;
    sigfillset(&every);
    pthread_sigmask(SIG_BLOCK, &every, &before); /* the thread inherits the mask */
    int created = pthread_create(&writer->thread, NULL, writer_main, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (created != 0) {
        snprintf(writer->error, sizeof writer->error, "cannot write %s: no thread for it: %s",
                 writer->file.partial, strerror(created));
    } else {
        while (sem_wait(&writer->opened) != 0) /* an interrupt is no answer */
            ;
        if (!atomic_load(&writer->failed))
            return 0;
        pthread_join(writer->thread, NULL);
        if (writer->file.fd >= 0)
            log_file_remove(&writer->file);
    }
    sem_destroy(&writer->opened);
    log_ring_destroy(&writer->ring);
    return -1;
}

int log_writer_stop(struct log_writer *writer, const struct log_end *end, uint64_t n_logged)
{
    writer->end = end;
    writer->n_logged = n_logged;
    log_ring_close(&writer->ring);
    pthread_join(writer->thread, NULL);
    sem_destroy(&writer->opened);
    log_ring_destroy(&writer->ring);
    return atomic_load(&writer->failed) ? -1 : 0;
}
