#include "models/messaging/hypercube_fees.h"

#include <stdio.h>

#include "models/messaging/hypercube_parts.h"
#include "models/messaging/message_fees.h"
#include "models/messaging/message_layout.h"
#include "sim/diagnostics.h"
#include "sim/exact.h"

const char *const cube_fee_choices[] = {"none", "deducted", "prepaid", NULL};
const char *const cube_fee_helps[] = {
    "messages travel free of charge",
    "each forwarding transaction takes its gas from the message's value (TON-51)",
    "deployed: paid at emission by size, divided along the way (TON-R39 to R44)", NULL};
const char *const cube_fee_payers[] = {"value", "sender", NULL};
const char *const cube_fee_payer_helps[] = {"the message's value, which must be enough",
                                            "the sending account, on top of the value", NULL};

const char *const cube_instant_fees[] = {"own", "forward", NULL};
const char *const cube_instant_fee_helps[] = {
    "an instant fee of its own to the deliverer; the slow copy keeps its forwarding fee, and who "
    "ends it earns the rest (TON-R40, TON-R52)",
    "no such fee; the deliverer gets what the slow copy has not consumed (TON-41)", NULL};

static bool pays(const struct hypercube *cube, const struct envelope *envelope, enum cube_fees fees)
{
    return cube->config.pay.fees == (int64_t)fees && envelope->layer == LAYER_LEDGER;
}

static bool in_masterchain(struct address address)
{
    return address.workchain == ROUTE_MASTERCHAIN;
}

/* TON-R44 at emission; transit always counts by the base prices (TON-R42). */
static struct message_prices prices_of(const struct cube_fee_config *config, bool master)
{
    return (struct message_prices){.lump = (uint64_t)(master ? config->master_lump : config->lump),
                                   .bit = (uint64_t)(master ? config->master_bit : config->bit),
                                   .cell = (uint64_t)(master ? config->master_cell : config->cell),
                                   .instant_factor = (uint32_t)config->instant_factor,
                                   .first = (uint16_t)config->first,
                                   .next = (uint16_t)config->next};
}

struct fees {
    uint64_t forward, instant;
};

/* `bytes` without the optional parts of the head, as a sender gives them. */
static struct fees fees_of(const struct hypercube *cube, const struct envelope *envelope)
{
    if (!pays(cube, envelope, CUBE_FEES_PREPAID))
        return (struct fees){0, 0};
    bool master = in_masterchain(envelope->from) || in_masterchain(envelope->to);
    struct message_prices prices = prices_of(&cube->config.pay, master);
    uint32_t body =
        envelope->bytes > MESSAGE_PLAIN_BYTES ? envelope->bytes - MESSAGE_PLAIN_BYTES : 0;
    struct fees fees = {.forward =
                            fee_forward(&prices, 8 * (uint64_t)body, message_layout_cells(body))};
    /* TON-42: without an instant path nothing is paid for it, as if the sender had refused it. */
    bool own = cube->config.pay.instant_fee == CUBE_INSTANT_FEE_OWN;
    if (own && cube->config.path != CUBE_SLOW && (envelope->flags & ENVELOPE_NO_INSTANT) == 0)
        fees.instant = fee_instant(&prices, fees.forward);
    return fees;
}

enum tx_reason cube_fee_price(const void *self, const struct envelope *envelope,
                              struct message_price *ret_price)
{
    const struct hypercube *cube = self;
    struct fees fees = fees_of(cube, envelope);
    uint128 sum = (uint128)fees.forward + fees.instant;
    *ret_price = (struct message_price){0, 0};
    if (sum > INT64_MAX)
        return REASON_FEE; /* more than there is */
    if (cube->config.pay.payer == CUBE_PAYER_SENDER)
        ret_price->on_top = (uint64_t)sum;
    else
        ret_price->from_value = (uint64_t)sum;
    return envelope->value >= ret_price->from_value ? REASON_NONE : REASON_FEE;
}

