#include "models/spread/turbine.h"

#include "models/spread/repair_service.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine_parts.h"
#include "models/validator_key.h"
#include "sim/diagnostics.h"
#include "sim/world.h"

/* Trees are kept for the slots of the last second, and some more. */
enum { SLOTS_LEAST = 3, CACHE_LINE = 64 };
#define TREES_NS UINT64_C(1000000000)

static const char *const NAME = "spread";

static void build_cluster(struct turbine_chain *chain, const struct world *world)
{
    struct turbine *turbine = chain->turbine;
    const struct chain_seam *seam = &turbine->stack->chain;
    uint32_t count = chain->member_count;
    struct turbine_node *nodes = memory_take(turbine->memory, NAME, count * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++) {
        nodes[i].id = i;
        nodes[i].stake = seam->stake(seam->self, chain->chain, i);
        validator_key(world_rng(world), world_identity(world, chain->members[i].node),
                      nodes[i].key);
    }
    turbine_sort(nodes, count);
    turbine_cluster_init(
        &chain->cluster, turbine->memory, nodes, count, (uint32_t)turbine->config.fanout,
        turbine->config.tree == SPREAD_TREE_CHACHA8 ? CHACHA_ROUNDS_8 : CHACHA_ROUNDS_20);
    for (uint32_t rank = 0; rank < count; rank++) {
        struct turbine_member *member = &chain->members[nodes[rank].id];
        member->rank = rank;
        chain->member_of_rank[rank] = member->member;
        chain->node_of_rank[rank] = member->node;
        chain->stakes[rank] = nodes[rank].stake;
        chain->total_stake += nodes[rank].stake;
    }
    memory_give(turbine->memory, nodes, count * sizeof *nodes);
}

static size_t members_bytes(uint32_t count)
{
    return count * sizeof(struct turbine_member) + CACHE_LINE;
}

/* Slot 0 is the beginning, which all have: one shred, so that nobody asks for more of it. */
static void begin_store(struct blockstore *store)
{
    blockstore_begin(store);
    blockstore_insert(store, &(struct data_shred){.last = true}, 0);
    blockstore_commit(store);
    blockstore_connect_root(store, 0);
}

static void build_chain(struct turbine *turbine, struct turbine_chain *chain, uint32_t id,
                        const struct world *world)
{
    const struct chain_seam *seam = &turbine->stack->chain;
    struct memory *memory = turbine->memory;
    uint32_t count = seam->members(seam->self, id);
    *chain = (struct turbine_chain){.turbine = turbine, .chain = id, .member_count = count};
    chain->epoch_slots = seam->epoch_slots(seam->self, id);
    chain->interval_ns = seam->slot_ns(seam->self, id, 2) - seam->slot_ns(seam->self, id, 1);
    chain->members_room = memory_take(memory, NAME, members_bytes(count));
    chain->members = (struct turbine_member *)(((uintptr_t)chain->members_room + CACHE_LINE - 1) &
                                               ~(uintptr_t)(CACHE_LINE - 1));
    chain->member_of_rank = memory_take(memory, NAME, count * sizeof(uint32_t));
    chain->node_of_rank = memory_take(memory, NAME, count * sizeof(uint32_t));
    chain->stakes = memory_take(memory, NAME, count * sizeof(uint64_t));
    blockstore_shared_join(&chain->shared, memory, &turbine->pools);
    for (uint32_t i = 0; i < count; i++) {
        struct turbine_member *member = &chain->members[i];
        member->chain = chain;
        member->member = i;
        member->node = seam->node(seam->self, id, i);
        blockstore_init(&member->store, &chain->shared);
        begin_store(&member->store);
        slot_window_init(&member->window, &turbine->windows);
        turbine->places[member->node] = (struct turbine_place){member, chain};
    }
    build_cluster(chain, world);
    turbine_trees_init(&chain->trees, memory, &chain->cluster,
                       SLOTS_LEAST + (uint32_t)(TREES_NS / chain->interval_ns));
    for (uint32_t i = 0; i < count; i++) {
        repair_service_init(&chain->members[i]);
        slot_gossip_init(&chain->members[i]);
    }
}

