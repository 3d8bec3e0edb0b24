/* Goal: the pure parts of hypercube messaging agree with slow, obvious versions of themselves.
 * Method: a million random cases or more of each, from fixed seeds; the slow versions are written
 * here from the rules, on strings of bits, plain lists and schoolbook arithmetic. A failure prints
 * the number of its case. */

#include <sodium.h>
#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "models/messaging/hypercube_route.h"
#include "models/messaging/message_fees.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/dice_fixture.h"

enum { MILLION = 1000000 };

/* Check notes the place of every assertion, which costs more than what is tested here. */
#define EXPECT(holds, ...)                                                                         \
    do                                                                                             \
        if (!(holds))                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                             \
    while (0)

/* ---- Routes ---- */

static void write_bits(struct address address, char ret_text[ROUTE_BITS])
{
    for (int i = 0; i < 32; i++)
        ret_text[i] = (uint32_t)address.workchain >> (31 - i) & 1 ? '1' : '0';
    for (int i = 0; i < 64; i++)
        ret_text[32 + i] = address.prefix >> (63 - i) & 1 ? '1' : '0';
}

/* A source, a destination that shares some first bits with it, and a shard that holds the source.
 */
struct journey {
    struct address from, to, shard;
    unsigned depth, digit_bits;
    enum routing routing;
};

static struct journey draw_journey(void)
{
    struct journey journey = {.depth = (unsigned)below(61), .digit_bits = 1 + (unsigned)below(8)};
    journey.routing = below(2) == 0 ? ROUTING_DEPLOYED : ROUTING_PAPER;
    journey.from = (struct address){(int32_t)below(4) - 1, rng_u64(&dice)};
    uint64_t shared = below(65);
    uint64_t mask = shared == 0 ? 0 : UINT64_MAX << (64 - shared);
    journey.to = journey.from;
    journey.to.prefix = (journey.from.prefix & mask) | (rng_u64(&dice) & ~mask);
    if (below(3) == 0)
        journey.to.workchain = (int32_t)below(5) - 1;
    uint64_t tag = UINT64_C(1) << (63 - journey.depth);
    journey.shard = journey.from;
    journey.shard.prefix = (journey.from.prefix & ~(2 * tag - 1)) | tag;
    return journey;
}

static struct route slow_route(const struct journey *journey)
{
    char from[ROUTE_BITS], to[ROUTE_BITS];
    write_bits(journey->from, from);
    write_bits(journey->to, to);
    if (memcmp(from, to, 32 + journey->depth) == 0)
        return (struct route){96, 96};
    if (journey->from.workchain == -1 || journey->to.workchain == -1)
        return (struct route){0, 96};
    bool workchain = memcmp(from, to, 32) != 0;
    if (journey->routing == ROUTING_DEPLOYED && workchain)
        return (struct route){0, 32};
    int start = journey->routing == ROUTING_DEPLOYED ? 32 : 0;
    int digit = (int)journey->digit_bits, end;
    for (;; start = end) {
        end = start + digit < ROUTE_BITS ? start + digit : ROUTE_BITS;
        if (memcmp(from + start, to + start, (size_t)(end - start)) != 0)
            return (struct route){start, end};
    }
}

/* TON-31, TON-33, TON-34, TON-R5, TON-R6, TON-R7. */
START_TEST(routes_are_those_of_strings_of_bits)
{
    throw_dice(777, 1);
    uint32_t seen[4] = {0};
    for (int i = 0; i < 2 * MILLION; i++) {
        struct journey journey = draw_journey();
        struct route slow = slow_route(&journey);
        struct route route = route_find(journey.routing, journey.digit_bits, journey.from,
                                        journey.to, journey.shard, 0);
        EXPECT(route.current_bits == slow.current_bits && route.next_bits == slow.next_bits,
               "case %d: %d, %d and not %d, %d", i, route.current_bits, route.next_bits,
               slow.current_bits, slow.next_bits);
        char from[ROUTE_BITS], to[ROUTE_BITS], next[ROUTE_BITS];
        write_bits(journey.from, from);
        write_bits(journey.to, to);
        write_bits(route_interpolate(journey.from, journey.to, slow.next_bits), next);
        EXPECT(memcmp(next, to, (size_t)slow.next_bits) == 0 &&
                   memcmp(next + slow.next_bits, from + slow.next_bits,
                          (size_t)(ROUTE_BITS - slow.next_bits)) == 0,
               "case %d", i);
        seen[slow.next_bits == 96 ? slow.current_bits == 96 : slow.next_bits == 32 ? 2 : 3]++;
    }
    for (int kind = 0; kind < 4; kind++)
        ck_assert_uint_gt(seen[kind], 10000);
}
END_TEST

