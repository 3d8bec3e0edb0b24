#include "models/spread/slot_gossip.h"

#include <string.h>

#include "models/ascending.h"
#include "models/spread/gossip_table.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/repair_service.h"
#include "sim/exact.h"
#include "sim/rng.h"
#include "sim/world.h"

static const char *const NAME = "spread: gossip of completed slots";

enum {
    TRAIN_BYTES = 65536,
    TRAIN_VALUES = TRAIN_BYTES / 64,
    PEERS_MAX = 64,          /* the limit of the parameter */
    PULL_BYTES = 1232,       /* one packet */
    BUCKET_AVERAGE = 16,     /* what an average stake counts, in the rule of weights */
    ATTEMPT_ANSWER = 1 << 20 /* answers to pulls have another luck than pushes */
};

enum gossip_timer { GOSSIP_TIMER_PUSH, GOSSIP_TIMER_PULL }; /* cookies */

struct gossip_shared {         /* of one chain */
    struct gossip_table table; /* first: tests look at it */
    uint64_t *sums;            /* by rank: of the weights up to it */
    uint32_t users;
};

struct slot_gossip {
    struct turbine_member *member;
    struct gossip_listener listener;
    struct cluster_slots slots;
    struct slot_set completed; /* not advertised yet */
    uint64_t phase_ns;
    bool armed; /* the push timer is set */
};

static const struct spread_gossip_config *config_of(const struct turbine_member *member)
{
    return &member->chain->turbine->config.gossip;
}

static enum gossip_form form_of(const struct turbine_chain *chain)
{
    const struct spread_config *config = &chain->turbine->config;
    if (config->gossip.form == SPREAD_FORM_OF_RULES)
        return config->repair.rules == REPAIR_RULES_PROPOSAL ? GOSSIP_CACHE : GOSSIP_RECORDS;
    return config->gossip.form == SPREAD_FORM_CACHE ? GOSSIP_CACHE : GOSSIP_RECORDS;
}

/* Peers are drawn by stake, but by its order of magnitude, as deployed: (1 + log2)^2, where an
 * average stake counts 16. By stake alone small validators would hardly ever be told. */
static uint64_t weight_of(const struct turbine_chain *chain, uint64_t stake)
{
    uint128 scaled = (uint128)stake * chain->member_count * BUCKET_AVERAGE;
    uint64_t bucket = 0;
    for (uint128 left = chain->total_stake > 0 ? scaled / chain->total_stake : 0; left > 0;
         left /= 2)
        bucket++;
    return (bucket + 1) * (bucket + 1);
}

static struct gossip_shared *share(struct turbine_chain *chain)
{
    struct memory *memory = chain->turbine->memory;
    struct gossip_shared *shared = chain->gossip;
    if (!shared) {
        shared = chain->gossip = memory_take(memory, NAME, sizeof *shared);
        gossip_table_init(&shared->table, memory, form_of(chain), chain->member_count);
        shared->sums = memory_take(memory, NAME, chain->member_count * sizeof *shared->sums);
        uint64_t sum = 0;
        for (uint32_t rank = 0; rank < chain->member_count; rank++)
            shared->sums[rank] = sum += weight_of(chain, chain->stakes[rank]);
    }
    shared->users++;
    return shared;
}

static void unshare(struct turbine_chain *chain)
{
    struct memory *memory = chain->turbine->memory;
    struct gossip_shared *shared = chain->gossip;
    shared->users--;
    if (shared->users > 0)
        return;
    gossip_table_destroy(&shared->table);
    memory_give(memory, shared->sums, chain->member_count * sizeof *shared->sums);
    memory_give(memory, shared, sizeof *shared);
    chain->gossip = NULL;
}

static void begin_slots(struct slot_gossip *gossip)
{
    const struct turbine_chain *chain = gossip->member->chain;
    cluster_slots_init(&gossip->slots, chain->turbine->memory, chain->stakes, chain->member_count,
                       chain->total_stake, gossip->member->store.root);
    gossip->slots.everybody = chain->turbine->config.repair.rules == REPAIR_RULES_PROPOSAL;
}

