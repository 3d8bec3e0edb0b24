/* The table of analysis/'s commands; main.c joins it with the others. */

#include "sim/command.h"

#include "analysis/report.h"

#include <stddef.h>

const struct command analysis_commands[] = {
    {"report", "DB|DIR... [--by K,...] [--metric M,...] [--conf 0.95] [--json|--csv|--tex]",
     "tables of one or many runs, side by side", report_run, report_options},
    {NULL, NULL, NULL, NULL, NULL},
};
