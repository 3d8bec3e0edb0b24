/* Goal: a leader that goes down while it sends its block has of it what it had made by then, as
 * everybody else: whatever its stake, such a block is never voted for, never final and never built
 * on, and the chain goes on without it. A block whose last set was made is like any other. Method:
 * a run into a database says who makes which set when; the same run with a crash at one of these
 * instants, or just before; its rows, and the properties of turbine and chain. */

#include "tests/check_main.h"
#include "tests/theory/theory_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

enum { TEXT_BYTES = 2048, SLOT_MS = 400, SLOT = 20, SETS_MAX = 8 };

static const char even[] = "[1, 1, 1, 1, 1, 1, 1]", most[] = "[94, 1, 1, 1, 1, 1, 1]";

static struct {
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES];
    int64_t block, leader, made_ns, sets, set_ns[SETS_MAX];
} run;

static void play(const char *stakes, const char *spread, int64_t crash_ns, int64_t for_ns)
{
    char text[TEXT_BYTES], fault[256] = "";
    if (crash_ns > 0)
        snprintf(fault, sizeof fault,
                 "{\"at\": \"%" PRId64 "ns\", \"for\": \"%" PRId64
                 "ns\", \"type\": \"crash\", \"target\": \"validator:%" PRId64 "\"}",
                 crash_ns, for_ns, run.leader);
    snprintf(text, sizeof text,
             "{\"version\": 1, \"duration\": \"40s\", \"network\": {\"latency\": {\"type\": "
             "\"constant\", \"value\": \"20ms\"}}, \"properties\": [{\"type\": \"no_lost_shred\", "
             "\"within\": \"10s\"}, \"ledger_connected\", \"one_block_per_slot_final\"], "
             "\"chain\": {\"shards\": 1, \"block_interval\": \"400ms\", \"clock\": \"aligned\", "
             "\"validators\": {\"type\": \"individual\", \"count\": 7, \"votes\": \"all\", "
             "\"replay\": \"5ms\", \"stake\": {\"type\": \"given\", \"values\": %s}, "
             "\"empty_blocks\": true, \"block_bytes\": \"90kB\"}}, "
             "\"spread\": {\"type\": \"%s\", \"fanout\": 2}, \"faults\": [%s]}",
             stakes, spread, fault);
    theory_run(text, run.path, LOG_PROTOCOL, (struct engine_options){0});
}

static int64_t ask(const char *sql)
{
    int64_t value;
    theory_query(run.path, sql, 1, &value);
    return value;
}

/* Rows of the chain of one kind and subject. */
static int64_t count(const char *kind, int64_t block)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event JOIN kind USING (kind_id) WHERE layer = 'chain' AND "
             "name = '%s' AND subject = %" PRId64,
             kind, block);
    return ask(sql);
}

/* Without a fault: the block of slot 20, the first of its leader's four. */
static void begin(const char *stakes, const char *spread)
{
    char sql[512];
    int64_t values[3];
    memset(&run, 0, sizeof run);
    theory_folder(run.folder);
    snprintf(run.path, sizeof run.path, "%s/run.db", run.folder);
    play(stakes, spread, 0, 0);
    snprintf(sql, sizeof sql,
             "SELECT e.subject, substr(n.name, 11), e.t_ns FROM event e JOIN kind k USING "
             "(kind_id) JOIN entity n ON n.entity_id = e.entity WHERE k.layer = 'chain' AND "
             "k.name = 'block' AND e.t_ns / 1000000 / %d = %d",
             SLOT_MS, SLOT);
    theory_query(run.path, sql, 3, values);
    run.block = values[0], run.leader = values[1], run.made_ns = values[2];
    ck_assert_int_eq(count("final", run.block), 1);
    if (strcmp(spread, "turbine") != 0)
        return;
    snprintf(sql, sizeof sql,
             "FROM event JOIN kind USING (kind_id) WHERE name = 'make_set' AND t_ns >= %" PRId64
             " AND t_ns < %" PRId64,
             run.made_ns, (SLOT + 1) * SLOT_MS * MS);
    for (int64_t more = 1; more;) {
        char one[640];
        snprintf(one, sizeof one, "SELECT count(*) > %" PRId64 " %s", run.sets + 1, sql);
        more = ask(one);
        snprintf(one, sizeof one, "SELECT t_ns %s ORDER BY t_ns LIMIT 1 OFFSET %" PRId64, sql,
                 run.sets);
        run.set_ns[run.sets++] = ask(one);
        ck_assert_int_lt(run.sets, SETS_MAX);
    }
    ck_assert_int_ge(run.sets, 3);
    ck_assert_int_eq(run.set_ns[0], run.made_ns);
}

