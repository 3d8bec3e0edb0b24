/* Goal: the pure parts of hypercube messaging hold for every input, not only for the reference
 * cases. Method: seeded random cases against a slow, obvious version that works on bit strings,
 * and the theory of generalised hypercubes. A failure prints its seed. */

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "models/messaging/hypercube_route.h"
#include "models/messaging/import_order.h"
#include "models/messaging/merkle.h"
#include "models/messaging/processed_upto.h"
#include "tests/check_main.h"

static uint64_t random_state;

static uint64_t draw(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(draw() % n);
}

/* The slow version: an address as a string of 96 characters. */
struct bits {
    char at[ROUTE_BITS];
};

static struct bits to_bits(struct address address)
{
    struct bits bits;
    for (int i = 0; i < 32; i++)
        bits.at[i] = (char)((uint32_t)address.workchain >> (31 - i) & 1);
    for (int i = 0; i < 64; i++)
        bits.at[32 + i] = (char)(address.prefix >> (63 - i) & 1);
    return bits;
}

/* A random partition tree: every shard of depth_max is merged upwards by chance, decided by a hash
 * of the node, so that find_shard needs no table. */
struct tree {
    unsigned depth_max, split_in_8;
    uint64_t salt;
    int32_t workchains; /* 0 .. workchains - 1 exist */
};

static uint64_t locate(const void *self, struct address wanted)
{
    const struct tree *tree = self;
    unsigned depth = 0;
    if (wanted.workchain == ROUTE_MASTERCHAIN)
        return UINT64_C(1) << 63;
    if (wanted.workchain < 0 || wanted.workchain >= tree->workchains)
        return 0;
    while (depth < tree->depth_max) {
        uint64_t node = depth == 0 ? 0 : wanted.prefix >> (64 - depth);
        uint64_t mixed = (node + 1) * UINT64_C(0x9e3779b97f4a7c15) + depth * 77 + tree->salt +
                         (uint64_t)wanted.workchain * 1013;
        mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
        if ((mixed >> 40) % 8 >= tree->split_in_8)
            break;
        depth++;
    }
    uint64_t tag = UINT64_C(1) << (63 - depth);
    return (wanted.prefix & ~(2 * tag - 1)) | tag;
}

static struct address tree_shard(const struct tree *tree, struct address wanted)
{
    return (struct address){wanted.workchain, locate(tree, wanted)};
}

static bool same_shard(struct address a, struct address b)
{
    return a.workchain == b.workchain && a.prefix == b.prefix;
}

/* The paper's rule and the deployed one, walked on bit strings: change the most significant
 * differing digit until the shard is the destination's. Returns the links. */
static unsigned slow_links(enum routing routing, unsigned digit_bits, struct address from,
                           struct address to, const struct tree *tree)
{
    struct bits at = to_bits(from), goal = to_bits(to);
    struct address here = from;
    unsigned links = 0;
    while (!same_shard(tree_shard(tree, here), tree_shard(tree, to))) {
        ck_assert_uint_lt(links, 200);
        int start = 0, end = 0;
        bool master = here.workchain == ROUTE_MASTERCHAIN || to.workchain == ROUTE_MASTERCHAIN;
        if (master) {
            end = ROUTE_BITS;
        } else if (routing == ROUTING_DEPLOYED && here.workchain != to.workchain) {
            end = 32;
        } else {
            int origin = routing == ROUTING_DEPLOYED ? 32 : 0;
            for (start = origin; start < ROUTE_BITS; start += (int)digit_bits) {
                end = start + (int)digit_bits < ROUTE_BITS ? start + (int)digit_bits : ROUTE_BITS;
                if (memcmp(at.at + start, goal.at + start, (size_t)(end - start)) != 0)
                    break;
            }
        }
        memcpy(at.at + start, goal.at + start, (size_t)(end - start));
        here = (struct address){0, 0};
        uint32_t workchain = 0;
        for (int i = 0; i < 32; i++)
            workchain = workchain << 1 | (uint32_t)(unsigned char)at.at[i];
        for (int i = 0; i < 64; i++)
            here.prefix = here.prefix << 1 | (uint64_t)(unsigned char)at.at[32 + i];
        here.workchain = (int32_t)workchain;
        links++;
    }
    return links;
}

