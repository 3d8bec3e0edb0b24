#ifndef SIM_COMMAND_SWEEP_H
#define SIM_COMMAND_SWEEP_H

/* `shardsim sweep`: all runs of a scenario, its points times its replications, that are not there
 * yet. Truth is the result files: a run is done when its database is whole and its status is ok. */

#include <argp.h>

int command_sweep(int argc, char **argv);
extern const struct argp_option command_sweep_options[];

#endif
