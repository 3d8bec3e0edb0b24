/* Goal: whatever happens to validators and their network for a while, no two forks become final,
 * nothing is lost or doubled, and once all is healed everything that was begun ends: every transfer
 * is settled, every queue empty, and every validator has every final block.
 * Method: each seed draws shards, validators and their stakes, a spread with its parameters,
 * transfers of real clients, loss and delays of the network, and faults (crashes of validators and
 * of shards' nodes, cuts, partitions, slow nodes, late packets, a validator that lies), all of
 * which are over long before the end. All properties are on. A failure prints its seed;
 * SWARM_SEEDS=FROM-TO runs others. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/messaging/hypercube.h"
#include "models/spread/spread_direct.h"
#include "models/spread/spread_ideal.h"
#include "models/spread/spread_params.h"
#include "models/spread/turbine.h"
#include "models/workload/poisson.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/dice_fixture.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define TROUBLE_END (60 * SECOND)
#define END (360 * SECOND)
#define PERCENT INT64_C(10000000000) /* of PARAM_RATIO's 10^-12 */

enum { FAULTS_MAX = 6, PROPERTIES_MAX = 48, SPREADS = 3, MEMBERS_MOST = 9 };

static bool one_in(uint64_t n)
{
    return below(n) == 0;
}

struct drawn {
    struct fault_spec faults[FAULTS_MAX];
    struct fault_target targets[FAULTS_MAX][2];
    struct fault_group groups[FAULTS_MAX][2];
    struct scenario_property properties[PROPERTIES_MAX];
    struct stake_zipf_config zipf;
    struct stake_lognormal_config lognormal;
};

/* Properties of all layers; those with a deadline get one that is long enough after the trouble. */
static void name_properties(struct transfers *transfers, struct drawn *drawn)
{
    struct scenario *scenario = &transfers->base->scenario;
    const struct model *const models[] = {transfers->spread.model, transfers->messaging_part.model,
                                          transfers->ledger.model, transfers->atomic.model,
                                          transfers->workload[0].model};
    uint32_t count = 0;
    static const char *const of_chain[] = {"block_height", "one_shard", "one_block_per_slot_final"};
    for (size_t i = 0; i < sizeof of_chain / sizeof of_chain[0]; i++)
        drawn->properties[count++] = (struct scenario_property){.name = of_chain[i]};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        for (const struct model_property *row = models[i]->properties; row && row->name; row++) {
            ck_assert_uint_lt(count, PROPERTIES_MAX);
            bool timed = row->when == PROPERTY_WITHIN;
            if (row->when != PROPERTY_WHEN_NAMED)
                drawn->properties[count++] = (struct scenario_property){
                    .name = row->name, .within_ns = timed ? 100 * SECOND : 0};
        }
    scenario->properties = drawn->properties;
    scenario->property_count = count;
    scenario->properties_given = true;
}

static void draw_validators(struct support_stack *base, struct drawn *drawn)
{
    struct validator_config *validators = &base->validators;
    support_stack_individual(base, 1 + (uint32_t)below(MEMBERS_MOST));
    drawn->zipf.exponent = 1;
    drawn->lognormal.sigma = 1;
    uint64_t law = below(3);
    if (law == 1)
        validators->stake =
            (struct param_variant_value){.index = STAKE_ZIPF, .config = &drawn->zipf};
    if (law == 2)
        validators->stake =
            (struct param_variant_value){.index = STAKE_LOGNORMAL, .config = &drawn->lognormal};
    validators->votes = (int64_t)below(2);
    validators->replay_ns = (int64_t)(below(4) * 30 * MS);
    validators->grace_ns = (int64_t)(below(4) * 300 * MS);
    validators->empty_blocks = one_in(4);
    validators->block_bytes = one_in(3) ? 20000 : 0;
    if (one_in(3))
        validators->clock_skew_ns = base->chain.block_interval_ns / (1 + (int64_t)below(4));
}

static void draw_chain(struct support_stack *base)
{
    static const int64_t intervals[] = {400 * MS, SECOND, 2 * SECOND};
    struct chain_config *chain = &base->chain;
    chain->shards = 1 + (int64_t)below(4);
    chain->clock = one_in(2) ? CLOCK_PERIODIC : CLOCK_ALIGNED;
    chain->block_interval_ns = intervals[below(3)];
    chain->visibility = (int64_t)below(2);
    chain->masterchain.block_interval_ns = (int64_t)((1 + below(3)) * SECOND);
    if (one_in(3))
        chain->block_limit.gas = 20000 + (int64_t)below(20000);
    chain->drop_every = one_in(3) ? 3 + (int64_t)below(5) : 0;
}

