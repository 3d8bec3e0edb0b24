#include "models/spread/repair_service.h"

void repair_service_init(struct turbine_member *member)
{
    member->repair = NULL;
}

void repair_service_destroy(struct turbine_member *member)
{
    (void)member;
}

void repair_service_start(struct turbine_member *member, struct context *context)
{
    (void)member, (void)context;
}

void repair_service_on_message(struct turbine_member *member, struct context *context,
                               const struct message *message)
{
    (void)member, (void)context, (void)message;
}

void repair_service_on_timer(struct turbine_member *member, struct context *context,
                             enum turbine_timer kind, uint64_t cookie)
{
    (void)member, (void)context, (void)kind, (void)cookie;
}

void repair_service_on_fault(struct turbine_member *member, struct context *context,
                             const struct fault *fault)
{
    (void)member, (void)context, (void)fault;
}

void repair_service_touched(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)member, (void)context, (void)slot;
}

void repair_service_completed(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)member, (void)context, (void)slot;
}

void repair_service_heard_vote(struct turbine_member *member, struct context *context,
                               uint32_t voter, uint64_t slot)
{
    (void)member, (void)context, (void)voter, (void)slot;
}

void repair_service_rooted(struct turbine_member *member, struct context *context, uint64_t slot)
{
    (void)member, (void)context, (void)slot;
}
