#include "sim/command_init.h"

#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/init_templates.h"

struct starting_point {
    const char *name, *summary, *text;
};

/* The texts are scenarios/templates/NAME.json, taken in by the build. */
static const struct starting_point templates[] = {
    {"minimal", "the least that runs: every other key has a default", TEMPLATE_MINIMAL},
    {"hypercube", "256 shards that route messages along hypercube edges", TEMPLATE_HYPERCUBE},
    {"faults", "every kind of fault, on 16 shards", TEMPLATE_FAULTS},
    {"sweep", "three paths on growing numbers of shards, five seeds each", TEMPLATE_SWEEP},
    {"echo", "two nodes that answer each other: the network alone", TEMPLATE_ECHO},
    {NULL, NULL, NULL},
};

const struct argp_option command_init_options[] = {{0}};

static error_t parse_init(int key, char *argument, struct argp_state *state)
{
    const char **name = state->input;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (*name)
        argp_error(state, "one TEMPLATE at a time");
    *name = argument;
    return 0;
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
    const char *name = NULL;
    const struct argp argp = {
        NULL,         parse_init,
        "[TEMPLATE]", "A scenario to start from, with notes; without TEMPLATE the list.",
        NULL,         NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &name);
    for (size_t i = 0; templates[i].name; i++) {
        if (!name)
            printf("%-12s %s\n", templates[i].name, templates[i].summary);
        else if (strcmp(name, templates[i].name) == 0) {
            fputs(templates[i].text, stdout);
            fprintf(stderr, "next: shardsim init %s > my.json; shardsim run my.json\n", name);
            return EXIT_FINE;
        }
    }
    if (name)
        return unknown_template(name);
    fprintf(stderr, "next: shardsim init hypercube > my.json\n");
    return EXIT_FINE;
}
