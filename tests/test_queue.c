/* Goal: every queue pops in the order of order.h, whatever the load, and refuses to go back.
 * Method: seeded loads of many shapes through each implementer, against the other one and against a
 * sorted array; keys that are too early or equal must stop the program. */

#include "tests/check_main.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/distribution.h"
#include "sim/memory.h"
#include "sim/queue.h"
#include "sim/queue_sort.h"
#include "sim/rng.h"

/* Check's own asserts write a record each time they pass: too slow for inner loops. */
#define HOLDS(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

static const struct queue_type *const TYPES[] = {&queue_heap, &queue_wheel};
enum { TYPE_COUNT = 2, SHAPE_COUNT = 12, PENDING_MAX = 30000 };

static const char *const SHAPES[SHAPE_COUNT] = {
    "uniform",   "exponential",  "bimodal", "pareto", "all ties",     "bursts",
    "long gaps", "far majority", "jumps",   "camel",  "rising scale", "on a grid"};

/* How far ahead the event number `item` is scheduled, under each shape. */
static uint64_t ahead(int shape, struct rng_stream *stream, uint64_t item, uint64_t now_ns)
{
    uint64_t x = rng_u64(stream);
    switch (shape) {
    case 0:
        return x % 1000000;
    case 1:
        return distribution_sample(
            &(struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 1000000}, stream);
    case 2:
        return x % 100 == 0 ? 1000000000 + x % 500000000 : x % 1000;
    case 3:
        return distribution_sample(
            &(struct distribution){.type = DISTRIBUTION_PARETO, .location = 100, .shape = 0.5},
            stream);
    case 4:
        return 0;
    case 5:
        return (now_ns / 1000000000 + 1) * 1000000000 - now_ns;
    case 6:
        return x % 50 == 0 ? UINT64_C(1) << (x >> 8) % 50 : x % 8;
    case 7:
        return item % 10 == 0 ? x % 100 : (UINT64_C(1) << 50) + x % (UINT64_C(1) << 40);
    case 8:
        return x % 1000 == 0 && now_ns < UINT64_C(1) << 61 ? UINT64_C(1) << 61 : x % 100000;
    case 9:
        return x % 2 == 0 ? 100 + x % 10 : 1000000000 + x % 10;
    case 10:
        return x % (1 + (UINT64_C(1) << item / 4000 % 44));
    default:
        return (1 + x % 16) * 1000000 - now_ns % 1000000;
    }
}

static struct queue_entry entry_of(uint64_t time_ns, uint64_t now_ns, uint64_t depth,
                                   uint64_t source, uint64_t sequence)
{
    return queue_entry_make(time_ns, time_ns > now_ns ? 0 : depth + 1, ORDER_TIMER,
                            (uint32_t)source, sequence, (uint32_t)sequence);
}

static uint64_t folded(uint64_t hash, const struct queue_entry *entry)
{
    uint64_t words[3] = {entry->high, entry->middle, entry->low};
    for (int i = 0; i < 3; i++) {
        hash ^= words[i];
        hash *= UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 29;
    }
    return hash;
}

/* Runs a hold load and returns the hash of its pops, which are checked to rise. */
static uint64_t hold(const struct queue_type *type, int shape, uint64_t seed, uint32_t pending,
                     uint32_t steps)
{
    struct memory memory = {0};
    struct queue *queue = type->create(&memory);
    struct rng rng = {.seed = seed};
    uint64_t hash = 0;
    uint64_t pushed = 0;
    struct queue_entry last = {0};
    uint64_t now_ns = 0;
    uint64_t depth = 0;
    for (uint32_t step = 0; step < steps || type->count(queue) > 0; step++) {
        /* Fills up, holds, breathes, and drains at the end. */
        uint32_t births = step == 0 ? pending : step >= steps ? 0 : step % 7 == 0 ? 2 : 1;
        births = step > 0 && type->count(queue) >= pending && births > 1 ? 0 : births;
        for (uint32_t i = 0; i < births; i++) {
            struct rng_stream stream;
            rng_stream_at(&stream, &rng, RNG_TEST, (uint64_t)shape, pushed);
            uint64_t time_ns = now_ns + ahead(shape, &stream, pushed, now_ns);
            uint64_t source = rng_below(&stream, 50);
            struct queue_entry entry = entry_of(time_ns, now_ns, depth, source, pushed);
            if (time_ns == now_ns && step == 0)
                entry = queue_entry_make(time_ns, 0, ORDER_TIMER, (uint32_t)source, pushed,
                                         (uint32_t)pushed);
            type->push(queue, &entry);
            pushed++;
        }
        struct queue_entry peeked;
        struct queue_entry popped;
        if (step % 3 == 0 && type->peek(queue, &peeked)) {
            bool any = type->pop(queue, &popped);
            HOLDS(any && memcmp(&peeked, &popped, sizeof popped) == 0, "%s: peek is not pop",
                  type->name);
        } else if (!type->pop(queue, &popped)) {
            continue;
        }
        HOLDS(hash == 0 || queue_entry_before(&last, &popped),
              "%s, %s, seed %" PRIu64 ": pop %u is not after the one before", type->name,
              SHAPES[shape], seed, step);
        last = popped;
        now_ns = queue_entry_time_ns(&last);
        depth = queue_entry_depth(&last);
        bool deepest = depth >= ORDER_DEPTH_MAX - 1;
        depth = deepest ? 0 : depth;
        hash = folded(hash, &popped);
        if (deepest)
            now_ns++;
    }
    ck_assert(!type->pop(queue, &(struct queue_entry){0}));
    type->destroy(queue);
    ck_assert_uint_eq(memory.used_bytes, 0);
    memory_close(&memory);
    return folded(hash, &(struct queue_entry){.low = pushed});
}

