/* Goal: whole runs repeat, do not depend on names, and lose nothing, exactly. Method: the same
 * scenario twice, with groups run in other orders, cut short, and with every shard renamed by a
 * symmetry of the hypercube, which must rename the results and change none of them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"
#include "sim/sim_assert.h"
#include "tests/theory/theory_run.h"
#include "tests/theory/theory_table.h"

enum { TEXT_BYTES = 1500, SQL_BYTES = 600 };

/* Jitter, loss, crashes and both paths at once: everything that draws. */
static const char noisy[] =
    "{\"version\": 1, \"duration\": \"60s\", \"seed\": 5,\n"
    " \"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"40ms\", \"sigma\": 0.5,"
    "  \"min\": \"5ms\"}, \"jitter\": {\"type\": \"exponential\", \"mean\": \"3ms\"},"
    "  \"bandwidth\": \"20Mbit/s\", \"loss\": \"2%\"},\n"
    " \"chain\": {\"shards\": 64, \"block_interval\": \"1s\"},\n"
    " \"messaging\": {\"type\": \"hypercube\", \"path\": \"both\", \"digit_bits\": 2},\n"
    " \"ledger\": {\"type\": \"accounts\"},\n"
    " \"faults\": [{\"every\": \"7s\", \"from\": \"3s\", \"to\": \"50s\", \"type\": \"crash\","
    "   \"target\": {\"random\": 4, \"of\": \"shard\"}, \"for\": \"2s\"}],\n"
    " \"workload\": [{\"type\": \"poisson\", \"rate\": \"60tx/s\", \"cross_shard\": \"80%\"}]}\n";

static uint64_t same_hash(const struct engine_result *a, const struct engine_result *b)
{
    return memcmp(a->result_hash, b->result_hash, sizeof a->result_hash) == 0;
}

/* Rows of one table that only one of two databases has. */
static int64_t rows_unlike(const char *first, const char *second, const char *table)
{
    char sql[SQL_BYTES], open[SQL_BYTES];
    int64_t counts[2], unlike;
    for (int i = 0; i < 2; i++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
        theory_query(i == 0 ? first : second, sql, 1, &counts[i]);
    }
    snprintf(open, sizeof open, "ATTACH '%s' AS other", second);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM (SELECT * FROM main.%s EXCEPT SELECT * FROM other.%s)", table,
             table);
    theory_query_attached(first, open, sql, 1, &unlike);
    return unlike + llabs(counts[0] - counts[1]);
}

START_TEST(the_same_seed_gives_the_same_rows)
{
    static const char *const tables[] = {"event", "message", "tx",    "tx_phase",
                                         "fault", "sample",  "metric"};
    char folder[THEORY_FOLDER_BYTES], path[2][THEORY_PATH_BYTES];
    struct engine_result result[2];
    theory_folder(folder);
    theory_begin("the same scenario and seed twice, everything logged");
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d.db", folder, i);
        result[i] = theory_run(noisy, path[i], LOG_ALL, (struct engine_options){0});
    }
    theory_exact(result[1].result_hash[0], result[0].result_hash[0], "high word of result_hash");
    theory_exact(result[1].result_hash[1], result[0].result_hash[1], "low word of result_hash");
    theory_exact(result[1].events, result[0].events, "events");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        theory_exact((uint64_t)rows_unlike(path[0], path[1], tables[i]), 0,
                     "rows of %s that differ", tables[i]);
    struct engine_result other =
        theory_run(noisy, NULL, LOG_NONE, (struct engine_options){.replication = 1});
    theory_exact(same_hash(&result[0], &other), 0, "another replication has the same hash");
    theory_folder_remove(folder);
    theory_end();
}
END_TEST

/* Groups are what threads would run: any order of them within a window gives the same run. */
START_TEST(the_order_of_groups_changes_nothing)
{
    struct engine_result first = theory_run(noisy, NULL, LOG_NONE, (struct engine_options){0});
    theory_begin("groups in other orders within each window of the least latency");
    for (uint64_t order = 1; order <= 4; order++) {
        struct engine_result other =
            theory_run(noisy, NULL, LOG_NONE, (struct engine_options){.group_order = order});
        theory_exact(same_hash(&first, &other), 1, "order %u has the same hash", (unsigned)order);
        theory_exact(other.events, first.events, "order %u: events", (unsigned)order);
    }
    theory_end();
}
END_TEST

/* TON-3, TON-30: at any moment a message is delivered or on its way, a transaction final, refused
 * or pending. The counters come from the layers, the rows from the observer and the clients. */
