/* Goal: what is offered beyond a chain's capacity waits where the rules say, grows as fast as the
 * difference of arrivals and service, and is gone when the load is.
 * Method: the scenarios of scenarios/congestion/, run into databases; expected rates from the gas
 * of a block and the rates of the clients, as scenarios/README.md derives them. */

#include "tests/check_main.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tests/run_fixture.h"

#define BASE "scenarios/congestion/congestion_base.json"
#define HOT_DESTINATION "scenarios/congestion/hot_destination.json"
#define OVERLOAD_ALL "scenarios/congestion/overload_all.json"
#define RECOVERY "scenarios/congestion/recovery.json"

#define LINEAR_IMBALANCE "scenarios/congestion/linear_imbalance.json"
#define LINEAR_STARVATION "scenarios/congestion/linear_starvation.json"
#define SLOW_BETWEEN "scenarios/congestion/slow_between.json"

/* Least squares over seconds from_s..to_s of the sum of a series over the chains that `where`
 * admits; a chain keeps its value until its next sample. */
static double slope_per_s(const char *series, const char *where, int from_s, int to_s)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    char sql[600];
    snprintf(sql, sizeof sql,
             "SELECT t_ns, value - coalesce(lag(value) OVER (PARTITION BY entity ORDER BY t_ns), 0)"
             " FROM sample JOIN entity e ON e.entity_id = sample.entity"
             " WHERE sample.name = '%s' AND %s ORDER BY t_ns",
             series, where);
    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
    int64_t total = 0;
    int second = from_s;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        int64_t t_ns = sqlite3_column_int64(statement, 0);
        for (; second <= to_s && t_ns > second * INT64_C(1000000000); second++) {
            double x = second, y = (double)total;
            n++, sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y;
        }
        total += sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    ck_assert_double_ge(n, to_s - from_s - 2);
    return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

/* The standard deviation of such a slope when arrivals are Poisson and service is constant: that of
 * a line fitted to a random walk of `rate` steps a second over `span_s`, sqrt(6/5 rate / span). */
static double slope_sd(double rate, double span_s)
{
    return sqrt(1.2 * rate / span_s);
}

/* TON-27, TON-28: 60 tx/s of the other shards send the hot one 0.5 + 0.5 * 0.75 / 15 of what they
 * make, 31.5 messages/s. A block of 20 000 gas takes 18 imports of 1000 with their 18 notes of 100.
 * So the queues of the sources together grow by 13.5 a second. */
START_TEST(what_one_shard_cannot_import_waits_at_the_sources)
{
    const double arrivals = 31.5, service = 18;
    run_scenario_file(HOT_DESTINATION, NULL);
    double slope = slope_per_s("queue", "e.name != '0:0800000000000000'", 60, 290);
    ck_assert_msg(fabs(slope - (arrivals - service)) < 4 * slope_sd(arrivals, 230),
                  "the sources' queues grow by %g a second", slope);
    /* The hot shard sees all of it and holds none of it: its own queue stays as it is at rest. */
    slope = slope_per_s("backlog", "e.name = '0:0800000000000000'", 60, 290);
    ck_assert_msg(fabs(slope - (arrivals - service)) < 4 * slope_sd(arrivals, 230),
                  "the backlog grows by %g a second", slope);
    ck_assert_int_le(ask("SELECT max(value) FROM sample JOIN entity e ON e.entity_id = entity WHERE"
                         " sample.name = 'queue' AND e.name = '0:0800000000000000'"),
                     20);
    /* All sources wait, not some. */
    ck_assert_int_eq(ask("SELECT count(*) FROM (SELECT entity, max(value) AS most FROM sample WHERE"
                         " name = 'queue' GROUP BY entity) WHERE most > 150"),
                     15);
    done();
}
END_TEST

/* A block counts as full when it refused something, and only then. */
START_TEST(full_blocks_are_counted_for_the_chains_that_had_them)
{
    run_scenario_file(HOT_DESTINATION, "duration=100s");
    ck_assert_int_eq(ask("SELECT count(*) FROM metric WHERE name = 'blocks_full' AND entity != -1"),
                     1);
    ck_assert_int_ge(ask("SELECT value FROM metric_v WHERE name = 'blocks_full' AND"
                         " entity = '0:0800000000000000'"),
                     90);
    ck_assert_int_eq(ask("SELECT sum(value * (entity = -1)) - sum(value * (entity != -1))"
                         " FROM metric WHERE name = 'blocks_full'"),
                     0);
    done();
    run_scenario_file(BASE, "duration=100s");
    ck_assert_int_eq(ask("SELECT count(*) FROM metric WHERE name = 'blocks_full' AND entity != -1"),
                     0);
    ck_assert_int_eq(ask("SELECT count(*) FROM sample WHERE name = 'backlog'"), 0);
    done();
}
END_TEST

