#include "analysis/merge.h"

#include "analysis/measure.h"
#include "analysis/merge_file.h"
#include "analysis/must.h"
#include "analysis/operands.h"
#include "command.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_ALLOW_MIXED = 256 };

const struct argp_option merge_options[] = {
    {NULL, 'o', "FILE.db", 0, "write the catalogue here; one that is there is replaced", 0},
    {"allow-mixed", KEY_ALLOW_MIXED, NULL, 0, "runs of other builds of this program, too", 0},
    {0}};

struct merge {
    char **paths;
    size_t count, capacity;
    const char *output;
    bool allow_mixed;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct merge *merge = state->input;
    switch (key) {
    case 'o':
        merge->output = argument;
        return 0;
    case KEY_ALLOW_MIXED:
        merge->allow_mixed = true;
        return 0;
    case ARGP_KEY_ARG:
        merge->paths =
            must_grow(merge->paths, merge->count, &merge->capacity, sizeof merge->paths[0]);
        merge->paths[merge->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (merge->count == 0)
            argp_error(state, "which runs? Give result databases (*.db) or folders of them");
        if (merge->output == NULL || merge->output[0] == '\0')
            argp_error(state, "which catalogue? Give -o CATALOGUE.db");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char schema[] =
    "CREATE TABLE run (run_id INTEGER PRIMARY KEY, path TEXT, run_key TEXT NOT NULL,"
    " config_hash TEXT NOT NULL, result_hash TEXT, experiment TEXT, measurement TEXT,"
    " replication INTEGER, seed INTEGER, status TEXT, sim_end_ns INTEGER, warmup_ns INTEGER,"
    " n_events INTEGER, n_logged INTEGER, wall_s REAL, cpu_s REAL, max_rss_kib INTEGER,"
    " started_utc TEXT, finished_utc TEXT, program_version TEXT, model_version TEXT,"
    " git_rev TEXT, compiler TEXT, libraries TEXT, host TEXT, argv TEXT, scenario_json TEXT)"
    " STRICT;"
    "CREATE TABLE param (run_id INTEGER NOT NULL, path TEXT NOT NULL, text TEXT, num REAL,"
    " unit TEXT, swept INTEGER NOT NULL, origin TEXT) STRICT;"
    "CREATE TABLE metric (run_id INTEGER NOT NULL, name TEXT NOT NULL, entity INTEGER NOT NULL,"
    " value REAL, unit TEXT, n INTEGER) STRICT;"
    "CREATE TABLE fault (run_id INTEGER NOT NULL, fault_id INTEGER, type TEXT, target TEXT,"
    " from_ns INTEGER, to_ns INTEGER, detail TEXT) STRICT;"
    "CREATE TABLE violation (run_id INTEGER NOT NULL, property TEXT, seq INTEGER, t_ns INTEGER,"
    " text TEXT) STRICT;"
    "CREATE TABLE measure (run_id INTEGER NOT NULL, name TEXT NOT NULL, value REAL) STRICT;";

/* One statement a table; ?1 is the run's number. */
static const char *const copies[] = {
    "INSERT INTO run SELECT ?1, ?2, run_key, config_hash, result_hash, experiment, measurement,"
    " replication, seed, status, sim_end_ns, warmup_ns, n_events, n_logged, wall_s, cpu_s,"
    " max_rss_kib, started_utc, finished_utc, program_version, model_version, git_rev, compiler,"
    " libraries, host, argv, scenario_json FROM one.run",
    "INSERT INTO param SELECT ?1, path, text, num, unit, swept, origin FROM one.param"
    " ORDER BY rowid",
    "INSERT INTO metric SELECT ?1, name, entity, value, unit, n FROM one.metric ORDER BY rowid",
    "INSERT INTO fault SELECT ?1, fault_id, type, target, from_ns, to_ns, detail FROM one.fault"
    " ORDER BY fault_id",
    "INSERT INTO violation SELECT ?1, property, seq, t_ns, text FROM one.violation ORDER BY rowid"};

static bool execute(sqlite3 *database, const char *sql, int64_t number, const char *text)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK;
    if (good && sqlite3_bind_parameter_count(statement) >= 1)
        sqlite3_bind_int64(statement, 1, number);
    if (good && sqlite3_bind_parameter_count(statement) >= 2)
        sqlite3_bind_text(statement, 2, text, -1, SQLITE_TRANSIENT);
    int step = good ? sqlite3_step(statement) : SQLITE_ERROR;
    sqlite3_finalize(statement);
    return step == SQLITE_DONE || step == SQLITE_ROW;
}

static bool add_measures(sqlite3 *database, const struct run_data *run, int64_t number)
{
    struct measures measures = measure_run(run);
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(database, "INSERT INTO measure VALUES (?, ?, ?)", -1, &statement,
                                   NULL) == SQLITE_OK;
    for (size_t i = 0; i < measures.count && good; i++) {
        sqlite3_bind_int64(statement, 1, number);
        sqlite3_bind_text(statement, 2, measures.items[i].name, -1, SQLITE_STATIC);
        if (isnan(measures.items[i].value))
            sqlite3_bind_null(statement, 3);
        else
            sqlite3_bind_double(statement, 3, measures.items[i].value);
        good = sqlite3_step(statement) == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK;
    }
    sqlite3_finalize(statement);
    measure_free(&measures);
    return good;
}

static bool add_run(sqlite3 *database, const struct run_data *run, int64_t number)
{
    char *attach = sqlite3_mprintf("ATTACH %Q AS one", run->path);
    bool good = execute(database, attach, 0, "") && execute(database, "BEGIN", 0, "");
    for (size_t i = 0; i < sizeof copies / sizeof copies[0] && good; i++)
        good = execute(database, copies[i], number, run->path);
    good = good && add_measures(database, run, number) && execute(database, "COMMIT", 0, "") &&
           execute(database, "DETACH one", 0, "");
    sqlite3_free(attach);
    return good;
}

static int by_run_key(const void *a, const void *b)
{
    const struct run_data *left = *(struct run_data *const *)a;
    const struct run_data *right = *(struct run_data *const *)b;
    return strcmp(left->run_key, right->run_key); /* run keys differ: operands saw to it */
}

/* Fills the empty file at `path`. Returns 0, or -1 with SQLite's reason. */
static int fill_catalogue(const char *path, const struct operands *operands,
                          struct database_error *ret_error)
{
    char setup[64];
    struct run_data **runs = must_alloc((operands->count + 1) * sizeof runs[0]);
    memcpy(runs, operands->runs, operands->count * sizeof runs[0]);
    qsort(runs, operands->count, sizeof runs[0], by_run_key);
    sqlite3 *database = NULL;
    snprintf(setup, sizeof setup, "PRAGMA application_id = %d", COMMAND_CATALOGUE_ID);
    bool good = sqlite3_open(path, &database) == SQLITE_OK && execute(database, setup, 0, "") &&
                sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK;
    for (size_t i = 0; i < operands->count && good; i++)
        good = add_run(database, runs[i], (int64_t)i + 1);
    if (!good)
        snprintf(ret_error->text, sizeof ret_error->text, "%s",
                 database ? sqlite3_errmsg(database) : "no memory");
    free(runs);
    return sqlite3_close(database) == SQLITE_OK && good ? 0 : -1;
}

static int write_catalogue(const struct merge *merge, const struct operands *operands)
{
    struct merge_file file;
    struct database_error error = {"it could not be closed"}, why;
    int status = merge_file_open(merge->output, &file, &why);
    if (status == 0 && fill_catalogue(file.partial, operands, &error) != 0) {
        merge_file_abandon(&file);
        snprintf(why.text, sizeof why.text,
                 "%.200s could not be written: %.100s; free space, or give another place to -o",
                 merge->output, error.text);
        status = -1;
    } else if (status == 0) {
        status = merge_file_publish(&file, &why);
    }
    if (status == 0)
        printf("%zu run%s in %s\n", operands->count, operands->count == 1 ? "" : "s",
               merge->output);
    else
        fprintf(stderr, "shardsim merge: %s\n", why.text);
    return status == 0 ? EXIT_FINE : EXIT_IO;
}

static const char *or_none(const char *text)
{
    return text ? text : "none";
}

/* Says on stderr which two runs are of different builds; false when all are of one. */
static bool is_mixed(const struct operands *operands)
{
    const struct run_data *first = operands->count > 0 ? operands->runs[0] : NULL;
    for (size_t i = 1; i < operands->count; i++) {
        const struct run_data *run = operands->runs[i];
        if (strcmp(or_none(run->program_version), or_none(first->program_version)) == 0 &&
            strcmp(or_none(run->git_rev), or_none(first->git_rev)) == 0)
            continue;
        fprintf(stderr,
                "shardsim merge: %s is by version %s, git %s, and %s by version %s, git %s: run "
                "one of them again, or say --allow-mixed\n",
                first->path, or_none(first->program_version), or_none(first->git_rev), run->path,
                or_none(run->program_version), or_none(run->git_rev));
        return true;
    }
    return false;
}

int merge_run(int argc, char **argv)
{
    struct merge merge = {0};
    const struct argp argp = {
        merge_options,
        parse_option,
        "DIR|DB... -o CATALOGUE.db",
        "One catalogue of many runs.\v"
        "Exit codes: 0 fine, 5 one run key with two results, or runs of several builds, 7 a file "
        "that cannot be read or written.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &merge) != 0)
        return EXIT_USAGE;
    struct operands operands;
    int code = operands_load_say("shardsim merge", merge.paths, merge.count, false, &operands);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a write error like a full disk */
    if (code == EXIT_FINE && !merge.allow_mixed && is_mixed(&operands))
        code = EXIT_MISMATCH;
    if (code == EXIT_FINE)
        code = write_catalogue(&merge, &operands);
    operands_free(&operands);
    free(merge.paths);
    return code;
}