static void collect(struct hypercube *cube, struct block *block, uint64_t amount)
{
    const struct ledger_seam *ledger = &cube->stack->ledger;
    if (amount > 0)
        ledger->collect(ledger->self, block, 0, amount);
}

uint64_t cube_fee_emit(struct hypercube *cube, struct block *block, struct envelope *envelope)
{
    struct fees fees = fees_of(cube, envelope);
    struct message_price price;
    enum tx_reason reason = cube_fee_price(cube, envelope, &price);
    SIM_ASSERT(reason == REASON_NONE); /* the sender asks before it emits */
    struct message_prices prices = prices_of(&cube->config.pay, false);
    uint64_t first = fee_first(&prices, fees.forward);
    envelope->value -= price.from_value;
    envelope->forward_fee = fees.forward - first;
    envelope->instant_fee = fees.instant;
    envelope->bytes += message_layout_optional_bytes(envelope); /* TON-12 */
    collect(cube, block, first);
    return first;
}

static uint64_t gas_of(const struct hypercube *cube, const struct envelope *envelope)
{
    const struct cube_fee_config *config = &cube->config.pay;
    uint128 by_size = ((uint128)config->forward_gas_kib * envelope->bytes + 1023) / 1024;
    uint128 gas = (uint64_t)config->forward_gas + by_size;
    return gas >> 64 ? UINT64_MAX : (uint64_t)gas; /* more than any value pays */
}

uint32_t cube_fee_gas(const struct hypercube *cube, const struct envelope *envelope, bool forwards)
{
    if (!forwards || !pays(cube, envelope, CUBE_FEES_DEDUCTED))
        return GAS_IMPORT;
    uint64_t gas = gas_of(cube, envelope);
    return gas > INT32_MAX ? INT32_MAX : (uint32_t)gas;
}

/* Takes gas from the value of a message, as far as there is value. */
static uint64_t deduct(struct hypercube *cube, struct block *block, const struct parcel *parcel,
                       int64_t price)
{
    uint64_t left = parcel->envelope.value - parcel->deducted;
    uint128 wanted = (uint128)gas_of(cube, &parcel->envelope) * (uint64_t)price;
    SIM_ASSERT(parcel->deducted <= parcel->envelope.value);
    uint64_t taken = wanted < left ? (uint64_t)wanted : left;
    collect(cube, block, taken);
    return taken;
}

uint64_t cube_fee_transit(struct hypercube *cube, struct block *block, struct parcel *parcel)
{
    uint64_t taken = 0;
    if (pays(cube, &parcel->envelope, CUBE_FEES_DEDUCTED)) {
        taken = deduct(cube, block, parcel, cube->config.pay.gas_price);
        parcel->deducted += taken;
    } else if (pays(cube, &parcel->envelope, CUBE_FEES_PREPAID)) {
        struct message_prices prices = prices_of(&cube->config.pay, false);
        taken = fee_transit(&prices, parcel->envelope.forward_fee);
        parcel->envelope.forward_fee -= taken;
        parcel->fee_paid += taken;
        collect(cube, block, taken);
    }
    return taken;
}

uint64_t cube_fee_final(struct hypercube *cube, struct block *block, const struct parcel *parcel,
                        enum message_path path, struct envelope *envelope)
{
    const struct envelope *sent = &parcel->envelope;
    uint64_t earned = 0;
    envelope->forward_fee = envelope->instant_fee = 0;
    envelope->value = sent->value - parcel->deducted;
    if (pays(cube, sent, CUBE_FEES_DEDUCTED) && in_masterchain(sent->to)) {
        /* TON-55: gas for sending to the masterchain, at the masterchain's price. */
        earned = deduct(cube, block, parcel, cube->config.pay.master_gas_price);
        envelope->value -= earned;
        return earned;
    }
    if (path == PATH_INSTANT)
        earned = sent->instant_fee;
    else
        envelope->value += sent->instant_fee;
    if (path != PATH_INSTANT || cube->config.path == CUBE_INSTANT)
        earned += sent->forward_fee;
    collect(cube, block, earned);
    return earned;
}

