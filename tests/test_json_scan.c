/* Goal: the scanner refuses all that RFC 8259 refuses and more (limits, NUL, duplicates), accepts
 * the rest, and knows where every key and value stands. Method: tables of good and bad texts with
 * their place; every prefix of a text and every one-byte change of it (never a crash; what it
 * accepts cJSON accepts too). */
#include "sim/json_scan.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "tests/check_main.h"

static struct json_scan *scan(const char *text, size_t bytes, struct diagnostics *diagnostics)
{
    return json_scan_text("t.json", text, bytes, diagnostics);
}

static void refuses(const char *text, size_t bytes, const char *code, uint32_t line,
                    uint32_t column)
{
    struct diagnostics diagnostics = {0};
    ck_assert_msg(scan(text, bytes, &diagnostics) == NULL, "accepted %s", text);
    ck_assert_uint_eq(diagnostics.count, 1);
    const struct diagnostic *first = &diagnostics.list[0];
    ck_assert_msg(strcmp(first->code, code) == 0, "%s: %s %s", text, first->code, first->problem);
    ck_assert_msg(first->line == line && first->column == column, "%s: at %u:%u", text, first->line,
                  first->column);
    ck_assert_str_eq(first->file, "t.json");
    diagnostics_free(&diagnostics);
}

