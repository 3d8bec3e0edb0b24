/* Goal: identities that hold for any input hold to the last nanosecond and packet. Method: recorded
 * integers of uplinks in the real kernel under Poisson, batch and constant loads: Lindley's
 * recursion, Little's law in 128 bits, conservation of packets at any moment of a run, busy periods
 * that do not depend on the order of service. theory_replay.c does the same for whole runs. */

#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"
#include "tests/theory/theory_table.h"
#include "tests/theory/uplink_queue.h"

enum { PACKETS = 200000, MS = 1000000 };

struct named_load {
    const char *name;
    struct uplink_load load;
};

/* Loads from idle to more than the server can do. */
enum { LOADS = 5 };
static void make_loads(struct named_load ret_loads[LOADS])
{
    const struct uplink_load base = {.packets = PACKETS, .bit_per_s = UPLINK_BYTE_A_NS, .seed = 20};
    for (int i = 0; i < LOADS; i++)
        ret_loads[i] = (struct named_load){.load = base};
    ret_loads[0].name = "M/M/1 .7";
    ret_loads[0].load.gap = uplink_exponential(MS * 10 / 7);
    ret_loads[0].load.bytes = uplink_exponential(MS);
    ret_loads[1].name = "M/M/1 .99";
    ret_loads[1].load.gap = uplink_exponential(MS * 100 / 99);
    ret_loads[1].load.bytes = uplink_exponential(MS);
    ret_loads[2].name = "batches of 7, overload";
    ret_loads[2].load.burst = 7;
    ret_loads[2].load.gap = uplink_exponential(5 * MS);
    ret_loads[2].load.bytes = uplink_exponential(MS);
    ret_loads[3].name = "D/D/1 at the very limit";
    ret_loads[3].load.gap = uplink_constant(MS);
    ret_loads[3].load.bytes = uplink_constant(MS);
    ret_loads[4].name = "rate that divides nothing";
    ret_loads[4].load.gap = uplink_exponential(3 * MS);
    ret_loads[4].load.bytes = uplink_exponential(1500);
    ret_loads[4].load.bit_per_s = 7654321;
}

/* ---- Lindley ---- */

/* W(i+1) = max(0, W(i) + S(i) - A(i+1)). Returns for how many packets it fails. */
static uint64_t lindley_failures(const struct uplink_load *load,
                                 const struct uplink_packet *packets)
{
    uint64_t failures = 0, wait_ns = 0;
    for (uint32_t i = 0; i < load->packets; i++) {
        const struct uplink_packet *packet = &packets[i];
        if (i > 0) {
            uint64_t before_ns = wait_ns + uplink_service_ns(load, packets[i - 1].bytes);
            uint64_t gap_ns = packet->sent_ns - packets[i - 1].sent_ns;
            wait_ns = before_ns > gap_ns ? before_ns - gap_ns : 0;
        }
        uint64_t simulated_ns =
            packet->done_ns - packet->sent_ns - uplink_service_ns(load, packet->bytes);
        failures += simulated_ns != wait_ns;
    }
    return failures;
}

START_TEST(waits_obey_lindley)
{
    struct named_load loads[LOADS];
    make_loads(loads);
    theory_begin("Lindley's recursion, packets whose wait differs by a nanosecond or more");
    for (int i = 0; i < LOADS; i++)
        for (uint32_t classes = 1; classes <= 2; classes++) {
            loads[i].load.classes = classes; /* two: real queues, everything in one of them */
            struct uplink_packet *packets = uplink_run(&loads[i].load, NULL);
            theory_exact(lindley_failures(&loads[i].load, packets), 0, "%s, %s", loads[i].name,
                         classes == 1 ? "one word" : "real queue");
            if (i == 0) {
                packets[PACKETS / 2].done_ns++;
                theory_exact(lindley_failures(&loads[i].load, packets), 1,
                             "%s, one packet 1 ns late is noticed", loads[i].name);
            }
            free(packets);
        }
    theory_end();
}
END_TEST

