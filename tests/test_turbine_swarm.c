/* Goal: whatever goes wrong for a while, in the end nobody lacks a shred of what is final, all
 * ledgers are connected and no slot has two final blocks (SOL-2, SOL-3). Method: random scenarios
 * with individual validators through the real reader and chain, under random faults that are over
 * after 12 of 30 s: crashes, partitions, cuts, loss, delay, slowness, leaders that equivocate; loss
 * of single packets goes on. Both rules of repair. Once more with crashes that are so many and so
 * short that leaders go down and come back while they send. The seed that fails is printed;
 * SWARM_SEEDS=FROM-TO runs others. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/dice_fixture.h"
#include "tests/run_scenario.h"

enum { SEEDS = 24, FAULTS_MAX = 5, CRASHES_MAX = 160, TEXT_BYTES = 1 << 15 };

static uint64_t between(struct rng_stream *stream, uint64_t low, uint64_t high)
{
    return low + rng_below(stream, high - low + 1);
}

static const char *one_of(struct rng_stream *stream, const char *const *texts, uint64_t count)
{
    return texts[rng_below(stream, count)];
}

/* Writes a fault that is over after 12 s; returns the bytes written. Leaders lie only where all
 * others are there to see it: who was away would fetch the version that the leader serves, make it
 * final, and those who know better would never have it (SOL-R10 is not modelled). */
static int write_fault(struct rng_stream *stream, uint64_t members, bool lies, char *text,
                       size_t room)
{
    static const char *const types[] = {
        "\"type\": \"loss\", \"rate\": \"50%\"",
        "\"type\": \"delay\", \"add\": \"700ms\"",
        "\"type\": \"slow\", \"factor\": 5",
        "\"type\": \"byzantine\", \"behaviour\": \"equivocate\", \"share\": \"50%\"",
        "\"type\": \"crash\"",
        "\"type\": \"cut\"",
        "\"type\": \"partition\""};
    uint64_t type = lies ? rng_below(stream, 4) : rng_below(stream, 7);
    uint64_t at_ms = between(stream, 1, 9000), for_ms = between(stream, 1, 12000 - at_ms);
    uint64_t first = rng_below(stream, members), last = between(stream, first, members - 1);
    if (type == 3 && !lies)
        type = 4;
    int used = snprintf(text, room, "{\"at\": \"%" PRIu64 "ms\", \"for\": \"%" PRIu64 "ms\", %s, ",
                        at_ms, for_ms, types[type]);
    if (type < 6)
        return used + snprintf(text + used, room - (size_t)used,
                               "\"target\": \"validator:%" PRIu64 "-%" PRIu64 "\"}", first, last);
    uint64_t cut = between(stream, 0, members - 2);
    return used + snprintf(text + used, room - (size_t)used,
                           "\"groups\": [[\"validator:0-%" PRIu64 "\"], [\"validator:%" PRIu64
                           "-%" PRIu64 "\"]]}",
                           cut, cut + 1, members - 1);
}

/* The same of a short crash of one validator. */
static int write_crash(struct rng_stream *stream, uint64_t members, char *text, size_t room)
{
    uint64_t at_ms = between(stream, 1, 11000), for_ms = between(stream, 1, 600);
    uint64_t one = rng_below(stream, members);
    return snprintf(text, room,
                    "{\"at\": \"%" PRIu64 "ms\", \"for\": \"%" PRIu64 "ms\", \"type\": \"crash\", "
                    "\"target\": \"validator:%" PRIu64 "\"}",
                    at_ms, for_ms, one);
}

