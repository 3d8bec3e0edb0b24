/* Goal: what a message pays and who earns it, in both systems: prepaid (TON-R39 to TON-R44,
 * TON-R46) and deducted on the way (TON-51, TON-52, TON-55). Method: the whole stack under the real
 * engine; scripted transfers over a known number of links, every amount computed here by the rule;
 * random loads with loss, dropped blocks, full blocks and a cut end, where the ledger counts value
 * and fees to the unit. */

#include <string.h>
#include <unistd.h>

#include "models/messaging/hypercube.h"
#include "models/workload/poisson.h"
#include "tests/check_main.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000)
#define BALANCE INT64_C(100000000000)
#define VALUE INT64_C(1000000000)

enum { NONE, DEDUCTED, PREPAID };
enum { SLOW, INSTANT, BOTH };
enum { BY_VALUE, BY_SENDER };

/* A scripted message is 100 bytes: 38 of head, and 62 of body in one cell. TON-R39, TON-R46. */
#define FORWARD INT64_C(1596000) /* 10^6 + (65536000 * 496 + 6553600000) / 65536 */
#define MASTER INT64_C(15960000)

static struct transfers *with_fees(int64_t shards, int64_t fees, int64_t path)
{
    struct transfers *transfers = transfers_new();
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    transfers_set(&transfers->messaging_part, "fees", fees);
    transfers_set(&transfers->messaging_part, "path", path);
    transfers_set(&transfers->ledger, "initial_balance", BALANCE);
    transfers->base->chain.shards = shards;
    return transfers;
}

static int64_t paid(const struct transfers *transfers, const char *role)
{
    return transfers_counter(transfers, "messaging", role);
}

static int64_t arrived(const struct transfers *transfers)
{
    return transfers_counter(transfers, "ledger", "value_moved");
}

static void run(struct transfers *transfers)
{
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
}

static int64_t part_of(int64_t amount)
{
    return amount * 21845 / 65536;
}

/* TON-R39, TON-R41, TON-R42, TON-R43, TON-R46: from shard 0 of 256 to one that differs in no digit,
 * in one, in two. The total is always the same; the value that arrives too. */
START_TEST(prepaid_fees_are_divided_along_the_way_and_their_sum_is_the_same)
{
    static const int32_t to[3] = {0, 1, 17};
    for (int links = 0; links < 3; links++) {
        struct transfers *transfers = with_fees(256, PREPAID, SLOW);
        transfers_step(transfers, 100 * MS, 0, 1, to[links], 2, VALUE);
        run(transfers);
        int64_t first = part_of(FORWARD), rest = FORWARD - first;
        int64_t transit = links == 2 ? part_of(rest) : 0;
        ck_assert_int_eq(paid(transfers, "fees_emitter"), first);
        ck_assert_int_eq(paid(transfers, "fees_intermediate"), transit);
        ck_assert_int_eq(paid(transfers, "fees_final"), rest - transit);
        ck_assert_int_eq(paid(transfers, "fees_instant"), 0);
        ck_assert_int_eq(arrived(transfers), VALUE - FORWARD);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-R41: the value must be at least the fees; one unit less, and nothing happens. */
START_TEST(a_value_below_the_fees_is_refused)
{
    struct transfers *transfers = with_fees(16, PREPAID, SLOW);
    transfers_step(transfers, 100 * MS, 0, 1, 5, 2, FORWARD - 1);
    transfers_step(transfers, 100 * MS, 0, 1, 5, 2, FORWARD);
    run(transfers);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_FEE);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_int_eq(arrived(transfers), 0);
    ck_assert_int_eq(paid(transfers, "fees_emitter") + paid(transfers, "fees_storage") +
                         paid(transfers, "fees_final"),
                     FORWARD);
    transfers_free(transfers);
}
END_TEST

/* TON-R41: or the sender pays on top, if it can. */
START_TEST(a_sender_may_pay_on_top_of_the_value)
{
    struct transfers *transfers = with_fees(16, PREPAID, SLOW);
    transfers_set(&transfers->messaging_part, "payer", BY_SENDER);
    transfers_set(&transfers->ledger, "initial_balance", FORWARD + 10);
    transfers_step(transfers, 100 * MS, 0, 1, 5, 2, 11); /* one too many */
    transfers_step(transfers, 100 * MS, 0, 2, 5, 2, 10);
    transfers_step(transfers, 10 * SECOND, 0, 2, 5, 2, 0); /* nothing is left for the fee */
    transfers_step(transfers, 10 * SECOND, 0, 3, 5, 2, 0); /* no value, and a fee */
    run(transfers);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[2].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[3].outcome, OUTCOME_COMMITTED);
    ck_assert_int_eq(arrived(transfers), 10);
    ck_assert_int_eq(paid(transfers, "fees_emitter") + paid(transfers, "fees_final"), 2 * FORWARD);
    transfers_free(transfers);
}
END_TEST

