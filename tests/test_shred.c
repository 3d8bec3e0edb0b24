/* Goal: sizes and cuts are those of the rules, and nothing of a block is lost between sets. Method:
 * known sizes; cuts of many block lengths against adding shred after shred. */

#include "models/spread/shred.h"

#include "tests/check_main.h"

/* SOL-R1 */
START_TEST(sizes_are_the_deployed_ones)
{
    ck_assert_uint_eq(shred_bytes(SHRED_DATA), 1203);
    ck_assert_uint_eq(shred_bytes(SHRED_CODE), 1228);
    ck_assert_uint_le(SHRED_CODE_BYTES + SHRED_NONCE_BYTES, SHRED_PACKET_BYTES_MAX);
    ck_assert_uint_eq(shred_payload_bytes(64, false), 963);
    ck_assert_uint_eq(shred_payload_bytes(64, true), 899);
    ck_assert_uint_eq(shred_proof_entries(1), 0);
    ck_assert_uint_eq(shred_proof_entries(33), 6);
    ck_assert_uint_eq(shred_proof_entries(64), 6);
    ck_assert_uint_eq(shred_proof_entries(65), 7);
}
END_TEST

/* SOL-R9 */
START_TEST(sets_have_the_deployed_totals)
{
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 0, false), 0);
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 1, false), 18);
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 32, false), 64);
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 40, false), 80);
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 40, true), 80);
    ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_VARIABLE, 1, true), 64);
    for (uint32_t data = 1; data <= 32; data++) {
        ck_assert_uint_eq(shred_set_total(SHRED_LAYOUT_FIXED, data, data % 2 == 0), 64);
        ck_assert_uint_ge(shred_set_total(SHRED_LAYOUT_VARIABLE, data, false), 2 * data);
    }
}
END_TEST

static void check_plan(enum shred_layout layout, uint64_t bytes, bool last)
{
    struct shred_plan plan = shred_cut(layout, bytes, last);
    uint64_t room = 0, room_but_one = 0;
    uint32_t data = 0, code = 0;
    ck_assert_uint_gt(plan.set_count, 0);
    for (uint32_t i = 0; i < plan.set_count; i++) {
        struct shred_set set = shred_set_at(&plan, i);
        bool tail = i + 1 == plan.set_count;
        uint32_t total = set.data_count + set.code_count;
        ck_assert_uint_eq(set.first_data, data);
        ck_assert_uint_eq(set.first_code, code);
        ck_assert(set.last == (tail && last));
        ck_assert_uint_eq(total, shred_set_total(layout, set.data_count, set.last));
        ck_assert(tail || set.data_count == 32);
        for (uint32_t k = 0; k < set.data_count; k++) {
            struct shred_set found = shred_set_of(&plan, SHRED_DATA, data + k);
            ck_assert_uint_eq(found.first_data, set.first_data);
        }
        for (uint32_t k = 0; k < set.code_count; k++) {
            struct shred_set found = shred_set_of(&plan, SHRED_CODE, code + k);
            ck_assert_uint_eq(found.first_code, set.first_code);
        }
        data += set.data_count;
        code += set.code_count;
        room += (uint64_t)set.data_count * shred_payload_bytes(total, set.last);
        room_but_one = room - shred_payload_bytes(total, set.last);
    }
    ck_assert_uint_eq(plan.data_count, data);
    ck_assert_uint_eq(plan.code_count, code);
    ck_assert_msg(room >= bytes, "%llu bytes do not fit", (unsigned long long)bytes);
    /* A tail of one shred may be empty: the set before it is larger than one that ends a slot. */
    if (layout == SHRED_LAYOUT_VARIABLE && plan.tail_data > 1)
        ck_assert_msg(room_but_one < bytes, "%llu bytes need no %u shreds",
                      (unsigned long long)bytes, data);
}

/* SOL-R9: everything fits, indices run on without a gap, and no shred too many where sizes vary. */
START_TEST(cuts_lose_nothing)
{
    for (uint64_t bytes = 0; bytes < 140000; bytes += bytes < 2000 ? 1 : 331)
        for (unsigned k = 0; k < 4; k++)
            check_plan(k & 1 ? SHRED_LAYOUT_FIXED : SHRED_LAYOUT_VARIABLE, bytes, k & 2);
}
END_TEST

/* SOL-R1: at most 32,768 shreds of a kind. */
START_TEST(blocks_beyond_the_index_limit_are_refused)
{
    uint64_t most = shred_block_bytes_max();
    ck_assert_uint_eq(most, UINT64_C(32) * (1023 * 963 + 899));
    struct shred_plan plan = shred_cut(SHRED_LAYOUT_FIXED, most, true);
    ck_assert_uint_eq(plan.data_count, 32768);
    ck_assert_uint_eq(plan.code_count, 32768);
    ck_assert_uint_eq(shred_cut(SHRED_LAYOUT_FIXED, most + 1, true).set_count, 0);
}
END_TEST

CHECK_MAIN("shred", sizes_are_the_deployed_ones, sets_have_the_deployed_totals, cuts_lose_nothing,
           blocks_beyond_the_index_limit_are_refused)
