#ifndef SIM_COMMAND_SWARM_H
#define SIM_COMMAND_SWARM_H

/* `shardsim swarm`: many small random runs around one scenario. */

#include <argp.h>

int command_swarm(int argc, char **argv);
extern const struct argp_option command_swarm_options[];

#endif
