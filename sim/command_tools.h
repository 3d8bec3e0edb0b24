#ifndef SIM_COMMAND_TOOLS_H
#define SIM_COMMAND_TOOLS_H

/* What several commands need beside a scenario: numbers on the command line, a place for a file
 * that nobody keeps. */

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* command_tools_number reads the value of `option`: decimal digits, min to max. Anything else ends
 * the program with exit code 2 and says what was expected. */
uint64_t command_tools_number(struct argp_state *state, const char *option, const char *text,
                              uint64_t min, uint64_t max);

/* command_tools_temporary is where temporary files go: TMPDIR, or /tmp. */
const char *command_tools_temporary(void);

/* command_tools_folder makes a new folder there, to be removed by the caller, with `name` in its
 * name. False with errno set when it cannot be made or its path, with `spare` more bytes, is longer
 * than `bytes`. */
bool command_tools_folder(const char *name, size_t spare, char *ret_path, size_t bytes);

#endif
