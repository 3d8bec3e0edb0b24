/* Goal: no CSV text makes the trace parser crash, hang, leak or give rows that it promises not to
 * give. Method: libFuzzer; the first two bytes choose how many shards and accounts there are. */

#include <stdint.h>

#include "models/workload/trace_csv.h"
#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct trace_table *table, uint32_t i,
                      const struct trace_limits *limits)
{
    const struct trace_row *row = &table->rows[i];
    SIM_ASSERT(row->from_shard < limits->shards && row->to_shard < limits->shards);
    SIM_ASSERT(row->from_account < limits->accounts && row->to_account < limits->accounts);
    if (i == 0)
        return;
    const struct trace_row *before = &table->rows[i - 1];
    SIM_ASSERT(before->at_ns <= row->at_ns);
    SIM_ASSERT(before->at_ns < row->at_ns || before->line < row->line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct trace_limits limits = {data[0] % 8u + 1u, data[1] % 8u + 1u};
    struct memory memory = {0};
    struct diagnostics diagnostics = {0};
    struct trace_table table = {0};
    int status = trace_csv_parse((const char *)data + 2, size - 2, &limits, "/workload/0/file",
                                 &memory, &diagnostics, &table);
    SIM_ASSERT((status == 0) == (diagnostics.errors == 0));
    SIM_ASSERT(diagnostics.count <= TRACE_PROBLEMS_MAX);
    SIM_ASSERT(status == 0 || table.count == 0);
    for (uint32_t i = 0; i < table.count; i++)
        check_row(&table, i, &limits);
    trace_csv_free(&table, &memory);
    SIM_ASSERT(memory.used_bytes == 0);
    diagnostics_free(&diagnostics);
    return 0;
}
