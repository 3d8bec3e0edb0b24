#include "sim/queue_wheel.h"

#include "sim/memory.h"
#include "sim/queue_sort.h"
#include "sim/sim_assert.h"

/* A bucket wheel with lazily sorted buckets, a radix far list and a heap for late arrivals.
 *
 * Time is cut into buckets of 2^shift ns. The wheel holds the buckets of two half turns, the
 * `half` that is being popped and the next one; an entry beyond them waits in one of 64 far
 * buckets, chosen by the highest bit in which its half turn differs from the last one admitted.
 * Whenever a half turn is passed, one far bucket is dealt out anew, into the wheel or into nearer
 * far buckets: an entry moves at most 64 times, and twice or thrice as a rule. Bitmaps in three
 * levels find the next bucket that is not empty, so empty time costs nothing; when the wheel is
 * empty it jumps to the first far entry.
 *
 * A bucket is a list of cells of one entry each. A push only stores, to lines that it does not wait
 * for, and takes no branch that hangs on the time it is given: the time comes late, at the end of a
 * draw, and a wrong guess would cost the whole wait. When a bucket becomes current it is copied to
 * `run` and sorted. What arrives for the current bucket, or for time before it, goes to a heap,
 * `late`. So one instant with any number of ties costs a sort, and a wheel that fits its load badly
 * is a heap.
 *
 * Every now and then (a number of pops that grows with the entries, so its cost is constant an
 * event) the mean distance of pops says whether the buckets should be wider or narrower. It counts
 * a gap as a half turn at most: a single jump of 2^60 ns must not make all buckets wide. Nothing
 * of this can change the order of pops, only their cost. */

enum {
    BITS_SHIFT_MIN = 6,
    BITS_SHIFT_MAX = 23,       /* buckets in the wheel: 2^6 to 2^23 */
    POPS_PER_BUCKET_SHIFT = 3, /* wanted entries a bucket: 4 to 8 */
    RETUNE_POPS_MIN = 1024,
    SAMPLES = 255,
    WIDTH_SHIFT_MAX = 39, /* 2^39 ns = 9 min */
    AHEAD_CELLS = 4,
    HINTS_MAX = 64,    /* larger buckets would push each other out of the cache */
    HINTS_LEAST = 4096 /* so few pending events are in the cache anyway */
};

static const char *const NAME = "event queue";

/* ---- cells ---- */

enum { CELL_BYTES = sizeof(uint32_t) + sizeof(struct queue_entry) };

static void reserve_cells(struct queue_wheel *wheel, uint32_t count)
{
    if (count > wheel->older_capacity)
        wheel->older =
            memory_grow_part(wheel->older, &wheel->older_capacity, count, sizeof *wheel->older);
    if (count > wheel->entry_capacity)
        wheel->entry =
            memory_grow_part(wheel->entry, &wheel->entry_capacity, count, sizeof *wheel->entry);
}

__attribute__((cold)) uint32_t queue_wheel_make_cell(struct queue_wheel *wheel)
{
    uint32_t cell = wheel->cell_count;
    SIM_ASSERT(cell < UINT32_MAX);
    reserve_cells(wheel, cell + 1);
    wheel->older[cell] = 0;
    wheel->cell_count++;
    memory_count(wheel->memory, NAME, CELL_BYTES);
    return cell;
}

/* Takes the cell at the head of a list away. */
static struct queue_entry bucket_take(struct queue_wheel *wheel, uint32_t *newest)
{
    uint32_t cell = *newest;
    *newest = wheel->older[cell];
    wheel->older[cell] = wheel->free_cell;
    wheel->free_cell = cell;
    return wheel->entry[cell];
}

/* ---- sorted run and late heap ---- */

static void entries_reserve(struct queue_wheel *wheel, struct wheel_entries *entries,
                            uint32_t count)
{
    if (count > entries->capacity)
        entries->entry = memory_grow(wheel->memory, NAME, entries->entry, &entries->capacity, count,
                                     sizeof *entries->entry);
}

/* The run ends with a guard that is later than every entry: who pops needs no count. */
static void run_start(struct queue_wheel *wheel)
{
    SIM_ASSERT(wheel->run.count < wheel->run.capacity);
    wheel->run.entry[wheel->run.count] = (struct queue_entry){.high = UINT64_MAX};
    wheel->next = wheel->run.entry;
}

static bool run_is_over(const struct queue_wheel *wheel)
{
    return wheel->next == wheel->run.entry + wheel->run.count;
}