START_TEST(messages_and_transactions_are_conserved_at_every_cut)
{
    static const char sql[] =
        "SELECT count(*), sum(delivered_ns NOT NULL), sum(delivered_ns IS NULL),"
        " (SELECT count(*) FROM tx), (SELECT count(final_ns) FROM tx),"
        " (SELECT count(*) FROM tx WHERE final_ns IS NULL),"
        " count(*) - count(DISTINCT message_id) FROM message";
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES];
    theory_folder(folder);
    theory_begin("messages and transactions of a noisy run, cut at several moments");
    for (unsigned cut = 1; cut <= 4; cut++) {
        int64_t rows[7];
        struct engine_options options = {.until_ns = cut * UINT64_C(13777777777)};
        snprintf(path, sizeof path, "%s/%u.db", folder, cut);
        struct engine_result result = theory_run(noisy, path, LOG_TX, options);
        theory_query(path, sql, 7, rows);
        uint64_t emitted = (uint64_t)engine_counter(&result, "messaging", "messages_sent");
        uint64_t delivered = (uint64_t)engine_counter(&result, "messaging", "messages_delivered");
        uint64_t submitted = (uint64_t)engine_counter(&result, "workload", "tx_submitted");
        theory_exact((uint64_t)rows[1], delivered, "cut %u: messages delivered", cut);
        theory_exact((uint64_t)(rows[1] + rows[2]), emitted,
                     "cut %u: delivered + in flight = emitted", cut);
        theory_exact((uint64_t)rows[6], 0, "cut %u: messages with two rows", cut);
        theory_exact((uint64_t)(rows[4] + rows[5]), submitted,
                     "cut %u: settled + pending = submitted", cut);
    }
    theory_folder_remove(folder);
    theory_end();
}
END_TEST

/* ---- Names ---- */

enum { DEPTH = 6, TRANSFERS = 300 };

/* Transfers between random shards, each shard renamed to shard ^ mask. */
static void write_trace(const char *path, uint32_t mask)
{
    const struct rng rng = {.seed = 77, .replication = 0};
    FILE *file = fopen(path, "w");
    SIM_ASSERT(file != NULL);
    fprintf(file, "at,from_shard,from_account,to_shard,to_account,amount,bytes\n");
    for (uint32_t i = 0; i < TRANSFERS; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 0, i);
        uint32_t from = (uint32_t)rng_below(&stream, 1 << DEPTH);
        uint32_t to = (uint32_t)rng_below(&stream, 1 << DEPTH);
        fprintf(file, "%uns,%u,%u,%u,%u,1,%u\n", i * 50000017, from ^ mask, i % 3, to ^ mask, i % 7,
                100 + i);
    }
    int status = fclose(file);
    SIM_ASSERT(status == 0);
}

/* Renaming by xor maps digits to digits, so it is a symmetry of the hypercube. On an aligned clock,
 * with equal links and room in every block, nothing else may depend on a name: not on the order in
 * which chains were made, not on a pointer, not on a hash. */
START_TEST(renamed_shards_give_renamed_results)
{
    static const uint32_t masks[] = {1, 0x15, 0x3f, 0x2a};
    char folder[THEORY_FOLDER_BYTES], trace[THEORY_PATH_BYTES], text[TEXT_BYTES];
    char path[2][THEORY_PATH_BYTES], open[SQL_BYTES];
    theory_folder(folder);
    snprintf(trace, sizeof trace, "%s/trace.csv", folder);
    snprintf(path[0], sizeof path[0], "%s/0.db", folder);
    snprintf(path[1], sizeof path[1], "%s/1.db", folder);
    snprintf(open, sizeof open, "ATTACH '%s' AS other", path[1]);
    theory_begin("300 transfers between 64 shards, every shard s renamed s xor mask");
    for (int messaging = 0; messaging < 3; messaging++) {
        static const char *const names[] = {"slow", "instant", "both"};
        snprintf(text, sizeof text,
                 "{\"version\": 1, \"duration\": \"60s\", \"network\": {\"latency\": {\"type\":"
                 " \"constant\", \"value\": \"30ms\"}}, \"chain\": {\"shards\": %d,"
                 " \"block_interval\": \"1s\", \"clock\": \"aligned\"}, \"messaging\": {\"type\":"
                 " \"hypercube\", \"path\": \"%s\", \"digit_bits\": 2}, \"ledger\": {\"type\":"
                 " \"accounts\"}, \"workload\": [{\"type\": \"trace\", \"file\": \"%s\"}]}",
                 1 << DEPTH, names[messaging], trace);
        write_trace(trace, 0);
        struct engine_result first = theory_run(text, path[0], LOG_TX, (struct engine_options){0});
        for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
            int64_t same[2];
            write_trace(trace, masks[i]);
            struct engine_result other =
                theory_run(text, path[1], LOG_TX, (struct engine_options){0});
            char sql[SQL_BYTES];
            snprintf(sql, sizeof sql,
                     "SELECT count(*), sum(a.final_ns = b.final_ns AND a.src_chain = b.src_chain"
                     " - 2 * (b.src_chain & %u) + %u) FROM main.tx a JOIN other.tx b USING (tx_id)",
                     masks[i], masks[i]);
            theory_query_attached(path[0], open, sql, 2, same);
            theory_exact((uint64_t)same[0], TRANSFERS, "%s, mask %u: transfers in both runs",
                         names[messaging], masks[i]);
            theory_exact((uint64_t)same[1], TRANSFERS, "%s, mask %u: same times, renamed home",
                         names[messaging], masks[i]);
            theory_exact(other.events, first.events, "%s, mask %u: events", names[messaging],
                         masks[i]);
        }
    }
    theory_folder_remove(folder);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {the_same_seed_gives_the_same_rows,
                                 the_order_of_groups_changes_nothing,
                                 messages_and_transactions_are_conserved_at_every_cut,
                                 renamed_shards_give_renamed_results, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_replay", argument_count, arguments, fast, nightly);
}
