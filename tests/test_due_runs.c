/* Goal: what is due is found as a walk over the whole stream would find it, and nothing is passed
 * twice. Method: random packets, resends, answers and removals, with slots used again, beside a
 * plain list that is searched from end to end. */

#include <string.h>

#include "models/messaging/due_runs.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { ENTRIES = 300, STEPS = 20000, PACKET_MAX = 40 };

struct plain {
    uint64_t place[ENTRIES], at_ns[ENTRIES]; /* by slot; place 0: the slot is free */
    uint32_t packet[ENTRIES];                /* 0: in none */
    uint64_t place_last;
    uint32_t packets;
};

static bool counts(const void *self, uint32_t slot, uint32_t packet, uint64_t *ret_place)
{
    const struct plain *plain = self;
    *ret_place = plain->place[slot];
    return plain->place[slot] != 0 && plain->packet[slot] == packet;
}

static uint32_t first_due(const struct plain *plain, uint64_t now_ns)
{
    uint32_t best = ENTRIES;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        bool due = plain->place[i] != 0 && plain->packet[i] != 0 && plain->at_ns[i] <= now_ns;
        if (due && (best == ENTRIES || plain->place[i] < plain->place[best]))
            best = i;
    }
    return best;
}

static uint64_t next_ns(const struct plain *plain, uint64_t now_ns)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (plain->place[i] != 0 && plain->packet[i] != 0 && plain->at_ns[i] > now_ns &&
            plain->at_ns[i] < next)
            next = plain->at_ns[i];
    return next;
}

static void note(struct plain *plain, struct due_runs *runs, const struct due_owner *owner,
                 const uint32_t *slots, uint32_t count, uint64_t at_ns)
{
    plain->packets++;
    for (uint32_t i = 0; i < count; i++) {
        plain->packet[slots[i]] = plain->packets;
        plain->at_ns[slots[i]] = at_ns;
    }
    due_runs_add(runs, owner, at_ns, plain->packets, slots, count);
}

/* New entries, in the order of their places. */
static void send_new(struct plain *plain, struct due_runs *runs, const struct due_owner *owner,
                     uint32_t wanted, uint64_t at_ns)
{
    uint32_t slots[PACKET_MAX], count = 0;
    for (uint32_t i = 0; i < ENTRIES && count < wanted; i++)
        if (plain->place[i] == 0) {
            plain->place[i] = ++plain->place_last;
            slots[count++] = i;
        }
    note(plain, runs, owner, slots, count, at_ns);
}

/* Takes what is due, at most `wanted`, and sends it again. */
static void send_due(struct plain *plain, struct due_runs *runs, const struct due_owner *owner,
                     uint32_t wanted, uint64_t now_ns, uint64_t at_ns)
{
    uint32_t slots[PACKET_MAX], count = 0;
    due_runs_advance(runs, owner, now_ns);
    ck_assert_uint_eq(due_runs_next_ns(runs), next_ns(plain, now_ns));
    while (count < wanted) {
        uint32_t slot, looked, expected = first_due(plain, now_ns);
        bool any = due_runs_first(runs, owner, &looked);
        ck_assert_int_eq(any, expected != ENTRIES);
        ck_assert_int_eq(due_runs_take(runs, owner, &slot), any);
        if (!any)
            break;
        ck_assert_uint_eq(slot, expected);
        ck_assert_uint_eq(looked, expected);
        plain->packet[slot] = 0;
        slots[count++] = slot;
    }
    note(plain, runs, owner, slots, count, at_ns);
}

START_TEST(agrees_with_a_walk_over_the_stream)
{
    struct memory memory = {0};
    struct slab slab;
    struct due_runs runs = {0};
    static struct plain plain;
    slab_init(&slab, &memory, "runs");
    const struct due_owner owner = {&memory, &slab, counts, &plain};
    const struct rng rng = {.seed = 41, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    uint64_t now_ns = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t wanted = 1 + (uint32_t)rng_below(&stream, PACKET_MAX);
        uint64_t at_ns = now_ns + 1 + rng_below(&stream, 100);
        now_ns += rng_below(&stream, 4);
        switch (rng_below(&stream, 4)) {
        case 0:
            send_new(&plain, &runs, &owner, wanted, at_ns);
            break;
        case 1:
            send_due(&plain, &runs, &owner, wanted, now_ns, at_ns > now_ns ? at_ns : now_ns + 1);
            break;
        default: /* answered, or gone: the slot will be another entry's */
            plain.place[rng_below(&stream, ENTRIES)] = 0;
            break;
        }
        ck_assert_uint_lt(runs.later.count + runs.due.count, STEPS);
    }
    due_runs_destroy(&runs, &owner);
    ck_assert_uint_eq(runs.later.count, 0);
    slab_destroy(&slab);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("due_runs", agrees_with_a_walk_over_the_stream)
