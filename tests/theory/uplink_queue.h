#ifndef TESTS_THEORY_UPLINK_QUEUE_H
#define TESTS_THEORY_UPLINK_QUEUE_H

/* A single-server queue in the real kernel: one node sends packets to another over its uplink,
 * which is a FIFO (or strict priorities) with a rate. Packet sizes are the service times: at 8
 * Gbit/s a byte takes one nanosecond, so a mean service of 1 ms is a million bytes and rounding
 * biases nothing above 1e-6. Arrivals and sizes are drawn per packet by its number, so that a
 * setting that changes one thing changes no other. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/distribution.h"
#include "sim/engine.h"

#define UPLINK_BYTE_A_NS INT64_C(8000000000)

enum { UPLINK_CLASSES_MAX = 8 };

struct uplink_load {
    uint32_t packets, burst; /* so many in all; so many at once (0 = 1) */
    struct distribution gap, bytes;
    int64_t bit_per_s;
    uint32_t classes;                   /* 0 or 1: the FIFO without real queues */
    uint32_t share[UPLINK_CLASSES_MAX]; /* of the packets, by class */
    int64_t limit_bytes, loss;          /* as in network_config.h */
    uint64_t duration_ns;               /* 0 = until all have arrived */
    uint64_t seed;
    bool swapped; /* the receiver is made before the sender; identities stay */
};

struct uplink_packet {
    uint64_t sent_ns;
    uint64_t done_ns; /* has left the uplink; UINT64_MAX = never arrived */
    uint32_t bytes;
    uint8_t class;
};

/* uplink_run runs it and returns packets[load->packets] in the order of sending, to be freed; those
 * that the end of the run forestalled have sent_ns UINT64_MAX. */
struct uplink_packet *uplink_run(const struct uplink_load *load, struct engine_result *ret_result);

/* uplink_service_ns is the time that a packet keeps the uplink. */
uint64_t uplink_service_ns(const struct uplink_load *load, uint32_t bytes);

/* Distributions in nanoseconds or bytes. */
struct distribution uplink_exponential(int64_t mean);
struct distribution uplink_constant(int64_t value);

#endif
