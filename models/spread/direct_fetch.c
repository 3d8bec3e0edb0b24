/* What a member misses by direct spread, and how it gets it: single blocks that it hears of, and
 * long runs of ancestors, whose headers it gets first. */

#include "models/spread/direct_parts.h"
#include "sim/context.h"

enum { HEADERS_MOST = 512 }; /* in one answer */

/* Whom to ask where nobody is known to have a block. */
#define WHOM_SOURCE (UINT32_MAX - 1)
#define WHOM_ANYBODY (UINT32_MAX - 2)

struct ask {
    uint32_t count, spare;
    uint32_t attempts[WISH_REQUEST_MOST]; /* of the asker: luck for the answers */
    uint64_t blocks[WISH_REQUEST_MOST];
};

static void send(struct context *context, const struct direct_chain *chain, uint32_t to,
                 uint8_t kind, uint64_t subject, uint32_t wire_bytes, const void *payload,
                 size_t payload_bytes)
{
    struct direct_member *own = &chain->members[direct_member_at(chain, context->self)];
    context_send(context, &(struct send){.to = chain->first_node + to,
                                         .wire_bytes = wire_bytes,
                                         .slot = LAYER_SPREAD,
                                         .kind = kind,
                                         .attempt = own->draws++,
                                         .chain = chain->chain,
                                         .subject = subject,
                                         .payload = payload,
                                         .payload_bytes = payload_bytes});
}

/* The block is kept, the member does not have it, and it is above its root: what is not is on a
 * fork that is lost. */
static const struct whole_block *wanted(const struct spread_direct *direct,
                                        const struct direct_chain *chain, uint32_t member,
                                        uint64_t block)
{
    const struct chain_seam *seam = &direct->stack->chain;
    const struct whole_block *found = direct_find(direct, chain, block);
    if (!found || shred_bits_test(&found->has, member) ||
        found->header.slot <= seam->root(seam->self, chain->chain, member))
        return NULL;
    return found;
}

static void note_source(struct direct_member *own, uint32_t peer)
{
    for (uint32_t i = 0; i < own->source_count; i++)
        if (own->sources[i] == peer)
            return;
    if (own->source_count < DIRECT_SOURCES)
        own->source_count++;
    own->sources[own->source_next] = peer;
    own->source_next = (own->source_next + 1) % DIRECT_SOURCES;
}

static void drop_source(struct direct_member *own, uint32_t peer)
{
    for (uint32_t i = 0; i < own->source_count; i++)
        if (own->sources[i] == peer) {
            own->sources[i] = own->sources[--own->source_count];
            own->source_next = own->source_count;
            return;
        }
}

static void arm(struct context *context, const struct direct_chain *chain,
                struct direct_member *own, uint64_t at_ns)
{
    if (own->fetch_timer != 0 && own->fetch_ns <= at_ns)
        return;
    if (own->fetch_timer != 0)
        context_timer_cancel(context, own->fetch_timer);
    own->fetch_ns = at_ns;
    own->fetch_timer = context_timer(context, context->self, LAYER_SPREAD, DIRECT_TIMER_FETCH,
                                     chain->chain, at_ns, 0);
}

/* A block may be on its way for `fetch` after its leader has sent it: over its slot or at once. */
static uint64_t due_ns_of(const struct spread_direct *direct, const struct context *context,
                          const struct whole_block *block)
{
    bool over_slot = direct->config.send == SPREAD_OVER_SLOT;
    uint64_t sent_ns = over_slot ? block->header.end_ns : block->header.time_ns;
    uint64_t late_ns = sent_ns + (uint64_t)direct->config.fetch_ns;
    return late_ns > context->now_ns ? late_ns : context->now_ns;
}

bool direct_hear(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member, uint32_t holder, uint64_t block)
{
    struct direct_member *own = &chain->members[member];
    const struct whole_block *missed = wanted(direct, chain, member, block);
    if (!missed)
        return false;
    uint32_t before = own->wishes.count;
    uint64_t due_ns = due_ns_of(direct, context, missed);
    wish_list_add(&own->wishes, block, holder, due_ns)->holder = holder;
    note_source(own, holder);
    if (own->wishes.count == before)
        return false;
    arm(context, chain, own, due_ns);
    return true;
}

