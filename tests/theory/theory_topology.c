/* Goal: distances and link loads of the generalised hypercube (radix r, d digits, N = r^d shards)
 * are those of theory. Method: the product's route_walk() with digits of log2 r bits over all pairs
 * of shards, against exact rationals (TON-34: the digit size is a parameter); random pairs of a
 * large tree; and a whole run of the simulator, whose counters must show the same mean. */

#include <math.h>
#include <stdlib.h>

#include "models/messaging/hypercube_route.h"
#include "sim/rng.h"
#include "tests/run_scenario.h"
#include "tests/theory/theory_table.h"

struct cube { /* N = 2^depth shards, each found by the top bits of an address */
    unsigned radix_bits, digits, depth;
};

static struct cube cube_of(unsigned radix_bits, unsigned digits)
{
    return (struct cube){radix_bits, digits, radix_bits * digits};
}

static uint64_t locate(const void *self, struct address address)
{
    const struct cube *cube = self;
    uint64_t tag = UINT64_C(1) << (63 - cube->depth);
    return (address.prefix & ~(2 * tag - 1)) | tag;
}

static struct address address_of(const struct cube *cube, uint32_t shard)
{
    return (struct address){0, (uint64_t)shard << (64 - cube->depth)};
}

static uint32_t shard_of(const struct cube *cube, struct address shard)
{
    return (uint32_t)(shard.prefix >> (64 - cube->depth));
}

struct sums {
    uint64_t links, squares;
};

/* Walks from every shard to every shard. load, if given, counts the messages on each directed link
 * as [from << depth | to]. */
static struct sums walk_all(const struct cube *cube, uint32_t *load)
{
    struct sums sums = {0, 0};
    struct route_visit visits[ROUTE_VISITS_MAX];
    uint32_t shards = UINT32_C(1) << cube->depth;
    for (uint32_t a = 0; a < shards; a++)
        for (uint32_t b = 0; b < shards; b++) {
            unsigned count = route_walk(ROUTING_DEPLOYED, cube->radix_bits, address_of(cube, a),
                                        address_of(cube, b), locate, cube, visits);
            uint64_t links = count - 1;
            sums.links += links;
            sums.squares += links * links;
            for (unsigned i = 0; load != NULL && i + 1 < count; i++)
                load[(uint64_t)shard_of(cube, visits[i].shard) << cube->depth |
                     shard_of(cube, visits[i + 1].shard)]++;
        }
    return sums;
}

/* Mean d(r-1)/r with self and variance d(r-1)/r^2, as integers over all pairs: the sum of the links
 * is N^2 d(r-1)/r, of their squares N^2 (d(r-1)/r^2 + (d(r-1)/r)^2). */
START_TEST(distances_are_exact_rationals)
{
    static const struct {
        unsigned radix_bits, digits;
        double with_self, without, variance; /* as published, six digits */
    } rows[] = {
        {1, 3, 1.5, 1.714286, 0.75},       {1, 7, 3.5, 3.527559, 1.75},
        {1, 10, 5.0, 5.004888, 2.5},       {2, 5, 3.75, 3.753666, 0.9375},
        {3, 3, 2.625, 2.630137, 0.328125}, {4, 2, 1.875, 1.882353, 0.117188},
    };
    theory_begin("distances in generalised hypercubes, all pairs of shards");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cube cube = cube_of(rows[i].radix_bits, rows[i].digits);
        uint64_t r = UINT64_C(1) << cube.radix_bits, d = cube.digits;
        uint64_t n = UINT64_C(1) << cube.depth;
        struct sums sums = walk_all(&cube, NULL);
        theory_exact((uint128)sums.links * r, (uint128)n * n * d * (r - 1),
                     "r=%u d=%u sum of links, times r", (unsigned)r, (unsigned)d);
        theory_exact((uint128)sums.squares * r * r,
                     (uint128)n * n * (d * (r - 1) + d * (r - 1) * d * (r - 1)),
                     "r=%u d=%u sum of squares, times r^2", (unsigned)r, (unsigned)d);
        double pairs = (double)n * (double)n, distinct = (double)n * (double)(n - 1);
        double mean = (double)sums.links / pairs;
        theory_near(mean, rows[i].with_self, 5e-7, "r=%u d=%u mean with self", (unsigned)r,
                    (unsigned)d);
        theory_near((double)sums.links / distinct, rows[i].without, 5e-7,
                    "r=%u d=%u mean without self", (unsigned)r, (unsigned)d);
        theory_near((double)sums.squares / pairs - mean * mean, rows[i].variance, 5.1e-7,
                    "r=%u d=%u variance", (unsigned)r, (unsigned)d);
    }
    theory_end();
}
END_TEST

/* TON-33: one digit after the other, so that uniform traffic loads every directed link alike: with
 * one message a pair each of the N d (r-1) links carries N/r; for r = 2 and rate lambda a node that
 * is lambda N / (2 (N-1)). */
