#ifndef TESTS_MODEL_BY_HAND_H
#define TESTS_MODEL_BY_HAND_H

/* What a model that a test makes by hand has nothing of, so that its table says what it has. */

#include "sim/model.h"

static const char *const no_kinds[] = {NULL};
static const struct model_metric no_metrics[] = {{NULL, NULL, NULL}};
static const struct model_property no_properties[] = {{NULL, NULL, false}};
static const struct param no_params[] = {PARAM_END};

static inline void destroy_nothing(void *state)
{
    (void)state;
}

/* At the head of the table. */
#define MODEL_BY_HAND                                                                              \
    .version = 1, .params = no_params, .trace_kinds = no_kinds, .metrics = no_metrics,             \
    .properties = no_properties

#endif