/* Whom to ask for a block: who was heard to have it, then the block's leader, then in turns one
 * that had something new lately and anybody. */
static uint32_t whom(const struct direct_member *own, const struct wish *wish,
                     const struct block_header *header)
{
    if (wish->holder != WISH_NOBODY && wish->attempts == 0)
        return wish->holder;
    if (wish->holder != WISH_NOBODY && wish->attempts == 1)
        return header->leader;
    return wish->attempts % 2 == 0 && own->source_count > 0 ? WHOM_SOURCE : WHOM_ANYBODY;
}

static uint32_t draw_peer(struct context *context, const struct direct_chain *chain,
                          struct direct_member *own, uint32_t member, uint32_t asked)
{
    struct rng_stream stream;
    if (asked < WHOM_ANYBODY && asked != member)
        return asked;
    context_rng(context, &stream, RNG_GOSSIP_TARGET, world_identity(context->world, context->self),
                own->draws++);
    if (asked == WHOM_SOURCE)
        return own->sources[rng_below(&stream, own->source_count)];
    uint32_t distance = 1 + (uint32_t)rng_below(&stream, chain->member_count - 1);
    return (member + distance) % chain->member_count;
}

/* One request for wishes that are to be asked of the same. */
static void ask(struct context *context, const struct direct_chain *chain, uint32_t member,
                uint32_t asked, const uint32_t *places, uint32_t count)
{
    struct direct_member *own = &chain->members[member];
    uint32_t peer = draw_peer(context, chain, own, member, asked);
    struct ask asks = {.count = count};
    SIM_ASSERT(peer != member);
    wish_list_ask(&own->wishes, places, count, peer, context->now_ns);
    for (uint32_t i = 0; i < count; i++) {
        const struct wish *wish = &own->wishes.wishes[places[i]];
        asks.blocks[i] = wish->block;
        asks.attempts[i] = wish->attempts;
        direct_count(context, DIRECT_ASKED);
    }
    send(context, chain, peer, DIRECT_ASK, asks.blocks[0],
         DIRECT_PACKET_BYTES + count * DIRECT_HASH_BYTES, &asks, sizeof asks);
}

/* Asks for what is due, the lowest first, as far as the window has room. */
static void look(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member)
{
    struct direct_member *own = &chain->members[member];
    struct wish_list *list = &own->wishes;
    uint32_t places[WISH_REQUEST_MOST], count = 0, asked = 0, peer;
    uint64_t next_ns = UINT64_MAX;
    bool silent;
    while (wish_list_expire(list, context->now_ns, &peer, &silent))
        if (silent)
            drop_source(own, peer);
    for (uint32_t i = list->count; i-- > 0;) {
        if (count >= wish_list_room(list, (uint32_t)direct->config.window))
            break;
        const struct wish *wish = &list->wishes[i];
        if (wish->request != 0)
            continue;
        const struct whole_block *block = wanted(direct, chain, member, wish->block);
        if (!block) {
            wish_list_remove(list, i);
            for (uint32_t place = 0; place < count; place++)
                places[place]--; /* they stand behind it */
            continue;
        }
        if (wish->due_ns > context->now_ns) {
            next_ns = wish->due_ns < next_ns ? wish->due_ns : next_ns;
            continue;
        }
        uint32_t of = whom(own, wish, &block->header);
        if (count > 0 && (of != asked || count == WISH_REQUEST_MOST)) {
            ask(context, chain, member, asked, places, count);
            count = 0;
        }
        asked = of;
        places[count++] = i;
    }
    if (count > 0)
        ask(context, chain, member, asked, places, count);
    uint64_t deadline_ns = wish_list_deadline(list);
    next_ns = deadline_ns < next_ns ? deadline_ns : next_ns;
    if (next_ns != UINT64_MAX)
        arm(context, chain, own, next_ns);
}

void direct_on_fetch(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member)
{
    chain->members[member].fetch_timer = 0;
    look(direct, context, chain, member);
}