START_TEST(heap_and_wheel_pop_alike_under_every_load)
{
    static const uint32_t pending[] = {1, 3, 50, 1000, PENDING_MAX};
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (size_t size = 0; size < sizeof pending / sizeof pending[0]; size++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                uint32_t steps = pending[size] * 3 + 4000;
                uint64_t heap = hold(&queue_heap, shape, seed, pending[size], steps);
                uint64_t wheel = hold(&queue_wheel, shape, seed, pending[size], steps);
                ck_assert_msg(heap == wheel, "%s, %u pending, seed %" PRIu64, SHAPES[shape],
                              pending[size], seed);
            }
}
END_TEST

static int by_key(const void *a, const void *b)
{
    const struct queue_entry *x = a;
    const struct queue_entry *y = b;
    return queue_entry_before(x, y) ? -1 : queue_entry_before(y, x);
}

START_TEST(pops_equal_a_sorted_array)
{
    static struct queue_entry all[PENDING_MAX];
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        for (int type = 0; type < TYPE_COUNT; type++) {
            struct memory memory = {0};
            struct queue *queue = TYPES[type]->create(&memory);
            struct rng rng = {.seed = 20};
            for (uint64_t i = 0; i < PENDING_MAX; i++) {
                struct rng_stream stream;
                rng_stream_at(&stream, &rng, RNG_TEST, (uint64_t)shape, i);
                uint64_t time_ns = ahead(shape, &stream, i, 5);
                /* Sequence falls while rank rises: no order of pushes may be relied on. */
                all[i] = entry_of(time_ns + 5, 5, i % 100, i % 60, PENDING_MAX - i);
                TYPES[type]->push(queue, &all[i]);
            }
            ck_assert_uint_eq(TYPES[type]->count(queue), PENDING_MAX);
            qsort(all, PENDING_MAX, sizeof all[0], by_key);
            for (uint32_t i = 0; i < PENDING_MAX; i++) {
                struct queue_entry popped;
                bool any = TYPES[type]->pop(queue, &popped);
                HOLDS(any && memcmp(&popped, &all[i], sizeof popped) == 0, "%s, %s: pop %u",
                      TYPES[type]->name, SHAPES[shape], i);
            }
            ck_assert_uint_eq(TYPES[type]->count(queue), 0);
            TYPES[type]->destroy(queue);
        }
}
END_TEST

START_TEST(an_early_push_after_a_far_peek_comes_first)
{
    for (int type = 0; type < TYPE_COUNT; type++) {
        struct memory memory = {0};
        struct queue *queue = TYPES[type]->create(&memory);
        struct queue_entry far = entry_of((UINT64_C(1) << 62) - 1, 0, 0, 1, 1);
        struct queue_entry near = entry_of(1000, 0, 0, 1, 2);
        struct queue_entry got;
        TYPES[type]->push(queue, &far);
        ck_assert(TYPES[type]->peek(queue, &got));
        ck_assert_uint_eq(queue_entry_slot(&got), 1);
        TYPES[type]->push(queue, &near);
        ck_assert(!TYPES[type]->pop_until(queue, 999, &got));
        ck_assert_uint_eq(queue_entry_slot(&got), 1);
        ck_assert(TYPES[type]->pop_until(queue, 1000, &got));
        ck_assert_uint_eq(queue_entry_slot(&got), 2);
        struct queue_entry later = entry_of((UINT64_C(1) << 62) - 2, 1000, 0, 1, 3);
        TYPES[type]->push(queue, &later);
        ck_assert(TYPES[type]->pop(queue, &got));
        ck_assert_uint_eq(queue_entry_slot(&got), 3);
        ck_assert(TYPES[type]->pop(queue, &got));
        ck_assert_uint_eq(queue_entry_slot(&got), 1);
        struct queue_entry untouched = got;
        ck_assert(!TYPES[type]->pop(queue, &got));
        ck_assert(!TYPES[type]->peek(queue, &got));
        ck_assert_mem_eq(&got, &untouched, sizeof got);
        TYPES[type]->destroy(queue);
    }
}
END_TEST