START_TEST(refuses_what_rfc_8259_refuses)
{
    static const struct {
        const char *text, *code;
        uint32_t line, column;
    } rows[] = {
        {"", "E010", 1, 1},
        {"  \n ", "E010", 2, 2},
        {"{", "E010", 1, 2},
        {"[1,", "E010", 1, 4},
        {"[1,]", "E001", 1, 4},
        {"[,1]", "E001", 1, 2},
        {"[1 2]", "E001", 1, 4},
        {"{\"a\":1,}", "E001", 1, 8},
        {"{a:1}", "E001", 1, 2},
        {"{'a':1}", "E001", 1, 2},
        {"{\"a\" 1}", "E001", 1, 6},
        {"{\"a\":}", "E001", 1, 6},
        {"[1}", "E001", 1, 3},
        {"{\"a\":1]", "E001", 1, 7},
        {"]", "E001", 1, 1},
        {"// x\n1", "E001", 1, 1},
        {"tru", "E001", 1, 1},
        {"TRUE", "E001", 1, 1},
        {"NaN", "E001", 1, 1},
        {"+1", "E001", 1, 1},
        {".5", "E001", 1, 1},
        {"01", "E008", 1, 1},
        {"-01", "E008", 1, 1},
        {"-", "E008", 1, 2},
        {"1.", "E008", 1, 3},
        {"1.e3", "E008", 1, 3},
        {"1e", "E008", 1, 3},
        {"1e+", "E008", 1, 4},
        {"0x10", "E008", 1, 2},
        {"1e400", "E009", 1, 1},
        {"-1e400", "E009", 1, 1},
        {"1 2", "E011", 1, 3},
        {"{}{}", "E011", 1, 3},
        {"\"a", "E010", 1, 3},
        {"\"a\nb\"", "E004", 1, 3},
        {"\"\t\"", "E004", 1, 2},
        {"\"\\x\"", "E007", 1, 2},
        {"\"\\u12g4\"", "E007", 1, 2},
        {"\"\\u12", "E007", 1, 2},
        {"\"\\", "E007", 1, 2},
        {"\"\\ud800\"", "E007", 1, 2},
        {"\"\\ud800\\u0041\"", "E007", 1, 2},
        {"\"\\udc00\"", "E007", 1, 2},
        {"\"\\u0000\"", "E003", 1, 2},
        {"\xef\xbb\xbf{}", "E001", 1, 1},
        {"\"\xff\"", "E002", 1, 2},
        {"\"\xc0\x80\"", "E002", 1, 2},
        {"\"\xed\xa0\x80\"", "E002", 1, 2},
        {"\"\xf4\x90\x80\x80\"", "E002", 1, 2},
        {"\"\xe2\x82\"", "E002", 1, 2},
        {"{\"a\":\n\n  01}", "E008", 3, 3},
        {"{\"\xc3\xa9\": 01}", "E008", 1, 8}, /* columns are bytes */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuses(rows[i].text, strlen(rows[i].text), rows[i].code, rows[i].line, rows[i].column);
    refuses("{}\0", 3, "E003", 1, 3);
    refuses("\"a\0b\"", 5, "E003", 1, 3);
    refuses("\0", 1, "E003", 1, 1);
}
END_TEST

START_TEST(accepts_what_rfc_8259_accepts)
{
    static const char *const rows[] = {
        "0",
        "-0",
        "-0.0e-0",
        "1E+2",
        "123456789012345678901234567890",
        "1e-400",
        "true",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "[[],{}]",
        "{\"\":0}",
        "\r\n\t{\"a\" : [ 1 , 2 ] }\n",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\ud83d\\ude00\"",
        "\"\x7f \xc2\x80 \xf4\x8f\xbf\xbf\"",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", /* equal keys of different parents */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct diagnostics diagnostics = {0};
        struct json_scan *places = scan(rows[i], strlen(rows[i]), &diagnostics);
        ck_assert_msg(places != NULL, "refused %s", rows[i]);
        cJSON *tree = json_scan_tree(places);
        ck_assert_msg(tree != NULL, "cJSON refused %s", rows[i]);
        cJSON_Delete(tree);
        json_scan_free(places);
        ck_assert_uint_eq(diagnostics.count, 0);
    }
}
END_TEST

START_TEST(reports_every_duplicate_key)
{
    const char *text = "{\"a\": 1,\n \"b\": {\"c\": 1, \"\\u0063\": 2},\n \"a\": 2, \"a\": 3}";
    struct diagnostics diagnostics = {0};
    ck_assert_ptr_null(scan(text, strlen(text), &diagnostics));
    ck_assert_uint_eq(diagnostics.count, 2); /* the third "a" repeats the same finding */
    ck_assert_str_eq(diagnostics.list[0].pointer, "/b/c");
    ck_assert_uint_eq(diagnostics.list[0].line, 2);
    ck_assert_uint_eq(diagnostics.list[0].column, 16);
    ck_assert_str_eq(diagnostics.list[1].code, "E102");
    ck_assert_str_eq(diagnostics.list[1].pointer, "/a");
    ck_assert_uint_eq(diagnostics.list[1].line, 3);
    ck_assert_uint_eq(diagnostics.list[1].column, 2);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(limits_depth_and_size)
{
    char text[200];
    for (size_t depth = 1; depth <= 66; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct diagnostics diagnostics = {0};
        struct json_scan *places = scan(text, 2 * depth, &diagnostics);
        ck_assert_int_eq(places != NULL, depth <= JSON_DEPTH_MAX);
        if (places == NULL) {
            ck_assert_str_eq(diagnostics.list[0].code, "E005");
            ck_assert_uint_eq(diagnostics.list[0].column, 65);
        }
        json_scan_free(places);
        diagnostics_free(&diagnostics);
    }
    char *large = calloc(JSON_BYTES_MAX + 1, 1);
    memset(large, ' ', JSON_BYTES_MAX + 1);
    large[0] = '1';
    struct diagnostics diagnostics = {0};
    struct json_scan *places = scan(large, JSON_BYTES_MAX, &diagnostics);
    ck_assert_ptr_nonnull(places);
    json_scan_free(places);
    ck_assert_ptr_null(scan(large, JSON_BYTES_MAX + 1, &diagnostics));
    ck_assert_str_eq(diagnostics.list[0].code, "E006");
    diagnostics_free(&diagnostics);
    free(large);
}
END_TEST

static void stands_at(const struct json_scan *places, const char *pointer, uint32_t key_line,
                      uint32_t key_column, uint32_t line, uint32_t column, const char *got)
{
    uint32_t node = json_scan_find(places, pointer);
    ck_assert_msg(node != JSON_NODE_NONE, "no %s", pointer);
    uint32_t at_line, at_column;
    if (key_line > 0) {
        json_scan_place(places, places->nodes[node].key_offset, &at_line, &at_column);
        ck_assert_msg(at_line == key_line && at_column == key_column, "%s: key %u:%u", pointer,
                      at_line, at_column);
    }
    json_scan_place(places, places->nodes[node].value_offset, &at_line, &at_column);
    ck_assert_msg(at_line == line && at_column == column, "%s: %u:%u", pointer, at_line, at_column);
    char *text = json_scan_got(places, node);
    ck_assert_str_eq(text, got);
    free(text);
}

START_TEST(knows_the_place_of_keys_and_values)
{
    const char *text =
        "{\"network\": {\n    \"latency\": 40, \"x/y~z\": [true,\n\"\xc3\xa9\", {}]}}";
    struct diagnostics diagnostics = {0};
    struct json_scan *places = scan(text, strlen(text), &diagnostics);
    ck_assert_ptr_nonnull(places);
    stands_at(places, "", 0, 0, 1, 1, "an object");
    stands_at(places, "/network", 1, 2, 1, 13, "an object");
    stands_at(places, "/network/latency", 2, 5, 2, 16, "number 40");
    stands_at(places, "/network/x~1y~0z", 2, 20, 2, 29, "an array");
    stands_at(places, "/network/x~1y~0z/0", 0, 0, 2, 30, "true");
    stands_at(places, "/network/x~1y~0z/1", 0, 0, 3, 1, "\"\xc3\xa9\"");
    stands_at(places, "/network/x~1y~0z/2", 0, 0, 3, 7, "an object");
    static const char *const absent[] = {
        "/a",      "/network/latency/x", "/network/x~1y~0z/3", "/network/x~1y~0z/-",
        "network", "/network/"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        ck_assert_msg(json_scan_find(places, absent[i]) == JSON_NODE_NONE, "%s", absent[i]);
    json_scan_free(places);
}
END_TEST

START_TEST(numbers_keep_their_text)
{
    const char *text = "{\"a\": [9007199254740993, {\"b\": 1e3}], \"d\": 7, \"c\": -0.10}";
    struct diagnostics diagnostics = {0};
    struct json_scan *places = scan(text, strlen(text), &diagnostics);
    cJSON *tree = json_scan_tree(places);
    cJSON *a = cJSON_GetObjectItemCaseSensitive(tree, "a");
    ck_assert_str_eq(cJSON_GetArrayItem(a, 0)->valuestring, "9007199254740993");
    ck_assert_str_eq(cJSON_GetArrayItem(a, 1)->child->valuestring, "1e3");
    ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(tree, "c")->valuestring, "-0.10");
    ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(tree, "d")->valuestring, "7");
    cJSON_Delete(tree);
    json_scan_free(places);
}
END_TEST

static void never_crashes(const char *text, size_t bytes)
{
    struct diagnostics diagnostics = {0};
    struct json_scan *places = scan(text, bytes, &diagnostics);
    ck_assert((places != NULL) == (diagnostics.count == 0));
    if (places != NULL) {
        cJSON *tree = json_scan_tree(places);
        ck_assert_msg(tree != NULL, "cJSON refused %.*s", (int)bytes, text);
        cJSON_Delete(tree);
    }
    json_scan_free(places);
    diagnostics_free(&diagnostics);
}

START_TEST(survives_every_prefix_and_every_changed_byte)
{
    const char *text =
        "{\"a\\u00e9\\ud83d\\ude00\": [1, -2.5e3, true, null, {\"b\": \"\xc3\xa9\\n\"}, []],\n"
        " \"c\": {}, \"d\": false}";
    size_t bytes = strlen(text);
    char *copy = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) {
        memcpy(copy, text, bytes);
        never_crashes(copy, i);
        for (int byte = 0; byte < 256; byte++) {
            copy[i] = (char)byte;
            never_crashes(copy, bytes);
        }
    }
    free(copy);
}
END_TEST

