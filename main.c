/* shardsim: joins the command tables of sim/ and analysis/ with the model registry. This is the
 * only file that sees all three folders. One table feeds the dispatch, `help` and `completion`. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "sim/diagnostics.h"

static int command_help(int argc, char **argv);
static int command_completion(int argc, char **argv);

static const struct command own_commands[] = {
    {"completion", "bash", "a script that completes commands and options", command_completion,
     NULL},
    {"help", "[COMMAND]", "this list, or one command in full", command_help, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static const struct command *const command_tables[] = {sim_commands, analysis_commands,
                                                       own_commands};
enum {
    TABLE_COUNT = sizeof command_tables / sizeof command_tables[0],
    NAMES_MAX = 128 /* of commands, or of options of one command */
};

/* Walks all tables as if they were one; NULL after the last. */
static const struct command *command_at(size_t index)
{
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        size_t row = 0;
        for (; command_tables[table][row].name; row++)
            if (index-- == 0)
                return &command_tables[table][row];
    }
    return NULL;
}

static const struct command *command_find(const char *name)
{
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static void print_usage(FILE *out)
{
    fprintf(out, "Usage: shardsim COMMAND [ARGUMENT...]\n\n"
                 "A deterministic simulator of sharded ledgers: scenarios in, result databases "
                 "out.\n\nCommands:\n");
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++)
        fprintf(out, "  %-12s %s\n", command->name, command->summary);
    fprintf(out,
            "\nOptions:\n"
            "  -h, --help   this list\n"
            "  --version    program version, compiler\n"
            "\nExit codes: 0 fine, 1 our fault, 2 bad usage, 3 bad scenario or study, 4 a "
            "property was\nviolated, 5 mismatch, 6 sweep incomplete, 7 input/output, 8 a limit "
            "stopped the run,\n130/143 signal.\n"
            "\nA scenario to start from: shardsim init hypercube > my.json\n");
}

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "shardsim %s (%s)\n", SHARDSIM_VERSION, SHARDSIM_COMPILER);
}

/* Suggests a correction, and never applies it. */
static void print_nearest(const char *word, const char *const *names, const char *prefix)
{
    const char *nearest = suggest_word(word, names);
    if (nearest)
        fprintf(stderr, "    try       %s%s\n", prefix, nearest);
}

static int unknown_command(const char *name)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    const struct command *command = NULL;
    for (size_t i = 0; i < NAMES_MAX && (command = command_at(i)); i++)
        names[i] = command->name;
    fprintf(stderr, "shardsim: unknown command '%s'\n", name);
    print_nearest(name, names, "");
    fprintf(stderr, "next: shardsim help\n");
    return EXIT_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    char title[64], help[] = "--help";
    snprintf(title, sizeof title, "shardsim %s", command->name);
    argv[0] = title;
    if (argc > 1 && strcmp(argv[1], "-h") == 0) /* argp knows -? only; people type -h */
        argv[1] = help;
    return command->run(argc, argv);
}

static int command_help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return EXIT_FINE;
    }
    const char *name = strcmp(argv[1], "--help") == 0 ? "help" : argv[1];
    const struct command *command = command_find(name);
    if (!command)
        return unknown_command(name);
    if (command->run == command_help || command->run == command_completion) {
        printf("Usage: shardsim %s %s\n%s\n", command->name, command->arguments, command->summary);
        return EXIT_FINE;
    }
    char title[64], option[] = "--help";
    char *arguments[] = {title, option, NULL};
    return run_command(command, 2, arguments);
}

static bool option_is_last(const struct argp_option *option)
{
    return !option->name && !option->key && !option->doc;
}

/* Collects the long options of a command; the count. */
static size_t option_names(const struct command *command, const char *names[NAMES_MAX + 1])
{
    size_t count = 0;
    for (const struct argp_option *row = command->options; !option_is_last(row); row++)
        if (row->name && count < NAMES_MAX - 3)
            names[count++] = row->name;
    names[count++] = "help";
    names[count++] = "usage";
    names[count++] = "version";
    names[count] = NULL;
    return count;
}

/* Writes " --seed --set" for a command's long options. */
static void print_option_words(const struct argp_option *options)
{
    for (; options && !option_is_last(options); options++)
        if (options->name && !(options->flags & OPTION_HIDDEN))
            printf(" --%s", options->name);
}

static int command_completion(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "bash") != 0) {
        fprintf(stderr, "Usage: shardsim completion bash\n"
                        "next: shardsim completion bash > "
                        "~/.local/share/bash-completion/completions/shardsim\n");
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_FINE : EXIT_USAGE;
    }
    printf("# bash completion of shardsim; written by `shardsim completion bash`.\n"
           "_shardsim() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} words=\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        words='--help --version");
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++)
        printf(" %s", command->name);
    printf("'\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; (command = command_at(i)); i++) {
        printf("        %s) words='--help", command->name);
        print_option_words(command->options);
        printf("' ;;\n");
    }
    printf("        esac\n"
           "    fi\n"
           "    if [ \"$COMP_CWORD\" -gt 1 ] && [ \"${current:0:1}\" != - ]; then\n"
           "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
           "    else\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _shardsim shardsim\n");
    return EXIT_FINE;
}

/* Names the first long option that the command does not have. A beginning of an option is an
 * option, as getopt has it. */
static int check_options(const struct command *command, int argc, char **argv)
{
    const char *names[NAMES_MAX + 1];
    size_t count = command->options ? option_names(command, names) : 0;
    for (int i = 1; count && i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(argv[i] + 2, "="), argv[i] + 2);
        bool known = false;
        for (size_t name = 0; name < count; name++)
            known = known || strncmp(names[name], word, strlen(word)) == 0;
        if (known)
            continue;
        fprintf(stderr, "shardsim %s: unknown option '--%s'\n", command->name, word);
        print_nearest(word, names, "--");
        fprintf(stderr, "next: shardsim help %s\n", command->name);
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

/* A full disk shows only when stdout is flushed; results that were not written are no results. */
static int finish(int exit_code)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed)
        return exit_code;
    fprintf(stderr, "shardsim: the output could not be written\n");
    return exit_code == EXIT_FINE ? EXIT_IO : exit_code;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_USAGE;
    argp_program_version_hook = print_version;
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_usage(stdout);
        return finish(EXIT_FINE);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        print_version(stdout, NULL);
        return finish(EXIT_FINE);
    }
    const struct command *command = command_find(name);
    if (!command)
        return unknown_command(name);
    int exit_code = check_options(command, argc - 1, argv + 1);
    if (exit_code != EXIT_FINE)
        return exit_code;
    return finish(run_command(command, argc - 1, argv + 1));
}
