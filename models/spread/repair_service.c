/* The asking side: when to look, what to ask for, whom. repair_answer.c is the rest. */

#include "models/spread/repair_service.h"

#include "models/spread/repair_parts.h"
#include "models/spread/slot_gossip.h"
#include "sim/order.h"
#include "sim/rng.h"
#include "sim/world.h"

static const char *const NAME = "spread: repair service";

#define SECOND_NS UINT64_C(1000000000)

static const char *const sample_names[REPAIR_SAMPLES] = {"repair_requests", "repair_answers",
                                                         "repair_useful",   "repair_duplicate",
                                                         "repair_refused",  "repair_unserved"};

static const struct spread_repair_config *config_of(const struct turbine_member *member)
{
    return &member->chain->turbine->config.repair;
}

/* One's stake is the same in all epochs. */
static uint64_t stake_of(const void *self, uint32_t voter, uint64_t slot)
{
    const struct turbine_chain *chain = self;
    (void)slot;
    return chain->stakes[chain->members[voter].rank];
}

static void share(struct turbine_chain *chain, struct repair_service *service)
{
    struct memory *memory = chain->turbine->memory;
    if (!chain->repair) {
        chain->repair = memory_take(memory, NAME, sizeof *chain->repair);
        repair_nonces_pool_init(&chain->repair->nonces, memory);
        repair_list_init(&chain->repair->list, memory);
    }
    chain->repair->users++;
    service->shared = chain->repair;
}

static void unshare(struct turbine_chain *chain)
{
    chain->repair->users--;
    if (chain->repair->users > 0)
        return;
    pool_destroy(&chain->repair->nonces);
    repair_list_destroy(&chain->repair->list);
    memory_give(chain->turbine->memory, chain->repair, sizeof *chain->repair);
    chain->repair = NULL;
}

/* What a validator has in memory, not on its disk: new at each start. */
static void begin(struct repair_service *service)
{
    struct turbine_member *member = service->member;
    const struct spread_repair_config *config = config_of(member);
    struct memory *memory = member->chain->turbine->memory;
    uint64_t interval_ns = (uint64_t)config->interval_ns;
    service->due = (struct repair_due){.rules = (enum repair_rules)config->rules,
                                       .version = (enum repair_version)config->version,
                                       .defer_ms = config->defer_ns / TURBINE_NS_PER_MS,
                                       .timeout_ms = config->timeout_ns / TURBINE_NS_PER_MS,
                                       .interval_ns = interval_ns,
                                       .phase_ns = service->due.phase_ns,
                                       .holes_least = (uint64_t)config->requests_max,
                                       .at_ns = REPAIR_NEVER};
    if (service->due.holes_least > repair_budget_deployed.closest)
        service->due.holes_least = repair_budget_deployed.closest;
    repair_weight_init(&service->weight, memory, member->store.root, stake_of, member->chain);
    repair_pending_init(&service->pending, memory);
    repair_nonces_init(&service->nonces, &service->shared->nonces, REPAIR_NONCES_MAX);
    repair_times_init(&service->times, memory);
    repair_peers_init(&service->peers, memory,
                      config->rules == REPAIR_RULES_DEPLOYED ? REPAIR_PEERS_NS : 0);
    /* With room for less than one answer nothing would ever be served. */
    uint64_t served = (uint64_t)config->serve_bytes;
    served = served < SHRED_PACKET_BYTES_MAX ? SHRED_PACKET_BYTES_MAX : served;
    repair_queue_init(&service->queue, memory, REPAIR_QUEUE_MAX, (uint32_t)config->serve_requests,
                      served);
    service->timer = service->serve_timer = service->flood_timer = 0;
    service->timer_ns = REPAIR_NEVER;
}

static void end(struct repair_service *service)
{
    struct turbine_chain *chain = service->member->chain;
    repair_weight_destroy(&service->weight);
    repair_pending_destroy(&service->pending);
    repair_nonces_destroy(&service->nonces);
    repair_times_destroy(&service->times);
    repair_peers_destroy(&service->peers);
    repair_queue_destroy(&service->queue);
    memory_give(chain->turbine->memory, service->met, chain->member_count * sizeof *service->met);
    service->met = NULL;
}

