/* Goal: a proof is what its block's validators signed, of what the block holds, and nothing else;
 * and the table of instant deliveries knows a message by its whole key. Method: proofs of all
 * leaves of trees of many sizes, each spoilt in every way that the text can be; a plain list beside
 * the table under a million random operations. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { LEAVES_MAX = 40, CHAIN = 77 };

static struct merkle_hash tree[2 * LEAVES_MAX + 64];
static unsigned char items[LEAVES_MAX][HASH_BYTES];
static struct hypercube cube;

static struct block_proof prove(uint32_t leaves, uint32_t index, uint64_t position)
{
    struct block block = {.id = (uint64_t)CHAIN << 32 | 5, .final_ns = 1000};
    struct block_proof proof;
    for (uint32_t i = 0; i < leaves; i++) {
        memset(items[i], (int)(i + leaves), HASH_BYTES);
        tree[i] = merkle_leaf(items[i], HASH_BYTES);
    }
    merkle_build(tree, leaves);
    cube.tree = tree;
    cube_prove(&cube, &block, position, leaves, index, &proof);
    return proof;
}

/* TON-39: a message with a suitable Merkle proof. */
START_TEST(a_proof_of_every_leaf_holds)
{
    for (uint32_t leaves = 1; leaves <= LEAVES_MAX; leaves++)
        for (uint32_t index = 0; index < leaves; index++) {
            struct block_proof proof = prove(leaves, index, 9);
            for (uint32_t other = 0; other < leaves; other++)
                ck_assert_int_eq(cube_proof_check(&cube, &proof, items[other], HASH_BYTES, CHAIN),
                                 other == index ? PROOF_HOLDS : PROOF_WRONG_LEAF);
        }
}
END_TEST

/* TON-39, TON-R51: every bit of what is signed is signed, and the way up is checked. */
START_TEST(a_changed_proof_is_refused_for_its_reason)
{
    for (uint32_t leaves = 1; leaves <= LEAVES_MAX; leaves += 3) {
        const struct block_proof whole = prove(leaves, leaves / 2, 9);
        struct block_proof proof = whole;
        ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN + 1),
                         PROOF_WRONG_BLOCK);
        proof.block += UINT64_C(1) << 32;
        ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                         PROOF_WRONG_BLOCK);
        for (int bit = 0; bit < 256; bit++) {
            unsigned char flip = (unsigned char)(1 << bit % 8);
            proof = whole;
            proof.root.bytes[bit / 8] ^= flip;
            ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                             PROOF_WRONG_SIGNATURE);
            proof = whole;
            proof.signature[bit / 8] ^= flip;
            ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                             PROOF_WRONG_SIGNATURE);
        }
        uint64_t *const words[] = {&proof.block, &proof.final_ns, &proof.position};
        for (int word = 0; word < 3; word++)
            for (int bit = 0; bit < 32; bit++) {
                proof = whole;
                *words[word] ^= UINT64_C(1) << bit;
                ck_assert_int_eq(
                    cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                    PROOF_WRONG_SIGNATURE);
            }
        for (uint32_t byte = 8; byte < whole.proof_bytes; byte++) {
            proof = whole;
            proof.proof[byte] ^= 1;
            ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                             PROOF_WRONG_LEAF);
        }
        proof = whole;
        proof.proof_bytes--;
        ck_assert_int_eq(cube_proof_check(&cube, &proof, items[leaves / 2], HASH_BYTES, CHAIN),
                         PROOF_WRONG_LEAF);
    }
}
END_TEST

/* TON-R51: who signs again vouches for a later time, and for nothing else. */
START_TEST(a_proof_can_be_dated_anew_by_its_signers)
{
    struct block_proof proof = prove(7, 3, 9);
    cube_proof_date(&cube, &proof, 12);
    ck_assert_uint_eq(proof.position, 12);
    ck_assert_int_eq(cube_proof_check(&cube, &proof, items[3], HASH_BYTES, CHAIN), PROOF_HOLDS);
}
END_TEST

enum { KEYS = 64, OPERATIONS = 1000000 };

/* Keys that share their folded value, their prefix or their hash with others. */
static struct instant_key key_of(uint32_t number)
{
    struct instant_key key = {.prefix = number % 8};
    uint64_t head = 1000 - key.prefix; /* head + prefix is the same for all */
    memcpy(key.hash, &head, sizeof head);
    key.hash[31] = (unsigned char)(number / 8 % 4);
    if (number >= 32)
        key.hash[0] ^= 1;
    return key;
}

/* TON-R51: the key is the prefix and the whole hash, 320 bits. */
START_TEST(the_table_agrees_with_a_list)
{
    struct memory memory = {0};
    struct instant_table table;
    struct pool nodes;
    uint32_t slots[KEYS] = {0}, held = 0;
    pool_init(&nodes, &memory, "nodes", sizeof(struct instant_node));
    instant_table_init(&table, &memory);
    const struct rng rng = {.seed = 320, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        uint32_t number = (uint32_t)rng_below(&stream, KEYS);
        struct instant_key key = key_of(number);
        ck_assert_uint_eq(instant_table_find(&table, &nodes, &key), slots[number]);
        ck_assert_uint_eq(instant_table_named(&table, number + 1), slots[number]);
        if (slots[number] != 0) {
            instant_table_remove(&table, &nodes, slots[number]);
            slots[number] = 0;
            held--;
        } else {
            slots[number] = instant_table_add(&table, &nodes, &key, number + 1);
            held++;
        }
        ck_assert_uint_eq(nodes.live, held);
    }
    instant_table_destroy(&table);
    pool_destroy(&nodes);
}
END_TEST

CHECK_MAIN("hypercube_proof", a_proof_of_every_leaf_holds,
           a_changed_proof_is_refused_for_its_reason, a_proof_can_be_dated_anew_by_its_signers,
           the_table_agrees_with_a_list)
