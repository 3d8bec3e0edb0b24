#include "sim/stored_compare.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

/* The first event that differs, or that only the file has. */
static const char event_query[] =
    "SELECT a.seq, a.t_ns / 1e9, k.layer || '.' || k.name, b.seq IS NULL,"
    " printf('entity %d peer %d subject %d bytes %d value %d at %d ns', a.entity, a.peer,"
    " a.subject, a.bytes, a.value, a.t_ns), printf('entity %d peer %d subject %d bytes %d"
    " value %d at %d ns', b.entity, b.peer, b.subject, b.bytes, b.value, b.t_ns)"
    " FROM event a LEFT JOIN kind k USING (kind_id) LEFT JOIN fresh.event b ON a.seq = b.seq"
    " WHERE b.seq IS NULL OR (a.t_ns, a.kind_id, a.entity, a.peer, a.chain, a.subject,"
    " a.cause, a.bytes, a.value) IS NOT (b.t_ns, b.kind_id, b.entity, b.peer, b.chain,"
    " b.subject, b.cause, b.bytes, b.value) ORDER BY a.seq LIMIT 1";

/* The first event that the file lacks, of a kind that its log level keeps. */
static const char missing_query[] =
    "SELECT b.seq, b.t_ns / 1e9, k.layer || '.' || k.name FROM fresh.event b"
    " LEFT JOIN fresh.kind k USING (kind_id) LEFT JOIN main.event a ON a.seq = b.seq"
    " WHERE a.seq IS NULL AND b.kind_id IN (SELECT DISTINCT kind_id FROM main.event)"
    " ORDER BY b.seq LIMIT 1";

struct compared_table {
    const char *name, *columns_a, *columns_b;
    bool at_end; /* depends on how the run ended */
};

/* clang-format off */
static const struct compared_table tables[] = {
    /* Numbers by value: a text, or one within a list, may be "10tx/s" here and "10/s" there. */
    {"param", "a.path, a.num, a.unit, CASE WHEN a.num IS NULL AND a.text NOT GLOB '[[{]*'"
     " THEN a.text END",
     "b.path, b.num, b.unit, CASE WHEN b.num IS NULL AND b.text NOT GLOB '[[{]*'"
     " THEN b.text END", false},
    {"kind", "a.kind_id, a.name, a.layer, a.value_unit", "b.kind_id, b.name, b.layer, b.value_unit",
     false},
    {"entity", "a.entity_id, a.type, a.name, a.parent", "b.entity_id, b.type, b.name, b.parent",
     false},
    {"code", "a.column_name, a.code, a.name", "b.column_name, b.code, b.name", false},
    {"fault", "a.type, a.target, a.from_ns, a.to_ns, a.detail",
     "b.type, b.target, b.from_ns, b.to_ns, b.detail", false},
    {"violation", "a.property, a.seq, a.t_ns, a.text", "b.property, b.seq, b.t_ns, b.text", false},
    {"message", "a.message_id, a.src_chain, a.dst_chain, a.created_ns, a.first_committed_ns,"
     " a.delivered_ns, a.path, a.hops, a.bytes, a.fee_total, a.outcome",
     "b.message_id, b.src_chain, b.dst_chain, b.created_ns, b.first_committed_ns,"
     " b.delivered_ns, b.path, b.hops, b.bytes, b.fee_total, b.outcome", false},
    {"tx", "a.tx_id, a.type, a.src_chain, a.n_chains, a.submit_ns, a.prepared_ns, a.decided_ns,"
     " a.final_ns, a.outcome, a.reason",
     "b.tx_id, b.type, b.src_chain, b.n_chains, b.submit_ns, b.prepared_ns, b.decided_ns,"
     " b.final_ns, b.outcome, b.reason", false},
    {"tx_phase", "a.tx_id, a.layer, a.phase, a.ns", "b.tx_id, b.layer, b.phase, b.ns", false},
    {"sample", "a.name, a.entity, a.t_ns, a.value", "b.name, b.entity, b.t_ns, b.value", true},
    {"metric", "a.name, a.entity, a.value, a.unit, a.n", "b.name, b.entity, b.value, b.unit, b.n",
     true},
};
/* clang-format on */

/* Leaves *ret_statement at the first row of a query: the first difference. */
static enum stored_verdict first_row(sqlite3 *database, const char *sql,
                                     sqlite3_stmt **ret_statement)
{
    *ret_statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, ret_statement, NULL) != SQLITE_OK)
        return STORED_NOT_COMPARED;
    int step = sqlite3_step(*ret_statement);
    return step == SQLITE_DONE  ? STORED_SAME
           : step == SQLITE_ROW ? STORED_DIFFERENT
                                : STORED_NOT_COMPARED;
}

