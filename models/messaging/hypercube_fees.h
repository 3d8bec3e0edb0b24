#ifndef MODELS_MESSAGING_HYPERCUBE_FEES_H
#define MODELS_MESSAGING_HYPERCUBE_FEES_H

/* What messages pay on their way, and who earns it. Two systems, one parameter (`fees`):
 *
 *  - prepaid (deployed, TON-R39 to R44): a forwarding fee by size, and one for instant delivery,
 * are taken from the message's value or from its sender. The emitting block earns a first share of
 *    the forwarding fee, each forwarding block a share of what is left, the delivering block the
 *    rest. The message's value is never touched on the way.
 *  - deducted (the paper, TON-51): each forwarding transaction consumes gas that depends on the
 *    message's size, and takes it from the message's value for the validators of its shard. A value
 *    that is smaller than that is taken whole and the message goes on: a message that would be
 *    stopped for want of value would break TON-30. The hash covers the value as it was sent; what
 *    was taken stands beside it, in the parcel.
 *
 * Only messages of the ledger pay; those of other layers are the system's own (TON-R44: special
 * accounts pay 0). Everything is called in fill(), and the amounts that it returns are counted in
 * final(); a dropped block takes back what it collected, since the rows are journalled. O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/context.h"
#include "sim/param.h"

struct hypercube;
struct parcel;
struct diagnostics;

enum cube_fees { CUBE_FEES_NONE, CUBE_FEES_DEDUCTED, CUBE_FEES_PREPAID };
enum cube_payer { CUBE_PAYER_VALUE, CUBE_PAYER_SENDER };
enum cube_instant_fee { CUBE_INSTANT_FEE_OWN, CUBE_INSTANT_FEE_FORWARD };

struct cube_fee_config {
    int64_t fees, payer, instant_fee;
    int64_t lump, bit, cell, instant_factor, first, next; /* TON-R46 */
    int64_t master_lump, master_bit, master_cell;
    int64_t forward_gas, forward_gas_kib, gas_price, master_gas_price;
    int64_t storage_price, storage_after_ns; /* TON-53 */
};

/* The system's sums, of final blocks only: an instrument for conservation and for reports. */
struct cube_fee_sums {
    uint64_t afloat; /* forwarding fees prepaid and not collected yet */
};

/* cube_fee_price is the seam's price(): what emitting a message costs its value and its sender. */
enum tx_reason cube_fee_price(const void *self, const struct envelope *envelope,
                              struct message_price *ret_price);

/* cube_fee_emit takes the fees that cube_fee_price named out of the value (payer "value"), sets
 * forward_fee and instant_fee, adds the optional parts of the head to the message's bytes, and
 * collects the first share, which it returns. Before the message is hashed. */
uint64_t cube_fee_emit(struct hypercube *cube, struct block *block, struct envelope *envelope);

/* cube_fee_transit: a forwarding transaction of this block takes its share; returns it. */
uint64_t cube_fee_transit(struct hypercube *cube, struct block *block, struct parcel *parcel);

/* cube_fee_final: a block delivers the message by this path. Collects what the block earns, returns
 * it, and makes `envelope`, the recipient's copy, what arrives: the value without deductions, with
 * the instant fee if nobody earned it (TON-R40), no fees. By the instant path beside a slow copy
 * the block earns the instant fee, and the forwarding fee stays with the copy (TON-R52); where
 * there is no slow copy it earns both. */
uint64_t cube_fee_final(struct hypercube *cube, struct block *block, const struct parcel *parcel,
                        enum message_path path, struct envelope *envelope);

/* cube_fee_storage: the block is about to take a message out of a queue where it has stood for
 * long; the special transaction that charges for it takes that from the value, as far as there is
 * value, and is returned. Whole seconds count, from the slot of the block that enqueued it to this
 * one's.
 *
 * The shard that takes it out charges, not the queue's owner: the owner cannot know whether its
 * neighbour has taken the message already, and a message would pay twice, or for nobody. */
uint64_t cube_fee_storage(struct hypercube *cube, struct block *block, struct parcel *parcel);

