#include "tests/theory/one_message.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/order.h"
#include "sim/rng.h"
#include "sim/sim_assert.h"
#include "sim/world.h"
#include "tests/theory/theory_run.h"

enum { TEXT_BYTES = 2000, MASTERCHAIN = 1 };

/* ---- The run ---- */

static const char *const clocks[] = {"aligned", "periodic", "on_demand"};
static const char *const paths[] = {"slow", "instant", "both"};

/* A resend cannot make the first copy later, but a quiet network has none. */
static void write_scenario(const struct one_message *one, const char *trace, char *ret_text)
{
    char bandwidth[64] = "";
    if (one->bit_per_s > 0)
        snprintf(bandwidth, sizeof bandwidth, ", \"bandwidth\": \"%" PRIu64 "bit/s\"",
                 one->bit_per_s);
    int length = snprintf(
        ret_text, TEXT_BYTES,
        "{\"version\": 1, \"duration\": \"100000s\", \"seed\": %" PRIu64 ",\n"
        " \"network\": {\"latency\": {\"type\": \"constant\", \"value\": \"%" PRIu64 "ns\"}%s},\n"
        " \"chain\": {\"shards\": %u, \"block_interval\": \"%" PRIu64 "ns\", \"clock\": \"%s\",\n"
        "  \"validators\": {\"type\": \"collective\", \"consensus_delay\": \"%" PRIu64 "ns\"},\n"
        "  \"masterchain\": {\"block_interval\": \"%" PRIu64 "ns\"}, \"visibility\": \"%s\"},\n"
        " \"messaging\": {\"type\": \"hypercube\", \"path\": \"%s\", \"digit_bits\": %u,"
        " \"resend\": \"86400s\", \"instant_newer\": \"%s\"},\n"
        " \"ledger\": {\"type\": \"accounts\", \"accounts_per_shard\": 2},\n"
        " \"workload\": [{\"type\": \"trace\", \"file\": \"%s\"}]}\n",
        one->seed, one->latency_ns, bandwidth, 1U << one->depth, one->interval_ns,
        clocks[one->clock], one->consensus_ns, one->master_ns,
        one->by_masterchain ? "masterchain" : "at_once", paths[one->path], one->digit_bits,
        one->accept_newer ? "accept" : "postpone", trace);
    SIM_ASSERT(length > 0 && length < TEXT_BYTES);
}

static void write_trace(const struct one_message *one, const char *path)
{
    FILE *file = fopen(path, "w");
    SIM_ASSERT(file != NULL);
    fprintf(file,
            "at,from_shard,from_account,to_shard,to_account,amount,bytes\n"
            "%" PRIu64 "ns,%u,0,%u,1,1,%u\n",
            one->submit_ns, one->from, one->to, one->bytes);
    SIM_ASSERT(fclose(file) == 0);
}

static const char sql[] =
    "SELECT m.created_ns, m.first_committed_ns, m.delivered_ns, t.final_ns, m.hops"
    " FROM message m, tx t WHERE (SELECT count(*) FROM message) = 1 AND t.final_ns NOT NULL";

struct one_times one_message_run(const struct one_message *one)
{
    char folder[THEORY_FOLDER_BYTES], text[TEXT_BYTES];
    char trace[THEORY_PATH_BYTES], database[THEORY_PATH_BYTES];
    int64_t column[5];
    theory_folder(folder);
    snprintf(trace, sizeof trace, "%s/one.csv", folder);
    snprintf(database, sizeof database, "%s/one.db", folder);
    write_trace(one, trace);
    write_scenario(one, trace, text);
    theory_run(text, database, LOG_TX, (struct engine_options){0});
    theory_query(database, sql, 5, column); /* one message, delivered */
    theory_folder_remove(folder);
    return (struct one_times){.created_ns = (uint64_t)column[0],
                              .committed_ns = (uint64_t)column[1],
                              .delivered_ns = (uint64_t)column[2],
                              .tx_final_ns = (uint64_t)column[3],
                              .hops = (uint64_t)column[4]};
}

