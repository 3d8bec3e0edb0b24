/* Goal: the reference cases of block spread by shreds pass, and would not pass if one number in
 * them were another. Method: both files through the command's own reader; then single words of the
 * cases are changed, one at a time, and each change must be noticed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command_conform.h"
#include "tests/check_main.h"

static const char *const CASES = "tests/conformance/solana-cases.json";
static const char *const MORE = "tests/conformance/solana-more.json";

/* The whole file, or NULL where there is none. The caller frees it. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long bytes = ftell(file);
    ck_assert_int_gt(bytes, 0);
    rewind(file);
    char *text = calloc(1, (size_t)bytes + 64);
    ck_assert_uint_eq(fread(text, 1, (size_t)bytes, file), (size_t)bytes);
    fclose(file);
    return text;
}

/* SOL-R2, R3, R4, R5, R6, R7, R8, R9; SOL-3, 5, 6, 11, 12, 34, 36 */
START_TEST(the_reference_cases_pass)
{
    char *text = read_file(CASES);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(command_conform_text(CASES, text, strlen(text)), 0);
    free(text);
}
END_TEST

/* What the reference cases leave out: cleared, dead and connected slots, roots of the store, split
 * and pruned trees, forks, closest completion, stakes of 63 bits, weights that do not fit, bitmaps
 * of any size. SOL-R2.5, R2.11, R2.12, R3.1 to R3.4, R4.4 to R4.9, R5.2, R6.1, R7.2, R7.6, R8.3,
 * R8.4 */
START_TEST(the_cases_of_a_second_model_pass)
{
    char *text = read_file(MORE);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(command_conform_text(MORE, text, strlen(text)), 0);
    free(text);
}
END_TEST

/* SOL-R8.1 to SOL-R8.6, SOL-R8.10 */
START_TEST(the_cluster_of_1093_nodes_passes)
{
    const char *path = "../shared/reference/solana-turbine.json";
    char *text = read_file(path);
    if (!text) {
        printf("skipped: %s is not there\n", path);
        return;
    }
    ck_assert_int_eq(command_conform_text(path, text, strlen(text)), 0);
    free(text);
}
END_TEST

/* Replaces the first `old` after the case `id`; both have the same length. */
static void change(char *text, const char *id, const char *old, const char *new)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"id\":\"%s\"", id);
    char *place = strstr(text, quoted);
    ck_assert_msg(place != NULL, "no case %s", id);
    place = strstr(place, old);
    ck_assert_msg(place != NULL, "case %s has no %s", id, old);
    ck_assert_uint_eq(strlen(old), strlen(new));
    memcpy(place, new, strlen(new));
}

START_TEST(each_changed_number_is_noticed)
{
    static const char *const changes[][3] = {
        {"rw-add-votes", "\"6\":[300,300]", "\"6\":[300,301]"},
        {"rw-add-votes", "\"ancestors\":[5,3,1,0]", "\"ancestors\":[5,3,1,1]"},
        {"rw-update-orphan-ancestors", "\"expect_returned\":0", "\"expect_returned\":1"},
        {"trav-weighted", "[\"u\",0]", "[\"v\",0]"},
        {"trav-unknown-last-index", "[\"highest\",0,32]", "[\"highest\",0,31]"},
        {"rs-repair-orphan", "[\"orphan\",2]", "[\"orphan\",3]"},
        {"rs-highest-repair", "[\"highest\",0,31]", "[\"highest\",0,30]"},
        {"bs-chaining-basic", "\"orphans\":[1]", "\"orphans\":[2]"},
        {"bs-insert-basic", "\"consumed\":32", "\"consumed\":31"},
        {"bs-data-shred-present", "[0,1,\"exists\"]", "[0,2,\"exists\"]"},
        {"bs-completed-signal", "\"expect_completed\":[0]", "\"expect_completed\":[1]"},
        {"fm-basic", "\"expect\":[1,2", "\"expect\":[1,3"},
        {"serve-highest", "\"expect_shreds\":[[5,31]]", "\"expect_shreds\":[[5,30]]"},
        {"verify-parent", "\"parent\":1,\"root\":3", "\"parent\":1,\"root\":1"},
        {"turb-f2", "[6,10]", "[6,11]"},
        {"turb-rt-2-1347", "03b99ce3", "03b99ce4"},
        {"ws-zero", "\"expect_first\":1", "\"expect_first\":2"},
        {"seed-1", "c9b722a1", "c9b722a2"},
        {"turbine-full-1", "\"order\":[1,0,5", "\"order\":[1,5,0"},
        {"es-add-1", "\"expect_added\":1", "\"expect_added\":2"},
        {"es-space", "\"expect_bytes\":851", "\"expect_bytes\":852"},
        {"cs-update-multiple", "{\"a\":10,\"b\":0}", "{\"a\":11,\"b\":0}"},
        {"cs-weights-default", "\"expect_weights\":[1]", "\"expect_weights\":[2]"},
        {"out-expire", "\"now_ms\":60001", "\"now_ms\":59999"},
        {"fec-batch-size", "[0,18,20", "[0,19,20"},
        {"seed-cache-1", "\"stash\":[10,11]", "\"stash\":[10,12]"},
        {"seed-third-rule", "\"stake_marked_complete\":301", "\"stake_marked_complete\":299"},
    };
    char *text = read_file(CASES);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *changed = calloc(1, strlen(text) + 64);
        memcpy(changed, text, strlen(text));
        change(changed, changes[i][0], changes[i][1], changes[i][2]);
        ck_assert_msg(command_conform_text("changed", changed, strlen(changed)) != 0,
                      "%s: %s instead of %s was not noticed", changes[i][0], changes[i][2],
                      changes[i][1]);
        free(changed);
    }
    free(text);
}
END_TEST

CHECK_MAIN("shreds_conform", the_reference_cases_pass, the_cases_of_a_second_model_pass,
           the_cluster_of_1093_nodes_passes, each_changed_number_is_noticed)