/* TON-27, TON-R26: imports come first, so with all chains full the messages pass and the clients'
 * transactions wait at home. */
START_TEST(with_all_shards_full_transactions_wait_and_messages_pass)
{
    run_scenario_file(OVERLOAD_ALL, NULL);
    ck_assert_int_eq(ask("SELECT count(*) FROM metric WHERE name = 'blocks_full' AND entity != -1"
                         " AND value >= 0.98 * n"),
                     16);
    /* Of so many: all chains that made blocks have a row here. */
    ck_assert_int_eq(ask("SELECT sum(n * (name = 'blocks_full' AND entity != -1)) -"
                         " sum(value * (name = 'blocks_final')) FROM metric"),
                     0);
    double slope = slope_per_s("queue", "1", 30, 190);
    ck_assert_msg(fabs(slope) < 0.2, "the queues grow by %g a second", slope);
    ck_assert_int_gt(ask("SELECT count(*) FROM tx_v WHERE outcome = 'pending'"), 20000);
    done();
}
END_TEST

/* TON-26: what waited is delivered, and the queues are empty: at rest nothing is left behind. */
START_TEST(after_a_burst_the_queues_empty_and_stay_so)
{
    run_scenario_file(RECOVERY, NULL);
    ck_assert_int_eq(ask("SELECT count(*) FROM message_v WHERE outcome != 'delivered'"), 0);
    ck_assert_int_gt(ask("SELECT max(value) FROM sample WHERE name = 'backlog'"), 1000);
    ck_assert_int_eq(ask("SELECT coalesce(sum(value), 0) FROM sample s WHERE t_ns = (SELECT"
                         " max(t_ns) FROM sample WHERE name = s.name AND entity = s.entity)"),
                     0);
    /* 3000 come at 60 s; of their messages 0.5 (15/16) + 0.5 * 0.75 / 16 of all are for the hot
     * shard from elsewhere: 1476, beside its own share of the load. 18 a second pass. */
    int64_t last_ns = ask("SELECT max(t_ns) FROM sample WHERE name = 'backlog'");
    double last = (double)last_ns;
    ck_assert_msg(last > 60e9 + 1476 / 18.0 * 0.85e9 && last < 60e9 + 1476 / 18.0 * 1.3e9,
                  "the last backlog ends at %lld ns", (long long)last_ns);
    done();
}
END_TEST

/* Each of four shards makes 24 tx/s for all that are not below it: 24 (1/4 + 1/3 + 1/2) = 26 a
 * second are for the last, whose block of 14 800 gas takes 13 imports of 1000 with their notes of
 * 100 every 5 s, a tenth. So what waits for it grows on a line, by 26 - 13/5 a second. */
START_TEST(the_queue_for_a_slow_shard_grows_linearly)
{
    enum { SEEDS = 4 };
    const double arrivals = 26, service = 2.6;
    double sum = 0, first_half = 0, second_half = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        char set[16];
        snprintf(set, sizeof set, "seed=%d", seed);
        run_scenario_file(LINEAR_IMBALANCE, set);
        sum += slope_per_s("queue", "1", 20, 290) / SEEDS;
        first_half += slope_per_s("queue", "1", 20, 155) / SEEDS;
        second_half += slope_per_s("queue", "1", 155, 290) / SEEDS;
        /* All blocks but the first, which has no notes yet, and the few that get those of two. */
        ck_assert_int_ge(ask("SELECT count(*) FROM (SELECT count(*) AS imports FROM message_v WHERE"
                             " dst_chain = '0:e000000000000000' AND src_chain != dst_chain AND"
                             " outcome = 'delivered' GROUP BY delivered_s) WHERE imports = 13"),
                         50);
        done();
    }
    double sd = slope_sd(arrivals, 270) / sqrt(SEEDS);
    ck_assert_msg(fabs(sum - (arrivals - service)) < 4 * sd, "%g a second, expected %g +- %g", sum,
                  arrivals - service, 4 * sd);
    /* On a line: neither half is steeper. */
    sd = sqrt(2) * slope_sd(arrivals, 135) / sqrt(SEEDS);
    ck_assert_msg(fabs(second_half - first_half) < 4 * sd, "%g, then %g", first_half, second_half);
}
END_TEST