uint64_t cube_fee_storage(struct hypercube *cube, struct block *block, struct parcel *parcel)
{
    const struct cube_fee_config *config = &cube->config.pay;
    const uint64_t second_ns = UINT64_C(1000000000);
    uint64_t waited_ns = block->time_ns > parcel->block_ns ? block->time_ns - parcel->block_ns : 0;
    if (config->storage_price == 0 || parcel->envelope.layer != LAYER_LEDGER ||
        waited_ns <= (uint64_t)config->storage_after_ns)
        return 0;
    /* Below 2^50 * 2^32 * 2^35: no overflow. */
    uint128 wanted = (uint128)config->storage_price * parcel->envelope.bytes;
    wanted = wanted * (waited_ns / second_ns) >> 16;
    uint64_t left = parcel->envelope.value - parcel->deducted;
    uint64_t taken = wanted < left ? (uint64_t)wanted : left;
    parcel->deducted += taken;
    collect(cube, block, taken);
    return taken;
}

uint64_t cube_fee_claim(struct hypercube *cube, struct block *block, uint64_t forward_fee)
{
    collect(cube, block, forward_fee);
    return forward_fee;
}

uint64_t cube_fee_discard(struct hypercube *cube, struct block *block, uint32_t destination,
                          uint64_t forward_fee, uint64_t *ret_passed)
{
    bool passes = cube->config.pay.instant_fee == CUBE_INSTANT_FEE_FORWARD;
    *ret_passed = 0;
    if (!passes || destination == block->chain)
        return cube_fee_claim(cube, block, forward_fee);
    *ret_passed = forward_fee;
    return 0;
}

/* ---- What final blocks did ---- */

void cube_fee_count(struct hypercube *cube, struct context *context, enum cube_fee_role role,
                    uint64_t amount)
{
    static const enum cube_metric metric[] = {
        [CUBE_FEE_EMITTER] = CUBE_FEES_EMITTER,   [CUBE_FEE_INTERMEDIATE] = CUBE_FEES_INTERMEDIATE,
        [CUBE_FEE_FINAL] = CUBE_FEES_FINAL,       [CUBE_FEE_INSTANT] = CUBE_FEES_INSTANT,
        [CUBE_FEE_RETURNED] = CUBE_FEES_RETURNED, [CUBE_FEE_STOPPED] = CUBE_FEES_STOPPED,
        [CUBE_FEE_CLAIMED] = CUBE_FEES_CLAIMED,   [CUBE_FEE_STORAGE] = CUBE_FEES_STORAGE};
    if (amount > 0)
        cube_count(cube, context, metric[role], (int64_t)amount);
}

void cube_fee_count_emit(struct hypercube *cube, struct context *context,
                         const struct parcel *parcel)
{
    cube->fee_sums.afloat += parcel->envelope.forward_fee;
    cube_fee_count(cube, context, CUBE_FEE_EMITTER, parcel->fee_paid);
}

void cube_fee_count_transit(struct hypercube *cube, struct context *context, uint64_t earned)
{
    if (cube->config.pay.fees == CUBE_FEES_PREPAID)
        cube->fee_sums.afloat -= earned;
    cube_fee_count(cube, context, CUBE_FEE_INTERMEDIATE, earned);
}

void cube_fee_count_storage(struct hypercube *cube, struct context *context, uint32_t chain,
                            uint64_t id, uint64_t earned)
{
    cube_count(cube, context, CUBE_STORAGE_CHARGES, 1);
    cube_trace_message(cube, context, CUBE_TRACE_STORAGE, chain, id, 0, (int64_t)earned);
    cube_fee_count(cube, context, CUBE_FEE_STORAGE, earned);
}

void cube_fee_count_stopped(struct hypercube *cube, struct context *context, bool deliverer,
                            uint64_t earned)
{
    cube->fee_sums.afloat -= earned;
    if (deliverer)
        cube_fee_count(cube, context, CUBE_FEE_CLAIMED, earned);
    cube_fee_count(cube, context, CUBE_FEE_STOPPED, earned);
}