/* TON-R44, TON-54, TON-55: prices of the masterchain where either end is there, and one link. */
START_TEST(the_masterchain_has_prices_of_its_own)
{
    static const int32_t ends[3][2] = {
        {3, TRANSFERS_MASTER}, {TRANSFERS_MASTER, 9}, {TRANSFERS_MASTER, TRANSFERS_MASTER}};
    for (int i = 0; i < 3; i++) {
        struct transfers *transfers = with_fees(16, PREPAID, SLOW);
        transfers_step(transfers, 100 * MS, ends[i][0], 1, ends[i][1], 2, VALUE);
        run(transfers);
        ck_assert_int_eq(paid(transfers, "fees_emitter"), part_of(MASTER));
        ck_assert_int_eq(paid(transfers, "fees_intermediate"), 0);
        ck_assert_int_eq(paid(transfers, "fees_final"), MASTER - part_of(MASTER));
        ck_assert_int_eq(arrived(transfers), VALUE - MASTER);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-R40: floor(fee * 98304 / 65536); the deliverer by proof earns it, and by the slow path, or in
 * the own shard, it comes back to the recipient. */
START_TEST(the_instant_fee_is_earned_by_proof_or_comes_back)
{
    int64_t instant = FORWARD * 98304 / 65536;
    struct transfers *transfers = with_fees(256, PREPAID, BOTH);
    transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "instant_delivered"), 1);
    ck_assert_int_eq(paid(transfers, "fees_instant"), instant);
    ck_assert_int_eq(paid(transfers, "fees_returned"), 0);
    ck_assert_int_eq(arrived(transfers), VALUE - FORWARD - instant);
    transfers_free(transfers);
    transfers = with_fees(256, PREPAID, BOTH);
    transfers_step(transfers, 100 * MS, 0, 1, 0, 2, VALUE);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "fees_instant"), 0);
    ck_assert_int_eq(paid(transfers, "fees_returned"), instant);
    ck_assert_int_eq(arrived(transfers), VALUE - FORWARD);
    transfers_free(transfers);
    /* A proof that is never newer than the masterchain and always too late: the slow copy wins. */
    transfers = with_fees(256, PREPAID, BOTH);
    transfers_set(&transfers->messaging_part, "instant_newer", 1);
    transfers->base->chain.visibility = 1;
    transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "instant_delivered"), 0);
    ck_assert_int_eq(paid(transfers, "fees_returned"), instant);
    ck_assert_int_eq(arrived(transfers), VALUE - FORWARD);
    transfers_free(transfers);
}
END_TEST

/* Six of ten packets between shards 0, 16 and 17 are lost, but for the proof's. */
static void lose_on_the_way(struct transfers *transfers)
{
    static const struct fault_target links[] = {
        {.type = TARGET_LINK, .link_from = 17, .link_to = 16},
        {.type = TARGET_LINK, .link_from = 16, .link_to = 17},
        {.type = TARGET_LINK, .link_from = 16, .link_to = 0},
        {.type = TARGET_LINK, .link_from = 0, .link_to = 16}};
    static const struct fault_spec loss = {
        .type = FAULT_LOSS, .rate = UINT64_MAX / 10 * 6, .target = {links, 4}};
    transfers->base->scenario.faults = (struct fault_plan){&loss, 1};
    transfers->base->scenario.duration_ns = 600 * SECOND;
    transfers_set(&transfers->messaging_part, "resend", (int64_t)(200 * MS)); /* twice a block */
}

