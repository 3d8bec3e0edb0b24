/* The table of analysis/'s commands; main.c joins it with the others. */

#include "command.h"

#include "analysis/compare.h"
#include "analysis/explain.h"
#include "analysis/merge.h"
#include "analysis/plot.h"
#include "analysis/report.h"

#include <stddef.h>

const struct command analysis_commands[] = {
    {"compare", "A B | DIR --vary PATH", "two sets of runs, paired by seed", compare_run,
     compare_options},
    {"explain", "DB --message ID | DB --tx ID", "the life of a message or transaction in words",
     explain_run, explain_options},
    {"merge", "DIR|DB... -o CATALOGUE.db", "one catalogue of many runs", merge_run, merge_options},
    {"plot",
     "DB|DIR... [--figure ID,...] [--style ieee1|ieee2|acm1|acm2|lncs|slides]"
     " [--format pdf,svg,png,tex,term] [--data-only] [-o DIR]",
     "publication-ready figures of one or many runs", plot_run, plot_options},
    {"report", "DB|DIR... [--by K,...] [--metric M,...] [--conf 0.95] [--json|--csv|--tex]",
     "tables of one or many runs, side by side", report_run, report_options},
    {NULL, NULL, NULL, NULL, NULL},
};
