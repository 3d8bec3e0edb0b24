#ifndef ANALYSIS_GNUPLOT_RUN_H
#define ANALYSIS_GNUPLOT_RUN_H

/* gnuplot, found and run at run time: shardsim builds and reports without it. */

#include <stdbool.h>

/* gnuplot_found looks for the program in PATH. */
bool gnuplot_found(void);

/* gnuplot_run runs `script` inside `folder`, without the user's own gnuplot settings, which would
 * change the figure. Returns gnuplot's exit code, or -1 when it could not be run. */
int gnuplot_run(const char *folder, const char *script);

#endif