static struct address random_address(const struct tree *tree)
{
    int32_t workchain = (int32_t)below((unsigned)tree->workchains + 1) - 1;
    uint64_t prefix = draw();
    return (struct address){workchain, prefix};
}

/* TON-31, 33, 34, 36: every digit width, mixed depths, against the slow version. */
START_TEST(routes_like_the_slow_version_for_every_digit_width)
{
    for (uint64_t seed = 1; seed <= 40000; seed++) {
        random_state = seed;
        struct tree tree = {below(21), 4 + below(5), draw(), 1 + (int32_t)below(3)};
        unsigned digit_bits = 1 + below(8);
        struct address from = random_address(&tree), to = random_address(&tree);
        if (below(3) == 0) /* make long common prefixes likely */
            to.prefix = (from.prefix & ~(UINT64_MAX >> 8)) | (to.prefix >> 8);
        struct route_visit visits[ROUTE_VISITS_MAX];
        unsigned count = route_walk(ROUTING_DEPLOYED, digit_bits, from, to, locate, &tree, visits);
        unsigned slow = slow_links(ROUTING_DEPLOYED, digit_bits, from, to, &tree);
        ck_assert_msg(count == slow + 1, "seed %llu: %u visits, %u links", (unsigned long long)seed,
                      count, slow);
        unsigned depth = shard_depth(tree_shard(&tree, to).prefix);
        ck_assert_msg(route_links(ROUTING_DEPLOYED, digit_bits, from, to, depth) == slow,
                      "seed %llu", (unsigned long long)seed);
        bool across = from.workchain != to.workchain;
        ck_assert_uint_le(slow,
                          route_links_max(ROUTING_DEPLOYED, digit_bits, tree.depth_max, across) +
                              (tree.depth_max == 0 && across ? 1 : 0));
        for (unsigned i = 0; i + 1 < count; i++) {
            struct address a = visits[i].shard, b = visits[i + 1].shard;
            ck_assert_msg(!same_shard(a, b) && route_neighbours(digit_bits, a, b) &&
                              route_neighbours(digit_bits, b, a),
                          "seed %llu: hop %u leaves the hypercube", (unsigned long long)seed, i);
            ck_assert(route_valid(ROUTING_DEPLOYED, digit_bits, from, to, visits[i].route, a, b));
            struct route wrong = visits[i].route;
            wrong.next_bits++; /* TON-R10: other bit counts are refused */
            ck_assert(wrong.next_bits > ROUTE_BITS ||
                      !route_valid(ROUTING_DEPLOYED, digit_bits, from, to, wrong, a, b));
        }
    }
}
END_TEST

/* TON-31, 33: the paper read literally, in one workchain and between workchains that exist. */
START_TEST(routes_the_paper_like_the_slow_version)
{
    for (uint64_t seed = 1; seed <= 40000; seed++) {
        random_state = seed;
        struct tree tree = {below(21), 4 + below(5), draw(), 1};
        unsigned digit_bits = 1 + below(8);
        struct address from = random_address(&tree), to = random_address(&tree);
        struct route_visit visits[ROUTE_VISITS_MAX];
        unsigned count = route_walk(ROUTING_PAPER, digit_bits, from, to, locate, &tree, visits);
        unsigned slow = slow_links(ROUTING_PAPER, digit_bits, from, to, &tree);
        ck_assert_msg(count == slow + 1, "seed %llu", (unsigned long long)seed);
        ck_assert_uint_eq(route_links(ROUTING_PAPER, digit_bits, from, to,
                                      shard_depth(tree_shard(&tree, to).prefix)),
                          slow);
        for (unsigned i = 0; i + 1 < count; i++) {
            ck_assert(route_paper_neighbours(digit_bits, visits[i].shard, visits[i + 1].shard));
            ck_assert(route_valid(ROUTING_PAPER, digit_bits, from, to, visits[i].route,
                                  visits[i].shard, visits[i + 1].shard));
        }
    }
}
END_TEST

