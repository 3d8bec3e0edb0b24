/* Goal: transfers and reservations wait for rows that are not in memory, and come out as if they
 * had not had to. Method: a toy state whose rows are cold until fetched, go cold again after every
 * block unless they are held, and sometimes cannot be had; a toy commit that reserves and settles
 * two accounts of one shard. Under them the real chains, messaging and ledger. */

#include "tests/check_main.h"

#include <string.h>

#include "models/atomic/none.h"
#include "models/ledger/accounts_fill.h"
#include "models/messaging/hypercube.h"
#include "models/workload/poisson.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "tests/model_by_hand.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000)

/* ---- A state that is cold ---- */

enum { ROWS_MAX = 4096, FETCHES_MAX = 1 << 20 };

struct cold_row {
    struct row row;
    uint64_t value;
    uint64_t warm;  /* a word */
    uint64_t holds; /* a word */
};

struct cold_fetch {
    struct row row;
    uint64_t ticket;
    bool here, told; /* told: in the open block */
};

static struct {
    struct stack *stack;
    struct cold_row rows[ROWS_MAX];
    uint32_t row_count;
    struct cold_fetch fetches[FETCHES_MAX];
    uint32_t fetch_count, fetches_open;
    uint64_t fetch_ns;
    uint32_t fail_every; /* of the fetches; 0 = none fails */
    bool evict;
    uint32_t evicted_held;
} cold;

static struct cold_row *cold_row(struct row row)
{
    for (uint32_t i = 0; i < cold.row_count; i++) {
        struct cold_row *at = &cold.rows[i];
        if (at->row.chain == row.chain && at->row.key == row.key && at->row.space == row.space)
            return at;
    }
    SIM_ASSERT(cold.row_count < ROWS_MAX);
    cold.rows[cold.row_count] = (struct cold_row){.row = row};
    return &cold.rows[cold.row_count++];
}

static enum verdict cold_read(void *self, const struct block *view, struct row row,
                              uint64_t *ret_value)
{
    struct cold_row *at = cold_row(row);
    (void)self;
    SIM_ASSERT(view->chain == row.chain);
    if (!at->warm)
        return VERDICT_LATER;
    *ret_value = at->value;
    return VERDICT_YES;
}

static void cold_write(void *self, struct block *block, struct row row, uint64_t value)
{
    struct cold_row *at = cold_row(row);
    (void)self;
    SIM_ASSERT(at->warm);
    block_set(cold.stack, block, &at->value, value);
}

static void cold_hold(void *self, struct block *block, struct row row, bool on)
{
    struct cold_row *at = cold_row(row);
    (void)self;
    SIM_ASSERT(at->warm);
    SIM_ASSERT(on || at->holds > 0);
    block_set(cold.stack, block, &at->holds, on ? at->holds + 1 : at->holds - 1);
}

static void cold_fetch(void *self, struct context *context, struct row row, uint64_t ticket)
{
    (void)self;
    SIM_ASSERT(cold.fetch_count < FETCHES_MAX);
    SIM_ASSERT(!cold_row(row)->warm);
    cold.fetches[cold.fetch_count] = (struct cold_fetch){.row = row, .ticket = ticket};
    context_timer(context, context->self, LAYER_STATE, 0, row.chain,
                  context->now_ns + cold.fetch_ns, cold.fetch_count++);
    cold.fetches_open++;
}

static void cold_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                       uint64_t cookie)
{
    (void)state, (void)kind;
    cold.fetches[cookie].here = true;
    cold.stack->chain.wake(cold.stack->chain.self, context, chain);
}

static uint32_t cold_fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    uint32_t added = 0;
    (void)self;
    for (uint32_t i = 0; i < cold.fetch_count && round == 0; i++) {
        struct cold_fetch *fetch = &cold.fetches[i];
        if (fetch->row.chain != block->chain || !fetch->here || fetch->told)
            continue;
        cold.stack->chain.charge(cold.stack->chain.self, block, 1, 1);
        bool ok = cold.fail_every == 0 || i % cold.fail_every != 0;
        fetch->told = true;
        if (ok)
            block_set(cold.stack, block, &cold_row(fetch->row)->warm, 1);
        cold.stack->ledger.fetched(cold.stack->ledger.self, context, block, fetch->ticket, ok);
        added++;
    }
    return added;
}

