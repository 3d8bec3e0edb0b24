#ifndef ANALYSIS_EXPLAIN_H
#define ANALYSIS_EXPLAIN_H

/* `shardsim explain`: the life of one message or transaction in words, from the event log: each
 * block it waited for, each hop, each commit, with what every step took. */

#include <argp.h>

extern const struct argp_option explain_options[];

/* explain_run parses its options and returns an exit code. */
int explain_run(int argc, char **argv);

#endif
