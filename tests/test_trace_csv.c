/* Goal: traces are read exactly, in order of time, and whatever is wrong is told by line and
 * column. Method: written examples; every prefix and seeded corruptions of a good file. */

#include "tests/check_main.h"

#include <string.h>

#include "models/workload/trace_csv.h"
#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/rng.h"

static const struct trace_limits LIMITS = {.shards = 4, .accounts = 100};
static const char GOOD[] = "at,from_shard,from_account,to_shard,to_account,amount,bytes\n"
                           "1.5s,0,1,2,3,10,512\n"
                           "20ms,3,99,0,0,0,1\r\n"
                           "\n"
                           "1.5s,1,2,1,3,4611686018427387903,16777216";

struct reading {
    struct memory memory;
    struct diagnostics diagnostics;
    struct trace_table table;
    int result;
};

static struct reading read_bytes(const char *text, size_t bytes)
{
    struct reading reading = {.result = 0};
    /* A copy of exactly that size, so that a byte too many is seen by valgrind and sanitizers. */
    char *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, text, bytes);
    reading.result = trace_csv_parse(copy, bytes, &LIMITS, "/workload/0/file", &reading.memory,
                                     &reading.diagnostics, &reading.table);
    free(copy);
    return reading;
}

static void finish(struct reading *reading)
{
    trace_csv_free(&reading->table, &reading->memory);
    diagnostics_free(&reading->diagnostics);
    ck_assert_uint_eq(reading->memory.used_bytes, 0);
}

START_TEST(rows_are_read_and_sorted_by_time)
{
    struct reading reading = read_bytes(GOOD, strlen(GOOD));
    ck_assert_int_eq(reading.result, 0);
    ck_assert_uint_eq(reading.table.count, 3);
    const struct trace_row *rows = reading.table.rows;
    ck_assert_uint_eq(rows[0].at_ns, 20000000);
    ck_assert_uint_eq(rows[0].from_shard, 3);
    ck_assert_uint_eq(rows[0].from_account, 99);
    ck_assert_uint_eq(rows[0].bytes, 1);
    ck_assert_uint_eq(rows[0].line, 3);
    ck_assert_uint_eq(rows[1].at_ns, 1500000000);
    ck_assert_uint_eq(rows[1].line, 2);
    ck_assert_uint_eq(rows[1].to_account, 3);
    ck_assert_uint_eq(rows[2].line, 5);
    ck_assert_uint_eq(rows[2].amount, UINT64_C(4611686018427387903));
    ck_assert_uint_eq(rows[2].bytes, 16777216);
    finish(&reading);
}
END_TEST

START_TEST(columns_may_change_places_and_the_last_two_may_miss)
{
    static const char text[] = "to_account,to_shard,at,from_account,from_shard\n7,1,0s,9,2\n";
    struct reading reading = read_bytes(text, strlen(text));
    ck_assert_int_eq(reading.result, 0);
    ck_assert_uint_eq(reading.table.count, 1);
    ck_assert_uint_eq(reading.table.rows[0].to_account, 7);
    ck_assert_uint_eq(reading.table.rows[0].to_shard, 1);
    ck_assert_uint_eq(reading.table.rows[0].from_account, 9);
    ck_assert_uint_eq(reading.table.rows[0].from_shard, 2);
    ck_assert_uint_eq(reading.table.rows[0].amount, 1);
    ck_assert_uint_eq(reading.table.rows[0].bytes, 512);
    finish(&reading);
}
END_TEST

