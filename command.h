#ifndef COMMAND_H
#define COMMAND_H

/* Subcommands. sim/ and analysis/ each export one table, models/ has none; main.c joins them. A
 * command parses its own options with argp, prints results on stdout and messages on stderr, and
 * returns an exit code. */

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

enum exit_code {
    EXIT_FINE = 0,
    EXIT_OUR_FAULT = 1,
    EXIT_USAGE = 2,
    EXIT_SCENARIO = 3,
    EXIT_VIOLATION = 4,
    EXIT_MISMATCH = 5,
    EXIT_INCOMPLETE = 6,
    EXIT_IO = 7,
    EXIT_LIMIT = 8,
    EXIT_SIGINT = 130,
    EXIT_SIGTERM = 143
};

struct command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv); /* argv[0] = "shardsim NAME" */
    /* The options that run() gives to argp, `{0}`-terminated, or NULL: main.c names the nearest one
     * for a wrong option, and completion lists them. */
    const struct argp_option *options;
};

/* command_word_print writes a word so that it can be pasted into a shell: bare when it is plain,
 * else in single quotes. */
void command_word_print(FILE *file, const char *word);

/* command_next_print writes "next: shardsim BEFORE PATH" and `after` on stderr, the path quoted for
 * a shell; for "-" it says that stdin must be given again. */
void command_next_print(const char *before, const char *path, const char *after);

extern const struct command sim_commands[];      /* NULL-name terminated; sim/commands.c      */
extern const struct command analysis_commands[]; /* NULL-name terminated; analysis/commands.c */

#endif
