#ifndef ANALYSIS_PLOT_H
#define ANALYSIS_PLOT_H

/* `shardsim plot`: figures of one or many runs. Each figure leaves ID.tsv, ID.gp and
 * ID.caption.txt, and, where gnuplot is found, ID.pdf, ID.svg and ID.png. Without gnuplot the first
 * three still come out, a message says so, and the exit code is 0. */

#include "analysis/figure.h"

#include <argp.h>

struct plot_request {
    const char *folder;
    const char *formats; /* gnuplot's loop: "pdf svg png" */
    const struct figure_style *style;
    double level;
    bool data_only;
};

/* plot_figure makes one figure. On FIGURE_DRAWN the files are there; a note (gnuplot failed, the
 * lint found something) may be in ret_note, else it is empty. FIGURE_NOTHING and FIGURE_WRONG leave
 * no file, FIGURE_FAILED perhaps some; all three give the reason in ret_note. */
enum figure_result plot_figure(const struct figure_kind *kind, const struct grouping *grouping,
                               const struct plot_request *request, char *ret_note,
                               size_t note_bytes);

extern const struct argp_option plot_options[];

/* plot_run parses its options and returns an exit code. */
int plot_run(int argc, char **argv);

#endif
