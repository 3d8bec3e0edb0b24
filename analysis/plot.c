#include "analysis/plot.h"

#include "analysis/gnuplot_run.h"
#include "analysis/must.h"
#include "analysis/operands.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct options {
    char **paths;
    size_t count, capacity;
    const char *figures, *formats, *by, *folder;
    struct plot_request request;
    bool partial;
};

enum option_key {
    OPTION_FIGURE = 256,
    OPTION_STYLE,
    OPTION_FORMAT,
    OPTION_DATA_ONLY,
    OPTION_BY,
    OPTION_CONF,
    OPTION_PARTIAL
};

const struct argp_option plot_options[] = {
    {"figure", OPTION_FIGURE, "ID,...", 0,
     "latency_cdf, hops, path_cost, queue_time, fault_timeline, shards, spread_cdf, repair, "
     "fec_loss, throughput_shards, hops_shards, latency_load, latency_cross (default: all that "
     "the runs allow)",
     0},
    {"style", OPTION_STYLE, "NAME", 0,
     "ieee1 (3.5 in, the default), ieee2, acm1, acm2, lncs or slides", 0},
    {"format", OPTION_FORMAT, "F,...", 0,
     "pdf, svg, png, tex, term (default: pdf,svg,png); term draws on the terminal", 0},
    {"data-only", OPTION_DATA_ONLY, NULL, 0, "data, scripts and captions, without gnuplot", 0},
    {"by", OPTION_BY, "K,...", 0, "group runs as in `report --by`", 0},
    {"conf", OPTION_CONF, "LEVEL", 0, "level of the bands (default 0.95)", 0},
    {"output", 'o', "DIR", 0, "where the files go (default: the folder of the first operand)", 0},
    {"partial", OPTION_PARTIAL, NULL, 0, "read runs that have not ended, too", 0},
    {0}};