static void cold_final(void *self, struct context *context, const struct block *block)
{
    (void)self, (void)context;
    for (uint32_t i = 0; i < cold.fetch_count; i++)
        if (cold.fetches[i].told && cold.fetches[i].row.chain == block->chain) {
            cold.fetches_open -= cold.fetches[i].here;
            cold.fetches[i].here = false;
        }
    for (uint32_t i = 0; i < cold.row_count && cold.evict; i++)
        if (cold.rows[i].row.chain == block->chain && cold.rows[i].holds == 0)
            cold.rows[i].warm = 0; /* outside of blocks: not journalled, and nobody reads it so */
}

static void cold_dropped(void *self, struct context *context, const struct block *block)
{
    (void)self, (void)context;
    for (uint32_t i = 0; i < cold.fetch_count; i++)
        if (cold.fetches[i].here && cold.fetches[i].row.chain == block->chain)
            cold.fetches[i].told = false;
}

static int cold_build(const struct build *build, void **ret_state)
{
    cold.stack = build->stack;
    build->stack->state = (struct state_seam){.self = &cold,
                                              .read = cold_read,
                                              .write = cold_write,
                                              .hold = cold_hold,
                                              .fetch = cold_fetch};
    build->stack->app[LAYER_STATE] = (struct block_app){
        .self = &cold, .fill = cold_fill, .final = cold_final, .dropped = cold_dropped};
    *ret_state = &cold;
    return 0;
}

static void no_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false);
}

static const char *const one_kind[] = {"fetched", NULL};
static const struct model cold_model = {MODEL_BY_HAND,
                                        .layer = LAYER_STATE,
                                        .layer_name = "state",
                                        .name = "cold",
                                        .summary = "rows that have to be fetched",
                                        .config_bytes = 1,
                                        .message_kinds = no_kinds,
                                        .timer_kinds = one_kind,
                                        .build = cold_build,
                                        .on_message = no_message,
                                        .on_timer = cold_timer,
                                        .destroy = destroy_nothing};

static struct transfers *with_cold_rows(void)
{
    struct transfers *transfers = transfers_new();
    memset(&cold, 0, sizeof cold);
    cold.evict = true;
    cold.fetch_ns = 700 * MS;
    transfers_use(&transfers->state, &cold_model);
    transfers->base->scenario.duration_ns = 120 * SECOND;
    return transfers;
}

static uint64_t sum_of_rows(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < cold.row_count; i++)
        sum += cold.rows[i].value;
    return sum;
}

/* ---- Transfers ---- */

START_TEST(a_transfer_waits_for_both_rows)
{
    struct transfers *transfers = with_cold_rows();
    transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    const struct tx_result *result = &transfers->results[0];
    ck_assert_uint_eq(result->outcome, OUTCOME_COMMITTED);
    /* Taken at 1 s, row asked for at 1.1 s, there at 1.8 s, executed at 2 s, final at 2.1 s;
     * delivered at 3 s, row asked for at 3.1 s, there at 3.8 s, credited at 4 s, final at 4.1 s. */
    ck_assert_uint_eq(result->collated_ns, 2 * SECOND);
    ck_assert_uint_eq(result->committed_ns, 2 * SECOND + 100 * MS);
    ck_assert_uint_eq(result->final_ns, 4 * SECOND + 100 * MS);
    ck_assert_uint_eq(cold.fetch_count, 2);
    ck_assert_uint_eq(sum_of_rows(), 0);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_row_is_asked_for_once_however_many_blocks_pass)
{
    struct transfers *transfers = with_cold_rows();
    cold.fetch_ns = 5 * SECOND + 700 * MS;
    for (uint32_t i = 0; i < 20; i++) /* a block every second, all rows different */
        transfers_step(transfers, i * SECOND, 0, i, 0, 100 + i, 5);
    transfers_run(transfers);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), 20);
    ck_assert_uint_eq(cold.fetch_count, 40);
    transfers_free(transfers);
}
END_TEST

