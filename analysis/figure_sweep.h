#ifndef ANALYSIS_FIGURE_SWEEP_H
#define ANALYSIS_FIGURE_SWEEP_H

/* Figures over a sweep: something against the number of shards, the offered load or the share of
 * cross-shard transactions. A group is a point, its replications the point's interval. The other
 * parameters in which groups differ (slow against instant...) make the series. */

#include "analysis/figure.h"

enum { FIGURE_SWEEP_PANELS = 2, FIGURE_SWEEP_ROWS = 2 };

struct sweep_row { /* what is drawn in a panel: a measure, and its words in the key */
    const char *metric, *words;
};

struct sweep_panel {
    const char *title;                        /* NULL: no such panel */
    struct sweep_row rows[FIGURE_SWEEP_ROWS]; /* metric NULL: none */
};

struct sweep {
    const char *x_param;  /* JSON Pointer of what is swept */
    const char *x_metric; /* x as measured; NULL: the parameter itself */
    const char *x_title;
    double factor_x; /* from the base unit to the axis */
    bool log2_x;
    bool marks_knee; /* an upright line at the greatest load that is not saturated */
    struct sweep_panel panels[FIGURE_SWEEP_PANELS];
    /* The dotted reference line of the first panel: a measure of the first series, or a function of
     * x (NAN: no value there); both NULL: none. */
    const char *reference_metric;
    double (*reference)(const struct run_data *run, double x);
    const char *reference_title;
    const char *caption;
};

/* figure_sweep_differs says whether groups differ in a parameter. */
bool figure_sweep_differs(const struct grouping *grouping, const char *path);

/* figure_sweep_label names the series of a group, "slow, fanout 8": the values of the parameters in
 * which groups differ, but for x; to be freed. */
char *figure_sweep_label(const struct grouping *grouping, size_t group, const char *x_param);

/* figure_sweep builds the figure. */
enum figure_result figure_sweep(struct figure *figure, const struct sweep *sweep);

#endif
