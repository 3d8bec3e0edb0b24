#include "sim/scenario_sections.h"

#include <stddef.h>

const struct scenario_section scenario_sections[] = {
    {NULL, NULL, NULL},
};