/* A contract's rows are asked for at once: balance, code and data. The next message finds it. */
START_TEST(a_contract_waits_for_all_of_its_rows)
{
    struct transfers *transfers = with_cold_rows();
    struct transfers_step *step = transfers_step(transfers, 100 * MS, 0, 1, 3, 0, 5);
    step->contract = CONTRACT_COUNTER;
    step->like.constructor = METHOD_ADD;
    step = transfers_step(transfers, 10 * SECOND, 0, 1, 3, 0, 5);
    step->to = (struct address){0, UINT64_C(0xc123456789abcdef)};
    step->like.constructor = METHOD_CONSTRUCT;
    step->like.argument = CONTRACT_COUNTER;
    step = transfers_step(transfers, 20 * SECOND, 0, 1, 3, 0, 5);
    step->to = (struct address){0, UINT64_C(0xc123456789abcdef)};
    step->like.constructor = METHOD_ADD;
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(transfers->results[i].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[0].final_ns, 4 * SECOND + 100 * MS);
    ck_assert_uint_eq(cold.fetch_count, 3 * (1 + 3));
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "contract_calls"), 3);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "contracts_created"), 1);
    transfers_free(transfers);
}
END_TEST

static struct transfers *cold_load(uint64_t seed)
{
    struct transfers *transfers = with_cold_rows();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers_set(&transfers->ledger, "accounts_per_shard", 20);
    transfers_set(poisson, "rate", 20 * TX_PER_S);
    transfers_set(poisson, "until", (int64_t)(40 * SECOND));
    return transfers;
}

static void assert_all_final(struct transfers *transfers)
{
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
    ck_assert_int_gt(submitted, 600);
    ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final"), submitted);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), submitted);
    ck_assert_uint_eq(sum_of_rows(), 0);
}

START_TEST(loads_over_cold_rows_settle)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        for (uint32_t drop_every = 0; drop_every <= 3; drop_every += 3) {
            struct transfers *transfers = cold_load(seed);
            transfers->base->chain.drop_every = drop_every;
            transfers_run(transfers);
            assert_all_final(transfers);
            ck_assert_uint_gt(cold.fetch_count, 500);
            ck_assert_uint_eq(cold.fetches_open, 0);
            transfers_free(transfers);
        }
}
END_TEST

START_TEST(full_blocks_do_not_lose_parked_work)
{
    struct transfers *transfers = cold_load(4);
    transfers->base->chain.block_limit.gas = 9000;
    transfers_set(&transfers->messaging_part, "delivery_gas", 100);
    transfers_run(transfers);
    assert_all_final(transfers);
    transfers_free(transfers);
}
END_TEST

START_TEST(failed_fetches_are_repeated)
{
    struct transfers *transfers = cold_load(5);
    cold.fail_every = 3;
    transfers_run(transfers);
    assert_all_final(transfers);
    transfers_free(transfers);
}
END_TEST

/* VRAM-R43: after ten failures there is no row to wait for */
START_TEST(inputs_are_given_up_after_ten_failures)
{
    struct transfers *transfers = with_cold_rows();
    cold.fail_every = 1;
    transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
    transfers_run(transfers);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_STATE);
    ck_assert_uint_eq(cold.fetch_count, 10);
    transfers_free(transfers);
}
END_TEST

/* TON-9, TON-R41 to TON-R43: balances in another currency, and what validators earn, are rows that
 * can be cold too. */