static enum stored_verdict find_event(sqlite3 *database, char *text, size_t bytes)
{
    sqlite3_stmt *row;
    enum stored_verdict verdict = first_row(database, event_query, &row);
    if (verdict == STORED_DIFFERENT) {
        bool missing = sqlite3_column_int(row, 3) != 0;
        const char *kind = (const char *)sqlite3_column_text(row, 2);
        snprintf(text, bytes,
                 "first difference: event %lld, %.9f s, %s\n    stored  %s\n    now     %s",
                 (long long)sqlite3_column_int64(row, 0), sqlite3_column_double(row, 1),
                 kind ? kind : "of no kind", (const char *)sqlite3_column_text(row, 4),
                 missing ? "no such event" : (const char *)sqlite3_column_text(row, 5));
    }
    sqlite3_finalize(row);
    return verdict;
}

static enum stored_verdict find_missing(sqlite3 *database, char *text, size_t bytes)
{
    sqlite3_stmt *row;
    enum stored_verdict verdict = first_row(database, missing_query, &row);
    if (verdict == STORED_DIFFERENT)
        snprintf(text, bytes, "first difference: event %lld, %.9f s, %s\n    stored  no such event",
                 (long long)sqlite3_column_int64(row, 0), sqlite3_column_double(row, 1),
                 (const char *)sqlite3_column_text(row, 2));
    sqlite3_finalize(row);
    return verdict;
}

/* The first number of a query, 0 when it has no row, -1 when it cannot be read. */
static int64_t ask(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *row;
    enum stored_verdict verdict = first_row(database, sql, &row);
    int64_t value = verdict == STORED_DIFFERENT ? sqlite3_column_int64(row, 0)
                    : verdict == STORED_SAME    ? 0
                                                : -1;
    sqlite3_finalize(row);
    return value;
}

static enum stored_verdict compare_table(sqlite3 *database, const struct compared_table *table,
                                         char *text, size_t bytes)
{
    char sql[2048];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM main.%s", table->name);
    int64_t stored = ask(database, sql);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM fresh.%s", table->name);
    int64_t fresh = ask(database, sql);
    snprintf(sql, sizeof sql,
             "SELECT a.rowid FROM main.%s a JOIN fresh.%s b ON a.rowid = b.rowid"
             " WHERE (%s) IS NOT (%s) ORDER BY a.rowid LIMIT 1",
             table->name, table->name, table->columns_a, table->columns_b);
    int64_t row = ask(database, sql);
    if (stored < 0 || fresh < 0 || row < 0)
        return STORED_NOT_COMPARED;
    if (row > 0)
        snprintf(text, bytes, "row %" PRId64 " of table %s is not the one that the run writes", row,
                 table->name);
    else if (stored != fresh)
        snprintf(text, bytes, "table %s has %" PRId64 " rows, and the run writes %" PRId64,
                 table->name, stored, fresh);
    return row > 0 || stored != fresh ? STORED_DIFFERENT : STORED_SAME;
}

static enum stored_verdict compare_all(sqlite3 *database, bool is_part, char *text, size_t bytes)
{
    enum stored_verdict verdict = find_event(database, text, bytes);
    if (verdict == STORED_SAME)
        verdict = find_missing(database, text, bytes);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && verdict == STORED_SAME; i++)
        if (!(is_part && tables[i].at_end))
            verdict = compare_table(database, &tables[i], text, bytes);
    return verdict;
}

enum stored_verdict stored_compare(const char *stored_path, const char *fresh_path, bool is_part,
                                   char *ret_text, size_t text_bytes)
{
    sqlite3 *database = NULL;
    char *attach = sqlite3_mprintf("ATTACH %Q AS fresh", fresh_path);
    enum stored_verdict verdict = STORED_NOT_COMPARED;
    ret_text[0] = '\0';
    if (attach &&
        sqlite3_open_v2(stored_path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_exec(database, attach, NULL, NULL, NULL) == SQLITE_OK)
        verdict = compare_all(database, is_part, ret_text, text_bytes);
    if (verdict == STORED_NOT_COMPARED)
        snprintf(ret_text, text_bytes, "its rows cannot be read: %s",
                 database ? sqlite3_errmsg(database) : "no memory");
    sqlite3_close(database);
    sqlite3_free(attach);
    return verdict;
}
