#include "models/ledger/accounts_reshard.h"

#include "models/ledger/accounts_external.h"
#include "models/shard_prefix.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/model.h"

/* The chains that die, and those that live instead. */
struct heirs {
    struct accounts *accounts;
    uint32_t young[2], count;
};

static uint32_t heir_of(const void *self, uint64_t prefix)
{
    const struct heirs *heirs = self;
    const struct chain_seam *chain = &heirs->accounts->stack->chain;
    for (uint32_t i = 0; i < heirs->count; i++)
        if (shard_contains(chain->prefix(chain->self, heirs->young[i]).prefix, prefix))
            return heirs->young[i];
    SIM_ASSERT(false); /* the halves are the whole */
    return 0;
}

static void move(const struct heirs *heirs, struct account_book *old, struct account_row which,
                 uint32_t chain, uint64_t amount)
{
    struct accounts *accounts = heirs->accounts;
    const struct state_seam *state = &accounts->stack->state;
    struct account_book *young = account_books_get(&accounts->books, chain);
    struct row row = {.chain = old->chain, .space = which.space, .key = which.key};
    state->move(state->self, row, chain, amount);
    account_books_list(&accounts->books, young, which);
    if (which.space == ACCOUNT_SPACE_CODE || which.space == ACCOUNT_SPACE_DATA)
        return; /* no value */
    old->total.change -= amount;
    old->total.moved_out += amount;
    young->total.change += amount;
    young->total.moved_in += amount;
}

static void move_rows(const struct heirs *heirs, struct account_book *old)
{
    struct accounts *accounts = heirs->accounts;
    const struct state_seam *state = &accounts->stack->state;
    struct block view = {.chain = old->chain};
    for (uint32_t i = 0; i < old->touched_count; i++) {
        struct account_row which = old->touched[i];
        struct row row = {.chain = old->chain, .space = which.space, .key = which.key};
        uint64_t value = 0;
        enum verdict verdict = state->read(state->self, &view, row, &value);
        SIM_ASSERT(verdict == VERDICT_YES); /* a state whose rows move has them at hand */
        if (which.space != ACCOUNT_SPACE_CHAIN) {
            move(heirs, old, which, heir_of(heirs, which.key), value);
            continue;
        }
        uint64_t left = heirs->count == 2 ? accounts_reshard_left(value) : value;
        move(heirs, old, which, heirs->young[0], left);
        if (heirs->count == 2)
            move(heirs, old, which, heirs->young[1], value - left);
    }
    account_books_clear(old);
}

static void move_inputs(const struct heirs *heirs, struct account_book *old)
{
    struct accounts *accounts = heirs->accounts;
    struct input_ring *ring = &old->inputs;
    SIM_ASSERT(ring->done == ring->head); /* no block is open */
    for (; ring->head < ring->tail; ring->head++) {
        uint32_t handle = input_ring_at(ring, ring->head);
        const struct ledger_input *input = pool_at(&accounts->inputs, handle);
        uint32_t heir = heir_of(heirs, input->tx.part[0].account.prefix);
        input_ring_append(&account_books_get(&accounts->books, heir)->inputs, accounts->memory,
                          handle);
    }
    ring->done = ring->head;
}

static void inherit(const struct heirs *heirs, struct context *context, uint32_t chain)
{
    accounts_external_divide(heirs->accounts, context, chain, heir_of, heirs);
    struct account_book *old = account_books_find(&heirs->accounts->books, chain);
    if (!old)
        return;
    SIM_ASSERT(account_flow_wrong(&old->open) == 0 && old->open.change == 0);
    SIM_ASSERT(old->parked.done == old->parked.tail); /* only cold rows are waited for */
    /* Reservations of a commit across chains would have to be divided; no such layer is there. */
    SIM_ASSERT(old->total.held == 0);
    move_rows(heirs, old);
    currency_books_inherit(&heirs->accounts->currencies, chain, heirs->young, heirs->count);
    move_inputs(heirs, old);
}

void accounts_reshard_divide(void *self, struct context *context, uint32_t parent, uint32_t left,
                             uint32_t right)
{
    const struct heirs heirs = {.accounts = self, .young = {left, right}, .count = 2};
    inherit(&heirs, context, parent);
}

void accounts_reshard_unite(void *self, struct context *context, uint32_t left, uint32_t right,
                            uint32_t parent)
{
    const struct heirs heirs = {.accounts = self, .young = {parent}, .count = 1};
    inherit(&heirs, context, left);
    inherit(&heirs, context, right);
}

int accounts_reshard_check(const struct build *build)
{
    const struct chain_seam *chain = &build->stack->chain;
    if (!chain->reshards || !chain->reshards(chain->self))
        return 0;
    if (!build->stack->state.move) {
        diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                        "this state does not move rows when a shard splits",
                        "state ram, or no chain.resharding", NULL, "\"type\": \"ram\"");
        return -1;
    }
    return 0;
}
