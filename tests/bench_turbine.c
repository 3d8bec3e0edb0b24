/* What a shred costs on its way through turbine: 2,000 validators, blocks of 1,500 data shreds, 1 %
 * loss a hop, all repair off. Processor time of whole runs.
 * `--json`: one object a line; ns a packet that arrives, and the memory that the run counted. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/spread/turbine.h"
#include "tests/support_spread.h"

enum { VALIDATORS = 2000, BLOCK_BYTES = 1440000, SLOTS = 4 };

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    struct support_spread *support = support_spread_new(&spread_turbine_model, VALIDATORS);
    struct timespec begun, ended;
    support->block_bytes = BLOCK_BYTES;
    support->slots = argc > 2 ? strtoull(argv[2], NULL, 10) : SLOTS;
    support->scenario.duration_ns = (support->slots + 3) * support->interval_ns;
    support->config.repair.enabled = 0;
    support->scenario.network.loss = INT64_C(10000000000);
    support->scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 40000000};
    support->scenario.network.bandwidth_bit_per_s = INT64_C(1000000000);
    for (uint32_t i = 0; i < VALIDATORS; i++)
        support->stakes[i] = UINT64_C(1000000000000) / (i + 1);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    support_spread_run(support);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    double ns =
        (double)(ended.tv_sec - begun.tv_sec) * 1e9 + (double)(ended.tv_nsec - begun.tv_nsec);
    int64_t packets = support_spread_counter(support, "shreds_received");
    printf(json ? "{\"name\": \"turbine\", \"packets\": %lld, \"ns_a_packet\": %.1f, \"s\": %.2f, "
                  "\"events\": %llu, \"bytes\": %llu}\n"
                : "%lld packets, %.1f ns each; %.2f s, %llu events, %llu bytes\n",
           (long long)packets, ns / (double)packets, ns / 1e9,
           (unsigned long long)support->result.events,
           (unsigned long long)support->result.memory_peak_bytes);
    support_spread_free(support);
    return 0;
}