/* ---- Little ---- */

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Sent and done times of the packets that arrived, each sorted. Returns how many. */
static uint32_t sorted_times(const struct uplink_load *load, const struct uplink_packet *packets,
                             uint64_t *ret_sent_ns, uint64_t *ret_done_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < load->packets; i++) {
        if (packets[i].done_ns == UINT64_MAX)
            continue;
        ret_sent_ns[count] = packets[i].sent_ns;
        ret_done_ns[count++] = packets[i].done_ns;
    }
    qsort(ret_sent_ns, count, sizeof *ret_sent_ns, compare);
    qsort(ret_done_ns, count, sizeof *ret_done_ns, compare);
    return count;
}

/* The integral of the number in the system, by a walk over all its changes. */
static uint128 area_under_number(const uint64_t *sent_ns, const uint64_t *done_ns, uint32_t count)
{
    uint128 area = 0;
    uint64_t now_ns = 0, present = 0;
    uint32_t in = 0, out = 0;
    while (out < count) {
        bool arrival = in < count && sent_ns[in] <= done_ns[out];
        uint64_t at_ns = arrival ? sent_ns[in] : done_ns[out];
        area += (uint128)(at_ns - now_ns) * present;
        now_ns = at_ns;
        in += arrival;
        out += !arrival;
        present = in - out;
    }
    return area;
}

START_TEST(little_holds_in_128_bits)
{
    struct named_load loads[LOADS];
    uint64_t *sent_ns = malloc(PACKETS * sizeof *sent_ns);
    uint64_t *done_ns = malloc(PACKETS * sizeof *done_ns);
    make_loads(loads);
    theory_begin("Little's law: sum of sojourns = integral of the number in the system, ns");
    for (int i = 0; i < LOADS; i++)
        for (uint32_t classes = 1; classes <= 4; classes += 3) {
            loads[i].load.classes = classes;
            for (uint32_t class = 0; class < classes; class ++)
                loads[i].load.share[class] = 1;
            struct uplink_packet *packets = uplink_run(&loads[i].load, NULL);
            uint128 sojourns = 0;
            for (uint32_t k = 0; k < PACKETS; k++)
                sojourns += packets[k].done_ns - packets[k].sent_ns;
            uint32_t count = sorted_times(&loads[i].load, packets, sent_ns, done_ns);
            ck_assert_uint_eq(count, PACKETS);
            theory_exact(sojourns, area_under_number(sent_ns, done_ns, count), "%s, %s",
                         loads[i].name, classes == 1 ? "FIFO" : "4 priorities");
            free(packets);
        }
    free(sent_ns);
    free(done_ns);
    theory_end();
}
END_TEST

/* ---- Conservation ---- */

/* What a FIFO with room for `limit` waiting bytes lets through, and when; written without queues:
 * a packet waits if the server is busy, and those that have not started by now are waiting. */
static uint64_t accepted_by_limit(const struct uplink_load *load, struct uplink_packet *packets,
                                  uint64_t until_ns, uint64_t *ret_created, uint64_t *ret_done)
{
    uint64_t accepted = 0, free_ns = 0;
    uint32_t *kept = malloc(load->packets * sizeof *kept);
    uint64_t *start_ns = malloc(load->packets * sizeof *start_ns);
    uint32_t first = 0, last = 0; /* of kept: those that may still wait */
    uint64_t waiting_bytes = 0;
    *ret_created = *ret_done = 0;
    for (uint32_t i = 0; i < load->packets && packets[i].sent_ns <= until_ns; i++) {
        uint64_t now_ns = packets[i].sent_ns;
        (*ret_created)++;
        /* No arrival comes at the very instant at which a service begins: sizes and gaps are
         * random nanoseconds, and a tie would show in the rows. */
        for (; first < last && start_ns[first] <= now_ns; first++)
            waiting_bytes -=
                start_ns[first] > packets[kept[first]].sent_ns ? packets[kept[first]].bytes : 0;
        bool busy = free_ns > now_ns;
        if (busy && waiting_bytes + packets[i].bytes > (uint64_t)load->limit_bytes)
            continue;
        kept[last] = i;
        start_ns[last] = busy ? free_ns : now_ns;
        waiting_bytes += busy ? packets[i].bytes : 0;
        free_ns = start_ns[last++] + uplink_service_ns(load, packets[i].bytes);
        accepted++;
        *ret_done += free_ns + 1000 <= until_ns; /* and its flight is over */
    }
    free(kept);
    free(start_ns);
    return accepted;
}

