#include "sim/command_run.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sodium.h>
#include <sqlite3.h>

#include "command.h"
#include "sim/command_load.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/log.h"
#include "sim/quantity.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"
#include "sim/version.h"
#include "sim/wall_clock.h"

enum option_key {
    KEY_SEED = 256,
    KEY_SET,
    KEY_UNTIL,
    KEY_LOG,
    KEY_MAX_WALL,
    KEY_MAX_MEMORY,
    KEY_MAX_EVENTS,
    KEY_POINT,
    KEY_REPLICATION,
    KEY_PROGRESS,
    KEY_QUEUE,
    KEY_GROUP_ORDER
};

const struct argp_option command_run_options[] = {
    {NULL, 'o', "FILE.db", 0, "write here instead of results/NAME/RUN_KEY.db", 0},
    {"seed", KEY_SEED, "N", 0, "seed instead of the scenario's", 0},
    {"set", KEY_SET, "PATH=VALUE", 0, "change one value; may be repeated", 0},
    {"until", KEY_UNTIL, "TIME", 0, "stop at this simulated time (exit 8)", 0},
    {"log", KEY_LOG, "LEVEL", 0, "all, protocol, tx or none", 0},
    {"max-wall", KEY_MAX_WALL, "TIME", 0, "stop after this wall-clock time (exit 8)", 0},
    {"max-memory", KEY_MAX_MEMORY, "BYTES", 0, "stop when so much is counted (exit 8)", 0},
    {"max-events", KEY_MAX_EVENTS, "N", 0, "stop after N events (exit 8)", 0},
    {"point", KEY_POINT, "N", 0, "run point N of the scenario's sweep", 0},
    {"replication", KEY_REPLICATION, "R", 0, "replication number, 0 unless given", 0},
    {"dry-run", 'n', NULL, 0, "print what the run would need, and stop", 0},
    {"force", 'f', NULL, 0, "replace an existing result", 0},
    {"progress", KEY_PROGRESS, "HOW", 0, "auto, bar, plain or none", 0},
    {"queue", KEY_QUEUE, "NAME", 0, "event queue: wheel or heap; results are the same", 0},
    {"group-order", KEY_GROUP_ORDER, "N", OPTION_HIDDEN,
     "run groups in windows in an order drawn from N; the hash must stay", 0},
    {0}};

static volatile sig_atomic_t signal_number;

static void on_signal(int number)
{
    signal_number = number;
}

static int choose(struct argp_state *state, const char *option, const char *text,
                  const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        if (strcmp(choices[i], text) == 0)
            return i;
    const char *near = suggest_word(text, choices);
    char known[128] = "";
    for (size_t i = 0, used = 0; choices[i] && used < sizeof known; i++)
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", choices[i]);
    argp_error(state, "%s: expected one of %s, got \"%s\"%s%s%s", option, known, text,
               near ? " (try \"" : "", near ? near : "", near ? "\")" : "");
    return 0;
}

static uint64_t quantity(struct argp_state *state, const char *option, enum param_kind kind,
                         const char *text, const char *sample)
{
    int64_t value = 0;
    if (quantity_parse(kind, text, &value) != QUANTITY_FINE || value <= 0)
        argp_error(state, "%s: expected %s, got \"%s\"", option, sample, text);
    return (uint64_t)value;
}

static void set_queue(struct argp_state *state, struct run_request *request, const char *name)
{
    request->queue = queue_type_find(name);
    if (!request->queue)
        argp_error(state, "--queue: expected \"wheel\" or \"heap\", got \"%s\"", name);
}

