#include "sim/queue.h"

#include "sim/memory.h"
#include "sim/queue_ring.h"
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
    PAGE_SHIFT = 7,
    PAGE_CELLS = 1 << PAGE_SHIFT,
    BITS_SHIFT_MIN = 6,
    BITS_SHIFT_MAX = 23,       /* buckets in the wheel: 2^6 to 2^23 */
    POPS_PER_BUCKET_SHIFT = 3, /* wanted entries a bucket: 4 to 8 */
    RETUNE_POPS_MIN = 1024,
    SAMPLES = 255,
    WIDTH_SHIFT_MAX = 40, /* 2^40 ns = 18 min */
    AHEAD_CELLS = 4,
    HINTS_MAX = 64,    /* larger buckets would push each other out of the cache */
    HINTS_LEAST = 4096 /* so few pending events are in the cache anyway */
};

struct page {
    uint32_t next[PAGE_CELLS]; /* apart, so that a list is walked without its entries */
    struct queue_entry entry[PAGE_CELLS];
};

struct entries { /* a counted array */
    struct queue_entry *entry;
    uint32_t count, capacity;
};

struct queue {
    struct memory *memory;
    size_t count;
    struct entries run; /* the current bucket, ascending; popped from run_next on */
    uint32_t run_next;
    struct entries late; /* binary heap of entries at or before bucket `current` */
    uint64_t current;    /* number of the current bucket: time >> width_shift */
    uint64_t admitted;   /* the last half turn in the wheel; the one popped is admitted - 1 */
    struct queue_ring ring;
    uint64_t ring_mask;   /* of ring */
    unsigned high_shift;  /* from an entry's `high` to its bucket */
    struct entries spare; /* for merging */

    struct page **pages; /* of cells; cell 0 is never used */
    uint32_t page_count, page_capacity;
    uint32_t cell_count, free_cell;

    queue_hint *hint; /* NULL = nobody wants any */
    const void *hint_owner;

    bool popped_any, tuned;
    struct queue_entry last; /* pop */
    /* Since the last tuning: pops, how far they went, and up to where that is counted. */
    uint64_t pops, gap_sum_ns, gap_max_ns, counted_ns;
};

static const char *const NAME = "event queue";

/* ---- cells ---- */

static struct queue_entry *entry_at(const struct queue *queue, uint32_t cell)
{
    return &queue->pages[cell >> PAGE_SHIFT]->entry[cell & (PAGE_CELLS - 1)];
}

/* Of a cell: the older one of its bucket, or the next free one. */
static uint32_t *next_of(const struct queue *queue, uint32_t cell)
{
    return &queue->pages[cell >> PAGE_SHIFT]->next[cell & (PAGE_CELLS - 1)];
}

static __attribute__((noinline)) uint32_t cell_make(struct queue *queue)
{
    uint32_t cell = queue->cell_count;
    SIM_ASSERT(cell < UINT32_MAX);
    if (cell >> PAGE_SHIFT == queue->page_count) {
        if (queue->page_count == queue->page_capacity)
            queue->pages = memory_grow(queue->memory, NAME, queue->pages, &queue->page_capacity,
                                       queue->page_count + 1, sizeof *queue->pages);
        queue->pages[queue->page_count++] = memory_take_part(queue->memory, sizeof(struct page));
    }
    queue->cell_count++;
    memory_count(queue->memory, NAME, sizeof(struct page) / PAGE_CELLS);
    return cell;
}

/* Puts an entry into a cell of its own, before `*newest`. */
static inline void bucket_add(struct queue *queue, uint32_t *newest,
                              const struct queue_entry *entry)
{
    uint32_t cell = queue->free_cell;
    if (__builtin_expect(cell != 0, 1))
        queue->free_cell = *next_of(queue, cell);
    else
        cell = cell_make(queue);
    struct page *page = queue->pages[cell >> PAGE_SHIFT];
    page->next[cell & (PAGE_CELLS - 1)] = *newest;
    queue_entry_copy(&page->entry[cell & (PAGE_CELLS - 1)], entry);
    *newest = cell;
}

