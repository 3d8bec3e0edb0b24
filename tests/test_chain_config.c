/* Goal: the section "chain" accepts what makes a partition of addresses and names what does not
 * (TON-6), and the layout's numbers are those of the rules. Method: configs by hand, diagnostics
 * compared by code, pointer and words; find against a linear search. */

#include "models/chain/chain_config.h"

#include <string.h>

#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/rng.h"
#include "tests/check_main.h"

static struct chain_config good(void)
{
    struct chain_config config = {.shards = 4, .block_interval_ns = 1000000000};
    config.masterchain.present = 1;
    config.block_limit =
        (struct limit_config){.gas = 1000,
                              .bytes = 1000,
                              .bytes_steps = {131072, 524288, 1048576}, /* the defaults */
                              .gas_steps = {2000000, 10000000, 20000000},
                              .lt_steps = {1000, 5000, 10000}};
    return config;
}

static int make(const struct chain_config *config, struct diagnostics *diagnostics,
                struct memory *memory, struct chain_layout *ret_layout)
{
    *diagnostics = (struct diagnostics){0};
    *memory = (struct memory){0};
    return chain_config_layout(config, "/chain", memory, diagnostics, ret_layout);
}

/* Asserts that the config is refused with exactly one diagnostic, of this code and place. */
static void assert_refused(const struct chain_config *config, const char *code, const char *pointer,
                           const char *words)
{
    struct diagnostics diagnostics;
    struct memory memory;
    struct chain_layout layout;
    ck_assert_int_eq(make(config, &diagnostics, &memory, &layout), -1);
    ck_assert_uint_eq(diagnostics.errors, 1);
    ck_assert_str_eq(diagnostics.list[0].code, code);
    ck_assert_str_eq(diagnostics.list[0].pointer, pointer);
    ck_assert_msg(strstr(diagnostics.list[0].problem, words), "%s", diagnostics.list[0].problem);
    ck_assert_uint_eq(memory.used_bytes, 0);
    diagnostics_free(&diagnostics);
}

static void set_prefixes(struct chain_config *config, const char *const *texts, uint32_t count)
{
    config->shards = 0;
    config->prefixes = (struct param_list){.items = (void *)(uintptr_t)texts, .count = count};
}

