/* Goal: messages need exactly the hops that the theory of hypercube routing says. Method: the
 * product's own route_walk() and shard tree over all ordered pairs of shards up to 4096 shards and
 * over random pairs beyond, against binomial closed forms, a count of differing digits written
 * here, and the measured table of the deployed implementation. */

#include <math.h>
#include <stdlib.h>

#include "models/chain/shard_tree.h"
#include "models/messaging/hypercube_route.h"
#include "sim/rng.h"
#include "tests/theory/theory_table.h"

enum { DIGIT_BITS = 4, LINKS_MAX = 20, WORKCHAIN = 0, OTHER_WORKCHAIN = 5 };

static const struct rng rng = {.seed = 36, .replication = 0};

static struct rng_stream stream_of(uint64_t item)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    return stream;
}

/* Every workchain has the same tree; the masterchain is whole. */
static uint64_t locate(const void *self, struct address address)
{
    const struct shard_tree *tree = self;
    if (address.workchain == ROUTE_MASTERCHAIN)
        return SHARD_WHOLE;
    return shard_tree_at(tree, shard_tree_find(tree, address.prefix));
}

/* Of all pairs of one test: route_walk() and route_links() must agree. */
static uint64_t walks_unlike_counts;

static unsigned links_between(const struct shard_tree *tree, struct address from, struct address to)
{
    struct route_visit visits[ROUTE_VISITS_MAX];
    unsigned count = route_walk(ROUTING_DEPLOYED, DIGIT_BITS, from, to, locate, tree, visits);
    unsigned depth = shard_depth(locate(tree, to));
    walks_unlike_counts += count != route_links(ROUTING_DEPLOYED, DIGIT_BITS, from, to, depth) + 1;
    return count - 1;
}

struct tally {
    uint64_t pairs[LINKS_MAX]; /* by links; weighted where a comment says so */
    uint64_t longest;
};

static void tally_add(struct tally *tally, unsigned links, uint64_t weight)
{
    /* The last place also counts what is too long to be right. */
    tally->pairs[links < LINKS_MAX ? links : LINKS_MAX - 1] += weight;
    tally->longest = links > tally->longest ? links : tally->longest;
}

static uint64_t tally_links(const struct tally *tally)
{
    uint64_t sum = 0;
    for (uint64_t links = 0; links < LINKS_MAX; links++)
        sum += links * tally->pairs[links];
    return sum;
}

/* One random account in each shard. */
static uint64_t *draw_accounts(const struct shard_tree *tree)
{
    uint64_t *accounts = malloc(tree->count * sizeof *accounts);
    for (uint32_t i = 0; i < tree->count; i++) {
        struct rng_stream stream = stream_of(i);
        uint64_t shard = shard_tree_at(tree, i);
        uint64_t first = shard_first(shard);
        accounts[i] = first | (rng_u64(&stream) & (shard_last(shard) - first));
    }
    return accounts;
}

static struct tally walk_all(const struct shard_tree *tree, int32_t to_workchain)
{
    struct tally tally = {{0}, 0};
    uint64_t *accounts = draw_accounts(tree);
    for (uint32_t a = 0; a < tree->count; a++)
        for (uint32_t b = 0; b < tree->count; b++) {
            struct address from = {WORKCHAIN, accounts[a]}, to = {to_workchain, accounts[b]};
            tally_add(&tally, links_between(tree, from, to), 1);
        }
    free(accounts);
    return tally;
}

static uint64_t choose(unsigned n, unsigned k)
{
    uint64_t value = 1;
    for (unsigned i = 0; i < k; i++)
        value = value * (n - i) / (i + 1);
    return value;
}

/* Pairs of shards of depth 4 * digits + rest with that many differing digits: a binomial over the
 * whole digits, and a last digit of 2^rest values. */
static uint64_t pairs_expected(unsigned digits, unsigned rest, unsigned links)
{
    uint64_t last_values = UINT64_C(1) << rest, pairs = 0;
    for (unsigned last = 0; last <= (rest > 0) && last <= links; last++) {
        unsigned whole = links - last;
        if (whole > digits)
            continue;
        uint64_t ways = choose(digits, whole);
        for (unsigned i = 0; i < whole; i++)
            ways *= 15;
        /* From each of the 16^digits sources; the last digit: equal or one of the others. */
        pairs += (ways << (4 * digits)) * last_values * (last ? last_values - 1 : 1);
    }
    return pairs;
}

