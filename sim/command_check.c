#include "sim/command_check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "sim/command_load.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"

struct check_arguments {
    struct command_sets sets;
    const char *first; /* of the files */
    bool json, strict;
    bool swept;   /* the first file has a sweep */
    int files_at; /* index of the first FILE in argv, after argp moved options forward */
};

const struct argp_option command_check_options[] = {
    {"json", 'j', NULL, 0, "problems on stdout, one JSON object a line", 0},
    {"strict", 's', NULL, 0, "a warning is an error", 0},
    {"set", 'S', "PATH=VALUE", 0, "check with this value; may be repeated", 0},
    {0},
};

static error_t parse_check(int key, char *argument, struct argp_state *state)
{
    struct check_arguments *arguments = state->input;
    switch (key) {
    case 'j':
        arguments->json = true;
        return 0;
    case 's':
        arguments->strict = true;
        return 0;
    case 'S':
        if (!command_sets_add(&arguments->sets, argument))
            argp_error(state, "more than %d --set", COMMAND_SETS_MAX);
        return 0;
    case ARGP_KEY_ARGS:
        arguments->files_at = state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which scenario? a FILE, or - for stdin");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_fine(const char *path, const struct scenario *scenario)
{
    printf("%s: fine, config %016" PRIx64, path, scenario->config_hash);
    if (scenario->point_count)
        printf(", %" PRIu32 " sweep point%s", scenario->point_count,
               scenario->point_count == 1 ? "" : "s");
    putchar('\n');
}

/* The reader reads every point; a swept value may also ask for a world that cannot be built. */
static void check_points(const char *path, const struct check_arguments *arguments,
                         uint32_t point_count, struct diagnostics *diagnostics)
{
    struct diagnostics seen = {0};
    uint32_t built = point_count < COMMAND_POINTS_BUILT ? point_count : COMMAND_POINTS_BUILT;
    for (uint32_t point = 0; point < built; point++)
        command_build_point(path, arguments->sets.list, point, &seen, diagnostics);
    diagnostics_free(&seen);
    if (built < point_count)
        diagnostics_warn(diagnostics, "W201", "/sweep",
                         "every point was read, but only the first 256 were built", NULL);
}

static int check_file(const char *path, struct check_arguments *arguments)
{
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct scenario_options options = {
        .sets = arguments->sets.list, .point = -1, .every_point = true};
    bool from_stdin = path[0] == '-' && path[1] == '\0';
    if (scenario_load(path, &options, &diagnostics, &scenario) == 0 &&
        engine_check(scenario, &diagnostics) == 0 && !from_stdin)
        check_points(path, arguments, scenario->point_count, &diagnostics);
    bool is_fine = diagnostics.errors == 0;
    if (arguments->json)
        diagnostics_print(&diagnostics, stdout, 0, true);
    else
        command_problems(path, &diagnostics);
    if (is_fine && !arguments->json)
        print_fine(path, scenario);
    if (is_fine && path == arguments->first)
        arguments->swept = scenario->point_count > 0 && !from_stdin; /* sweep reads it many times */
    int exit_code = command_problems_exit(&diagnostics);
    if (exit_code == EXIT_FINE && arguments->strict && diagnostics.count)
        exit_code = EXIT_SCENARIO;
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return exit_code;
}

int command_check(int argc, char **argv)
{
    struct check_arguments arguments = {0};
    const struct argp argp = {
        command_check_options,
        parse_check,
        "FILE...",
        "All problems of a scenario, at once: its text, its values, its sweep points, and whether "
        "the world it describes can be built.\vExit codes: 0 fine, 3 a bad scenario, 7 a file that "
        "cannot be read.",
        NULL,
        NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int exit_code = EXIT_FINE;
    arguments.first = argv[arguments.files_at];
    for (int i = arguments.files_at; i < argc; i++) {
        int file_code = check_file(argv[i], &arguments);
        if (file_code > exit_code)
            exit_code = file_code;
    }
    if (exit_code == EXIT_FINE && !arguments.json)
        command_next_print(arguments.swept ? "sweep" : "run", argv[arguments.files_at], "");
    return exit_code;
}