/* ---- The merged stream ---- */

enum { QUEUES = 4, ENTRIES = 5 };

struct queues {
    struct merge_queue queues[QUEUES];
    struct merge_entry entries[QUEUES][ENTRIES];
    struct address shard;
};

static void draw_queues(struct queues *all)
{
    all->shard = (struct address){0, UINT64_C(0x6000000000000000)}; /* 01 */
    for (uint32_t q = 0; q < QUEUES; q++) {
        all->queues[q] = (struct merge_queue){.entries = all->entries[q],
                                              .count = (uint32_t)below(ENTRIES + 1),
                                              .limit = (int64_t)below(5) - 1,
                                              .disabled = below(6) == 0};
        for (uint32_t i = 0; i < all->queues[q].count; i++) {
            struct merge_entry *entry = &all->entries[q][i];
            memset(entry, 0, sizeof *entry);
            entry->next.prefix = (1 + below(2)) << 62 | 77;
            entry->next.workchain = below(8) == 0;
            entry->lt = 5 + below(3);
            entry->hash[0] = (unsigned char)below(3);
            entry->hash[31] = (unsigned char)below(3);
        }
    }
}

static bool before(const struct merge_entry *a, const struct merge_entry *b)
{
    if (a->lt != b->lt)
        return a->lt < b->lt;
    for (int i = 0; i < HASH_BYTES; i++)
        if (a->hash[i] != b->hash[i])
            return a->hash[i] < b->hash[i];
    return false;
}

/* The first one in order of those that are left, by looking at all; false: none is. */
static bool slow_next(const struct queues *all, bool taken[QUEUES][ENTRIES], uint32_t *ret_queue,
                      uint32_t *ret_entry)
{
    const struct merge_entry *best = NULL;
    for (uint32_t q = 0; q < QUEUES; q++)
        for (uint32_t i = 0; i < all->queues[q].count && !all->queues[q].disabled; i++) {
            const struct merge_entry *entry = &all->entries[q][i];
            bool here = entry->next.workchain == 0 && entry->next.prefix >> 62 == 1;
            if (!here || taken[q][i] || (best != NULL && !before(entry, best)))
                continue;
            best = entry;
            *ret_queue = q;
            *ret_entry = i;
        }
    return best != NULL;
}

/* TON-R21 to TON-R24: one stream, and once a source has given more than it may, all have. */
START_TEST(merged_streams_are_those_of_looking_at_all)
{
    static struct import_item items[QUEUES * ENTRIES];
    throw_dice(777, 2);
    uint64_t exceeded_cases = 0;
    for (int i = 0; i < MILLION; i++) {
        struct queues all;
        struct merge_result results[QUEUES * ENTRIES];
        struct import_heap heap = {.items = items, .capacity = QUEUES * ENTRIES};
        bool taken[QUEUES][ENTRIES] = {{false}}, exceeded = false;
        int64_t given[QUEUES] = {0};
        draw_queues(&all);
        uint32_t count = import_merge(all.shard, all.queues, QUEUES, &heap, results), n = 0;
        uint32_t queue, entry;
        for (; slow_next(&all, taken, &queue, &entry); n++) {
            taken[queue][entry] = true;
            exceeded |= all.queues[queue].limit >= 0 && given[queue] >= all.queues[queue].limit;
            given[queue]++;
            EXPECT(n < count && results[n].queue == queue && results[n].entry == entry &&
                       results[n].limit_exceeded == exceeded,
                   "case %d, place %u", i, n);
        }
        EXPECT(n == count, "case %d: %u of %u", i, count, n);
        exceeded_cases += exceeded;
    }
    ck_assert_uint_gt(exceeded_cases, MILLION / 10);
}
END_TEST

