/* The commands of this folder, in the order that `help` shows them. */

#include <stddef.h>

#include "command.h"
#include "sim/command_check.h"
#include "sim/command_conform.h"
#include "sim/command_diff.h"
#include "sim/command_init.h"
#include "sim/command_list.h"
#include "sim/command_run.h"
#include "sim/command_schema.h"
#include "sim/command_show.h"
#include "sim/command_swarm.h"
#include "sim/command_sweep.h"
#include "sim/command_verify.h"

const struct command sim_commands[] = {
    {"init", "[TEMPLATE]", "a scenario to start from, with notes", command_init,
     command_init_options},
    {"run", "SCENARIO|-", "one run, into one database", command_run, command_run_options},
    {"sweep", "SCENARIO", "all runs of a sweep that are not there yet", command_sweep,
     command_sweep_options},
    {"swarm", "SCENARIO", "many random small runs of it, with faults; what fails is minimised",
     command_swarm, command_swarm_options},
    {"verify", "DB|DIR...", "run stored runs again and compare", command_verify,
     command_verify_options},
    {"check", "FILE...", "all problems of a scenario, at once", command_check,
     command_check_options},
    {"show", "FILE", "the effective scenario: defaults, includes, --set", command_show,
     command_show_options},
    {"diff", "A B", "what differs between two scenarios or runs", command_diff,
     command_diff_options},
    {"list", "", "the layers and their types", command_list, command_list_options},
    {"describe", "[LAYER[.TYPE]]", "parameters with unit, range, default", command_describe,
     command_describe_options},
    {"schema", "", "the JSON Schema of a scenario", command_schema, command_schema_options},
    {"conform", "FILE...", "reference cases against the protocols' own code", command_conform,
     command_conform_options},
    {NULL, NULL, NULL, NULL, NULL},
};
