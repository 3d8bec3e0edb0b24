#include "sim/command_show.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/command_load.h"
#include "sim/json_indent.h"
#include "sim/scenario.h"
#include "sim/stored_run.h"

enum { OPTION_CANONICAL = 256, OPTION_ORIGIN, OPTION_POINT, OPTION_SET, OPTION_JSON };

struct show_arguments {
    struct command_sets sets;
    const char *path;
    int64_t point;
    bool canonical, origin, json;
};

const struct argp_option command_show_options[] = {
    {"canonical", OPTION_CANONICAL, NULL, 0,
     "one line with sorted keys, as hashed and as stored with a run", 0},
    {"origin", OPTION_ORIGIN, NULL, 0, "a line a value, with the place it comes from", 0},
    {"json", OPTION_JSON, NULL, 0, "with --origin: one JSON object a value", 0},
    {"point", OPTION_POINT, "N", 0, "point N of the sweep, counted from 0", 0},
    {"set", OPTION_SET, "PATH=VALUE", 0, "change a value; may be repeated", 0},
    {0},
};

static error_t parse_point(const char *text, struct argp_state *state, int64_t *ret_point)
{
    char *end = NULL;
    errno = 0;
    long long point = strtoll(text, &end, 10);
    if (errno || end == text || *end || point < 0 || point > UINT32_MAX)
        argp_error(state, "--point needs a number from 0, not '%s'", text);
    *ret_point = point;
    return 0;
}

static error_t parse_show(int key, char *argument, struct argp_state *state)
{
    struct show_arguments *arguments = state->input;
    switch (key) {
    case OPTION_CANONICAL:
        arguments->canonical = true;
        return 0;
    case OPTION_ORIGIN:
        arguments->origin = true;
        return 0;
    case OPTION_JSON:
        arguments->json = true;
        return 0;
    case OPTION_POINT:
        return parse_point(argument, state, &arguments->point);
    case OPTION_SET:
        if (!command_sets_add(&arguments->sets, argument))
            argp_error(state, "more than %d --set", COMMAND_SETS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path)
            argp_error(state, "one scenario at a time");
        arguments->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which scenario? a FILE, or - for stdin");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_origin(void *context, const char *pointer, const char *text, double number,
                         const char *unit, bool swept, const char *origin)
{
    (void)context;
    (void)number;
    printf("%-36s %-24s %-6s %s%s\n", pointer, text, unit ? unit : "", origin ? origin : "",
           swept ? "  (swept)" : "");
}

static void print_origin_json(void *context, const char *pointer, const char *text, double number,
                              const char *unit, bool swept, const char *origin)
{
    (void)context;
    (void)number;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "path", pointer);
    cJSON_AddStringToObject(object, "text", text);
    if (unit && unit[0])
        cJSON_AddStringToObject(object, "unit", unit);
    cJSON_AddBoolToObject(object, "swept", swept);
    cJSON_AddStringToObject(object, "origin", origin ? origin : "");
    json_line_print(object);
}

int command_show(int argc, char **argv)
{
    struct show_arguments arguments = {.point = -1};
    const struct argp argp = {command_show_options,
                              parse_show,
                              "FILE",
                              "The effective scenario: includes merged, --set applied, every "
                              "default written out, every quantity in its base unit.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct scenario_options options = {.sets = arguments.sets.list, .point = arguments.point};
    struct scenario *scenario = NULL;
    int exit_code = command_load_either(arguments.path, &options, &scenario);
    if (exit_code != EXIT_FINE)
        return exit_code;
    if (arguments.origin)
        scenario_each_param(scenario, arguments.json ? print_origin_json : print_origin, NULL);
    else if (arguments.canonical)
        puts(scenario->effective);
    else
        json_indent_print(stdout, scenario->effective);
    fprintf(stderr, "config %016" PRIx64 "\n", scenario->config_hash);
    const char *next = stored_run_is_database(arguments.path) ? "verify" : "run";
    command_next_print(arguments.origin ? next : "show --origin", arguments.path, "");
    scenario_free(scenario);
    return EXIT_FINE;
}
