/* Goal: the algebra of tagged prefixes (TON-R3, TON-R4). Method: against a slow version that keeps
 * a shard as a string of '0' and '1', over random shards of all depths; fixed seed. */

#include "models/shard_prefix.h"

#include <string.h>

#include "tests/check_main.h"

enum { SEED = 20260, ROUNDS = 4000 };

static uint64_t random_state = SEED;

/* A 64-bit congruential step with its high half mixed in: enough to pick cases. */
static uint64_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state ^ random_state >> 29;
}

/* The slow version: bits as text, most significant first. */
struct bits {
    char text[65];
};

static struct bits bits_of_prefix(uint64_t prefix, unsigned count)
{
    struct bits bits = {{0}};
    for (unsigned i = 0; i < count; i++)
        bits.text[i] = (prefix >> (63 - i) & 1) ? '1' : '0';
    return bits;
}

static uint64_t shard_of_bits(const char *text)
{
    uint64_t shard = 0;
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] == '1')
            shard |= UINT64_C(1) << (63 - i);
    return shard | UINT64_C(1) << (63 - length);
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* TON-R3 */
START_TEST(tag_follows_the_prefix_bits)
{
    ck_assert_uint_eq(shard_of_prefix(0, 0), SHARD_WHOLE);
    ck_assert_uint_eq(shard_of_prefix(UINT64_MAX, 4), UINT64_C(0xf800000000000000));
    ck_assert_uint_eq(shard_of_prefix(UINT64_C(0x2e8fffffffffffff), 12),
                      UINT64_C(0x2e88000000000000));
    for (uint32_t prefix = 0; prefix < 256; prefix++)
        for (unsigned depth = 8; depth <= 60; depth++) {
            uint64_t expected = (2 * ((uint64_t)prefix << (depth - 8)) + 1) << (63 - depth);
            ck_assert_uint_eq(shard_of_prefix((uint64_t)prefix << 56, depth), expected);
        }
    ck_assert(!shard_valid(0));
    ck_assert(!shard_valid(1));
    ck_assert(!shard_valid(4));
    ck_assert(shard_valid(8));
    ck_assert_uint_eq(shard_depth(8), 60);
    ck_assert_uint_eq(shard_depth(SHARD_WHOLE), 0);
}
END_TEST

/* TON-R4 */
START_TEST(algebra_equals_strings_of_bits)
{
    for (int round = 0; round < ROUNDS; round++) {
        unsigned depth = (unsigned)(next_random() % 61);
        struct bits bits = bits_of_prefix(next_random(), depth);
        uint64_t shard = shard_of_bits(bits.text);
        ck_assert_uint_eq(shard_depth(shard), depth);
        uint64_t inside =
            shard_first(shard) + next_random() % ((shard_last(shard) - shard_first(shard)) | 1);
        uint64_t probe = next_random() % 2 ? next_random() : inside;
        ck_assert_int_eq(shard_contains(shard, probe),
                         starts_with(bits_of_prefix(probe, 64).text, bits.text));
        ck_assert(shard_contains(shard, inside));
        if (depth > 0) {
            struct bits shorter = bits;
            char last = bits.text[depth - 1];
            shorter.text[depth - 1] = last == '1' ? '0' : '1';
            ck_assert_uint_eq(shard_sibling(shard), shard_of_bits(shorter.text));
            shorter.text[depth - 1] = 0;
            ck_assert_uint_eq(shard_parent(shard), shard_of_bits(shorter.text));
        }
        if (depth < 60) {
            struct bits longer = bits;
            longer.text[depth] = '0';
            ck_assert_uint_eq(shard_child(shard, false), shard_of_bits(longer.text));
            longer.text[depth] = '1';
            ck_assert_uint_eq(shard_child(shard, true), shard_of_bits(longer.text));
        }
    }
}
END_TEST