/* Takes the cell at the head of a list away. */
static struct queue_entry bucket_take(struct queue *queue, uint32_t *newest)
{
    uint32_t cell = *newest;
    *newest = *next_of(queue, cell);
    *next_of(queue, cell) = queue->free_cell;
    queue->free_cell = cell;
    return *entry_at(queue, cell);
}

/* ---- sorted run and late heap ---- */

static void entries_reserve(struct queue *queue, struct entries *entries, uint32_t count)
{
    if (count > entries->capacity)
        entries->entry = memory_grow(queue->memory, NAME, entries->entry, &entries->capacity, count,
                                     sizeof *entries->entry);
}

static void entries_free(struct queue *queue, struct entries *entries)
{
    memory_give(queue->memory, entries->entry, entries->capacity * sizeof *entries->entry);
    *entries = (struct entries){0};
}

static __attribute__((noinline)) void late_push(struct queue *queue,
                                                const struct queue_entry *entry)
{
    struct entries *late = &queue->late;
    entries_reserve(queue, late, late->count + 1);
    uint32_t at = late->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!queue_entry_before(entry, &late->entry[parent]))
            break;
        late->entry[at] = late->entry[parent];
        at = parent;
    }
    late->entry[at] = *entry;
}

static void late_pop(struct queue *queue)
{
    struct entries *late = &queue->late;
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
}

static void sort_run(struct queue *queue)
{
    struct entries *run = &queue->run;
    if (run->count > QUEUE_SORT_SHORT)
        entries_reserve(queue, &queue->spare, run->count);
    if (!queue_sort(run->entry, run->count, queue->spare.entry))
        return;
    struct entries sorted = queue->spare;
    sorted.count = run->count;
    queue->spare = *run;
    *run = sorted;
}

/* ---- where an entry goes ---- */

static uint64_t half_of(const struct queue *queue, uint64_t bucket)
{
    return bucket >> (queue->ring.size_shift - 1);
}

/* Whether an entry belongs into the wheel or to a far bucket nobody can guess, and the processor
 * would lose the whole time of a draw by guessing wrong: masks choose. */
static inline void insert(struct queue *queue, const struct queue_entry *entry)
{
    uint64_t bucket = entry->high >> queue->high_shift;
    if (__builtin_expect(bucket <= queue->current, 0)) {
        late_push(queue, entry);
        return;
    }
    uint64_t half = half_of(queue, bucket);
    uint64_t mask = queue->ring_mask;
    uint64_t is_far = (uint64_t)0 - (half > queue->admitted);
    uint64_t far = mask + 64 - (unsigned)__builtin_clzll((half ^ queue->admitted) | 1);
    uint64_t at = (bucket & mask & ~is_far) | (far & is_far);
    queue_ring_mark(&queue->ring, at); /* even if it is: nobody can guess whether */
    bucket_add(queue, &queue->ring.newest[at], entry);
}

static void deal_out(struct queue *queue, uint32_t newest)
{
    while (newest != 0) {
        struct queue_entry entry = bucket_take(queue, &newest);
        insert(queue, &entry);
    }
}

/* Lets half turns up to `half` into the wheel. No far entry may lie strictly between the old and
 * the new one: then only the far bucket of the highest changed bit can be touched. */
static void admit(struct queue *queue, uint64_t half)
{
    uint64_t at = (UINT64_C(1) << queue->ring.size_shift) + 63U -
                  (unsigned)__builtin_clzll(half ^ queue->admitted);
    queue->admitted = half;
    uint32_t dealt = queue->ring.newest[at];
    if (dealt == 0)
        return;
    queue->ring.newest[at] = 0;
    queue_ring_clear(&queue->ring, at);
    deal_out(queue, dealt);
}

/* The least half turn in the far buckets, which are not all empty: it stands in the lowest. */
static uint64_t far_first(const struct queue *queue)
{
    uint64_t at = (UINT64_C(1) << queue->ring.size_shift) +
                  (unsigned)__builtin_ctzll(queue_ring_far(&queue->ring));
    uint64_t first = UINT64_MAX;
    for (uint32_t cell = queue->ring.newest[at]; cell != 0; cell = *next_of(queue, cell)) {
        uint64_t time_ns = queue_entry_time_ns(entry_at(queue, cell));
        uint64_t half = half_of(queue, time_ns >> queue->ring.width_shift);
        first = half < first ? half : first;
    }
    return first;
}