/* TON-36: mean links over all pairs = d (q - 1) / q, the theory of generalised hypercubes. */
START_TEST(mean_links_are_those_of_the_hypercube)
{
    for (unsigned digit_bits = 1; digit_bits <= 4; digit_bits++) {
        unsigned digits = 8 / digit_bits;
        struct tree tree = {digits * digit_bits, 8, 1, 1};
        uint64_t shards = UINT64_C(1) << tree.depth_max, sum = 0, longest = 0;
        for (uint64_t a = 0; a < shards; a++)
            for (uint64_t b = 0; b < shards; b++) {
                struct address from = {0, a << (64 - tree.depth_max)};
                struct address to = {0, b << (64 - tree.depth_max)};
                unsigned links =
                    route_links(ROUTING_DEPLOYED, digit_bits, from, to, tree.depth_max);
                sum += links;
                longest = links > longest ? links : longest;
            }
        uint64_t q = UINT64_C(1) << digit_bits;
        ck_assert_uint_eq(sum * q, shards * shards * digits * (q - 1));
        ck_assert_uint_eq(longest, digits);
    }
}
END_TEST

/* TON-36: the paper's bound is on balanced trees: N = 250, 4000 and a million. */
START_TEST(intermediates_stay_within_the_papers_bound)
{
    ck_assert_uint_eq(route_links_max(ROUTING_DEPLOYED, 4, 8, false) - 1, 1);
    ck_assert_uint_eq(route_links_max(ROUTING_DEPLOYED, 4, 12, false) - 1, 2);
    ck_assert_uint_eq(route_links_max(ROUTING_DEPLOYED, 4, 20, false) - 1, 4);
    ck_assert_uint_eq(route_links_max(ROUTING_DEPLOYED, 4, 20, true), 6);
}
END_TEST

/* TON-54, 56: straight to the masterchain and back, never through it. */
START_TEST(masterchain_is_one_hop_and_never_on_the_way)
{
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        random_state = seed;
        struct tree tree = {12, 8, draw(), 3};
        struct address from = {(int32_t)below(3), draw()}, to = {(int32_t)below(3), draw()};
        struct address master = {ROUTE_MASTERCHAIN, draw()};
        struct route_visit visits[ROUTE_VISITS_MAX];
        ck_assert_uint_eq(route_walk(ROUTING_DEPLOYED, 4, from, master, locate, &tree, visits), 2);
        ck_assert_uint_eq(route_walk(ROUTING_DEPLOYED, 4, master, to, locate, &tree, visits), 2);
        unsigned count = route_walk(ROUTING_DEPLOYED, 4, from, to, locate, &tree, visits);
        for (unsigned i = 0; i < count; i++)
            ck_assert_int_ne(visits[i].shard.workchain, ROUTE_MASTERCHAIN);
    }
}
END_TEST

START_TEST(paper_walk_stops_at_a_workchain_that_does_not_exist)
{
    struct tree tree = {4, 8, 1, 2};
    struct address from = {0, 0}, to = {0x10000, 0};
    struct route_visit visits[ROUTE_VISITS_MAX];
    ck_assert_uint_eq(route_walk(ROUTING_PAPER, 4, from, to, locate, &tree, visits), 0);
}
END_TEST

/* TON-46: the heap gives back sorted what it got in any order. */
START_TEST(heap_pops_in_order)
{
    static struct import_item items[600];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        struct import_heap heap = {items, 0, 600};
        unsigned count = 1 + below(500);
        for (unsigned i = 0; i < count; i++) {
            unsigned char hash[HASH_BYTES];
            for (unsigned k = 0; k < HASH_BYTES; k++)
                hash[k] = (unsigned char)below(3);
            struct import_item item = {import_key_deployed(below(40), hash), i};
            if (below(2) == 0)
                item.key = import_key_paper(below(3), below(3), below(3), i);
            import_heap_push(&heap, &item);
        }
        struct import_item last = import_heap_pop(&heap);
        for (unsigned i = 1; i < count; i++) {
            struct import_item next = import_heap_pop(&heap);
            int order = import_key_compare(&last.key, &next.key);
            ck_assert_msg(order < 0 || (order == 0 && last.slot < next.slot), "seed %llu",
                          (unsigned long long)seed);
            last = next;
        }
        ck_assert_uint_eq(heap.count, 0);
    }
}
END_TEST

