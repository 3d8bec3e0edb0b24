/* The lines that end a run, its progress bar and its dry run. Quantiles are order statistics
 * X_(ceil(np)), asked of the database that was just written. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sqlite3.h>

#include "command.h"
#include "sim/command_run.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/log.h"
#include "sim/scenario.h"
#include "sim/wall_clock.h"

/* An event's row in the file, measured; a pilot of a second tells enough and is not waited for. */
enum { EVENT_ROW_BYTES = 42 };
#define PILOT_WALL_NS UINT64_C(1000000000)

const char *run_number(uint64_t number)
{
    static char buffers[8][32];
    static int next;
    char digits[24], *out = buffers[next++ % 8];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *at = out;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *at++ = ' ';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

void run_progress_show(void *context, const struct engine_progress *progress)
{
    struct run_progress_state *state = context;
    uint64_t now_ns = (uint64_t)(wall_clock_s() * 1e9);
    if (state->mode == PROGRESS_AUTO)
        state->mode = isatty(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_NONE;
    if (state->started_ns == 0)
        state->started_ns = now_ns;
    if (state->mode == PROGRESS_NONE || now_ns - state->shown_ns < 200000000)
        return;
    state->shown_ns = now_ns;
    double done = progress->end_ns ? (double)progress->now_ns / (double)progress->end_ns : 1;
    double elapsed = (double)(now_ns - state->started_ns) / 1e9 + 1e-9;
    int percent = (int)(done * 100);
    if (state->mode == PROGRESS_PLAIN && percent < state->shown_percent + 10)
        return;
    state->shown_percent = percent;
    char bar[21];
    for (int i = 0; i < 20; i++)
        bar[i] = i < percent / 5 ? '#' : '-';
    bar[20] = '\0';
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long eta = done > 0 ? (long)(elapsed / done - elapsed) : 0;
    fprintf(stderr,
            "%s| [%s] %3d%%  sim %.1fs/%.1fs  %.2f M events/s  ETA %ld:%02ld  rss %ld MiB%s",
            state->mode == PROGRESS_BAR ? "\r" : "", bar, percent, (double)progress->now_ns / 1e9,
            (double)progress->end_ns / 1e9, (double)progress->events / elapsed / 1e6, eta / 60,
            eta % 60, usage.ru_maxrss / 1024, state->mode == PROGRESS_BAR ? " " : "\n");
    fflush(stderr);
}

void run_progress_end(struct run_progress_state *state)
{
    if (state->mode == PROGRESS_BAR && state->shown_ns)
        fprintf(stderr, "\n");
}

static bool ask(sqlite3 *database, const char *sql, int64_t parameter, double *ret_value)
{
    sqlite3_stmt *statement = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK) {
        if (sqlite3_bind_parameter_count(statement) > 0)
            sqlite3_bind_int64(statement, 1, parameter);
        if (sqlite3_step(statement) == SQLITE_ROW &&
            sqlite3_column_type(statement, 0) != SQLITE_NULL) {
            *ret_value = sqlite3_column_double(statement, 0);
            found = true;
        }
    }
    sqlite3_finalize(statement);
    return found;
}

static double ask_or_zero(sqlite3 *database, const char *sql, int64_t parameter)
{
    double value = 0;
    return ask(database, sql, parameter, &value) ? value : 0;
}

static void print_latency(sqlite3 *database, const struct scenario *scenario)
{
    static const uint64_t levels_ppm[] = {500000, 950000, 990000};
    int64_t warmup = (int64_t)scenario->warmup_ns;
    double count = ask_or_zero(database,
                               "SELECT count(*) FROM message WHERE delivered_ns IS NOT NULL AND "
                               "created_ns >= ?",
                               warmup);
    if (count < 1)
        return;
    printf("latency ");
    for (int i = 0; i < 3; i++) {
        char sql[256];
        /* X_(ceil(np)), in integers: ceil of a floating-point product may be one off. */
        uint64_t rank = ((uint64_t)count * levels_ppm[i] + 999999) / 1000000;
        snprintf(sql, sizeof sql,
                 "SELECT delivered_ns - created_ns FROM message WHERE delivered_ns IS NOT NULL AND "
                 "created_ns >= ? ORDER BY 1 LIMIT 1 OFFSET %llu",
                 (unsigned long long)rank - 1);
        printf(" p%llu %.3f s  ", (unsigned long long)levels_ppm[i] / 10000,
               ask_or_zero(database, sql, warmup) / 1e9);
    }
    if (warmup > 0)
        printf("(warm-up %g s removed)", (double)warmup / 1e9);
    printf("\n");
}

static void print_messages(sqlite3 *database, const struct engine_result *result)
{
    double sent = ask_or_zero(database, "SELECT count(*) FROM message", 0);
    if (sent < 1) {
        printf("packets  %s sent, %s dropped\n", run_number(result->packets),
               run_number(result->packets_dropped));
        return;
    }
    double delivered = ask_or_zero(database, "SELECT count(*) FROM message WHERE outcome = 1", 0);
    double flight = ask_or_zero(database, "SELECT count(*) FROM message WHERE outcome = 2", 0);
    double lost = ask_or_zero(database, "SELECT count(*) FROM message WHERE outcome = 3", 0);
    double twice =
        ask_or_zero(database, "SELECT count(*) FROM violation WHERE property = 'exactly_once'", 0);
    printf("messages %s sent, %s delivered once, %s lost, %s twice, %s in flight\n",
           run_number((uint64_t)sent), run_number((uint64_t)delivered), run_number((uint64_t)lost),
           run_number((uint64_t)twice), run_number((uint64_t)flight));
}

static void print_load(sqlite3 *database, const struct scenario *scenario,
                       const struct engine_result *result)
{
    double span = ((double)result->sim_end_ns - (double)scenario->warmup_ns) / 1e9;
    double offered = ask_or_zero(database, "SELECT count(*) FROM tx WHERE submit_ns >= ?",
                                 (int64_t)scenario->warmup_ns);
    double carried =
        ask_or_zero(database, "SELECT count(*) FROM tx WHERE final_ns >= ? AND outcome = 1",
                    (int64_t)scenario->warmup_ns);
    if (offered < 1 || span <= 0)
        return;
    printf("load     offered %.1f tx/s, carried %.1f tx/s%s\n", offered / span, carried / span,
           carried < 0.95 * offered ? ": saturated, or too short to drain (see report)"
                                    : ": not saturated");
}

enum { CHAINS_NAMED = 3 };

/* Names the chains whose blocks were full more often than not, the fullest first. */
static void print_full(sqlite3 *database, const char *path)
{
    static const char sql[] =
        "SELECT coalesce(e.name, m.entity), 100 * m.value / m.n, count(*) OVER () FROM metric m"
        " LEFT JOIN entity e ON e.entity_id = m.entity WHERE m.name = 'blocks_full'"
        " AND m.entity != -1 AND 2 * m.value >= m.n ORDER BY 2 DESC, m.entity";
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        return;
    int named = 0, more = 0;
    for (; named < CHAINS_NAMED && sqlite3_step(statement) == SQLITE_ROW; named++) {
        more = sqlite3_column_int(statement, 2) - named - 1;
        printf("%s%.0f %% of the blocks of %s", named > 0 ? ", " : "full     ",
               sqlite3_column_double(statement, 1), sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    if (named == 0)
        return;
    if (more > 0)
        printf(", and so on: %d chains more", more);
    printf("\n         whether that is less than they are offered: shardsim report ");
    command_word_print(stdout, path);
    printf("\n");
}

static void print_replay(const struct run_request *request, const struct scenario *scenario,
                         const struct engine_result *result)
{
    fprintf(stderr, "| replay: shardsim run ");
    command_word_print(stderr, request->scenario_path);
    fprintf(stderr, " --seed %llu", (unsigned long long)scenario->seed);
    if (request->replication > 0)
        fprintf(stderr, " --replication %llu", (unsigned long long)request->replication);
    if (request->point >= 0)
        fprintf(stderr, " --point %lld", (long long)request->point);
    for (uint32_t i = 0; i < request->set_count; i++) {
        fprintf(stderr, " --set ");
        command_word_print(stderr, request->sets[i]);
    }
    fprintf(stderr, " --max-events %llu -f\n", (unsigned long long)result->violation_event);
}

static void print_outcome(const struct run_request *request, const struct scenario *scenario,
                          const struct engine_result *result)
{
    if (result->status == ENGINE_VIOLATION) {
        printf("checks   VIOLATED %s\n", result->violation);
        print_replay(request, scenario, result);
        return;
    }
    printf("checks   %u properties held\n", result->properties_checked);
    if (result->status == ENGINE_LIMIT)
        fprintf(stderr, "| stopped by %s; the database holds what was done\n", result->limit);
    if (result->status == ENGINE_INTERRUPTED)
        fprintf(stderr, "| interrupted at %.3f s; the database holds what was done\n",
                (double)result->sim_end_ns / 1e9);
}

void run_summary_print(const struct scenario *scenario, const struct run_request *request,
                       const struct engine_result *result, double wall_s, const char *path,
                       uint64_t file_bytes)
{
    sqlite3 *database = NULL;
    printf("run      %016llx   %s   sim %g s in %.2f s   %s events\n",
           (unsigned long long)scenario_run_key(scenario, request->replication),
           engine_status_names[result->status], (double)result->sim_end_ns / 1e9, wall_s,
           run_number(result->events));
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
        print_messages(database, result);
        print_latency(database, scenario);
        print_outcome(request, scenario, result);
        print_load(database, scenario, result);
        print_full(database, path);
    }
    sqlite3_close(database);
    printf("result   %016llx%016llx   %s (%.1f MB)\n", (unsigned long long)result->result_hash[0],
           (unsigned long long)result->result_hash[1], path, (double)file_bytes / 1e6);
    if (request->progress == PROGRESS_NONE)
        return;
    fprintf(stderr, "| next: shardsim report ");
    command_word_print(stderr, path);
    fprintf(stderr, "      or: sqlite3 ");
    command_word_print(stderr, path);
    fprintf(stderr, " 'select * from message_v limit 5'\n");
}

/* What a pilot has shown; rows and bytes of the level `tx`, whose file is small, are measured. */
struct pilot {
    struct engine_result result;
    double wall_s, tx_rows, tx_bytes;
};

/* Runs the pilot into a file at `path`. Returns 0, or an exit code after saying why on stderr. */
static int run_pilot(const struct scenario *scenario, const struct run_request *request,
                     const char *path, struct pilot *ret_pilot)
{
    struct pilot pilot = {0};
    char error[1024];
    uint64_t file_bytes = 0;
    struct log_run run = {.experiment = scenario->name};
    struct log *log = log_open(path, false, LOG_TX, &run, error, sizeof error);
    if (!log) {
        fprintf(stderr, "shardsim: %s\n", error);
        return EXIT_IO;
    }
    struct engine_options options = {.queue = request->queue,
                                     .replication = request->replication,
                                     .until_ns = request->until_ns,
                                     .max_memory_bytes = request->max_memory_bytes,
                                     .max_wall_ns = PILOT_WALL_NS,
                                     .log = log};
    struct diagnostics diagnostics = {0};
    double started = wall_clock_s();
    int status = engine_run(scenario, &options, &diagnostics, &pilot.result);
    pilot.wall_s = wall_clock_s() - started;
    diagnostics_free(&diagnostics);
    struct log_end end = {.status = "ok"};
    if (log_close(log, &end, error, sizeof error, &file_bytes) != 0) {
        fprintf(stderr, "shardsim: %s\n", error);
        return EXIT_IO;
    }
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
        pilot.tx_rows = ask_or_zero(database, "SELECT count(*) FROM event", 0);
    sqlite3_close(database);
    pilot.tx_bytes = (double)file_bytes;
    *ret_pilot = pilot;
    return status == 0 ? EXIT_FINE : EXIT_SCENARIO;
}

static void print_level(const char *level, double rows, double other_bytes)
{
    printf("log %-9s about %s event rows, %.1f MB\n", level, run_number((uint64_t)rows),
           (rows * EVENT_ROW_BYTES + other_bytes) / 1e6);
}

static void print_pilot(const struct scenario *scenario, const struct run_request *request,
                        const struct pilot *pilot)
{
    const struct engine_result *result = &pilot->result;
    uint64_t end_ns = request->until_ns && request->until_ns < scenario->duration_ns
                          ? request->until_ns
                          : scenario->duration_ns;
    double scale = result->sim_end_ns ? (double)end_ns / (double)result->sim_end_ns : 1;
    double rows = (double)result->rows * scale, tx_rows = pilot->tx_rows * scale;
    double packets = (double)(result->packets + result->packets_dropped) * scale;
    /* Messages and transactions have tables of their own, which every level keeps. */
    double other_bytes = fmax(0, pilot->tx_bytes - pilot->tx_rows * EVENT_ROW_BYTES) * scale;
    printf("nodes    %s in %s groups, least latency %.6g ms\n", run_number(result->nodes),
           run_number(result->groups), (double)result->lookahead_ns / 1e6);
    printf("pilot    %.6g s simulated in %.2f s%s\n", (double)result->sim_end_ns / 1e9,
           pilot->wall_s, scale > 1.0000001 ? "; the rest is extrapolated from it" : "");
    printf("events   about %s, about %.1f s of wall time\n",
           run_number((uint64_t)((double)result->events * scale)), pilot->wall_s * scale);
    print_level("all", rows, other_bytes);
    print_level("protocol", fmax(rows - packets, tx_rows), other_bytes);
    print_level("tx", tx_rows, other_bytes);
    print_level("none", 0, other_bytes);
    printf("memory   %.1f MiB counted at the end of the pilot\n",
           (double)result->memory_peak_bytes / 1048576.0);
}

int run_dry(const struct scenario *scenario, const struct run_request *request)
{
    char path[4096];
    if (!command_tools_folder("pilot", sizeof "/pilot.db.partial", path, sizeof path)) {
        fprintf(stderr, "shardsim: no folder for the pilot's file under %s: %s; set TMPDIR\n",
                command_tools_temporary(), strerror(errno));
        return EXIT_IO;
    }
    char *end = path + strlen(path);
    struct pilot pilot = {0};
    strcpy(end, "/pilot.db");
    int code = run_pilot(scenario, request, path, &pilot);
    unlink(path);
    strcpy(end, "/pilot.db.partial");
    unlink(path);
    *end = '\0';
    rmdir(path);
    if (code == EXIT_FINE)
        print_pilot(scenario, request, &pilot);
    return code;
}
