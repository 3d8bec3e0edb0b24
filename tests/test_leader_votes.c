/* Goal: a leader votes for its own block when it has sent it, like everybody else who has it whole,
 * and not when it begins: who learns of votes for a slot asks others for its shreds (SOL-R4.4), and
 * nobody could have any. Method: a run of turbine into a database; its rows of blocks and votes. */

#include "tests/check_main.h"
#include "tests/theory/theory_run.h"

#include <stdio.h>

START_TEST(a_leader_votes_for_its_block_at_the_end_of_its_slot)
{
    static const char scenario[] =
        "{\"version\": 1, \"duration\": \"30s\", \"chain\": {\"shards\": 1,"
        " \"block_interval\": \"400ms\", \"validators\": {\"type\": \"individual\","
        " \"count\": 12, \"votes\": \"all\", \"empty_blocks\": true}},"
        " \"spread\": {\"type\": \"turbine\"}}";
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES];
    int64_t values[4];
    theory_folder(folder);
    snprintf(path, sizeof path, "%s/run.db", folder);
    theory_run(scenario, path, LOG_PROTOCOL, (struct engine_options){0});
    /* Blocks that came late in their slots take a quarter of it at least. */
    theory_query(path,
                 "WITH e AS (SELECT e.*, k.name FROM event e JOIN kind k USING (kind_id)"
                 " WHERE k.layer = 'chain') SELECT count(DISTINCT b.subject),"
                 " sum(v.entity = b.entity), sum(v.entity = b.entity AND v.t_ns < b.t_ns +"
                 " 100000000), sum(v.entity != b.entity) FROM e b JOIN e v ON v.subject ="
                 " b.subject WHERE b.name = 'block' AND v.name = 'vote'",
                 4, values);
    theory_folder_remove(folder);
    ck_assert_int_gt(values[0], 60); /* of 74 blocks */
    ck_assert_int_ge(values[1], values[0] * 9 / 10);
    ck_assert_int_eq(values[2], 0);
    ck_assert_int_gt(values[3], values[0] * 10); /* of the eleven others, nearly all */
}
END_TEST

CHECK_MAIN("leader_votes", a_leader_votes_for_its_block_at_the_end_of_its_slot)
