#ifndef TESTS_SUPPORT_CUBE_H
#define TESTS_SUPPORT_CUBE_H

/* A stack with hypercube messaging, random loads on even trees, and what such a load must lead to,
 * counted from the numbers of the shards alone. */

#include <check.h>

#include "models/messaging/hypercube.h"
#include "sim/rng.h"
#include "tests/support_stack.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define PER_MILLION INT64_C(1000000)

enum { SLOW, INSTANT, BOTH, PATHS };
enum { SET, WATERMARK };
enum { DEPLOYED, PAPER };
enum { NONE, DELIVER_TWICE, REORDER, LOSE, EXTRA_HOP, EARLY, TRUST, THROUGH_MASTER, IGNORE_ORDER };
enum { ORDER_STRICT, ORDER_NONE };
enum { NEWER_POSTPONE, NEWER_DISCARD, NEWER_ACCEPT };

static inline uint64_t counter(const struct support_stack *support, const char *metric)
{
    return (uint64_t)engine_counter(&support->result, "messaging", metric);
}

static inline struct support_stack *stack_of(int64_t shards, int64_t path)
{
    struct support_stack *support = support_stack_new();
    support->messaging = &messaging_hypercube_model;
    support->chain.shards = shards;
    support_stack_set(support, "path", path);
    return support;
}

/* What a load must lead to, counted from shard numbers alone. */
struct expected {
    uint64_t messages, links, across, longest;
};

static inline unsigned digits_between(uint32_t a, uint32_t b, unsigned depth, unsigned digit_bits)
{
    unsigned digits = 0;
    for (unsigned start = 0; start < depth; start += digit_bits) {
        unsigned end = start + digit_bits < depth ? start + digit_bits : depth;
        uint32_t mask = (UINT32_C(1) << (end - start)) - 1;
        digits += ((a ^ b) >> (depth - end) & mask) != 0;
    }
    return digits;
}

/* Messages between random shards of an even tree, in the first 20 s. */
static inline struct expected load(struct support_stack *support, unsigned depth,
                                   unsigned digit_bits, uint32_t jobs, uint64_t seed)
{
    const struct rng rng = {.seed = seed, .replication = 0};
    struct expected expected = {0, 0, 0, 0};
    uint32_t shards = UINT32_C(1) << depth;
    for (uint32_t i = 0; i < jobs; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint64_t at_ns = rng_below(&stream, 20 * SECOND);
        uint32_t from = (uint32_t)rng_below(&stream, shards);
        uint32_t to = (uint32_t)rng_below(&stream, shards);
        uint32_t items = 1 + (uint32_t)rng_below(&stream, 4);
        uint64_t links = digits_between(from, to, depth, digit_bits);
        support_stack_job(support, at_ns, from, items, (int32_t)to);
        expected.messages += items;
        expected.links += items * links;
        expected.across += links > 0 ? items : 0;
        expected.longest = links > expected.longest ? links : expected.longest;
    }
    return expected;
}

static inline void expect_held(const struct support_stack *support)
{
    ck_assert_msg(support->result.status == ENGINE_OK, "%s", support->result.violation);
}

static inline void expect_all_delivered(const struct support_stack *support,
                                        const struct expected *expected)
{
    expect_held(support);
    ck_assert_uint_eq(support->undo_errors, 0);
    ck_assert_uint_eq(support->strayed, 0);
    ck_assert_uint_eq(counter(support, "messages_sent"), expected->messages);
    ck_assert_uint_eq(counter(support, "messages_delivered"), expected->messages);
    ck_assert_uint_eq(support->received, expected->messages);
}

#endif