void repair_service_init(struct turbine_member *member)
{
    struct memory *memory = member->chain->turbine->memory;
    member->repair = NULL;
    if (!config_of(member)->enabled)
        return;
    struct repair_service *service = memory_take(memory, NAME, sizeof *service);
    service->member = member;
    share(member->chain, service);
    begin(service);
    member->repair = service;
}

void repair_service_destroy(struct turbine_member *member)
{
    struct repair_service *service = member->repair;
    if (!service)
        return;
    end(service);
    unshare(member->chain);
    memory_give(member->chain->turbine->memory, service, sizeof *service);
    member->repair = NULL;
}

static void sample_timer(const struct repair_service *service, struct context *context)
{
    if (service->member->member == 0)
        context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_REPAIR,
                      service->member->chain->chain, (context->now_ns / SECOND_NS + 1) * SECOND_NS,
                      REPAIR_TIMER_SECOND);
}

void repair_service_start(struct turbine_member *member, struct context *context)
{
    struct repair_service *service = member->repair;
    struct rng_stream stream;
    if (!service)
        return;
    /* Validators do not look at the same instants. */
    context_rng(context, &stream, RNG_REPAIR, world_identity(context->world, member->node),
                UINT64_MAX);
    service->due.phase_ns = rng_below(&stream, service->due.interval_ns);
    repair_arm(service, context);
    sample_timer(service, context);
}

/* The counts of the second that ends, of all validators of the chain. Those of a time in which the
 * first one is down are in the sample after it. */
static void sample(struct repair_service *service, struct context *context)
{
    uint64_t chain = identity_of(ROLE_CHAIN, service->member->chain->chain);
    for (unsigned i = 0; i < REPAIR_SAMPLES; i++) {
        context_sample(context, sample_names[i], chain, service->shared->second[i]);
        service->shared->second[i] = 0;
    }
    sample_timer(service, context);
}

static enum repair_sample sample_of(enum turbine_metric metric)
{
    if (metric == TURBINE_REPAIR_REQUESTS)
        return REPAIR_SAMPLE_REQUESTS;
    if (metric == TURBINE_REPAIR_ANSWERS)
        return REPAIR_SAMPLE_ANSWERS;
    if (metric == TURBINE_REPAIR_USEFUL)
        return REPAIR_SAMPLE_USEFUL;
    if (metric == TURBINE_REPAIR_DUPLICATE)
        return REPAIR_SAMPLE_DUPLICATE;
    if (metric == TURBINE_REPAIR_UNSERVED)
        return REPAIR_SAMPLE_UNSERVED;
    if (metric >= TURBINE_REPAIR_REFUSED_NONCE && metric <= TURBINE_REPAIR_REFUSED_SLOT)
        return REPAIR_SAMPLE_REFUSED;
    return REPAIR_SAMPLES;
}

void repair_count(const struct repair_service *service, struct context *context,
                  enum turbine_metric metric, int64_t delta)
{
    enum repair_sample at = sample_of(metric);
    turbine_count(service->member, context, metric, delta);
    if (at != REPAIR_SAMPLES)
        service->shared->second[at] += delta;
}

void repair_arm(struct repair_service *service, struct context *context)
{
    if (config_of(service->member)->every_instant)
        repair_due_soon(&service->due, context->now_ns);
    uint64_t at_ns = service->due.at_ns;
    if (at_ns == service->timer_ns)
        return;
    if (service->timer != 0)
        context_timer_cancel(context, service->timer);
    service->timer = 0;
    service->timer_ns = at_ns;
    if (at_ns != REPAIR_NEVER)
        service->timer =
            context_timer(context, service->member->node, LAYER_SPREAD, TURBINE_TIMER_REPAIR,
                          service->member->chain->chain, at_ns, REPAIR_TIMER_ITERATION);
}

static bool own_shred(const void *self, uint64_t slot, uint32_t index)
{
    return turbine_passes_on(self, slot, index);
}

/* SOL-20: a slot that nobody has complete cannot be asked for, unless everybody may be asked. */
static bool may_ask(const void *self, uint64_t slot)
{
    const struct turbine_member *member = self;
    return config_of(member)->fallback || cluster_slots_row(slot_gossip_slots(member), slot);
}