START_TEST(takes_wide_texts)
{
    /* 16 MiB of elements, and of members: linear, so this ends in about a second each. */
    char *text = malloc(JSON_BYTES_MAX + 32);
    size_t bytes = 0;
    text[bytes++] = '[';
    while (bytes + 3 < JSON_BYTES_MAX) {
        memcpy(text + bytes, "1,", 2);
        bytes += 2;
    }
    memcpy(text + bytes, "1]", 2);
    struct diagnostics diagnostics = {0};
    struct json_scan *places = scan(text, bytes + 2, &diagnostics);
    ck_assert_ptr_nonnull(places);
    ck_assert_uint_ne(json_scan_find(places, "/8000000"), JSON_NODE_NONE);
    json_scan_free(places);
    bytes = 0;
    text[bytes++] = '{';
    for (unsigned i = 0; bytes + 24 < JSON_BYTES_MAX; i++)
        bytes += (size_t)sprintf(text + bytes, "\"%x\":1,", i);
    bytes += (size_t)sprintf(text + bytes, "\"x\":1}");
    places = scan(text, bytes, &diagnostics);
    ck_assert_ptr_nonnull(places);
    ck_assert_uint_ne(json_scan_find(places, "/fffff"), JSON_NODE_NONE);
    json_scan_free(places);
    free(text);
}
END_TEST

CHECK_MAIN("json_scan", refuses_what_rfc_8259_refuses, accepts_what_rfc_8259_accepts,
           reports_every_duplicate_key, limits_depth_and_size, knows_the_place_of_keys_and_values,
           numbers_keep_their_text, survives_every_prefix_and_every_changed_byte, takes_wide_texts)
