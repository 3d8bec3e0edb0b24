/* The answering side: requests that come are served in turns (SOL-R6.2), answers that come are
 * checked (SOL-R5.6) and go into the store. And what validators do that lie about it. */

#include "models/spread/repair_parts.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/slot_gossip.h"
#include "sim/rng.h"
#include "sim/world.h"

enum { PING_AGAIN_MS = 2000, PING_VALID_MS = 1280000 };

/* A flooding validator asks one victim so often at each instant of its grid, and chooses another
 * one each second. */
enum { FLOOD_REQUESTS = 100, FLOOD_VICTIM_S = 1 };
#define SECOND_NS UINT64_C(1000000000)

/* The content of a shred that its leader did not sign, in place of a version. */
enum { VERSION_FORGED = 2 };

static const struct spread_repair_config *config_of(const struct repair_service *service)
{
    return &service->member->chain->turbine->config.repair;
}

static void send_plain(const struct repair_service *service, struct context *context, uint32_t to,
                       enum turbine_message kind)
{
    context_send(context, &(struct send){.to = to,
                                         .wire_bytes = REPAIR_PING_BYTES,
                                         .slot = LAYER_SPREAD,
                                         .kind = (uint8_t)kind,
                                         .attempt = (uint32_t)turbine_now_ms(context),
                                         .chain = service->member->chain->chain,
                                         .subject = service->member->rank});
}

/* SOL-R6.2: who asks for the first time is pinged and gets no answer; it asks again, or somebody
 * else, after its timeout. */
static bool has_met(struct repair_service *service, struct context *context, uint32_t rank)
{
    struct turbine_chain *chain = service->member->chain;
    uint32_t ms = (uint32_t)turbine_now_ms(context);
    if (!config_of(service)->ping)
        return true;
    if (!service->met)
        service->met = memory_take(chain->turbine->memory, "spread: who answered a ping",
                                   chain->member_count * sizeof *service->met);
    struct repair_met *met = &service->met[rank];
    if (met->answered_ms > 0 && ms - (met->answered_ms - 1) < PING_VALID_MS)
        return true;
    if (met->pinged_ms == 0 || ms - (met->pinged_ms - 1) >= PING_AGAIN_MS) {
        met->pinged_ms = ms + 1;
        send_plain(service, context, chain->node_of_rank[rank], TURBINE_PING);
        repair_count(service, context, TURBINE_REPAIR_PINGS, 1);
    }
    repair_count(service, context, TURBINE_REPAIR_UNSERVED, 1);
    return false;
}

void repair_on_ping(struct repair_service *service, struct context *context, uint32_t from)
{
    send_plain(service, context, from, TURBINE_PONG);
}

void repair_on_pong(struct repair_service *service, struct context *context, uint32_t from)
{
    const struct turbine_member *peer = service->member->chain->turbine->places[from].member;
    SIM_ASSERT(peer);
    if (service->met)
        service->met[peer->rank].answered_ms = (uint32_t)turbine_now_ms(context) + 1;
}

/* What a lying validator makes of an answer: another shred than was asked for, or the right one
 * with a content of its own, in turns; or a nonce that it was not given. */
static void spoil(const struct repair_service *service, struct context *context,
                  const struct repair_asker *asker, struct shred_packet *packet)
{
    const struct turbine_member *member = service->member;
    uint64_t item = (uint64_t)asker->nonce << 32 | packet->index;
    bool wrong = turbine_lies(member, context, TURBINE_WRONG_SHREDS, item);
    bool bad_nonce = turbine_lies(member, context, TURBINE_BAD_NONCE, item);
    if (wrong && asker->nonce % 2 == 0)
        packet->version = VERSION_FORGED;
    else if (wrong)
        packet->slot = asker->request.slot + 1;
    if (bad_nonce)
        packet->nonce = ~packet->nonce;
    if (wrong || bad_nonce)
        repair_count(service, context, TURBINE_REPAIR_LIES, 1);
}

/* Sends what answers a request, as far as the bytes of this second reach (SOL-33, SOL-27). */
static void serve(struct repair_service *service, struct context *context,
                  const struct repair_asker *asker, uint64_t depart_ns)
{
    struct turbine_member *member = service->member;
    struct served_shred shreds[REPAIR_ORPHAN_ANSWERS];
    uint32_t count = repair_serve(&member->store, &asker->request, REPAIR_ORPHAN_ANSWERS, shreds);
    for (uint32_t i = 0; i < count; i++) {
        struct shred_packet packet;
        uint32_t bytes = SHRED_DATA_BYTES + SHRED_NONCE_BYTES;
        if (!turbine_stored(member, shreds[i].slot, shreds[i].index, &packet))
            continue;
        if (!repair_bucket_take(&service->queue.bucket, bytes, context->now_ns)) {
            repair_count(service, context, TURBINE_REPAIR_UNSERVED, 1);
            return;
        }
        packet.nonce = asker->nonce;
        spoil(service, context, asker, &packet);
        context_send(context, &(struct send){.to = member->chain->node_of_rank[asker->peer],
                                             .wire_bytes = bytes,
                                             .slot = LAYER_SPREAD,
                                             .kind = TURBINE_REPAIR_ANSWER,
                                             .attempt = asker->nonce,
                                             .chain = member->chain->chain,
                                             .subject = packet.slot << 16 | packet.index,
                                             .depart_ns = depart_ns,
                                             .payload = &packet,
                                             .payload_bytes = sizeof packet});
        repair_count(service, context, TURBINE_REPAIR_ANSWERS, 1);
    }
}

