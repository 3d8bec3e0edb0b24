#ifndef SIM_COMMAND_CONFORM_H
#define SIM_COMMAND_CONFORM_H

/* `shardsim conform`: reference cases of the protocols in models/, by suite (conform.h). */

#include <argp.h>

int command_conform(int argc, char **argv);
extern const struct argp_option command_conform_options[];

#endif
