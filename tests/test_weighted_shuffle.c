/* Goal: the shuffle is that of SOL-R8.4 for every list of weights. Method: a plain list with
 * running sums as the slow version, random weights of all sizes and shares of zeros, removals; the
 * reference literals; fixed seed. */

#include "models/spread/weighted_shuffle.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { COUNT_MAX = 700 };

static const struct rng rng = {.seed = 32, .replication = 0};

/* The rule, word by word. */
struct plain {
    uint64_t weight[COUNT_MAX];
    uint32_t zeros[COUNT_MAX], count, zero_count;
};

static void plain_make(struct plain *plain, const uint64_t *weights, uint32_t count)
{
    plain->count = count;
    plain->zero_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        plain->weight[i] = weights[i];
        if (weights[i] == 0)
            plain->zeros[plain->zero_count++] = i;
    }
}

static void plain_remove(struct plain *plain, uint32_t position)
{
    uint32_t kept = 0;
    plain->weight[position] = 0;
    for (uint32_t i = 0; i < plain->zero_count; i++)
        if (plain->zeros[i] != position)
            plain->zeros[kept++] = plain->zeros[i];
    plain->zero_count = kept;
}

static uint32_t plain_next(struct plain *plain, struct chacha *chacha)
{
    uint64_t total = 0, running = 0;
    for (uint32_t i = 0; i < plain->count; i++)
        total += plain->weight[i];
    if (total > 0) {
        uint64_t x = chacha_below(chacha, total);
        for (uint32_t i = 0; i < plain->count; i++) {
            running += plain->weight[i];
            if (running > x) {
                plain->weight[i] = 0;
                return i;
            }
        }
        ck_abort_msg("no running sum exceeds %llu", (unsigned long long)x);
    }
    if (plain->zero_count == 0)
        return SHUFFLE_NONE;
    uint32_t at = (uint32_t)chacha_below(chacha, plain->zero_count);
    uint32_t position = plain->zeros[at];
    plain->zeros[at] = plain->zeros[--plain->zero_count];
    return position;
}

static void compare(struct weighted_shuffle *shuffle, const uint64_t *weights, uint32_t count,
                    uint64_t item)
{
    static struct plain plain;
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 2, item);
    unsigned char seed[CHACHA_KEY_BYTES];
    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] = (unsigned char)rng_below(&stream, 256);
    struct chacha fast, slow;
    chacha_init(&fast, seed, CHACHA_ROUNDS_8);
    chacha_init(&slow, seed, CHACHA_ROUNDS_8);
    plain_make(&plain, weights, count);
    weighted_shuffle_begin(shuffle);
    uint32_t left = count;
    for (uint64_t k = rng_below(&stream, 3); k > 0 && left == count && count > 0; k--) {
        uint32_t position = (uint32_t)rng_below(&stream, count);
        plain_remove(&plain, position);
        weighted_shuffle_remove(shuffle, position);
        left--;
    }
    for (uint32_t i = 0; i <= left; i++) {
        uint32_t expected = plain_next(&plain, &slow);
        uint32_t got = weighted_shuffle_next(shuffle, &fast);
        ck_assert_msg(got == expected, "list %llu, place %u: got %u, expected %u",
                      (unsigned long long)item, i, got, expected);
        ck_assert((i == left) == (got == SHUFFLE_NONE));
    }
}

/* SOL-R8.4 */
START_TEST(equals_the_plain_list)
{
    static uint64_t weights[COUNT_MAX];
    for (uint64_t item = 0; item < 400; item++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        uint32_t count = (uint32_t)rng_below(&stream, item % 4 ? 40 : COUNT_MAX);
        uint64_t zeros = rng_below(&stream, 4), size = UINT64_C(1) << rng_below(&stream, 54);
        for (uint32_t i = 0; i < count; i++)
            weights[i] = rng_below(&stream, 3) < zeros ? 0 : rng_below(&stream, size + 1);
        struct memory memory = {0};
        struct weighted_shuffle shuffle;
        weighted_shuffle_init(&shuffle, &memory, weights, count);
        for (uint64_t again = 0; again < 3; again++)
            compare(&shuffle, weights, count, item * 3 + again);
        weighted_shuffle_destroy(&shuffle);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* A sum of exactly 2^64 - 1, one weight, and a list as long as one node and one more. */
START_TEST(holds_at_the_edges)
{
    static uint64_t weights[COUNT_MAX];
    struct memory memory = {0};
    for (uint32_t count = 1; count <= 257; count += count == 1 ? 15 : count == 16 ? 1 : 239) {
        for (uint32_t i = 0; i < count; i++)
            weights[i] = i == count / 2 ? UINT64_MAX - count + 1 : 1;
        struct weighted_shuffle shuffle;
        weighted_shuffle_init(&shuffle, &memory, weights, count);
        ck_assert_uint_eq(shuffle.total, UINT64_MAX);
        compare(&shuffle, weights, count, count);
        weighted_shuffle_destroy(&shuffle);
    }
}
END_TEST

/* The literals of the deployed client's tests, 20 rounds. */
START_TEST(equals_the_reference_literals)
{
    static const uint64_t weights[] = {78, 70, 38, 27, 21, 0, 82, 42, 21, 77, 77,
                                       0,  17, 4,  50, 96, 0, 83, 33, 16, 72};
    static const uint32_t expected[] = {10, 3,  14, 18, 0,  9, 19, 6, 2,  1, 17,
                                        7,  13, 15, 20, 12, 4, 8,  5, 16, 11};
    unsigned char seed[CHACHA_KEY_BYTES];
    struct memory memory = {0};
    struct weighted_shuffle shuffle;
    struct chacha chacha;
    memset(seed, 0x30, sizeof seed);
    chacha_init(&chacha, seed, CHACHA_ROUNDS_20);
    weighted_shuffle_init(&shuffle, &memory, weights, 21);
    for (unsigned i = 0; i < 21; i++)
        ck_assert_uint_eq(weighted_shuffle_next(&shuffle, &chacha), expected[i]);
    ck_assert_uint_eq(weighted_shuffle_next(&shuffle, &chacha), SHUFFLE_NONE);
    weighted_shuffle_destroy(&shuffle);
}
END_TEST

CHECK_MAIN("weighted_shuffle", equals_the_plain_list, holds_at_the_edges,
           equals_the_reference_literals)