/* ---- Watermarks ---- */

enum { RECORDS = 64 };

/* Rises with the masterchain's blocks, as every chain's end_lt does. */
static uint64_t end_lt_at(const void *self, struct address current, uint64_t seqno, uint32_t record)
{
    (void)self, (void)record;
    return seqno * 3 + (current.prefix >> 62);
}

struct ledger_of_records { /* all that was ever said, never tidied */
    struct processed_record records[RECORDS];
    uint32_t count;
};

static bool says_processed(const struct processed_record *record,
                           const struct processed_query *query)
{
    int order = memcmp(query->hash, record->last_hash, HASH_BYTES);
    bool position = query->lt < record->last_lt || (query->lt == record->last_lt && order <= 0);
    bool own = query->current.workchain == query->next.workchain &&
               shard_contains(record->shard, query->current.prefix);
    return position && shard_contains(record->shard, query->next.prefix) &&
           (own || query->enqueued_lt < end_lt_at(NULL, query->current, record->seqno, 0));
}

static void ask_both(const struct processed_upto *upto, const struct ledger_of_records *all,
                     int number)
{
    unsigned char hash[HASH_BYTES] = {(unsigned char)below(3)};
    struct processed_query query = {.current = {(int32_t)below(2), below(4) << 62 | 9},
                                    .next = {(int32_t)(below(8) == 0), below(4) << 62 | 5},
                                    .lt = 1 + below(6),
                                    .enqueued_lt = 1 + below(20),
                                    .hash = hash};
    bool slow = false;
    for (uint32_t i = 0; i < all->count; i++)
        slow |= says_processed(&all->records[i], &query);
    slow &= upto->owner.workchain == query.next.workchain &&
            shard_contains(upto->owner.prefix, query.next.prefix);
    EXPECT(processed_already(upto, &query, end_lt_at, NULL) == slow, "case %d", number);
}

static void insert_both(struct processed_upto *upto, struct ledger_of_records *all, uint64_t seqno)
{
    struct processed_record record = {
        .shard = upto->owner.prefix, .seqno = seqno, .last_lt = 1 + below(6)};
    record.last_hash[0] = (unsigned char)below(3);
    SIM_ASSERT(all->count < RECORDS);
    all->records[all->count++] = record;
    EXPECT(processed_insert(upto, seqno, record.last_lt, record.last_hash), "it has a time");
}

/* TON-R29, TON-R30, TON-R57, TON-R58: a list that is tidied, divided and joined says the same as
 * all that was ever said. */
START_TEST(tidied_watermarks_say_what_all_of_them_say)
{
    static struct processed_record left[RECORDS], right[RECORDS];
    const uint64_t whole = UINT64_C(1) << 63, low = whole >> 1;
    throw_dice(777, 3);
    for (int i = 0; i < MILLION / 20; i++) {
        struct ledger_of_records all = {.count = 0};
        struct processed_upto one = {{0, whole}, left, 0, RECORDS};
        struct processed_upto two = {{0, whole + low}, right, 0, RECORDS};
        for (uint64_t seqno = 1; seqno <= 4; seqno++) {
            insert_both(&one, &all, seqno);
            ask_both(&one, &all, i);
        }
        struct ledger_of_records other = all;
        memcpy(right, left, sizeof left);
        two.owner.prefix = whole;
        two.count = one.count;
        processed_split(&one, whole - low);
        processed_split(&two, whole + low);
        for (uint32_t k = 0; k < all.count; k++) { /* narrowed to each half, TON-R57 */
            all.records[k].shard = whole - low;
            other.records[k].shard = whole + low;
        }
        for (uint64_t seqno = 5; seqno <= 8; seqno++) {
            insert_both(&one, &all, seqno);
            insert_both(&two, &other, seqno);
            ask_both(&one, &all, i);
            ask_both(&two, &other, i);
        }
        processed_combine(&one, &two);
        for (uint32_t k = 0; k < other.count; k++)
            all.records[all.count++] = other.records[k];
        for (uint64_t seqno = 9; seqno <= 12; seqno++) {
            ask_both(&one, &all, i);
            insert_both(&one, &all, seqno);
            ask_both(&one, &all, i);
        }
    }
}
END_TEST

