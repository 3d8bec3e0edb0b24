/* Goal: sets of shreds survive loss as often as the binomial says (SOL-R9, SOL-R2.13): a shred that
 * is sent over h links, each losing it with probability p, comes with q = (1 - p)^h, and a set of
 * d + c is complete when at least d came. Method: shreds that walk down the product's turbine
 * trees, each with its own, to a validator that is always two sends away; whether the set recovers
 * is what a member's record of it says and, for some, what real bytes do. Rarer failures by
 * presence alone, with more sets. */

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "models/spread/reed_solomon.h"
#include "models/spread/slot_progress.h"
#include "models/spread/turbine_tree.h"
#include "sim/rng.h"
#include "tests/theory/theory_table.h"

enum { NODES = 20, STAKED = 12, LEADER = 0, TARGET = NODES - 1, SHRED_BYTES = 8 };

static const struct rng rng = {.seed = 40, .replication = 0};

static double success(unsigned data, unsigned code, double loss, unsigned hops)
{
    return gsl_cdf_binomial_Q(data - 1, pow(1 - loss, hops), data + code);
}

/* Whether the shred crosses every link from the leader to the target unharmed, and how many there
 * are: the way is found upwards from the target's place, which without stake is never place 0. */
static bool arrives(struct turbine_cluster *cluster, const struct shred_id *shred,
                    uint64_t threshold, unsigned *ret_hops)
{
    uint32_t ranks[NODES], place = 0;
    uint32_t count = turbine_order(cluster, shred, LEADER, ranks);
    bool unharmed = true;
    while (place < count && ranks[place] != TARGET)
        place++;
    for (*ret_hops = 0; place != TURBINE_NONE; ++*ret_hops) {
        uint32_t parent = turbine_parent_of(place, cluster->fanout);
        struct rng_stream stream;
        rng_stream_link(&stream, &rng, RNG_LINK_LOSS,
                        parent == TURBINE_NONE ? LEADER : ranks[parent], ranks[place], shred->slot,
                        shred->type, shred->index);
        unharmed = !rng_chance(&stream, threshold) && unharmed;
        place = parent;
    }
    return unharmed;
}

/* Real bytes: recovered if and only if the record says so, and then the original ones. */
static void recover_bytes(const struct reed_solomon *code, const bool *present, bool expected)
{
    unsigned char bytes[REED_SOLOMON_SHREDS_MAX][SHRED_BYTES], original[64][SHRED_BYTES];
    unsigned char *shreds[REED_SOLOMON_SHREDS_MAX];
    uint32_t total = code->data_count + code->code_count;
    for (uint32_t i = 0; i < total; i++) {
        shreds[i] = bytes[i];
        for (unsigned k = 0; k < SHRED_BYTES; k++)
            bytes[i][k] = (unsigned char)(i * 37 + k * 11);
    }
    memcpy(original, bytes, code->data_count * sizeof bytes[0]);
    reed_solomon_encode(code, shreds, SHRED_BYTES);
    for (uint32_t i = 0; i < total; i++)
        if (!present[i])
            memset(bytes[i], 0, SHRED_BYTES);
    ck_assert(reed_solomon_recover(code, shreds, present, SHRED_BYTES) == expected);
    ck_assert(!expected || memcmp(bytes, original, code->data_count * sizeof bytes[0]) == 0);
}

static void make_cluster(struct turbine_cluster *cluster, struct memory *memory)
{
    struct turbine_node nodes[NODES];
    for (uint32_t i = 0; i < NODES; i++)
        nodes[i] = (struct turbine_node){.stake = i < STAKED ? 1000 - i : 0,
                                         .key = {(unsigned char)(NODES - i)}};
    turbine_cluster_init(cluster, memory, nodes, NODES, NODES, CHACHA_ROUNDS_8);
}