START_TEST(further_currencies_and_fees_wait_for_their_rows)
{
    static struct currency_config currency = {.id = 21, .initial_balance = 1000};
    static const char *const small[] = {"fee_lump", "fee_bit", "fee_cell"};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct transfers *transfers = cold_load(seed);
        struct transfers_part *poisson = &transfers->workload[0];
        struct accounts_config *config = (struct accounts_config *)(void *)transfers->ledger.config;
        config->currencies = (struct param_list){&currency, 1};
        transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
        transfers_set(&transfers->messaging_part, "fees", 2);
        transfers_set(&transfers->messaging_part, "path", (int64_t)seed % 3);
        for (int i = 0; i < 3; i++)
            transfers_set(&transfers->messaging_part, small[i], i == 0 ? 9 : 0);
        transfers_constant(poisson, "amount", 50);
        transfers_set(poisson, "value.currency", 21);
        transfers_set(poisson, "value.share", INT64_C(500000000000));
        transfers->base->chain.drop_every = seed % 2 ? 3 : 0;
        transfers_run(transfers);
        assert_all_final(transfers);
        int64_t earned = transfers_counter(transfers, "messaging", "fees_emitter") +
                         transfers_counter(transfers, "messaging", "fees_final");
        ck_assert_int_gt(earned, 5000);
        transfers_free(transfers);
    }
}
END_TEST

/* ---- Reservations ---- */

enum { COMMITS = 64 };

/* A commit over two accounts of one shard: reserve both, and a block later settle both, by the
 * answers and by an odd amount's wish to abort. */
struct commit {
    struct tx tx;
    bool begun;
    uint32_t yes, no;
    bool settled;
    uint64_t ready_block;
};

static struct {
    struct stack *stack;
    struct commit commits[COMMITS];
    uint32_t count, committed, aborted;
} toy;

static void toy_submit(void *self, struct context *context, const struct tx *tx)
{
    const struct chain_seam *chain = &toy.stack->chain;
    (void)self;
    uint32_t home = chain->find(chain->self, tx->part[0].account);
    context_send(context, &(struct send){.to = chain->gateway(chain->self, home, tx->id),
                                         .wire_bytes = 100,
                                         .slot = LAYER_ATOMIC,
                                         .subject = tx->id,
                                         .payload = tx,
                                         .payload_bytes = sizeof *tx});
}

static void toy_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    struct commit *commit = &toy.commits[toy.count++];
    commit->tx = *(const struct tx *)message->payload;
    const struct chain_seam *chain = &toy.stack->chain;
    chain->wake(chain->self, context, chain->find(chain->self, commit->tx.part[0].account));
}

static void toy_reserved(void *self, struct context *context, struct block *block, uint64_t tx,
                         const struct part *part, bool yes)
{
    (void)self, (void)context, (void)part;
    for (uint32_t i = 0; i < toy.count; i++)
        if (toy.commits[i].tx.id == tx) {
            toy.commits[i].yes += yes;
            toy.commits[i].no += !yes;
            toy.commits[i].ready_block = block->id;
        }
}

static void toy_settle(struct block *block, struct commit *commit)
{
    const struct ledger_seam *ledger = &toy.stack->ledger;
    bool good = commit->yes == 2 && commit->tx.part[1].amount % 2 == 0;
    commit->settled = true;
    toy.committed += good;
    toy.aborted += !good;
    if (commit->yes < 2)
        return; /* the test has one part refuse only when the other is too */
    for (int part = 0; part < 2; part++)
        ledger->settle(ledger->self, block, commit->tx.id, &commit->tx.part[part], good);
}

