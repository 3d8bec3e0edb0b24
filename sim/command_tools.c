#include "sim/command_tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t command_tools_number(struct argp_state *state, const char *option, const char *text,
                              uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min || value > max)
        argp_error(state, "%s: expected a whole number, %llu to %llu, got \"%s\"", option,
                   (unsigned long long)min, (unsigned long long)max, text);
    return value;
}

const char *command_tools_temporary(void)
{
    const char *folder = getenv("TMPDIR"); /* outside the simulation */
    return folder && folder[0] ? folder : "/tmp";
}

bool command_tools_folder(const char *name, size_t spare, char *ret_path, size_t bytes)
{
    int length =
        snprintf(ret_path, bytes, "%s/shardsim-%s-XXXXXX", command_tools_temporary(), name);
    if (length < 0 || (size_t)length + spare >= bytes) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdtemp(ret_path) != NULL;
}
