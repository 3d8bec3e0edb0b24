/* Logical time of the block that is being filled: which transaction is open, and what time its
 * messages get (TON-R13, TON-R14). */

#include "models/anycast.h"
#include "models/messaging/hypercube_parts.h"

const char *const cube_lt_choices[] = {"block", "account", NULL};
const char *const cube_lt_helps[] = {
    "every message of a block has its own",
    "deployed: each account's transactions follow each other; ties go by the hash (TON-R14)", NULL};

/* SIMPLIFICATION: the masterchain's own logical time is taken as rising as fast as a shard's does
 * that makes a block at every interval. */
static uint64_t master_lt(const struct hypercube *cube, const struct block *block)
{
    return block->master_seqno * cube->master_lt_step;
}

static uint64_t state_end_lt(const struct cube_chain *chain)
{
    return chain->lt == 0 ? 0 : chain->lt + 1;
}

uint64_t cube_start_lt(const struct hypercube *cube, const struct cube_chain *chain,
                       const struct block *block)
{
    return lt_block_start(state_end_lt(chain), chain->seen_lt, master_lt(cube, block));
}

void cube_time_open(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                    struct cube_part *part)
{
    part->start_lt = cube_start_lt(cube, chain, block);
    SIM_ASSERT(lt_start_valid(part->start_lt, state_end_lt(chain), chain->seen_lt,
                              master_lt(cube, block)));
    block_set(cube->stack, block, &chain->lt, part->start_lt);
    lt_book_open(&cube->book, part->start_lt);
    SIM_ASSERT(cube->locals.count == 0); /* the block before left nothing */
}

/* The block's last logical time so far; its state ends one later. */
static void advance(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                    const struct cube_part *part, uint64_t lt)
{
    if (lt > chain->lt)
        block_set(cube->stack, block, &chain->lt, lt);
    SIM_ASSERT(chain->lt - part->start_lt <= UINT32_MAX);
    block->lt_delta = (uint32_t)(chain->lt - part->start_lt);
}

void cube_time_deliver(struct hypercube *cube, struct block *block, struct cube_part *part,
                       const struct parcel *parcel)
{
    part->delivering = part->in_transaction = true;
    part->emitted = 0;
    part->initiator = parcel->initiator;
    if (cube->config.lt == CUBE_LT_BLOCK)
        return;
    uint64_t shard = cube_prefix(cube, block->chain).prefix;
    uint64_t account = anycast_recipient(&parcel->envelope, shard).prefix;
    uint64_t lt = lt_book_internal(&cube->book, account, parcel->lt);
    SIM_ASSERT(lt > part->start_lt && lt > parcel->lt);
    advance(cube, block, cube_chain_get(cube, block->chain), part, cube->book.end_lt - 1);
}

void cube_time_delivered(struct cube_part *part)
{
    part->delivering = part->in_transaction = false;
}

/* Messages of one input follow each other; whatever comes between ends its transaction. */
static bool same_transaction(const struct cube_part *part, const struct envelope *envelope)
{
    return part->in_transaction &&
           (part->delivering ||
            (part->tx == envelope->tx && part->tx_account == envelope->from.prefix));
}

uint64_t cube_time_emit(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                        struct cube_part *part, const struct envelope *envelope)
{
    if (!same_transaction(part, envelope)) {
        part->in_transaction = true;
        part->tx = envelope->tx;
        part->tx_account = envelope->from.prefix;
        part->emitted = 0;
        part->initiator = envelope->from.prefix;
        if (cube->config.lt == CUBE_LT_ACCOUNT)
            lt_book_external(&cube->book, envelope->from.prefix,
                             part->imported ? part->last_key.rank[0] : 0);
    }
    part->emitted++;
    uint64_t lt = cube->config.lt == CUBE_LT_ACCOUNT ? lt_book_emit(&cube->book) : chain->lt + 1;
    SIM_ASSERT(lt > part->start_lt);
    advance(cube, block, chain, part, lt);
    return lt;
}

/* Deferred messages come first in a block, one time after the other; what their senders do in it
 * comes later. */
uint64_t cube_time_dispatch(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                            struct cube_part *part, uint64_t account)
{
    uint64_t lt = chain->lt + 1;
    SIM_ASSERT(!part->in_transaction);
    if (cube->config.lt == CUBE_LT_ACCOUNT)
        lt_book_note(&cube->book, account, lt);
    advance(cube, block, chain, part, lt);
    return lt;
}