static uint64_t arrived(const struct uplink_packet *packets, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += packets[i].done_ns != UINT64_MAX;
    return sum;
}

static uint64_t sent(const struct uplink_packet *packets, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += packets[i].sent_ns != UINT64_MAX;
    return sum;
}

/* Cut at several moments: created = delivered + dropped + in flight, where what is in flight is
 * computed by a queue of this file's own. */
START_TEST(full_queues_drop_exactly_what_does_not_fit)
{
    theory_begin("a FIFO of limited room, cut in mid-run: packets");
    for (uint64_t part = 1; part <= 4; part++) {
        struct uplink_load load = {.packets = 50000,
                                   .gap = uplink_exponential(MS),
                                   .bytes = uplink_exponential(MS),
                                   .bit_per_s = UPLINK_BYTE_A_NS,
                                   .limit_bytes = 3 * MS,
                                   .duration_ns = part * 12000 * MS + 345678,
                                   .seed = 30 + part};
        struct engine_result result;
        uint64_t created, done;
        struct uplink_packet *packets = uplink_run(&load, &result);
        uint64_t accepted = accepted_by_limit(&load, packets, load.duration_ns, &created, &done);
        uint64_t delivered = arrived(packets, load.packets);
        theory_exact(result.packets, created, "cut %u: created", (unsigned)part);
        theory_exact(result.packets_dropped, created - accepted, "cut %u: dropped", (unsigned)part);
        theory_exact(delivered, done, "cut %u: delivered", (unsigned)part);
        theory_exact(delivered + result.packets_dropped + (accepted - done), result.packets,
                     "cut %u: delivered + dropped + in flight = created", (unsigned)part);
        free(packets);
    }
    theory_end();
}
END_TEST

/* With loss: what is in flight at the cut is what the same run, not cut, delivers later. */
START_TEST(lost_packets_are_accounted_for_by_class)
{
    struct uplink_load load = {.packets = 50000,
                               .gap = uplink_exponential(MS),
                               .bytes = uplink_exponential(MS * 9 / 10),
                               .bit_per_s = UPLINK_BYTE_A_NS,
                               .classes = 3,
                               .share = {1, 2, 3},
                               .loss = INT64_C(100000000000),
                               .seed = 40};
    struct engine_result whole_result, cut_result;
    struct uplink_packet *whole = uplink_run(&load, &whole_result);
    load.duration_ns = UINT64_C(30000) * MS;
    struct uplink_packet *cut = uplink_run(&load, &cut_result);
    theory_begin("10 % loss, three classes, cut at 30 s of 50 s: packets");
    theory_exact(whole_result.packets, load.packets, "whole run: created");
    theory_exact(arrived(whole, load.packets) + whole_result.packets_dropped, load.packets,
                 "whole run: delivered + dropped");
    theory_fraction(whole_result.packets_dropped, load.packets, 0.1, "whole run: share dropped");
    uint64_t in_flight = 0, lost = 0;
    for (uint8_t class = 0; class < 3; class ++) {
        uint64_t created = 0, delivered = 0, later = 0, never = 0;
        for (uint32_t i = 0; i < load.packets; i++) {
            if (cut[i].sent_ns == UINT64_MAX || cut[i].class != class)
                continue;
            created++;
            delivered += cut[i].done_ns != UINT64_MAX && cut[i].done_ns == whole[i].done_ns;
            later += cut[i].done_ns == UINT64_MAX && whole[i].done_ns != UINT64_MAX;
            never += whole[i].done_ns == UINT64_MAX;
        }
        theory_exact(delivered + later + never, created,
                     "class %u: delivered + in flight + dropped = created", class);
        in_flight += later;
        lost += never;
    }
    /* Some of those that will be lost still wait in the uplink at the cut. */
    theory_at_most(cut_result.packets_dropped, lost, "cut run: dropped");
    theory_exact(arrived(cut, load.packets) + in_flight + lost, sent(cut, load.packets),
                 "cut run: delivered + in flight + dropped = created");
    free(whole);
    free(cut);
    theory_end();
}
END_TEST

/* ---- Work conservation ---- */

struct busy {
    uint64_t from_ns, to_ns;
};

static int compare_busy(const void *left, const void *right)
{
    return compare(&((const struct busy *)left)->from_ns, &((const struct busy *)right)->from_ns);
}