uint64_t cube_fee_count_final(struct hypercube *cube, struct context *context,
                              const struct parcel *parcel, enum message_path path, uint64_t earned)
{
    const struct envelope *sent = &parcel->envelope;
    uint64_t paid = parcel->deducted + parcel->fee_paid + earned, by_proof = 0;
    if (path == PATH_INSTANT)
        by_proof = sent->instant_fee;
    else
        cube_fee_count(cube, context, CUBE_FEE_RETURNED, sent->instant_fee);
    cube_fee_count(cube, context, CUBE_FEE_INSTANT, by_proof);
    cube_fee_count(cube, context, CUBE_FEE_FINAL, earned - by_proof);
    if (path == PATH_INSTANT && cube->config.path != CUBE_INSTANT)
        return paid + sent->forward_fee; /* which its slow copy still has */
    cube->fee_sums.afloat -= sent->forward_fee;
    return paid;
}

/* ---- What is under way ---- */

static uint64_t worth(const struct parcel *parcel, uint32_t currency)
{
    const struct envelope *envelope = &parcel->envelope;
    uint64_t sum = 0;
    if (currency == 0)
        return envelope->value - parcel->deducted + envelope->instant_fee;
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++)
        if (envelope->extra_currency[i] == currency)
            sum += envelope->extra_amount[i];
    return sum;
}

/* Entries whose message is still under way and in the hands of that chain: others are copies that
 * were handed on. */
static uint64_t sum_of_list(const struct hypercube *cube, uint32_t chain, uint32_t first,
                            uint32_t currency)
{
    uint64_t sum = 0;
    for (uint32_t slot = first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        if (!entry->cleaned && delivery_check_holds(&cube->check, entry->parcel.envelope.id, chain))
            sum += worth(&entry->parcel, currency);
        slot = entry->next;
    }
    return sum;
}

uint64_t cube_fee_held(const void *self, uint32_t currency)
{
    const struct hypercube *cube = self;
    uint64_t sum = currency == 0 ? cube->fee_sums.afloat : 0;
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        const struct cube_chain *chain = pool_at(&cube->chains, slot);
        sum += sum_of_list(cube, chain->chain, chain->pending.first, currency);
        for (uint32_t sender_slot = chain->senders.first; sender_slot != 0;) {
            const struct sender *sender = pool_at(&cube->senders, sender_slot);
            sum += sum_of_list(cube, chain->chain, sender->first, currency);
            sender_slot = sender->next_sender;
        }
        for (uint32_t link_slot = chain->links.first; link_slot != 0;) {
            const struct link *link = pool_at(&cube->links, link_slot);
            sum += sum_of_list(cube, chain->chain, link->out_first, currency);
            link_slot = link->next_of_chain;
        }
    }
    return sum;
}

void cube_fee_check(const struct cube_fee_config *config, bool both_paths, const char *pointer,
                    struct diagnostics *diagnostics)
{
    char place[128];
    snprintf(place, sizeof place, "%s/instant_fee", pointer);
    if (config->fees != CUBE_FEES_PREPAID && config->instant_fee == CUBE_INSTANT_FEE_FORWARD)
        diagnostics_warn(diagnostics, "W101", place,
                         "has no effect: no forwarding fee is prepaid, so none is left over",
                         "\"fees\": \"prepaid\"");
    snprintf(place, sizeof place, "%s/payer", pointer);
    if (config->fees != CUBE_FEES_PREPAID && config->payer == CUBE_PAYER_SENDER)
        diagnostics_warn(diagnostics, "W101", place, "has no effect: no fee is prepaid",
                         "\"fees\": \"prepaid\"");
    if (config->fees == CUBE_FEES_DEDUCTED && both_paths)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "path \"slow\" or \"instant\"",
                         "\"fees\": \"prepaid\"",
                         "forwarding would take gas from a value that the instant path has "
                         "delivered whole");
    if (config->storage_price > 0 && both_paths)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "path \"slow\" or \"instant\"",
                         "\"storage_price\": 0",
                         "storage would be taken from a value that the instant path has delivered "
                         "whole");
}
