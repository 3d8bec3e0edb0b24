/* What a shred costs on its way through turbine alone: 2,000 validators, blocks of 1,500 data
 * shreds, 1 % loss a hop, no repair, no chain. Processor time of a whole run, trees included.
 * `--json`: one object a line. `--slots N`: so many blocks, 4 unless given. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/spread/turbine.h"
#include "tests/support_spread.h"

enum { VALIDATORS = 2000, BLOCK_BYTES = 1440000, SLOTS = 4 };

static double run_ns(struct support_spread *support)
{
    struct timespec begun, ended;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    support_spread_run(support);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    return (double)(ended.tv_sec - begun.tv_sec) * 1e9 + (double)(ended.tv_nsec - begun.tv_nsec);
}

static void print_row(bool json, const char *name, double value, const char *unit)
{
    printf(json ? "{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\"}\n" : "%-24s %12.4g %s\n",
           name, value, unit);
}

int main(int argc, char **argv)
{
    bool json = false;
    struct support_spread *support = support_spread_new(&spread_turbine_model, VALIDATORS);
    support->slots = SLOTS;
    for (int i = 1; i < argc; i++) {
        json = json || strcmp(argv[i], "--json") == 0;
        if (strcmp(argv[i], "--slots") == 0 && i + 1 < argc)
            support->slots = strtoull(argv[++i], NULL, 10);
    }
    support->block_bytes = BLOCK_BYTES;
    support->scenario.duration_ns = (support->slots + 3) * support->interval_ns;
    support->config.repair.enabled = 0;
    support->scenario.network.loss = INT64_C(10000000000);
    support->scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 40000000};
    support->scenario.network.bandwidth_bit_per_s = INT64_C(1000000000);
    for (uint32_t i = 0; i < VALIDATORS; i++)
        support->stakes[i] = UINT64_C(1000000000000) / (i + 1);
    double ns = run_ns(support);
    int64_t packets = support_spread_counter(support, "shreds_received");
    print_row(json, "turbine, packet", ns / (double)packets, "ns");
    print_row(json, "turbine, memory", (double)support->result.memory_peak_bytes, "bytes");
    support_spread_free(support);
    return 0;
}