/* The busy periods of the server: services, joined where one begins as another ends. */
static uint32_t busy_periods(const struct uplink_load *load, const struct uplink_packet *packets,
                             struct busy *ret_periods)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < load->packets; i++)
        ret_periods[i] = (struct busy){
            packets[i].done_ns - uplink_service_ns(load, packets[i].bytes), packets[i].done_ns};
    qsort(ret_periods, load->packets, sizeof *ret_periods, compare_busy);
    for (uint32_t i = 0; i < load->packets; i++) {
        SIM_ASSERT(count == 0 || ret_periods[i].from_ns >= ret_periods[count - 1].to_ns);
        if (count > 0 && ret_periods[i].from_ns == ret_periods[count - 1].to_ns)
            ret_periods[count - 1].to_ns = ret_periods[i].to_ns;
        else
            ret_periods[count++] = ret_periods[i];
    }
    return count;
}

START_TEST(busy_periods_do_not_depend_on_the_order_of_service)
{
    struct named_load loads[LOADS];
    struct busy *periods[3];
    uint32_t counts[3];
    for (int i = 0; i < 3; i++)
        periods[i] = malloc(PACKETS * sizeof *periods[i]);
    make_loads(loads);
    theory_begin("work conservation: busy periods under FIFO, 2 and 5 priorities");
    for (int i = 0; i < LOADS; i++) {
        static const uint32_t classes[3] = {1, 2, 5};
        struct uplink_load *load = &loads[i].load;
        for (int k = 0; k < 3; k++) {
            load->classes = classes[k];
            for (uint32_t class = 0; class < classes[k]; class ++)
                load->share[class] = 1;
            struct uplink_packet *packets = uplink_run(load, NULL);
            counts[k] = busy_periods(load, packets, periods[k]);
            free(packets);
        }
        for (int k = 1; k < 3; k++) {
            uint64_t same = 0;
            for (uint32_t p = 0; p < counts[0] && p < counts[k]; p++)
                same += memcmp(&periods[0][p], &periods[k][p], sizeof periods[0][p]) == 0;
            theory_exact(same, counts[0], "%s, %u priorities: periods as under FIFO", loads[i].name,
                         classes[k]);
            theory_exact(counts[k], counts[0], "%s, %u priorities: number of periods",
                         loads[i].name, classes[k]);
        }
    }
    for (int i = 0; i < 3; i++)
        free(periods[i]);
    theory_end();
}
END_TEST

/* Identities, not numbers in the order of making, decide everything: order, luck, hash. */
START_TEST(the_order_in_which_nodes_are_made_changes_nothing)
{
    struct uplink_load load = {.packets = 20000,
                               .gap = uplink_exponential(1000000),
                               .bytes = uplink_exponential(900000),
                               .bit_per_s = UPLINK_BYTE_A_NS,
                               .loss = INT64_C(50000000000),
                               .seed = 8};
    struct engine_result result[2];
    struct uplink_packet *packets[2];
    uint64_t same = 0;
    for (int i = 0; i < 2; i++) {
        load.swapped = i == 1;
        packets[i] = uplink_run(&load, &result[i]);
    }
    for (uint32_t i = 0; i < load.packets; i++)
        same += packets[0][i].sent_ns == packets[1][i].sent_ns &&
                packets[0][i].done_ns == packets[1][i].done_ns;
    theory_begin("a queue with loss, its two nodes made in either order");
    theory_exact(same, load.packets, "packets with the same times and fates");
    for (int word = 0; word < 2; word++)
        theory_exact(result[1].result_hash[word], result[0].result_hash[word],
                     "%s word of result_hash", word == 0 ? "high" : "low");
    theory_exact(result[1].packets_dropped, result[0].packets_dropped, "packets dropped");
    free(packets[0]);
    free(packets[1]);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {waits_obey_lindley,
                                 little_holds_in_128_bits,
                                 full_queues_drop_exactly_what_does_not_fit,
                                 lost_packets_are_accounted_for_by_class,
                                 busy_periods_do_not_depend_on_the_order_of_service,
                                 the_order_in_which_nodes_are_made_changes_nothing,
                                 NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_exact", argument_count, arguments, fast, nightly);
}
