#include "sim/sim_assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char replay_command[512];

void sim_assert_replay(const char *command)
{
    snprintf(replay_command, sizeof replay_command, "%s", command);
}

_Noreturn void sim_assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "shardsim: our fault, please report: %s:%d: assertion failed: %s\n", file, line,
            expression);
    if (replay_command[0])
        fprintf(stderr, "  replay with  %s\n", replay_command);
    fflush(NULL);
    _Exit(1);
}