static bool in_list(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* The first word of the list that is none of the known ones, to be freed; NULL when all are. */
static char *unknown_word(const char *list, const char *known)
{
    char *copy = must_copy(list), *rest = NULL, *unknown = NULL;
    for (char *word = strtok_r(copy, ",", &rest); word != NULL && unknown == NULL;
         word = strtok_r(NULL, ",", &rest))
        if (!in_list(known, word))
            unknown = must_copy(word);
    free(copy);
    return unknown;
}

static const char known_formats[] = "pdf,svg,png,tex,term";

/* "latency_cdf,hops,...", to be freed. */
static char *figure_list(void)
{
    char *list = must_copy("");
    for (const struct figure_kind *kind = figure_kinds; kind->id != NULL; kind++) {
        char *longer = must_print("%s%s%s", list, list[0] == '\0' ? "" : ",", kind->id);
        free(list);
        list = longer;
    }
    return list;
}

static void take_style(struct options *options, const char *name, struct argp_state *state)
{
    for (const struct figure_style *style = figure_styles; style->name != NULL; style++)
        if (strcmp(style->name, name) == 0) {
            options->request.style = style;
            return;
        }
    argp_error(state, "--style %s: the styles are ieee1, ieee2, acm1, acm2, lncs and slides", name);
}

static void take_list(const char **ret_list, const char *option, const char *list,
                      const char *known, struct argp_state *state)
{
    char *unknown = unknown_word(list, known);
    if (unknown != NULL)
        argp_error(state, "%s %s: expected some of %s, got '%s'", option, list, known, unknown);
    *ret_list = list;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    char *end = NULL, *figures = NULL;
    switch (key) {
    case OPTION_FIGURE:
        figures = figure_list();
        take_list(&options->figures, "--figure", argument, figures, state);
        free(figures);
        return 0;
    case OPTION_STYLE:
        take_style(options, argument, state);
        return 0;
    case OPTION_FORMAT:
        take_list(&options->formats, "--format", argument, known_formats, state);
        return 0;
    case OPTION_DATA_ONLY:
        options->request.data_only = true;
        return 0;
    case OPTION_BY:
        options->by = argument;
        return 0;
    case OPTION_CONF:
        options->request.level = strtod(argument, &end);
        if (end == argument || *end != '\0' ||
            !(options->request.level > 0 && options->request.level < 1))
            argp_error(state, "--conf %s: a level is between 0 and 1, as 0.95", argument);
        return 0;
    case 'o':
        options->folder = argument;
        return 0;
    case OPTION_PARTIAL:
        options->partial = true;
        return 0;
    case ARGP_KEY_ARG:
        options->paths =
            must_grow(options->paths, options->count, &options->capacity, sizeof options->paths[0]);
        options->paths[options->count++] = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which runs? Give result databases (*.db) or folders of them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The folder of the first operand, unless -o names another; made where it is missing. */
static char *folder_of(const struct options *options)
{
    const char *first = options->folder != NULL ? options->folder : options->paths[0];
    struct stat status;
    bool folder = options->folder != NULL || (stat(first, &status) == 0 && S_ISDIR(status.st_mode));
    const char *slash = folder ? NULL : strrchr(first, '/');
    char *path = folder          ? must_copy(first)
                 : slash == NULL ? must_copy(".")
                                 : must_print("%.*s", (int)(slash - first), first);
    for (char *c = path + 1; *c != '\0'; c++)
        if (*c == '/') {
            *c = '\0';
            mkdir(path, 0777); /* exists already, or the next step says what is wrong */
            *c = '/';
        }
    mkdir(path, 0777);
    return path;
}

/* "hops               results/demo/hops.pdf .svg .png .tsv .gp .caption.txt" */
static void print_files(const struct plot_request *request, const char *id)
{
    static const struct {
        const char *format, *ending;
    } endings[] = {{"pdf", ".pdf"}, {"svg", ".svg"}, {"png", ".png"}, {"tex", "_tex.tex"}};
    printf("%-17s  %s/%s", id, request->folder, id);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !request->data_only; i++)
        if (strstr(request->formats, endings[i].format) != NULL)
            printf("%s ", endings[i].ending);
    printf(".tsv .gp .caption.txt\n");
}

static int draw_all(const struct options *options, const struct grouping *grouping)
{
    int code = EXIT_FINE;
    size_t drawn = 0;
    char note[1024], *left_out = must_copy("");
    for (const struct figure_kind *kind = figure_kinds; kind->id != NULL; kind++) {
        bool asked = options->figures != NULL && in_list(options->figures, kind->id);
        if (options->figures != NULL && !asked)
            continue;
        enum figure_result result =
            plot_figure(kind, grouping, &options->request, note, sizeof note);
        if (result == FIGURE_NOTHING && !asked) {
            char *longer =
                must_print("%s%s%s", left_out, left_out[0] != '\0' ? ", " : "", kind->id);
            free(left_out);
            left_out = longer;
        } else if (note[0] != '\0')
            fprintf(stderr, "shardsim plot: %s%s: %s\n", kind->id,
                    result == FIGURE_NOTHING || result == FIGURE_WRONG ? " left out" : "", note);
        if (result == FIGURE_FAILED || (result != FIGURE_DRAWN && asked))
            code = EXIT_IO;
        if (result != FIGURE_DRAWN)
            continue;
        drawn++;
        print_files(&options->request, kind->id);
    }
    if (left_out[0] != '\0')
        fprintf(stderr, "shardsim plot: left out: %s (--figure ID says why)\n", left_out);
    free(left_out);
    if (drawn == 0)
        code = EXIT_IO;
    return code;
}

static int plot_operands(struct options *options, const struct operands *operands)
{
    struct database_error error;
    struct grouping grouping;
    if (group_runs(operands->runs, operands->count, options->by, &grouping, &error) != 0) {
        fprintf(stderr, "shardsim plot: %s\n", error.text);
        return EXIT_USAGE;
    }
    char *folder = folder_of(options);
    char *formats = must_copy(options->formats != NULL ? options->formats : "pdf,svg,png");
    for (char *c = formats; *c != '\0'; c++)
        if (*c == ',')
            *c = ' ';
    options->request.folder = folder;
    options->request.formats = formats;
    if (!options->request.data_only && !gnuplot_found()) {
        fprintf(stderr, "shardsim plot: gnuplot is not installed (Debian: gnuplot-nox); data, "
                        "scripts and captions are written, figures are not\n");
        options->request.data_only = true;
    }
    int code = draw_all(options, &grouping);
    free(formats);
    free(folder);
    group_free(&grouping);
    return code;
}

int plot_run(int argc, char **argv)
{
    struct options options = {.request = {.style = &figure_styles[0], .level = 0.95}};
    const struct argp argp = {
        plot_options,
        parse_option,
        "DB|DIR...",
        "Publication-ready figures of one or many runs.\v"
        "Each figure leaves ID.pdf, ID.svg, ID.png, its data ID.tsv, the script ID.gp, which runs "
        "by itself in its folder, and ID.caption.txt. Without gnuplot, data, scripts and captions "
        "still come out and the exit code is 0.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    struct operands operands;
    int code = operands_load_say("shardsim plot", options.paths, options.count, options.partial,
                                 &operands);
    if (code == EXIT_FINE)
        code = plot_operands(&options, &operands);
    operands_free(&operands);
    free(options.paths);
    return code;
}