/* Messages between the fast shards that were made and delivered in the second half. */
static int64_t between_fast_shards(const char *set)
{
    run_scenario_file(LINEAR_STARVATION, set);
    int64_t count = ask("SELECT count(*) FROM message_v WHERE dst_chain != '0:e000000000000000'"
                        " AND src_chain != dst_chain AND created_s > 150 AND outcome ="
                        " 'delivered'");
    int64_t longest = ask("SELECT max(value) FROM sample WHERE name = 'queue'");
    done();
    ck_assert_int_gt(longest, 500);
    return count;
}

/* TON-27, TON-R37: 24 (1/4 + 1/4 + 1/3) = 20 a second go between the three fast shards. A queue
 * without a limit lets them pass, in order of each destination; with a limit of 500 the shards stop
 * taking transactions, whomever they are for, once so many wait for the slow one. */
START_TEST(a_limited_queue_full_of_messages_for_one_starves_the_others)
{
    const double expected =
        20 * (300 - 150 - 5 - 2.5); /* what the last blocks made is on its way */
    int64_t free_count = between_fast_shards("messaging.queue_limit=0");
    int64_t limited = between_fast_shards(NULL);
    ck_assert_msg(fabs((double)free_count - expected) < 4 * sqrt(expected) + 100,
                  "%lld pass without a limit, expected %g", (long long)free_count, expected);
    ck_assert_msg((double)limited < 0.25 * expected, "%lld pass with a limit", (long long)limited);
}
END_TEST

/* TON-31, TON-50: 20 messages a second take two links; the shard between has room for 9 of 1000 gas
 * with two notes of 100 each, 10 800 of 11 200. So 11 more wait each second, at the source and for
 * the shard between, which is neither sender nor recipient. */
START_TEST(a_shard_that_only_forwards_holds_up_what_passes)
{
    const double arrivals = 20, service = 9;
    run_scenario_file(SLOW_BETWEEN, NULL);
    double slope = slope_per_s("queue", "e.name = '0:0400000000000000'", 30, 290);
    double band = 4 * slope_sd(arrivals, 260);
    ck_assert_msg(fabs(slope - (arrivals - service)) < band, "the source's queue grows by %g",
                  slope);
    slope = slope_per_s("backlog", "e.name = '0:f400000000000000'", 30, 290);
    ck_assert_msg(fabs(slope - (arrivals - service)) < band, "the backlog grows by %g", slope);
    ck_assert_int_eq(ask("SELECT count(*) FROM metric WHERE name = 'blocks_full' AND entity != -1"),
                     1);
    ck_assert_int_eq(ask("SELECT count(DISTINCT entity) FROM sample WHERE name = 'backlog'"), 1);
    ck_assert_int_eq(
        ask("SELECT count(*) FROM message_v WHERE outcome = 'delivered' AND hops != 2"), 0);
    done();
}
END_TEST

/* Where some shards only take part, a hot one is still named by its number in the run. */
START_TEST(a_hot_shard_is_the_one_of_that_number)
{
    theory_folder(folder);
    snprintf(path, sizeof path, "%s/run.db", folder);
    theory_run("{\"version\": 1, \"duration\": \"30s\", \"chain\": {\"shards\": 8},"
               " \"messaging\": {\"type\": \"hypercube\"}, \"ledger\": {\"type\": \"accounts\"},"
               " \"workload\": [{\"type\": \"poisson\", \"rate\": \"20/s\", \"shards\": \"1,3-5\","
               " \"destinations\": {\"type\": \"hot\", \"shard\": 4, \"share\": \"100%\"}}]}",
               path, LOG_TX, (struct engine_options){0});
    ck_assert_int_gt(ask("SELECT count(*) FROM message_v"), 100);
    ck_assert_int_eq(ask("SELECT count(*) FROM message_v WHERE dst_chain != '0:9000000000000000'"),
                     0);
    ck_assert_int_eq(ask("SELECT count(DISTINCT src_chain) FROM message_v"), 4);
    done();
}
END_TEST

CHECK_MAIN("congestion", what_one_shard_cannot_import_waits_at_the_sources,
           full_blocks_are_counted_for_the_chains_that_had_them,
           with_all_shards_full_transactions_wait_and_messages_pass,
           after_a_burst_the_queues_empty_and_stay_so, the_queue_for_a_slow_shard_grows_linearly,
           a_shard_that_only_forwards_holds_up_what_passes,
           a_limited_queue_full_of_messages_for_one_starves_the_others,
           a_hot_shard_is_the_one_of_that_number)
