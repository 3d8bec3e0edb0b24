#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/model.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

/* The first 64 bits of BLAKE2b, most significant byte first, so that the number printed in hex is
 * the start of the digest. */
static uint64_t end_hash(crypto_generichash_state *state)
{
    unsigned char digest[crypto_generichash_BYTES];
    crypto_generichash_final(state, digest, sizeof digest);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof hash; i++)
        hash = hash << 8 | digest[i];
    return hash;
}

static void begin_hash(crypto_generichash_state *state)
{
    int status = crypto_generichash_init(state, NULL, 0, crypto_generichash_BYTES);
    SIM_ASSERT(status == 0);
}

static void add_text(crypto_generichash_state *state, const char *text)
{
    /* The NUL goes in too: it ends each text. */
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static int compare_files(const void *a, const void *b)
{
    const struct param_file *left = a, *right = b;
    return strcmp(left->pointer, right->pointer); /* no ties: a pointer names one file */
}

/* Covers the effective scenario but for what does not change a run, and the content of each data
 * file that it names. */
uint64_t scenario_hash(const cJSON *effective, const struct param_reader *reader)
{
    static const char *const skip[] = {"name", "seed", "replications", "log", NULL};
    crypto_generichash_state state;
    begin_hash(&state);
    char *text = json_write_canonical(effective, skip);
    add_text(&state, text);
    free(text);
    if (reader->file_count > 0) {
        struct param_file *files = malloc(reader->file_count * sizeof *files);
        SIM_ASSERT(files != NULL);
        memcpy(files, reader->files, reader->file_count * sizeof *files);
        /* no ties: a pointer names one file */
        qsort(files, reader->file_count, sizeof *files, compare_files);
        for (size_t i = 0; i < reader->file_count; i++) {
            add_text(&state, files[i].pointer);
            add_text(&state, files[i].sha256);
        }
        free(files);
    }
    return end_hash(&state);
}

void scenario_model_version(const struct scenario *scenario, char *ret_text, size_t bytes)
{
    size_t used = 0;
    for (uint32_t i = 0; i < scenario->layer_count && used < bytes; i++) {
        const struct model *model = scenario->layers[i].model;
        int written = snprintf(ret_text + used, bytes - used, "%s%s.%s=%" PRIu32, i == 0 ? "" : " ",
                               model->layer_name, model->name, model->version);
        used += (size_t)written;
    }
    if (used < bytes)
        snprintf(ret_text + used, bytes - used, " stack=%" PRIu32, model_stack_version);
}

uint64_t scenario_run_key(const struct scenario *scenario, uint64_t replication)
{
    crypto_generichash_state state;
    char text[96];
    begin_hash(&state);
    snprintf(text, sizeof text, "%016" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu32,
             scenario->config_hash, scenario->seed, replication, model_stack_version);
    add_text(&state, text);
    for (uint32_t i = 0; i < scenario->layer_count; i++) {
        const struct model *model = scenario->layers[i].model;
        add_text(&state, model->layer_name);
        add_text(&state, model->name);
        snprintf(text, sizeof text, "%" PRIu32, model->version);
        add_text(&state, text);
    }
    return end_hash(&state);
}