/* TON-41 against TON-R52: who earns what when a proof delivers. The masterchain shows a block every
 * 5 s, so the confirmation stops the slow copy before it moves; the next shard on its way hears
 * that it was the last one. It earns the rest; or the deliverer does, and no instant fee is paid.
 */
START_TEST(the_deliverer_earns_its_own_fee_or_what_is_left_of_the_other)
{
    enum { OWN, AND_FORWARD };
    int64_t instant = FORWARD * 98304 / 65536, rest = FORWARD - part_of(FORWARD);
    for (int64_t mode = OWN; mode <= AND_FORWARD; mode++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct transfers *transfers = with_fees(256, PREPAID, BOTH);
            transfers_set(&transfers->messaging_part, "instant_newer", 2);
            transfers_set(&transfers->messaging_part, "instant_fee", mode);
            transfers->base->chain.visibility = 1;
            transfers->base->chain.masterchain.block_interval_ns = (int64_t)(5 * SECOND);
            transfers->base->scenario.seed = seed;
            if (seed > 1) /* notices are lost and repeated: what is passed on is earned once */
                lose_on_the_way(transfers);
            transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
            run(transfers);
            ck_assert_int_eq(paid(transfers, "instant_delivered"), 1);
            int64_t stopped = paid(transfers, "fees_stopped");
            ck_assert_int_eq(paid(transfers, "fees_emitter"), part_of(FORWARD));
            ck_assert_int_eq(paid(transfers, "fees_instant"), mode == OWN ? instant : 0);
            ck_assert_int_eq(paid(transfers, "fees_final"), 0);
            ck_assert_msg(stopped + paid(transfers, "fees_intermediate") == rest,
                          "mode %d seed %d: stopped %lld, on the way %lld, rest %lld; queued %lld",
                          (int)mode, (int)seed, (long long)stopped,
                          (long long)paid(transfers, "fees_intermediate"), (long long)rest,
                          (long long)paid(transfers, "queued"));
            if (mode == AND_FORWARD || seed == 1)
                ck_assert_int_eq(paid(transfers, "fees_claimed"), mode == OWN ? 0 : stopped);
            ck_assert_int_eq(arrived(transfers), VALUE - FORWARD - (mode == OWN ? instant : 0));
            transfers_free(transfers);
        }
}
END_TEST

/* Gas of a forwarding transaction of 100 bytes: 10 + ceil(50 * 100 / 1024) = 15, 1000 units each.
 */
#define GAS_FEE INT64_C(15000)

/* TON-51: each intermediate shard takes its gas from the value. */
START_TEST(each_forwarding_shard_takes_its_gas_from_the_value)
{
    static const int32_t to[3] = {0, 1, 17};
    for (int links = 0; links < 3; links++) {
        struct transfers *transfers = with_fees(256, DEDUCTED, SLOW);
        transfers_step(transfers, 100 * MS, 0, 1, to[links], 2, VALUE);
        run(transfers);
        int64_t taken = links == 2 ? GAS_FEE : 0;
        ck_assert_int_eq(paid(transfers, "fees_intermediate"), taken);
        ck_assert_int_eq(paid(transfers, "fees_emitter"), 0);
        ck_assert_int_eq(paid(transfers, "fees_final"), 0);
        ck_assert_int_eq(arrived(transfers), VALUE - taken);
        transfers_free(transfers);
    }
    struct transfers *transfers = with_fees(4096, DEDUCTED, SLOW);
    transfers_set(&transfers->messaging_part, "digit_bits", 2);
    transfers_step(transfers, 100 * MS, 0, 1, 4095, 2, VALUE); /* six digits, five between */
    run(transfers);
    ck_assert_int_eq(paid(transfers, "fees_intermediate"), 5 * GAS_FEE);
    ck_assert_int_eq(arrived(transfers), VALUE - 5 * GAS_FEE);
    transfers_free(transfers);
}
END_TEST

