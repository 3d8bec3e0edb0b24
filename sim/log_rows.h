#ifndef SIM_LOG_ROWS_H
#define SIM_LOG_ROWS_H

/* The rows that go through the log's ring: one record of 96 bytes for every table, described by one
 * constant table of INSERT statements. Private to the log (log*.c).
 *
 * A column is an integer as it is, a double by its bits, or a pointer to text. Constant text lives
 * until log_close; owned text is a heap copy that log_row_insert frees, or log_row_drop does. NULL
 * is a bit of `nulls`, not a value, so all 2^64 integers can be written. */

#include <sqlite3.h>
#include <stdint.h>

enum { LOG_COLUMNS_MAX = 11, LOG_EVENT_COLUMNS = 10 };

enum log_row {
    LOG_ROW_EVENT,
    LOG_ROW_MESSAGE,
    LOG_ROW_TX,
    LOG_ROW_TX_PHASE,
    LOG_ROW_KIND,
    LOG_ROW_ENTITY,
    LOG_ROW_CODE,
    LOG_ROW_PARAM,
    LOG_ROW_FAULT,
    LOG_ROW_VIOLATION,
    LOG_ROW_SAMPLE,
    LOG_ROW_METRIC,
    LOG_ROW_COUNT
};

struct log_record {
    uint32_t row;   /* enum log_row */
    uint32_t nulls; /* bit i: column i is NULL */
    int64_t column[LOG_COLUMNS_MAX];
};

/* Statements of one connection; none for events (log_pages.h). Bindings outlast a step, so only
 * columns that differ from the row before are bound again: a third of the cost of a row of integers
 * is binding. */
struct log_statements {
    sqlite3_stmt *insert[LOG_ROW_COUNT];
    struct log_record last[LOG_ROW_COUNT];
    uint32_t unbound[LOG_ROW_COUNT]; /* bit i: column i has never been bound */
};

/* log_row_prepare prepares all statements. SQLITE_OK or SQLite's code; log_row_finalize frees them
 * in both cases. */
int log_row_prepare(struct log_statements *statements, sqlite3 *database);
void log_row_finalize(struct log_statements *statements);

/* log_row_insert writes one row and frees its owned texts. SQLITE_OK or SQLite's code. */
int log_row_insert(struct log_statements *statements, const struct log_record *record);

/* log_row_drop frees the owned texts of a row that will not be written. */
void log_row_drop(const struct log_record *record);

#endif
