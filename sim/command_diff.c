#include "sim/command_diff.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command_load.h"
#include "sim/diagnostics.h"
#include "sim/json_indent.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"

struct diff_arguments {
    const char *paths[2];
    size_t count;
    bool json;
};

const struct argp_option command_diff_options[] = {
    {"json", 'j', NULL, 0, "one JSON object a difference", 0},
    {0},
};

/* The values of one side, in pointer order. Texts are owned. */
struct values {
    struct value {
        char *pointer, *text;
        double number; /* NAN: not a number */
    } * list;
    size_t count, capacity;
};

static error_t parse_diff(int key, char *argument, struct argp_state *state)
{
    struct diff_arguments *arguments = state->input;
    switch (key) {
    case 'j':
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->count == 2)
            argp_error(state, "two at a time");
        arguments->paths[arguments->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (arguments->count < 2)
            argp_error(state, "which two? each a scenario or a run's database");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_value(void *context, const char *pointer, const char *text, double number,
                      const char *unit, bool swept, const char *origin)
{
    struct values *values = context;
    (void)unit, (void)swept, (void)origin;
    if (values->count == values->capacity) {
        values->capacity = values->capacity ? 2 * values->capacity : 128;
        values->list = realloc(values->list, values->capacity * sizeof *values->list);
        SIM_ASSERT(values->list);
    }
    struct value *value = &values->list[values->count++];
    *value = (struct value){strdup(pointer), strdup(text), number};
    SIM_ASSERT(value->pointer && value->text);
}

static void free_values(struct values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        free(values->list[i].pointer);
        free(values->list[i].text);
    }
    free(values->list);
}

static void print_difference(const struct value *a, const struct value *b, bool json)
{
    const char *pointer = a ? a->pointer : b->pointer;
    if (!json) {
        printf("%-36s %-24s %s\n", pointer, a ? a->text : "-", b ? b->text : "-");
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "path", pointer);
    if (a)
        cJSON_AddStringToObject(object, "a", a->text);
    if (b)
        cJSON_AddStringToObject(object, "b", b->text);
    json_line_print(object);
}

/* "1s" and "1000ms" are the same value. */
static bool same_value(const struct value *a, const struct value *b)
{
    bool numbers = !isnan(a->number) && !isnan(b->number);
    if (numbers)
        return !(a->number < b->number) && !(a->number > b->number);
    return strcmp(a->text, b->text) == 0;
}

static int compare_pointers(const void *a, const void *b)
{
    return strcmp(((const struct value *)a)->pointer, ((const struct value *)b)->pointer);
}

static size_t print_differences(struct values sides[2], bool json)
{
    struct values *a = &sides[0], *b = &sides[1];
    size_t at_a = 0, at_b = 0, differences = 0;
    for (size_t side = 0; side < 2; side++) /* no ties: each pointer stands once in a scenario */
        qsort(sides[side].list, sides[side].count, sizeof *sides[side].list, compare_pointers);
    while (at_a < a->count || at_b < b->count) {
        const struct value *left = at_a < a->count ? &a->list[at_a] : NULL;
        const struct value *right = at_b < b->count ? &b->list[at_b] : NULL;
        int order = !left ? 1 : !right ? -1 : strcmp(left->pointer, right->pointer);
        at_a += order <= 0;
        at_b += order >= 0;
        if (order == 0 && same_value(left, right))
            continue;
        print_difference(order <= 0 ? left : NULL, order >= 0 ? right : NULL, json);
        differences++;
    }
    return differences;
}

int command_diff(int argc, char **argv)
{
    struct diff_arguments arguments = {0};
    const struct argp argp = {
        command_diff_options,
        parse_diff,
        "A B",
        "What differs between the effective scenarios of A and B: a line a value, - where one has "
        "none. Each is a scenario or a run's database.",
        NULL,
        NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct scenario_options options = {.point = -1};
    struct scenario *scenarios[2] = {NULL, NULL};
    struct values sides[2] = {{0}, {0}};
    int exit_code = EXIT_FINE;
    for (size_t i = 0; i < 2; i++) { /* both, so that what is wrong with both is said at once */
        int code = command_load_either(arguments.paths[i], &options, &scenarios[i]);
        if (code == EXIT_FINE)
            scenario_each_param(scenarios[i], add_value, &sides[i]);
        exit_code = code > exit_code ? code : exit_code;
    }
    if (exit_code == EXIT_FINE) {
        size_t differences = print_differences(sides, arguments.json);
        bool same = scenarios[0]->config_hash == scenarios[1]->config_hash;
        fprintf(stderr, "%zu difference%s; config %016" PRIx64 " and %016" PRIx64 ": %s\n",
                differences, differences == 1 ? "" : "s", scenarios[0]->config_hash,
                scenarios[1]->config_hash, same ? "the same experiment" : "not the same");
        command_next_print("show --origin", arguments.paths[1], "");
    }
    for (size_t i = 0; i < 2; i++) {
        free_values(&sides[i]);
        scenario_free(scenarios[i]);
    }
    return exit_code;
}