static void entries_free(struct queue_wheel *wheel, struct wheel_entries *entries)
{
    memory_give(wheel->memory, entries->entry, entries->capacity * sizeof *entries->entry);
    *entries = (struct wheel_entries){0};
}

void queue_wheel_push_late(struct queue_wheel *wheel, struct queue_entry entry)
{
    struct wheel_entries *late = &wheel->late;
    entries_reserve(wheel, late, late->count + 1);
    uint32_t at = late->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!queue_entry_before(&entry, &late->entry[parent]))
            break;
        late->entry[at] = late->entry[parent];
        at = parent;
    }
    late->entry[at] = entry;
    wheel->late_high = late->entry[0].high;
}

static void late_pop(struct queue_wheel *wheel)
{
    struct wheel_entries *late = &wheel->late;
    struct queue_entry moved = late->entry[--late->count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < late->count; child = 2 * at + 1) {
        if (child + 1 < late->count &&
            queue_entry_before(&late->entry[child + 1], &late->entry[child]))
            child++;
        if (!queue_entry_before(&late->entry[child], &moved))
            break;
        late->entry[at] = late->entry[child];
        at = child;
    }
    if (late->count > 0)
        late->entry[at] = moved;
    wheel->late_high = late->count > 0 ? late->entry[0].high : UINT64_MAX;
}

static void sort_run(struct queue_wheel *wheel)
{
    struct wheel_entries *run = &wheel->run;
    if (run->count > QUEUE_SORT_SHORT)
        entries_reserve(wheel, &wheel->spare, run->count + 1);
    if (!queue_sort(run->entry, run->count, wheel->spare.entry))
        return;
    struct wheel_entries sorted = wheel->spare;
    sorted.count = run->count;
    wheel->spare = *run;
    *run = sorted;
}

/* ---- where an entry goes ---- */

static uint64_t half_of(const struct queue_wheel *wheel, uint64_t bucket)
{
    return bucket >> (wheel->half_shift - wheel->high_shift);
}

static void deal_out(struct queue_wheel *wheel, uint32_t newest)
{
    while (newest != 0) {
        struct queue_entry entry = bucket_take(wheel, &newest);
        queue_wheel_insert(wheel, entry);
    }
}

/* Lets half turns up to `half` into the wheel. No far entry may lie strictly between the old and
 * the new one: then only the far bucket of the highest changed bit can be touched. */
static void admit(struct queue_wheel *wheel, uint64_t half)
{
    uint64_t at = (UINT64_C(1) << wheel->ring.size_shift) + 63U -
                  (unsigned)__builtin_clzll(half ^ wheel->admitted);
    wheel->admitted = half;
    uint32_t dealt = wheel->ring.newest[at];
    if (dealt == 0)
        return;
    wheel->ring.newest[at] = 0;
    queue_ring_clear(&wheel->ring, at);
    deal_out(wheel, dealt);
}

/* The least half turn in the far buckets, which are not all empty: it stands in the lowest. */
static uint64_t far_first(const struct queue_wheel *wheel)
{
    uint64_t at = (UINT64_C(1) << wheel->ring.size_shift) +
                  (unsigned)__builtin_ctzll(queue_ring_far(&wheel->ring));
    uint64_t first = UINT64_MAX;
    for (uint32_t cell = wheel->ring.newest[at]; cell != 0; cell = wheel->older[cell]) {
        uint64_t time_ns = queue_entry_time_ns(&wheel->entry[cell]);
        uint64_t half = half_of(wheel, time_ns >> wheel->ring.width_shift);
        first = half < first ? half : first;
    }
    return first;
}

/* Puts the wheel so that `current` was just popped. */
static void stand_at(struct queue_wheel *wheel, uint64_t current)
{
    wheel->current = current;
    wheel->high_shift = wheel->ring.width_shift + 2;
    wheel->half_shift = wheel->high_shift + wheel->ring.size_shift - 1;
    wheel->admitted = half_of(wheel, current) + 1;
    wheel->ring_mask = (UINT64_C(1) << wheel->ring.size_shift) - 1;
    wheel->gap_max_ns = UINT64_C(1) << (wheel->ring.width_shift + wheel->ring.size_shift - 1);
}

/* Memory of what comes next travels while the bucket at ring place `at` is sorted and popped: the
 * cells of the bucket after the next, and what the entries of the next one, whose cells have come
 * by now, stand for. */
