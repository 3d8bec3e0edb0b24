/* Goal: the digest is the same in every order of rows, and every bit of every field moves it.
 * Method: permutations and merges of seeded rows; single-bit changes; a stored value. */

#include "tests/check_main.h"

#include <inttypes.h>
#include <string.h>

#include "sim/digest.h"
#include "sim/rng.h"

enum { WORDS = sizeof(struct digest_row) / 8, ROWS = 500 };
_Static_assert(sizeof(struct digest_row) == 80, "ten words without padding");

static struct digest_row row_of(uint64_t item)
{
    struct rng rng = {.seed = 14};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, item);
    uint64_t words[WORDS];
    for (int i = 0; i < WORDS; i++)
        words[i] = rng_u64(&stream);
    struct digest_row row;
    memcpy(&row, words, sizeof row);
    return row;
}

static bool equal(const struct digest *a, const struct digest *b)
{
    return a->low == b->low && a->high == b->high && a->rows == b->rows;
}

START_TEST(order_and_grouping_do_not_matter)
{
    struct digest forward = {0};
    struct digest backward = {0};
    struct digest part[2] = {{0}, {0}};
    for (uint64_t i = 0; i < ROWS; i++) {
        struct digest_row row = row_of(i);
        digest_add(&forward, &row);
        digest_add(&part[i % 3 == 0], &row);
        row = row_of(ROWS - 1 - i);
        digest_add(&backward, &row);
    }
    digest_merge(&part[0], &part[1]);
    ck_assert(equal(&forward, &backward));
    ck_assert(equal(&forward, &part[0]));
    ck_assert_uint_eq(forward.rows, ROWS);
}
END_TEST

START_TEST(every_bit_of_every_field_moves_half_the_bits)
{
    for (uint64_t item = 0; item < 20; item++) {
        struct digest_row row = item == 0 ? (struct digest_row){0} : row_of(item);
        struct digest base = {0};
        digest_add(&base, &row);
        for (int bit = 0; bit < WORDS * 64; bit++) {
            uint64_t words[WORDS];
            memcpy(words, &row, sizeof words);
            words[bit / 64] ^= UINT64_C(1) << (bit % 64);
            struct digest_row changed;
            memcpy(&changed, words, sizeof changed);
            struct digest other = {0};
            digest_add(&other, &changed);
            int moved = __builtin_popcountll(base.low ^ other.low) +
                        __builtin_popcountll(base.high ^ other.high);
            ck_assert_msg(moved > 25 && moved < 103, "item %" PRIu64 " bit %d moved %d bits", item,
                          bit, moved);
        }
    }
}
END_TEST

START_TEST(fields_that_change_places_are_seen)
{
    struct digest_row row = row_of(1);
    struct digest_row swapped = row;
    swapped.entity = row.peer;
    swapped.peer = row.entity;
    struct digest a = {0};
    struct digest b = {0};
    digest_add(&a, &row);
    digest_add(&b, &swapped);
    ck_assert(!equal(&a, &b));
}
END_TEST

START_TEST(every_part_of_a_key_moves_its_mix)
{
    struct order_key key = {.time_ns = 5, .rank = 6, .sequence = 7};
    uint64_t base = digest_mix(&key);
    for (int bit = 0; bit < 64; bit++) {
        struct order_key changed = key;
        changed.time_ns ^= UINT64_C(1) << bit;
        ck_assert_uint_ne(digest_mix(&changed), base);
        changed = key;
        changed.rank ^= UINT64_C(1) << bit;
        ck_assert_uint_ne(digest_mix(&changed), base);
        changed = key;
        changed.sequence ^= UINT64_C(1) << bit;
        ck_assert_uint_ne(digest_mix(&changed), base);
    }
}
END_TEST

START_TEST(value_is_the_same_everywhere)
{
    struct digest digest = {0};
    uint64_t mixes = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        struct digest_row row = row_of(i);
        digest_add(&digest, &row);
        mixes += digest_mix(&row.key);
    }
    ck_assert_msg(digest.high == UINT64_C(0xe8a9ed00451926af) &&
                      digest.low == UINT64_C(0x9cdbf3de238c2b23) &&
                      mixes == UINT64_C(0x54d21744c8d38ce0),
                  "now high 0x%016" PRIx64 " low 0x%016" PRIx64 " mixes 0x%016" PRIx64, digest.high,
                  digest.low, mixes);
}
END_TEST

CHECK_MAIN("digest", order_and_grouping_do_not_matter, every_bit_of_every_field_moves_half_the_bits,
           fields_that_change_places_are_seen, every_part_of_a_key_moves_its_mix,
           value_is_the_same_everywhere)