static void add_set(struct argp_state *state, struct run_request *request, const char *text)
{
    if (request->set_count == 64)
        argp_error(state, "--set: at most 64 of them");
    else
        request->sets[request->set_count++] = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    static const char *const levels[] = {"all", "protocol", "tx", "none", NULL};
    static const char *const progress[] = {"auto", "bar", "plain", "none", NULL};
    struct run_request *request = state->input;
    switch (key) {
    case 'o':
        if (strcmp(text, "-") == 0)
            argp_error(state, "-o -: a database cannot go to stdout; name a file");
        request->output_path = text;
        break;
    case 'n':
        request->dry_run = true;
        break;
    case 'f':
        request->force = true;
        break;
    case KEY_SEED:
        request->seed = command_tools_number(state, "--seed", text, 0, UINT64_MAX);
        request->has_seed = true;
        break;
    case KEY_SET:
        add_set(state, request, text);
        break;
    case KEY_UNTIL:
        request->until_ns =
            quantity(state, "--until", PARAM_DURATION, text, "a time above 0 such as \"20s\"");
        break;
    case KEY_LOG:
        request->log_level = choose(state, "--log", text, levels);
        break;
    case KEY_MAX_WALL:
        request->max_wall_ns =
            quantity(state, "--max-wall", PARAM_DURATION, text, "a time above 0 such as \"30min\"");
        break;
    case KEY_MAX_MEMORY:
        request->max_memory_bytes =
            quantity(state, "--max-memory", PARAM_BYTES, text, "a size above 0 such as \"2GiB\"");
        break;
    case KEY_MAX_EVENTS:
        request->max_events = command_tools_number(state, "--max-events", text, 0, UINT64_MAX);
        break;
    case KEY_POINT:
        request->point = (int64_t)command_tools_number(state, "--point", text, 0, INT64_MAX);
        break;
    case KEY_REPLICATION:
        request->replication = command_tools_number(state, "--replication", text, 0, UINT64_MAX);
        break;
    case KEY_PROGRESS:
        request->progress = choose(state, "--progress", text, progress);
        break;
    case KEY_QUEUE:
        set_queue(state, request, text);
        break;
    case KEY_GROUP_ORDER:
        request->group_order = command_tools_number(state, "--group-order", text, 0, UINT64_MAX);
        break;
    case ARGP_KEY_ARG:
        if (request->scenario_path)
            argp_error(state, "one scenario at a time; \"%s\" is a second one", text);
        request->scenario_path = text;
        break;
    case ARGP_KEY_END:
        if (!request->scenario_path)
            argp_error(state, "which scenario? (\"-\" reads stdin)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void utc_now(char text[32])
{
    time_t now = time(NULL); /* outside the simulation: for the run table only */
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts); /* outside the simulation */
}

static void join_arguments(int argc, char **argv, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < argc && used + 1 < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? " " : "", argv[i]);
}

static struct log *open_log(const struct scenario *scenario, const struct run_request *request,
                            const char *path)
{
    char error[1024], models[1024], libraries[160], started[32];
    struct utsname host;
    uname(&host); /* outside the simulation */
    scenario_model_version(scenario, models, sizeof models);
    snprintf(libraries, sizeof libraries, "sqlite %s, cjson %s, sodium %s", sqlite3_libversion(),
             cJSON_Version(), sodium_version_string());
    utc_now(started);
    struct log_run run = {.run_key = scenario_run_key(scenario, request->replication),
                          .config_hash = scenario->config_hash,
                          .replication = request->replication,
                          .seed = scenario->seed,
                          .warmup_ns = scenario->warmup_ns,
                          .experiment = scenario->name,
                          .measurement = "run",
                          .program_version = SHARDSIM_VERSION,
                          .model_version = models,
                          .git_rev = VERSION_GIT,
                          .compiler = SHARDSIM_COMPILER,
                          .libraries = libraries,
                          .host = host.nodename,
                          .argv = request->command_line,
                          .scenario_json = scenario->effective,
                          .started_utc = started};
    enum log_level level =
        request->log_level >= 0 ? (enum log_level)request->log_level : scenario->log;
    struct log *log = log_open(path, request->force, level, &run, error, sizeof error);
    if (!log)
        fprintf(stderr, "shardsim: %s\n", error);
    return log;
}

static int exit_of(const struct engine_result *result)
{
    switch (result->status) {
    case ENGINE_OK:
        return EXIT_FINE;
    case ENGINE_LIMIT:
        return EXIT_LIMIT;
    case ENGINE_INTERRUPTED:
        return signal_number == SIGTERM ? EXIT_SIGTERM : EXIT_SIGINT;
    case ENGINE_VIOLATION:
        return EXIT_VIOLATION;
    case ENGINE_LOG_FAILED:
        return EXIT_IO;
    }
    return EXIT_OUR_FAULT;
}

static void fill_end(const struct engine_result *result, double wall_s, struct log_end *ret_end)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *ret_end =
        (struct log_end){.status = engine_status_names[result->status],
                         .sim_end_ns = result->sim_end_ns,
                         .n_events = result->events,
                         .result_hash = {result->result_hash[0], result->result_hash[1]},
                         .wall_s = wall_s,
                         .cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
                         .max_rss_kib = (uint64_t)usage.ru_maxrss};
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    signal_number = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a write error like a full disk */
}