static void look_ahead(const struct queue_wheel *wheel, uint64_t at)
{
    const struct queue_ring *ring = &wheel->ring;
    uint64_t mask = (UINT64_C(1) << ring->size_shift) - 1;
    __builtin_prefetch(&ring->newest[(at + 16) & mask]);
    uint32_t cell = ring->newest[(at + 2) & mask];
    for (int older = 0; older < AHEAD_CELLS && cell != 0; older++) {
        __builtin_prefetch(&wheel->entry[cell]);
        cell = wheel->older[cell];
    }
    if (wheel->hint == NULL)
        return;
    cell = ring->newest[(at + 1) & mask];
    for (int hints = 0; hints < HINTS_MAX && cell != 0; hints++) {
        wheel->hint(wheel->hint_owner, &wheel->entry[cell]);
        cell = wheel->older[cell];
    }
}

/* Copies the bucket at ring place `at` to the run, ascending, and empties it. */
static void run_fill(struct queue_wheel *wheel, uint64_t at)
{
    const struct queue_entry *found[QUEUE_SORT_FEW];
    uint32_t count = 0, cell = wheel->ring.newest[at], last = cell;
    for (; cell != 0 && count < QUEUE_SORT_FEW; count++) {
        found[count] = &wheel->entry[cell];
        last = cell;
        cell = wheel->older[cell];
    }
    if (cell == 0) {
        entries_reserve(wheel, &wheel->run, count + 1);
        queue_sort_few(found, count, wheel->run.entry);
        wheel->older[last] = wheel->free_cell;
        wheel->free_cell = wheel->ring.newest[at];
        wheel->ring.newest[at] = 0;
        wheel->run.count = count;
        return;
    }
    wheel->run.count = 0;
    while (wheel->ring.newest[at] != 0) {
        entries_reserve(wheel, &wheel->run, wheel->run.count + 2);
        wheel->run.entry[wheel->run.count++] = bucket_take(wheel, &wheel->ring.newest[at]);
    }
    sort_run(wheel);
}

/* Counts the way of the pops up to that time. A jump counts as a half turn at most. */
static void count_way(struct queue_wheel *wheel, uint64_t to_ns)
{
    if (to_ns <= wheel->counted_ns)
        return;
    uint64_t gap_ns = to_ns - wheel->counted_ns;
    wheel->gap_sum_ns += gap_ns < wheel->gap_max_ns ? gap_ns : wheel->gap_max_ns;
    wheel->counted_ns = to_ns;
}

/* Makes the next bucket that is not empty the current one. False: there is none. */
static bool advance(struct queue_wheel *wheel)
{
    struct queue_ring *ring = &wheel->ring;
    uint64_t half_size = UINT64_C(1) << (ring->size_shift - 1);
    uint64_t mask = 2 * half_size - 1;
    uint64_t half = wheel->admitted - 1;
    uint64_t end = (half + 1) * half_size; /* of this half turn, in bucket numbers */
    uint64_t base = (half * half_size) & mask;
    uint64_t found = base + half_size;
    SIM_ASSERT(half_of(wheel, wheel->current) == half);
    if (wheel->current + 1 < end)
        found = queue_ring_find(ring, (wheel->current + 1) & mask, base + half_size);
    if (found == base + half_size) {
        base = (base + half_size) & mask;
        found = queue_ring_find(ring, base, base + half_size);
        if (found == base + half_size) {
            if (queue_ring_far(ring) == 0)
                return false;
            uint64_t first = far_first(wheel);
            SIM_ASSERT(first > wheel->admitted);
            wheel->current = first * half_size - 1;
            admit(wheel, first);
            base = (first * half_size) & mask;
            half = first - 1;
        }
        admit(wheel, half + 2);
        found = queue_ring_find(ring, base, base + half_size);
        SIM_ASSERT(found < base + half_size);
        half++;
    }
    wheel->current = half * half_size + (found - base);
    queue_ring_clear(ring, found);
    if (wheel->count >= HINTS_LEAST)
        look_ahead(wheel, found);
    run_fill(wheel, found);
    run_start(wheel);
    wheel->pops += wheel->run.count;
    count_way(wheel, queue_entry_time_ns(&wheel->run.entry[0]));
    count_way(wheel, queue_entry_time_ns(&wheel->run.entry[wheel->run.count - 1]));
    return true;
}

/* ---- tuning ---- */

static unsigned log2_floor(uint64_t x)
{
    return x == 0 ? 0 : 63U - (unsigned)__builtin_clzll(x);
}

