/* The reader of reference cases: what cannot be run or compared is a broken file (exit code 3), and
 * never a case that passed. */

#include <stdio.h>
#include <string.h>

#include "sim/command_conform.h"
#include "sim/utf8.h"
#include "tests/check_main.h"

enum { FINE = 0, BROKEN = 3, MISMATCH = 5 };

#define INTERPOLATE                                                                                \
    "{\"sw\":2,\"sp\":\"f77f8b0a2e50b5fb\",\"dw\":2,\"dp\":\"e1a2fa94d81502ad\",\"d\":68,"         \
    "\"rw\":2,\"rp\":\"e1a2fa94de50b5fb\"}"
#define TON "{\"suite\":\"ton/1\","
#define SOLANA "{\"suite\":\"solana/1\","
#define THIRD                                                                                      \
    "{\"kind\":\"seed_one_third_rule\",\"cases\":[{\"total_stake\":\"18446744073709551615\","      \
    "\"stake_marked_complete\":6148914691236517205,\"already_retransmitted\":false,"               \
    "\"shred_arrived_by_repair\":true,\"expect_retransmit\":true}]}"

static void expect_code(int code, const char *text)
{
    ck_assert_msg(command_conform_text("text", text, strlen(text)) == code, "not %d: %s", code,
                  text);
}

START_TEST(a_section_that_cannot_be_run_breaks_the_file)
{
    expect_code(FINE, TON "\"interpolate\":[" INTERPOLATE "]}");
    expect_code(BROKEN, TON "\"interpolate\":[" INTERPOLATE "],\"interpolated\":[{}]}");
    expect_code(BROKEN, TON "\"interpolate\":[" INTERPOLATE "],\"route\":{\"a\":1}}");
    expect_code(BROKEN, TON "\"interpolate\":[" INTERPOLATE "],\"route\":\"x\"}");
    expect_code(BROKEN, TON "\"interpolate\":[" INTERPOLATE ",3,null,[]]}");
    expect_code(FINE, TON "\"interpolate\":[" INTERPOLATE "],\"notes\":[\"a text\"],\"size\":[1]}");
}
END_TEST

START_TEST(a_case_of_no_known_kind_breaks_the_file)
{
    expect_code(FINE, SOLANA "\"cases\":[" THIRD "]}");
    expect_code(BROKEN, SOLANA "\"cases\":[" THIRD ",{\"kind\":\"seed_one_forth_rule\"}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[" THIRD ",{\"kind\":4}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[" THIRD ",{}]}");
    expect_code(BROKEN, SOLANA "\"cases\":{\"a\":" THIRD "}}");
}
END_TEST

/* A list of its own beside the one of all kinds: both are run. */
START_TEST(cases_are_run_wherever_they_stand)
{
    expect_code(FINE, SOLANA "\"seed_one_third_rule\":[" THIRD "],\"cases\":[" THIRD "]}");
    expect_code(MISMATCH, SOLANA "\"seed_one_third_rule\":[" THIRD "],\"cases\":["
                                 "{\"kind\":\"verify_shred_slots\",\"cases\":[{\"slot\":2,"
                                 "\"parent\":3,\"root\":0,\"accept\":true}]}]}");
    expect_code(MISMATCH,
                SOLANA "\"verify_shred_slots\":[],\"cases\":[" THIRD
                       ",{\"kind\":\"verify_shred_slots\",\"cases\":[{\"slot\":2,\"parent\":3,"
                       "\"root\":0,\"accept\":true}]}]}");
}
END_TEST

START_TEST(a_case_without_anything_to_compare_is_broken)
{
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"verify_shred_slots\",\"cases\":[]}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[]}]}");
    expect_code(FINE, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":"
                             "\"expect_orphans\",\"from_slot\":0,\"orphans\":[]}]}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":"
                               "\"expect_orphans\",\"from_slot\":0}]}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":"
                               "\"expect_orphans\",\"from_slot\":0,\"orphans\":[],"
                               "\"expected\":[]}]}]}");
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":\"insert\","
                               "\"batch\":[{\"slot\":1,\"parent\":0,\"indices\":[[0,0]]}]},{\"op\":"
                               "\"expect_meta\",\"slot\":1,\"shreds\":2}]}]}");
    expect_code(MISMATCH, SOLANA "\"cases\":[{\"kind\":\"outstanding_requests\",\"steps\":[{\"op\":"
                                 "\"add\",\"nonce\":1,\"request\":[\"orphan\",9],\"now_ms\":0,"
                                 "\"remaining\":10}]}]}");
    expect_code(FINE, TON "\"merge\":[{\"w\":0,\"s\":\"8000000000000000\",\"queues\":[],"
                          "\"order\":[]}]}");
}
END_TEST

/* A number of more than 64 bits is none, and never the nearest one. */
START_TEST(numbers_are_whole_and_fit)
{
    static const char *const stakes[] = {
        "18446744073709551616", "\"99999999999999999999\"", "-1", "1.5", "1e3", "\"\"", "true"};
    char text[512];
    for (size_t i = 0; i < sizeof stakes / sizeof stakes[0]; i++) {
        snprintf(text, sizeof text,
                 SOLANA "\"cases\":[{\"kind\":\"seed_one_third_rule\",\"cases\":[{"
                        "\"total_stake\":%s,\"stake_marked_complete\":0,"
                        "\"already_retransmitted\":false,\"shred_arrived_by_repair\":true,"
                        "\"expect_retransmit\":true}]}]}",
                 stakes[i]);
        expect_code(BROKEN, text);
    }
    expect_code(BROKEN, TON "\"merge\":[{\"w\":-99999999999999999999,\"s\":\"8000000000000000\","
                            "\"queues\":[],\"order\":[]}]}");
}
END_TEST

START_TEST(maps_are_objects_with_slots_as_names)
{
    static const char *const trees[] = {"[[[0,null]]]", "{\"x\":[[0,null]]}", "3",
                                        "{\"99999999999999999999\":[[0,null]]}"};
    char text[512];
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        snprintf(text, sizeof text,
                 SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":\"rw_new\","
                        "\"root\":0,\"stakes\":[]},{\"op\":\"rw_expect_state\",\"root\":0,"
                        "\"trees\":%s,\"pruned\":{},\"stake_at_and_subtree\":{}}]}]}",
                 trees[i]);
        expect_code(BROKEN, text);
    }
    expect_code(BROKEN, SOLANA "\"cases\":[{\"kind\":\"scenario\",\"steps\":[{\"op\":\"rw_new\","
                               "\"root\":0,\"stakes\":[]},{\"op\":\"rw_expect_state\",\"root\":0,"
                               "\"trees\":{\"0\":[[0,null]]},\"pruned\":{},"
                               "\"stake_at_and_subtree\":[[0,0]]}]}]}");
}
END_TEST

START_TEST(names_of_files_become_text)
{
    char text[] = "a\xff\xc3\xa4\xc3(\xe2\x82", plain[] = "plain", none[] = "";
    utf8_mend(text);
    ck_assert_str_eq(text, "a?\xc3\xa4?(??");
    utf8_mend(plain);
    ck_assert_str_eq(plain, "plain");
    utf8_mend(none);
    ck_assert_str_eq(none, "");
}
END_TEST

CHECK_MAIN("conform", a_section_that_cannot_be_run_breaks_the_file,
           a_case_of_no_known_kind_breaks_the_file, cases_are_run_wherever_they_stand,
           a_case_without_anything_to_compare_is_broken, numbers_are_whole_and_fit,
           maps_are_objects_with_slots_as_names, names_of_files_become_text)