static void destroy_chain(struct turbine_chain *chain)
{
    struct memory *memory = chain->turbine->memory;
    uint32_t count = chain->member_count;
    for (uint32_t i = 0; i < count; i++) {
        struct turbine_member *member = &chain->members[i];
        slot_gossip_destroy(member);
        repair_service_destroy(member);
        slot_window_destroy(&member->window);
        blockstore_destroy(&member->store);
        memory_give(memory, member->lies, member->lie_capacity * sizeof *member->lies);
    }
    for (uint32_t i = 0; i < chain->block_count; i++)
        memory_give(memory, chain->blocks[i], sizeof **chain->blocks);
    memory_give(memory, chain->blocks, chain->block_capacity * sizeof *chain->blocks);
    turbine_trees_destroy(&chain->trees);
    turbine_cluster_destroy(&chain->cluster);
    blockstore_shared_destroy(&chain->shared);
    memory_give(memory, chain->members_room, members_bytes(count));
    memory_give(memory, chain->member_of_rank, count * sizeof(uint32_t));
    memory_give(memory, chain->node_of_rank, count * sizeof(uint32_t));
    memory_give(memory, chain->stakes, count * sizeof(uint64_t));
}

static struct turbine_member *member_here(const struct turbine *turbine,
                                          const struct context *context)
{
    struct turbine_member *member = turbine->places[context->self].member;
    SIM_ASSERT(member);
    return member;
}

static void publish(void *self, struct context *context, const struct block_header *header)
{
    struct turbine_member *leader = member_here(self, context);
    SIM_ASSERT(leader->chain->chain == header->chain && leader->member == header->leader);
    turbine_publish(leader->chain, context, header);
}

static void voted(void *self, struct context *context, uint32_t chain, uint32_t member,
                  uint32_t voter, uint64_t slot, uint64_t block)
{
    struct turbine_member *at = member_here(self, context);
    SIM_ASSERT(at->chain->chain == chain && at->member == member);
    (void)block; /* the hash of the block is ignored (SOL-R4.2) */
    if (!at->repair)
        return;
    turbine_flush(at, context);
    repair_service_heard_vote(at, context, voter, slot);
}

static void rooted(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot)
{
    struct turbine_member *at = member_here(self, context);
    SIM_ASSERT(at->chain->chain == chain && at->member == member);
    turbine_rooted(at, context, slot);
}

static int build(const struct build *build, void **ret_state)
{
    struct memory *memory = world_memory(build->world);
    struct turbine *turbine = memory_take(memory, NAME, sizeof *turbine);
    const struct chain_seam *seam = &build->stack->chain;
    uint32_t chains = 0, last = seam->count(seam->self, CHAIN_SHARD);
    SIM_ASSERT(build->slot == LAYER_SPREAD);
    turbine->config = *(const struct spread_config *)build->config;
    turbine->memory = memory;
    turbine->stack = build->stack;
    turbine->node_count = world_node_count(build->world);
    turbine->places = memory_take(memory, NAME, turbine->node_count * sizeof *turbine->places + 1);
    for (uint32_t i = 0; i < last; i++)
        chains += seam->members(seam->self, seam->at(seam->self, CHAIN_SHARD, i)) > 1;
    turbine->chains = memory_take(memory, NAME, chains * sizeof *turbine->chains + 1);
    blockstore_pools_init(&turbine->pools, memory);
    slot_window_shared_init(&turbine->windows, memory);
    for (uint32_t i = 0; i < last; i++) {
        uint32_t id = seam->at(seam->self, CHAIN_SHARD, i);
        if (seam->members(seam->self, id) > 1)
            build_chain(turbine, &turbine->chains[turbine->chain_count++], id, build->world);
    }
    spread_params_need_members(build, turbine->chain_count);
    build->stack->spread = (struct spread_seam){
        .self = turbine, .by_parts = true, .publish = publish, .voted = voted, .rooted = rooted};
    *ret_state = turbine;
    return 0;
}