static unsigned size_shift_for(size_t count)
{
    unsigned shift = log2_floor(count);
    if (shift < BITS_SHIFT_MIN)
        return BITS_SHIFT_MIN;
    return shift > BITS_SHIFT_MAX ? BITS_SHIFT_MAX : shift;
}

static unsigned width_shift_for(uint64_t gap_ns_sum, uint64_t gaps)
{
    uint64_t gap_quarter_ns =
        gap_ns_sum /
        (gaps + 1 > 1 << POPS_PER_BUCKET_SHIFT ? (gaps + 1) >> POPS_PER_BUCKET_SHIFT : 1);
    unsigned shift = log2_floor(gap_quarter_ns);
    return shift > WIDTH_SHIFT_MAX ? WIDTH_SHIFT_MAX : shift;
}

/* Puts all entries into a ring of another size or width. O(entries + buckets). */
static void rebuild(struct queue_wheel *wheel, unsigned size_shift, unsigned width_shift)
{
    struct queue_ring old_ring = wheel->ring;
    struct wheel_entries old_run = wheel->run;
    struct wheel_entries old_late = wheel->late;
    const struct queue_entry *old_next = wheel->next;

    queue_ring_open(&wheel->ring, wheel->memory, size_shift, width_shift);
    wheel->run = (struct wheel_entries){0};
    wheel->late = (struct wheel_entries){0};
    wheel->late_high = UINT64_MAX;
    entries_reserve(wheel, &wheel->run, 1);
    run_start(wheel);
    stand_at(wheel, queue_entry_time_ns(&wheel->last) >> width_shift);

    for (; old_next < old_run.entry + old_run.count; old_next++)
        queue_wheel_insert(wheel, *old_next);
    for (uint32_t i = 0; i < old_late.count; i++)
        queue_wheel_insert(wheel, old_late.entry[i]);
    for (uint64_t i = 0; i < (UINT64_C(1) << old_ring.size_shift) + QUEUE_RING_FAR; i++)
        deal_out(wheel, old_ring.newest[i]);
    entries_free(wheel, &old_run);
    entries_free(wheel, &old_late);
    queue_ring_close(&old_ring, wheel->memory);
}

/* A width from the entries themselves, when there are no pops to go by yet: from the spread of the
 * nearer half of a sample, since the far half may be anywhere. The wheel is 64 ns long before its
 * first pop, so nearly all entries are in the far list. */
static unsigned width_shift_sampled(const struct queue_wheel *wheel)
{
    uint64_t sample[SAMPLES + 1];
    uint32_t count = 0;
    for (uint64_t at = 0; at < QUEUE_RING_FAR; at++) {
        uint32_t cell = wheel->ring.newest[(UINT64_C(1) << wheel->ring.size_shift) + at];
        size_t stride = wheel->count / SAMPLES + 1;
        for (uint32_t i = 0; cell != 0 && count < SAMPLES; i++) {
            if (i % stride == 0)
                sample[count++] = queue_entry_time_ns(&wheel->entry[cell]);
            cell = wheel->older[cell];
        }
    }
    if (count < 2)
        return 0;
    for (uint32_t i = 1; i < count; i++) {
        uint64_t moved = sample[i];
        uint32_t at = i;
        for (; at > 0 && moved < sample[at - 1]; at--)
            sample[at] = sample[at - 1];
        sample[at] = moved;
    }
    return width_shift_for(sample[count / 2] - sample[0], wheel->count / 2);
}

static void retune(struct queue_wheel *wheel)
{
    count_way(wheel, queue_entry_time_ns(&wheel->last));
    unsigned size = size_shift_for(wheel->count);
    unsigned width =
        wheel->tuned ? width_shift_for(wheel->gap_sum_ns, wheel->pops) : width_shift_sampled(wheel);
    bool other_width = width > wheel->ring.width_shift + 1 || width + 1 < wheel->ring.width_shift;
    bool other_size = size > wheel->ring.size_shift || size + 3 < wheel->ring.size_shift;
    wheel->pops = 0;
    wheel->gap_sum_ns = 0;
    if (!wheel->tuned || other_width || other_size)
        rebuild(wheel, size, width);
    wheel->tuned = true;
}

/* ---- the interface ---- */