/* Part C's columns, as printed there. */
struct table_row {
    uint32_t shards;
    unsigned depth, longest;
    double mean_links, mean_digits; /* and half a unit of its last place */
    double mean_intermediates, intermediates_digits;
    double percent[6], percent_digits;
};
static const struct table_row table[] = {
    {16, 4, 1, 0.9375, 5e-5, 0.0000, 5e-5, {6.25, 93.75}, 0.005},
    {32, 5, 2, 1.4375, 5e-5, 0.4839, 5e-5, {3.13, 50.00, 46.88}, 0.0051},
    {64, 6, 2, 1.6875, 5e-5, 0.7143, 5e-5, {1.56, 28.13, 70.31}, 0.0051},
    {256, 8, 2, 1.8750, 5e-5, 0.8824, 5e-5, {0.39, 11.72, 87.89}, 0.005},
    {512, 9, 3, 2.3750, 5e-5, 1.3796, 5e-5, {0.20, 6.05, 49.80, 43.95}, 0.005},
    {1024, 10, 3, 2.6250, 5e-5, 1.6276, 5e-5, {0.10, 3.22, 30.76, 65.92}, 0.005},
    {4096, 12, 3, 2.8125, 5e-5, 1.8132, 5e-5, {0.02, 1.10, 16.48, 82.40}, 0.005},
};

static void means_and_percentages(const struct table_row *row, const struct tally *tally,
                                  uint64_t pairs, uint64_t distinct)
{
    double links = (double)tally_links(tally);
    theory_near(links / (double)pairs, row->mean_links, row->mean_digits, "N=%u mean links",
                row->shards);
    theory_near((links - (double)distinct) / (double)distinct, row->mean_intermediates,
                row->intermediates_digits, "N=%u mean intermediates, distinct shards", row->shards);
    for (unsigned j = 0; j <= row->longest; j++)
        theory_near(100.0 * (double)tally->pairs[j] / (double)pairs, row->percent[j],
                    row->percent_digits, "N=%u percent of pairs with %u links", row->shards, j);
}

/* TON-31, TON-33, TON-36, TON-R6: an even tree of any depth, every ordered pair. */
START_TEST(all_pairs_of_even_trees_need_as_many_links_as_digits_differ)
{
    theory_begin("hops: all ordered pairs of shards, even trees");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct table_row *row = &table[i];
        struct shard_tree tree = shard_tree_even(row->shards);
        ck_assert_uint_eq(tree.depth, row->depth);
        struct tally tally = walk_all(&tree, WORKCHAIN);
        for (unsigned j = 0; j <= row->longest; j++)
            theory_exact(tally.pairs[j], pairs_expected(row->depth / 4, row->depth % 4, j),
                         "N=%u pairs with %u links", row->shards, j);
        theory_exact(tally.longest, row->longest, "N=%u longest way, links", row->shards);
        uint64_t n = row->shards;
        means_and_percentages(row, &tally, n * n, n * (n - 1));
    }
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

/* The digits of `depth` address bits that differ. The slow, obvious version. */
static unsigned digits_differing(uint64_t a, uint64_t b, unsigned depth)
{
    unsigned digits = 0;
    for (unsigned start = 0; start < depth; start += DIGIT_BITS) {
        bool differs = false;
        for (unsigned bit = start; bit < depth && bit < start + DIGIT_BITS; bit++)
            differs |= (a >> (63 - bit) & 1) != (b >> (63 - bit) & 1);
        digits += differs;
    }
    return digits;
}

/* A merged shard holds two addresses of full depth: each pair of addresses counts 4 divided by the
 * number of addresses in its two shards, so that each pair of shards counts 4. The mean over random
 * accounts is then exact. */
static void walk_merged(const struct shard_tree *tree, struct tally *ret_walked,
                        struct tally *ret_counted)
{
    uint32_t places = UINT32_C(1) << tree->depth;
    for (uint32_t a = 0; a < places; a++)
        for (uint32_t b = 0; b < places; b++) {
            struct address from = {WORKCHAIN, (uint64_t)a << (64 - tree->depth)};
            struct address to = {WORKCHAIN, (uint64_t)b << (64 - tree->depth)};
            unsigned from_depth = shard_depth(locate(tree, from));
            unsigned to_depth = shard_depth(locate(tree, to));
            uint64_t weight =
                (from_depth < tree->depth ? 1U : 2U) * (to_depth < tree->depth ? 1U : 2U);
            tally_add(ret_walked, links_between(tree, from, to), weight);
            tally_add(ret_counted, digits_differing(from.prefix, to.prefix, to_depth), weight);
        }
}

/* TON-36 at the sizes that the paper speaks of: 250 shards, at most one intermediate; 4000, at most
 * two. The table's numbers come from two random accounts a pair, hence its wider bands at 250. */
