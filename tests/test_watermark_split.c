/* Goal: dividing and uniting watermarks (TON-R57, TON-R58) changes no answer to the question
 * whether a message was processed. Method: random lists of records, and every answer of the list
 * before against that of the list after; fixed seed. The one answer that may change is about
 * messages between the two halves: as long as they are one shard they are its own, and need no
 * masterchain block to be seen. */

#include <string.h>

#include "models/messaging/processed_upto.h"
#include "models/shard_prefix.h"

#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/dice_fixture.h"

enum { CASES = 4000, QUERIES = 40, RECORDS_MAX = 12, LT_MAX = 200, SEQNO_MAX = 20 };

/* Later masterchain blocks show more. */
static uint64_t end_lt(const void *self, struct address current, uint64_t seqno, uint32_t record)
{
    (void)self, (void)record;
    return seqno * 10 + (current.prefix >> 62);
}

static struct processed_upto draw_list(struct processed_record *room, uint64_t owner)
{
    struct processed_upto upto = {
        .owner = {0, owner}, .records = room, .capacity = 2 * RECORDS_MAX};
    uint32_t count = (uint32_t)below(RECORDS_MAX / 2);
    for (uint32_t i = 0; i < count; i++) {
        unsigned depth = shard_depth(owner) + (unsigned)below(3);
        uint64_t inside =
            shard_first(owner) | (rng_u64(&dice) & (shard_last(owner) - shard_first(owner)));
        room[i] = (struct processed_record){.shard = shard_of_prefix(inside, depth),
                                            .seqno = 1 + below(SEQNO_MAX),
                                            .last_lt = 1 + below(LT_MAX)};
        memset(room[i].last_hash, (int)below(256), HASH_BYTES);
    }
    upto.count = count;
    processed_compactify(&upto);
    return upto;
}

struct question {
    struct processed_query query;
    unsigned char hash[HASH_BYTES];
};

static void draw_question(struct question *question, uint64_t next_in)
{
    uint64_t next =
        shard_first(next_in) | (rng_u64(&dice) & (shard_last(next_in) - shard_first(next_in)));
    question->query = (struct processed_query){.current = {(int32_t)below(2), rng_u64(&dice)},
                                               .next = {0, next},
                                               .lt = 1 + below(LT_MAX),
                                               .hash = question->hash};
    question->query.enqueued_lt = question->query.lt + below(40);
    memset(question->hash, (int)below(256), HASH_BYTES);
}

static uint64_t draw_shard(void)
{
    return shard_of_prefix(rng_u64(&dice), 1 + (unsigned)below(4));
}

/* TON-R57, TON-R29 */
START_TEST(a_half_answers_as_the_whole_did)
{
    struct processed_record room[2 * RECORDS_MAX], rooms[2 * RECORDS_MAX];
    uint32_t yes = 0, between = 0;
    for (uint64_t i = 0; i < CASES; i++) {
        throw_dice(57, i);
        uint64_t parent = draw_shard(), child = shard_child(parent, below(2) == 1);
        struct processed_upto whole = draw_list(room, parent), half = whole;
        memcpy(rooms, room, sizeof room);
        half.records = rooms;
        processed_split(&half, child);
        ck_assert_uint_eq(half.owner.prefix, child);
        for (int k = 0; k < QUERIES; k++) {
            struct question question;
            draw_question(&question, child);
            bool before = processed_already(&whole, &question.query, end_lt, NULL);
            bool after = processed_already(&half, &question.query, end_lt, NULL);
            bool from_sibling = question.query.current.workchain == 0 &&
                                shard_contains(shard_sibling(child), question.query.current.prefix);
            ck_assert_msg(!after || before, "case %lu claims more than before", (unsigned long)i);
            ck_assert_msg(after == before || from_sibling, "case %lu forgets", (unsigned long)i);
            yes += after;
            between += after != before;
        }
    }
    ck_assert_uint_gt(yes, CASES);
    ck_assert_uint_gt(between, 100);
}
END_TEST

/* TON-R58, TON-R29 */
START_TEST(the_whole_answers_as_each_half_did)
{
    struct processed_record rooms[2][2 * RECORDS_MAX], copy[2 * RECORDS_MAX];
    uint32_t yes = 0;
    for (uint64_t i = 0; i < CASES; i++) {
        throw_dice(58, i);
        uint64_t parent = draw_shard();
        struct processed_upto halves[2];
        for (int side = 0; side < 2; side++)
            halves[side] = draw_list(rooms[side], shard_child(parent, side == 1));
        struct processed_upto whole = halves[0];
        memcpy(copy, rooms[0], sizeof copy);
        whole.records = copy;
        processed_combine(&whole, &halves[1]);
        ck_assert_uint_eq(whole.owner.prefix, parent);
        for (int k = 0; k < QUERIES; k++) {
            struct question question;
            int side = (int)below(2);
            draw_question(&question, shard_child(parent, side == 1));
            bool before = processed_already(&halves[side], &question.query, end_lt, NULL);
            bool after = processed_already(&whole, &question.query, end_lt, NULL);
            ck_assert_msg(after == before, "case %lu", (unsigned long)i);
            yes += after;
        }
    }
    ck_assert_uint_gt(yes, CASES);
}
END_TEST

CHECK_MAIN("watermark_split", a_half_answers_as_the_whole_did, the_whole_answers_as_each_half_did)