/* cube_fee_discard: the block ends a slow copy that will not be executed, of which so much of the
 * forwarding fee is left. It earns it (TON-R51), and *ret_passed is 0; or, with instant_fee
 * "forward", it earns nothing and passes it on to the deliverer `destination` (TON-41), who earns
 * it by cube_fee_claim when the notice of the stopped copy comes. Returns what this block earned.
 */
uint64_t cube_fee_discard(struct hypercube *cube, struct block *block, uint32_t destination,
                          uint64_t forward_fee, uint64_t *ret_passed);
uint64_t cube_fee_claim(struct hypercube *cube, struct block *block, uint64_t forward_fee);

/* cube_fee_gas is the gas that importing a message takes from its block. */
uint32_t cube_fee_gas(const struct hypercube *cube, const struct envelope *envelope, bool forwards);

/* In final(): counts what an act earned, by role. afloat is how much less forwarding fee is prepaid
 * and not collected since then. */
enum cube_fee_role {
    CUBE_FEE_EMITTER,
    CUBE_FEE_INTERMEDIATE,
    CUBE_FEE_FINAL,
    CUBE_FEE_INSTANT,  /* a delivery by proof */
    CUBE_FEE_RETURNED, /* to the recipient: nobody earned it (TON-R40) */
    CUBE_FEE_STOPPED,  /* the rest of a slow copy that was stopped or discarded */
    CUBE_FEE_CLAIMED,  /* that part of it which the deliverer got (TON-41) */
    CUBE_FEE_STORAGE
};
void cube_fee_count(struct hypercube *cube, struct context *context, enum cube_fee_role role,
                    uint64_t amount);
void cube_fee_count_emit(struct hypercube *cube, struct context *context,
                         const struct parcel *parcel);
void cube_fee_count_transit(struct hypercube *cube, struct context *context, uint64_t earned);
void cube_fee_count_storage(struct hypercube *cube, struct context *context, uint32_t chain,
                            uint64_t id, uint64_t earned);
void cube_fee_count_stopped(struct hypercube *cube, struct context *context, bool deliverer,
                            uint64_t earned);
/* Returns what the message has paid, and will have paid when its slow copy is gone: the column
 * fee_total. `parcel` is as it came, `earned` what cube_fee_final returned. */
uint64_t cube_fee_count_final(struct hypercube *cube, struct context *context,
                              const struct parcel *parcel, enum message_path path, uint64_t earned);

/* cube_fee_held is the seam's held(): value and fees of a currency that are under way by final
 * blocks. O(everything queued). */
uint64_t cube_fee_held(const void *self, uint32_t currency);

/* cube_fee_check reports rules between parameters. */
void cube_fee_check(const struct cube_fee_config *config, bool both_paths, const char *pointer,
                    struct diagnostics *diagnostics);

extern const char *const cube_fee_choices[],
    *const cube_fee_helps[], *const cube_fee_payers[], *const cube_fee_payer_helps[],
                                                           *const cube_instant_fees[],
                                                               *const cube_instant_fee_helps[];

#define CUBE_FEE_NUMBER(type, key, field, text, standard, swarm_top)                               \
    {                                                                                              \
        .name = key, .help = text, .kind = PARAM_INTEGER, .offset = offsetof(type, field),         \
        .value_default = standard, .value_min = 0, .value_max = INT64_C(1000000000000000),         \
        .swarm_min = 0, .swarm_max = swarm_top                                                     \
    }
#define CUBE_FEE_SHARE(type, key, field, text)                                                     \
    {                                                                                              \
        .name = key, .help = text, .kind = PARAM_INTEGER, .offset = offsetof(type, field),         \
        .value_default = 21845, .value_min = 0, .value_max = 65535, .swarm_min = 0,                \
        .swarm_max = 65535                                                                         \
    }

/* CUBE_FEE_PARAMS: the rows of a config struct with a struct cube_fee_config called `pay`. The
 * ranges for swarm are small, so that the workload's small values pay some fees and not others. */
