#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

/* `shardsim report`: tables of one or many runs. report_print does the work for a caller that has
 * its runs; report_run is the command. */

#include "analysis/group.h"
#include "analysis/table.h"

#include <argp.h>
#include <stdio.h>

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV, REPORT_TEX };

/* report_print prints the table; as text also the method in words, the verdict on saturation,
 * faults, violations, and which runs were read. */
void report_print(const struct table *table, enum report_format format, FILE *file);

extern const struct argp_option report_options[];

/* report_run parses its options and returns an exit code. */
int report_run(int argc, char **argv);

#endif