static void draw_spread(struct transfers *transfers)
{
    static const struct model *const models[SPREADS] = {&spread_ideal_model, &spread_direct_model,
                                                        &spread_turbine_model};
    struct transfers_part *spread = &transfers->spread;
    transfers_use(spread, models[below(SPREADS)]);
    struct spread_config *config = (struct spread_config *)spread->config;
    config->fanout = 1 + (int64_t)below(4);
    config->tree = (int64_t)below(2);
    config->layout = (int64_t)below(2);
    config->send = (int64_t)below(2);
    config->erasure = one_in(8) && !transfers->base->validators.empty_blocks; /* it is slow */
    config->pass_recovered = (int64_t)below(2);
    config->processing_ns = (int64_t)(below(3) * MS);
    config->repair.rules = (int64_t)below(2);
    config->repair.version = (int64_t)below(2);
    config->repair.interval_ns = (int64_t)((1 + below(50)) * MS);
    config->repair.fallback = (int64_t)below(2);
    config->repair.ping = one_in(3);
    config->repair.requests_max = 4 + (int64_t)below(200);
    config->gossip.form = (int64_t)below(3);
    config->gossip.fanout = 1 + (int64_t)below(6);
    config->fetch_ns = (int64_t)((1 + below(20)) * 100 * MS);
    config->window = 1 + (int64_t)below(70);
    config->status_ns = (int64_t)((1 + below(10)) * SECOND);
}

static void draw_messaging(struct transfers *transfers)
{
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    int64_t path = (int64_t)below(3);
    transfers_set(&transfers->messaging_part, "path", path);
    transfers_set(&transfers->messaging_part, "dedup",
                  path == 0 && one_in(2)); /* slow: watermark */
    transfers_set(&transfers->messaging_part, "cleanup", (int64_t)below(2));
    transfers_set(&transfers->messaging_part, "lt", (int64_t)below(2));
    transfers_set(&transfers->messaging_part, "digit_bits", 1 + (int64_t)below(4));
    if (one_in(3))
        transfers_set(&transfers->messaging_part, "resend", (int64_t)((1 + below(4)) * SECOND));
}

static void draw_load(struct transfers *transfers)
{
    struct transfers_part *load = transfers_workload(transfers, &workload_poisson_model);
    transfers_set(load, "rate", (int64_t)(1 + below(4)) * 1000000);
    transfers_set(load, "clients", 1 + (int64_t)below(3));
    transfers_set(load, "cross_shard", 80 * PERCENT);
    transfers_set(load, "until", (int64_t)TROUBLE_END);
    transfers_set(&transfers->ledger, "accounts_per_shard", 1 + (int64_t)below(30));
    transfers_set(&transfers->ledger, "initial_balance", (int64_t)below(40));
    transfers_set(&transfers->atomic, "resend", (int64_t)(5 * SECOND));
}

static struct fault_target some_nodes(const char *role, uint32_t count)
{
    uint32_t first = (uint32_t)below(count);
    uint32_t last = first + (one_in(2) ? 0 : (uint32_t)below(count - first));
    return (struct fault_target){.type = TARGET_NODES, .role = role, .first = first, .last = last};
}

/* Two parts of all validators. */
static void draw_partition(struct drawn *drawn, uint32_t index, uint32_t validators)
{
    struct fault_target *targets = drawn->targets[index];
    struct fault_group *groups = drawn->groups[index];
    uint32_t cut = 1 + (uint32_t)below(validators - 1);
    targets[0] = (struct fault_target){.role = "validator", .first = 0, .last = cut - 1};
    targets[1] = (struct fault_target){.role = "validator", .first = cut, .last = validators - 1};
    groups[0] = (struct fault_group){&targets[0], 1};
    groups[1] = (struct fault_group){&targets[1], 1};
    drawn->faults[index].type = FAULT_PARTITION;
    drawn->faults[index].groups = groups;
    drawn->faults[index].group_count = 2;
}

static void draw_fault(struct transfers *transfers, struct drawn *drawn, uint32_t index)
{
    static const enum fault_type types[] = {FAULT_CRASH, FAULT_CRASH, FAULT_CUT,
                                            FAULT_LOSS,  FAULT_DELAY, FAULT_SLOW};
    struct fault_spec *fault = &drawn->faults[index];
    uint32_t shards = (uint32_t)transfers->base->chain.shards;
    uint32_t validators = shards * (uint32_t)transfers->base->validators.count;
    uint64_t at_ns = below(TROUBLE_END - SECOND);
    *fault = (struct fault_spec){.at_ns = at_ns, .for_ns = 1 + below(TROUBLE_END - at_ns)};
    if (fault->for_ns > 20 * SECOND)
        fault->for_ns = 20 * SECOND;
    if (validators > 1 && one_in(5)) {
        draw_partition(drawn, index, validators);
        return;
    }
    fault->type = types[below(sizeof types / sizeof types[0])];
    drawn->targets[index][0] =
        one_in(4) ? some_nodes("shard", shards) : some_nodes("validator", validators);
    fault->target = (struct fault_group){drawn->targets[index], 1};
    fault->rate = UINT64_MAX / (1 + below(6));
    fault->add_ns = (1 + below(30)) * 100 * MS;
    fault->factor = 1 + (double)below(10);
    /* Who lies has less than a third of stake: with more nobody could promise anything. */
    const struct validator_config *config = &transfers->base->validators;
    if (transfers->spread.model != &spread_turbine_model || config->count < 4 ||
        config->stake.index != STAKE_EVEN || !one_in(4))
        return;
    fault->type = FAULT_BYZANTINE;
    fault->share = UINT64_MAX / (1 + below(4));
    /* Not two versions of a block: who sees only one may make it final, and those who saw both
     * would never have it (SOL-R10 is not modelled). */
    fault->behaviour = spread_turbine_model.behaviours[below(3)].name;
    uint32_t liar = (uint32_t)below(validators);
    drawn->targets[index][0] =
        (struct fault_target){.role = "validator", .first = liar, .last = liar};
}