/* TON-46: older masterchain reference first, then the neighbour's own order (TON-29). */
START_TEST(paper_order_is_by_age_then_stream)
{
    struct import_key older = import_key_paper(3, 900, 9, 50), newer = import_key_paper(4, 1, 1, 1);
    ck_assert_int_lt(import_key_compare(&older, &newer), 0);
    struct import_key first = import_key_paper(3, 1, 9, 50), second = import_key_paper(3, 2, 9, 51);
    ck_assert_int_lt(import_key_compare(&first, &second), 0);
    struct import_key early = import_key_paper(0, 5, 9, 2), late = import_key_paper(0, 6, 1, 1);
    ck_assert_int_lt(import_key_compare(&early, &late), 0);
}
END_TEST

enum { LEAVES_MAX = 70 };

static uint32_t random_tree(struct merkle_hash *nodes)
{
    uint32_t leaves = 1 + below(LEAVES_MAX);
    for (uint32_t i = 0; i < leaves; i++) {
        uint64_t item = draw();
        nodes[i] = merkle_leaf((const unsigned char *)&item, sizeof item);
    }
    ck_assert_uint_le(merkle_node_count(leaves), 2 * LEAVES_MAX + 8);
    merkle_build(nodes, leaves);
    return leaves;
}

/* TON-39, 43 */
START_TEST(merkle_proofs_hold_and_any_flipped_bit_breaks_them)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        random_state = seed;
        struct merkle_hash nodes[2 * LEAVES_MAX + 8];
        uint32_t leaves = random_tree(nodes);
        const struct merkle_hash *root = &nodes[merkle_node_count(leaves) - 1];
        for (uint32_t i = 0; i < leaves; i++) {
            struct merkle_proof proof, again;
            merkle_prove(nodes, leaves, i, &proof);
            ck_assert(merkle_verify(root, &nodes[i], &proof));
            unsigned char bytes[MERKLE_PROOF_BYTES_MAX];
            size_t count = merkle_proof_write(&proof, bytes);
            ck_assert(merkle_proof_read(bytes, count, &again));
            ck_assert(merkle_verify(root, &nodes[i], &again));
            ck_assert(!merkle_proof_read(bytes, count - 1, &again));
            size_t at = below((unsigned)count);
            bytes[at] = (unsigned char)(bytes[at] ^ 1U << below(8));
            bool read = merkle_proof_read(bytes, count, &again);
            ck_assert_msg(!read || !merkle_verify(root, &nodes[i], &again) ||
                              again.leaf_count != leaves,
                          "seed %llu", (unsigned long long)seed);
            struct merkle_hash forged = nodes[i];
            forged.bytes[below(32)] ^= 1;
            ck_assert(!merkle_verify(root, &forged, &proof));
        }
    }
}
END_TEST

START_TEST(merkle_inner_node_is_no_leaf)
{
    struct merkle_hash nodes[3] = {merkle_leaf((const unsigned char *)"a", 1),
                                   merkle_leaf((const unsigned char *)"b", 1)};
    merkle_build(nodes, 2);
    unsigned char both[64];
    memcpy(both, nodes, sizeof both);
    struct merkle_hash as_leaf = merkle_leaf(both, sizeof both);
    ck_assert_int_ne(memcmp(&as_leaf, &nodes[2], sizeof as_leaf), 0);
}
END_TEST

/* TON-10, 39: every field of a message is under its hash. */
START_TEST(message_hash_covers_every_fixed_field)
{
    struct envelope base = {.id = 1};
    unsigned char expected[HASH_BYTES], got[HASH_BYTES];
    message_hash(&base, 7, expected);
    struct envelope changed[11];
    for (unsigned i = 0; i < 11; i++)
        changed[i] = base;
    changed[0].id = 2;
    changed[1].tx = 1;
    changed[2].from.workchain = 1;
    changed[3].from.prefix = 1;
    changed[4].to.workchain = 1;
    changed[5].to.prefix = 1;
    changed[6].value = 1;
    changed[7].bytes = 1;
    changed[8].layer = 1;
    changed[9].kind = 1;
    changed[10].body[15] = 1;
    for (unsigned i = 0; i < 11; i++) {
        message_hash(&changed[i], 7, got);
        ck_assert_msg(memcmp(got, expected, HASH_BYTES) != 0, "field %u", i);
    }
    message_hash(&base, 8, got);
    ck_assert_int_ne(memcmp(got, expected, HASH_BYTES), 0);
    base.first_committed_ns = 5; /* changes on the way: not part of it */
    message_hash(&base, 7, got);
    ck_assert_int_eq(memcmp(got, expected, HASH_BYTES), 0);
}
END_TEST

