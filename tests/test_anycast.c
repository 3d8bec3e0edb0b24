/* Goal: the arithmetic of wildcard addresses (TON-24, TON-R53). Method: against a slow version that
 * keeps addresses and shards as strings of '0' and '1': every depth, every shard up to depth 7 and
 * some of each deeper one, random addresses; fixed seed. */

#include "models/anycast.h"

#include <string.h>

#include "models/shard_prefix.h"
#include "tests/check_main.h"

enum { SEED = 24053, BITS = 64, SHARD_ALL_DEPTH = 7, ROUNDS = 40 };

static uint64_t random_state = SEED;

/* A 64-bit congruential step with its high half mixed in: enough to pick cases. */
static uint64_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state ^ random_state >> 29;
}

static void text_of(uint64_t prefix, char ret_text[BITS + 1])
{
    for (unsigned i = 0; i < BITS; i++)
        ret_text[i] = prefix >> (BITS - 1 - i) & 1 ? '1' : '0';
    ret_text[BITS] = '\0';
}

/* The prefix bits of a tagged shard: all before the last 1. */
static unsigned shard_text(uint64_t shard, char ret_text[BITS + 1])
{
    text_of(shard, ret_text);
    unsigned depth = (unsigned)(strrchr(ret_text, '1') - ret_text);
    ret_text[depth] = '\0';
    return depth;
}

static void assert_text(uint64_t prefix, const char *expected)
{
    char text[BITS + 1];
    text_of(prefix, text);
    ck_assert_str_eq(text, expected);
}

/* TON-R53: the sender's first d bits are written over the recipient's, whatever it asked for */
START_TEST(sending_writes_the_senders_bits)
{
    for (unsigned depth = 0; depth <= ANYCAST_DEPTH_MAX; depth++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct envelope envelope = {.from = {0, next_random()},
                                        .to = {0, next_random()},
                                        .anycast_depth = (uint8_t)depth,
                                        .anycast_bits = (uint32_t)next_random()};
            char expected[BITS + 1], sender[BITS + 1];
            text_of(envelope.to.prefix, expected);
            text_of(envelope.from.prefix, sender);
            memcpy(expected, sender, depth);
            uint64_t wanted = envelope.to.prefix;
            anycast_send(&envelope);
            assert_text(envelope.to.prefix, expected);
            ck_assert_uint_eq(anycast_target(envelope.to.prefix, depth, envelope.anycast_bits),
                              wanted);
        }
}
END_TEST

static void assert_recipient(uint64_t shard, unsigned depth)
{
    struct envelope envelope = {
        .from = {0, next_random()}, .to = {-1, next_random()}, .anycast_depth = (uint8_t)depth};
    char expected[BITS + 1], prefix[BITS + 1];
    text_of(envelope.to.prefix, expected);
    unsigned known = shard_text(shard, prefix);
    memcpy(expected, prefix, depth < known ? depth : known);
    assert_text(anycast_instance(envelope.to.prefix, depth, shard), expected);
    anycast_send(&envelope);
    struct address reached = anycast_recipient(&envelope, shard);
    ck_assert_int_eq(reached.workchain, -1);
    assert_text(reached.prefix, expected);
}

/* TON-R53: at the destination the first min(d, |s|) bits are the shard's */
START_TEST(the_recipient_has_the_shards_bits)
{
    for (unsigned depth = 0; depth <= ANYCAST_DEPTH_MAX; depth++) {
        for (uint32_t heap = 1; heap < 1u << (SHARD_ALL_DEPTH + 1); heap++)
            assert_recipient(shard_from_heap(heap), depth);
        for (unsigned deep = SHARD_ALL_DEPTH + 1; deep <= SHARD_DEPTH_MAX; deep++)
            assert_recipient(shard_of_prefix(next_random(), deep), depth);
    }
}
END_TEST

/* TON-24: with d at least the depth of the sender's shard, the nearest instance is in that shard */
START_TEST(the_nearest_instance_is_the_senders_own)
{
    for (unsigned round = 0; round < 100 * ROUNDS; round++) {
        unsigned known = (unsigned)(next_random() % 20);
        unsigned depth = known + (unsigned)(next_random() % (ANYCAST_DEPTH_MAX + 1 - known));
        uint64_t from = next_random(), shard = shard_of_prefix(from, known);
        struct envelope envelope = {
            .from = {0, from}, .to = {0, next_random()}, .anycast_depth = (uint8_t)depth};
        anycast_send(&envelope);
        ck_assert(shard_contains(shard, envelope.to.prefix));
        ck_assert(shard_contains(shard, anycast_recipient(&envelope, shard).prefix));
    }
}
END_TEST

START_TEST(an_ordinary_address_stays_as_it_is)
{
    struct envelope envelope = {.from = {0, 5}, .to = {0, next_random()}, .anycast_bits = 7};
    struct address to = envelope.to;
    anycast_send(&envelope);
    ck_assert_uint_eq(envelope.to.prefix, to.prefix);
    ck_assert_uint_eq(envelope.anycast_bits, 0);
    ck_assert_uint_eq(anycast_recipient(&envelope, SHARD_WHOLE).prefix, to.prefix);
}
END_TEST

CHECK_MAIN("anycast", sending_writes_the_senders_bits, the_recipient_has_the_shards_bits,
           the_nearest_instance_is_the_senders_own, an_ordinary_address_stays_as_it_is)
