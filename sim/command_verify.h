#ifndef SIM_COMMAND_VERIFY_H
#define SIM_COMMAND_VERIFY_H

/* `shardsim verify`: a stored run is run again from the scenario in its own database; the result
 * hashes must be equal, and where they are not the first differing event is named. */

#include <argp.h>

int command_verify(int argc, char **argv);
extern const struct argp_option command_verify_options[];

#endif
