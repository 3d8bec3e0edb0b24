#include "sim/command_list.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/json_indent.h"
#include "sim/model.h"
#include "sim/param_parse.h"
#include "sim/param_walk.h"
#include "sim/scenario_sections.h"
#include "sim/sim_assert.h"

enum { HELP_COLUMN = 4, LINE_COLUMNS = 96, NAMES_MAX = 256, NAME_BYTES = 64, SHARED_MAX = 64 };

struct list_arguments {
    const char *target;
    bool json;
};

const struct argp_option command_list_options[] = {
    {"json", 'j', NULL, 0, "one JSON object a line", 0},
    {0},
};
const struct argp_option command_describe_options[] = {
    {"json", 'j', NULL, 0, "one JSON object a parameter", 0},
    {0},
};

static error_t parse_json_flag(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    struct list_arguments *arguments = state->input;
    if (key != 'j')
        return ARGP_ERR_UNKNOWN;
    arguments->json = true;
    return 0;
}

static error_t parse_describe(int key, char *argument, struct argp_state *state)
{
    struct list_arguments *arguments = state->input;
    if (key != ARGP_KEY_ARG)
        return parse_json_flag(key, argument, state);
    if (arguments->target)
        argp_error(state, "one LAYER or LAYER.TYPE at a time");
    arguments->target = argument;
    return 0;
}

/* Within a layer the first model is the default. */
static bool is_default(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (model_registry[i]->layer == model_registry[index]->layer)
            return false;
    return true;
}

static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text && text[0])
        cJSON_AddStringToObject(object, key, text);
}

static void list_json(void)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        cJSON *object = cJSON_CreateObject();
        add_text(object, "layer", model->layer_name);
        add_text(object, "type", model->name);
        cJSON_AddNumberToObject(object, "version", model->version);
        cJSON_AddBoolToObject(object, "default", is_default(i));
        add_text(object, "summary", model->summary);
        json_line_print(object);
    }
}

int command_list(int argc, char **argv)
{
    struct list_arguments arguments = {0};
    const struct argp argp = {command_list_options,
                              parse_json_flag,
                              "",
                              "The layers of the stack and the types that each can have.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.json) {
        list_json();
        return EXIT_FINE;
    }
    printf("%-10s %-14s %s\n", "layer", "type", "(* = the default)");
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        printf("%-10s %-12s %c %s\n", model->layer_name, model->name, is_default(i) ? '*' : ' ',
               model->summary);
    }
    fprintf(stderr, "next: shardsim describe LAYER.TYPE\n");
    return EXIT_FINE;
}

/* Breaks `text` at spaces into lines that begin at column `indent`. */
static void print_wrapped(const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (column > 0 && indent + column + 1 + word > LINE_COLUMNS) {
            putchar('\n');
            column = 0;
        }
        if (column == 0)
            printf("%*s%.*s", indent, "", word, text);
        else
            printf(" %.*s", word, text);
        column += word + 1;
        text += word + (text[word] == ' ');
    }
    putchar('\n');
}

static void print_choices(const struct param *row)
{
    for (size_t i = 0; row->choices && row->choices[i]; i++)
        printf("%s \"%s\"", i ? "," : "", row->choices[i]);
}

/* A key that several variants of one object have: when a fault is, whom it hits. */
struct shared_key {
    char path[PARAM_PATH_BYTES], types[NAME_BYTES * 4]; /* types: "crash", "restart" */
    const char *help, *first;                           /* first: the variant that prints it */
};

/* Where the rows of a walk belong. */
struct place {
    const char *section, *type;
    bool top_only;
    struct shared_key shared[SHARED_MAX];
    size_t shared_count;
};

static struct shared_key *shared_find(struct place *place, const struct param_step *step)
{
    for (size_t i = 0; i < place->shared_count; i++)
        if (strcmp(place->shared[i].path, step->path) == 0 && step->row->help &&
            strcmp(place->shared[i].help, step->row->help) == 0)
            return &place->shared[i];
    return NULL;
}

/* First walk: which variants have a key. */
static void collect_step(void *context, const struct param_step *step)
{
    struct place *place = context;
    if (!step->variant || !step->row->help)
        return;
    struct shared_key *key = shared_find(place, step);
    if (!key) {
        SIM_ASSERT(place->shared_count < SHARED_MAX);
        key = &place->shared[place->shared_count++];
        snprintf(key->path, sizeof key->path, "%s", step->path);
        key->help = step->row->help;
        key->first = step->variant;
    }
    size_t used = strlen(key->types);
    snprintf(key->types + used, sizeof key->types - used, "%s\"%s\"", used ? ", " : "",
             step->variant);
}