START_TEST(all_problems_are_told_with_line_and_column)
{
    static const char text[] = "at,from_shard,from_account,to_shard,to_account\n"
                               "1,0,0,0,0\n"
                               "1s,4,0,0,0\n"
                               "1s,0,0,0\n"
                               "-1s,0,100,0,0x\n";
    static const char *const expected[] = {
        "line 2, column 1: not a time",      "line 3, column 4: no such shard",
        "line 4, column 1: not as many",     "line 5, column 1: not a time",
        "line 5, column 7: no such account", "line 5, column 13: no such account"};
    struct reading reading = read_bytes(text, strlen(text));
    ck_assert_int_eq(reading.result, -1);
    ck_assert_ptr_null(reading.table.rows);
    ck_assert_uint_eq(reading.diagnostics.count, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(reading.diagnostics.list[i].code, "E512");
        ck_assert_str_eq(reading.diagnostics.list[i].pointer, "/workload/0/file");
        ck_assert_msg(strstr(reading.diagnostics.list[i].problem, expected[i]) != NULL, "%s",
                      reading.diagnostics.list[i].problem);
    }
    finish(&reading);
}
END_TEST

START_TEST(bad_headers_are_refused)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "1s,0,0,0,0\n",
                                      "at,from_shard,from_account,to_shard\n",
                                      "at,from_shard,from_account,to_shard,to_account,at\n",
                                      "at,from_shard,from_account,to_shard,to_account,\n",
                                      "At,from_shard,from_account,to_shard,to_account\n",
                                      "at;from_shard;from_account;to_shard;to_account\n",
                                      ("\xef\xbb\xbf"
                                       "at,from_shard,from_account,to_shard,to_account\n")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct reading reading = read_bytes(bad[i], strlen(bad[i]));
        ck_assert_msg(reading.result == -1, "header %zu was read", i);
        ck_assert_str_eq(reading.diagnostics.list[0].code, "E511");
        finish(&reading);
    }
}
END_TEST

START_TEST(problems_are_bounded)
{
    enum { LINES = 100000 };
    static char text[LINES * 2 + 100];
    strcpy(text, "at,from_shard,from_account,to_shard,to_account\n");
    for (int i = 0; i < LINES; i++)
        strcat(text + strlen("at,from_shard,from_account,to_shard,to_account") + 2 * (size_t)i,
               "x\n");
    struct reading reading = read_bytes(text, strlen(text));
    ck_assert_int_eq(reading.result, -1);
    ck_assert_uint_eq(reading.diagnostics.count, TRACE_PROBLEMS_MAX);
    finish(&reading);
}
END_TEST

START_TEST(hostile_bytes_do_no_harm)
{
    struct rng rng = {.seed = 34};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    size_t bytes = strlen(GOOD);
    for (size_t length = 0; length <= bytes; length++) {
        struct reading reading = read_bytes(GOOD, length);
        finish(&reading);
    }
    static const char hostile[] = {0, ',', '\n', '\r', '-', '9', (char)0xff, '.', '"', 'e', ' '};
    for (int i = 0; i < 20000; i++) {
        char text[sizeof GOOD];
        memcpy(text, GOOD, sizeof GOOD);
        uint64_t changes = 1 + rng_below(&stream, 5);
        for (uint64_t j = 0; j < changes; j++) {
            uint64_t at = rng_below(&stream, bytes);
            uint64_t what = rng_below(&stream, sizeof hostile);
            text[at] = hostile[what];
        }
        struct reading reading = read_bytes(text, bytes);
        for (uint32_t row = 0; row < reading.table.count; row++)
            if (reading.table.rows[row].from_shard >= 4 || reading.table.rows[row].bytes == 0)
                ck_abort_msg("seed 34, change %d gave a row out of range", i);
        finish(&reading);
    }
}
END_TEST

START_TEST(a_nul_inside_a_field_is_refused)
{
    char text[] = "at,from_shard,from_account,to_shard,to_account\n1s_,0,0,0,0\n";
    *strchr(strchr(text, '\n'), '_') = 0;
    struct reading reading = read_bytes(text, sizeof text - 1);
    ck_assert_int_eq(reading.result, -1);
    finish(&reading);
}
END_TEST

CHECK_MAIN("trace_csv", rows_are_read_and_sorted_by_time,
           columns_may_change_places_and_the_last_two_may_miss,
           all_problems_are_told_with_line_and_column, bad_headers_are_refused,
           problems_are_bounded, hostile_bytes_do_no_harm, a_nul_inside_a_field_is_refused)
