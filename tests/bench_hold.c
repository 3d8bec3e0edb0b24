/* The hold model through the real dispatcher: N packets are always on the way between nodes, each
 * arrival reads and writes its payload (56 bytes and the 8-byte subject) and sends it on after an
 * exponential delay. Everything is on: order assertions at push and pop, digest, random streams.
 * Arguments: pending counts (default 1000 100000 1000000); --json prints one object a line. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/context.h"
#include "sim/queue.h"
#include "tests/support_engine.h"

enum { NODES = 64, PAYLOAD_WORDS = 7 };

static uint32_t pending;

static int hold_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "hold",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
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

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Time of a run of `events` events; what set-up costs falls out of a difference of two runs. */
static double run(const struct scenario *scenario, const struct queue_type *queue, uint64_t events,
                  uint64_t *ret_bytes)
{
    struct engine_options options = {.queue = queue, .max_events = events};
    double started = seconds();
    struct engine_result result = support_run(scenario, &options);
    *ret_bytes = result.memory_peak_bytes;
    return seconds() - started;
}

/* One pending count with both queues. The wheel is what runs use; the heap, which is known to be
 * right and is as fast as a heap can be, is the limit it is held against. ratio > 1: it is faster.
 */
static void measure(bool json)
{
    static const struct queue_type *const queues[] = {&queue_wheel, &queue_heap};
    struct scenario scenario;
    support_scenario(&scenario, &hold, NULL);
    scenario.duration_ns = UINT64_C(1) << 60;
    scenario.network.latency.location = 1000;
    scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 1000000};
    uint64_t events = 2000000 + 2 * (uint64_t)pending, bytes[2], unused;
    double ns[2];
    for (int q = 0; q < 2; q++) {
        double warm = run(&scenario, queues[q], events / 2, &unused);
        double whole = run(&scenario, queues[q], events + events / 2, &bytes[q]);
        ns[q] = (whole - warm) * 1e9 / (double)events;
    }
    double memory[2] = {(double)bytes[0] / pending, (double)bytes[1] / pending};
    printf(json ? "{\"name\":\"hold_%u\",\"value\":%.1f,\"unit\":\"ns/event\","
                  "\"against\":\"binary heap\",\"against_value\":%.1f,\"ratio\":%.3f}\n"
                : "hold %8u pending: %7.1f ns/event, with a binary heap %7.1f, ratio %.2f\n",
           pending, ns[0], ns[1], ns[1] / ns[0]);
    printf(json ? "{\"name\":\"hold_%u_memory\",\"value\":%.1f,\"unit\":\"bytes/event\","
                  "\"against\":\"binary heap\",\"against_value\":%.1f,\"ratio\":%.3f}\n"
                : "hold %8u pending: %7.1f bytes/event, with a binary heap %7.1f, ratio %.2f\n",
           pending, memory[0], memory[1], memory[1] / memory[0]);
}

int main(int argc, char **argv)
{
    static const uint32_t defaults[] = {1000, 100000, 1000000};
    bool json = false, counts = false;
    for (int i = 1; i < argc; i++)
        json = json || strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            continue;
        pending = (uint32_t)strtoul(argv[i], NULL, 10);
        counts = true;
        if (pending == 0) {
            fprintf(stderr, "usage: bench_hold [--json] [PENDING]...\n");
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