static void print_step(void *context, const struct param_step *step)
{
    struct place *place = context;
    const struct param *row = step->row;
    const struct shared_key *key = shared_find(place, step);
    if ((place->top_only && step->depth) || (key && key->first != step->variant))
        return;
    char text[256];
    printf("  %-20s %s", step->path, param_kind_name(row->kind));
    if (row->kind == PARAM_CHOICE)
        print_choices(row);
    param_range_text(row, text, sizeof text);
    if (text[0])
        printf(", %s", text);
    if (param_kind_units(row)[0])
        printf(" (%s)", param_kind_units(row));
    param_default_text(row, text, sizeof text);
    if (row->required)
        printf("; required");
    else if (text[0])
        printf("; default %s", text);
    if (step->variant)
        printf("; only with type %s", key ? key->types : step->variant);
    if (row->deployed)
        printf("; [deployed]");
    putchar('\n');
    if (row->help)
        print_wrapped(row->help, HELP_COLUMN + 19);
    for (size_t i = 0; row->choice_helps && row->choices[i]; i++)
        if (row->choice_helps[i])
            printf("%*s\"%s\": %s\n", HELP_COLUMN + 19, "", row->choices[i], row->choice_helps[i]);
    for (const struct param_variant *variant = row->variants; variant && variant->type; variant++)
        printf("%*s\"%s\": %s\n", HELP_COLUMN + 19, "", variant->type, variant->help);
}

static void print_step_json(void *context, const struct param_step *step)
{
    const struct place *place = context;
    const struct param *row = step->row;
    if (place->top_only && step->depth)
        return;
    char text[256];
    cJSON *object = cJSON_CreateObject();
    add_text(object, "section", place->section);
    add_text(object, "type", place->type);
    add_text(object, "key", step->path);
    add_text(object, "variant", step->variant);
    add_text(object, "kind", param_kind_name(row->kind));
    add_text(object, "units", param_kind_units(row));
    param_default_text(row, text, sizeof text);
    if (text[0])
        cJSON_AddRawToObject(object, "default", text);
    param_range_text(row, text, sizeof text);
    add_text(object, "range", text);
    if (row->choices) {
        cJSON *choices = cJSON_AddArrayToObject(object, "choices");
        for (size_t i = 0; row->choices[i]; i++)
            cJSON_AddItemToArray(choices, cJSON_CreateString(row->choices[i]));
    }
    cJSON_AddBoolToObject(object, "required", row->required);
    cJSON_AddBoolToObject(object, "deployed", row->deployed);
    add_text(object, "help", row->help);
    json_line_print(object);
}

static void print_words(const char *title, const char *const *words)
{
    if (!words || !words[0])
        return;
    printf("  %s:", title);
    for (size_t i = 0; words[i]; i++)
        printf(" %s", words[i]);
    putchar('\n');
}

static void describe_model(size_t index, bool json)
{
    static const char *const when_texts[] = {[PROPERTY_ALWAYS] = "",
                                             [PROPERTY_WHEN_NAMED] = " (checked when named)",
                                             [PROPERTY_WITHIN] =
                                                 " (checked when named with \"within\")"};
    const struct model *model = model_registry[index];
    struct place place = {.section = model->layer_name, .type = model->name};
    if (json) {
        param_walk(model->params, print_step_json, &place);
        return;
    }
    printf("%s.%s  (version %" PRIu32 "%s)\n", model->layer_name, model->name, model->version,
           is_default(index) ? ", the default" : "");
    print_wrapped(model->summary, 2);
    param_walk(model->params, collect_step, &place);
    param_walk(model->params, print_step, &place);
    for (const struct model_property *row = model->properties; row && row->name; row++)
        printf("  property %-22s %s%s\n", row->name, row->help ? row->help : "",
               when_texts[row->when]);
    for (const struct model_behaviour *row = model->behaviours; row && row->name; row++)
        printf("  behaviour %-21s %s\n", row->name, row->help ? row->help : "");
    for (const struct model_metric *row = model->metrics; row && row->name; row++)
        printf("  metric   %-22s %s%s%s%s\n", row->name, row->help ? row->help : "",
               row->unit && row->unit[0] ? " (" : "", row->unit ? row->unit : "",
               row->unit && row->unit[0] ? ")" : "");
    print_words("messages", model->message_kinds);
    print_words("timers", model->timer_kinds);
    print_words("traces", model->trace_kinds);
    putchar('\n');
}