void repair_on_turn(struct repair_service *service, struct context *context)
{
    struct repair_queue *queue = &service->queue;
    uint64_t each_ns = context_work_ns(context, (uint64_t)config_of(service)->serve_ns);
    uint32_t served = 0;
    uint32_t left = repair_queue_turn(queue, &served);
    service->serve_timer = 0;
    if (left > 0)
        repair_count(service, context, TURBINE_REPAIR_UNSERVED, left);
    for (uint32_t i = 0; i < served; i++)
        serve(service, context, repair_queue_at(queue, i), context->now_ns + (i + 1) * each_ns);
    queue->busy_ns = context->now_ns + served * each_ns;
    repair_queue_done(queue);
}

void repair_on_request(struct repair_service *service, struct context *context,
                       const struct repair_packet *packet)
{
    struct turbine_member *member = service->member;
    struct repair_queue *queue = &service->queue;
    struct repair_asker asker = {
        .request = {(enum repair_kind)packet->kind, packet->index, packet->slot},
        .peer = packet->rank,
        .nonce = packet->nonce};
    if (!has_met(service, context, packet->rank))
        return;
    if (!repair_queue_put(queue, &asker, member->chain->stakes[packet->rank])) {
        repair_count(service, context, TURBINE_REPAIR_UNSERVED, 1);
        return;
    }
    if (service->serve_timer != 0)
        return;
    if (queue->busy_ns <= context->now_ns)
        repair_on_turn(service, context);
    else
        service->serve_timer =
            context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_SERVE,
                          member->chain->chain, queue->busy_ns, 0);
}

/* SOL-34 to SOL-36: a repaired shred goes on along its turbine path while few have its slot. It was
 * not passed on before: then it would have come before. From now on it counts as passed on, whether
 * it comes by its tree (SOL-R8.8) or by repair. */
static void pass_on(struct repair_service *service, struct context *context,
                    const struct shred_packet *packet)
{
    struct turbine_member *member = service->member;
    struct repair_arrival arrival = {
        .by_repair = true,
        .total_stake = member->chain->total_stake,
        .marked_stake = cluster_slots_marked_stake(slot_gossip_slots(member), packet->slot)};
    if (!repair_retransmits((enum repair_rules)config_of(service)->rules, &arrival))
        return;
    turbine_forward(member, context, packet);
    repair_count(service, context, TURBINE_REPAIR_FORWARDED, 1);
}

void repair_on_answer(struct repair_service *service, struct context *context,
                      const struct shred_packet *packet)
{
    struct turbine_member *member = service->member;
    struct repair_request request;
    bool known = repair_nonces_left(&service->nonces, packet->nonce) > 0;
    if (packet->version >= VERSION_FORGED) { /* its signature is not the leader's */
        repair_nonces_refuse(&service->nonces, packet->nonce);
        repair_count(service, context, TURBINE_REPAIR_REFUSED_CONTENT, 1);
        return;
    }
    if (!repair_nonces_answer(&service->nonces, packet->nonce, packet->slot, packet->index,
                              turbine_now_ms(context), &request)) {
        repair_count(service, context,
                     known ? TURBINE_REPAIR_REFUSED_ANSWER : TURBINE_REPAIR_REFUSED_NONCE, 1);
        return;
    }
    uint64_t since_ns =
        repair_times_since(&service->times, &request, packet->slot, packet->index, context->now_ns);
    switch (turbine_take(member, context, packet, SHRED_BY_REPAIR)) {
    case TURBINE_STORED:
        break;
    case TURBINE_DUPLICATE:
        repair_count(service, context, TURBINE_REPAIR_DUPLICATE, 1);
        return;
    case TURBINE_GIVEN_BACK:
        repair_count(service, context, TURBINE_REPAIR_DUPLICATE, 1);
        pass_on(service, context, packet);
        return;
    case TURBINE_REFUSED: /* its reason is counted, too */
        repair_count(service, context, TURBINE_REPAIR_REFUSED_SLOT, 1);
        return;
    }
    repair_count(service, context, TURBINE_REPAIR_USEFUL, 1);
    context_trace(context, &(struct trace){.slot = LAYER_SPREAD,
                                           .kind = TURBINE_TRACE_REPAIRED,
                                           .chain = member->chain->chain,
                                           .subject = packet->slot << 16 | packet->index,
                                           .value = (int64_t)(context->now_ns - since_ns)});
    pass_on(service, context, packet);
}

/* Asks one victim for shreds of the newest slot that is whole here, again and again. */
void repair_flood(struct repair_service *service, struct context *context)
{
    struct turbine_member *member = service->member;
    struct turbine_chain *chain = member->chain;
    uint64_t identity = world_identity(context->world, member->node);
    struct rng_stream stream;
    service->flood_timer = 0;
    if (turbine_share(member, TURBINE_FLOOD) == 0)
        return;
    context_rng(context, &stream, RNG_BYZANTINE, identity,
                context->now_ns / SECOND_NS / FLOOD_VICTIM_S);
    uint32_t victim = (uint32_t)rng_below(&stream, chain->member_count - 1);
    victim += victim >= member->rank;
    bool floods = turbine_lies(member, context, TURBINE_FLOOD, context->now_ns);
    for (uint32_t i = 0; floods && i < FLOOD_REQUESTS; i++) {
        struct repair_request request = {.kind = REPAIR_SHRED, .slot = member->highest};
        uint32_t nonce =
            (uint32_t)(context->now_ns / service->due.interval_ns) * FLOOD_REQUESTS + i;
        repair_send_request(service, context, &request, victim, nonce);
        repair_count(service, context, TURBINE_REPAIR_LIES, 1);
    }
    service->flood_timer =
        context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_REPAIR, chain->chain,
                      repair_due_grid_ns(&service->due, context->now_ns + 1), REPAIR_TIMER_FLOOD);
}