void direct_on_ask(struct spread_direct *direct, struct context *context,
                   struct direct_chain *chain, const struct message *message)
{
    uint32_t member = direct_member_at(chain, context->self);
    struct ask asks;
    SIM_ASSERT(message->payload_bytes == sizeof asks);
    memcpy(&asks, message->payload, sizeof asks);
    for (uint32_t i = 0; i < asks.count; i++) {
        const struct whole_block *block = direct_find(direct, chain, asks.blocks[i]);
        if (!block || !shred_bits_test(&block->has, member))
            continue;
        direct_send_block(context, chain, &block->header, direct_member_at(chain, message->from),
                          asks.attempts[i], 0);
        direct_count(context, DIRECT_ANSWERED);
    }
}

/* Asks who has a block for the headers of it and its ancestors down to the own root. */
static void ask_headers(const struct spread_direct *direct, struct context *context,
                        const struct direct_chain *chain, uint32_t member, uint32_t peer,
                        uint64_t block)
{
    const struct chain_seam *seam = &direct->stack->chain;
    struct direct_member *own = &chain->members[member];
    uint64_t root = seam->root(seam->self, chain->chain, member);
    if (own->headers_until_ns > context->now_ns)
        return;
    own->headers_until_ns = context->now_ns + (uint64_t)direct->config.fetch_ns;
    send(context, chain, peer, DIRECT_ASK_HEADERS, block, DIRECT_PACKET_BYTES + DIRECT_HASH_BYTES,
         &root, sizeof root);
    direct_count(context, DIRECT_HEADERS_ASKED);
}

/* SIMPLIFICATION: an answer is one packet, and a block's ancestors are what they are, so that their
 * number says which headers it brings. */
void direct_on_ask_headers(struct spread_direct *direct, struct context *context,
                           struct direct_chain *chain, const struct message *message)
{
    uint32_t member = direct_member_at(chain, context->self), count = 0;
    uint64_t root;
    SIM_ASSERT(message->payload_bytes == sizeof root);
    memcpy(&root, message->payload, sizeof root);
    const struct whole_block *block = direct_find(direct, chain, message->subject);
    while (count < HEADERS_MOST && block && block->header.slot > root &&
           shred_bits_test(&block->has, member)) {
        count++;
        block = direct_find(direct, chain, block->header.parent);
    }
    if (count == 0)
        return;
    send(context, chain, direct_member_at(chain, message->from), DIRECT_HEADERS, message->subject,
         DIRECT_PACKET_BYTES + count * DIRECT_HEADER_BYTES, &count, sizeof count);
    context_count(context, LAYER_SPREAD, DIRECT_HEADERS_ANSWERED, count);
}

/* Where they end and more is unknown, their lowest block will say so when it comes. */
void direct_on_headers(struct spread_direct *direct, struct context *context,
                       struct direct_chain *chain, const struct message *message)
{
    uint32_t member = direct_member_at(chain, context->self), count;
    struct direct_member *own = &chain->members[member];
    uint64_t block = message->subject;
    SIM_ASSERT(message->payload_bytes == sizeof count);
    memcpy(&count, message->payload, sizeof count);
    own->headers_until_ns = 0;
    note_source(own, direct_member_at(chain, message->from));
    for (; count > 0; count--) {
        const struct whole_block *found = direct_find(direct, chain, block);
        if (!found)
            break;
        if (wanted(direct, chain, member, block))
            wish_list_add(&own->wishes, block, WISH_NOBODY, due_ns_of(direct, context, found));
        block = found->header.parent;
    }
    look(direct, context, chain, member);
}

/* Who had to ask for a block, and has not heard of its parent either, has missed more than that. */
void direct_came(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member, uint32_t from, const struct block_header *header)
{
    struct direct_member *own = &chain->members[member];
    const struct wish *wish = wish_list_find(&own->wishes, header->id);
    bool asked = wish && wish->attempts > 0;
    bool ended = wish_list_came(&own->wishes, header->id, from, context->now_ns);
    if (direct_hear(direct, context, chain, member, from, header->parent) && asked)
        ask_headers(direct, context, chain, member, from, header->parent);
    if (ended)
        look(direct, context, chain, member);
}

void direct_fetch_restart(struct spread_direct *direct, struct context *context,
                          struct direct_chain *chain, uint32_t member)
{
    struct direct_member *own = &chain->members[member];
    if (own->fetch_timer != 0)
        context_timer_cancel(context, own->fetch_timer);
    own->fetch_timer = 0;
    own->headers_until_ns = 0;
    wish_list_restart(&own->wishes, context->now_ns);
    look(direct, context, chain, member);
}
