#include "models/messaging/dispatch_rules.h"

#include "sim/sim_assert.h"

enum { QUEUE_LONG = 256, TOTAL_MAX = 150, INITIATOR_MAX = 20 };

struct dispatch_limit dispatch_limit_of(uint32_t pass, uint32_t queue_length)
{
    SIM_ASSERT(pass < DISPATCH_PASSES);
    if (pass == 0)
        return (struct dispatch_limit){1, DISPATCH_ALL, DISPATCH_ALL};
    struct dispatch_limit limit = {DISPATCH_ALL, INITIATOR_MAX, TOTAL_MAX};
    if (pass == 2)
        limit.of_initiator = queue_length <= QUEUE_LONG ? 10
                             : queue_length <= 512      ? 2
                             : queue_length <= 1500     ? 1
                                                        : 0;
    return limit;
}

bool dispatch_defers(const struct dispatch_case *message)
{
    if (message->waiting > 0)
        return true;
    if (message->first_of_transaction)
        return false;
    return message->produced >= message->defer_after || message->queue_length > QUEUE_LONG;
}