/* ---- The closed form ---- */

/* The first slot strictly later than a time; slots of a chain are at phase + k interval, and the
 * instant 0 is no slot. */
static uint64_t after(uint64_t phase_ns, uint64_t interval_ns, uint64_t now_ns)
{
    uint64_t first_ns = phase_ns > 0 ? phase_ns : interval_ns;
    return now_ns < first_ns ? first_ns
                             : first_ns + ((now_ns - first_ns) / interval_ns + 1) * interval_ns;
}

static uint64_t phase_of(const struct one_message *one, uint32_t chain, uint64_t interval_ns)
{
    const struct rng rng = {.seed = one->seed, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_PHASE, identity_of(ROLE_CHAIN, chain), 0);
    return one->clock == ONE_ALIGNED ? 0 : rng_below(&stream, interval_ns);
}

static uint64_t slot_after(const struct one_message *one, uint32_t shard, uint64_t now_ns)
{
    uint32_t chain = UINT32_C(1) << 21 | UINT32_C(1) << one->depth | shard;
    if (one->clock == ONE_ON_DEMAND) /* its first block */
        return now_ns;
    return after(phase_of(one, chain, one->interval_ns), one->interval_ns, now_ns);
}

/* When others may see a block that is final at a time. */
static uint64_t visible(const struct one_message *one, uint64_t final_ns)
{
    if (!one->by_masterchain)
        return final_ns;
    return after(phase_of(one, MASTERCHAIN, one->master_ns), one->master_ns, final_ns) +
           one->consensus_ns;
}

static uint64_t serialisation_ns(const struct one_message *one, uint64_t wire_bytes)
{
    if (one->bit_per_s == 0)
        return 0;
    return (wire_bytes * 8 * UINT64_C(1000000000) + one->bit_per_s - 1) / one->bit_per_s;
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* The shard after the first `digits` digits, of digit_bits each from the top, are those of `to`. */
static uint32_t with_digits(const struct one_message *one, unsigned digits)
{
    unsigned fixed = digits * one->digit_bits;
    unsigned rest = fixed < one->depth ? one->depth - fixed : 0;
    return (one->to >> rest << rest) | (one->from & ((UINT32_C(1) << rest) - 1));
}

struct one_times one_message_expected(const struct one_message *one)
{
    enum { RECEIPT_BYTES = 64, HEAD_BYTES = 64, ENTRY_BYTES = 32, PROOF_BYTES = 88 };
    struct one_times times = {0};
    uint64_t submitted_ns = one->submit_ns + one->latency_ns;
    /* The client's receipt is on the source's uplink first. */
    uint64_t uplink_ns = submitted_ns + serialisation_ns(one, RECEIPT_BYTES);
    times.created_ns = slot_after(one, one->from, submitted_ns);
    times.committed_ns = times.created_ns + one->consensus_ns;
    uint64_t final_ns = times.committed_ns;
    uint32_t shard = one->from;
    if (one->path != ONE_SLOW && one->to != one->from) {
        uint64_t arrival_ns = later(final_ns, uplink_ns) + one->latency_ns +
                              serialisation_ns(one, HEAD_BYTES + one->bytes + PROOF_BYTES);
        if (!one->accept_newer)
            arrival_ns = later(arrival_ns, visible(one, final_ns));
        final_ns = slot_after(one, one->to, arrival_ns) + one->consensus_ns;
        times.hops = 1;
        shard = one->to;
    }
    for (unsigned digits = 1; shard != one->to; digits++) {
        uint32_t next = with_digits(one, digits);
        if (next == shard)
            continue;
        uint64_t arrival_ns = later(visible(one, final_ns), uplink_ns) + one->latency_ns +
                              serialisation_ns(one, HEAD_BYTES + one->bytes + ENTRY_BYTES);
        final_ns = slot_after(one, next, arrival_ns) + one->consensus_ns;
        uplink_ns = 0; /* the next shard's uplink is idle */
        times.hops++;
        shard = next;
    }
    times.delivered_ns = times.tx_final_ns = final_ns;
    return times;
}
