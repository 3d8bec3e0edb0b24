#ifndef COMMAND_H
#define COMMAND_H

/* Subcommands. sim/ and analysis/ each export one table, models/ has none; main.c joins them. A
 * command parses its own options with argp, prints results on stdout and messages on stderr, and
 * returns an exit code. */

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
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

/* What the head of an SQLite file tells of it before SQLite opens it. */
struct command_head {
    uint64_t bytes;        /* of the file */
    uint64_t needed_bytes; /* of its pages; 0: the head does not say. A journal may hold more */
    uint32_t application_id, layout;
    bool is_database; /* it begins like one */
    bool is_whole;    /* the head is: what stands above is known */
};
enum { COMMAND_CATALOGUE_ID = 0x73686363 }; /* application_id of what `merge` writes: "shcc" */

/* command_head_read reads a regular file's head: 100 bytes, no lock, no journal. Returns 0, or -1
 * with errno; never waits for a pipe. */
int command_head_read(const char *path, struct command_head *ret_head);

/* command_is_catalogue is true for what `merge` wrote, finished or not. */
bool command_is_catalogue(const char *path);

extern const struct command sim_commands[];      /* NULL-name terminated; sim/commands.c      */
extern const struct command analysis_commands[]; /* NULL-name terminated; analysis/commands.c */

#endif