static struct queue *wheel_create(struct memory *memory)
{
    struct queue_wheel *wheel = memory_take(memory, NAME, sizeof *wheel);
    wheel->memory = memory;
    wheel->cell_count = 1; /* cell 0 says "none" */
    reserve_cells(wheel, wheel->cell_count);
    wheel->late_high = UINT64_MAX;
    entries_reserve(wheel, &wheel->run, 1);
    run_start(wheel);
    queue_ring_open(&wheel->ring, memory, BITS_SHIFT_MIN, 0);
    stand_at(wheel, 0);
    return (struct queue *)wheel;
}

static struct queue_wheel *wheel_of(struct queue *queue)
{
    return (struct queue_wheel *)queue;
}

static void wheel_push(struct queue *queue, const struct queue_entry *entry)
{
    struct queue_wheel *wheel = wheel_of(queue);
    SIM_ASSERT(!wheel->popped_any || queue_entry_before(&wheel->last, entry));
    queue_wheel_push(wheel, *entry);
}

/* The run is over: makes one, or leaves the late ones to be first. False: nothing is left. */
static bool next_run(struct queue_wheel *wheel)
{
    if (wheel->count == 0)
        return false;
    if (!wheel->tuned || (wheel->pops >= RETUNE_POPS_MIN && wheel->pops >= wheel->count))
        retune(wheel);
    if (run_is_over(wheel) && wheel->late.count == 0) {
        bool any = advance(wheel);
        SIM_ASSERT(any);
    }
    return true;
}

/* The first entry, or NULL; *ret_late says where it stands. */
static const struct queue_entry *first(struct queue_wheel *wheel, bool *ret_late)
{
    if (run_is_over(wheel) && !next_run(wheel))
        return NULL;
    const struct queue_entry *run = wheel->next;
    *ret_late = wheel->late.count > 0 &&
                (run_is_over(wheel) || queue_entry_before(&wheel->late.entry[0], run));
    return *ret_late ? &wheel->late.entry[0] : run;
}

static bool wheel_peek(struct queue *queue, struct queue_entry *ret_entry)
{
    bool late;
    const struct queue_entry *entry = first(wheel_of(queue), &late);
    if (entry == NULL)
        return false;
    *ret_entry = *entry;
    return true;
}

bool queue_wheel_pop_slow(struct queue_wheel *wheel, uint64_t until_ns)
{
    bool late;
    const struct queue_entry *entry = first(wheel, &late);
    if (entry == NULL || queue_entry_time_ns(entry) > until_ns)
        return false;
    queue_entry_copy(&wheel->last, entry);
    wheel->count--;
    if (late) {
        wheel->pops++;
        late_pop(wheel);
    } else {
        wheel->next++;
    }
    return true;
}

static bool wheel_pop_until(struct queue *queue, uint64_t until_ns, struct queue_entry *ret_entry)
{
    struct queue_wheel *wheel = wheel_of(queue);
    struct queue_entry before = wheel->last;
    if (!queue_wheel_pop_until(wheel, until_ns))
        return false;
    SIM_ASSERT(!wheel->popped_any || queue_entry_before(&before, &wheel->last));
    wheel->popped_any = true;
    queue_entry_copy(ret_entry, &wheel->last);
    return true;
}

static bool wheel_pop(struct queue *queue, struct queue_entry *ret_entry)
{
    return wheel_pop_until(queue, UINT64_MAX, ret_entry);
}

static void wheel_foresee(struct queue *queue, queue_hint *hint, const void *owner)
{
    struct queue_wheel *wheel = wheel_of(queue);
    wheel->hint = hint;
    wheel->hint_owner = owner;
}

static size_t wheel_count(const struct queue *queue)
{
    return ((const struct queue_wheel *)queue)->count;
}

static void wheel_destroy(struct queue *queue)
{
    if (queue == NULL)
        return;
    struct queue_wheel *wheel = wheel_of(queue);
    queue_ring_close(&wheel->ring, wheel->memory);
    entries_free(wheel, &wheel->run);
    entries_free(wheel, &wheel->late);
    entries_free(wheel, &wheel->spare);
    memory_uncount(wheel->memory, (size_t)(wheel->cell_count - 1) * CELL_BYTES);
    memory_drop_part(wheel->older);
    memory_drop_part(wheel->entry);
    memory_give(wheel->memory, wheel, sizeof *wheel);
}

const struct queue_type queue_wheel = {.name = "wheel",
                                       .create = wheel_create,
                                       .push = wheel_push,
                                       .peek = wheel_peek,
                                       .pop = wheel_pop,
                                       .pop_until = wheel_pop_until,
                                       .count = wheel_count,
                                       .foresee = wheel_foresee,
                                       .destroy = wheel_destroy};
