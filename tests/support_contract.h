#ifndef TESTS_SUPPORT_CONTRACT_H
#define TESTS_SUPPORT_CONTRACT_H

/* The smallest scenario that uses a model, for the suites that hold each model of the registry to
 * the contract without being told of it. All assert what they need: a scenario that is refused or a
 * property that does not hold ends the test. */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/scenario.h"

enum { CONTRACT_TEXT_BYTES = 8192 };

extern const char contract_network[]; /* the section that all base scenarios have */

/* contract_find returns the registry's model, or NULL. */
const struct model *contract_find(const char *layer, const char *type);

/* contract_stands_alone: a workload that brings nodes of its own and uses no chain. */
bool contract_stands_alone(const struct model *model);

/* contract_text writes the model's base scenario with `keys` (", \"k\": v" or "") in its section,
 * `workloads` (", {...}" or "") behind its workload and `more` (", \"k\": v" or "") at the top. */
void contract_text(const struct model *model, const char *keys, const char *workloads,
                   const char *more, char *ret_text);

/* contract_print_problems prints why a model's scenario was refused. */
void contract_print_problems(const struct model *model, const struct diagnostics *diagnostics);

/* contract_load reads a scenario; scenario_free it. `seed` NULL: the text's. */
struct scenario *contract_load(const struct model *model, const char *text, const uint64_t *seed);

/* contract_run runs one and checks that no property was violated. */
struct engine_result contract_run(const struct model *model, const char *text, uint64_t seed,
                                  const struct engine_options *options);

#endif