/* Whether pushing key (time, 0, sequence) after the pop of (100, 0, 5) stops the program. */
static bool push_is_refused(const struct queue_type *type, uint64_t time_ns, uint64_t sequence)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        struct memory memory = {0};
        struct queue *queue = type->create(&memory);
        struct queue_entry entry = queue_entry_make(100, 0, ORDER_FAULT, 0, 5, 1);
        type->push(queue, &entry);
        type->pop(queue, &entry);
        struct queue_entry next = queue_entry_make(time_ns, 0, ORDER_FAULT, 0, sequence, 2);
        type->push(queue, &next);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

START_TEST(keys_not_above_the_last_pop_are_refused)
{
    for (int type = 0; type < TYPE_COUNT; type++) {
        ck_assert(push_is_refused(TYPES[type], 99, 9));
        ck_assert(push_is_refused(TYPES[type], 100, 4));
        ck_assert(push_is_refused(TYPES[type], 100, 5));
        ck_assert(!push_is_refused(TYPES[type], 100, 6));
        ck_assert(!push_is_refused(TYPES[type], 101, 0));
    }
}
END_TEST

/* A number of few bits, or near the largest: parts that stand together must not mix. */
static uint64_t extreme(struct rng_stream *stream, unsigned bits)
{
    uint64_t x = rng_below(stream, 4);
    return rng_below(stream, 2) ? x : (UINT64_C(1) << bits) - 1 - x;
}

START_TEST(entries_keep_their_parts_and_sort_as_their_keys)
{
    struct rng rng = {.seed = 4};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    struct queue_entry last = {0};
    struct order_key last_key = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t time_ns = extreme(&stream, 62);
        uint64_t depth = extreme(&stream, 16);
        enum order_class order_class = (enum order_class)rng_below(&stream, 3);
        uint32_t source = (uint32_t)extreme(&stream, 32);
        uint64_t sequence = extreme(&stream, 48);
        uint32_t slot = (uint32_t)extreme(&stream, 32);
        struct queue_entry entry =
            queue_entry_make(time_ns, depth, order_class, source, sequence, slot);
        HOLDS(queue_entry_time_ns(&entry) == time_ns && queue_entry_depth(&entry) == depth &&
                  queue_entry_class(&entry) == order_class &&
                  queue_entry_source(&entry) == source &&
                  queue_entry_sequence(&entry) == sequence && queue_entry_slot(&entry) == slot,
              "a part is lost, entry %d", i);
        struct order_key key = {time_ns, order_rank(depth, order_class, source), sequence};
        HOLDS(queue_entry_before(&last, &entry) == order_before(&last_key, &key) &&
                  queue_entry_before(&entry, &last) == order_before(&key, &last_key),
              "entry %d sorts unlike its key", i);
        last = entry;
        last_key = key;
    }
}
END_TEST

/* Times of few values tie, of many hardly ever: then only the pairs of the network decide. */
START_TEST(few_entries_are_sorted_by_key)
{
    struct rng rng = {.seed = 6};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (int round = 0; round < 64000; round++) {
        uint32_t count = 1 + (uint32_t)round % QUEUE_SORT_FEW;
        uint64_t values = round % 3 == 0 ? 4 : UINT64_C(1) << 40;
        uint64_t base = round % 2 ? (UINT64_C(1) << 62) - values : 0;
        struct queue_entry from[QUEUE_SORT_FEW], sorted[QUEUE_SORT_FEW];
        const struct queue_entry *place[QUEUE_SORT_FEW];
        uint32_t slots = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t time_ns = base + rng_below(&stream, values);
            uint64_t depth = rng_below(&stream, 2);
            from[i] = queue_entry_make(time_ns, depth << 15, ORDER_MESSAGE, 7 - i % 8, i, i);
            place[i] = &from[i];
        }
        queue_sort_few(place, count, sorted);
        for (uint32_t i = 0; i < count; i++) {
            slots |= UINT32_C(1) << queue_entry_slot(&sorted[i]);
            HOLDS(i == 0 || queue_entry_before(&sorted[i - 1], &sorted[i]), "round %d", round);
        }
        HOLDS(slots == (UINT32_C(1) << count) - 1, "an entry is lost in round %d", round);
    }
}
END_TEST

START_TEST(implementers_are_found_by_name)
{
    ck_assert_ptr_eq(queue_type_find("heap"), &queue_heap);
    ck_assert_ptr_eq(queue_type_find("wheel"), &queue_wheel);
    ck_assert_ptr_null(queue_type_find("hea"));
    ck_assert_ptr_null(queue_type_find(""));
}
END_TEST

CHECK_MAIN("queue", heap_and_wheel_pop_alike_under_every_load, pops_equal_a_sorted_array,
           an_early_push_after_a_far_peek_comes_first, keys_not_above_the_last_pop_are_refused,
           entries_keep_their_parts_and_sort_as_their_keys, few_entries_are_sorted_by_key,
           implementers_are_found_by_name)
