#ifndef SIM_COMMAND_DIFF_H
#define SIM_COMMAND_DIFF_H

/* `shardsim diff A B`: what differs between two scenarios, or between those of two runs. */

#include "command.h"

extern const struct argp_option command_diff_options[];
int command_diff(int argc, char **argv);

#endif