static void end(void)
{
    theory_folder_remove(run.folder);
}

/* The chain went on, with the leader that was down: its last vote is of the end, and final. */
static void assert_goes_on(void)
{
    char sql[512];
    ck_assert_int_ge(ask("SELECT max(t_ns) FROM event JOIN kind USING (kind_id) WHERE layer = "
                         "'chain' AND name = 'final'"),
                     39 * SECOND);
    snprintf(sql, sizeof sql,
             "SELECT max(t_ns) FROM event JOIN kind USING (kind_id) JOIN entity ON entity_id = "
             "entity WHERE layer = 'chain' AND kind.name = 'vote' AND entity.name = "
             "'validator:%" PRId64 "'",
             run.leader);
    ck_assert_int_ge(ask(sql), 39 * SECOND);
}

static void assert_lost(void)
{
    ck_assert_int_eq(count("block", run.block), 1);
    ck_assert_int_eq(count("complete", run.block), 0);
    ck_assert_int_eq(count("vote", run.block), 0);
    ck_assert_int_eq(count("final", run.block), 0);
    ck_assert_int_eq(count("dropped", run.block), 1);
    /* Nothing was built on it, before the crash or after the restart. */
    ck_assert_int_eq(ask("SELECT count(*) FROM event JOIN kind USING (kind_id) WHERE layer = "
                         "'chain' AND name = 'dropped'"),
                     1);
    assert_goes_on();
}

/* After its first set, in the middle, and an instant before its last one. */
START_TEST(what_is_not_made_is_never_final_however_much_stake_its_leader_has)
{
    const char *const stakes[] = {even, most};
    for (int i = 0; i < 2; i++) {
        begin(stakes[i], "turbine");
        int64_t last_ns = run.set_ns[run.sets - 1];
        const int64_t moments[] = {run.made_ns + 1, (run.made_ns + last_ns) / 2, last_ns - 1};
        for (int moment = 0; moment < 3; moment++) {
            /* Back in time for its next slot. */
            play(stakes[i], "turbine", moments[moment], run.made_ns + 390 * MS - moments[moment]);
            assert_lost();
        }
        end();
    }
}
END_TEST

START_TEST(a_leader_that_stays_away_for_long_finds_its_block_lost)
{
    const char *const stakes[] = {even, most};
    for (int i = 0; i < 2; i++) {
        begin(stakes[i], "turbine");
        play(stakes[i], "turbine", run.set_ns[1], 7 * SECOND);
        ck_assert_int_eq(count("block", run.block), 1);
        ck_assert_int_eq(count("vote", run.block), 0);
        ck_assert_int_eq(count("final", run.block), 0);
        assert_goes_on();
        end();
    }
}
END_TEST

/* Then it is in its store, and others get by repair what had not left. */
START_TEST(a_block_whose_last_set_is_made_becomes_final)
{
    const char *const stakes[] = {even, most};
    for (int i = 0; i < 2; i++) {
        begin(stakes[i], "turbine");
        int64_t last_ns = run.set_ns[run.sets - 1];
        play(stakes[i], "turbine", last_ns + 1, 50 * MS);
        ck_assert_int_eq(count("final", run.block), 1);
        ck_assert_int_eq(count("vote", run.block), 7);
        assert_goes_on();
        end();
    }
}
END_TEST

/* With the other types a leader has its block at once; who lacks it gets it from whoever has it. */
START_TEST(a_word_swaps_the_spread)
{
    static const char *const spreads[] = {"ideal", "direct"}, *const stakes[] = {even, most};
    for (int i = 0; i < 4; i++) {
        begin(stakes[i / 2], spreads[i % 2]);
        for (int64_t later_ms = 0; later_ms < 400; later_ms += 130) {
            play(stakes[i / 2], spreads[i % 2], run.made_ns + later_ms * MS + 1, 600 * MS);
            if (i / 2 == 1)
                ck_assert_int_eq(count("final", run.block), 1);
            ck_assert_int_eq(count("final", run.block) + count("dropped", run.block), 1);
            assert_goes_on();
        }
        end();
    }
}
END_TEST

CHECK_MAIN("leader_crash", what_is_not_made_is_never_final_however_much_stake_its_leader_has,
           a_leader_that_stays_away_for_long_finds_its_block_lost,
           a_block_whose_last_set_is_made_becomes_final, a_word_swaps_the_spread)
