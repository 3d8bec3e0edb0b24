#include "models/spread/slot_gossip.h"

void slot_gossip_init(struct turbine_member *member)
{
    member->gossip = NULL;
}

void slot_gossip_destroy(struct turbine_member *member)
{
    (void)member;
}

void slot_gossip_start(struct turbine_member *member, struct context *context)
{
    (void)member, (void)context;
}

void slot_gossip_on_message(struct turbine_member *member, struct context *context,
                            const struct message *message)
{
    (void)member, (void)context, (void)message;
}

void slot_gossip_on_timer(struct turbine_member *member, struct context *context, uint64_t cookie)
{
    (void)member, (void)context, (void)cookie;
}

void slot_gossip_on_fault(struct turbine_member *member, struct context *context,
                          const struct fault *fault)
{
    (void)member, (void)context, (void)fault;
}

void slot_gossip_completed(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)member, (void)context, (void)slot;
}

void slot_gossip_rooted(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)member, (void)context, (void)slot;
}
