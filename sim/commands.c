/* The commands of this folder, in the order that `help` shows them. */

#include <stddef.h>

#include "sim/command.h"
#include "sim/command_init.h"

const struct command sim_commands[] = {
    {"init", "[TEMPLATE]", "a scenario to start from, with notes", command_init,
     command_init_options},
    {NULL, NULL, NULL, NULL, NULL},
};