static void start(void *state, struct context *context)
{
    struct turbine *turbine = state;
    for (uint32_t i = 0; i < turbine->chain_count; i++)
        for (uint32_t m = 0; m < turbine->chains[i].member_count; m++) {
            struct turbine_member *member = &turbine->chains[i].members[m];
            context_as(context, member->node);
            repair_service_start(member, context);
            slot_gossip_start(member, context);
        }
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    const struct turbine *turbine = state;
    const struct turbine_place *place = &turbine->places[context->self];
    struct turbine_member *member = place->member;
    SIM_ASSERT(member);
    switch ((enum turbine_message)message->kind) {
    case TURBINE_SHRED_DATA:
        turbine_arrived(place, context, SHRED_DATA, message->subject);
        return;
    case TURBINE_SHRED_CODE:
        turbine_arrived(place, context, SHRED_CODE, message->subject);
        return;
    case TURBINE_REPAIR_REQUEST:
    case TURBINE_REPAIR_ANSWER:
    case TURBINE_PING:
    case TURBINE_PONG:
        turbine_flush(member, context);
        repair_service_on_message(member, context, message);
        return;
    case TURBINE_EPOCH_SLOTS:
    case TURBINE_EPOCH_PULL:
        turbine_flush(member, context);
        slot_gossip_on_message(member, context, message);
        return;
    case TURBINE_MESSAGES:
        break;
    }
    SIM_ASSERT(!"a message that this layer sends");
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct turbine_member *member = member_here(state, context);
    (void)chain;
    switch ((enum turbine_timer)kind) {
    case TURBINE_TIMER_DATA:
        turbine_pass_on(member, context, SHRED_DATA, cookie);
        return;
    case TURBINE_TIMER_CODE:
        turbine_pass_on(member, context, SHRED_CODE, cookie);
        return;
    case TURBINE_TIMER_SET:
        turbine_make_set(member->chain, context, (uint32_t)cookie);
        return;
    case TURBINE_TIMER_JUDGE:
        turbine_judge(member->chain, context, (uint32_t)cookie);
        return;
    case TURBINE_TIMER_REPAIR:
    case TURBINE_TIMER_SERVE:
        turbine_flush(member, context);
        repair_service_on_timer(member, context, (enum turbine_timer)kind, cookie);
        return;
    case TURBINE_TIMER_GOSSIP:
        turbine_flush(member, context);
        slot_gossip_on_timer(member, context, cookie);
        return;
    case TURBINE_TIMERS:
        break;
    }
    SIM_ASSERT(!"a timer that this layer sets");
}

static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    const struct turbine *turbine = state;
    /* Nodes of layers that were built later are no members. */
    struct turbine_member *member =
        context->self < turbine->node_count ? turbine->places[context->self].member : NULL;
    if (!member)
        return;
    if (fault->type == FAULT_CRASH || fault->type == FAULT_RESTART)
        member->changed_ns = context->now_ns;
    if (fault->type == FAULT_BYZANTINE)
        turbine_byzantine_on_fault(member, fault);
    turbine_flush(member, context);
    repair_service_on_fault(member, context, fault);
    slot_gossip_on_fault(member, context, fault);
}

static void check_liveness(void *state, struct context *context)
{
    struct turbine *turbine = state;
    for (uint32_t i = 0; i < turbine->chain_count; i++)
        turbine_check_liveness(&turbine->chains[i], context);
}

