#ifndef MODELS_WORKLOAD_TRACE_CSV_H
#define MODELS_WORKLOAD_TRACE_CSV_H

/* A trace of transfers as CSV text. The first line names the columns, in any order:
 *
 *     at,from_shard,from_account,to_shard,to_account,amount,bytes
 *
 * `at` is a time since the start with its unit ("1.5s", "20ms"); the other columns are whole
 * numbers: shards by ordinal, accounts by index within the shard. `amount` and `bytes` may be left
 * out as columns (1 unit, 512 bytes). No quotes, no spaces; lines end in LF or CR LF; empty lines
 * are skipped. Rows may stand in any order; they are replayed by time, and by line where times are
 * equal. Hostile input is safe: every byte is checked, lengths are bounded. */

#include <stddef.h>
#include <stdint.h>

struct diagnostics;
struct memory;

enum { TRACE_BYTES_MAX = 1 << 28, TRACE_PROBLEMS_MAX = 20 };

struct trace_row {
    uint64_t at_ns, amount;
    uint32_t from_shard, from_account, to_shard, to_account, bytes, line;
};

struct trace_limits {
    uint64_t shards, accounts; /* exclusive: numbers from 0 */
};

struct trace_table {
    struct trace_row *rows; /* by (at_ns, line) */
    uint32_t count, capacity;
};

/* trace_csv_parse reads a whole text. Problems, up to TRACE_PROBLEMS_MAX of them, are recorded at
 * `pointer` with line and column: E511 a bad header, E512 a bad line. Returns 0, or -1 with
 * diagnostics and *ret_table empty. The rows come from `memory`; free with trace_csv_free. */
int trace_csv_parse(const char *text, size_t bytes, const struct trace_limits *limits,
                    const char *pointer, struct memory *memory, struct diagnostics *diagnostics,
                    struct trace_table *ret_table);

void trace_csv_free(struct trace_table *table, struct memory *memory);

#endif
