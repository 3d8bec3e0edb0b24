#ifndef SIM_COMMAND_SCHEMA_H
#define SIM_COMMAND_SCHEMA_H

/* `shardsim schema`: the JSON Schema (draft 2020-12) of a scenario, written from the tables that
 * parse it, so that an editor and `check` say the same. What no schema can say (rules across
 * fields, ranges of quantities, nodes that do not exist) is listed in tests/schema_agreement.py. */

#include "command.h"

extern const struct argp_option command_schema_options[];
int command_schema(int argc, char **argv);

#endif