static void destroy(void *state)
{
    struct turbine *turbine = state;
    if (!turbine)
        return;
    for (uint32_t i = 0; i < turbine->chain_count; i++)
        destroy_chain(&turbine->chains[i]);
    slot_window_shared_destroy(&turbine->windows);
    blockstore_pools_destroy(&turbine->pools);
    struct memory *memory = turbine->memory;
    memory_give(memory, turbine->chains, turbine->chain_count * sizeof *turbine->chains + 1);
    memory_give(memory, turbine->places, turbine->node_count * sizeof *turbine->places + 1);
    memory_give(memory, turbine, sizeof *turbine);
}

static const char *const message_kinds[] = {[TURBINE_SHRED_DATA] = "shred_data",
                                            [TURBINE_SHRED_CODE] = "shred_code",
                                            [TURBINE_REPAIR_REQUEST] = "repair_request",
                                            [TURBINE_REPAIR_ANSWER] = "repair_answer",
                                            [TURBINE_EPOCH_SLOTS] = "epoch_slots",
                                            [TURBINE_EPOCH_PULL] = "epoch_pull",
                                            [TURBINE_PING] = "ping",
                                            [TURBINE_PONG] = "pong",
                                            [TURBINE_MESSAGES] = NULL};
static const char *const timer_kinds[] = {
    [TURBINE_TIMER_DATA] = "pass_on_data", [TURBINE_TIMER_CODE] = "pass_on_code",
    [TURBINE_TIMER_SET] = "make_set",      [TURBINE_TIMER_JUDGE] = "judge",
    [TURBINE_TIMER_REPAIR] = "repair",     [TURBINE_TIMER_SERVE] = "serve",
    [TURBINE_TIMER_GOSSIP] = "gossip",     [TURBINE_TIMERS] = NULL};
static const char *const trace_kinds[] = {
    [TURBINE_TRACE_COMPLETED] = "completed", [TURBINE_TRACE_RECOVERED] = "recovered",
    [TURBINE_TRACE_REFUSED] = "refused",     [TURBINE_TRACE_DEAD_SLOT] = "dead_slot",
    [TURBINE_TRACE_REPAIRED] = "repaired",   [TURBINE_TRACES] = NULL};