static void draw_network(struct scenario *scenario)
{
    if (one_in(2))
        scenario->network.loss = (int64_t)below(20) * PERCENT;
    if (one_in(3))
        scenario->network.jitter = (struct distribution){
            .type = DISTRIBUTION_UNIFORM, .spread = (int64_t)((1 + below(10)) * 50 * MS)};
    if (one_in(4))
        scenario->network.bandwidth_bit_per_s = 20000000 + (int64_t)below(80000000);
}

/* What was drawn, for whoever looks for the cause of a failure. */
static void tell(struct transfers *transfers, const struct drawn *drawn, uint64_t seed)
{
    const struct support_stack *base = transfers->base;
    const struct validator_config *validators = &base->validators;
    const struct spread_config *spread = (const struct spread_config *)transfers->spread.config;
    transfers->database = getenv("SWARM_TELL");
    if (!transfers->database)
        return;
    fprintf(stderr,
            "seed %" PRIu64 ": %" PRId64 " shards, interval %" PRId64 " ms, %s, %" PRId64
            " validators, stake %" PRId64 ", votes %" PRId64 ", empty %" PRId64 ", grace %" PRId64
            " ms, skew %" PRId64 " ms, drop_every %" PRId64 ", visibility %" PRId64
            "\nrules %" PRId64 " fallback %" PRId64 " form %" PRId64 " fanout %" PRId64
            " loss %" PRId64 " bandwidth %" PRId64 "\n",
            seed, base->chain.shards, base->chain.block_interval_ns / (int64_t)MS,
            transfers->spread.model->name, validators->count, validators->stake.index,
            validators->votes, validators->empty_blocks, validators->grace_ns / (int64_t)MS,
            validators->clock_skew_ns / (int64_t)MS, base->chain.drop_every, base->chain.visibility,
            spread->repair.rules, spread->repair.fallback, spread->gossip.form,
            spread->gossip.fanout, base->scenario.network.loss / PERCENT,
            base->scenario.network.bandwidth_bit_per_s);
    for (uint32_t i = 0; i < base->scenario.faults.count; i++) {
        const struct fault_spec *fault = &drawn->faults[i];
        const struct fault_target *target = &drawn->targets[i][0];
        fprintf(stderr, "%s at %" PRIu64 " ms for %" PRIu64 " ms: %s %u-%u %s\n",
                fault_type_names[fault->type], fault->at_ns / MS, fault->for_ns / MS, target->role,
                target->first, target->last, fault->behaviour ? fault->behaviour : "");
    }
}

static uint64_t run_seed(uint64_t seed)
{
    static struct drawn drawn;
    throw_dice(seed, 0);
    struct transfers *transfers = transfers_new();
    struct support_stack *base = transfers->base;
    base->scenario.seed = seed;
    base->scenario.duration_ns = END;
    drawn = (struct drawn){0};
    draw_chain(base);
    draw_validators(base, &drawn);
    draw_spread(transfers);
    draw_messaging(transfers);
    draw_load(transfers);
    draw_network(&base->scenario);
    uint32_t faults = one_in(3) ? 0 : (uint32_t)below(FAULTS_MAX + 1);
    for (uint32_t i = 0; i < faults; i++)
        draw_fault(transfers, &drawn, i);
    base->scenario.faults = (struct fault_plan){drawn.faults, faults};
    name_properties(transfers, &drawn);
    tell(transfers, &drawn, seed);
    transfers_run(transfers);
    unsigned long long number = seed;
    ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %llu: %s", number,
                  transfers->result.violation);
    transfers_assert_all_ended(transfers, number);
    uint64_t orphaned = (uint64_t)transfers_counter(transfers, "chain", "blocks_orphaned");
    transfers_free(transfers);
    return orphaned;
}

/* SOL-1, SOL-2, SOL-3, SOL-10, SOL-R2, SOL-R8 */
START_TEST(all_that_was_begun_ends_and_no_two_forks_are_final)
{
    uint64_t from = 1, to = 60;
    bool others = other_seeds(&from, &to);
    uint64_t orphaned = 0;
    for (uint64_t seed = from; seed <= to; seed++)
        orphaned += run_seed(seed);
    ck_assert(others || orphaned > 60); /* forks were made */
}
END_TEST

CHECK_MAIN("stack_swarm", all_that_was_begun_ends_and_no_two_forks_are_final)
