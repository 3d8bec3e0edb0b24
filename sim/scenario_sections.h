#ifndef SIM_SCENARIO_SECTIONS_H
#define SIM_SCENARIO_SECTIONS_H

/* The sections of a scenario that are no layer's: what `describe`, `schema` and the manual list
 * beside the model registry. */

#include <stdbool.h>

#include "sim/param.h"

struct scenario_section {
    const char *name, *summary;
    const struct param *params;
    bool top_only; /* nested rows are described elsewhere */
};

/* NULL-name terminated: scenario (the top level), network... */
extern const struct scenario_section scenario_sections[];

#endif
