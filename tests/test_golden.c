/* Golden digests: each scenario of tests/golden.json gives the result hash written there, with both
 * queues. A changed hash is a changed result: either a fault, or a decision that a commit explains.
 * To write all hashes anew after such a decision: GOLDEN_UPDATE=1 build/tests/test_golden
 *
 * A key is a scenario's path, and may go on with PATH=VALUE words that shorten the run. */

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "tests/check_main.h"

static const char golden_path[] = "tests/golden.json";

enum { SETS_MAX = 8, HASH_TEXT = 40 };

static cJSON *read_golden(void)
{
    FILE *file = fopen(golden_path, "rb");
    ck_assert_msg(file != NULL, "%s cannot be read from here", golden_path);
    static char text[1 << 16];
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    cJSON *golden = cJSON_Parse(text);
    ck_assert_msg(cJSON_IsObject(golden), "%s is no JSON object", golden_path);
    return golden;
}

/* Runs "scenarios/x.json a.b=c" with one queue and writes its hash as 32 hex digits. */
static void hash_of(const char *key, const struct queue_type *queue, char ret_hash[HASH_TEXT])
{
    char words[512];
    const char *sets[SETS_MAX + 1] = {NULL};
    snprintf(words, sizeof words, "%s", key);
    char *rest = words, *path = strsep(&rest, " ");
    for (size_t i = 0; rest && i < SETS_MAX; i++)
        sets[i] = strsep(&rest, " ");
    const struct scenario_options options = {.sets = sets, .point = -1};
    const struct engine_options engine_options = {.queue = queue};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result = {0};
    int status = scenario_load(path, &options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_run(scenario, &engine_options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "%s does not run", key);
    ck_assert_msg(result.status == ENGINE_OK, "%s: %s %s", key, engine_status_names[result.status],
                  result.violation);
    snprintf(ret_hash, HASH_TEXT, "%016" PRIx64 "%016" PRIx64, result.result_hash[0],
             result.result_hash[1]);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
}

static void write_golden(const cJSON *golden)
{
    char *text = cJSON_Print(golden);
    FILE *file = fopen(golden_path, "wb");
    ck_assert(file != NULL && text != NULL);
    fprintf(file, "%s\n", text);
    ck_assert_int_eq(fclose(file), 0);
    cJSON_free(text);
}

START_TEST(scenarios_give_their_golden_hash_with_both_queues)
{
    cJSON *golden = read_golden();
    bool update = getenv("GOLDEN_UPDATE") != NULL;
    int different = 0;
    for (cJSON *row = golden->child; row; row = row->next) {
        char wheel[HASH_TEXT], heap[HASH_TEXT];
        hash_of(row->string, &queue_wheel, wheel);
        hash_of(row->string, &queue_heap, heap);
        ck_assert_msg(strcmp(wheel, heap) == 0, "%s: wheel %s, heap %s", row->string, wheel, heap);
        if (strcmp(row->valuestring, wheel) == 0)
            continue;
        fprintf(stderr, "%s: golden %s, now %s\n", row->string, row->valuestring, wheel);
        different++;
        cJSON_SetValuestring(row, wheel);
    }
    if (update && different > 0)
        write_golden(golden);
    cJSON_Delete(golden);
    ck_assert_msg(update || different == 0,
                  "%d results changed; if that was meant: GOLDEN_UPDATE=1 build/tests/test_golden",
                  different);
}
END_TEST

CHECK_MAIN("golden", scenarios_give_their_golden_hash_with_both_queues)