void slot_gossip_init(struct turbine_member *member)
{
    struct memory *memory = member->chain->turbine->memory;
    member->gossip = NULL;
    if (!member->chain->turbine->config.repair.enabled)
        return;
    struct slot_gossip *gossip = memory_take(memory, NAME, sizeof *gossip);
    gossip->member = member;
    gossip_listener_init(&gossip->listener, &share(member->chain)->table);
    slot_set_init(&gossip->completed, memory);
    begin_slots(gossip);
    member->gossip = gossip;
}

void slot_gossip_destroy(struct turbine_member *member)
{
    struct slot_gossip *gossip = member->gossip;
    if (!gossip)
        return;
    gossip_listener_destroy(&gossip->listener, &member->chain->gossip->table);
    cluster_slots_destroy(&gossip->slots);
    slot_set_destroy(&gossip->completed);
    unshare(member->chain);
    memory_give(member->chain->turbine->memory, gossip, sizeof *gossip);
    member->gossip = NULL;
}

const struct cluster_slots *slot_gossip_slots(const struct turbine_member *member)
{
    return &member->gossip->slots;
}

/* The first instant after now of a grid of so many nanoseconds. */
static uint64_t after(const struct slot_gossip *gossip, const struct context *context,
                      uint64_t step_ns)
{
    uint64_t phase_ns = gossip->phase_ns % step_ns;
    if (context->now_ns < phase_ns)
        return phase_ns;
    return phase_ns + ((context->now_ns - phase_ns) / step_ns + 1) * step_ns;
}

static void set_timer(const struct slot_gossip *gossip, struct context *context, uint64_t step_ns,
                      enum gossip_timer cookie)
{
    if (step_ns > 0)
        context_timer(context, gossip->member->node, LAYER_SPREAD, TURBINE_TIMER_GOSSIP,
                      gossip->member->chain->chain, after(gossip, context, step_ns), cookie);
}

/* There is something to be told at the next instant of the grid. */
static void arm(struct slot_gossip *gossip, struct context *context)
{
    if (gossip->armed || (gossip->listener.fresh.count == 0 && gossip->completed.count == 0))
        return;
    gossip->armed = true;
    set_timer(gossip, context, (uint64_t)config_of(gossip->member)->interval_ns, GOSSIP_TIMER_PUSH);
}

void slot_gossip_start(struct turbine_member *member, struct context *context)
{
    struct slot_gossip *gossip = member->gossip;
    struct rng_stream stream;
    if (!gossip)
        return;
    context_rng(context, &stream, RNG_GOSSIP_TARGET, world_identity(context->world, member->node),
                UINT64_MAX);
    gossip->phase_ns = rng_below(&stream, UINT64_C(1) << 40);
    set_timer(gossip, context, (uint64_t)config_of(member)->pull_ns, GOSSIP_TIMER_PULL);
}

/* A peer by weight: the first whose sum exceeds the number drawn. */
static uint32_t draw_peer(const struct turbine_chain *chain, struct rng_stream *stream)
{
    const uint64_t *sums = chain->gossip->sums;
    uint32_t peers = chain->member_count;
    return (uint32_t)ascending_draw(sums, peers, rng_below(stream, sums[peers - 1]));
}

/* Different peers, none of them oneself; fewer where the draws meet too often. */
static uint32_t draw_peers(const struct turbine_member *member, struct context *context,
                           uint64_t item, uint32_t wanted, uint32_t *ret_peers)
{
    struct rng_stream stream;
    uint32_t count = 0;
    context_rng(context, &stream, RNG_GOSSIP_TARGET, world_identity(context->world, member->node),
                item);
    for (uint32_t tries = 0; count < wanted && tries < 8 * wanted; tries++) {
        uint32_t peer = draw_peer(member->chain, &stream);
        bool again = peer == member->rank;
        for (uint32_t i = 0; i < count; i++)
            again |= ret_peers[i] == peer;
        if (!again)
            ret_peers[count++] = peer;
    }
    return count;
}

/* Values on their way to some peers: as many as fill a train, then they leave. */
struct train {
    const struct turbine_member *member;
    struct context *context;
    const uint32_t *peers;
    uint32_t peer_count, count, attempt;
    uint64_t subject;
    struct gossip_packing packing;
    struct gossip_value values[TRAIN_VALUES];
};

