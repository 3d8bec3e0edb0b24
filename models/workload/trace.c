#include "models/workload/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/workload/client.h"
#include "models/workload/trace_csv.h"
#include "sim/diagnostics.h"
#include "sim/memory.h"

enum { POINTER_BYTES = 96, DIGEST_TEXT_BYTES = 2 * crypto_hash_sha256_BYTES };

struct trace_config {
    struct client_config common;
    const char *file, *sha256;
};

#define FIELD(name) .offset = offsetof(struct trace_config, name)

static const struct param params[] = {
    {.name = "file",
     .help = "CSV file: at,from_shard,from_account,to_shard,to_account and perhaps amount,bytes",
     .kind = PARAM_FILE,
     FIELD(file),
     .required = true},
    {.name = "sha256",
     .help = "SHA-256 of the file in 64 hex digits; without it the file is not checked",
     .kind = PARAM_STRING,
     FIELD(sha256)},
    CLIENT_TIME_PARAMS(struct trace_config),
    PARAM_END,
};

/* ---- The file ---- */

/* Reads a whole regular file. NULL with a diagnostic when it cannot be read. */
static char *read_file(const struct build *build, const char *path, const char *pointer,
                       struct memory *memory, size_t *ret_bytes)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        diagnostics_addf(build->diagnostics, "E510", pointer, AT_VALUE, "a CSV file", NULL,
                         "cannot open the trace: %s", strerror(errno));
        if (file >= 0)
            close(file);
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size < 0 || status.st_size > TRACE_BYTES_MAX) {
        diagnostics_add(build->diagnostics, "E510", pointer, AT_VALUE,
                        "not a regular file of at most 256 MiB", "a CSV file", NULL, NULL);
        close(file);
        return NULL;
    }
    size_t bytes = (size_t)status.st_size;
    char *text = memory_take(memory, "workload: trace file", bytes);
    size_t have = 0;
    ssize_t got = 1;
    while (have < bytes && (got = read(file, text + have, bytes - have)) > 0)
        have += (size_t)got;
    close(file);
    if (have < bytes) {
        diagnostics_add(build->diagnostics, "E510", pointer, AT_VALUE,
                        "the trace could not be read to its end", NULL, NULL, NULL);
        memory_give(memory, text, bytes);
        return NULL;
    }
    *ret_bytes = bytes;
    return text;
}

static bool is_digest(const char *text)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    return digits == DIGEST_TEXT_BYTES && text[digits] == 0;
}

static int check_digest(const struct build *build, const char *text, size_t bytes)
{
    const struct trace_config *config = build->config;
    if (!config->sha256 || !config->sha256[0])
        return 0;
    unsigned char digest[crypto_hash_sha256_BYTES];
    char got[DIGEST_TEXT_BYTES + 1];
    crypto_hash_sha256(digest, (const unsigned char *)text, bytes);
    sodium_bin2hex(got, sizeof got, digest, sizeof digest);
    if (strcasecmp(got, config->sha256) == 0)
        return 0;
    char at[POINTER_BYTES];
    snprintf(at, sizeof at, "%s/sha256", build->pointer);
    diagnostics_add(build->diagnostics, "E513", at, AT_VALUE,
                    "the file is another one: its SHA-256 differs", got, NULL, got);
    return -1;
}

static int load(const struct build *build, struct client_group *group)
{
    const struct trace_config *config = build->config;
    char at[POINTER_BYTES];
    snprintf(at, sizeof at, "%s/file", build->pointer);
    size_t bytes;
    char *text = read_file(build, config->file, at, group->memory, &bytes);
    if (!text)
        return -1;
    struct trace_table *table = group->own;
    struct trace_limits limits = {.shards = group->shards, .accounts = group->accounts};
    int failed = check_digest(build, text, bytes);
    if (failed == 0)
        failed =
            trace_csv_parse(text, bytes, &limits, at, group->memory, build->diagnostics, table);
    memory_give(group->memory, text, bytes);
    return failed;
}

/* ---- The source ---- */

static uint64_t arrival_ns(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint64_t previous_ns)
{
    const struct trace_table *table = group->own;
    (void)context, (void)client, (void)previous_ns;
    if (number >= table->count)
        return CLIENT_NEVER;
    return group->from_ns + table->rows[number].at_ns;
}

static void transfer(const struct client_group *group, uint64_t number,
                     struct client_transfer *ret_transfer)
{
    const struct trace_table *table = group->own;
    const struct trace_row *row = &table->rows[number];
    *ret_transfer = (struct client_transfer){.from_shard = row->from_shard,
                                             .to_shard = row->to_shard,
                                             .from_account = row->from_account,
                                             .to_account = row->to_account,
                                             .amount = row->amount,
                                             .bytes = row->bytes};
}

static void destroy(struct client_group *group)
{
    struct trace_table *table = group->own;
    if (!table)
        return;
    trace_csv_free(table, group->memory);
    memory_give(group->memory, table, sizeof *table);
}

static const struct client_source source = {
    .arrival_ns = arrival_ns, .transfer = transfer, .destroy = destroy};

/* ---- Model ---- */

static void check(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct trace_config *trace = config;
    client_check(&trace->common, pointer, diagnostics);
    if (trace->sha256 && trace->sha256[0] && !is_digest(trace->sha256)) {
        char at[POINTER_BYTES];
        snprintf(at, sizeof at, "%s/sha256", pointer);
        diagnostics_add(diagnostics, "E207", at, AT_VALUE, "not a SHA-256", "64 hexadecimal digits",
                        NULL, NULL);
    }
}

static int build(const struct build *build, void **ret_state)
{
    const struct trace_config *config = build->config;
    struct client_group *group;
    if (client_build(build, &config->common, &source, 1, &group) != 0)
        return -1;
    group->own = memory_take(group->memory, "workload: trace", sizeof(struct trace_table));
    if (load(build, group) != 0) {
        client_destroy(group);
        return -1;
    }
    *ret_state = group;
    return 0;
}

const struct model workload_trace_model = {
    CLIENT_MODEL,
    .name = "trace",
    .summary = "the transfers of a CSV file",
    .version = 1,
    .config_bytes = sizeof(struct trace_config),
    .params = params,
    .check = check,
    .build = build,
};
