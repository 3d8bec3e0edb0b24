/* The hold model through the real dispatcher: N packets are always on the way between nodes, each
 * arrival reads and writes its payload (56 bytes and the 8-byte subject) and sends it on after an
 * exponential delay. Everything is on: order assertions at push and pop, digest, random streams.
 * Arguments: pending counts (default 1000 100000 1000000); --json prints one object a line;
 * `--one PENDING EVENTS` prints ns and counted bytes of one run, for tests/bench_peers.py. Bytes
 * are all that is counted at the peak, less what the nodes took before anything was pending. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/context.h"
#include "sim/memory.h"
#include "sim/queue.h"
#include "tests/support_engine.h"

enum { NODES = 64, PAYLOAD_WORDS = 7, ROUNDS = 3 };

struct measured {
    double ns, bytes; /* ns an event; counted bytes of events at the peak by pending events */
};

static uint32_t pending;
static uint64_t arrivals, begin_at, end_at, nodes_bytes;
static double begun_s, ended_s;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int hold_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "hold",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
    /* The engine adds their order after build. */
    nodes_bytes = world_memory(build->world)->used_bytes + NODES * sizeof(uint32_t);
    *ret_state = &pending;
    return 0;
}

static void pass_on(struct context *context, uint64_t subject, uint64_t *word)
{
    word[subject % PAYLOAD_WORDS] += context->now_ns;
    struct send send = {.to = (context->self + 1) % NODES,
                        .wire_bytes = 64,
                        .slot = 6,
                        .subject = subject,
                        .attempt = (uint32_t)++word[0],
                        .payload = word,
                        .payload_bytes = PAYLOAD_WORDS * sizeof *word};
    context_send(context, &send);
}

static void hold_start(void *state, struct context *context)
{
    (void)state;
    for (uint32_t i = 0; i < pending; i++) {
        uint64_t word[PAYLOAD_WORDS] = {0};
        context_as(context, i % NODES);
        pass_on(context, i, word);
    }
}

static void hold_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    arrivals++;
    if (arrivals == begin_at)
        begun_s = seconds();
    if (arrivals == end_at)
        ended_s = seconds();
    uint64_t word[PAYLOAD_WORDS];
    memcpy(word, message->payload, sizeof word);
    pass_on(context, message->subject, word);
}

static void hold_destroy(void *state)
{
    (void)state;
}

static const char *const names[] = {"ball", NULL};
static const struct model hold = {.layer = 6,
                                  .layer_name = "workload",
                                  .name = "hold",
                                  .message_kinds = names,
                                  .build = hold_build,
                                  .start = hold_start,
                                  .on_message = hold_message,
                                  .destroy = hold_destroy};

/* One run: what is measured begins when about as many events have happened as are pending. */
static struct measured run(const struct queue_type *queue, uint64_t events)
{
    struct scenario scenario;
    support_scenario(&scenario, &hold, NULL);
    scenario.duration_ns = UINT64_C(1) << 60;
    scenario.network.latency.location = 1000;
    scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 1000000};
    arrivals = 0;
    begin_at = pending + 1;
    end_at = begin_at + events;
    struct engine_options options = {.queue = queue, .max_events = end_at};
    struct engine_result result = support_run(&scenario, &options);
    return (struct measured){.ns = (ended_s - begun_s) * 1e9 / (double)events,
                             .bytes = (double)(result.memory_peak_bytes - nodes_bytes) / pending};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_row(bool json, const char *what, double value, double limit, const char *unit)
{
    if (json)
        printf("{\"name\": \"hold %u pending%s\", \"value\": %.1f, \"unit\": \"%s\", "
               "\"against\": \"binary heap\", \"against_value\": %.1f, \"ratio\": %.3f}\n",
               pending, what, value, unit, limit, limit / value);
    else
        printf("hold %u pending%s: %.1f %s, with a binary heap %.1f, ratio %.2f\n", pending, what,
               value, unit, limit, limit / value);
    fflush(stdout);
}

/* One pending count with both queues. The wheel is what runs use; the heap, which is known to be
 * right and is as fast as a heap can be, is the limit it is held against. ratio > 1: it is faster.
 */
static void measure(bool json)
{
    uint64_t events = 1000000 + pending;
    double ns[2][ROUNDS], bytes[2];
    for (int round = 0; round < ROUNDS; round++) {
        struct measured wheel = run(&queue_wheel, events), heap = run(&queue_heap, events);
        ns[0][round] = wheel.ns;
        ns[1][round] = heap.ns;
        bytes[0] = wheel.bytes;
        bytes[1] = heap.bytes;
    }
    for (int q = 0; q < 2; q++)
        qsort(ns[q], ROUNDS, sizeof ns[q][0], compare);
    print_row(json, "", ns[0][ROUNDS / 2], ns[1][ROUNDS / 2], "ns/event");
    print_row(json, ", memory", bytes[0], bytes[1], "bytes/event");
}

int main(int argc, char **argv)
{
    static const uint32_t defaults[] = {1000, 100000, 1000000};
    bool json = false, counts = false;
    if (argc == 4 && strcmp(argv[1], "--one") == 0) {
        pending = (uint32_t)strtoul(argv[2], NULL, 10);
        struct measured one = run(&queue_wheel, strtoull(argv[3], NULL, 10));
        printf("%.2f %.1f\n", one.ns, one.bytes);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        json = json || strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            continue;
        pending = (uint32_t)strtoul(argv[i], NULL, 10);
        counts = true;
        if (pending == 0) {
            fprintf(stderr, "usage: bench_hold [--json] [PENDING]... | --one PENDING EVENTS\n");
            return 2;
        }
        measure(json);
    }
    for (size_t i = 0; !counts && i < sizeof defaults / sizeof defaults[0]; i++) {
        pending = defaults[i];
        measure(json);
    }
    return 0;
}
