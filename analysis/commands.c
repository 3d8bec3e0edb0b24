/* The commands of this folder, in the order that `help` shows them. */

#include "sim/command.h"

const struct command analysis_commands[] = {
    {NULL, NULL, NULL, NULL, NULL},
};
