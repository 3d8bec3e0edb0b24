/* Goal: the uplink FIFO of the kernel is a single-server queue: M/M/1 and M/D/1 come out as
 * queueing theory says (Pollaczek-Khinchine; W of M/M/1 is exponential). Method: one long run each,
 * fixed seed, batch means (batch_means.h). Time unit 1 ms; the first of 33 equal parts is warm-up.
 * And the test is tested: an uplink 3 % slower than it says must be rejected. */

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_assert.h"
#include "tests/theory/batch_means.h"
#include "tests/theory/theory_table.h"
#include "tests/theory/uplink_queue.h"

enum { UNIT_NS = 1000000, LEVELS = 3, QUANTILES = 3 };

static const double quantiles[QUANTILES] = {0.5, 0.95, 0.99};

struct measured { /* of each batch */
    double wait[BATCHES], sojourn[BATCHES], quantile[QUANTILES][BATCHES];
    double in_system[BATCHES], in_queue[BATCHES];
    double share[LEVELS][BATCHES]; /* of time with 0, 1, 2 in the system */
};

/* Times by packets: the first part of 33 is left out. */
static void measure_packets(const struct uplink_load *load, const struct uplink_packet *packets,
                            struct measured *ret_measured)
{
    uint32_t size = load->packets / (BATCHES + 1);
    double *sojourns = malloc(size * sizeof *sojourns);
    SIM_ASSERT(sojourns != NULL);
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        uint64_t waited_ns = 0, spent_ns = 0;
        for (uint32_t i = 0; i < size; i++) {
            const struct uplink_packet *packet = &packets[(batch + 1) * size + i];
            uint64_t sojourn_ns = packet->done_ns - packet->sent_ns;
            spent_ns += sojourn_ns;
            waited_ns += sojourn_ns - uplink_service_ns(load, packet->bytes);
            sojourns[i] = (double)sojourn_ns / UNIT_NS;
        }
        ret_measured->wait[batch] = (double)waited_ns / size / UNIT_NS;
        ret_measured->sojourn[batch] = (double)spent_ns / size / UNIT_NS;
        gsl_sort(sojourns, 1, size);
        for (int q = 0; q < QUANTILES; q++)
            ret_measured->quantile[q][batch] =
                gsl_stats_quantile_from_sorted_data(sojourns, 1, size, quantiles[q]);
    }
    free(sojourns);
}

struct clock_time { /* how long so many were in the system, by batches of equal time */
    uint64_t from_ns, length_ns;
    uint64_t level_ns[LEVELS][BATCHES];
    uint128 present[BATCHES]; /* integral of the number in the system */
};

static void spend(struct clock_time *clock, uint64_t from_ns, uint64_t to_ns, uint64_t present)
{
    from_ns = from_ns < clock->from_ns ? clock->from_ns : from_ns;
    while (from_ns < to_ns) {
        uint64_t batch = (from_ns - clock->from_ns) / clock->length_ns;
        if (batch >= BATCHES)
            return;
        uint64_t end_ns = clock->from_ns + (batch + 1) * clock->length_ns;
        uint64_t until_ns = to_ns < end_ns ? to_ns : end_ns;
        if (present < LEVELS)
            clock->level_ns[present][batch] += until_ns - from_ns;
        clock->present[batch] += (uint128)(until_ns - from_ns) * present;
        from_ns = until_ns;
    }
}

/* Times by the clock, from the first of 33 parts to the last arrival. */
static void measure_clock(const struct uplink_load *load, const struct uplink_packet *packets,
                          struct measured *ret_measured)
{
    static struct clock_time clock;
    uint64_t length_ns = packets[load->packets - 1].sent_ns / (BATCHES + 1);
    clock = (struct clock_time){.from_ns = length_ns, .length_ns = length_ns};
    uint32_t arrived = 0, left = 0;
    uint64_t now_ns = 0;
    while (arrived < load->packets) { /* in a FIFO departures come in the order of arrivals */
        bool arrival = packets[arrived].sent_ns < packets[left].done_ns || left == arrived;
        uint64_t at_ns = arrival ? packets[arrived].sent_ns : packets[left].done_ns;
        spend(&clock, now_ns, at_ns, arrived - left);
        now_ns = at_ns;
        arrived += arrival;
        left += !arrival;
    }
    for (int batch = 0; batch < BATCHES; batch++) {
        double length = (double)clock.length_ns;
        ret_measured->in_system[batch] = (double)clock.present[batch] / length;
        for (int level = 0; level < LEVELS; level++)
            ret_measured->share[level][batch] = (double)clock.level_ns[level][batch] / length;
        ret_measured->in_queue[batch] =
            ret_measured->in_system[batch] - (1.0 - ret_measured->share[0][batch]);
    }
}

