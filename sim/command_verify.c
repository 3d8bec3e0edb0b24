#include "sim/command_verify.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sqlite3.h>

#include "command.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/json_indent.h"
#include "sim/log.h"
#include "sim/log_schema.h"
#include "sim/scenario.h"

enum { PATHS_MAX = 65536, KEY_JSON = 256 };

const struct argp_option command_verify_options[] = {
    {"json", KEY_JSON, NULL, 0, "one JSON object a line", 0}, {0}};

struct verify {
    char **paths;
    uint32_t count;
    bool json, nothing_found; /* in one of the folders */
};

/* What a database says of its run. */
struct stored_run {
    char *scenario_json, *experiment;
    char model_version[1024], status[32], result_hash[40];
    uint64_t seed, replication, events;
};

static void add_path(struct verify *verify, const char *path)
{
    if (verify->count == PATHS_MAX)
        return;
    verify->paths = realloc(verify->paths, (verify->count + 1) * sizeof *verify->paths);
    verify->paths[verify->count++] = strdup(path);
}

static bool is_result(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".db") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A folder stands for the databases below it, by name, as for `report`. */
static void add_operand(struct verify *verify, char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        add_path(verify, path);
        return;
    }
    uint32_t before = verify->count;
    char *roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_COMFOLLOW | FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    for (FTSENT *entry = tree ? fts_read(tree) : NULL; entry; entry = fts_read(tree))
        if (entry->fts_info == FTS_F && is_result(entry->fts_name))
            add_path(verify, entry->fts_path);
    if (tree)
        fts_close(tree);
    if (verify->count > before)
        return;
    fprintf(stderr, "shardsim verify: %s holds no result database (*.db)\n", path);
    verify->nothing_found = true;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct verify *verify = state->input;
    switch (key) {
    case KEY_JSON:
        verify->json = true;
        return 0;
    case ARGP_KEY_ARG:
        add_operand(verify, text);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0)
            argp_error(state, "which database, or folder of databases?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *column_copy(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return strdup(text ? (const char *)text : "");
}

static bool pragma_is(sqlite3 *database, const char *sql, int expected)
{
    sqlite3_stmt *statement = NULL;
    bool same = sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW &&
                sqlite3_column_int(statement, 0) == expected;
    sqlite3_finalize(statement);
    return same;
}

static bool read_stored(const char *path, struct stored_run *ret_stored)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        pragma_is(database, "PRAGMA application_id", LOG_APPLICATION_ID) &&
        pragma_is(database, "PRAGMA user_version", LOG_USER_VERSION) &&
        sqlite3_prepare_v2(database,
                           "SELECT scenario_json, model_version, status, coalesce(result_hash, ''),"
                           " seed, replication, n_events, experiment FROM run",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        struct stored_run stored = {.scenario_json = column_copy(statement, 0),
                                    .experiment = column_copy(statement, 7),
                                    .seed = (uint64_t)sqlite3_column_int64(statement, 4),
                                    .replication = (uint64_t)sqlite3_column_int64(statement, 5),
                                    .events = (uint64_t)sqlite3_column_int64(statement, 6)};
        snprintf(stored.model_version, sizeof stored.model_version, "%s",
                 (const char *)sqlite3_column_text(statement, 1));
        snprintf(stored.status, sizeof stored.status, "%s",
                 (const char *)sqlite3_column_text(statement, 2));
        snprintf(stored.result_hash, sizeof stored.result_hash, "%s",
                 (const char *)sqlite3_column_text(statement, 3));
        *ret_stored = stored;
        found = true;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return found;
}

static void free_stored(struct stored_run *stored)
{
    free(stored->scenario_json);
    free(stored->experiment);
}