void repair_send_request(struct repair_service *service, struct context *context,
                         const struct repair_request *request, uint32_t peer, uint32_t nonce)
{
    struct turbine_chain *chain = service->member->chain;
    struct repair_packet packet = {.slot = request->slot,
                                   .index = request->index,
                                   .nonce = nonce,
                                   .kind = request->kind,
                                   .rank = service->member->rank};
    struct send send = {.to = chain->node_of_rank[peer],
                        .wire_bytes = request->kind == REPAIR_ORPHAN ? REPAIR_ORPHAN_BYTES
                                                                     : REPAIR_REQUEST_BYTES,
                        .slot = LAYER_SPREAD,
                        .kind = TURBINE_REPAIR_REQUEST,
                        .attempt = nonce,
                        .chain = chain->chain,
                        .subject = request->slot << 16 | request->index,
                        .payload = &packet,
                        .payload_bytes = sizeof packet};
    context_send(context, &send);
    repair_count(service, context, TURBINE_REPAIR_REQUESTS, 1);
}

/* SOL-R5.3, SOL-R5.5: a peer drawn by weight, a nonce drawn afresh. */
static void ask(struct repair_service *service, struct context *context,
                const struct repair_request *request, struct rng_stream *stream)
{
    struct turbine_member *member = service->member;
    const struct spread_repair_config *config = config_of(member);
    const struct cluster_slots *slots = slot_gossip_slots(member);
    enum repair_peers rule =
        repair_peers_of((enum repair_rules)config->rules, (enum repair_version)config->version,
                        request->kind, config->fallback != 0);
    uint64_t total = repair_peers_total(&service->peers, slots, rule, request->slot, member->rank,
                                        context->now_ns);
    if (total == 0)
        return;
    uint64_t x = rng_below(stream, total);
    uint32_t peer = repair_peers_pick(&service->peers, slots, rule, request->slot, member->rank, x);
    uint32_t nonce = (uint32_t)rng_u64(stream);
    repair_nonces_add(&service->nonces, nonce, request, turbine_now_ms(context));
    repair_times_note(&service->times, request, context->now_ns);
    repair_send_request(service, context, request, peer, nonce);
}

/* After an iteration: when is the next one, and which slots are to be watched meanwhile? */
static void look_ahead(struct repair_service *service, const struct context *context,
                       uint32_t asked)
{
    struct turbine_member *member = service->member;
    const struct blockstore *store = &member->store;
    repair_due_iterated(&service->due, &service->pending, asked, context->now_ns);
    const struct slot_meta *meta = blockstore_meta_from(store, store->root);
    for (; meta; meta = blockstore_meta_from(store, meta->slot + 1)) {
        if (blockstore_full(meta) || meta->dead)
            continue;
        struct slot_progress *progress = slot_window_find(&member->window, meta->slot);
        bool watched = repair_due_slot(&service->due, store, meta, may_ask(member, meta->slot),
                                       context->now_ns);
        if (progress)
            progress->watched = watched;
    }
}

static void iterate(struct repair_service *service, struct context *context)
{
    struct turbine_member *member = service->member;
    const struct spread_repair_config *config = config_of(member);
    struct repair_list *list = &service->shared->list;
    struct repair_planner planner = {.version = (enum repair_version)config->version,
                                     .now_ms = turbine_now_ms(context),
                                     .store = &member->store,
                                     .pending = &service->pending,
                                     .list = list,
                                     .defer_ms = service->due.defer_ms,
                                     .spares_dead = true};
    struct rng_stream stream;
    list->count = 0;
    repair_pending_expire(&service->pending, planner.now_ms, service->due.timeout_ms);
    if (config->rules == REPAIR_RULES_PROPOSAL) {
        struct repair_view view = {own_shred, may_ask, member};
        repair_proposal_select(&planner, &service->weight, (uint32_t)config->requests_max, view);
    } else {
        struct repair_budget budget = repair_budget_deployed;
        budget.shreds = (uint32_t)config->requests_max;
        repair_select(&planner, &service->weight, &budget);
    }
    context_rng(context, &stream, RNG_REPAIR, world_identity(context->world, member->node),
                context->now_ns);
    for (uint32_t i = 0; i < list->count; i++)
        ask(service, context, &list->items[i], &stream);
    look_ahead(service, context, list->count);
    service->timer = 0;
    service->timer_ns = REPAIR_NEVER;
    repair_arm(service, context);
}