/* ---- Merkle trees ---- */

enum { LEAVES = 40 };

static struct merkle_hash slow_root(const struct merkle_hash *leaves, uint32_t count)
{
    struct merkle_hash level[LEAVES];
    memcpy(level, leaves, count * sizeof *leaves);
    while (count > 1) {
        uint32_t above = 0;
        for (uint32_t i = 0; i < count; i += 2) {
            unsigned char text[1 + 2 * MERKLE_HASH_BYTES] = {1};
            memcpy(text + 1, level[i].bytes, MERKLE_HASH_BYTES);
            struct merkle_hash up = level[i];
            if (i + 1 < count) {
                memcpy(text + 1 + MERKLE_HASH_BYTES, level[i + 1].bytes, MERKLE_HASH_BYTES);
                crypto_hash_sha256(up.bytes, text, sizeof text);
            }
            level[above++] = up;
        }
        count = above;
    }
    return level[0];
}

/* TON-39: a proof holds for its own leaf under its own root, and for nothing else. */
START_TEST(merkle_proofs_hold_for_their_leaf_alone)
{
    static struct merkle_hash nodes[4 * LEAVES];
    struct merkle_hash root_before = {{0}};
    uint64_t checks = 0;
    throw_dice(777, 4);
    for (uint32_t number = 0; checks < MILLION; number++) {
        uint32_t count = 1 + (uint32_t)below(LEAVES);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t item[2] = {number, i};
            nodes[i] = merkle_leaf((const unsigned char *)item, sizeof item);
        }
        merkle_build(nodes, count);
        struct merkle_hash root = slow_root(nodes, count);
        ck_assert_mem_eq(&root, &nodes[merkle_node_count(count) - 1], sizeof root);
        for (uint32_t tries = 0; tries < 4 * count; tries++, checks++) {
            uint32_t index = (uint32_t)below(count), other = (uint32_t)below(count);
            struct merkle_proof proof, read;
            unsigned char bytes[MERKLE_PROOF_BYTES_MAX];
            merkle_prove(nodes, count, index, &proof);
            size_t size = merkle_proof_write(&proof, bytes);
            EXPECT(merkle_proof_read(bytes, size, &read), "tree %u", number);
            EXPECT(merkle_verify(&root, &nodes[other], &read) == (other == index),
                   "tree %u, leaf %u, proof of %u", number, other, index);
            if (tries == 0)
                ck_assert(!merkle_verify(&root_before, &nodes[index], &proof));
        }
        root_before = root;
    }
}
END_TEST

/* ---- Fees ---- */

enum { LIMBS = 10 };

struct big { /* base 65536, the lowest first */
    uint32_t limb[LIMBS];
};

static struct big big_of(uint64_t value)
{
    struct big big = {{0}};
    for (int i = 0; i < 4; i++)
        big.limb[i] = (uint32_t)(value >> (16 * i) & 65535);
    return big;
}

static struct big big_add(struct big a, struct big b)
{
    for (int i = 0; i < LIMBS; i++) {
        a.limb[i] += b.limb[i];
        if (i + 1 < LIMBS)
            a.limb[i + 1] += a.limb[i] >> 16;
        a.limb[i] &= 65535;
    }
    return a;
}

static struct big big_times(struct big a, struct big b)
{
    struct big product = {{0}};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++) {
            struct big term = {{0}};
            uint64_t digits = (uint64_t)a.limb[i] * b.limb[k];
            term.limb[i + k] = (uint32_t)(digits & 65535);
            if (i + k + 1 < LIMBS)
                term.limb[i + k + 1] = (uint32_t)(digits >> 16);
            product = big_add(product, term);
        }
    return product;
}

