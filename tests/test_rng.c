/* Goal: draws are exactly the published bijection under our addressing, and unbiased.
 * Method: known-answer vectors of Random123 and of the scheme; a chi-square-like band on counts. */

#include "tests/check_main.h"

#include <Random123/philox.h>
#include <math.h>

#include "sim/rng_draw.h"

START_TEST(philox_4x64_gives_the_published_vectors)
{
    uint64_t word[4];
    rng_philox((uint64_t[]){0, 0, 0, 0}, (uint64_t[]){0, 0}, word);
    ck_assert_uint_eq(word[0], UINT64_C(0x16554d9eca36314c));
    ck_assert_uint_eq(word[1], UINT64_C(0xdb20fe9d672d0fdc));
    ck_assert_uint_eq(word[2], UINT64_C(0xd7e772cee186176b));
    ck_assert_uint_eq(word[3], UINT64_C(0x7e68b68aec7ba23b));
    rng_philox((uint64_t[]){UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344),
                            UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89)},
               (uint64_t[]){UINT64_C(0x452821e638d01377), UINT64_C(0xbe5466cf34e90c6c)}, word);
    ck_assert_uint_eq(word[0], UINT64_C(0xa528f45403e61d95));
    ck_assert_uint_eq(word[1], UINT64_C(0x38c72dbd566e9788));
    ck_assert_uint_eq(word[2], UINT64_C(0xa5a1610e72fd18b5));
    ck_assert_uint_eq(word[3], UINT64_C(0x57bd43b5e52b7fe6));
}
END_TEST

START_TEST(philox_4x32_of_the_library_gives_the_published_vector)
{
    philox4x32_ctr_t counter = {{0, 0, 0, 0}};
    philox4x32_key_t key = {{0, 0}};
    philox4x32_ctr_t out = philox4x32(counter, key);
    ck_assert_uint_eq(out.v[0], 0x6627e8d5);
    ck_assert_uint_eq(out.v[1], 0xe169c58d);
    ck_assert_uint_eq(out.v[2], 0xbc57ac4c);
    ck_assert_uint_eq(out.v[3], 0x9b00dbd8);
}
END_TEST

START_TEST(scheme_gives_its_known_answer)
{
    static const uint64_t expected[6] = {
        UINT64_C(0xb755c2fc15bc7220), UINT64_C(0xb9100e65780a5ac1), UINT64_C(0x67736d44869e9697),
        UINT64_C(0x95f6becb8257f4a2), UINT64_C(0x8898dfdcfb13318c), UINT64_C(0x362936285bc26182)};
    struct rng rng = {.seed = 42, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_DESTINATION, 17, 0);
    for (int i = 0; i < 6; i++) {
        uint64_t word = rng_u64(&stream);
        ck_assert_uint_eq(word, expected[i]);
    }
    rng_stream_at(&stream, &rng, RNG_DESTINATION, 17, 0);
    double first = rng_open(&stream);
    double second = rng_open(&stream);
    ck_assert(first == 0.71615236906449009);
    ck_assert(second == 0.72290124871509798);
}
END_TEST

static uint64_t first_of_link(uint64_t from, uint64_t to, uint64_t item, uint32_t tag,
                              uint32_t attempt)
{
    struct rng rng = {.seed = 1, .replication = 2};
    struct rng_stream stream;
    rng_stream_link(&stream, &rng, RNG_LINK_LOSS, from, to, item, tag, attempt);
    return rng_u64(&stream);
}

START_TEST(every_part_of_a_link_address_gives_other_luck)
{
    uint64_t base = first_of_link(0x123456789, 0x87654321f, 7, 0x0204, 0);
    ck_assert_uint_eq(base, first_of_link(0x123456789, 0x87654321f, 7, 0x0204, 0));
    ck_assert_uint_ne(base, first_of_link(0x123456788, 0x87654321f, 7, 0x0204, 0));
    ck_assert_uint_ne(base, first_of_link(0x123456789, 0x87654321e, 7, 0x0204, 0));
    ck_assert_uint_ne(base, first_of_link(0x123456789, 0x87654321f, 8, 0x0204, 0));
    ck_assert_uint_ne(base, first_of_link(0x123456789, 0x87654321f, 7, 0x0205, 0));
    ck_assert_uint_ne(base, first_of_link(0x123456789, 0x87654321f, 7, 0x0204, 1));
    ck_assert_uint_ne(base, first_of_link(0x87654321f, 0x123456789, 7, 0x0204, 0));
}
END_TEST

