#include "sim/command_verify.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "command.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/json_indent.h"
#include "sim/log.h"
#include "sim/scenario.h"
#include "sim/stored_compare.h"
#include "sim/stored_run.h"
#include "sim/version.h"

enum { PATHS_MAX = 65536, KEY_JSON = 256, KEY_HASH_ONLY };

const struct argp_option command_verify_options[] = {
    {"hash-only", KEY_HASH_ONLY, NULL, 0,
     "compare result hashes, not the file's rows: no second database is made", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON object a line", 0},
    {0}};

struct verify {
    char **paths;
    uint32_t count;
    bool json, hash_only, nothing_found; /* in one of the folders */
};

/* The run made again. */
struct fresh_run {
    struct engine_result result;
    char hash[40];
    char folder[4096], path[4096 + 32]; /* of its database; no folder = it has none */
    char reason[512];                   /* why it has none */
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
        if (entry->fts_info == FTS_F && is_result(entry->fts_name) &&
            !command_is_catalogue(entry->fts_accpath))
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
    case KEY_HASH_ONLY:
        verify->hash_only = true;
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

/* True when the temporary folder has room for all events of the run: each may take 100 bytes. */
static bool has_room(const char *path, const struct stored_run *stored)
{
    struct stat file;
    struct statvfs place;
    if (stat(path, &file) != 0 || statvfs(command_tools_temporary(), &place) != 0)
        return false;
    uint64_t needed = (uint64_t)file.st_size + 100 * stored->events;
    return (uint64_t)place.f_bavail * place.f_frsize / 2 > needed;
}

/* Opens the second database; NULL with the reason in fresh->reason. */
static struct log *open_fresh(const struct verify *verify, const char *path,
                              const struct stored_run *stored, struct fresh_run *fresh)
{
    struct log_run run = {.experiment = "verify"};
    char error[512];
    struct log *log = NULL;
    snprintf(fresh->reason, sizeof fresh->reason,
             "no room for a second database to compare with in %.300s; set TMPDIR",
             command_tools_temporary());
    if (verify->hash_only)
        snprintf(fresh->reason, sizeof fresh->reason, "--hash-only");
    else if (strstr(stored->argv, "--group-order"))
        snprintf(fresh->reason, sizeof fresh->reason, "its rows are in another order");
    else if (has_room(path, stored) && command_tools_folder("verify", sizeof "/fresh.db.partial",
                                                            fresh->folder, sizeof fresh->folder)) {
        snprintf(fresh->path, sizeof fresh->path, "%s/fresh.db", fresh->folder);
        log = log_open(fresh->path, true, stored->logged > 0 ? LOG_ALL : LOG_NONE, &run, error,
                       sizeof error);
    }
    return log;
}

static void remove_fresh(struct fresh_run *fresh)
{
    if (!fresh->folder[0])
        return;
    unlink(fresh->path);
    strcat(fresh->path, ".partial");
    unlink(fresh->path);
    strcat(fresh->path, "-journal");
    unlink(fresh->path);
    rmdir(fresh->folder);
    fresh->folder[0] = '\0';
}

/* Runs it again, with a database when there is room for one. remove_fresh is due. */
static int make_fresh(const struct verify *verify, const char *path,
                      const struct stored_run *stored, const struct scenario *scenario,
                      struct fresh_run *fresh)
{
    struct log *log = open_fresh(verify, path, stored, fresh);
    struct log_end end = {.status = "ok"};
    char error[512];
    if (!log)
        remove_fresh(fresh);
    int status = run_again(stored, scenario, log, &fresh->result);
    bool logged = log && log_close(log, &end, error, sizeof error, NULL) == 0;
    if (log && !logged) { /* a full disk ends a run, and tells nothing of its result */
        remove_fresh(fresh);
        if (status == 0)
            status = run_again(stored, scenario, NULL, &fresh->result);
    }
    snprintf(fresh->hash, sizeof fresh->hash, "%016" PRIx64 "%016" PRIx64,
             fresh->result.result_hash[0], fresh->result.result_hash[1]);
    return status;
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

/* Says in which way the row of `run` contradicts itself or what was run again; false if it does
 * not. */
static bool contradicts_itself(const struct stored_run *stored, const struct scenario *scenario,
                               const struct fresh_run *fresh, char *text, size_t bytes)
{
    char config[32], key[32];
    snprintf(config, sizeof config, "%016" PRIx64, scenario->config_hash);
    snprintf(key, sizeof key, "%016" PRIx64, scenario_run_key(scenario, stored->replication));
    if (strcmp(config, stored->config_hash) != 0)
        snprintf(text, bytes, "the scenario in the file has config hash %s, and its run had %s",
                 config, stored->config_hash);
    else if (strcmp(key, stored->run_key) != 0)
        snprintf(text, bytes,
                 "the scenario, seed %" PRIu64 " and replication %" PRIu64
                 " in the file have run key %s, and its run had %s",
                 stored->seed, stored->replication, key, stored->run_key);
    else if (fresh->result.events != stored->events)
        snprintf(text, bytes, "the run has %" PRIu64 " events, and the file says %" PRIu64,
                 fresh->result.events, stored->events);
    else
        return false;
    return true;
}

static int compare_same(const struct verify *verify, const char *path,
                        const struct stored_run *stored, const struct scenario *scenario,
                        const struct fresh_run *fresh)
{
    char detail[1024] = "";
    bool same_build = strcmp(stored->git_rev, VERSION_GIT) == 0 &&
                      strcmp(stored->program_version, SHARDSIM_VERSION) == 0;
    bool is_part = strcmp(stored->status, "ok") != 0;
    enum stored_verdict rows = STORED_NOT_COMPARED;
    if (same_build && contradicts_itself(stored, scenario, fresh, detail, sizeof detail))
        rows = STORED_DIFFERENT;
    else if (fresh->folder[0])
        rows = stored_compare(path, fresh->path, is_part, detail, sizeof detail);
    else
        snprintf(detail, sizeof detail, "%s", fresh->reason);
    if (rows == STORED_NOT_COMPARED && !verify->hash_only)
        fprintf(stderr, "shardsim verify: %s: the result repeats; its rows were not compared: %s\n",
                path, detail);
    bool altered = rows == STORED_DIFFERENT;
    report(verify, path, altered ? "ALTERED" : "same", stored->result_hash, fresh->hash,
           altered ? detail : NULL);
    return altered ? EXIT_MISMATCH : EXIT_FINE;
}

static int compare_different(const struct verify *verify, const char *path,
                             const struct stored_run *stored, const struct scenario *scenario,
                             const struct fresh_run *fresh)
{
    char models[1024], detail[2048], rows[1024] = "";
    scenario_model_version(scenario, models, sizeof models);
    if (strcmp(models, stored->model_version) != 0) {
        snprintf(detail, sizeof detail, "made by other models: %.400s; these are %.400s",
                 stored->model_version, models);
    } else if (contradicts_itself(stored, scenario, fresh, detail, sizeof detail)) {
        /* The rows differ because of it. */
    } else if (!fresh->folder[0]) {
        snprintf(detail, sizeof detail, "%s", fresh->reason);
    } else if (stored_compare(path, fresh->path, strcmp(stored->status, "ok") != 0, rows,
                              sizeof rows) != STORED_SAME) {
        snprintf(detail, sizeof detail, "%s", rows);
    } else if (stored->logged == fresh->result.rows) {
        snprintf(detail, sizeof detail,
                 "all rows of the file are those of the run: only its result_hash is another");
    } else {
        snprintf(detail, sizeof detail,
                 "the logged events are the same; the difference is in what is not logged "
                 "(log level below \"all\")");
    }
    report(verify, path, "DIFFERENT", stored->result_hash, fresh->hash, detail);
    return EXIT_MISMATCH;
}

static int compare(const struct verify *verify, const char *path, const struct stored_run *stored,
                   const struct scenario *scenario)
{
    struct fresh_run fresh = {0};
    int code = EXIT_SCENARIO;
    if (make_fresh(verify, path, stored, scenario, &fresh) == 0)
        code = strcmp(fresh.hash, stored->result_hash) == 0
                   ? compare_same(verify, path, stored, scenario, &fresh)
                   : compare_different(verify, path, stored, scenario, &fresh);
    remove_fresh(&fresh);
    return code;
}

static int verify_one(const struct verify *verify, const char *path)
{
    struct stored_run stored;
    char error[1024];
    if (stored_run_read(path, &stored, error, sizeof error) != 0) {
        fprintf(stderr, "shardsim verify: %s\n", error);
        return EXIT_IO;
    }
    int code = EXIT_IO;
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct scenario_options options = {.point = -1, .seed = &stored.seed};
    if (stored.result_hash[0] == '\0' || strcmp(stored.status, "running") == 0)
        fprintf(stderr,
                "shardsim verify: %s: the run is not whole (status %s): nothing to verify; run it "
                "again\n",
                path, stored.status);
    else if (scenario_load_text(path, stored.scenario_json, strlen(stored.scenario_json), &options,
                                &diagnostics, &scenario) != 0)
        code = EXIT_SCENARIO;
    else
        code = compare(verify, path, &stored, scenario);
    diagnostics_print(&diagnostics, stderr, 20, false);
    if (code == EXIT_SCENARIO)
        fprintf(stderr,
                "shardsim verify: %s: this program (%s) refuses the scenario that the file holds, "
                "of version %s: it was changed, or another version is needed\n",
                path, SHARDSIM_VERSION, stored.program_version);
    diagnostics_free(&diagnostics);
    if (scenario)
        scenario_free(scenario);
    stored_run_free(&stored);
    return code;
}

int command_verify(int argc, char **argv)
{
    static const struct argp argp = {
        command_verify_options,
        parse_option,
        "DB|DIR...",
        "Runs stored runs again and compares their result hashes, and the file's rows with those "
        "that are written now, in a second database under TMPDIR.\v"
        "Exit codes: 0 all the same, 3 the stored scenario is refused, 5 a difference, 7 a file "
        "that cannot be read or is not whole.",
        NULL,
        NULL,
        NULL};
    struct verify verify = {0};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &verify) != 0)
        return EXIT_USAGE;
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a write error like a full disk */
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
