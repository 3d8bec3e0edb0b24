/* Goal: what the log keeps of turbine and of leaders. Method: one run a level into a database.
 * Timers of single shreds are as many as packets, and go with them: level "protocol" keeps what can
 * be read, a row a member and slot. What leaders did is in the metrics at every level. */

#include <inttypes.h>
#include <stdio.h>

#include "tests/check_main.h"
#include "tests/theory/theory_run.h"

static const char text[] =
    "{\"version\": 1, \"duration\": \"6s\", \"network\": {\"latency\": {\"type\": \"constant\", "
    "\"value\": \"20ms\"}, \"loss\": \"3%\"}, \"chain\": {\"shards\": 1, \"block_interval\": "
    "\"400ms\", \"validators\": {\"type\": \"individual\", \"count\": 9, \"empty_blocks\": true, "
    "\"block_bytes\": \"50kB\"}}, \"spread\": {\"type\": \"turbine\", \"fanout\": 2}}";

static int64_t count_of(const char *path, const char *layer, const char *kind)
{
    char sql[256];
    int64_t value;
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event JOIN kind USING (kind_id) WHERE kind.name = '%s' AND "
             "kind.layer = '%s'",
             kind, layer);
    theory_query(path, sql, 1, &value);
    return value;
}

static int64_t count(const char *path, const char *kind)
{
    return count_of(path, "spread", kind);
}

START_TEST(timers_of_single_shreds_are_logged_like_packets)
{
    char folder[THEORY_FOLDER_BYTES], path[2][THEORY_PATH_BYTES];
    theory_folder(folder);
    for (int all = 0; all < 2; all++) {
        snprintf(path[all], sizeof path[all], "%s/%d.db", folder, all);
        theory_run(text, path[all], all ? LOG_ALL : LOG_PROTOCOL, (struct engine_options){0});
    }
    ck_assert_int_eq(count(path[0], "pass_on_data"), 0);
    ck_assert_int_eq(count(path[0], "shred_data"), 0);
    ck_assert_int_gt(count(path[1], "pass_on_data"), 1000);
    ck_assert_int_gt(count(path[1], "shred_data"), 1000);
    static const char *const kept[] = {"make_set", "completed", "recovered", "repair"};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_gt(count(path[0], kept[i]), 20);
        ck_assert_int_eq(count(path[0], kept[i]), count(path[1], kept[i]));
    }
    theory_folder_remove(folder);
}
END_TEST

/* Blocks come late and leaders do not wait, so there are forks; a leader that gets its parent late
 * skips slots. */
static const char forks[] =
    "{\"version\": 1, \"duration\": \"30s\", \"network\": {\"latency\": {\"type\": \"constant\", "
    "\"value\": \"350ms\"}}, \"chain\": {\"shards\": 2, \"block_interval\": \"400ms\", "
    "\"validators\": {\"type\": \"individual\", \"count\": 6, \"empty_blocks\": true, \"grace\": "
    "\"500ms\"}}, \"spread\": {\"type\": \"direct\"}, \"faults\": [{\"at\": \"3s\", \"for\": "
    "\"9s\", "
    "\"type\": \"delay\", \"add\": \"3s\", \"target\": \"validator:1\"}]}";

START_TEST(what_leaders_did_is_counted_at_every_level)
{
    static const enum log_level levels[] = {LOG_NONE, LOG_TX, LOG_PROTOCOL};
    static const char *const counters[][2] = {
        {"blocks_made", "block"}, {"blocks_forking", "fork"}, {"slots_skipped", "skipped"}};
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES], sql[256];
    int64_t counted[3][3], rows;
    theory_folder(folder);
    for (int level = 0; level < 3; level++) {
        snprintf(path, sizeof path, "%s/%d.db", folder, level);
        theory_run(forks, path, levels[level], (struct engine_options){0});
        for (int i = 0; i < 3; i++) {
            snprintf(sql, sizeof sql, "SELECT value FROM metric WHERE name = '%s'", counters[i][0]);
            theory_query(path, sql, 1, &counted[level][i]);
            ck_assert_int_eq(counted[level][i], counted[0][i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        rows = count_of(path, "chain", counters[i][1]);
        ck_assert_msg(counted[2][i] == rows && rows > 0, "%s: %d of %d rows", counters[i][0],
                      (int)counted[2][i], (int)rows);
    }
    theory_folder_remove(folder);
}
END_TEST

/* Half of the validators are cut off for a while and ask the others afterwards, more than these may
 * answer; two of them lie. All is over before the last second. */
static const char storm[] =
    "{\"version\": 1, \"duration\": \"30s\", \"network\": {\"latency\": {\"type\": \"constant\", "
    "\"value\": \"20ms\"}}, \"chain\": {\"shards\": 1, \"block_interval\": \"400ms\", "
    "\"validators\": "
    "{\"type\": \"individual\", \"count\": 12, \"empty_blocks\": true, \"block_bytes\": "
    "\"50kB\"}}, "
    "\"spread\": {\"type\": \"turbine\", \"fanout\": 2, \"repair\": {\"rules\": \"deployed\", "
    "\"serve_bytes\": \"100kB\", \"serve_requests\": 8, \"serve_time\": \"1ms\"}}, \"faults\": "
    "[{\"at\": "
    "\"3s\", \"for\": \"3s\", \"type\": \"cut\", \"target\": \"validator:8-11\"}, {\"at\": \"1s\", "
    "\"for\": \"20s\", \"type\": \"byzantine\", \"behaviour\": \"wrong_shreds\", \"share\": "
    "\"50%\", "
    "\"target\": \"validator:0-1\"}]}";

START_TEST(what_repair_does_in_each_second_adds_up)
{
    static const char *const names[] = {"repair_requests",  "repair_answers", "repair_useful",
                                        "repair_duplicate", "repair_refused", "repair_unserved"};
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES], sql[512];
    int64_t values[3];
    theory_folder(folder);
    snprintf(path, sizeof path, "%s/run.db", folder);
    theory_run(storm, path, LOG_TX, (struct engine_options){0});
    for (int i = 0; i < 6; i++) {
        /* What is refused has a counter for each reason. */
        snprintf(sql, sizeof sql,
                 "SELECT (SELECT sum(value) FROM metric WHERE name GLOB '%s%s'), sum(value), "
                 "count(DISTINCT t_ns) FROM sample WHERE name = '%s'",
                 names[i], i == 4 ? "_*" : "", names[i]);
        theory_query(path, sql, 3, values);
        ck_assert_msg(values[0] == values[1] && values[0] > 0, "%s: %d, and %d in all seconds",
                      names[i], (int)values[0], (int)values[1]);
        ck_assert_int_ge(values[2], 29);
    }
    theory_folder_remove(folder);
}
END_TEST

CHECK_MAIN("turbine_log", what_repair_does_in_each_second_adds_up,
           timers_of_single_shreds_are_logged_like_packets,
           what_leaders_did_is_counted_at_every_level)
