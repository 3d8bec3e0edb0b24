/* Letters under way: sent until the destination's receipt is back, known there by a sequence number
 * of the pair of chains. */

#include "models/messaging/local_parts.h"

enum { HEADER_BYTES = 64, RECEIPT_BYTES = 64, RESEND_INTERVALS = 2 };

struct packet { /* of a letter */
    struct envelope envelope;
    uint32_t destination, sequence, attempt;
};

static void way_append(struct local *local, struct office *office, uint32_t handle)
{
    struct letter *letter = local_letter_at(local, handle);
    letter->before = office->way_last;
    letter->after = 0;
    if (office->way_last)
        local_letter_at(local, office->way_last)->after = handle;
    else
        office->way_first = handle;
    office->way_last = handle;
}

static void way_remove(struct local *local, struct office *office, uint32_t handle)
{
    const struct letter *letter = local_letter_at(local, handle);
    if (letter->before)
        local_letter_at(local, letter->before)->after = letter->after;
    else
        office->way_first = letter->after;
    if (letter->after)
        local_letter_at(local, letter->after)->before = letter->before;
    else
        office->way_last = letter->before;
}

/* Keeps one timer for all letters of a chain: for the one at the front. */
void local_way_arm(struct local *local, struct context *context, struct office *office,
                   uint32_t chain)
{
    if (office->timer || !office->way_first)
        return;
    uint64_t at_ns = local_letter_at(local, office->way_first)->resend_ns;
    office->timer = context_timer(context, context->self, LAYER_MESSAGING, TIMER_RESEND, chain,
                                  at_ns > context->now_ns ? at_ns : context->now_ns, 0);
}

static void send_letter(struct local *local, struct context *context, struct letter *letter,
                        uint64_t depart_ns)
{
    const struct chain_seam *chain = &local->stack->chain;
    uint32_t source = local_source_of(&letter->envelope);
    struct packet packet = {letter->envelope, letter->destination, letter->sequence,
                            letter->attempt};
    context_send(context, &(struct send){.to = chain->gateway(chain->self, letter->destination,
                                                              letter->envelope.id),
                                         .wire_bytes = letter->envelope.bytes + HEADER_BYTES,
                                         .slot = LAYER_MESSAGING,
                                         .kind = MESSAGE_LETTER,
                                         .attempt = letter->attempt,
                                         .chain = letter->destination,
                                         .subject = letter->envelope.id,
                                         .depart_ns = depart_ns > context->now_ns ? depart_ns : 0,
                                         .payload = &packet,
                                         .payload_bytes = sizeof packet});
    letter->attempt++;
    letter->resend_ns = depart_ns + RESEND_INTERVALS * chain->interval_ns(chain->self, source);
}

void local_way_send(struct local *local, struct context *context, struct office *office,
                    uint32_t handle, uint64_t depart_ns)
{
    struct letter *letter = local_letter_at(local, handle);
    send_letter(local, context, letter, depart_ns);
    map_put(&local->way_of, letter->envelope.id, handle);
    way_append(local, office, handle);
}

void local_way_resend(struct local *local, struct context *context, uint32_t chain)
{
    struct office *office = local_office_get(local, chain);
    office->timer = 0;
    uint32_t last = office->way_last; /* each letter at most once */
    bool more = office->way_first != 0;
    while (more) {
        uint32_t handle = office->way_first;
        struct letter *letter = local_letter_at(local, handle);
        if (letter->resend_ns > context->now_ns)
            break;
        more = handle != last;
        way_remove(local, office, handle);
        send_letter(local, context, letter, context->now_ns);
        way_append(local, office, handle);
        context_count(context, LAYER_MESSAGING, METRIC_RESENT, 1);
    }
    local_way_arm(local, context, office, chain);
}

static void receive_letter(struct local *local, struct context *context,
                           const struct message *message)
{
    const struct packet *packet = message->payload;
    SIM_ASSERT(message->payload_bytes == sizeof *packet);
    const struct chain_seam *chain = &local->stack->chain;
    uint32_t source = local_source_of(&packet->envelope);
    uint64_t pair = local_pair_of(source, packet->destination);
    bool known = letter_arrivals_has(&local->arrivals, pair, packet->sequence);
    if (!known)
        letter_arrivals_note(&local->arrivals, pair, packet->sequence);
    else
        context_count(context, LAYER_MESSAGING, METRIC_DUPLICATES, 1);
    if ((!known && local->break_rule != BREAK_LOSE) || local->break_rule == BREAK_TWICE) {
        uint32_t handle = pool_take(&local->letters);
        struct letter *letter = local_letter_at(local, handle);
        letter->envelope = packet->envelope;
        letter->destination = packet->destination;
        letter->sequence = packet->sequence;
        struct office *office = local_office_get(local, packet->destination);
        letter_queue_append(&office->inbox, &local->letters, local->stack, NULL, handle);
        chain->wake(chain->self, context, packet->destination);
    }
    /* From here on the destination answers for the letter: what came in survives a crash. */
    context_send(context, &(struct send){.to = message->from,
                                         .wire_bytes = RECEIPT_BYTES,
                                         .slot = LAYER_MESSAGING,
                                         .kind = MESSAGE_RECEIPT,
                                         .attempt = packet->attempt,
                                         .chain = source,
                                         .subject = message->subject});
}

static void receive_receipt(struct local *local, struct context *context, uint64_t id)
{
    uint64_t handle = 0;
    if (!map_get(&local->way_of, id, &handle))
        return; /* a receipt of a copy */
    map_remove(&local->way_of, id);
    struct office *office = local_office_get(local, (uint32_t)(id >> 32));
    way_remove(local, office, (uint32_t)handle);
    pool_give(&local->letters, (uint32_t)handle);
    if (!office->way_first && office->timer) {
        context_timer_cancel(context, office->timer);
        office->timer = 0;
    }
}

void local_way_message(struct local *local, struct context *context, const struct message *message)
{
    if (message->kind == MESSAGE_LETTER) {
        receive_letter(local, context, message);
        return;
    }
    SIM_ASSERT(message->kind == MESSAGE_RECEIPT);
    receive_receipt(local, context, message->subject);
}