/* One set of a slot: what came is marked; true if all its data is there or can be recovered. */
static bool send_set(struct turbine_cluster *cluster, uint64_t slot,
                     const struct reed_solomon *code, uint64_t threshold)
{
    struct set_progress set = {0};
    bool present[REED_SOLOMON_SHREDS_MAX];
    for (uint32_t i = 0; i < code->data_count + code->code_count; i++) {
        bool data = i < code->data_count;
        struct shred_id id = {slot, data ? i : i - code->data_count,
                              data ? SHRED_DATA : SHRED_CODE};
        unsigned hops = 0;
        present[i] = arrives(cluster, &id, threshold, &hops);
        ck_assert_uint_eq(hops, 2);
        if (present[i])
            set_progress_mark(&set, id.type, id.index);
    }
    bool complete = set_progress_enough(&set, code->data_count);
    if (slot < 200)
        recover_bytes(code, present, complete);
    return complete;
}

START_TEST(sets_over_turbine_trees)
{
    static const struct {
        unsigned data, code;
        double published;
    } rows[] = {{16, 4, 0.310586}, {16, 16, 0.997868}, {32, 32, 0.999952}};
    enum { SETS = 12000 };
    theory_begin("sets of shreds over two hops of turbine, 15 % loss a hop");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct memory memory = {0};
        struct turbine_cluster cluster;
        struct reed_solomon code;
        uint64_t complete = 0;
        make_cluster(&cluster, &memory);
        reed_solomon_init(&code, rows[i].data, rows[i].code);
        for (uint64_t slot = 1; slot <= SETS; slot++)
            complete += send_set(&cluster, slot, &code, exact_threshold(INT64_C(150000000000)));
        turbine_cluster_destroy(&cluster);
        double exact = success(rows[i].data, rows[i].code, 0.15, 2);
        theory_near(exact, rows[i].published, 5e-7, "%u:%u the binomial itself", rows[i].data,
                    rows[i].code);
        theory_fraction(SETS - complete, SETS, 1 - exact, "%u:%u incomplete of %d", rows[i].data,
                        rows[i].code, SETS);
    }
    theory_end();
}
END_TEST

START_TEST(rare_failures_by_presence)
{
    static const struct {
        unsigned data, code, hops;
        int64_t loss; /* out of 10^12 */
        double published;
    } rows[] = {{32, 32, 2, 150000000000, 0.999952}, {32, 32, 3, 150000000000, 0.976322},
                {32, 32, 2, 250000000000, 0.871362}, {32, 32, 3, 250000000000, 0.127655},
                {32, 16, 2, 150000000000, 0.847292}, {16, 16, 2, 150000000000, 0.997868}};
    enum { SETS = 200000 };
    theory_begin("sets of shreds, each shred lost or not on every hop");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t threshold = exact_threshold(rows[i].loss), incomplete = 0;
        for (uint64_t set = 0; set < SETS; set++) {
            struct rng_stream stream;
            struct set_progress came = {0};
            rng_stream_at(&stream, &rng, RNG_TEST, i, set);
            for (uint32_t k = 0; k < rows[i].data + rows[i].code; k++) {
                bool unharmed = true;
                for (unsigned hop = 0; hop < rows[i].hops; hop++)
                    unharmed = !rng_chance(&stream, threshold) && unharmed;
                bool data = k < rows[i].data;
                if (unharmed)
                    set_progress_mark(&came, data ? SHRED_DATA : SHRED_CODE,
                                      data ? k : k - rows[i].data);
            }
            incomplete += !set_progress_enough(&came, rows[i].data);
        }
        double exact =
            success(rows[i].data, rows[i].code, (double)rows[i].loss / 1e12, rows[i].hops);
        theory_near(exact, rows[i].published, 6e-7, "%u:%u loss %.2f, %u hops: the binomial",
                    rows[i].data, rows[i].code, (double)rows[i].loss / 1e12, rows[i].hops);
        theory_fraction(incomplete, SETS, 1 - exact, "%u:%u loss %.2f, %u hops: incomplete",
                        rows[i].data, rows[i].code, (double)rows[i].loss / 1e12, rows[i].hops);
    }
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {sets_over_turbine_trees, rare_failures_by_presence, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_erasure", argument_count, arguments, fast, nightly);
}
