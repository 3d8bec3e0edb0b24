#ifndef TESTS_SUPPORT_ENGINE_H
#define TESTS_SUPPORT_ENGINE_H

/* A scenario made by hand around one test model, so that the kernel is tested without the reader
 * and without models/. */

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/scenario.h"

/* support_scenario fills *scenario: duration 1000 s, seed 1, a network of constant 5 ms latency
 * without loss, jitter or limits, and `model` in its slot. */
void support_scenario(struct scenario *scenario, const struct model *model, const void *config);

/* support_run runs it with the given options (NULL = defaults) and asserts that it could start. */
struct engine_result support_run(const struct scenario *scenario,
                                 const struct engine_options *options);

#endif