static void write_scenario(uint64_t seed, const char *repair, bool crashes, char *text)
{
    static const char *const stakes[] = {"even", "zipf", "lognormal"};
    static const char *const layouts[] = {"fixed", "variable"}, *const votes[] = {"all", "leaders"};
    static const char *const sends[] = {"over_slot", "at_once"};
    static const char *const rules[] = {"proposal", "deployed"}, *const versions[] = {"2.3",
                                                                                      "2026"};
    const struct rng rng = {.seed = seed};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    uint64_t members = between(&stream, 4, 24), faults = rng_below(&stream, FAULTS_MAX + 1);
    bool lies = rng_below(&stream, 3) == 0;
    if (crashes)
        faults = between(&stream, CRASHES_MAX / 4, CRASHES_MAX);
    /* Drawn one by one: the order in which arguments are evaluated is the compiler's. */
    uint64_t loss = between(&stream, 0, 8), epoch_slots = 4 * between(&stream, 5, 200);
    uint64_t block_bytes = between(&stream, 1, 90000), fanout = between(&stream, 1, 8);
    uint64_t processing_ms = between(&stream, 0, 5);
    bool passes_recovered = rng_below(&stream, 2) == 0;
    const char *stake = one_of(&stream, stakes, 3), *vote = one_of(&stream, votes, 2);
    const char *layout = one_of(&stream, layouts, 2), *send = one_of(&stream, sends, 2);
    const char *rule = one_of(&stream, rules, 2), *version = one_of(&stream, versions, 2);
    int used =
        snprintf(text, TEXT_BYTES,
                 "{\"version\": 1, \"duration\": \"30s\", \"network\": {\"latency\": {\"type\": "
                 "\"lognormal\", \"median\": \"30ms\", \"sigma\": 0.5}, \"loss\": \"%" PRIu64
                 "%%\"}, \"properties\": [{\"type\": \"no_lost_shred\", \"within\": \"10s\"}, "
                 "\"ledger_connected\", \"one_block_per_slot_final\"], ",
                 loss);
    used += snprintf(text + used, TEXT_BYTES - (size_t)used,
                     "\"chain\": {\"shards\": 1, \"block_interval\": \"400ms\", \"masterchain\": "
                     "{\"present\": false}, \"validators\": {\"type\": \"individual\", \"count\": "
                     "%" PRIu64 ", \"stake\": {\"type\": \"%s\"}, \"votes\": \"%s\", "
                     "\"epoch_slots\": %" PRIu64 ", \"empty_blocks\": true, \"block_bytes\": "
                     "\"%" PRIu64 "B\"}}, ",
                     members, stake, vote, epoch_slots, block_bytes);
    used += snprintf(text + used, TEXT_BYTES - (size_t)used,
                     "\"spread\": {\"type\": \"turbine\", \"fanout\": %" PRIu64
                     ", \"layout\": \"%s\", \"send\": \"%s\", \"processing\": \"%" PRIu64
                     "ms\", \"pass_recovered\": %s, \"repair\": {\"enabled\": %s, \"rules\": "
                     "\"%s\", \"version\": \"%s\"}}, \"faults\": [",
                     fanout, layout, send, processing_ms, passes_recovered ? "true" : "false",
                     repair, rule, version);
    for (uint64_t i = 0; i < faults; i++) {
        if (i > 0)
            used += snprintf(text + used, TEXT_BYTES - (size_t)used, ", ");
        used += crashes
                    ? write_crash(&stream, members, text + used, TEXT_BYTES - (size_t)used)
                    : write_fault(&stream, members, lies, text + used, TEXT_BYTES - (size_t)used);
    }
    snprintf(text + used, TEXT_BYTES - (size_t)used, "]}");
}

START_TEST(nothing_final_is_lost_for_good)
{
    int64_t repaired = 0, final = 0, dead = 0;
    uint64_t from = 1, to = SEEDS;
    bool others = other_seeds(&from, &to);
    for (uint64_t seed = from; seed <= to; seed++) {
        static char text[TEXT_BYTES];
        write_scenario(seed, "true", false, text);
        struct engine_result result = run_scenario(text, seed);
        ck_assert_msg(result.status == ENGINE_OK, "seed %" PRIu64 ": %s in %s", seed,
                      result.violation, text);
        repaired += engine_counter(&result, "spread", "repair_useful");
        dead += engine_counter(&result, "spread", "slots_dead");
        final += engine_counter(&result, "chain", "blocks_final");
    }
    if (others)
        return;
    ck_assert_int_gt(repaired, 1000);
    ck_assert_int_gt(dead, 3);
    ck_assert_int_gt(final, SEEDS * 20);
}
END_TEST

START_TEST(leaders_that_crash_while_they_send_stop_nobody)
{
    int64_t orphaned = 0;
    uint64_t from = 1, to = SEEDS;
    bool others = other_seeds(&from, &to);
    for (uint64_t seed = from; seed <= to; seed++) {
        static char text[TEXT_BYTES];
        write_scenario(seed, "true", true, text);
        struct engine_result result = run_scenario(text, seed);
        ck_assert_msg(result.status == ENGINE_OK, "seed %" PRIu64 ": %s", seed, result.violation);
        orphaned += engine_counter(&result, "chain", "blocks_orphaned");
        /* Faults are over after 12 of 30 s, which have 74 slots. */
        int64_t final = engine_counter(&result, "chain", "blocks_final");
        ck_assert_msg(final >= 20, "seed %" PRIu64 ": %d blocks are final in %s", seed, (int) final,
                      text);
    }
    if (!others)
        ck_assert_int_gt(orphaned, 2 * SEEDS);
}
END_TEST

/* The same without repair: the property sees what is lost. */
START_TEST(without_repair_something_is_lost)
{
    uint32_t violated = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        static char text[TEXT_BYTES];
        write_scenario(seed, "false", false, text);
        violated += run_scenario(text, seed).status == ENGINE_VIOLATION;
    }
    ck_assert_uint_gt(violated, 5);
}
END_TEST

CHECK_MAIN("turbine_swarm", nothing_final_is_lost_for_good,
           leaders_that_crash_while_they_send_stop_nobody, without_repair_something_is_lost)
