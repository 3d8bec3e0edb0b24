#ifndef SIM_COMMAND_INIT_H
#define SIM_COMMAND_INIT_H

/* `shardsim init TEMPLATE`: a scenario to start from. JSON has no comments, so the notes stand in
 * keys that begin with "x-". */

#include "command.h"

extern const struct argp_option command_init_options[];
int command_init(int argc, char **argv);

#endif
