/* Goal: the digest is the same in every order of rows, and every bit of every field moves it.
 * Method: permutations and merges of seeded rows; single-bit changes; fields that trade places;
 * small numbers; a stored value. */

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
    struct digest base = {0};
    digest_add(&base, &row);
    for (int one = 0; one < WORDS; one++)
        for (int other = 0; other < one; other++) {
            uint64_t words[WORDS];
            memcpy(words, &row, sizeof words);
            uint64_t moved = words[one];
            words[one] = words[other];
            words[other] = moved;
            struct digest_row swapped;
            memcpy(&swapped, words, sizeof swapped);
            struct digest sum = {0};
            digest_add(&sum, &swapped);
            ck_assert_msg(sum.low != base.low && sum.high != base.high, "fields %d and %d", other,
                          one);
        }
}
END_TEST

/* Rows as runs have them: small numbers, all alike. */
static struct digest_row plain_row(uint64_t number)
{
    return (struct digest_row){.key = {.time_ns = 1000 + number, .rank = 17, .sequence = number},
                               .cause_mix = number,
                               .entity = 16 * number + 1,
                               .peer = 16 * number + 33,
                               .subject = number,
                               .place_kind = 6 << 8,
                               .chain_bytes = 64,
                               .value = number};
}

START_TEST(fields_that_trade_rows_are_seen)
{
    for (uint64_t number = 0; number < 1000; number++) {
        struct digest_row row[2] = {plain_row(number), plain_row(number + 1 + number % 7)};
        struct digest base = {0};
        digest_add(&base, &row[0]);
        digest_add(&base, &row[1]);
        for (int field = 0; field < WORDS; field++) {
            uint64_t words[2][WORDS];
            memcpy(words, row, sizeof words);
            uint64_t traded = words[0][field];
            words[0][field] = words[1][field];
            words[1][field] = traded;
            struct digest_row other[2];
            memcpy(other, words, sizeof other);
            struct digest sum = {0};
            digest_add(&sum, &other[0]);
            digest_add(&sum, &other[1]);
            bool same = words[0][field] == words[1][field];
            ck_assert_msg(same == (sum.low == base.low) && same == (sum.high == base.high),
                          "rows %" PRIu64 ", field %d", number, field);
        }
    }
}
END_TEST

/* Of 4096 rows that differ in a small number at one place, about half set any bit: 2048, standard
 * deviation 32. */
START_TEST(small_numbers_set_every_bit_half_the_time)
{
    enum { NUMBERS = 4096, BITS = 128 };
    for (int field = 0; field < WORDS; field++) {
        int set[BITS] = {0};
        for (uint64_t number = 0; number < NUMBERS; number++) {
            struct digest_row row = plain_row(3);
            uint64_t words[WORDS];
            memcpy(words, &row, sizeof words);
            words[field] = number;
            memcpy(&row, words, sizeof row);
            struct digest digest = {0};
            digest_add(&digest, &row);
            for (int bit = 0; bit < BITS; bit++)
                set[bit] += (int)((bit < 64 ? digest.low : digest.high) >> bit % 64 & 1);
        }
        for (int bit = 0; bit < BITS; bit++)
            ck_assert_msg(set[bit] > 2048 - 200 && set[bit] < 2048 + 200,
                          "field %d sets bit %d in %d of %d", field, bit, set[bit], NUMBERS);
    }
}
END_TEST

static uint64_t mix_of(struct order_key key)
{
    return digest_key_of(key.time_ns, key.rank, key.sequence).mix;
}

START_TEST(every_part_of_a_key_moves_its_mix)
{
    struct order_key key = {.time_ns = 5, .rank = 6, .sequence = 7};
    uint64_t base = mix_of(key);
    for (int bit = 0; bit < 64; bit++) {
        for (int part = 0; part < 3; part++) {
            struct order_key changed = key;
            uint64_t *word[] = {&changed.time_ns, &changed.rank, &changed.sequence};
            *word[part] ^= UINT64_C(1) << bit;
            int moved = __builtin_popcountll(mix_of(changed) ^ base);
            ck_assert_msg(moved > 10 && moved < 54, "part %d bit %d moved %d bits", part, bit,
                          moved);
        }
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
        mixes += mix_of(row.key);
    }
    ck_assert_msg(digest.high == UINT64_C(0xb4bc96f609519822) &&
                      digest.low == UINT64_C(0x87a0e4d75c6ca069) &&
                      mixes == UINT64_C(0xe1aed412a50deba7),
                  "now high 0x%016" PRIx64 " low 0x%016" PRIx64 " mixes 0x%016" PRIx64, digest.high,
                  digest.low, mixes);
}
END_TEST

CHECK_MAIN("digest", order_and_grouping_do_not_matter, every_bit_of_every_field_moves_half_the_bits,
           fields_that_change_places_are_seen, fields_that_trade_rows_are_seen,
           small_numbers_set_every_bit_half_the_time, every_part_of_a_key_moves_its_mix,
           value_is_the_same_everywhere)