/* Writes the first event that differs between the stored database and the fresh one. */
static void name_difference(const char *stored_path, const char *fresh_path, char *text,
                            size_t bytes)
{
    static const char query[] =
        "SELECT a.seq, a.t_ns / 1e9, k.layer || '.' || k.name, b.seq IS NULL,"
        " printf('entity %d peer %d subject %d bytes %d value %d at %d ns', a.entity, a.peer,"
        " a.subject, a.bytes, a.value, a.t_ns), printf('entity %d peer %d subject %d bytes %d"
        " value %d at %d ns', b.entity, b.peer, b.subject, b.bytes, b.value, b.t_ns)"
        " FROM event a LEFT JOIN kind k USING (kind_id) LEFT JOIN fresh.event b ON a.seq = b.seq"
        " WHERE b.seq IS NULL OR (a.t_ns, a.kind_id, a.entity, a.peer, a.chain, a.subject,"
        " a.cause, a.bytes, a.value) IS NOT (b.t_ns, b.kind_id, b.entity, b.peer, b.chain,"
        " b.subject, b.cause, b.bytes, b.value) ORDER BY a.seq LIMIT 1";
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char *attach = sqlite3_mprintf("ATTACH %Q AS fresh", fresh_path);
    snprintf(text, bytes,
             "the logged events are the same; the difference is in what is not logged "
             "(log level below \"all\"), or one of them has more events");
    if (sqlite3_open_v2(stored_path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_exec(database, attach, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        bool missing = sqlite3_column_int(statement, 3) != 0;
        snprintf(text, bytes,
                 "first difference: event %lld, %.9f s, %s\n    stored  %s\n    now     %s",
                 (long long)sqlite3_column_int64(statement, 0), sqlite3_column_double(statement, 1),
                 (const char *)sqlite3_column_text(statement, 2),
                 (const char *)sqlite3_column_text(statement, 4),
                 missing ? "no such event" : (const char *)sqlite3_column_text(statement, 5));
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    sqlite3_free(attach);
}

/* Runs the stored scenario again, to the same number of events when it was cut short. */
static int run_again(const struct stored_run *stored, const struct scenario *scenario,
                     struct log *log, struct engine_result *ret_result)
{
    struct diagnostics diagnostics = {0};
    struct engine_options options = {.replication = stored->replication, .log = log};
    if (strcmp(stored->status, "ok") != 0)
        options.max_events = stored->events;
    int status = engine_run(scenario, &options, &diagnostics, ret_result);
    diagnostics_print(&diagnostics, stderr, 20, false);
    diagnostics_free(&diagnostics);
    return status;
}

static void find_difference(const char *path, const struct stored_run *stored,
                            const struct scenario *scenario, char *text, size_t bytes)
{
    static const char file[] = "/fresh.db";
    char fresh[4096], database[sizeof fresh + sizeof file + sizeof ".partial"], error[512];
    struct engine_result result;
    struct log_run run = {.experiment = "verify"};
    snprintf(text, bytes, "no room for a second database to compare with in %s; set TMPDIR",
             command_tools_temporary());
    if (!command_tools_folder("verify", 0, fresh, sizeof fresh))
        return;
    snprintf(database, sizeof database, "%s%s", fresh, file);
    struct log *log = log_open(database, true, LOG_ALL, &run, error, sizeof error);
    if (log && run_again(stored, scenario, log, &result) == 0) {
        struct log_end end = {.status = "ok"};
        if (log_close(log, &end, error, sizeof error, NULL) == 0)
            name_difference(path, database, text, bytes);
    }
    unlink(database);
    snprintf(database, sizeof database, "%s%s.partial", fresh, file);
    unlink(database);
    rmdir(fresh);
}

static void report(const struct verify *verify, const char *path, const char *verdict,
                   const char *stored_hash, const char *hash, const char *detail)
{
    if (verify->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "path", path);
        cJSON_AddStringToObject(object, "verdict", verdict);
        cJSON_AddStringToObject(object, "stored", stored_hash);
        cJSON_AddStringToObject(object, "now", hash);
        if (detail && detail[0])
            cJSON_AddStringToObject(object, "detail", detail);
        json_line_print(object);
        return;
    }
    printf("%-9s %s  %s\n", verdict, hash, path);
    if (detail && detail[0])
        printf("    %s\n", detail);
}

static int compare(const struct verify *verify, const char *path, const struct stored_run *stored,
                   const struct scenario *scenario)
{
    struct engine_result result;
    if (run_again(stored, scenario, NULL, &result) != 0)
        return EXIT_SCENARIO;
    char hash[40], models[1024], detail[1024] = "";
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, result.result_hash[0],
             result.result_hash[1]);
    if (strcmp(hash, stored->result_hash) == 0) {
        report(verify, path, "same", stored->result_hash, hash, NULL);
        return EXIT_FINE;
    }
    scenario_model_version(scenario, models, sizeof models);
    if (strcmp(models, stored->model_version) != 0)
        snprintf(detail, sizeof detail, "made by other models: %.400s; these are %.400s",
                 stored->model_version, models);
    else
        find_difference(path, stored, scenario, detail, sizeof detail);
    report(verify, path, "DIFFERENT", stored->result_hash, hash, detail);
    return EXIT_MISMATCH;
}

static int verify_one(const struct verify *verify, const char *path)
{
    struct stored_run stored;
    if (!read_stored(path, &stored)) {
        fprintf(stderr, "shardsim: %s: cannot be read as a result database: %s\n", path,
                access(path, R_OK) == 0 ? "it is none of this layout, or not a whole one"
                                        : strerror(errno));
        return EXIT_IO;
    }
    int code = EXIT_IO;
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct scenario_options options = {.point = -1, .seed = &stored.seed};
    if (stored.result_hash[0] == '\0' || strcmp(stored.status, "running") == 0)
        fprintf(stderr, "shardsim: %s: the run is not whole (status %s): nothing to verify\n", path,
                stored.status);
    else if (scenario_load_text(path, stored.scenario_json, strlen(stored.scenario_json), &options,
                                &diagnostics, &scenario) != 0)
        code = EXIT_SCENARIO;
    else
        code = compare(verify, path, &stored, scenario);
    diagnostics_print(&diagnostics, stderr, 20, false);
    diagnostics_free(&diagnostics);
    if (scenario)
        scenario_free(scenario);
    free_stored(&stored);
    return code;
}

int command_verify(int argc, char **argv)
{
    static const struct argp argp = {
        command_verify_options,
        parse_option,
        "DB|DIR...",
        "Runs stored runs again and compares their result hashes.\v"
        "Exit codes: 0 all the same, 3 the stored scenario is refused, 5 a difference, 7 a file "
        "that cannot be read or is not whole.",
        NULL,
        NULL,
        NULL};
    struct verify verify = {0};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &verify) != 0)
        return EXIT_USAGE;
    int worst = EXIT_FINE;
    if (verify.nothing_found)
        worst = EXIT_IO;
    for (uint32_t i = 0; i < verify.count; i++) {
        int code = verify_one(&verify, verify.paths[i]);
        if (code == EXIT_MISMATCH || worst == EXIT_FINE)
            worst = code;
        free(verify.paths[i]);
    }
    free(verify.paths);
    return worst;
}
