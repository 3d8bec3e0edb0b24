/* Goal: priority classes and batches of the uplink follow queueing theory: Cobham's waits of a
 * non-preemptive priority queue, Kleinrock's conservation law, M[4]/M/1. Method: as theory_queues:
 * one long run each, batch means. Three classes of rates .2, .2, .3, mean service 1 ms. */

#include <stdio.h>
#include <stdlib.h>

#include "tests/theory/batch_means.h"
#include "tests/theory/theory_table.h"
#include "tests/theory/uplink_queue.h"

enum { UNIT_NS = 1000000, CLASSES = 3 };

static void measure(const struct uplink_load *load, double ret_wait[CLASSES][BATCHES],
                    double ret_weighted[BATCHES])
{
    static const double rho[CLASSES] = {0.2, 0.2, 0.3};
    struct uplink_packet *packets = uplink_run(load, NULL);
    uint32_t size = load->packets / (BATCHES + 1);
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        uint64_t waited_ns[CLASSES] = {0}, count[CLASSES] = {0};
        for (uint32_t i = 0; i < size; i++) {
            const struct uplink_packet *packet = &packets[(batch + 1) * size + i];
            count[packet->class]++;
            waited_ns[packet->class] +=
                packet->done_ns - packet->sent_ns - uplink_service_ns(load, packet->bytes);
        }
        ret_weighted[batch] = 0.0;
        for (int class = 0; class < CLASSES; class ++) {
            ret_wait[class][batch] = (double)waited_ns[class] / (double)count[class] / UNIT_NS;
            ret_weighted[batch] += rho[class] * ret_wait[class][batch];
        }
    }
    free(packets);
}

static void cobham(const char *name, struct distribution bytes, uint64_t seed,
                   const double expected[CLASSES], double conserved)
{
    static double wait[CLASSES][BATCHES], weighted[BATCHES];
    struct uplink_load load = {.packets = 4000000,
                               .gap = uplink_exponential((int64_t)(UNIT_NS / 0.7 + 0.5)),
                               .bytes = bytes,
                               .bit_per_s = UPLINK_BYTE_A_NS,
                               .classes = CLASSES,
                               .share = {2, 2, 3},
                               .seed = seed};
    char text[80];
    measure(&load, wait, weighted);
    for (int class = 0; class < CLASSES; class ++) {
        snprintf(text, sizeof text, "%s Wq of class %d", name, class + 1);
        batch_row(text, wait[class], expected[class], 0.05);
    }
    snprintf(text, sizeof text, "%s sum of rho Wq", name);
    batch_row(text, weighted, conserved, 0.05);
}

START_TEST(strict_priorities_wait_as_cobham_says)
{
    static const double exponential[CLASSES] = {0.875, 1.458333, 3.888889};
    static const double constant[CLASSES] = {0.4375, 0.729167, 1.944444};
    theory_begin("three strict priorities, load 0.7, 4 000 000 packets, in ms");
    cobham("exponential", uplink_exponential(UNIT_NS), 11, exponential, 1.633333);
    cobham("constant", uplink_constant(UNIT_NS), 12, constant, 0.816667);
    theory_end();
}
END_TEST

/* Four packets at once: W = (1 + (4 - 1) / 2) / (mu (1 - rho)). */
START_TEST(batches_wait_for_their_own_members_too)
{
    static double sojourn[BATCHES];
    struct uplink_load load = {.packets = 4000000,
                               .burst = 4,
                               .gap = uplink_exponential((int64_t)(4 * UNIT_NS / 0.7 + 0.5)),
                               .bytes = uplink_exponential(UNIT_NS),
                               .bit_per_s = UPLINK_BYTE_A_NS,
                               .seed = 13};
    theory_begin("M[4]/M/1, load 0.7, 4 000 000 packets, in ms");
    struct uplink_packet *packets = uplink_run(&load, NULL);
    uint32_t size = load.packets / (BATCHES + 1);
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        uint64_t spent_ns = 0;
        for (uint32_t i = 0; i < size; i++) {
            const struct uplink_packet *packet = &packets[(batch + 1) * size + i];
            spent_ns += packet->done_ns - packet->sent_ns;
        }
        sojourn[batch] = (double)spent_ns / size / UNIT_NS;
    }
    free(packets);
    batch_row("M[4]/M/1 .7 W", sojourn, 8.333333, 0.03);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {strict_priorities_wait_as_cobham_says,
                                 batches_wait_for_their_own_members_too, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_priorities", argument_count, arguments, fast, nightly);
}