static void depart(struct train *train)
{
    const struct turbine_chain *chain = train->member->chain;
    if (train->count == 0)
        return;
    for (uint32_t i = 0; i < train->peer_count; i++)
        context_send(train->context,
                     &(struct send){.to = chain->node_of_rank[train->peers[i]],
                                    .wire_bytes = (uint32_t)train->packing.bytes,
                                    .slot = LAYER_SPREAD,
                                    .kind = TURBINE_EPOCH_SLOTS,
                                    .attempt = train->attempt,
                                    .chain = chain->chain,
                                    .subject = train->subject,
                                    .payload = train->values,
                                    .payload_bytes = train->count * sizeof *train->values});
    turbine_count(train->member, train->context, TURBINE_GOSSIP_RECORDS,
                  (int64_t)train->count * train->peer_count);
    turbine_count(train->member, train->context, TURBINE_GOSSIP_BYTES,
                  (int64_t)train->packing.bytes * train->peer_count);
    train->attempt++;
    train->count = 0;
    train->packing = (struct gossip_packing){0};
}

static void load(struct train *train, struct gossip_value value)
{
    uint32_t bytes = gossip_table_bytes(&train->member->chain->gossip->table, value);
    if (train->count == TRAIN_VALUES ||
        (train->count > 0 && train->packing.bytes + bytes > TRAIN_BYTES))
        depart(train);
    gossip_packing_add(&train->packing, bytes);
    train->values[train->count++] = value;
}

/* SOL-8, SOL-R7.5: a new version of one's own, where something is complete since the last one: by
 * the proposal as soon as it is, as deployed when the next batch is due. Only who has stake
 * advertises as deployed. */
static void advertise(struct slot_gossip *gossip, const struct context *context)
{
    const struct turbine_member *member = gossip->member;
    struct gossip_table *table = &member->chain->gossip->table;
    bool silent = table->form == GOSSIP_RECORDS && member->chain->stakes[member->rank] == 0;
    if (gossip->completed.count > 0 && !silent) {
        gossip_table_advertise(table, member->rank, gossip->completed.slots,
                               gossip->completed.count, (uint64_t)turbine_now_ms(context));
        gossip_listener_own(&gossip->listener, table, member->rank);
    }
    gossip->completed.count = 0;
}

static void push(struct slot_gossip *gossip, struct context *context)
{
    const struct turbine_member *member = gossip->member;
    uint32_t peers[PEERS_MAX], place = 0;
    struct gossip_value value;
    gossip->armed = false;
    advertise(gossip, context);
    struct train train = {.member = member,
                          .context = context,
                          .peers = peers,
                          .subject = (uint64_t)turbine_now_ms(context)};
    train.peer_count =
        draw_peers(member, context, context->now_ns, (uint32_t)config_of(member)->fanout, peers);
    while (gossip_listener_next(&gossip->listener, &place, &value))
        load(&train, value);
    depart(&train);
    gossip_listener_passed(&gossip->listener);
}

/* Asks one peer for what one does not have: names the newest version of each value that one has. */
static void pull(struct slot_gossip *gossip, struct context *context)
{
    const struct turbine_member *member = gossip->member;
    const struct turbine_chain *chain = member->chain;
    uint32_t peer, places = chain->member_count * gossip->listener.parts;
    set_timer(gossip, context, (uint64_t)config_of(member)->pull_ns, GOSSIP_TIMER_PULL);
    if (draw_peers(member, context, context->now_ns | UINT64_C(1) << 63, 1, &peer) == 0)
        return;
    context_send(context, &(struct send){.to = chain->node_of_rank[peer],
                                         .wire_bytes = PULL_BYTES,
                                         .slot = LAYER_SPREAD,
                                         .kind = TURBINE_EPOCH_PULL,
                                         .chain = chain->chain,
                                         .subject = (uint64_t)turbine_now_ms(context),
                                         .payload = gossip->listener.known,
                                         .payload_bytes = places * sizeof(uint32_t)});
    turbine_count(member, context, TURBINE_GOSSIP_PULLS, 1);
    turbine_count(member, context, TURBINE_GOSSIP_BYTES, PULL_BYTES);
}

