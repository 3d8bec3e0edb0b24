#ifndef MODELS_MESSAGING_LOCAL_PARTS_H
#define MODELS_MESSAGING_LOCAL_PARTS_H

/* What the two files of the ideal messaging share; nobody else includes it. local.c serves blocks,
 * local_way.c sends letters until their receipt is back, and receives them. */

#include "models/messaging/letter_arrivals.h"
#include "models/messaging/letter_queue.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "sim/message.h"
#include "sim/world.h"

enum { MESSAGE_LETTER, MESSAGE_RECEIPT };
enum { METRIC_SENT, METRIC_DELIVERED, METRIC_RESENT, METRIC_DUPLICATES };
enum { TIMER_RESEND = 0, PROPERTY_EXACTLY_ONCE = 0 }; /* the only ones */
enum { BREAK_NOTHING, BREAK_TWICE, BREAK_LOSE };

/* What a chain has, from its first message on. */
struct office {
    uint64_t emitted; /* a word: counts this chain's messages */
    struct letter_queue own, inbox;
    uint32_t way_first, way_last; /* letters under way, in the order of their next sending */
    uint64_t timer;
};

struct local {
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct pool letters, offices;
    struct map office_of; /* chain -> office */
    struct map way_of;    /* message -> letter under way */
    struct map sent_of;   /* source << 32 | destination -> last sequence number given */
    struct letter_arrivals arrivals;
    struct map watched; /* message -> 1: emitted by a final block, not delivered by one */
    uint32_t delivery_gas;
    int64_t break_rule;
};

static inline struct letter *local_letter_at(const struct local *local, uint32_t letter)
{
    return pool_at(&local->letters, letter);
}

static inline uint32_t local_source_of(const struct envelope *envelope)
{
    return (uint32_t)(envelope->id >> 32);
}

static inline uint64_t local_pair_of(uint32_t source, uint32_t destination)
{
    return (uint64_t)source << 32 | destination;
}

/* local_office_get makes the office of a chain at its first message; local_office_find returns NULL
 * where there is none yet. */
struct office *local_office_get(struct local *local, uint32_t chain);
struct office *local_office_find(const struct local *local, uint32_t chain);

/* local_way_send sends a letter that a final block has emitted, at `depart_ns`; from then on it is
 * under way. local_way_arm sees to its chain's timer. */
void local_way_send(struct local *local, struct context *context, struct office *office,
                    uint32_t handle, uint64_t depart_ns);
void local_way_arm(struct local *local, struct context *context, struct office *office,
                   uint32_t chain);

/* local_way_resend: the timer of a chain. local_way_message: a letter or a receipt has come. */
void local_way_resend(struct local *local, struct context *context, uint32_t chain);
void local_way_message(struct local *local, struct context *context, const struct message *message);

#endif