/* Puts the wheel so that `current` was just popped. */
static void stand_at(struct queue *queue, uint64_t current)
{
    queue->current = current;
    queue->admitted = half_of(queue, current) + 1;
    queue->ring_mask = (UINT64_C(1) << queue->ring.size_shift) - 1;
    queue->high_shift = queue->ring.width_shift + 2;
    queue->gap_max_ns = UINT64_C(1) << (queue->ring.width_shift + queue->ring.size_shift - 1);
}

/* Memory of what comes next travels while the bucket at ring place `at` is sorted and popped: the
 * cells of the bucket after the next, and what the entries of the next one, whose cells have come
 * by now, stand for. */
static void look_ahead(const struct queue *queue, uint64_t at)
{
    const struct queue_ring *ring = &queue->ring;
    uint64_t mask = (UINT64_C(1) << ring->size_shift) - 1;
    __builtin_prefetch(&ring->newest[(at + 16) & mask]);
    uint32_t cell = ring->newest[(at + 2) & mask];
    for (int older = 0; older < AHEAD_CELLS && cell != 0; older++) {
        __builtin_prefetch(entry_at(queue, cell));
        cell = *next_of(queue, cell);
    }
    if (queue->hint == NULL)
        return;
    cell = ring->newest[(at + 1) & mask];
    for (int hints = 0; hints < HINTS_MAX && cell != 0; hints++) {
        queue->hint(queue->hint_owner, entry_at(queue, cell));
        cell = *next_of(queue, cell);
    }
}

/* Copies the bucket at ring place `at` to the run, ascending, and empties it. */
static void run_fill(struct queue *queue, uint64_t at)
{
    const struct queue_entry *found[QUEUE_SORT_FEW];
    uint32_t count = 0, cell = queue->ring.newest[at], last = cell;
    for (; cell != 0 && count < QUEUE_SORT_FEW; count++) {
        found[count] = entry_at(queue, cell);
        last = cell;
        cell = *next_of(queue, cell);
    }
    if (cell == 0) {
        entries_reserve(queue, &queue->run, count);
        queue_sort_few(found, count, queue->run.entry);
        *next_of(queue, last) = queue->free_cell;
        queue->free_cell = queue->ring.newest[at];
        queue->ring.newest[at] = 0;
        queue->run.count = count;
        return;
    }
    queue->run.count = 0;
    while (queue->ring.newest[at] != 0) {
        entries_reserve(queue, &queue->run, queue->run.count + 1);
        queue->run.entry[queue->run.count++] = bucket_take(queue, &queue->ring.newest[at]);
    }
    sort_run(queue);
}

/* Counts the way of the pops up to that time. A jump counts as a half turn at most. */
static void count_way(struct queue *queue, uint64_t to_ns)
{
    if (to_ns <= queue->counted_ns)
        return;
    uint64_t gap_ns = to_ns - queue->counted_ns;
    queue->gap_sum_ns += gap_ns < queue->gap_max_ns ? gap_ns : queue->gap_max_ns;
    queue->counted_ns = to_ns;
}

