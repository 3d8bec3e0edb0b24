#include "sim/queue_sort.h"

#include <string.h>

enum { RANKED_MAX = 12 };

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

/* Puts each of a few entries where the number of earlier ones says, without a branch that the
 * processor could guess wrong. Returns false, with nothing done, when times tie. */
static bool sort_by_rank(struct queue_entry *entry, uint32_t count)
{
    struct queue_entry sorted[RANKED_MAX];
    uint32_t rank[RANKED_MAX] = {0};
    bool ties = false;
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t j = 0; j < i; j++) {
            bool before = entry[i].high < entry[j].high;
            ties |= entry[i].high == entry[j].high;
            rank[j] += before;
            rank[i] += !before;
        }
    if (ties)
        return false;
    for (uint32_t i = 0; i < count; i++)
        sorted[rank[i]] = entry[i];
    memcpy(entry, sorted, count * sizeof *entry);
    return true;
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
        if (count > RANKED_MAX || !sort_by_rank(entry, count))
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
