#ifndef TESTS_SUPPORT_REGISTRY_H
#define TESTS_SUPPORT_REGISTRY_H

/* A registry of three small layers, so that the scenario reader is tested without models/: chain,
 * messaging (local, hypercube) and workload (poisson, trace). Their configs cover every kind of
 * parameter. */

#include <stdint.h>

#include "sim/distribution.h"
#include "sim/param.h"

struct test_limit {
    int64_t gas, bytes;
};

struct test_validators {
    int64_t count;
};

struct test_shard {
    const char *name;
    int64_t weight;
};

struct test_chain {
    int64_t shards, block_interval_ns, identity, empty_blocks;
    struct param_variant_value validators;
    struct test_limit block_limit;
    struct param_list depths, labels, special;
};

struct test_hypercube {
    int64_t path, digit_bits, cut_ratio, break_rule;
    double eta;
    const struct cJSON *table;
};

struct test_poisson {
    int64_t rate, cross_shard, size_bytes;
    struct distribution think;
};

struct test_trace {
    const char *file, *sha256;
};

#endif
