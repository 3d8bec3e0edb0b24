/* Goal: quantities are exact both ways, and each way of being wrong has its own status.
 * Method: tables by hand; a seeded property (what is printed reads back as the same integer). */
#include "sim/quantity.h"

#include <stdio.h>
#include <string.h>

#include "tests/check_main.h"

struct good {
    enum param_kind kind;
    const char *text;
    int64_t value;
};

START_TEST(reads_exact_integers)
{
    static const struct good rows[] = {
        {PARAM_DURATION, "20ms", 20000000},
        {PARAM_DURATION, "1.5s", 1500000000},
        {PARAM_DURATION, "0ns", 0},
        {PARAM_DURATION, "-2us", -2000},
        {PARAM_DURATION, "2min", 120000000000},
        {PARAM_DURATION, "0.5h", 1800000000000},
        {PARAM_DURATION, "0.000000001s", 1},
        {PARAM_DURATION, "001.500s", 1500000000},
        {PARAM_DURATION, "9223372036854775807ns", INT64_MAX},
        {PARAM_BYTES, "2KiB", 2048},
        {PARAM_BYTES, "0.5KiB", 512},
        {PARAM_BYTES, "0.0009765625KiB", 1},
        {PARAM_BYTES, "1MB", 1000000},
        {PARAM_BYTES, "7TiB", INT64_C(7) << 40},
        {PARAM_BIT_RATE, "100Mbit/s", 100000000},
        {PARAM_BIT_RATE, "unlimited", 0},
        {PARAM_BIT_RATE, "0.001kbit/s", 1},
        {PARAM_RATE, "200tx/s", 200000000},
        {PARAM_RATE, "0.5/s", 500000},
        {PARAM_RATE, "60tx/min", 1000000},
        {PARAM_RATIO, "0.1%", 1000000000},
        {PARAM_RATIO, "0.001", 1000000000},
        {PARAM_RATIO, "100%", 1000000000000},
        {PARAM_RATIO, "1", 1000000000000},
        {PARAM_RATIO, "0.0000000001%", 1},
        {PARAM_RATIO, "3ppm", 3000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = -77;
        enum quantity_status status = quantity_parse(rows[i].kind, rows[i].text, &value);
        ck_assert_msg(status == QUANTITY_FINE, "%s: status %d", rows[i].text, (int)status);
        ck_assert_msg(value == rows[i].value, "%s: %lld", rows[i].text, (long long)value);
    }
}
END_TEST

START_TEST(names_each_way_of_being_wrong)
{
    static const struct {
        enum param_kind kind;
        const char *text;
        enum quantity_status status;
    } rows[] = {
        {PARAM_DURATION, "", QUANTITY_MALFORMED},
        {PARAM_DURATION, "ms", QUANTITY_MALFORMED},
        {PARAM_DURATION, "+5ms", QUANTITY_MALFORMED},
        {PARAM_DURATION, ".5ms", QUANTITY_MALFORMED},
        {PARAM_DURATION, "5.ms", QUANTITY_MALFORMED},
        {PARAM_DURATION, "--5ms", QUANTITY_MALFORMED},
        {PARAM_DURATION, "unlimited", QUANTITY_MALFORMED},
        {PARAM_DURATION, "40", QUANTITY_NO_UNIT},
        {PARAM_DURATION, "0", QUANTITY_NO_UNIT},
        {PARAM_DURATION, "40 ms", QUANTITY_BAD_UNIT},
        {PARAM_DURATION, "40sec", QUANTITY_BAD_UNIT},
        {PARAM_DURATION, "40MS", QUANTITY_BAD_UNIT},
        {PARAM_DURATION, "1e3ms", QUANTITY_BAD_UNIT},
        {PARAM_DURATION, "0.5ns", QUANTITY_TOO_FINE},
        {PARAM_DURATION, "0.0000000000000000000000000000000001s", QUANTITY_TOO_FINE},
        {PARAM_DURATION, "0.00000000000000000001h", QUANTITY_TOO_FINE},
        {PARAM_DURATION, "0.36000000000000000000000001h", QUANTITY_TOO_FINE},
        {PARAM_DURATION, "9223372036854775808ns", QUANTITY_TOO_LARGE},
        {PARAM_DURATION, "9223372036854775807us", QUANTITY_TOO_LARGE},
        {PARAM_DURATION, "99999999999999999999999999999999999999999h", QUANTITY_TOO_LARGE},
        {PARAM_BYTES, "0.3B", QUANTITY_TOO_FINE},
        {PARAM_BYTES, "0.1KiB", QUANTITY_TOO_FINE},
        {PARAM_BYTES, "12", QUANTITY_NO_UNIT},
        {PARAM_RATE, "1/min", QUANTITY_TOO_FINE},
        {PARAM_RATE, "0.000006/min", QUANTITY_TOO_FINE},
        {PARAM_RATIO, "0.00000000001%", QUANTITY_TOO_FINE},
        {PARAM_RATIO, "5 %", QUANTITY_BAD_UNIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = -77;
        enum quantity_status status = quantity_parse(rows[i].kind, rows[i].text, &value);
        ck_assert_msg(status == rows[i].status, "%s: status %d", rows[i].text, (int)status);
        ck_assert_int_eq(value, -77);
    }
}
END_TEST

START_TEST(reads_json_integers)
{
    int64_t value = 0;
    ck_assert_int_eq(quantity_parse_integer("1e3", &value), QUANTITY_FINE);
    ck_assert_int_eq(value, 1000);
    ck_assert_int_eq(quantity_parse_integer("12.50e1", &value), QUANTITY_FINE);
    ck_assert_int_eq(value, 125);
    ck_assert_int_eq(quantity_parse_integer("9007199254740993", &value), QUANTITY_FINE);
    ck_assert_int_eq(value, INT64_C(9007199254740993));
    ck_assert_int_eq(quantity_parse_integer("-7", &value), QUANTITY_FINE);
    ck_assert_int_eq(value, -7);
    ck_assert_int_eq(quantity_parse_integer("1.5", &value), QUANTITY_TOO_FINE);
    ck_assert_int_eq(quantity_parse_integer("1e99999999999999999999", &value), QUANTITY_TOO_LARGE);
    ck_assert_int_eq(quantity_parse_integer("1e-99999999999999999999", &value), QUANTITY_TOO_FINE);
    ck_assert_int_eq(quantity_parse_integer("0e99999999999999999999", &value), QUANTITY_FINE);
    ck_assert_int_eq(value, 0);
    ck_assert_int_eq(quantity_parse_integer("4x", &value), QUANTITY_MALFORMED);
}
END_TEST

START_TEST(prints_short_texts_for_people)
{
    static const struct good rows[] = {
        {PARAM_DURATION, "20ms", 20000000},
        {PARAM_DURATION, "1.5s", 1500000000},
        {PARAM_DURATION, "90s", 90000000000},
        {PARAM_DURATION, "10min", 600000000000},
        {PARAM_DURATION, "0ns", 0},
        {PARAM_DURATION, "1.001us", 1001},
        {PARAM_BYTES, "2KiB", 2048},
        {PARAM_BYTES, "1MB", 1000000},
        {PARAM_BYTES, "1472B", 1472},
        {PARAM_BIT_RATE, "100Mbit/s", 100000000},
        {PARAM_BIT_RATE, "unlimited", 0},
        {PARAM_RATE, "200/s", 200000000},
        {PARAM_RATIO, "0.1%", 1000000000},
        {PARAM_RATIO, "75%", 750000000000},
        {PARAM_INTEGER, "-4", -4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[QUANTITY_TEXT_BYTES];
        quantity_print(rows[i].kind, rows[i].value, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(what_is_printed_reads_back)
{
    static const enum param_kind kinds[] = {PARAM_DURATION, PARAM_BYTES, PARAM_BIT_RATE, PARAM_RATE,
                                            PARAM_RATIO};
    uint64_t state = 0x1234567;
    for (int i = 0; i < 200000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int64_t value = (int64_t)(state >> (1 + state % 63));
        value -= value % (state % 3 == 0 ? 1000 : 1);
        enum param_kind kind = kinds[i % 5];
        char text[QUANTITY_TEXT_BYTES];
        int64_t again = -1;
        quantity_print_base(kind, value, text);
        ck_assert_msg(quantity_parse(kind, text, &again) == QUANTITY_FINE, "%s", text);
        ck_assert_msg(again == value, "step %d: %s", i, text);
        again = -1;
        quantity_print(kind, value, text);
        ck_assert_msg(quantity_parse(kind, text, &again) == QUANTITY_FINE, "%s", text);
        ck_assert_msg(again == value, "step %d: %s", i, text);
    }
}
END_TEST

CHECK_MAIN("quantity", reads_exact_integers, names_each_way_of_being_wrong, reads_json_integers,
           prints_short_texts_for_people, what_is_printed_reads_back)
