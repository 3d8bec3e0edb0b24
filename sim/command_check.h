#ifndef SIM_COMMAND_CHECK_H
#define SIM_COMMAND_CHECK_H

/* `shardsim check FILE...`: every problem that a run would refuse to start with. */

#include "command.h"

extern const struct argp_option command_check_options[];
int command_check(int argc, char **argv);

#endif
