#ifndef SIM_COMMAND_LIST_H
#define SIM_COMMAND_LIST_H

/* `shardsim list` and `shardsim describe`: what there is, from the tables that parse it. */

#include "command.h"

extern const struct argp_option command_list_options[];
int command_list(int argc, char **argv);

extern const struct argp_option command_describe_options[];
int command_describe(int argc, char **argv);

#endif