/* TON-51 says nothing of a value below the gas: it is taken whole, and the message goes on. */
START_TEST(a_value_below_the_gas_is_taken_whole_and_the_message_arrives)
{
    struct transfers *transfers = with_fees(4096, DEDUCTED, SLOW);
    transfers_step(transfers, 100 * MS, 0, 1, 4095, 2, GAS_FEE + 1); /* two shards between */
    transfers_step(transfers, 100 * MS, 0, 1, 4095, 2, 0);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "fees_intermediate"), GAS_FEE + 1);
    ck_assert_int_eq(paid(transfers, "messages_delivered"), 2);
    ck_assert_int_eq(arrived(transfers), 0);
    ck_assert_uint_eq(transfers->outcomes, 2);
    transfers_free(transfers);
}
END_TEST

/* TON-51: a size whose gas is beyond 2^64 takes all of the value, and not what is left of 2^64 */
START_TEST(gas_beyond_all_numbers_takes_the_whole_value)
{
    struct transfers *transfers = with_fees(256, DEDUCTED, SLOW);
    transfers->base->chain.block_limit.bytes = 1 << 30;
    transfers_set(&transfers->messaging_part, "forward_gas", 0);
    transfers_set(&transfers->messaging_part, "forward_gas_kib", INT64_C(1) << 48);
    transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
    transfers->script[0].like.bytes = 1 << 26; /* 2^16 KiB */
    run(transfers);
    ck_assert_int_eq(paid(transfers, "forwards"), 1);
    ck_assert_int_eq(paid(transfers, "fees_intermediate"), VALUE);
    ck_assert_int_eq(arrived(transfers), 0);
    transfers_free(transfers);
}
END_TEST

/* TON-51: gas depends on the size. TON-52: even four forwards cost less than a fifth of the least
 * that executing a message costs (TON-R47: 10^6). TON-55: ten times as much in the masterchain. */
START_TEST(forwarding_costs_by_size_and_little)
{
    int64_t taken[2];
    for (int i = 0; i < 2; i++) {
        struct transfers *transfers = with_fees(256, DEDUCTED, SLOW);
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        transfers_set(poisson, "rate", 20 * TX_PER_S);
        transfers_set(poisson, "cross_shard", INT64_C(1000000000000));
        transfers_set(poisson, "until", (int64_t)(10 * SECOND));
        transfers_constant(poisson, "amount", VALUE);
        transfers_constant(poisson, "size", i == 0 ? 512 : 10240);
        run(transfers);
        int64_t forwards = paid(transfers, "forwards");
        ck_assert_int_gt(forwards, 100);
        taken[i] = paid(transfers, "fees_intermediate") / forwards;
        ck_assert_int_eq(taken[i] * forwards, paid(transfers, "fees_intermediate"));
        transfers_free(transfers);
    }
    ck_assert_int_eq(taken[0], 35000);
    ck_assert_int_eq(taken[1], 510000);
    ck_assert_int_le(5 * 4 * taken[0], 1000000);
    struct transfers *transfers = with_fees(16, DEDUCTED, SLOW);
    transfers_step(transfers, 100 * MS, 0, 1, TRANSFERS_MASTER, 2, VALUE);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "fees_final"), 10 * GAS_FEE);
    ck_assert_int_eq(arrived(transfers), VALUE - 10 * GAS_FEE);
    transfers_free(transfers);
}
END_TEST

/* The gas that a forwarding transaction pays for is the gas that its block has less. */
START_TEST(forwarding_gas_is_gas_of_the_block)
{
    struct transfers *transfers = with_fees(256, DEDUCTED, SLOW);
    transfers_set(&transfers->messaging_part, "forward_gas", 4995);
    transfers->base->chain.block_limit.gas = 21000;
    for (uint32_t i = 0; i < 12; i++)
        transfers_step(transfers, 100 * MS, 0, i, 17, i, VALUE);
    run(transfers);
    uint64_t latest_ns = 0;
    for (uint32_t i = 0; i < 12; i++)
        if (transfers->results[i].final_ns > latest_ns)
            latest_ns = transfers->results[i].final_ns;
    /* Emitted at 1 s; four a block between, at 2 s, 3 s, 4 s; delivered at 5 s. */
    ck_assert_uint_eq(latest_ns, 5 * SECOND + 100 * MS);
    transfers_free(transfers);
}
END_TEST

/* A forwarded value is the same message: its hash covers what was sent, so that a proof or a copy
 * cannot be told from the original by what was taken. Both paths at once would deliver the value
 * whole and take from it: that pair is refused. */
