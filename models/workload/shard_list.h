#ifndef MODELS_WORKLOAD_SHARD_LIST_H
#define MODELS_WORKLOAD_SHARD_LIST_H

/* A text that names shards by ordinal: "0-3", "0,2,8-15". Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHARD_LIST_RANGES_MAX = 64 };

struct shard_list {
    struct {
        uint32_t first, last;
    } range[SHARD_LIST_RANGES_MAX];
    uint32_t range_count;
    uint64_t shards; /* how many it names */
};

/* shard_list_parse reads a text; ranges must rise and not overlap. Returns NULL, or what is wrong
 * with it, a constant; *ret_list is then unchanged. */
const char *shard_list_parse(const char *text, struct shard_list *ret_list);

/* shard_list_at is the ordinal of the `position`-th shard named, position < shards. O(ranges). */
uint32_t shard_list_at(const struct shard_list *list, uint64_t position);

/* shard_list_find is the opposite: false when the list does not name the shard. O(ranges). */
bool shard_list_find(const struct shard_list *list, uint32_t ordinal, uint64_t *ret_position);

#endif
