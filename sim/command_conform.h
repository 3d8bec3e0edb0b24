#ifndef SIM_COMMAND_CONFORM_H
#define SIM_COMMAND_CONFORM_H

/* `shardsim conform`: reference cases of the protocols in models/, by suite (conform.h). */

#include <argp.h>
#include <stddef.h>

int command_conform(int argc, char **argv);

/* command_conform_text runs the cases of a text instead of a file's; for fuzzers. Returns an exit
 * code. */
int command_conform_text(const char *name, const char *text, size_t bytes);
extern const struct argp_option command_conform_options[];

#endif
