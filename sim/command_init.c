#include "sim/command_init.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/init_templates.h"

struct starting_point {
    const char *name, *summary, *text;
};

/* The texts are scenarios/templates/NAME.json, taken in by the build. */
static const struct starting_point templates[] = {
    {"minimal", "the least in which something happens: every other key has a default",
     TEMPLATE_MINIMAL},
    {"hypercube", "256 shards that route messages along hypercube edges", TEMPLATE_HYPERCUBE},
    {"validators", "100 validators that vote, and get blocks by turbine and repair",
     TEMPLATE_VALIDATORS},
    {"faults", "every kind of fault, on 16 shards", TEMPLATE_FAULTS},
    {"sweep", "three paths on growing numbers of shards, five seeds each", TEMPLATE_SWEEP},
    {"echo", "eight nodes that ask and answer each other: the network alone", TEMPLATE_ECHO},
    {NULL, NULL, NULL},
};

struct init_arguments {
    const char *name;
    bool json;
};

const struct argp_option command_init_options[] = {
    {"json", 'j', NULL, 0, "the list as one JSON object a line", 0},
    {0},
};

static error_t parse_init(int key, char *argument, struct argp_state *state)
{
    struct init_arguments *arguments = state->input;
    switch (key) {
    case 'j':
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->name)
            argp_error(state, "one TEMPLATE at a time");
        arguments->name = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void list_templates(bool json)
{
    for (size_t i = 0; templates[i].name; i++)
        printf(json ? "{\"template\":\"%s\",\"summary\":\"%s\"}\n" : "%-12s %s\n",
               templates[i].name, templates[i].summary);
    if (!json)
        fprintf(stderr, "next: shardsim init hypercube > my.json\n");
}

static int unknown_template(const char *name)
{
    const char *names[sizeof templates / sizeof templates[0]] = {NULL};
    for (size_t i = 0; templates[i].name; i++)
        names[i] = templates[i].name;
    fprintf(stderr, "shardsim init: there is no template '%s'\n", name);
    const char *nearest = suggest_word(name, names);
    if (nearest)
        fprintf(stderr, "    try       %s\n", nearest);
    fprintf(stderr, "next: shardsim init\n");
    return EXIT_USAGE;
}

int command_init(int argc, char **argv)
{
    struct init_arguments arguments = {0};
    const struct argp argp = {command_init_options,
                              parse_init,
                              "[TEMPLATE]",
                              "A scenario to start from, with notes; without TEMPLATE the list.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    const char *name = arguments.name;
    if (!name) {
        list_templates(arguments.json);
        return EXIT_FINE;
    }
    for (size_t i = 0; templates[i].name; i++) {
        if (strcmp(name, templates[i].name) == 0) {
            fputs(templates[i].text, stdout);
            fprintf(stderr, "next: shardsim init %s > my.json; shardsim run my.json\n", name);
            return EXIT_FINE;
        }
    }
    return unknown_template(name);
}
