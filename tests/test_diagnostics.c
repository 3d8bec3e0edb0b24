/* Goal: the printed form is the manual's, byte for byte; problems are sorted, recorded once and
 * harmless on a terminal; suggestions are near and never wild. */
#include "sim/diagnostics.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check_main.h"

static char *printed(const struct diagnostics *diagnostics, size_t limit, bool json)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    diagnostics_print(diagnostics, out, limit, json);
    fclose(out);
    return text;
}

static bool locate_somewhere(const void *context, const char *pointer, enum diagnostic_place place,
                             const char **ret_file, uint32_t *ret_line, uint32_t *ret_column,
                             char **ret_got)
{
    if (strcmp(pointer, "/nowhere") == 0)
        return false;
    *ret_file = context;
    *ret_line = place == AT_KEY ? 9 : 10;
    *ret_column = 16;
    *ret_got = strdup("\"bandwith\"");
    return true;
}

START_TEST(prints_the_form_of_the_manual)
{
    struct diagnostics diagnostics = {.locate = locate_somewhere, .locate_context = "cube.json"};
    diagnostics_add(&diagnostics, "E101", "/network/bandwith", AT_KEY, "unknown key",
                    "one of: bandwidth, jitter, latency, loss, queue", NULL, "\"bandwidth\"");
    char *text = printed(&diagnostics, 20, false);
    ck_assert_str_eq(text, "cube.json:9:16: error[E101] /network/bandwith: unknown key\n"
                           "    expected  one of: bandwidth, jitter, latency, loss, queue\n"
                           "    got       \"bandwith\"\n"
                           "    try       \"bandwidth\"\n");
    free(text);
    text = printed(&diagnostics, 20, true);
    ck_assert_str_eq(text,
                     "{\"file\":\"cube.json\",\"line\":9,\"column\":16,\"severity\":\"error\","
                     "\"code\":\"E101\",\"pointer\":\"/network/bandwith\","
                     "\"problem\":\"unknown key\",\"expected\":"
                     "\"one of: bandwidth, jitter, latency, loss, queue\","
                     "\"got\":\"\\\"bandwith\\\"\",\"try\":\"\\\"bandwidth\\\"\"}\n");
    free(text);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(sorts_by_file_line_and_column)
{
    struct diagnostics diagnostics = {0};
    diagnostics_add_at(&diagnostics, "E001", "b", 1, 1, "", "fourth", NULL, NULL, NULL);
    diagnostics_add_at(&diagnostics, "E001", "a", 10, 2, "", "third", NULL, NULL, NULL);
    diagnostics_add_at(&diagnostics, "E001", "a", 9, 30, "", "second", NULL, NULL, NULL);
    diagnostics_add_at(&diagnostics, "E001", "a", 9, 4, "", "first", NULL, NULL, NULL);
    char *text = printed(&diagnostics, 0, false);
    ck_assert_str_eq(text, "a:9:4: error[E001] first\na:9:30: error[E001] second\n"
                           "a:10:2: error[E001] third\nb:1:1: error[E001] fourth\n");
    free(text);
    text = printed(&diagnostics, 1, false);
    ck_assert_str_eq(text, "a:9:4: error[E001] first\n3 more problems not shown\n");
    free(text);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(records_a_problem_once)
{
    struct diagnostics diagnostics = {0};
    for (int i = 0; i < 3; i++) {
        diagnostics_add(&diagnostics, "E203", "/a", AT_VALUE, "out of range", NULL, NULL, NULL);
        diagnostics_addf(&diagnostics, "E203", "/b", AT_VALUE, NULL, NULL, "point %d", i);
    }
    diagnostics_warn(&diagnostics, "W101", "/c", "has no effect", NULL);
    ck_assert_uint_eq(diagnostics.count, 5);
    ck_assert_uint_eq(diagnostics.errors, 4);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(keeps_a_bounded_number)
{
    struct diagnostics diagnostics = {0};
    for (int i = 0; i < DIAGNOSTICS_KEPT_MAX + 100; i++)
        diagnostics_addf(&diagnostics, "E101", "/a", AT_KEY, NULL, NULL, "problem %d", i);
    ck_assert_uint_eq(diagnostics.count, DIAGNOSTICS_KEPT_MAX);
    ck_assert_uint_eq(diagnostics.errors, DIAGNOSTICS_KEPT_MAX + 100);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(escapes_control_characters)
{
    struct diagnostics diagnostics = {0};
    diagnostics_add_at(&diagnostics, "E101", "f\x1b[31m", 1, 1, "/a\nb", "bad", NULL,
                       "\xc2\x9b"
                       "x\xc3\xa9",
                       NULL);
    char *text = printed(&diagnostics, 0, false);
    ck_assert_str_eq(text, "f\\x1b[31m:1:1: error[E101] /a\\x0ab: bad\n"
                           "    got       \\x9bx\xc3\xa9\n");
    free(text);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(a_place_that_is_unknown_is_left_out)
{
    struct diagnostics diagnostics = {.locate = locate_somewhere, .locate_context = "x"};
    diagnostics_add(&diagnostics, "E404", "/nowhere", AT_VALUE, "bad", NULL, NULL, NULL);
    char *text = printed(&diagnostics, 0, false);
    ck_assert_str_eq(text, "error[E404] /nowhere: bad\n");
    free(text);
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(suggests_the_nearest_word)
{
    static const char *const words[] = {"bandwidth", "jitter", "latency", "loss", "queue", NULL};
    ck_assert_str_eq(suggest_word("bandwith", words), "bandwidth");
    ck_assert_str_eq(suggest_word("latnecy", words), "latency"); /* a swap is one change */
    ck_assert_str_eq(suggest_word("los", words), "loss");
    ck_assert_ptr_null(suggest_word("throughput", words));
    ck_assert_ptr_null(suggest_word("", words));
    static const char *const near[] = {"abd", "abe", NULL};
    ck_assert_str_eq(suggest_word("abc", near), "abd"); /* ties: the first */
    static const char *const letters[] = {"x", NULL};
    ck_assert_ptr_null(suggest_word("y", letters));
    char long_word[100000];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    ck_assert_ptr_null(suggest_word(long_word, words));
}
END_TEST

CHECK_MAIN("diagnostics", prints_the_form_of_the_manual, sorts_by_file_line_and_column,
           records_a_problem_once, keeps_a_bounded_number, escapes_control_characters,
           a_place_that_is_unknown_is_left_out, suggests_the_nearest_word)