/* A queue with mean service 1 ms at that load. */
static struct measured run(struct distribution bytes, double rho, uint32_t count, int64_t bit_per_s,
                           uint64_t seed)
{
    static struct measured measured;
    struct uplink_load load = {.packets = count,
                               .gap = uplink_exponential((int64_t)(UNIT_NS / rho + 0.5)),
                               .bytes = bytes,
                               .bit_per_s = bit_per_s,
                               .seed = seed};
    struct uplink_packet *packets = uplink_run(&load, NULL);
    measure_packets(&load, packets, &measured);
    measure_clock(&load, packets, &measured);
    free(packets);
    return measured;
}

START_TEST(m_m_1_at_load_70_percent)
{
    theory_begin("M/M/1, load 0.7, mean service 1 ms, 2 000 000 packets, in ms");
    struct measured m = run(uplink_exponential(UNIT_NS), 0.7, 2000000, UPLINK_BYTE_A_NS, 1);
    batch_row("M/M/1 .7 Wq", m.wait, 2.333333, 0.03);
    batch_row("M/M/1 .7 W", m.sojourn, 3.333333, 0.03);
    batch_row("M/M/1 .7 L", m.in_system, 2.333333, 0.03);
    batch_row("M/M/1 .7 Lq", m.in_queue, 1.633333, 0.05);
    batch_row("M/M/1 .7 P(0)", m.share[0], 0.3, 0.03);
    batch_row("M/M/1 .7 P(1)", m.share[1], 0.21, 0.03);
    batch_row("M/M/1 .7 P(2)", m.share[2], 0.147, 0.03);
    batch_row("M/M/1 .7 median of W", m.quantile[0], 2.310491, 0.05);
    batch_row("M/M/1 .7 p95 of W", m.quantile[1], 9.985774, 0.05);
    batch_row("M/M/1 .7 p99 of W", m.quantile[2], 15.350567, 0.05);
    theory_end();
}
END_TEST

START_TEST(m_m_1_at_load_50_percent)
{
    theory_begin("M/M/1, load 0.5, mean service 1 ms, 1 000 000 packets, in ms");
    struct measured m = run(uplink_exponential(UNIT_NS), 0.5, 1000000, UPLINK_BYTE_A_NS, 2);
    batch_row("M/M/1 .5 Wq", m.wait, 1.0, 0.03);
    batch_row("M/M/1 .5 W", m.sojourn, 2.0, 0.03);
    batch_row("M/M/1 .5 P(0)", m.share[0], 0.5, 0.03);
    batch_row("M/M/1 .5 p95 of W", m.quantile[1], 5.991465, 0.05);
    theory_end();
}
END_TEST

START_TEST(m_d_1_at_load_70_percent)
{
    theory_begin("M/D/1, load 0.7, service 1 ms, 2 000 000 packets, in ms");
    struct measured m = run(uplink_constant(UNIT_NS), 0.7, 2000000, UPLINK_BYTE_A_NS, 3);
    batch_row("M/D/1 .7 Wq", m.wait, 1.166667, 0.03);
    batch_row("M/D/1 .7 W", m.sojourn, 2.166667, 0.03);
    batch_row("M/D/1 .7 L", m.in_system, 1.516667, 0.03);
    batch_row("M/D/1 .7 P(1)", m.share[1], 0.304126, 0.03);
    batch_row("M/D/1 .7 P(2)", m.share[2], 0.189546, 0.03);
    theory_end();
}
END_TEST

