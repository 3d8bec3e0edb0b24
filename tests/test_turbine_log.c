/* Goal: what the log keeps of turbine. Method: one run a level into a database. Timers of single
 * shreds are as many as packets, and go with them: level "protocol" keeps what can be read, a row a
 * member and slot. */

#include <inttypes.h>
#include <stdio.h>

#include "tests/check_main.h"
#include "tests/theory/theory_run.h"

static const char text[] =
    "{\"version\": 1, \"duration\": \"6s\", \"network\": {\"latency\": {\"type\": \"constant\", "
    "\"value\": \"20ms\"}, \"loss\": \"3%\"}, \"chain\": {\"shards\": 1, \"block_interval\": "
    "\"400ms\", \"validators\": {\"type\": \"individual\", \"count\": 9, \"empty_blocks\": true, "
    "\"block_bytes\": \"50kB\"}}, \"spread\": {\"type\": \"turbine\", \"fanout\": 2}}";

static int64_t count(const char *path, const char *kind)
{
    char sql[256];
    int64_t value;
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event JOIN kind USING (kind_id) WHERE kind.name = '%s' AND "
             "kind.layer = 'spread'",
             kind);
    theory_query(path, sql, 1, &value);
    return value;
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

CHECK_MAIN("turbine_log", timers_of_single_shreds_are_logged_like_packets)