START_TEST(trees_that_are_no_power_of_two_keep_the_bound)
{
    static const struct table_row rows[] = {
        {250, 8, 2, 1.873, 1e-3, 0.880, 1e-3, {0.40, 11.91, 87.69}, 0.06},
        {4000, 12, 3, 2.810, 6e-4, 1.811, 6e-4, {0.03, 1.12, 16.64, 82.21}, 0.008},
    };
    theory_begin("hops: 250 and 4000 shards, all pairs of addresses");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct table_row *row = &rows[i];
        struct shard_tree tree = shard_tree_even(row->shards);
        struct tally walked = {{0}, 0}, counted = {{0}, 0};
        walk_merged(&tree, &walked, &counted);
        uint64_t n = row->shards, all = 0;
        for (unsigned j = 0; j <= row->longest; j++) {
            theory_exact(walked.pairs[j], counted.pairs[j], "N=%u pairs with %u links, times 4",
                         row->shards, j);
            all += walked.pairs[j];
        }
        theory_exact(all, 4 * n * n, "N=%u all pairs, times 4", row->shards);
        theory_at_most(walked.longest - 1, row->longest - 1, "N=%u most intermediates",
                       row->shards);
        means_and_percentages(row, &walked, 4 * n * n, 4 * n * (n - 1));
    }
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

/* TON-36: 65536 and 2^20 shards by random pairs; links of depth 4k are binomial(k, 15/16). */
START_TEST(random_pairs_of_large_trees_are_binomial)
{
    enum { SAMPLES = 2000000 };
    theory_begin("hops: random pairs of large trees");
    for (unsigned digits = 4; digits <= 5; digits++) {
        struct shard_tree tree = shard_tree_even(UINT32_C(1) << (4 * digits));
        struct tally tally = {{0}, 0};
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct rng_stream stream = stream_of(i << 8 | digits);
            struct address from = {WORKCHAIN, rng_u64(&stream)};
            struct address to = {WORKCHAIN, rng_u64(&stream)};
            tally_add(&tally, links_between(&tree, from, to), 1);
        }
        double mean = digits * 15.0 / 16.0, variance = digits * 15.0 / 256.0;
        for (unsigned j = 0; j <= digits; j++)
            theory_fraction(tally.pairs[j], SAMPLES,
                            (double)choose(digits, j) * pow(15.0 / 16, j) *
                                pow(1.0 / 16, digits - j),
                            "N=%u share of pairs with %u links", tree.count, j);
        theory_near((double)tally_links(&tally) / SAMPLES, mean,
                    3.290527 * sqrt(variance / SAMPLES), "N=%u mean links", tree.count);
        theory_at_most(tally.longest - 1, digits - 1, "N=%u most intermediates", tree.count);
    }
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

/* One path split down to depth D: shards of depth 1..D, and the last one's sibling. */
static uint64_t locate_on_spine(const void *self, struct address address)
{
    unsigned depth_max = *(const unsigned *)self;
    unsigned zeros = address.prefix == 0 ? 64 : (unsigned)__builtin_clzll(address.prefix);
    unsigned depth = zeros + 1 < depth_max ? zeros + 1 : depth_max;
    return shard_of_prefix(address.prefix, depth);
}

static uint64_t account_on_spine(unsigned depth_max, unsigned shard, struct rng_stream *stream)
{
    unsigned depth = shard < depth_max ? shard + 1 : depth_max;
    /* Shard i < D has i zeros and a one; shard D has D zeros. */
    uint64_t bits = shard < depth_max ? 1 : 0;
    return bits << (64 - depth) | (rng_u64(stream) >> depth);
}

/* Part C: the bound of a tree is ceil(depth / 4), not the logarithm of its size. */
START_TEST(unbalanced_trees_need_links_by_their_depth)
{
    static const struct {
        unsigned depth, links;
    } spines[] = {{8, 2}, {20, 5}, {40, 10}, {60, 15}};
    theory_begin("hops: one path split down to depth D, N = D + 1 shards");
    for (size_t i = 0; i < sizeof spines / sizeof spines[0]; i++) {
        enum { DRAWS = 200 };
        unsigned depth = spines[i].depth;
        struct tally tally = {{0}, 0};
        for (uint64_t draw = 0; draw < DRAWS; draw++)
            for (unsigned a = 0; a <= depth; a++)
                for (unsigned b = 0; b <= depth; b++) {
                    struct rng_stream stream = stream_of(draw << 32 | a << 16 | b << 8 | depth);
                    struct address from = {WORKCHAIN, account_on_spine(depth, a, &stream)};
                    struct address to = {WORKCHAIN, account_on_spine(depth, b, &stream)};
                    struct route_visit visits[ROUTE_VISITS_MAX];
                    tally_add(&tally,
                              route_walk(ROUTING_DEPLOYED, DIGIT_BITS, from, to, locate_on_spine,
                                         &depth, visits) -
                                  1,
                              1);
                }
        theory_exact(tally.longest, spines[i].links, "D=%u longest way, links", depth);
        if (depth == 60) /* the table's mean is of one account a shard: 61 draws */
            theory_near((double)tally_links(&tally) / (DRAWS * 61.0 * 61.0), 3.27, 0.3,
                        "D=%u mean links", depth);
    }
    theory_end();
}
END_TEST