START_TEST(deducted_fees_and_both_paths_are_refused)
{
    for (int path = SLOW; path <= BOTH; path++) {
        struct transfers *transfers = with_fees(16, DEDUCTED, path);
        struct diagnostics diagnostics = {0};
        messaging_hypercube_model.check(transfers->messaging_part.config, "/messaging",
                                        &diagnostics);
        ck_assert_uint_eq(diagnostics.errors, path == BOTH);
        diagnostics_free(&diagnostics);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-53: a unit for a byte and a second (65536 of 65536ths): one slot of 1 s in each of two
 * queues, 100 bytes. It is a transaction of its own; what stood no longer than `storage_after` pays
 * nothing, and nothing is paid by default. */
START_TEST(time_in_a_queue_is_charged_by_a_transaction_of_its_own)
{
    for (int fees = NONE; fees <= PREPAID; fees++)
        for (int after_s = 0; after_s < 2; after_s++) {
            struct transfers *transfers = with_fees(256, fees, SLOW);
            transfers_set(&transfers->messaging_part, "storage_price", 65536);
            transfers_set(&transfers->messaging_part, "storage_after", after_s * (int64_t)SECOND);
            transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
            run(transfers);
            int64_t others = fees == NONE ? 0 : fees == PREPAID ? FORWARD : GAS_FEE;
            int64_t stored = after_s == 0 ? 200 : 0;
            /* TON-12: the fees that stand in a message are bytes of it. */
            stored += after_s == 0 && fees == PREPAID ? 2 * 12 : 0;
            ck_assert_int_eq(paid(transfers, "fees_storage"), stored);
            ck_assert_int_eq(paid(transfers, "storage_charges"), after_s == 0 ? 2 : 0);
            ck_assert_int_eq(arrived(transfers), VALUE - others - stored);
            transfers_free(transfers);
        }
    struct transfers *transfers = with_fees(256, NONE, SLOW);
    transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
    run(transfers);
    ck_assert_int_eq(paid(transfers, "storage_charges"), 0);
    transfers_free(transfers);
}
END_TEST

/* TON-53: by the second; what waits because blocks are full pays more, and never more than it has.
 */
START_TEST(who_waits_longer_pays_more_for_storage)
{
    struct transfers *transfers = with_fees(16, NONE, SLOW);
    transfers_set(&transfers->messaging_part, "storage_price", 65536);
    transfers_set(&transfers->messaging_part, "storage_after", 0);
    transfers->base->chain.block_limit.gas = 4000; /* four imports a block */
    for (uint32_t i = 0; i < 12; i++)
        transfers_step(transfers, 100 * MS, (int32_t)i + 1, i, 0, i, i == 11 ? 50 : VALUE);
    run(transfers);
    int64_t charged = paid(transfers, "fees_storage");
    ck_assert_int_eq(paid(transfers, "messages_delivered"), 12);
    ck_assert_int_eq(paid(transfers, "storage_charges"), 12);
    ck_assert_int_eq(arrived(transfers), 11 * VALUE + 50 - charged);
    /* Four each after 1 s, 2 s and 3 s, but for the one that has 50 units. */
    ck_assert_int_ge(charged, 4 * (100 + 200 + 300) - 300 + 50);
    ck_assert_int_le(charged, 4 * (100 + 200 + 300) - 100 + 50);
    transfers_free(transfers);
}
END_TEST

struct load {
    int64_t fees, path, payer, instant_fee;
    bool drops, losses, full, cut;
};

static struct transfers *random_load(uint64_t seed, const struct load *load)
{
    struct transfers *transfers = with_fees(32, load->fees, load->path);
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers->base->scenario.duration_ns = load->cut ? 23 * SECOND : 150 * SECOND;
    transfers_set(&transfers->messaging_part, "payer", load->payer);
    transfers_set(&transfers->messaging_part, "instant_fee", load->instant_fee);
    transfers_set(&transfers->ledger, "initial_balance", 60000000);
    transfers_set(poisson, "rate", 40 * TX_PER_S);
    transfers_set(poisson, "until", (int64_t)(20 * SECOND));
    transfers_constant(poisson, "amount", 20000000);
    transfers_set(poisson, "value.to_masterchain", INT64_C(100000000000));
    transfers->base->chain.drop_every = load->drops ? 3 : 0;
    if (load->full)
        transfers->base->chain.block_limit.gas = 12000;
    if (load->losses)
        transfers->base->scenario.network.loss = INT64_C(100000000000);
    return transfers;
}

/* TON-9, TON-51, TON-R41 to TON-R43, TON-R51: value and fees are conserved to the unit, whatever
 * happens to blocks and packets and wherever the run ends; and when all is quiet each unit that was
 * prepaid was earned by somebody or came back. */
START_TEST(value_and_fees_are_conserved_to_the_unit)
{
    for (uint64_t seed = 1; seed <= 48; seed++) {
        struct load load = {.fees = seed % 2 ? PREPAID : DEDUCTED,
                            .path = (int64_t)(seed / 2 % 3),
                            .payer = seed / 4 % 2,
                            .instant_fee = seed / 7 % 2,
                            .drops = seed / 8 % 2,
                            .losses = seed / 16 % 2,
                            .full = seed % 5 == 0,
                            .cut = seed % 3 == 0};
        if (load.fees == DEDUCTED && load.path == BOTH)
            load.path = SLOW;
        struct transfers *transfers = random_load(seed, &load);
        if (load.path != BOTH && seed % 7 < 3) {
            transfers_set(&transfers->messaging_part, "storage_price", 6553600);
            transfers_set(&transfers->messaging_part, "storage_after", (int64_t)(2 * SECOND));
        }
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        int64_t sent = paid(transfers, "messages_sent");
        ck_assert_int_gt(sent, 200);
        bool quiet = !load.cut && !load.full && paid(transfers, "queued") == 0;
        if (quiet && load.fees == PREPAID)
            ck_assert_msg(arrived(transfers) + paid(transfers, "fees_emitter") +
                                  paid(transfers, "fees_intermediate") +
                                  paid(transfers, "fees_final") + paid(transfers, "fees_stopped") +
                                  paid(transfers, "fees_instant") >=
                              20000000 * sent,
                          "seed %d", (int)seed);
        transfers_free(transfers);
    }
}
END_TEST

/* The column fee_total of the message table: what each message has paid. */
START_TEST(the_message_table_says_what_each_message_paid)
{
    char path[] = "/tmp/test_hypercube_fees_XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (int fees = NONE; fees <= PREPAID; fees++) {
        struct transfers *transfers = with_fees(256, fees, SLOW);
        transfers->database = path;
        transfers_step(transfers, 100 * MS, 0, 1, 17, 2, VALUE);
        transfers_step(transfers, 100 * MS, 0, 1, 1, 2, VALUE);
        run(transfers);
        int64_t two = transfers_query(transfers, "SELECT fee_total FROM message WHERE hops = 2");
        int64_t one = transfers_query(transfers, "SELECT fee_total FROM message WHERE hops = 1");
        ck_assert_int_eq(two, fees == NONE ? 0 : fees == PREPAID ? FORWARD : GAS_FEE);
        ck_assert_int_eq(one, fees == PREPAID ? FORWARD : 0);
        transfers_free(transfers);
    }
    unlink(path);
}
END_TEST

CHECK_MAIN("hypercube_fees", prepaid_fees_are_divided_along_the_way_and_their_sum_is_the_same,
           a_value_below_the_fees_is_refused, a_sender_may_pay_on_top_of_the_value,
           the_masterchain_has_prices_of_its_own, the_instant_fee_is_earned_by_proof_or_comes_back,
           the_deliverer_earns_its_own_fee_or_what_is_left_of_the_other,
           each_forwarding_shard_takes_its_gas_from_the_value,
           a_value_below_the_gas_is_taken_whole_and_the_message_arrives,
           gas_beyond_all_numbers_takes_the_whole_value, forwarding_costs_by_size_and_little,
           forwarding_gas_is_gas_of_the_block, deducted_fees_and_both_paths_are_refused,
           time_in_a_queue_is_charged_by_a_transaction_of_its_own,
           who_waits_longer_pays_more_for_storage, value_and_fees_are_conserved_to_the_unit,
           the_message_table_says_what_each_message_paid)
