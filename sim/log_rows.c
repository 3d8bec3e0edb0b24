#include "sim/log_rows.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"

/* What each column of a record holds, in the order of the statement's parameters:
 * i integer, r real, c constant text, t owned text. */
static const struct {
    const char *columns, *sql;
} row_types[LOG_ROW_COUNT] = {
    [LOG_ROW_EVENT] = {"iiiiiiiiii", NULL}, /* log_pages.h writes these */
    [LOG_ROW_MESSAGE] = {"iiiiiiiiiii", "INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?)"},
    [LOG_ROW_TX] = {"iiiiiiiiii", "INSERT INTO tx VALUES (?,?,?,?,?,?,?,?,?,?)"},
    [LOG_ROW_TX_PHASE] = {"icci", "INSERT INTO tx_phase VALUES (?,?,?,?)"},
    [LOG_ROW_KIND] = {"itttt", "INSERT INTO kind VALUES (?,?,?,?,?)"},
    [LOG_ROW_ENTITY] = {"itti", "INSERT INTO entity VALUES (?,?,?,?)"},
    [LOG_ROW_CODE] = {"tit", "INSERT INTO code VALUES (?,?,?)"},
    [LOG_ROW_PARAM] = {"ttrtit", "INSERT INTO param VALUES (1,?,?,?,?,?,?)"},
    [LOG_ROW_FAULT] = {"ittiit", "INSERT INTO fault VALUES (?,?,?,?,?,?)"},
    [LOG_ROW_VIOLATION] = {"tiit", "INSERT INTO violation VALUES (?,?,?,?)"},
    [LOG_ROW_SAMPLE] = {"ciii", "INSERT INTO sample VALUES (?,?,?,?)"},
    [LOG_ROW_METRIC] = {"tirti", "INSERT INTO metric VALUES (?,?,?,?,?)"},
};

int log_row_prepare(struct log_statements *statements, sqlite3 *database)
{
    memset(statements, 0, sizeof *statements);
    for (int row = 0; row < LOG_ROW_COUNT; row++) {
        if (row_types[row].sql == NULL)
            continue;
        int code = sqlite3_prepare_v3(database, row_types[row].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &statements->insert[row], NULL);
        if (code != SQLITE_OK)
            return code;
        statements->unbound[row] = (UINT32_C(1) << LOG_COLUMNS_MAX) - 1;
    }
    return SQLITE_OK;
}

void log_row_finalize(struct log_statements *statements)
{
    for (int row = 0; row < LOG_ROW_COUNT; row++) {
        sqlite3_finalize(statements->insert[row]);
        statements->insert[row] = NULL;
    }
}

/* Text is passed in an integer column; both are 64 bits wide on every machine we build for. */
static char *text_of(int64_t column)
{
    return (char *)(intptr_t)column;
}

static int bind_column(sqlite3_stmt *statement, int parameter, char type, int64_t column)
{
    double real;

    switch (type) {
    case 'i':
        return sqlite3_bind_int64(statement, parameter, column);
    case 'r':
        memcpy(&real, &column, sizeof real);
        return sqlite3_bind_double(statement, parameter, real);
    case 'c':
        return sqlite3_bind_text(statement, parameter, text_of(column), -1, SQLITE_STATIC);
    default:
        return sqlite3_bind_text(statement, parameter, text_of(column), -1, free);
    }
}

int log_row_insert(struct log_statements *statements, const struct log_record *record)
{
    SIM_ASSERT(record->row < LOG_ROW_COUNT);
    SIM_ASSERT(row_types[record->row].sql != NULL);
    sqlite3_stmt *statement = statements->insert[record->row];
    struct log_record *last = &statements->last[record->row];
    uint32_t unbound = statements->unbound[record->row];
    uint32_t nulls_changed = (last->nulls ^ record->nulls) | unbound;
    const char *columns = row_types[record->row].columns;
    int code = SQLITE_OK;

    for (int i = 0; columns[i] != '\0'; i++) {
        uint32_t bit = UINT32_C(1) << i;
        int bound = SQLITE_OK;
        if (record->nulls & bit) {
            if (nulls_changed & bit)
                bound = sqlite3_bind_null(statement, i + 1);
        } else if (columns[i] == 't' || (nulls_changed & bit) ||
                   last->column[i] != record->column[i]) {
            bound = bind_column(statement, i + 1, columns[i], record->column[i]);
        }
        if (bound != SQLITE_OK)
            code = bound;
    }
    *last = *record;
    statements->unbound[record->row] = 0;
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return code == SQLITE_DONE ? reset : code;
}

void log_row_drop(const struct log_record *record)
{
    const char *columns = row_types[record->row].columns;

    for (int i = 0; columns[i] != '\0'; i++)
        if (columns[i] == 't' && !(record->nulls & UINT32_C(1) << i))
            free(text_of(record->column[i]));
}
