#ifndef SIM_LOG_H
#define SIM_LOG_H

/* The result database, layout 1. Fixed-size records go through a ring to a writer thread, which
 * builds the pages of the event table itself (log_pages.h) and feeds SQLite with all other rows; it
 * commits every 100 000 rows or 250 ms. The file is PATH.partial until log_close renames it,
 * so a file called *.db is always whole; a killed run leaves a .partial that sqlite3 opens, that
 * passes integrity_check, whose run.status is `running`. No index while running; at the end on
 * message and tx, then ANALYZE.
 *
 * Integers are written as they are: SQLite has 64-bit signed ones only, so an unsigned value above
 * INT64_MAX (a subject, say) is stored as its two's complement. Rows of `event` are numbered from
 * 1 by the caller; the numbers are those before any filter, so a filtered log has gaps.
 *
 * Cost of a row: some 20 ns for the calling thread; for the writer some 100 ns in `event`, 700 ns
 * in another table. When the writer falls behind, the caller sleeps.
 *
 * Legal order: log_open, log_text_* (dictionaries), log_* rows from one thread, log_close. All
 * functions but log_open take NULL for "no database" and then do nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ALL, LOG_PROTOCOL, LOG_TX, LOG_NONE };
/* PROTOCOL drops packets; TX keeps milestones only. */
enum log_weight { LOG_PACKET, LOG_STEP, LOG_MILESTONE };
#define LOG_NULL INT64_MIN /* this value in a row is written as NULL */

struct log;

struct log_run { /* the row of `run` as known at the start; texts are copied */
    uint64_t run_key, config_hash, replication, seed, warmup_ns;
    const char *experiment, *measurement, *program_version, *model_version, *git_rev, *compiler,
        *libraries, *host, *argv, *scenario_json, *started_utc;
};

struct log_end {
    const char *status; /* ok, limit, interrupted, violation, failed */
    uint64_t sim_end_ns, n_events;
    uint64_t result_hash[2]; /* written as 32 hex digits, high word first */
    double wall_s, cpu_s;
    uint64_t max_rss_kib;
};

/* log_open creates PATH.partial (and the folders above it). With force an existing PATH is
 * replaced at the end, if it is a result database. Returns NULL with a complete sentence in
 * ret_error (`error_bytes`) when PATH exists without force, or is something else, or cannot
 * be written. A PATH.partial in the way is replaced when it is a killed run's leftover, refused
 * when another run is writing it (it is locked) or when it is no result database. */
struct log *log_open(const char *path, bool force, enum log_level level, const struct log_run *run,
                     char *ret_error, size_t error_bytes);

/* log_layer tells the log what layer a slot is; the rows of tx_phase name it. Once a slot. */
void log_layer(struct log *log, uint32_t slot, const char *layer);

/* Dictionaries. Texts are copied. May be called at any time; small tables. */
void log_kind(struct log *log, uint32_t kind_id, const char *name, const char *layer,
              const char *value_unit, const char *doc);
void log_entity(struct log *log, uint64_t entity_id, const char *type, const char *name,
                uint64_t parent /* 0 = NULL */);
void log_code(struct log *log, const char *table_column /* "message.path" */, int64_t code,
              const char *name);
void log_param(struct log *log, const char *path, const char *text, double number /* NAN = NULL */,
               const char *unit, bool swept, const char *origin);

struct log_event {
    /* seq counts from 1. NULL: 0 in entity, peer and cause, UINT64_MAX in subject */
    uint64_t seq, t_ns, entity, peer, subject, cause;
    int64_t bytes, value;    /* LOG_NULL = NULL */
    uint32_t kind_id, chain; /* chain: 0 = NULL */
    enum log_weight weight;
};

/* log_event queues one row of `event` if the level keeps it. Blocks while the ring is full. */
void log_event(struct log *log, const struct log_event *event);

/* Whole rows, columns in the order of the table; LOG_NULL = NULL. */
void log_message(struct log *log, const int64_t column[11]);
void log_tx(struct log *log, const int64_t column[10]); /* type and reason are codes */
/* The slot is one that log_layer named; phase is a string constant. */
void log_tx_phase(struct log *log, uint64_t tx_id, uint32_t slot, const char *phase, uint64_t ns);
void log_fault(struct log *log, uint32_t index, const char *type, const char *target,
               uint64_t from_ns, uint64_t to_ns /* UINT64_MAX = NULL */, const char *detail);
void log_violation(struct log *log, const char *property, uint64_t seq /* 0 = NULL */,
                   uint64_t t_ns, const char *text);
void log_sample(struct log *log, const char *name /* constant */, int64_t entity /* -1 = all */,
                uint64_t t_ns, int64_t value);
void log_metric(struct log *log, const char *name, int64_t entity /* -1 = all */, double value,
                const char *unit, uint64_t n);

/* log_failed is true once the writer could not write (disk full...); cheap, for the run loop. */
bool log_failed(const struct log *log);

/* log_close writes the end of the run, indices, ANALYZE, and renames. Returns 0, or -1 with the
 * reason in ret_error; then no *.db exists that looks whole and the .partial stays. `end` NULL
 * gives the run up before it began: nothing stays. Frees the log in every case. */
int log_close(struct log *log, const struct log_end *end, char *ret_error, size_t error_bytes,
              uint64_t *ret_file_bytes);

#endif