static const struct model_metric metrics[] = {
    [TURBINE_SHREDS_SENT] = {"shreds_sent", "shreds", "sent by leaders to the roots of trees"},
    [TURBINE_SHREDS_RECEIVED] = {"shreds_received", "shreds", "that came down their trees"},
    [TURBINE_SHREDS_DUPLICATE] = {"shreds_duplicate", "shreds",
                                  "of these: held already, or recovered"},
    [TURBINE_SHREDS_RECOVERED] = {"shreds_recovered", "shreds",
                                  "data shreds that their set gave back (SOL-R2.13)"},
    [TURBINE_SHREDS_CONFLICTING] = {"shreds_conflicting", "shreds",
                                    "of another version than what is held of their slot"},
    [TURBINE_REFUSED_EPOCH] = {"shreds_refused_epoch", "shreds",
                               "of an epoch whose leaders are not known (SOL-10, SOL-15)"},
    [TURBINE_REFUSED_AHEAD] = {"shreds_refused_ahead", "shreds", "too far ahead (SOL-R8.9)"},
    [TURBINE_REFUSED_ROOT] = {"shreds_refused_root", "shreds", "of slots below the root"},
    [TURBINE_REFUSED_LEADER] = {"shreds_refused_leader", "shreds",
                                "not made by the leader of their slot (SOL-R8.9)"},
    [TURBINE_REFUSED_PARENT] = {"shreds_refused_parent", "shreds",
                                "with a parent below the root (SOL-R2.5)"},
    [TURBINE_REFUSED_DEAD] = {"shreds_refused_dead", "shreds", "of slots with two versions"},
    [TURBINE_RETRANSMITTED] = {"retransmitted", "packets", "shreds passed on to children"},
    [TURBINE_SETS_TRIED] = {"sets_tried", "sets",
                            "erasure sets sent, once for each member that was up"},
    [TURBINE_SETS_WHOLE] = {"sets_whole", "sets",
                            "of these: enough shreds came down their trees within two slots"},
    [TURBINE_BLOCKS_TRIED] = {"blocks_tried", "blocks",
                              "blocks sent, once for each member that was up"},
    [TURBINE_BLOCKS_WHOLE] = {"blocks_whole", "blocks", "of these: all sets were whole"},
    [TURBINE_SLOTS_DEAD] = {"slots_dead", "slots", "with two versions, once for each member"},
    [TURBINE_REPAIR_REQUESTS] = {"repair_requests", "packets", "sent by the repair service"},
    [TURBINE_REPAIR_ANSWERS] = {"repair_answers", "packets", "sent to those who asked"},
    [TURBINE_REPAIR_USEFUL] = {"repair_useful", "shreds", "that came by repair and were missing"},
    [TURBINE_REPAIR_DUPLICATE] = {"repair_duplicate", "shreds",
                                  "that came by repair and were there"},
    [TURBINE_REPAIR_REFUSED_NONCE] = {"repair_refused_nonce", "packets",
                                      "answers under a nonce that is not known (SOL-R5.6)"},
    [TURBINE_REPAIR_REFUSED_ANSWER] = {"repair_refused_answer", "packets",
                                       "answers to something else, or too late (SOL-R5.6)"},
    [TURBINE_REPAIR_REFUSED_CONTENT] = {"repair_refused_content", "packets",
                                        "answers that the leader did not sign"},
    [TURBINE_REPAIR_REFUSED_SLOT] = {"repair_refused_slot", "packets",
                                     "answers of slots that are not taken in; also among the "
                                     "shreds refused, by the reason"},
    [TURBINE_REPAIR_UNSERVED] = {"repair_unserved", "packets",
                                 "requests that a limit left unanswered (SOL-R6.2)"},
    [TURBINE_REPAIR_FORWARDED] = {"repair_forwarded", "shreds",
                                  "that came by repair and went on by turbine (SOL-35)"},
    [TURBINE_REPAIR_PINGS] = {"repair_pings", "packets", "to who asks for the first time"},
    [TURBINE_REPAIR_LIES] = {"repair_lies", "packets", "sent by validators that lie or flood"},
    [TURBINE_GOSSIP_RECORDS] = {"gossip_records", "records", "of completed slots, sent"},
    [TURBINE_GOSSIP_BYTES] = {"gossip_bytes", "bytes", "of these and requests, on the wire"},
    [TURBINE_GOSSIP_NEWS] = {"gossip_news", "records", "that came and were new"},
    [TURBINE_GOSSIP_DUPLICATE] = {"gossip_duplicate", "records", "that came and were known"},
    [TURBINE_GOSSIP_PULLS] = {"gossip_pulls", "packets", "that ask for what one does not have"},
    [TURBINE_METRICS] = {NULL, NULL, NULL}};

static const struct model_property properties[] = {
    [TURBINE_NO_LOST_SHRED] = {"no_lost_shred",
                               "whoever is up has every shred of final blocks in the end (SOL-2)",
                               PROPERTY_WITHIN},
    [TURBINE_LEDGER_CONNECTED] = {"ledger_connected",
                                  "a member's final slots are whole and connected (SOL-3)",
                                  PROPERTY_ALWAYS},
    {NULL, NULL, false}};

const struct model spread_turbine_model = {
    .layer = LAYER_SPREAD,
    .layer_name = "spread",
    .name = "turbine",
    .summary = "blocks go down trees in shreds; erasure codes and repair give back what is lost",
    .version = 1,
    .config_bytes = sizeof(struct spread_config),
    .params = spread_params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .packet_timers = 1U << TURBINE_TIMER_DATA | 1U << TURBINE_TIMER_CODE,
    .metrics = metrics,
    .properties = properties,
    .behaviours = turbine_behaviours,
    .check = spread_params_check,
    .build = build,
    .start = start,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_liveness = check_liveness,
    .destroy = destroy,
};