/* M/G/1 with mean service 1: Wq = lambda E[S^2] / (2 (1 - rho)). */
START_TEST(other_services_follow_pollaczek_khinchine)
{
    static const int64_t two_points[] = {UNIT_NS, UNIT_NS, UNIT_NS, UNIT_NS, UNIT_NS,
                                         UNIT_NS, UNIT_NS, UNIT_NS, UNIT_NS, 6 * UNIT_NS};
    struct distribution erlang = {.type = DISTRIBUTION_GAMMA, .location = UNIT_NS, .shape = 2.0};
    struct distribution mixed = {
        .type = DISTRIBUTION_EMPIRICAL, .values = two_points, .value_count = 10};
    theory_begin("M/G/1, 1 000 000 packets, in ms");
    struct measured m = run(erlang, 0.7, 1000000, UPLINK_BYTE_A_NS, 4);
    batch_row("M/E2/1 .7 Wq", m.wait, 1.75, 0.03);
    m = run(mixed, 0.4, 1000000, UPLINK_BYTE_A_NS, 5); /* lambda .4, E[S] = 1.5 */
    batch_row("M/G/1 1 or 6 ms, .6 Wq", m.wait, 2.25, 0.03);
    batch_row("M/G/1 1 or 6 ms, .6 W", m.sojourn, 3.75, 0.03);
    theory_end();
}
END_TEST

/* The same rows on an uplink whose rate is 3 % below what the theory was told. */
START_TEST(a_server_3_percent_slow_is_rejected)
{
    int64_t slow = UPLINK_BYTE_A_NS / 100 * 97;
    theory_begin("test of the tests: service rate off by 3 %, in ms");
    struct measured m = run(uplink_exponential(UNIT_NS), 0.7, 2000000, slow, 1);
    batch_row_must_fail("M/M/1 .7 W", m.sojourn, 3.333333, 0.03);
    batch_row_must_fail("M/M/1 .7 P(0)", m.share[0], 0.3, 0.03);
    m = run(uplink_constant(UNIT_NS), 0.7, 2000000, slow, 3);
    batch_row_must_fail("M/D/1 .7 W", m.sojourn, 2.166667, 0.03);
    theory_end();
}
END_TEST

/* Each of the rule's other two conditions can fail, too: a run too short for its claim, and batches
 * that depend on each other (a run that still drifts). */
START_TEST(noise_and_drift_are_rejected)
{
    double drifting[BATCHES];
    theory_begin("test of the tests: the acceptance rule's conditions, 1 = holds");
    struct measured m = run(uplink_exponential(UNIT_NS), 0.9, 33000, UPLINK_BYTE_A_NS, 7);
    struct batch_verdict noisy = batch_judge(m.wait, 9.0, 0.03);
    theory_exact(noisy.near, 1, "33 000 packets at load .9: near");
    theory_exact(noisy.sharp, 0, "33 000 packets at load .9: sharp");
    for (int i = 0; i < BATCHES; i++)
        drifting[i] = 1.0 + 0.001 * i;
    struct batch_verdict drift = batch_judge(drifting, 1.0155, 0.03);
    theory_exact(drift.near && drift.sharp, 1, "a mean that drifts by 3 %%: near and sharp");
    theory_exact(drift.independent, 0, "a mean that drifts by 3 %%: independent");
    theory_end();
}
END_TEST

START_TEST(m_m_1_at_load_90_percent)
{
    theory_begin("M/M/1, load 0.9, mean service 1 ms, 20 000 000 packets, in ms");
    struct measured m = run(uplink_exponential(UNIT_NS), 0.9, 20000000, UPLINK_BYTE_A_NS, 6);
    batch_row("M/M/1 .9 Wq", m.wait, 9.0, 0.03);
    batch_row("M/M/1 .9 L", m.in_system, 9.0, 0.03);
    batch_row("M/M/1 .9 p99 of W", m.quantile[2], 46.051702, 0.05);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {m_m_1_at_load_70_percent,
                                 m_m_1_at_load_50_percent,
                                 m_d_1_at_load_70_percent,
                                 other_services_follow_pollaczek_khinchine,
                                 a_server_3_percent_slow_is_rejected,
                                 noise_and_drift_are_rejected,
                                 NULL};
    const TTest *const nightly[] = {m_m_1_at_load_90_percent, NULL};
    return theory_main("theory_queues", argument_count, arguments, fast, nightly);
}
