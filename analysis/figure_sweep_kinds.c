/* The figures over sweeps: what stands on which axis. */

#include "analysis/figure_sweep.h"

#include <math.h>

/* Mean links between two different shards of a uniform tree of 2^d, digit by digit: a digit of w
 * bits has to be fixed with probability 1 - 2^-w, and the pair is not the same with 1 - 2^-d. */
static double links(const struct run_data *run, double x)
{
    const struct run_param *digit = run_data_param(run, "/messaging/digit_bits");
    double depth = log2(x), digit_bits = digit != NULL ? digit->number : NAN, sum = 0;
    if (depth != floor(depth) || depth < 1 || !(digit_bits >= 1))
        return NAN;
    for (double left = depth; left > 0; left -= digit_bits)
        sum += 1 - exp2(-fmin(left, digit_bits));
    return sum / (1 - exp2(-depth));
}

enum figure_result figure_throughput_shards(struct figure *figure)
{
    static const struct sweep sweep = {
        .x_param = "/chain/shards",
        .x_title = "Shards",
        .factor_x = 1,
        .log2_x = true,
        .panels = {{"Carried load (1/s)", {{"load_carried", "carried"}, {NULL, NULL}}},
                   {NULL, {{NULL, NULL}, {NULL, NULL}}}},
        .reference_metric = "load_offered",
        .reference_title = "offered",
        .caption =
            "Carried load after the warm-up against the number of shards. The dotted line is "
            "the offered load, which an ideal system carries.",
    };
    return figure_sweep(figure, &sweep);
}

enum figure_result figure_hops_shards(struct figure *figure)
{
    static const struct sweep sweep = {
        .x_param = "/chain/shards",
        .x_title = "Shards",
        .factor_x = 1,
        .log2_x = true,
        .panels = {{"Mean hops", {{"hops_mean", "mean"}, {NULL, NULL}}},
                   {NULL, {{NULL, NULL}, {NULL, NULL}}}},
        .reference = links,
        .reference_title = "theory, slow",
        .caption = "Mean hops of delivered cross-shard messages against the number of shards. The "
                   "dotted line is the expectation for the slow path between two different shards "
                   "chosen uniformly in a balanced tree; messages of many hops are a little rarer "
                   "among the delivered ones, as more of them are in flight at the end.",
    };
    return figure_sweep(figure, &sweep);
}

enum figure_result figure_latency_load(struct figure *figure)
{
    static const struct sweep sweep = {
        .x_param = "/workload/0/rate",
        .x_metric = "load_offered",
        .x_title = "Offered load (1/s)",
        .factor_x = 1,
        .marks_knee = true,
        .panels = {{"Latency (s)", {{"tx_latency_p50", "p50"}, {"tx_latency_p99", "p99"}}},
                   {NULL, {{NULL, NULL}, {NULL, NULL}}}},
        .caption = "Latency of transactions, submitted to final, against the offered load. An "
                   "upright line marks the knee: the greatest load of its series that is not "
                   "saturated.",
    };
    return figure_sweep(figure, &sweep);
}

enum figure_result figure_latency_cross(struct figure *figure)
{
    static const struct sweep sweep = {
        .x_param = "/workload/0/cross_shard",
        .x_title = "Cross-shard transactions (%)",
        .factor_x = 100,
        .panels = {{"Carried (1/s)", {{"load_carried", "carried"}, {NULL, NULL}}},
                   {"Latency (s)", {{"tx_latency_p50", "p50"}, {"tx_latency_p95", "p95"}}}},
        .caption = "Carried load and latency of transactions, submitted to final, against the "
                   "share of cross-shard transactions.",
    };
    return figure_sweep(figure, &sweep);
}
