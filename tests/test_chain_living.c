/* Goal: whatever is divided and united, every address has exactly one living shard, and chains keep
 * their numbers. Method: random divisions and unions on two workchains, against a plain array that
 * says for each of the smallest regions who holds it; fixed seed. */

#include "models/chain/chain_living.h"

#include "sim/memory.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { DEPTH_MAX = 5, REGIONS = 1 << DEPTH_MAX, STEPS = 4000, WORKCHAINS = 2 };

static void make_layout(struct chain_layout *layout, struct memory *memory)
{
    chain_layout_init(layout, memory, WORKCHAINS, 0, true);
    layout->workchains[0].id = 0;
    layout->workchains[0].tree = shard_tree_even(4);
    layout->workchains[1].id = 5;
    layout->workchains[1].tree = shard_tree_even(3);
    chain_layout_finish(layout);
}

static unsigned depth_of(uint32_t chain)
{
    return 31 - (unsigned)__builtin_clz(chain & 0x1fffff);
}

static void paint(uint32_t *holder, uint32_t chain)
{
    unsigned depth = depth_of(chain);
    uint32_t prefix = (chain & 0x1fffff) ^ (UINT32_C(1) << depth);
    for (uint32_t i = 0; i < UINT32_C(1) << (DEPTH_MAX - depth); i++)
        holder[(prefix << (DEPTH_MAX - depth)) + i] = chain;
}

/* TON-R4, TON-R56, TON-R60 */
START_TEST(living_shards_hold_every_address_once)
{
    const struct rng rng = {.seed = 56, .replication = 0};
    static uint32_t holder[WORKCHAINS][REGIONS];
    struct memory memory = {0};
    struct chain_layout layout;
    struct chain_living living;
    uint32_t divided = 0, united = 0;
    make_layout(&layout, &memory);
    chain_living_init(&living, &layout, &memory, true, 0, DEPTH_MAX);
    for (uint32_t i = 0; i < layout.shard_count; i++) {
        uint32_t chain = chain_layout_chain(&layout, i);
        ck_assert_uint_eq(chain_living_index(&living, chain), i);
        paint(holder[(chain >> 21) - 1], chain);
    }
    for (uint64_t step = 0; step < STEPS; step++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, step, 0);
        uint32_t ordinal = (uint32_t)rng_below(&stream, WORKCHAINS);
        uint32_t chain = holder[ordinal][rng_below(&stream, REGIONS)];
        uint32_t sibling = depth_of(chain) > 0 ? chain_living_sibling(chain) : 0;
        if (rng_below(&stream, 2) == 0 && depth_of(chain) < DEPTH_MAX) {
            chain_living_divide(&living, chain);
            paint(holder[ordinal], chain_living_child(chain, false));
            paint(holder[ordinal], chain_living_child(chain, true));
            divided++;
        } else if (sibling != 0 && chain_living_is(&living, chain_living_index(&living, sibling))) {
            chain_living_unite(&living, chain_living_parent(chain));
            paint(holder[ordinal], chain_living_parent(chain));
            united++;
        }
        uint64_t prefix = rng_u64(&stream);
        ck_assert_uint_eq(chain_living_find(&living, ordinal == 0 ? 0 : 5, prefix),
                          holder[ordinal][prefix >> (64 - DEPTH_MAX)]);
        ck_assert_uint_eq(chain_living_wrong(&living, ordinal + 1), 0);
    }
    ck_assert_uint_gt(divided, 100);
    ck_assert_uint_gt(united, 100);
    for (uint32_t i = 0; i < chain_living_count(&living); i++)
        ck_assert_uint_eq(chain_living_index(&living, chain_living_chain(&living, i)), i);
    ck_assert_uint_eq(chain_living_find(&living, -1, 77), CHAIN_MASTER_ID);
    ck_assert_uint_eq(chain_living_find(&living, 3, 77), 0);
    chain_living_free(&living);
    chain_layout_free(&layout);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* TON-R56: what the property one_shard looks for. */
START_TEST(gaps_and_overlaps_are_counted)
{
    struct memory memory = {0};
    struct chain_layout layout;
    struct chain_living living;
    make_layout(&layout, &memory);
    chain_living_init(&living, &layout, &memory, true, 0, DEPTH_MAX);
    uint32_t chain = chain_layout_chain(&layout, 0);
    living.alive[chain_living_index(&living, chain)] = false;
    ck_assert_uint_eq(chain_living_wrong(&living, 1), REGIONS / 4);
    living.alive[chain_living_index(&living, chain)] = true;
    living.alive[chain_living_index(&living, chain_living_child(chain, true))] = true;
    ck_assert_uint_eq(chain_living_wrong(&living, 1), REGIONS / 8);
    chain_living_free(&living);
    chain_layout_free(&layout);
}
END_TEST

CHECK_MAIN("chain_living", living_shards_hold_every_address_once, gaps_and_overlaps_are_counted)
