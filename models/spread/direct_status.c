/* How a member learns of a block that nobody tells it of: when nothing new has come for a while, or
 * when it is back from a crash, it tells a few others which block is its newest and which is its
 * root, and they answer with theirs.
 *
 * Whom: the members that follow it in the ring of their numbers. The round is over when PEERS of
 * them have answered and nobody before these is left. Who does not answer is asked again after
 * `fetch`, then after twice as long each time, and one more is asked in his place. So the next
 * member that is up hears from the one before it, whoever is down between them: by and by all
 * around the ring hear of a block that one of them has, whatever fork it is on, if it is final: who
 * is told that it is tells it on. And a chain where nothing happens falls silent: no news, no
 * round; who stays away for ever costs a packet each time that the time of his absence has doubled.
 */

#include "models/spread/direct_parts.h"
#include "sim/context.h"

enum { PEERS = 3, REACH_MOST = 64, DOUBLINGS_MOST = 20 };

static void set_timer(struct context *context, const struct direct_chain *chain,
                      struct direct_member *own, uint64_t at_ns)
{
    if (own->status_timer != 0)
        context_timer_cancel(context, own->status_timer);
    own->status_timer = context_timer(context, context->self, LAYER_SPREAD, DIRECT_TIMER_STATUS,
                                      chain->chain, at_ns, 0);
}

static void end_round(struct context *context, struct direct_member *own)
{
    own->round.open = false;
    if (own->status_timer != 0)
        context_timer_cancel(context, own->status_timer);
    own->status_timer = 0;
}

static void send_status(struct context *context, const struct direct_chain *chain,
                        struct direct_member *own, uint32_t to, uint8_t kind, uint64_t round)
{
    struct direct_status status = {.root = own->root, .newest = own->newest, .round = round};
    context_send(context, &(struct send){.to = chain->first_node + to,
                                         .wire_bytes = DIRECT_PACKET_BYTES + 2 * DIRECT_HASH_BYTES,
                                         .slot = LAYER_SPREAD,
                                         .kind = kind,
                                         .attempt = own->draws++,
                                         .chain = chain->chain,
                                         .subject = own->newest,
                                         .payload = &status,
                                         .payload_bytes = sizeof status});
    direct_count(context, DIRECT_STATUSES);
}

/* Asks those of a round that have not answered, and as many more as are lacking. */
static void ask_round(const struct spread_direct *direct, struct context *context,
                      const struct direct_chain *chain, uint32_t member)
{
    struct direct_member *own = &chain->members[member];
    struct direct_round *round = &own->round;
    uint32_t others = chain->member_count - 1;
    uint32_t most = others < REACH_MOST ? others : REACH_MOST;
    uint32_t answered = (uint32_t)__builtin_popcountll(round->answered);
    uint32_t lacking = answered < PEERS ? PEERS - answered : 0;
    uint32_t doublings = round->tries < DOUBLINGS_MOST ? round->tries : DOUBLINGS_MOST;
    round->reach = round->reach + lacking < most ? round->reach + lacking : most;
    round->tries++;
    for (uint32_t distance = 1; distance <= round->reach; distance++)
        if (!(round->answered >> (distance - 1) & 1))
            send_status(context, chain, own, (member + distance) % chain->member_count,
                        DIRECT_STATUS, round->number);
    set_timer(context, chain, own,
              context->now_ns + ((uint64_t)direct->config.fetch_ns << doublings));
}

static void begin_round(const struct spread_direct *direct, struct context *context,
                        const struct direct_chain *chain, uint32_t member)
{
    struct direct_round *round = &chain->members[member].round;
    *round = (struct direct_round){.number = round->number + 1, .open = true};
    ask_round(direct, context, chain, member);
}

void direct_on_quiet(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member)
{
    struct direct_member *own = &chain->members[member];
    uint64_t quiet_ns = own->news_ns + (uint64_t)direct->config.status_ns;
    own->status_timer = 0;
    if (own->round.open)
        ask_round(direct, context, chain, member);
    else if (context->now_ns < quiet_ns)
        set_timer(context, chain, own, quiet_ns);
    else
        begin_round(direct, context, chain, member);
}

/* What a round has told is not all any more. */
static void note_news(const struct spread_direct *direct, struct context *context,
                      const struct direct_chain *chain, struct direct_member *own)
{
    if (direct->config.status_ns == 0)
        return;
    own->news_ns = context->now_ns;
    if (own->round.open)
        end_round(context, own);
    if (own->status_timer == 0) /* else it will see that there was news */
        set_timer(context, chain, own, own->news_ns + (uint64_t)direct->config.status_ns);
}

void direct_has(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                uint32_t member, const struct block_header *header)
{
    struct direct_member *own = &chain->members[member];
    if (header->slot > own->newest_slot) {
        own->newest_slot = header->slot;
        own->newest = header->id;
    }
    note_news(direct, context, chain, own);
}

void direct_is_final(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member, const struct block_header *header)
{
    struct direct_member *own = &chain->members[member];
    if (header->slot <= own->root_slot)
        return;
    own->root_slot = header->slot;
    own->root = header->id;
    note_news(direct, context, chain, own);
}

void direct_on_status(struct spread_direct *direct, struct context *context,
                      struct direct_chain *chain, const struct message *message)
{
    uint32_t member = direct_member_at(chain, context->self);
    uint32_t from = direct_member_at(chain, message->from);
    struct direct_member *own = &chain->members[member];
    struct direct_status status;
    SIM_ASSERT(message->payload_bytes == sizeof status);
    memcpy(&status, message->payload, sizeof status);
    const struct whole_block *root = direct_find(direct, chain, status.root);
    if (root)
        direct_is_final(direct, context, chain, member, &root->header);
    direct_hear(direct, context, chain, member, from, status.root);
    direct_hear(direct, context, chain, member, from, status.newest);
    if (message->kind == DIRECT_STATUS) {
        send_status(context, chain, own, from, DIRECT_STATUS_ANSWER, status.round);
        return;
    }
    if (!own->round.open || status.round != own->round.number)
        return;
    uint32_t distance = (from + chain->member_count - member) % chain->member_count;
    SIM_ASSERT(distance >= 1);
    SIM_ASSERT(distance <= own->round.reach);
    own->round.answered |= UINT64_C(1) << (distance - 1);
    if ((uint32_t)__builtin_popcountll(own->round.answered) == own->round.reach)
        end_round(context, own);
}

void direct_status_restart(struct spread_direct *direct, struct context *context,
                           struct direct_chain *chain, uint32_t member)
{
    struct direct_member *own = &chain->members[member];
    end_round(context, own);
    if (direct->config.status_ns > 0)
        begin_round(direct, context, chain, member);
}