void repair_service_on_message(struct turbine_member *member, struct context *context,
                               const struct message *message)
{
    struct repair_service *service = member->repair;
    SIM_ASSERT(service);
    switch ((enum turbine_message)message->kind) {
    case TURBINE_REPAIR_REQUEST:
        SIM_ASSERT(message->payload_bytes == sizeof(struct repair_packet));
        repair_on_request(service, context, message->payload);
        return;
    case TURBINE_REPAIR_ANSWER:
        SIM_ASSERT(message->payload_bytes == sizeof(struct shred_packet));
        repair_on_answer(service, context, message->payload);
        return;
    case TURBINE_PING:
        repair_on_ping(service, context, message->from);
        return;
    case TURBINE_PONG:
        repair_on_pong(service, context, message->from);
        return;
    case TURBINE_SHRED_DATA:
    case TURBINE_SHRED_CODE:
    case TURBINE_EPOCH_SLOTS:
    case TURBINE_EPOCH_PULL:
    case TURBINE_MESSAGES:
        break;
    }
    SIM_ASSERT(!"a message of the repair service");
}

void repair_service_on_timer(struct turbine_member *member, struct context *context,
                             enum turbine_timer kind, uint64_t cookie)
{
    struct repair_service *service = member->repair;
    SIM_ASSERT(service);
    if (kind == TURBINE_TIMER_SERVE)
        repair_on_turn(service, context);
    else if (cookie == REPAIR_TIMER_ITERATION)
        iterate(service, context);
    else if (cookie == REPAIR_TIMER_FLOOD)
        repair_flood(service, context);
    else
        sample(service, context);
}

void repair_service_on_fault(struct turbine_member *member, struct context *context,
                             const struct fault *fault)
{
    struct repair_service *service = member->repair;
    if (!service)
        return;
    if (fault->type == FAULT_CRASH && fault->begins) {
        end(service); /* timers are lost with the node */
        begin(service);
    } else if (fault->type == FAULT_CRASH || fault->type == FAULT_RESTART) {
        sample_timer(service, context);
        repair_due_soon(&service->due, context->now_ns);
        repair_arm(service, context);
    }
    if (turbine_share(member, TURBINE_FLOOD) > 0 && service->flood_timer == 0 &&
        context_up(context, member->node))
        repair_flood(service, context);
}

void repair_service_stored(struct turbine_member *member, struct context *context, uint64_t slot,
                           bool first, bool watched)
{
    struct repair_service *service = member->repair;
    if (!service)
        return;
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    if (!meta || meta->received == 0)
        return;
    repair_due_stored(&service->due, &member->store, meta, first, watched, context->now_ns);
    repair_arm(service, context);
}

void repair_service_completed(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)context;
    if (member->repair)
        repair_times_done(&member->repair->times, slot);
}

void repair_service_marked(struct turbine_member *member, struct context *context)
{
    struct repair_service *service = member->repair;
    if (!service || service->due.rules != REPAIR_RULES_PROPOSAL)
        return;
    repair_due_soon(&service->due, context->now_ns);
    repair_arm(service, context);
}

void repair_service_heard_vote(struct turbine_member *member, struct context *context,
                               uint32_t voter, uint64_t slot)
{
    struct repair_service *service = member->repair;
    if (!service || slot < service->weight.root)
        return;
    bool known = repair_weight_tree(&service->weight, slot) != NULL;
    repair_due_voted(&service->due, slot, known, context->now_ns);
    repair_weight_vote(&service->weight, &member->store, voter, slot);
    repair_arm(service, context);
}

void repair_service_rooted(struct turbine_member *member, struct context *context, uint64_t slot)
{
    struct repair_service *service = member->repair;
    if (!service || slot <= service->weight.root)
        return;
    const struct repair_tree *tree = repair_weight_tree(&service->weight, slot);
    if (tree && tree->pruned) { /* only where two forks became final: the chain layer's property */
        repair_weight_destroy(&service->weight);
        repair_weight_init(&service->weight, member->chain->turbine->memory, slot, stake_of,
                           member->chain);
    } else {
        repair_weight_set_root(&service->weight, slot);
    }
    repair_times_drop_below(&service->times, slot);
    repair_due_soon(&service->due, context->now_ns);
    repair_arm(service, context);
}