START_TEST(link_address_keeps_its_parts_apart)
{
    struct rng rng = {.seed = 1, .replication = 2};
    struct rng_stream stream;
    rng_stream_link(&stream, &rng, RNG_LINK_LOSS, 5, 6, 7, 0xabcdef, 0x12345678);
    ck_assert_uint_eq(stream.counter[0], UINT64_C(6) << 24);
    ck_assert_uint_eq(stream.counter[1], 7);
    ck_assert_uint_eq(stream.counter[2], 5);
    ck_assert_uint_eq(stream.counter[3], UINT64_C(0x12345678abcdef04));
    ck_assert_uint_eq(stream.key[0], 1);
    ck_assert_uint_eq(stream.key[1], 2);
}
END_TEST

START_TEST(a_word_drawn_without_a_stream_is_the_first_of_its_stream)
{
    struct rng_stream random;
    rng_stream_at(&random, &(struct rng){.seed = 9}, RNG_TEST, 0, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t part[6];
        for (int j = 0; j < 6; j++)
            part[j] = rng_u64(&random) >> (i + j) % 64;
        struct rng rng = {.seed = part[0], .replication = part[1]};
        struct rng_schedule schedule;
        rng_schedule_make(&rng, &schedule);
        uint64_t from = part[2] >> 24, to = part[3] >> 24;
        uint32_t tag = (uint32_t)(part[5] & 0xffffff), attempt = (uint32_t)(part[5] >> 24);
        struct rng_stream stream;
        rng_stream_link(&stream, &rng, RNG_LINK_JITTER, from, to, part[4], tag, attempt);
        uint64_t expected = rng_u64(&stream);
        uint64_t word = rng_draw_link(&schedule, RNG_LINK_JITTER, from, to, part[4], tag, attempt);
        double u = ((double)(word >> 12) + 0.5) * 0x1p-52;
        if (word != expected || rng_open_of(word) != u)
            ck_abort_msg("address %d of seed 9", i);
    }
}
END_TEST

START_TEST(open_interval_keeps_its_ends)
{
    ck_assert(rng_open_of(0) == 0x1p-53);
    ck_assert(rng_open_of(UINT64_MAX) == 1.0 - 0x1p-53);
}
END_TEST

START_TEST(replications_and_seeds_differ)
{
    uint64_t seen[4];
    int count = 0;
    for (uint64_t seed = 1; seed <= 2; seed++)
        for (uint64_t replication = 0; replication < 2; replication++) {
            struct rng rng = {.seed = seed, .replication = replication};
            struct rng_stream stream;
            rng_stream_at(&stream, &rng, RNG_TEST, 1, 1);
            seen[count++] = rng_u64(&stream);
        }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(seen[i], seen[j]);
    /* A 32-bit seed would make these two alike. */
    struct rng wide = {.seed = UINT64_C(1) << 32 | 1};
    struct rng_stream stream;
    rng_stream_at(&stream, &wide, RNG_TEST, 1, 1);
    uint64_t word = rng_u64(&stream);
    ck_assert_uint_ne(word, seen[0]);
}
END_TEST

START_TEST(chance_keeps_its_ends)
{
    struct rng rng = {.seed = 3};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (int i = 0; i < 10000; i++) {
        bool never = rng_chance(&stream, 0);
        bool always = rng_chance(&stream, UINT64_MAX);
        ck_assert(!never);
        ck_assert(always);
    }
}
END_TEST

START_TEST(below_and_chance_are_unbiased)
{
    enum { DRAWS = 600000, SIDES = 6 };
    struct rng rng = {.seed = 4};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    unsigned counts[SIDES] = {0};
    unsigned third = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t side = rng_below(&stream, SIDES);
        ck_assert_uint_lt(side, SIDES);
        counts[side]++;
        third += rng_chance(&stream, UINT64_MAX / 3);
    }
    double expected = DRAWS / (double)SIDES;
    for (int i = 0; i < SIDES; i++)
        ck_assert(fabs(counts[i] - expected) < 3.9 * sqrt(expected));
    ck_assert(fabs(third - DRAWS / 3.0) < 3.9 * sqrt(DRAWS * 2.0 / 9.0));
}
END_TEST

CHECK_MAIN("rng", philox_4x64_gives_the_published_vectors,
           philox_4x32_of_the_library_gives_the_published_vector, scheme_gives_its_known_answer,
           every_part_of_a_link_address_gives_other_luck, link_address_keeps_its_parts_apart,
           a_word_drawn_without_a_stream_is_the_first_of_its_stream, open_interval_keeps_its_ends,
           replications_and_seeds_differ, chance_keeps_its_ends, below_and_chance_are_unbiased)
