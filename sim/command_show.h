#ifndef SIM_COMMAND_SHOW_H
#define SIM_COMMAND_SHOW_H

/* `shardsim show FILE`: the scenario as a run would see it. */

#include "command.h"

extern const struct argp_option command_show_options[];
int command_show(int argc, char **argv);

#endif