#define CUBE_FEE_PARAMS(type)                                                                      \
    {.name = "fees",                                                                               \
     .help = "what messages pay on their way; prepaid is what the deployed system does",           \
     .kind = PARAM_CHOICE,                                                                         \
     .offset = offsetof(type, pay.fees),                                                           \
     .choices = cube_fee_choices,                                                                  \
     .choice_helps = cube_fee_helps,                                                               \
     .deployed = true},                                                                            \
        {.name = "payer",                                                                          \
         .help = "who pays prepaid fees (TON-R41)",                                                \
         .kind = PARAM_CHOICE,                                                                     \
         .offset = offsetof(type, pay.payer),                                                      \
         .choices = cube_fee_payers,                                                               \
         .choice_helps = cube_fee_payer_helps},                                                    \
        {.name = "instant_fee",                                                                    \
         .help = "who earns what when a proof delivers (TON-41 against TON-R52)",                  \
         .kind = PARAM_CHOICE,                                                                     \
         .offset = offsetof(type, pay.instant_fee),                                                \
         .choices = cube_instant_fees,                                                             \
         .choice_helps = cube_instant_fee_helps},                                                  \
        CUBE_FEE_NUMBER(type, "fee_lump", pay.lump, "prepaid: price of a message (TON-R46)",       \
                        1000000, 6),                                                               \
        CUBE_FEE_NUMBER(type, "fee_bit", pay.bit,                                                  \
                        "prepaid: price of a bit outside the root cell, in 65536ths", 65536000,    \
                        100),                                                                      \
        CUBE_FEE_NUMBER(type, "fee_cell", pay.cell,                                                \
                        "prepaid: price of a cell other than the root, in 65536ths",               \
                        INT64_C(6553600000), 100000),                                              \
        CUBE_FEE_NUMBER(type, "fee_instant", pay.instant_factor,                                   \
                        "prepaid: instant fee by forwarding fee, in 65536ths (TON-R40)", 98304,    \
                        131072),                                                                   \
        CUBE_FEE_SHARE(type, "fee_first", pay.first,                                               \
                       "prepaid: share of the emitting block, in 65536ths (TON-R41)"),             \
        CUBE_FEE_SHARE(type, "fee_next", pay.next,                                                 \
                       "prepaid: share of a forwarding block, in 65536ths (TON-R42)"),             \
        CUBE_FEE_NUMBER(type, "master_lump", pay.master_lump,                                      \
                        "prepaid: price of a message from or to the masterchain (TON-R44)",        \
                        10000000, 12),                                                             \
        CUBE_FEE_NUMBER(type, "master_bit", pay.master_bit,                                        \
                        "prepaid: price of a bit, from or to the masterchain, in 65536ths",        \
                        655360000, 1000),                                                          \
        CUBE_FEE_NUMBER(type, "master_cell", pay.master_cell,                                      \
                        "prepaid: price of a cell, from or to the masterchain, in 65536ths",       \
                        INT64_C(65536000000), 1000000),                                            \
        CUBE_FEE_NUMBER(type, "forward_gas", pay.forward_gas,                                      \
                        "deducted: gas of a forwarding transaction (TON-51)", 10, 20),             \
        CUBE_FEE_NUMBER(type, "forward_gas_kib", pay.forward_gas_kib,                              \
                        "deducted: gas of a forwarding transaction for 1024 bytes of message", 50, \
                        100),                                                                      \
        CUBE_FEE_NUMBER(type, "gas_price", pay.gas_price,                                          \
                        "deducted: units of value for one gas (TON-R47)", 1000, 2),                \
        CUBE_FEE_NUMBER(type, "master_gas_price", pay.master_gas_price,                            \
                        "deducted: the same in the masterchain, where it is high (TON-55)", 10000, \
                        5),                                                                        \
        CUBE_FEE_NUMBER(type, "storage_price", pay.storage_price,                                  \
                        "what a byte pays for a second in a queue, in 65536ths of a unit; paper "  \
                        "only, 0 is deployed (TON-53)",                                            \
                        0, 200),                                                                   \
    {                                                                                              \
        .name = "storage_after", .help = "a message pays for storage that stood for longer",       \
        .kind = PARAM_DURATION, .offset = offsetof(type, pay.storage_after_ns),                    \
        .value_default = INT64_C(60000000000), .value_min = 0,                                     \
        .value_max = INT64_C(86400000000000), .swarm_min = 0, .swarm_max = INT64_C(10000000000)    \
    }

#endif