/* TON-R4 */
START_TEST(intersects_when_one_prefix_starts_the_other)
{
    unsigned seen = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t common = next_random();
        struct bits a = bits_of_prefix(common, (unsigned)(next_random() % 20));
        uint64_t other =
            next_random() % 4 ? common ^ next_random() >> (next_random() % 30) : common;
        struct bits b = bits_of_prefix(other, (unsigned)(next_random() % 20));
        bool expected = starts_with(a.text, b.text) || starts_with(b.text, a.text);
        ck_assert_int_eq(shard_intersects(shard_of_bits(a.text), shard_of_bits(b.text)), expected);
        seen += expected;
    }
    ck_assert_uint_gt(seen, ROUNDS / 10);
    ck_assert_uint_lt(seen, ROUNDS - ROUNDS / 10);
}
END_TEST

/* TON-R4: the range of a shard is its two children's, side by side. */
START_TEST(range_is_that_of_the_two_children)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t shard = shard_of_prefix(next_random(), (unsigned)(next_random() % 60));
        uint64_t left = shard_child(shard, false);
        uint64_t right = shard_child(shard, true);
        ck_assert_uint_eq(shard_first(left), shard_first(shard));
        ck_assert_uint_eq(shard_last(left) + 1, shard_first(right));
        ck_assert_uint_eq(shard_last(right), shard_last(shard));
        ck_assert_uint_eq(shard_sibling(left), right);
        ck_assert(!shard_intersects(left, right));
        ck_assert(!shard_contains(shard, shard_last(shard) + 1) || shard == SHARD_WHOLE);
    }
}
END_TEST

START_TEST(heap_index_and_prefix_are_inverse)
{
    ck_assert_uint_eq(shard_heap(SHARD_WHOLE), 1);
    ck_assert_uint_eq(shard_heap(UINT64_C(0x4000000000000000)), 2);
    ck_assert_uint_eq(shard_heap(UINT64_C(0xc000000000000000)), 3);
    for (uint32_t heap = 1; heap < UINT32_C(1) << 21; heap += heap < 5000 ? 1 : 97) {
        uint64_t shard = shard_from_heap(heap);
        ck_assert_uint_eq(shard_heap(shard), heap);
        if (heap > 1)
            ck_assert_uint_eq(shard_heap(shard_parent(shard)), heap / 2);
    }
}
END_TEST

START_TEST(parses_what_it_prints)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t shard = shard_of_prefix(next_random(), (unsigned)(next_random() % 61));
        int32_t workchain = (int32_t)(uint32_t)(next_random() >> 20);
        if (workchain == INT32_MIN)
            continue;
        char text[SHARD_TEXT_BYTES];
        shard_print(workchain, shard, text);
        int32_t workchain_back = 7;
        uint64_t shard_back = 7;
        ck_assert(shard_parse(text, &workchain_back, &shard_back));
        ck_assert_int_eq(workchain_back, workchain);
        ck_assert_uint_eq(shard_back, shard);
    }
    char text[SHARD_TEXT_BYTES];
    shard_print(0, UINT64_C(0x2e8c000000000000), text);
    ck_assert_str_eq(text, "0:2e8c000000000000");
    shard_print(-1, SHARD_WHOLE, text);
    ck_assert_str_eq(text, "-1:8000000000000000");
}
END_TEST

/* TON-R1, TON-R3 */
START_TEST(refuses_what_is_no_shard)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "0:",
                                      ":8000000000000000",
                                      "-:8000000000000000",
                                      "0:800000000000000",
                                      "0:80000000000000000",
                                      "0:0000000000000000",
                                      "0:0000000000000004",
                                      "0:800000000000000g",
                                      "0 :8000000000000000",
                                      "+0:8000000000000000",
                                      "2147483648:8000000000000000",
                                      "-2147483648:8000000000000000",
                                      "99999999999:8000000000000000",
                                      "0x1:8000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int32_t workchain = 77;
        uint64_t shard = 77;
        ck_assert_msg(!shard_parse(bad[i], &workchain, &shard), "%s", bad[i]);
        ck_assert_int_eq(workchain, 77);
        ck_assert_uint_eq(shard, 77);
    }
}
END_TEST

CHECK_MAIN("shard_prefix", tag_follows_the_prefix_bits, algebra_equals_strings_of_bits,
           intersects_when_one_prefix_starts_the_other, range_is_that_of_the_two_children,
           heap_index_and_prefix_are_inverse, parses_what_it_prints, refuses_what_is_no_shard)
