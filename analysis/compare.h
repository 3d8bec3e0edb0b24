#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

/* `shardsim compare`: two sets of runs, paired by seed and replication, measure by measure. */

#include <argp.h>

extern const struct argp_option compare_options[];

/* compare_run parses its options and returns an exit code: 5 when a --fail-if holds. */
int compare_run(int argc, char **argv);

#endif