static void on_pull(const struct slot_gossip *gossip, struct context *context,
                    const struct message *message)
{
    const struct turbine_member *member = gossip->member;
    const uint32_t *known = gossip->listener.known, *theirs = message->payload;
    uint32_t parts = gossip->listener.parts, places = member->chain->member_count * parts;
    uint32_t peer = member->chain->turbine->places[message->from].member->rank;
    SIM_ASSERT(message->payload_bytes == places * sizeof *theirs);
    struct train train = {.member = member,
                          .context = context,
                          .peers = &peer,
                          .peer_count = 1,
                          .attempt = ATTEMPT_ANSWER,
                          .subject = message->subject};
    for (uint32_t place = 0; place < places; place++)
        if (known[place] > theirs[place])
            load(&train, (struct gossip_value){.origin = place / parts & INT32_MAX,
                                               .part = place % parts & 1,
                                               .version = known[place]});
    depart(&train);
}

static void on_values(struct slot_gossip *gossip, struct context *context,
                      const struct message *message)
{
    const struct gossip_table *table = &gossip->member->chain->gossip->table;
    const struct gossip_value *values = message->payload;
    size_t count = message->payload_bytes / sizeof *values;
    uint32_t news = 0;
    bool first = false;
    for (size_t i = 0; i < count; i++)
        if (gossip_listener_news(&gossip->listener, values[i])) {
            first |= gossip_listener_take(&gossip->listener, table, values[i], &gossip->slots);
            news++;
        }
    turbine_count(gossip->member, context, TURBINE_GOSSIP_NEWS, news);
    turbine_count(gossip->member, context, TURBINE_GOSSIP_DUPLICATE, (int64_t)count - news);
    arm(gossip, context);
    if (first)
        repair_service_marked(gossip->member, context);
}

void slot_gossip_on_message(struct turbine_member *member, struct context *context,
                            const struct message *message)
{
    SIM_ASSERT(member->gossip);
    if (message->kind == TURBINE_EPOCH_PULL)
        on_pull(member->gossip, context, message);
    else
        on_values(member->gossip, context, message);
}

void slot_gossip_on_timer(struct turbine_member *member, struct context *context, uint64_t cookie)
{
    SIM_ASSERT(member->gossip);
    if (cookie == GOSSIP_TIMER_PUSH)
        push(member->gossip, context);
    else
        pull(member->gossip, context);
}

/* What others said is in memory only; what oneself completed is made again from the ledger. */
void slot_gossip_on_fault(struct turbine_member *member, struct context *context,
                          const struct fault *fault)
{
    struct slot_gossip *gossip = member->gossip;
    if (!gossip || (fault->type != FAULT_CRASH && fault->type != FAULT_RESTART))
        return;
    const struct gossip_table *table = &member->chain->gossip->table;
    gossip->armed = false;
    if (fault->type == FAULT_CRASH && fault->begins) {
        gossip_listener_forget(&gossip->listener, table);
        cluster_slots_destroy(&gossip->slots);
        begin_slots(gossip);
        return;
    }
    for (uint32_t part = 0; part < gossip->listener.parts; part++) {
        struct gossip_value own = {.origin = member->rank & INT32_MAX, .part = part & 1};
        own.version = gossip_table_newest(table, member->rank, (enum gossip_part)part);
        if (gossip_listener_news(&gossip->listener, own))
            gossip_listener_take(&gossip->listener, table, own, &gossip->slots);
    }
    arm(gossip, context);
    if (config_of(member)->pull_ns > 0)
        pull(gossip, context);
}

void slot_gossip_completed(struct turbine_member *member, struct context *context, uint64_t slot)
{
    struct slot_gossip *gossip = member->gossip;
    if (!gossip)
        return;
    slot_set_add(&gossip->completed, slot);
    cluster_slots_mark(&gossip->slots, member->rank, slot);
    if (member->chain->gossip->table.form == GOSSIP_CACHE)
        advertise(gossip, context);
    arm(gossip, context);
}

/* Looked at when the first member's root moves: the least one of all cannot pass it. */
static void forget_below_all_roots(const struct turbine_chain *chain)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < chain->member_count; i++) {
        uint64_t root = chain->members[i].gossip->slots.root;
        least = root < least ? root : least;
    }
    gossip_table_forget(&chain->gossip->table, least);
}

void slot_gossip_rooted(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)context;
    if (!member->gossip || slot <= member->gossip->slots.root)
        return;
    cluster_slots_set_root(&member->gossip->slots, slot);
    if (member->member == 0)
        forget_below_all_roots(member->chain);
}