START_TEST(prefixes_that_are_a_partition_are_taken_in_any_order)
{
    const char *const texts[] = {"c000000000000000", "6000000000000000", "2000000000000000"};
    struct chain_config config = good();
    struct diagnostics diagnostics;
    struct memory memory;
    struct chain_layout layout;
    set_prefixes(&config, texts, 3);
    ck_assert_int_eq(make(&config, &diagnostics, &memory, &layout), 0);
    ck_assert_uint_eq(layout.shard_count, 3);
    ck_assert_uint_eq(chain_layout_chain(&layout, 0), 1U << 21 | 4);
    ck_assert_uint_eq(chain_layout_chain(&layout, 1), 1U << 21 | 5);
    ck_assert_uint_eq(chain_layout_chain(&layout, 2), 1U << 21 | 3);
    ck_assert_uint_eq(chain_layout_find(&layout, 0, UINT64_C(0x5fffffffffffffff)), 1U << 21 | 5);
    chain_layout_free(&layout);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(gaps_and_overlaps_name_the_prefix)
{
    const char *const gap[] = {"c000000000000000", "2000000000000000"};
    const char *const end[] = {"4000000000000000", "a000000000000000"};
    const char *const twice[] = {"4000000000000000", "c000000000000000", "4000000000000000"};
    const char *const inside[] = {"4000000000000000", "c000000000000000", "e000000000000000"};
    struct chain_config config = good();
    set_prefixes(&config, gap, 2);
    assert_refused(&config, "E310", "/chain/prefixes/0",
                   "4000000000000000 to 7fffffffffffffff, before shard c000000000000000");
    set_prefixes(&config, end, 2);
    assert_refused(&config, "E310", "/chain/prefixes/1",
                   "c000000000000000 to ffffffffffffffff, after shard a000000000000000");
    set_prefixes(&config, twice, 3);
    assert_refused(&config, "E310", "/chain/prefixes/2", "overlaps shard 4000000000000000");
    set_prefixes(&config, inside, 3);
    assert_refused(&config, "E310", "/chain/prefixes/2", "overlaps shard c000000000000000");
}
END_TEST

START_TEST(texts_that_are_no_shard_are_refused)
{
    const char *const bad[] = {"8000000000000000", "xyz"};
    const char *const deep[] = {"0000020000000000"};
    struct chain_config config = good();
    set_prefixes(&config, bad, 2);
    assert_refused(&config, "E203", "/chain/prefixes/1", "\"xyz\"");
    set_prefixes(&config, deep, 1);
    assert_refused(&config, "E203", "/chain/prefixes/0", "22 prefix bits");
}
END_TEST

START_TEST(slots_that_consensus_outlasts_are_warned_of)
{
    const struct {
        int64_t delay_ns, clock;
        const char *words; /* NULL: no warning */
    } rows[] = {{999999999, CLOCK_PERIODIC, NULL},
                {1000000000, CLOCK_PERIODIC, "one slot of 2"},
                {2500000000, CLOCK_ALIGNED, "one slot of 3"},
                {2500000000, CLOCK_ON_DEMAND, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct validator_config collective = {.consensus_delay_ns = rows[i].delay_ns};
        struct chain_config config = good();
        config.validators.config = &collective;
        config.clock = rows[i].clock;
        struct diagnostics diagnostics = {0};
        chain_config_check(&config, "/chain", &diagnostics);
        ck_assert_uint_eq(diagnostics.errors, 0);
        ck_assert_uint_eq(diagnostics.count, rows[i].words != NULL);
        if (rows[i].words)
            ck_assert_msg(strstr(diagnostics.list[0].problem, rows[i].words), "%s",
                          diagnostics.list[0].problem);
        diagnostics_free(&diagnostics);
    }
}
END_TEST

START_TEST(rules_between_fields_are_checked)
{
    const char *const whole[] = {"8000000000000000"};
    struct chain_workchain_config workchains[2] = {{.id = 0, .shards = 2}, {.id = 7, .shards = 3}};
    struct chain_config config = good();
    config.workchains = (struct param_list){.items = workchains, .count = 2};
    assert_refused(&config, "E310", "/chain/workchains", "both");
    config.shards = 0;
    workchains[1].id = 0;
    assert_refused(&config, "E310", "/chain/workchains/1/id", "twice");
    workchains[1].id = -1;
    assert_refused(&config, "E310", "/chain/workchains/1/id", "masterchain");
    workchains[1] = (struct chain_workchain_config){.id = 3};
    assert_refused(&config, "E310", "/chain/workchains/1", "without shards");
    config = good();
    set_prefixes(&config, whole, 1);
    config.shards = 2;
    assert_refused(&config, "E310", "/chain/shards", "2 shards, but 1");
    config = good();
    config.drop_every = 1;
    assert_refused(&config, "E310", "/chain/drop_every", "every block");
    config = good();
    config.visibility = VISIBLE_BY_MASTERCHAIN;
    config.masterchain.present = 0;
    assert_refused(&config, "E310", "/chain/visibility", "there is none");
    config = good();
    config.masterchain.block_interval_ns = 5;
    assert_refused(&config, "E310", "/chain/masterchain/block_interval", "short");
}
END_TEST

static uint32_t find_slowly(const struct chain_layout *layout, int32_t workchain, uint64_t prefix)
{
    for (uint32_t i = 0; i < chain_layout_count(layout); i++) {
        int32_t its_workchain;
        uint64_t its_shard;
        uint32_t chain = chain_layout_chain(layout, i);
        chain_layout_prefix(layout, chain, &its_workchain, &its_shard);
        if (its_workchain == workchain && shard_contains(its_shard, prefix))
            return chain;
    }
    return 0;
}

/* TON-R1, TON-6: several workchains, in the order of the scenario, found by any address. */
START_TEST(several_workchains_are_found_like_linear_search)
{
    const char *const halves[] = {"c000000000000000", "4000000000000000"};
    struct chain_workchain_config workchains[] = {
        {.id = 5, .shards = 6},
        {.id = -2, .prefixes = {.items = (void *)(uintptr_t)halves, .count = 2}},
        {.id = 2147483647, .shards = 1},
        {.id = 0, .shards = 250}};
    struct chain_config config = good();
    struct diagnostics diagnostics;
    struct memory memory;
    struct chain_layout layout;
    const struct rng rng = {.seed = 2, .replication = 0};
    config.shards = 0;
    config.workchains = (struct param_list){.items = workchains, .count = 4};
    ck_assert_int_eq(make(&config, &diagnostics, &memory, &layout), 0);
    ck_assert_uint_eq(layout.shard_count, 6 + 2 + 1 + 250);
    for (uint32_t i = 0; i < chain_layout_count(&layout); i++)
        ck_assert_uint_eq(chain_layout_index(&layout, chain_layout_chain(&layout, i)), i);
    ck_assert_uint_eq(chain_layout_chain(&layout, 6) >> 21, 2);
    ck_assert_uint_eq(chain_layout_find(&layout, -1, 77), 1);
    for (uint64_t i = 0; i < 500; i++) {
        static const int32_t ids[] = {5, -2, 2147483647, 0, -1, 1, 6, -3, -2147483647};
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint64_t prefix = rng_u64(&stream);
        int32_t id = ids[i % (sizeof ids / sizeof ids[0])];
        ck_assert_uint_eq(chain_layout_find(&layout, id, prefix), find_slowly(&layout, id, prefix));
    }
    chain_layout_free(&layout);
}
END_TEST

START_TEST(no_shards_means_no_chain_and_no_masterchain)
{
    struct chain_config config = good();
    struct diagnostics diagnostics;
    struct memory memory;
    struct chain_layout layout;
    config.shards = 0;
    ck_assert_int_eq(make(&config, &diagnostics, &memory, &layout), 0);
    ck_assert_uint_eq(chain_layout_count(&layout), 0);
    ck_assert_uint_eq(chain_layout_find(&layout, -1, 0), 0);
    ck_assert_uint_eq(chain_layout_find(&layout, 0, 0), 0);
    chain_layout_free(&layout);
}
END_TEST

/* A million shards: the layout itself takes almost no memory. */
START_TEST(a_million_even_shards_need_no_memory)
{
    struct chain_config config = good();
    struct diagnostics diagnostics;
    struct memory memory;
    struct chain_layout layout;
    config.shards = 1 << 20;
    ck_assert_int_eq(make(&config, &diagnostics, &memory, &layout), 0);
    ck_assert_uint_lt(memory.used_bytes, 100);
    for (uint32_t i = 0; i < 1U << 20; i += 12345)
        ck_assert_uint_eq(chain_layout_index(&layout, chain_layout_chain(&layout, i)), i);
    ck_assert_uint_eq(chain_layout_find(&layout, 0, UINT64_MAX), 1U << 21 | ((1U << 21) - 1));
    chain_layout_free(&layout);
}
END_TEST

CHECK_MAIN("chain_config", prefixes_that_are_a_partition_are_taken_in_any_order,
           gaps_and_overlaps_name_the_prefix, texts_that_are_no_shard_are_refused,
           slots_that_consensus_outlasts_are_warned_of, rules_between_fields_are_checked,
           several_workchains_are_found_like_linear_search,
           no_shards_means_no_chain_and_no_masterchain, a_million_even_shards_need_no_memory)