static void describe_section(const struct scenario_section *section, bool json)
{
    struct place place = {.section = section->name, .top_only = section->top_only};
    if (json) {
        param_walk(section->params, print_step_json, &place);
        return;
    }
    printf("%s\n", section->name);
    print_wrapped(section->summary, 2);
    param_walk(section->params, collect_step, &place);
    param_walk(section->params, print_step, &place);
    putchar('\n');
}

static void describe_distribution_key(const char *type, const char *key, const char *help,
                                      bool json)
{
    if (!key)
        return;
    if (!json) {
        printf(" %s", key);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    add_text(object, "section", "distribution");
    add_text(object, "type", type);
    add_text(object, "key", key);
    add_text(object, "help", help);
    json_line_print(object);
}

static void describe_distributions(bool json)
{
    if (!json)
        puts(
            "distribution\n  what a value of that kind may be; a plain quantity is constant; every "
            "type also takes\n  \"min\", the least value");
    for (const struct distribution_keys *keys = distribution_keys; keys->type; keys++) {
        if (!json)
            printf("  %-20s", keys->type);
        describe_distribution_key(keys->type, keys->location, "a quantity", json);
        describe_distribution_key(keys->type, keys->spread, "a quantity", json);
        describe_distribution_key(keys->type, keys->shape, "a number above 0, no unit", json);
        if (strcmp(keys->type, "empirical") == 0)
            describe_distribution_key(keys->type, "file", "one value a line, with its unit", json);
        else if (strcmp(keys->type, "matrix") == 0 && !json)
            fputs(" (network.latency only; by network.regions)", stdout);
        if (!json)
            putchar('\n');
    }
    if (!json)
        putchar('\n');
}

/* Whether `target` (NULL = everything) asks for this layer and type. */
static bool wanted(const char *target, const char *layer, const char *type)
{
    if (!target || strcmp(target, layer) == 0)
        return true;
    size_t bytes = strlen(layer);
    return type && strncmp(target, layer, bytes) == 0 && target[bytes] == '.' &&
           strcmp(target + bytes + 1, type) == 0;
}

static int unknown_target(const char *target)
{
    static char texts[NAMES_MAX][NAME_BYTES];
    const char *names[3 * NAMES_MAX];
    size_t count = 0, text_count = 0;
    for (size_t i = 0; scenario_sections[i].name; i++)
        names[count++] = scenario_sections[i].name;
    names[count++] = "distribution";
    for (size_t i = 0; model_registry[i] && text_count < NAMES_MAX; i++, text_count++) {
        const struct model *model = model_registry[i];
        snprintf(texts[text_count], NAME_BYTES, "%s.%s", model->layer_name, model->name);
        names[count++] = texts[text_count];
        names[count++] = model->layer_name;
    }
    names[count] = NULL;
    fprintf(stderr, "shardsim describe: there is no '%s'\n", target);
    const char *nearest = suggest_word(target, names);
    for (size_t i = 0; i < text_count && !nearest; i++) { /* a type alone */
        const char *const type[] = {model_registry[i]->name, NULL};
        if (suggest_word(target, type))
            nearest = texts[i];
    }
    if (nearest)
        fprintf(stderr, "    try       %s\n", nearest);
    fprintf(stderr, "next: shardsim list\n");
    return EXIT_USAGE;
}

int command_describe(int argc, char **argv)
{
    struct list_arguments arguments = {0};
    const struct argp argp = {
        command_describe_options,
        parse_describe,
        "[LAYER[.TYPE]]",
        "Every parameter with its unit, range, default and meaning; also of the sections "
        "scenario, network, faults, sweep and distribution. [deployed] marks what only the "
        "deployed system does.",
        NULL,
        NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    size_t found = 0;
    for (size_t i = 0; scenario_sections[i].name; i++)
        if (wanted(arguments.target, scenario_sections[i].name, NULL)) {
            describe_section(&scenario_sections[i], arguments.json);
            found++;
        }
    for (size_t i = 0; model_registry[i]; i++)
        if (wanted(arguments.target, model_registry[i]->layer_name, model_registry[i]->name)) {
            describe_model(i, arguments.json);
            found++;
        }
    if (wanted(arguments.target, "distribution", NULL)) {
        describe_distributions(arguments.json);
        found++;
    }
    if (!found)
        return unknown_target(arguments.target);
    if (!arguments.json)
        fprintf(stderr, "next: shardsim init\n");
    return EXIT_FINE;
}
