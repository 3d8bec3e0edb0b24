#ifndef SIM_COMMAND_LOAD_H
#define SIM_COMMAND_LOAD_H

/* What every command that reads a scenario does: load it, say all that is wrong with it on stderr,
 * and choose the exit code. */

#include <stdbool.h>
#include <stddef.h>

#include "sim/scenario.h"

struct diagnostics;

enum { COMMAND_PROBLEMS_SHOWN = 20, COMMAND_SETS_MAX = 256, COMMAND_POINTS_BUILT = 256 };

/* The --set options of a command line, in order; NULL-terminated for scenario_options. */
struct command_sets {
    const char *list[COMMAND_SETS_MAX + 1];
    size_t count;
};

/* command_sets_add keeps the pointer; false when there are too many. */
bool command_sets_add(struct command_sets *sets, const char *set);

/* command_problems prints at most COMMAND_PROBLEMS_SHOWN problems on stderr, then how many there
 * are in all. Nothing without problems. */
void command_problems(const char *path, const struct diagnostics *diagnostics);

/* command_problems_exit is EXIT_IO when an input file could not be opened (E500), EXIT_SCENARIO
 * when there are other errors, EXIT_FINE without any. */
int command_problems_exit(const struct diagnostics *diagnostics);

/* command_load loads a scenario, and with `build` also builds its world as a run would. Problems go
 * to stderr. Returns EXIT_FINE and *ret_scenario, to be freed by scenario_free, or an exit code and
 * NULL. */
int command_load(const char *path, const struct scenario_options *options, bool build,
                 struct scenario **ret_scenario);

/* command_build_point reads one point of a sweep and builds its world as a run would. What is wrong
 * goes to `diagnostics` with the point's number, unless an earlier point with the same `seen` had
 * it. The places are copies: the point's own scenario is gone afterwards. */
void command_build_point(const char *path, const char *const *sets, uint32_t point,
                         struct diagnostics *seen, struct diagnostics *diagnostics);

/* command_load_either loads a scenario, or the one that is stored in a result database: the file's
 * first bytes say which. Otherwise as command_load without `build`. */
int command_load_either(const char *path, const struct scenario_options *options,
                        struct scenario **ret_scenario);

#endif