START_TEST(uniform_traffic_loads_all_links_alike)
{
    static const unsigned shapes[][2] = {{1, 3}, {1, 7}, {1, 10}, {2, 5}, {3, 3}, {4, 2}};
    theory_begin("load of directed links, one message a pair");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct cube cube = cube_of(shapes[i][0], shapes[i][1]);
        uint64_t n = UINT64_C(1) << cube.depth, used = 0, most = 0, least = UINT64_MAX;
        unsigned r = 1U << cube.radix_bits;
        uint32_t *load = calloc(n * n, sizeof *load);
        walk_all(&cube, load);
        for (uint64_t link = 0; link < n * n; link++) {
            if (load[link] == 0)
                continue;
            used++;
            most = load[link] > most ? load[link] : most;
            least = load[link] < least ? load[link] : least;
        }
        free(load);
        theory_exact(used, n * cube.digits * (r - 1), "r=%u d=%u directed links used", r,
                     cube.digits);
        theory_exact(least, n / r, "r=%u d=%u least messages on a link", r, cube.digits);
        theory_exact(most, n / r, "r=%u d=%u most messages on a link", r, cube.digits);
    }
    theory_end();
}
END_TEST

START_TEST(random_pairs_have_the_mean_distance)
{
    enum { SAMPLES = 500000 };
    static const unsigned shapes[][2] = {{1, 20}, {2, 10}, {4, 5}, {5, 4}};
    const struct rng rng = {.seed = 6, .replication = 0};
    theory_begin("mean distance of random pairs of 2^20 shards");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct cube cube = cube_of(shapes[i][0], shapes[i][1]);
        struct route_visit visits[ROUTE_VISITS_MAX];
        uint64_t links = 0;
        for (uint64_t k = 0; k < SAMPLES; k++) {
            struct rng_stream stream;
            rng_stream_at(&stream, &rng, RNG_TEST, i, k);
            struct address from = {0, rng_u64(&stream)}, to = {0, rng_u64(&stream)};
            links +=
                route_walk(ROUTING_DEPLOYED, cube.radix_bits, from, to, locate, &cube, visits) - 1;
        }
        double r = 1U << cube.radix_bits, d = cube.digits;
        theory_near((double)links / SAMPLES, d * (r - 1) / r,
                    3.290527 * sqrt(d * (r - 1) / (r * r) / SAMPLES), "r=%.0f d=%.0f mean", r, d);
    }
    theory_end();
}
END_TEST

/* TON-36 in a whole run: all transfers cross shards, so the mean number of links is that without
 * self. Each link is one removal from an output queue, each intermediate shard one forwarding. */
START_TEST(a_run_of_the_simulator_has_the_mean_distance)
{
    static const struct {
        unsigned radix_bits, digits;
    } shapes[] = {{1, 6}, {2, 3}, {4, 2}};
    theory_begin("mean links of transfers in a whole run, slow path, uniform destinations");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char text[700];
        double r = 1U << shapes[i].radix_bits, d = shapes[i].digits, n = pow(r, d);
        snprintf(
            text, sizeof text,
            "{\"version\": 1, \"duration\": \"120s\", \"chain\": {\"shards\": %.0f,"
            " \"block_interval\": \"1s\"}, \"network\": {\"latency\": {\"type\": \"constant\","
            " \"value\": \"20ms\"}}, \"messaging\": {\"type\": \"hypercube\", \"path\":"
            " \"slow\", \"digit_bits\": %u}, \"ledger\": {\"type\": \"accounts\"},"
            " \"workload\": [{\"type\": \"poisson\", \"rate\": \"500tx/s\", \"until\": \"40s\","
            " \"cross_shard\": \"100%%\"}]}",
            n, shapes[i].radix_bits);
        struct engine_result result = run_scenario(text, 4);
        ck_assert_int_eq(result.status, ENGINE_OK);
        uint64_t messages = (uint64_t)engine_counter(&result, "messaging", "messages_delivered");
        uint64_t links = (uint64_t)engine_counter(&result, "messaging", "dequeues");
        uint64_t forwards = (uint64_t)engine_counter(&result, "messaging", "forwards");
        theory_exact(messages, (uint64_t)engine_counter(&result, "messaging", "messages_sent"),
                     "r=%.0f d=%.0f messages delivered = sent", r, d);
        theory_exact(forwards, links - messages, "r=%.0f d=%.0f forwardings = links - messages", r,
                     d);
        double self = n / (n - 1), mean = d * (r - 1) / r * self;
        double square = (d * (r - 1) / (r * r) + pow(d * (r - 1) / r, 2)) * self;
        theory_near((double)links / (double)messages, mean,
                    3.290527 * sqrt((square - mean * mean) / (double)messages),
                    "r=%.0f d=%.0f mean links", r, d);
    }
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {
        distances_are_exact_rationals, uniform_traffic_loads_all_links_alike,
        random_pairs_have_the_mean_distance, a_run_of_the_simulator_has_the_mean_distance, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_topology", argument_count, arguments, fast, nightly);
}