static uint32_t toy_fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    const struct chain_seam *chain = &toy.stack->chain;
    const struct ledger_seam *ledger = &toy.stack->ledger;
    uint32_t added = 0;
    (void)self, (void)round;
    for (uint32_t i = 0; i < toy.count; i++) {
        struct commit *commit = &toy.commits[i];
        if (chain->find(chain->self, commit->tx.part[0].account) != block->chain)
            continue;
        if (!commit->begun) {
            commit->begun = true;
            chain->charge(chain->self, block, 10, 10);
            added++;
            for (int part = 0; part < 2; part++) {
                enum verdict verdict =
                    ledger->reserve(ledger->self, block, commit->tx.id, &commit->tx.part[part]);
                if (verdict != VERDICT_LATER)
                    toy_reserved(NULL, context, block, commit->tx.id, &commit->tx.part[part],
                                 verdict == VERDICT_YES);
            }
        } else if (!commit->settled && commit->yes + commit->no == 2 &&
                   commit->ready_block != block->id) {
            chain->charge(chain->self, block, 10, 10);
            added++;
            toy_settle(block, commit);
        }
    }
    return added;
}

static void toy_final(void *self, struct context *context, const struct block *block)
{
    (void)self;
    for (uint32_t i = 0; i < toy.count; i++)
        if (!toy.commits[i].settled)
            toy.stack->chain.wake(toy.stack->chain.self, context, block->chain);
}

static int toy_build(const struct build *build, void **ret_state)
{
    memset(&toy, 0, sizeof toy);
    toy.stack = build->stack;
    build->stack->atomic =
        (struct atomic_seam){.self = &toy, .submit = toy_submit, .reserved = toy_reserved};
    build->stack->app[LAYER_ATOMIC] =
        (struct block_app){.self = &toy, .fill = toy_fill, .final = toy_final};
    *ret_state = &toy;
    return 0;
}

static const char *const toy_kinds[] = {"submit", NULL};
static const struct model toy_model = {MODEL_BY_HAND,
                                       .layer = LAYER_ATOMIC,
                                       .layer_name = "atomic",
                                       .name = "toy",
                                       .summary = "reserves and settles",
                                       .config_bytes = 1,
                                       .message_kinds = toy_kinds,
                                       .timer_kinds = no_kinds,
                                       .build = toy_build,
                                       .on_message = toy_message,
                                       .destroy = destroy_nothing};

static void reserve_and_settle(bool cold_rows)
{
    struct transfers *transfers = cold_rows ? with_cold_rows() : transfers_new();
    transfers_use(&transfers->atomic, &toy_model);
    transfers_set(&transfers->ledger, "initial_balance", 100);
    for (uint32_t i = 0; i < 20; i++) /* even amounts commit, odd ones abort */
        transfers_step(transfers, i * 10 * MS, 1, i, 1, i + 100, 10 + i % 4);
    /* Two that together want more than there is: 60 of 100 are on hold when the second asks. */
    transfers_step(transfers, 500 * MS, 2, 7, 2, 8, 60);
    transfers_step(transfers, 600 * MS, 2, 7, 2, 500000, 60); /* nor is there a recipient */
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    ck_assert_uint_eq(toy.count, 22);
    ck_assert_uint_eq(toy.committed, 11);
    ck_assert_uint_eq(toy.aborted, 11);
    for (uint32_t i = 0; i < toy.count; i++)
        ck_assert(toy.commits[i].settled);
    transfers_free(transfers);
}

START_TEST(reservations_hold_what_they_take)
{
    reserve_and_settle(false);
}
END_TEST

START_TEST(reservations_wait_for_cold_rows_and_keep_them_warm)
{
    reserve_and_settle(true);
    ck_assert_uint_gt(cold.fetch_count, 40);
    ck_assert_uint_eq(sum_of_rows(), 0);
    for (uint32_t i = 0; i < cold.row_count; i++)
        ck_assert_uint_eq(cold.rows[i].holds, 0);
}
END_TEST

CHECK_MAIN("parked_work", a_transfer_waits_for_both_rows, a_contract_waits_for_all_of_its_rows,
           a_row_is_asked_for_once_however_many_blocks_pass, loads_over_cold_rows_settle,
           full_blocks_do_not_lose_parked_work, failed_fetches_are_repeated,
           inputs_are_given_up_after_ten_failures, further_currencies_and_fees_wait_for_their_rows,
           reservations_hold_what_they_take, reservations_wait_for_cold_rows_and_keep_them_warm)