static uint64_t history_end_lt(const void *self, struct address current, uint64_t seqno,
                               uint32_t record)
{
    (void)current;
    (void)record;
    return ((const uint64_t *)self)[seqno];
}

/* TON-48 by watermarks: an importer that takes a prefix of what it sees in each block and asks the
 * watermark about everything gives each message exactly once, whatever arrives late. */
START_TEST(watermarks_process_every_message_exactly_once)
{
    enum { BLOCKS = 30, MESSAGES_MAX = 200 };
    for (uint64_t seed = 1; seed <= 300; seed++) {
        random_state = seed;
        struct processed_record records[64];
        struct processed_upto upto = {{0, UINT64_C(1) << 63 | UINT64_C(1) << 62}, records, 0, 64};
        uint64_t end_lt[BLOCKS + 1] = {0};
        uint64_t lt[MESSAGES_MAX], enqueued[MESSAGES_MAX];
        unsigned char hash[MESSAGES_MAX][HASH_BYTES], times[MESSAGES_MAX] = {0};
        unsigned count = 0;
        uint64_t source_lt = 0;
        for (unsigned block = 1; block <= BLOCKS; block++) {
            uint64_t start = (source_lt / 1000 + 1) * 1000;
            source_lt = start + 1;
            for (unsigned made = below(8); made > 0 && block < BLOCKS; made--, count++) {
                bool transit = below(3) == 0;
                lt[count] = transit ? below((unsigned)start) : ++source_lt;
                enqueued[count] = transit ? start : lt[count];
                for (unsigned i = 0; i < HASH_BYTES; i++)
                    hash[count][i] = (unsigned char)draw();
            }
            source_lt++;
            end_lt[block] = source_lt;
            unsigned room = block == BLOCKS ? MESSAGES_MAX : below(10);
            uint64_t last_lt = 0;
            unsigned char last_hash[HASH_BYTES] = {0};
            for (; room > 0; room--) { /* the smallest one not yet processed */
                unsigned best = count;
                for (unsigned i = 0; i < count; i++) {
                    struct processed_query query = {
                        {0, 1}, {0, upto.owner.prefix}, lt[i], enqueued[i], hash[i]};
                    bool skip = processed_already(&upto, &query, history_end_lt, end_lt);
                    skip |= lt[i] < last_lt ||
                            (lt[i] == last_lt && memcmp(hash[i], last_hash, HASH_BYTES) <= 0);
                    if (!skip &&
                        (best == count || lt[i] < lt[best] ||
                         (lt[i] == lt[best] && memcmp(hash[i], hash[best], HASH_BYTES) < 0)))
                        best = i;
                }
                if (best == count)
                    break;
                times[best]++;
                last_lt = lt[best];
                memcpy(last_hash, hash[best], HASH_BYTES);
            }
            if (last_lt > 0)
                processed_insert(&upto, block, last_lt, last_hash);
        }
        for (unsigned i = 0; i < count; i++)
            ck_assert_msg(times[i] == 1, "seed %llu: message %u %u times", (unsigned long long)seed,
                          i, times[i]);
    }
}
END_TEST

CHECK_MAIN("hypercube_pure", routes_like_the_slow_version_for_every_digit_width,
           routes_the_paper_like_the_slow_version, mean_links_are_those_of_the_hypercube,
           intermediates_stay_within_the_papers_bound, masterchain_is_one_hop_and_never_on_the_way,
           paper_walk_stops_at_a_workchain_that_does_not_exist, heap_pops_in_order,
           paper_order_is_by_age_then_stream, merkle_proofs_hold_and_any_flipped_bit_breaks_them,
           merkle_inner_node_is_no_leaf, message_hash_covers_every_fixed_field,
           watermarks_process_every_message_exactly_once)