/* Division by 65536 forgets the lowest limb; rounded up where asked. All ones if it is too much. */
static uint64_t big_divide(struct big a, bool up)
{
    struct big result = {{0}};
    memcpy(result.limb, a.limb + 1, sizeof result.limb - sizeof result.limb[0]);
    if (up && a.limb[0] != 0)
        result = big_add(result, big_of(1));
    uint64_t value = 0;
    for (int i = 4; i < LIMBS; i++)
        if (result.limb[i] != 0)
            return UINT64_MAX;
    for (int i = 3; i >= 0; i--)
        value = value << 16 | result.limb[i];
    return value;
}

/* TON-R39 to TON-R43: prices, rounding, division and the sum of all shares. */
START_TEST(fees_are_those_of_schoolbook_arithmetic)
{
    throw_dice(777, 5);
    uint32_t saturated = 0;
    for (int i = 0; i < 2 * MILLION; i++) {
        unsigned width = 1 + (unsigned)below(64);
        struct message_prices prices = {.lump = rng_u64(&dice) >> 1 >> below(63),
                                        .bit = rng_u64(&dice) >> (64 - width),
                                        .cell = rng_u64(&dice) >> below(64),
                                        .instant_factor = (uint32_t)rng_u64(&dice) >> below(32),
                                        .first = (uint16_t)below(65536),
                                        .next = (uint16_t)below(65536)};
        uint64_t bits = below(UINT64_C(1) << 21), cells = below(9000);
        struct big parts = big_add(big_times(big_of(prices.bit), big_of(bits)),
                                   big_times(big_of(prices.cell), big_of(cells)));
        uint64_t size = big_divide(parts, true);
        uint64_t slow = size > UINT64_MAX - prices.lump ? UINT64_MAX : prices.lump + size;
        uint64_t forward = fee_forward(&prices, bits, cells);
        EXPECT(forward == slow, "case %d", i);
        saturated += slow == UINT64_MAX;
        uint64_t instant =
            big_divide(big_times(big_of(forward), big_of(prices.instant_factor)), false);
        EXPECT(fee_instant(&prices, forward) == instant, "case %d", i);
        uint64_t left = forward, first = fee_first(&prices, forward);
        EXPECT(first == big_divide(big_times(big_of(forward), big_of(prices.first)), false),
               "case %d", i);
        left -= first;
        for (int hop = 0; hop < 3; hop++) {
            uint64_t transit = fee_transit(&prices, left);
            EXPECT(transit == big_divide(big_times(big_of(left), big_of(prices.next)), false),
                   "case %d", i);
            EXPECT(transit <= left, "case %d", i);
            left -= transit;
        }
    }
    ck_assert_uint_gt(saturated, 1000);
}
END_TEST

/* ---- Look-back ---- */

/* TON-R51: fewer than c blocks at that position or later, counted over all blocks there were. */
START_TEST(look_back_counts_all_blocks)
{
    enum { BLOCKS = 100 };
    throw_dice(777, 6);
    for (int round = 0; round < MILLION / (2 * BLOCKS); round++) {
        struct memory memory = {0};
        struct hypercube cube = {.config = {.look_back = 1 + (int64_t)below(12)}};
        struct cube_chain chain = {.chain = 1};
        uint64_t positions[BLOCKS], now = 0;
        pool_init(&cube.rings, &memory, "rings", (size_t)cube.config.look_back * sizeof(uint64_t));
        for (uint32_t count = 0; count < BLOCKS; count++) {
            for (int asked = 0; asked < 2; asked++) {
                uint64_t position = now > 30 ? now - 30 + below(40) : below(40);
                int64_t later = 0;
                for (uint32_t i = 0; i < count; i++)
                    later += positions[i] >= position;
                EXPECT(cube_look_back_open(&cube, &chain, position) ==
                           (later < cube.config.look_back),
                       "round %d, block %u", round, count);
            }
            now += below(4);
            positions[count] = now;
            struct block block = {.time_ns = now};
            cube_look_back_note(&cube, &chain, &block);
        }
        pool_destroy(&cube.rings);
    }
}
END_TEST

CHECK_MAIN("pure_oracles", routes_are_those_of_strings_of_bits,
           merged_streams_are_those_of_looking_at_all, tidied_watermarks_say_what_all_of_them_say,
           merkle_proofs_hold_for_their_leaf_alone, fees_are_those_of_schoolbook_arithmetic,
           look_back_counts_all_blocks)
