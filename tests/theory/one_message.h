#ifndef TESTS_THEORY_ONE_MESSAGE_H
#define TESTS_THEORY_ONE_MESSAGE_H

/* One transfer on an otherwise quiet network, through the scenario reader, the engine, the whole
 * stack and the result database; and the closed form of its times, which is derived in
 * models/messaging/README.md under "Latency in closed form". */

#include <stdint.h>

enum one_clock { ONE_ALIGNED, ONE_PERIODIC, ONE_ON_DEMAND };
enum one_path { ONE_SLOW, ONE_INSTANT, ONE_BOTH };

struct one_message {
    uint64_t interval_ns, consensus_ns, latency_ns;
    uint64_t master_ns; /* the masterchain's interval */
    uint64_t bit_per_s; /* 0 = unlimited */
    uint32_t bytes;     /* of the message */
    uint64_t submit_ns;
    uint64_t seed;
    unsigned depth, digit_bits; /* 2^depth shards */
    uint32_t from, to;          /* shards by number */
    enum one_clock clock;
    enum one_path path;
    int by_masterchain; /* visibility: masterchain */
    int accept_newer;   /* proofs do not wait for it */
};

struct one_times {
    uint64_t created_ns;   /* slot of the emitting block */
    uint64_t committed_ns; /* that block is final */
    uint64_t delivered_ns; /* the delivering block is final */
    uint64_t tx_final_ns, hops;
};

/* one_message_run simulates it. The message must be delivered within the run. */
struct one_times one_message_run(const struct one_message *one);

/* one_message_expected computes the same times. */
struct one_times one_message_expected(const struct one_message *one);

#endif
