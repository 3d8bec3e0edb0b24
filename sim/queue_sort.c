#include "sim/queue_sort.h"

#include "sim/sim_assert.h"

enum { PLACE_BITS = 4, KEY_BITS = 42 };

static void sort_short(struct queue_entry *entry, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct queue_entry moved = entry[i];
        uint32_t at = i;
        for (; at > 0 && queue_entry_before(&moved, &entry[at - 1]); at--)
            entry[at] = entry[at - 1];
        entry[at] = moved;
    }
}

/* Puts two keys in order without a branch. */
#define PAIR(i, j)                                                                                 \
    do {                                                                                           \
        uint64_t low = key[i] < key[j] ? key[i] : key[j];                                          \
        key[j] = key[i] < key[j] ? key[j] : key[i];                                                \
        key[i] = low;                                                                              \
    } while (0)

/* Batcher's odd-even merge sort of 8: 19 pairs. */
static inline void sort_8(uint64_t *key)
{
    PAIR(0, 1);
    PAIR(2, 3);
    PAIR(4, 5);
    PAIR(6, 7);
    PAIR(0, 2);
    PAIR(1, 3);
    PAIR(4, 6);
    PAIR(5, 7);
    PAIR(1, 2);
    PAIR(5, 6);
    PAIR(0, 4);
    PAIR(1, 5);
    PAIR(2, 6);
    PAIR(3, 7);
    PAIR(2, 4);
    PAIR(3, 5);
    PAIR(1, 2);
    PAIR(3, 4);
    PAIR(5, 6);
}

/* Merges sorted halves of 16, as Batcher does. */
static void merge_16(uint64_t *key)
{
    for (int i = 0; i < 8; i++)
        PAIR(i, i + 8);
    for (int i = 4; i < 8; i++)
        PAIR(i, i + 4);
    for (int block = 2; block < 14; block += 4) {
        PAIR(block, block + 2);
        PAIR(block + 1, block + 3);
    }
    for (int i = 1; i < 15; i += 2)
        PAIR(i, i + 1);
}

/* A key is the time and depth bits above the least of them, and the place in `from`, so that it
 * travels with them. Places without an entry come last. */
void queue_sort_few(const struct queue_entry *const *from, uint32_t count,
                    struct queue_entry *ret_sorted)
{
    SIM_ASSERT(count <= QUEUE_SORT_FEW);
    uint64_t key[QUEUE_SORT_FEW];
    uint64_t least = from[0]->high - (UINT64_C(1) << KEY_BITS);
    for (uint32_t i = 0; i < QUEUE_SORT_FEW; i++)
        key[i] = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++)
        key[i] = (from[i]->high - least) << PLACE_BITS | i;
    sort_8(key);
    if (count > 8) {
        sort_8(key + 8);
        merge_16(key);
    }
    bool ties = false;
    for (uint32_t i = 0; i < count; i++) {
        ret_sorted[i] = *from[key[i] & (QUEUE_SORT_FEW - 1)];
        ties |= i > 0 && key[i] >> PLACE_BITS == key[i - 1] >> PLACE_BITS;
    }
    if (ties)
        sort_short(ret_sorted, count);
}

static void merge(const struct queue_entry *from, uint64_t middle, uint64_t count,
                  struct queue_entry *ret_to)
{
    uint64_t left = 0;
    uint64_t right = middle;
    for (uint64_t i = 0; i < count; i++) {
        bool take_left =
            left < middle && (right >= count || queue_entry_before(&from[left], &from[right]));
        ret_to[i] = take_left ? from[left++] : from[right++];
    }
}

bool queue_sort(struct queue_entry *entry, uint32_t count, struct queue_entry *spare)
{
    if (count <= QUEUE_SORT_SHORT) {
        sort_short(entry, count);
        return false;
    }
    for (uint64_t i = 0; i < count; i += QUEUE_SORT_SHORT) {
        uint64_t rest = count - i;
        sort_short(entry + i, (uint32_t)(rest < QUEUE_SORT_SHORT ? rest : QUEUE_SORT_SHORT));
    }
    bool in_spare = false;
    for (uint64_t length = QUEUE_SORT_SHORT; length < count; length *= 2) {
        const struct queue_entry *from = in_spare ? spare : entry;
        struct queue_entry *to = in_spare ? entry : spare;
        for (uint64_t i = 0; i < count; i += 2 * length) {
            uint64_t rest = count - i;
            uint64_t whole = rest < 2 * length ? rest : 2 * length;
            merge(from + i, rest < length ? rest : length, whole, to + i);
        }
        in_spare = !in_spare;
    }
    return in_spare;
}