/* Runs with an open log; closes it. */
static int run_logged(const struct scenario *scenario, const struct run_request *request,
                      struct log *log, const char *path)
{
    struct run_progress_state progress = {.mode = request->progress, .shown_percent = -1};
    struct engine_options options = {.queue = request->queue,
                                     .replication = request->replication,
                                     .until_ns = request->until_ns,
                                     .max_events = request->max_events,
                                     .max_memory_bytes = request->max_memory_bytes,
                                     .max_wall_ns = request->max_wall_ns,
                                     .group_order = request->group_order,
                                     .log = log,
                                     .signal_number = &signal_number,
                                     .progress = run_progress_show,
                                     .progress_context = &progress};
    struct engine_result result;
    struct diagnostics diagnostics = {0};
    double started = wall_clock_s();
    /* engine_check has built this very world once, so it can be built again. */
    SIM_ASSERT(engine_run(scenario, &options, &diagnostics, &result) == 0);
    diagnostics_free(&diagnostics);
    run_progress_end(&progress);
    struct log_end end;
    char error[1024];
    uint64_t file_bytes = 0;
    double wall_s = wall_clock_s() - started;
    fill_end(&result, wall_s, &end);
    if (log_close(log, &end, error, sizeof error, &file_bytes) != 0) {
        fprintf(stderr, "shardsim: %s\n", error);
        return EXIT_IO;
    }
    run_summary_print(scenario, request, &result, wall_s, path, file_bytes);
    return exit_of(&result);
}

static int run_scenario(const struct scenario *scenario, const struct run_request *request)
{
    char own[256]; /* a scenario's name has at most 64 bytes */
    const char *path = request->output_path ? request->output_path : own;
    snprintf(own, sizeof own, "results/%s/%016llx.db", scenario->name,
             (unsigned long long)scenario_run_key(scenario, request->replication));
    if (request->progress != PROGRESS_NONE)
        fprintf(stderr, "| %s  config %016llx  seed %llu%s\n", scenario->path,
                (unsigned long long)scenario->config_hash, (unsigned long long)scenario->seed,
                request->has_seed ? "" : " (change with --seed)");
    char replay[sizeof request->command_line + 128];
    snprintf(replay, sizeof replay, "shardsim %s   (version %s, git %s)", request->command_line,
             SHARDSIM_VERSION, VERSION_GIT);
    sim_assert_replay(replay);
    catch_signals(); /* before there is a file that a signal could leave unfinished */
    struct log *log = open_log(scenario, request, path);
    if (!log)
        return EXIT_IO;
    return run_logged(scenario, request, log, path);
}

int command_run(int argc, char **argv)
{
    static const struct argp argp = {
        command_run_options,
        parse_option,
        "SCENARIO|-",
        "Runs one scenario and writes one database.\v"
        "Exit codes: 0 fine, 3 bad scenario, 4 a property was violated, 7 input/output, 8 a limit "
        "stopped the run, 130/143 a signal did; what was done is saved.",
        NULL,
        NULL,
        NULL};
    struct run_request request = {.point = -1, .log_level = -1};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &request) != 0)
        return EXIT_USAGE;
    join_arguments(argc, argv, request.command_line, sizeof request.command_line);
    const char *skip = strncmp(request.command_line, "shardsim ", 9) == 0 ? request.command_line + 9
                                                                          : request.command_line;
    memmove(request.command_line, skip, strlen(skip) + 1);
    struct scenario *scenario = NULL;
    struct scenario_options options = {.sets = request.sets,
                                       .point = request.point,
                                       .seed = request.has_seed ? &request.seed : NULL};
    int code = command_load(request.scenario_path, &options, true, &scenario);
    if (code != EXIT_FINE)
        return code;
    code = request.dry_run ? run_dry(scenario, &request) : run_scenario(scenario, &request);
    scenario_free(scenario);
    return code;
}