/* Makes the next bucket that is not empty the current one. False: there is none. */
static bool advance(struct queue *queue)
{
    struct queue_ring *ring = &queue->ring;
    uint64_t half_size = UINT64_C(1) << (ring->size_shift - 1);
    uint64_t mask = 2 * half_size - 1;
    uint64_t half = queue->admitted - 1;
    uint64_t end = (half + 1) * half_size; /* of this half turn, in bucket numbers */
    uint64_t base = (half * half_size) & mask;
    uint64_t found = base + half_size;
    SIM_ASSERT(half_of(queue, queue->current) == half);
    if (queue->current + 1 < end)
        found = queue_ring_find(ring, (queue->current + 1) & mask, base + half_size);
    if (found == base + half_size) {
        base = (base + half_size) & mask;
        found = queue_ring_find(ring, base, base + half_size);
        if (found == base + half_size) {
            if (queue_ring_far(ring) == 0)
                return false;
            uint64_t first = far_first(queue);
            SIM_ASSERT(first > queue->admitted);
            queue->current = first * half_size - 1;
            admit(queue, first);
            base = (first * half_size) & mask;
            half = first - 1;
        }
        admit(queue, half + 2);
        found = queue_ring_find(ring, base, base + half_size);
        SIM_ASSERT(found < base + half_size);
        half++;
    }
    queue->current = half * half_size + (found - base);
    queue_ring_clear(ring, found);
    if (queue->count >= HINTS_LEAST)
        look_ahead(queue, found);
    run_fill(queue, found);
    queue->run_next = 0;
    queue->pops += queue->run.count;
    count_way(queue, queue_entry_time_ns(&queue->run.entry[0]));
    count_way(queue, queue_entry_time_ns(&queue->run.entry[queue->run.count - 1]));
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
static void rebuild(struct queue *queue, unsigned size_shift, unsigned width_shift)
{
    struct queue_ring old_ring = queue->ring;
    struct entries old_run = queue->run;
    struct entries old_late = queue->late;
    uint32_t old_next = queue->run_next;

    queue_ring_open(&queue->ring, queue->memory, size_shift, width_shift);
    queue->run = (struct entries){0};
    queue->late = (struct entries){0};
    queue->run_next = 0;
    stand_at(queue, queue_entry_time_ns(&queue->last) >> width_shift);

    for (uint32_t i = old_next; i < old_run.count; i++)
        insert(queue, &old_run.entry[i]);
    for (uint32_t i = 0; i < old_late.count; i++)
        insert(queue, &old_late.entry[i]);
    for (uint64_t i = 0; i < (UINT64_C(1) << old_ring.size_shift) + QUEUE_RING_FAR; i++)
        deal_out(queue, old_ring.newest[i]);
    entries_free(queue, &old_run);
    entries_free(queue, &old_late);
    queue_ring_close(&old_ring, queue->memory);
}

/* A width from the entries themselves, when there are no pops to go by yet: from the spread of the
 * nearer half of a sample, since the far half may be anywhere. The wheel is 64 ns long before its
 * first pop, so nearly all entries are in the far list. */
static unsigned width_shift_sampled(const struct queue *queue)
{
    uint64_t sample[SAMPLES + 1];
    uint32_t count = 0;
    for (uint64_t at = 0; at < QUEUE_RING_FAR; at++) {
        uint32_t cell = queue->ring.newest[(UINT64_C(1) << queue->ring.size_shift) + at];
        size_t stride = queue->count / SAMPLES + 1;
        for (uint32_t i = 0; cell != 0 && count < SAMPLES; i++) {
            if (i % stride == 0)
                sample[count++] = queue_entry_time_ns(entry_at(queue, cell));
            cell = *next_of(queue, cell);
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
    return width_shift_for(sample[count / 2] - sample[0], queue->count / 2);
}

static void retune(struct queue *queue)
{
    if (queue->popped_any)
        count_way(queue, queue_entry_time_ns(&queue->last));
    unsigned size = size_shift_for(queue->count);
    unsigned width =
        queue->tuned ? width_shift_for(queue->gap_sum_ns, queue->pops) : width_shift_sampled(queue);
    bool other_width = width > queue->ring.width_shift + 1 || width + 1 < queue->ring.width_shift;
    bool other_size = size > queue->ring.size_shift || size + 3 < queue->ring.size_shift;
    queue->pops = 0;
    queue->gap_sum_ns = 0;
    if (!queue->tuned || other_width || other_size)
        rebuild(queue, size, width);
    queue->tuned = true;
}

/* ---- the interface ---- */

static struct queue *wheel_create(struct memory *memory)
{
    struct queue *queue = memory_take(memory, NAME, sizeof *queue);
    queue->memory = memory;
    queue->cell_count = 1; /* cell 0 says "none" */
    queue->pages = memory_grow(memory, NAME, NULL, &queue->page_capacity, 1, sizeof *queue->pages);
    queue->pages[queue->page_count++] = memory_take_part(memory, sizeof(struct page));
    queue_ring_open(&queue->ring, memory, BITS_SHIFT_MIN, 0);
    stand_at(queue, 0);
    return queue;
}

static void wheel_push(struct queue *queue, const struct queue_entry *entry)
{
    SIM_ASSERT(!queue->popped_any || queue_entry_before(&queue->last, entry));
    insert(queue, entry);
    queue->count++;
}

/* The run is empty: makes one, or leaves the late ones to be first. False: nothing is left. */
static __attribute__((noinline)) bool next_run(struct queue *queue)
{
    if (queue->count == 0)
        return false;
    if (!queue->tuned || (queue->pops >= RETUNE_POPS_MIN && queue->pops >= queue->count))
        retune(queue);
    if (queue->run_next == queue->run.count && queue->late.count == 0) {
        bool any = advance(queue);
        SIM_ASSERT(any);
    }
    return true;
}

/* The first entry, or NULL; *ret_late says where it stands. */
static inline const struct queue_entry *first(struct queue *queue, bool *ret_late)
{
    if (queue->run_next == queue->run.count && !next_run(queue))
        return NULL;
    const struct queue_entry *run = &queue->run.entry[queue->run_next];
    *ret_late =
        __builtin_expect(queue->late.count > 0, 0) &&
        (queue->run_next == queue->run.count || queue_entry_before(&queue->late.entry[0], run));
    return *ret_late ? &queue->late.entry[0] : run;
}

static bool wheel_peek(struct queue *queue, struct queue_entry *ret_entry)
{
    bool late;
    const struct queue_entry *entry = first(queue, &late);
    if (entry == NULL)
        return false;
    *ret_entry = *entry;
    return true;
}

static inline bool pop_entry(struct queue *queue, const struct queue_entry *entry, bool late,
                             struct queue_entry *ret_entry)
{
    SIM_ASSERT(!queue->popped_any || queue_entry_before(&queue->last, entry));
    queue_entry_copy(&queue->last, entry);
    queue->popped_any = true;
    queue_entry_copy(ret_entry, entry);
    queue->count--;
    if (late) {
        queue->pops++;
        late_pop(queue);
    } else {
        queue->run_next++;
    }
    return true;
}

static __attribute__((noinline)) bool pop_late(struct queue *queue, uint64_t until_ns,
                                               struct queue_entry *ret_entry)
{
    bool late;
    const struct queue_entry *entry = first(queue, &late);
    if (entry == NULL || queue_entry_time_ns(entry) > until_ns)
        return false;
    return pop_entry(queue, entry, late, ret_entry);
}

static bool wheel_pop_until(struct queue *queue, uint64_t until_ns, struct queue_entry *ret_entry)
{
    if (__builtin_expect(queue->run_next == queue->run.count || queue->late.count > 0, 0))
        return pop_late(queue, until_ns, ret_entry);
    const struct queue_entry *entry = &queue->run.entry[queue->run_next];
    if (queue_entry_time_ns(entry) > until_ns)
        return false;
    return pop_entry(queue, entry, false, ret_entry);
}

static bool wheel_pop(struct queue *queue, struct queue_entry *ret_entry)
{
    return wheel_pop_until(queue, UINT64_MAX, ret_entry);
}

static void wheel_foresee(struct queue *queue, queue_hint *hint, const void *owner)
{
    queue->hint = hint;
    queue->hint_owner = owner;
}

static size_t wheel_count(const struct queue *queue)
{
    return queue->count;
}

static void wheel_destroy(struct queue *queue)
{
    if (queue == NULL)
        return;
    queue_ring_close(&queue->ring, queue->memory);
    entries_free(queue, &queue->run);
    entries_free(queue, &queue->late);
    entries_free(queue, &queue->spare);
    memory_uncount(queue->memory, (queue->cell_count - 1) * (sizeof(struct page) / PAGE_CELLS));
    for (uint32_t i = 0; i < queue->page_count; i++)
        memory_give_part(queue->memory, queue->pages[i]);
    memory_give(queue->memory, queue->pages, queue->page_capacity * sizeof *queue->pages);
    memory_give(queue->memory, queue, sizeof *queue);
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