/* TON-R6: another workchain is one link more, whatever its number. Part C: up to 6 links between
 * two workchains of 2^20 shards. */
START_TEST(another_workchain_is_one_link_more)
{
    theory_begin("hops: between workchains of equal trees");
    struct shard_tree tree = shard_tree_even(256);
    struct tally within = walk_all(&tree, WORKCHAIN);
    struct tally across = walk_all(&tree, OTHER_WORKCHAIN);
    theory_exact(across.pairs[0], 0, "N=256 pairs with 0 links");
    for (unsigned j = 0; j <= 2; j++)
        theory_exact(across.pairs[j + 1], within.pairs[j], "N=256 pairs with %u links", j + 1);
    tree = shard_tree_even(1 << 20);
    struct address from = {WORKCHAIN, 0}, to = {OTHER_WORKCHAIN, UINT64_MAX};
    theory_exact(links_between(&tree, from, to), 6, "N=2^20 links from the first to the last");
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

/* TON-54: between the masterchain and a shard, directly. */
START_TEST(the_masterchain_is_one_link_from_every_shard)
{
    theory_begin("hops: to the masterchain and back");
    struct shard_tree tree = shard_tree_even(250);
    struct tally there = {{0}, 0}, back = {{0}, 0};
    uint64_t *accounts = draw_accounts(&tree);
    for (uint32_t i = 0; i < tree.count; i++) {
        struct address shard = {WORKCHAIN, accounts[i]}, master = {ROUTE_MASTERCHAIN, ~accounts[i]};
        tally_add(&there, links_between(&tree, shard, master), 1);
        tally_add(&back, links_between(&tree, master, shard), 1);
    }
    free(accounts);
    theory_exact(there.pairs[1], 250, "N=250 shards one link from the masterchain");
    theory_exact(back.pairs[1], 250, "N=250 shards to which the masterchain has one link");
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

/* Part C's own sample at full size: every destination of some random sources. Each source of an
 * even tree of depth 4k has exactly C(k, j) 15^j destinations at j links. */
START_TEST(whole_rows_of_large_trees_are_binomial)
{
    theory_begin("hops: random sources to all shards of large trees");
    for (unsigned digits = 4; digits <= 5; digits++) {
        struct shard_tree tree = shard_tree_even(UINT32_C(1) << (4 * digits));
        uint64_t sources = digits == 4 ? 1024 : 64;
        struct tally tally = {{0}, 0};
        uint64_t *accounts = draw_accounts(&tree);
        for (uint64_t source = 0; source < sources; source++) {
            struct rng_stream stream = stream_of(source << 40 | digits);
            struct address from = {WORKCHAIN, rng_u64(&stream)};
            for (uint32_t b = 0; b < tree.count; b++) {
                struct address to = {WORKCHAIN, accounts[b]};
                tally_add(&tally, links_between(&tree, from, to), 1);
            }
        }
        free(accounts);
        for (unsigned j = 0; j <= digits; j++)
            theory_exact(tally.pairs[j] << (4 * digits), sources * pairs_expected(digits, 0, j),
                         "N=%u pairs with %u links, times N", tree.count, j);
    }
    theory_exact(walks_unlike_counts, 0,
                 "pairs whose walk is not as long as their count of digits");
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {all_pairs_of_even_trees_need_as_many_links_as_digits_differ,
                                 trees_that_are_no_power_of_two_keep_the_bound,
                                 random_pairs_of_large_trees_are_binomial,
                                 unbalanced_trees_need_links_by_their_depth,
                                 another_workchain_is_one_link_more,
                                 the_masterchain_is_one_link_from_every_shard,
                                 NULL};
    const TTest *const nightly[] = {whole_rows_of_large_trees_are_binomial, NULL};
    return theory_main("theory_hops", argument_count, arguments, fast, nightly);
}
