/* Which nodes a scenario's world would have, for those who aim faults at them. */

#include <stdio.h>
#include <stdlib.h>

#include "sim/engine_private.h"

int engine_roles(const struct scenario *scenario, struct diagnostics *diagnostics,
                 struct engine_role ret_roles[ENGINE_ROLES_MAX])
{
    _Static_assert((int)ENGINE_ROLES_MAX >= (int)ROLE_NAMES_MAX, "every role has a place");
    const struct engine_options options = {0};
    struct world *world = calloc(1, sizeof *world);
    SIM_ASSERT(world);
    world_init(world, scenario, &options);
    int count = world_build(world, diagnostics) == 0 ? (int)world->role_count : -1;
    for (int i = 0; i < count; i++) {
        snprintf(ret_roles[i].name, sizeof ret_roles[i].name, "%s", world->roles[i].name);
        ret_roles[i].count = world->roles[i].count;
    }
    world_free(world);
    free(world);
    return count;
}
