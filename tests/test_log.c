/* Goal: every row that was logged comes back, and the layout is the documented one. Method: write
 * through sim/log.h, read back with SQLite. */

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "sim/log.h"
#include "sim/log_schema.h"
#include "tests/check_main.h"
#include "tests/log_fixture.h"

START_TEST(file_appears_only_when_whole)
{
    const char *path = in_folder("a.db"), *partial = in_folder("a.db.partial");
    struct log *log = open_log(path, false, LOG_ALL);

    ck_assert(!exists(path));
    ck_assert(exists(partial));
    close_log(log);
    ck_assert(exists(path));
    ck_assert_uint_eq(files_in_folder(), 1); /* no .partial, -journal, -wal, -shm */
    ck_assert_str_eq(query(path, "PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(query(path, "PRAGMA user_version"), "1");
    ck_assert_int_eq(atoi(query(path, "PRAGMA application_id")), LOG_APPLICATION_ID);
    ck_assert_int_ge(atoi(query(path, "PRAGMA page_size")), 16384);
    ck_assert_str_eq(query(path, "PRAGMA journal_mode"), "delete");
    remove_folder();
}
END_TEST

/* Layout 1, word for word as the manual lists it. */
static const char *const layout[][2] = {
    {"run", "run_id run_key config_hash result_hash experiment measurement replication seed status"
            " sim_end_ns warmup_ns n_events n_logged wall_s cpu_s max_rss_kib started_utc"
            " finished_utc program_version model_version git_rev compiler libraries host argv"
            " scenario_json"},
    {"param", "run_id path text num unit swept origin"},
    {"kind", "kind_id name layer value_unit doc"},
    {"entity", "entity_id type name parent"},
    {"event", "seq t_ns kind_id entity peer chain subject cause bytes value"},
    {"message", "message_id src_chain dst_chain created_ns first_committed_ns delivered_ns path"
                " hops bytes fee_total outcome"},
    {"tx", "tx_id type src_chain n_chains submit_ns prepared_ns decided_ns final_ns outcome"
           " reason"},
    {"tx_phase", "tx_id layer phase ns"},
    {"violation", "property seq t_ns text"},
    {"sample", "name entity t_ns value"},
    {"metric", "name entity value unit n"},
};

START_TEST(layout_is_the_documented_one)
{
    const char *path = in_folder("a.db");
    char sql[256];

    close_log(open_log(path, false, LOG_ALL));
    for (size_t i = 0; i < sizeof layout / sizeof layout[0]; i++) {
        snprintf(sql, sizeof sql, "SELECT group_concat(name, ' ') FROM pragma_table_info('%s')",
                 layout[i][0]);
        ck_assert_str_eq(query(path, sql), layout[i][1]);
    }
    ck_assert_str_eq(query(path, "SELECT count(*) FROM pragma_table_list WHERE type = 'table'"
                                 " AND NOT strict AND name NOT LIKE 'sqlite%'"),
                     "0");
    ck_assert_str_eq(query(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                 " AND name IN ('code', 'fault')"),
                     "2");
    ck_assert_str_eq(query(path, "SELECT group_concat(name, ' ') FROM (SELECT name FROM"
                                 " sqlite_schema WHERE type = 'index' ORDER BY name)"),
                     "message_id tx_id");
    ck_assert_str_eq(query(path, "SELECT count(*) FROM run_v"), "1");
    ck_assert_str_eq(query(path, "SELECT count(*) FROM event_v, message_v, tx_v, metric_v"), "0");
    remove_folder();
}
END_TEST

START_TEST(run_row_is_completed_at_the_end)
{
    const char *path = in_folder("a.db");

    close_log(open_log(path, false, LOG_ALL));
    ck_assert_str_eq(
        query(path, "SELECT run_id || '|' || run_key || '|' ||"
                    " config_hash || '|' || result_hash || '|' || experiment || '|' ||"
                    " replication || '|' || seed || '|' || status || '|' || sim_end_ns || '|' ||"
                    " warmup_ns || '|' || n_events || '|' || n_logged || '|' || wall_s || '|' ||"
                    " cpu_s || '|' || max_rss_kib FROM run"),
        "1|0123456789abcdef|000000000000000f|0000000000009be0000000000000c41f|both|2|7|ok|600|60|"
        "12|0|1.5|0.5|1000");
    ck_assert_str_eq(query(path, "SELECT measurement FROM run"), "NULL");
    ck_assert_str_eq(query(path, "SELECT finished_utc LIKE '20__-__-__T__:__:__Z' FROM run"), "1");
    remove_folder();
}
END_TEST

START_TEST(rows_of_every_table_come_back)
{
    const char *path = in_folder("a.db");
    struct log *log = open_log(path, false, LOG_ALL);
    char volatile_text[] = "volatile";

    log_kind(log, 3 << 8 | 1, volatile_text, "messaging", "nanogram", NULL);
    log_entity(log, 1 << 4, "chain", volatile_text, 0);
    log_entity(log, 17, "shard", "shard:1", 16);
    log_code(log, "message.path", 2, volatile_text);
    log_param(log, "/network/loss", "1%", 0.01, "ratio", true, volatile_text);
    log_param(log, "/messaging/path", "both", NAN, NULL, false, NULL);
    log_message(log, (const int64_t[11]){1, 2, 3, 4, 5, LOG_NULL, 2, 7, 8, 9, 10});
    log_tx(log, (const int64_t[10]){1, 2, 3, 4, 5, 6, 7, LOG_NULL, 9, LOG_NULL});
    log_layer(log, 5, "atomic");
    log_tx_phase(log, 1, 5, "repair", 12);
    log_fault(log, 0, "cut", volatile_text, 5, UINT64_MAX, NULL);
    log_fault(log, 1, "crash", "shard:1", 5, 6, volatile_text);
    log_violation(log, volatile_text, 0, 9, "twice");
    log_sample(log, "queue", -1, 4, -5);
    log_metric(log, volatile_text, -1, 2.5, "tx/s", 9);
    log_metric(log, "nothing", 17, NAN, NULL, 0);
    memset(volatile_text, '?', sizeof volatile_text - 1); /* the log owns its copies */
    close_log(log);

    static const char *const expected[][2] = {
        {"SELECT quote(kind_id) || quote(name) || quote(layer) || quote(value_unit) || quote(doc)"
         " FROM kind",
         "769'volatile''messaging''nanogram'NULL"},
        {"SELECT group_concat(entity_id || type || name || quote(parent)) FROM entity",
         "16chainvolatileNULL,17shardshard:116"},
        {"SELECT column_name || code || name FROM code", "message.path2volatile"},
        {"SELECT group_concat(run_id || path || text || quote(num) || quote(unit) || swept ||"
         " quote(origin)) FROM param",
         "1/network/loss1%0.01'ratio'1'volatile',1/messaging/pathbothNULLNULL0NULL"},
        {"SELECT concat FROM (SELECT message_id || src_chain || dst_chain || created_ns ||"
         " first_committed_ns || quote(delivered_ns) || path || hops || bytes || fee_total ||"
         " outcome AS concat FROM message)",
         "12345NULL278910"},
        {"SELECT tx_id || type || src_chain || n_chains || submit_ns || prepared_ns ||"
         " decided_ns || quote(final_ns) || outcome || quote(reason) FROM tx",
         "1234567NULL9NULL"},
        {"SELECT tx_id || layer || phase || ns FROM tx_phase", "1atomicrepair12"},
        {"SELECT group_concat(fault_id || type || target || from_ns || quote(to_ns) ||"
         " quote(detail)) FROM fault",
         "0cutvolatile5NULLNULL,1crashshard:156'volatile'"},
        {"SELECT property || quote(seq) || t_ns || text FROM violation", "volatileNULL9twice"},
        {"SELECT name || entity || t_ns || value FROM sample", "queue-14-5"},
        {"SELECT group_concat(name || entity || quote(value) || quote(unit) || n) FROM metric",
         "volatile-12.5'tx/s'9,nothing17NULLNULL0"},
        {"SELECT path || dst_chain IS NULL FROM message_v", "1"},
        {"SELECT path FROM message_v", "volatile"},
        {"SELECT src_chain FROM message_v", "NULL"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        ck_assert_str_eq(query(path, expected[i][0]), expected[i][1]);
    remove_folder();
}
END_TEST

static const char event_columns[] =
    "SELECT seq || '|' || t_ns || '|' || kind_id || '|' || quote(entity) || '|' || quote(peer) ||"
    " '|' || quote(chain) || '|' || quote(subject) || '|' || quote(cause) || '|' || quote(bytes)"
    " || '|' || quote(value) FROM event WHERE seq = ";

/* Bindings are reused from row to row, so NULLs and values alternate in every column here. */
START_TEST(events_keep_every_integer_and_null)
{
    const char *path = in_folder("a.db");
    struct log *log = open_log(path, false, LOG_ALL);
    char sql[512];
    static const struct log_event none = {
        .kind_id = 1, .subject = UINT64_MAX, .bytes = LOG_NULL, .value = LOG_NULL};
    static const struct log_event full = {.t_ns = INT64_MAX,
                                          .kind_id = 2,
                                          .entity = 3,
                                          .peer = 4,
                                          .chain = UINT32_MAX,
                                          .subject = UINT64_C(1) << 63,
                                          .cause = 5,
                                          .bytes = 0,
                                          .value = INT64_MIN + 1};

    for (uint64_t seq = 1; seq <= 6; seq++) {
        struct log_event event = seq % 3 == 0 ? full : none;
        event.seq = seq;
        log_event(log, &event);
    }
    close_log(log);
    for (int seq = 1; seq <= 6; seq++) {
        char wanted[256];
        snprintf(sql, sizeof sql, "%s%d", event_columns, seq);
        snprintf(wanted, sizeof wanted,
                 seq % 3 == 0 ? "%d|9223372036854775807|2|3|4|4294967295|-9223372036854775808|5|0|"
                                "-9223372036854775807"
                              : "%d|0|1|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
                 seq);
        ck_assert_str_eq(query(path, sql), wanted);
    }
    remove_folder();
}
END_TEST

START_TEST(a_million_rows_pass_a_full_ring_in_order)
{
    const char *path = in_folder("a.db");
    struct log *log = open_log(path, false, LOG_ALL);

    for (uint64_t seq = 1; seq <= 1000000; seq++) {
        struct log_event event = event_numbered(seq);
        event.subject = seq * UINT64_C(0x9e3779b97f4a7c15);
        log_event(log, &event);
    }
    close_log(log);
    ck_assert_str_eq(query(path, "SELECT count(*) || ' ' || sum(t_ns = seq * 1000) || ' ' ||"
                                 " sum(cause IS seq - 1) FROM event"),
                     "1000000 1000000 999999"); /* the first has no cause */
    ck_assert_str_eq(query(path, "SELECT n_logged FROM run"), "1000000");
    uint64_t last = UINT64_C(1000000) * UINT64_C(0x9e3779b97f4a7c15);
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%" PRId64, (int64_t)last);
    ck_assert_str_eq(query(path, "SELECT subject FROM event WHERE seq = 1000000"), wanted);
    ck_assert_str_eq(query(path, "PRAGMA integrity_check"), "ok");
    remove_folder();
}
END_TEST

START_TEST(level_filters_by_weight_and_leaves_gaps)
{
    static const struct {
        enum log_level level;
        const char *kept;
    } cases[] = {
        {LOG_ALL, "1,2,3,4,5,6"}, {LOG_PROTOCOL, "2,3,5,6"}, {LOG_TX, "3,6"}, {LOG_NONE, "NULL"}};
    static const char *const counts[] = {"6", "4", "2", "0"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = in_folder("a.db");
        struct log *log = open_log(path, true, cases[i].level);
        for (uint64_t seq = 1; seq <= 6; seq++) {
            struct log_event event = event_numbered(seq);
            event.weight = (enum log_weight)((seq - 1) % 3);
            log_event(log, &event);
        }
        log_metric(log, "kept", -1, 1, "", 1);
        close_log(log);
        ck_assert_str_eq(query(path, "SELECT group_concat(seq) FROM event"), cases[i].kept);
        ck_assert_str_eq(query(path, "SELECT n_logged FROM run"), counts[i]);
        ck_assert_str_eq(query(path, "SELECT count(*) FROM metric"), "1");
    }
    remove_folder();
}
END_TEST

START_TEST(no_log_is_no_work)
{
    struct log_event event = event_numbered(1);

    log_layer(NULL, 1, "a");
    log_kind(NULL, 1, "a", "b", NULL, NULL);
    log_entity(NULL, 1, "a", "b", 0);
    log_code(NULL, "a", 1, "b");
    log_param(NULL, "a", "b", 0, NULL, false, NULL);
    log_event(NULL, &event);
    log_message(NULL, NULL);
    log_tx(NULL, NULL);
    log_tx_phase(NULL, 1, 1, "a", 1);
    log_fault(NULL, 1, "a", "b", 1, 1, NULL);
    log_violation(NULL, "a", 1, 1, "b");
    log_sample(NULL, "a", 1, 1, 1);
    log_metric(NULL, "a", 1, 1, NULL, 1);
    ck_assert(!log_failed(NULL));
    ck_assert_int_eq(log_close(NULL, NULL, NULL, 0, NULL), 0);
}
END_TEST

CHECK_MAIN("log", file_appears_only_when_whole, layout_is_the_documented_one,
           run_row_is_completed_at_the_end, rows_of_every_table_come_back,
           events_keep_every_integer_and_null, a_million_rows_pass_a_full_ring_in_order,
           level_filters_by_weight_and_leaves_gaps, no_log_is_no_work)
