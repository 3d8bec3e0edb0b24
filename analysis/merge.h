#ifndef ANALYSIS_MERGE_H
#define ANALYSIS_MERGE_H

/* `shardsim merge`: a catalogue of many runs in one database: run, param, metric, fault and
 * violation of each, and its measures by name, in the order of their run keys. Events, messages and
 * transactions stay where they are. Written as .partial and renamed when whole. */

#include <argp.h>

extern const struct argp_option merge_options[];

/* merge_run parses its options and returns an exit code: 5 when two results of one run key differ.
 */
int merge_run(int argc, char **argv);

#endif
