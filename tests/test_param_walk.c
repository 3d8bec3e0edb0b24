/* Goal: what `describe` and the schema say about a table is what the table says. Method: one table
 * with every kind of nesting, walked; texts of defaults and ranges kind by kind. */

#include "sim/param_walk.h"

#include <string.h>

#include "tests/check_main.h"

static const struct param inner[] = {
    {.name = "limit", .help = "h", .kind = PARAM_BYTES, .value_default = 2048},
    {.name = "secret", .help = "h", .kind = PARAM_BOOL, .hidden = true},
    PARAM_END,
};
static const struct param one_keys[] = {
    {.name = "count", .help = "h", .kind = PARAM_INTEGER, .value_min = 1, .value_max = 9},
    PARAM_END,
};
static const struct param_variant variants[] = {
    {"none", "h", NULL, 0},
    {"one", "h", one_keys, 8},
    {"deep", "h", inner, 8},
    {NULL, NULL, NULL, 0},
};
static const struct param table[] = {
    {.name = "queue", .help = "h", .kind = PARAM_OBJECT, .fields = inner},
    {.name = "who", .help = "h", .kind = PARAM_VARIANT, .variants = variants},
    {.name = "links", .help = "h", .kind = PARAM_LIST, .item_kind = PARAM_OBJECT, .fields = inner},
    {.name = "faults",
     .help = "h",
     .kind = PARAM_LIST,
     .item_kind = PARAM_VARIANT,
     .variants = variants},
    {.name = "last", .help = "h", .kind = PARAM_REAL},
    PARAM_END,
};

static void append_step(void *context, const struct param_step *step)
{
    char *text = context;
    strcat(text, step->path);
    if (step->variant) {
        strcat(text, "@");
        strcat(text, step->variant);
    }
    strcat(text, step->depth ? "' " : " ");
}

START_TEST(visits_nested_rows_after_their_parent_and_no_hidden_one)
{
    char text[1024] = "";
    param_walk(table, append_step, text);
    ck_assert_str_eq(text, "queue queue.limit' who who.count@one' who.limit@deep' links "
                           "links[].limit' faults faults[].count@one' faults[].limit@deep' last ");
}
END_TEST

START_TEST(a_table_that_all_variants_share_is_visited_once_and_belongs_to_no_type)
{
    static const struct param_variant twins[] = {
        {"one", "h", one_keys, 8}, {"two", "h", one_keys, 8}, {NULL, NULL, NULL, 0}};
    static const struct param top[] = {
        {.name = "who", .help = "h", .kind = PARAM_VARIANT, .variants = twins}, PARAM_END};
    char text[1024] = "";
    param_walk(top, append_step, text);
    ck_assert_str_eq(text, "who who.count' ");
}
END_TEST

START_TEST(an_empty_table_has_no_rows)
{
    static const struct param none[] = {PARAM_END};
    char text[16] = "";
    param_walk(none, append_step, text);
    param_walk(NULL, append_step, text);
    ck_assert_str_eq(text, "");
}
END_TEST

static void expect_default(const struct param *row, const char *expected)
{
    char text[128];
    param_default_text(row, text, sizeof text);
    ck_assert_str_eq(text, expected);
}

START_TEST(defaults_are_written_as_json)
{
    static const char *const choices[] = {"slow", "instant", NULL};
    expect_default(&(struct param){.kind = PARAM_DURATION, .value_default = 40000000}, "\"40ms\"");
    expect_default(&(struct param){.kind = PARAM_BYTES, .value_default = 1 << 20}, "\"1MiB\"");
    expect_default(&(struct param){.kind = PARAM_BIT_RATE}, "\"unlimited\"");
    expect_default(&(struct param){.kind = PARAM_RATIO, .value_default = 1000000000}, "\"0.1%\"");
    expect_default(&(struct param){.kind = PARAM_BOOL, .value_default = 1}, "true");
    expect_default(&(struct param){.kind = PARAM_INTEGER, .value_default = -3}, "-3");
    expect_default(&(struct param){.kind = PARAM_CHOICE, .value_default = 1, .choices = choices},
                   "\"instant\"");
    expect_default(&(struct param){.kind = PARAM_LIST, .default_json = "[1]"}, "[1]");
    expect_default(&(struct param){.kind = PARAM_STRING}, "");
    expect_default(&(struct param){.kind = PARAM_INTEGER, .required = true}, "");
}
END_TEST

START_TEST(a_default_outside_of_the_range_means_absent)
{
    expect_default(&(struct param){.kind = PARAM_DURATION, .value_default = -1, .value_max = 9},
                   "");
    expect_default(&(struct param){.kind = PARAM_INTEGER, .value_min = 2, .value_max = 9}, "");
    expect_default(
        &(struct param){.kind = PARAM_BIT_RATE, .value_default = 0, .value_min = 1, .value_max = 9},
        "\"unlimited\"");
}
END_TEST

static void expect_range(const struct param *row, const char *expected)
{
    char text[128];
    param_range_text(row, text, sizeof text);
    ck_assert_str_eq(text, expected);
}

START_TEST(ranges_are_written_in_units)
{
    expect_range(&(struct param){.kind = PARAM_INTEGER, .value_min = 1, .value_max = 64},
                 "1 to 64");
    expect_range(&(struct param){.kind = PARAM_DURATION, .value_min = 1, .value_max = 1000000000},
                 "1ns to 1s");
    expect_range(&(struct param){.kind = PARAM_BYTES, .value_min = 1, .value_max = INT64_MAX},
                 "at least 1B");
    expect_range(&(struct param){.kind = PARAM_REAL, .real_min = 0.5, .real_max = 2}, "0.5 to 2");
    expect_range(&(struct param){.kind = PARAM_INTEGER}, "");
    expect_range(&(struct param){.kind = PARAM_LIST,
                                 .item_kind = PARAM_RATIO,
                                 .value_max = INT64_C(1000000000000)},
                 "0% to 100%");
    expect_range(&(struct param){.kind = PARAM_STRING, .value_max = 9}, "");
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    for (int kind = PARAM_BOOL; kind <= PARAM_SEED; kind++)
        ck_assert_str_ne(param_kind_name((enum param_kind)kind), "");
}
END_TEST

CHECK_MAIN("param_walk", visits_nested_rows_after_their_parent_and_no_hidden_one,
           a_table_that_all_variants_share_is_visited_once_and_belongs_to_no_type,
           an_empty_table_has_no_rows, defaults_are_written_as_json,
           a_default_outside_of_the_range_means_absent, ranges_are_written_in_units,
           every_kind_has_a_name)
