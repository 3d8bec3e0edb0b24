#include "models/workload/shard_list.h"

#include "sim/sim_assert.h"

/* Reads a decimal number below 2^32 and moves on. */
static bool read_number(const char **text, uint32_t *ret_number)
{
    uint64_t number = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint64_t)(*at - '0');
        if (number > UINT32_MAX)
            return false;
    }
    if (at == *text)
        return false;
    *text = at;
    *ret_number = (uint32_t)number;
    return true;
}

const char *shard_list_parse(const char *text, struct shard_list *ret_list)
{
    struct shard_list list = {.range_count = 0};
    const char *at = text;
    for (;;) {
        if (list.range_count == SHARD_LIST_RANGES_MAX)
            return "more than 64 ranges";
        uint32_t first;
        if (!read_number(&at, &first))
            return "a shard's number is missing or too large";
        uint32_t last = first;
        if (*at == '-') {
            at++;
            if (!read_number(&at, &last))
                return "a shard's number is missing or too large";
        }
        if (last < first)
            return "a range ends before it begins";
        if (list.range_count > 0 && list.range[list.range_count - 1].last >= first)
            return "ranges must rise and not overlap";
        list.range[list.range_count].first = first;
        list.range[list.range_count++].last = last;
        list.shards += (uint64_t)last - first + 1;
        if (*at == '\0')
            break;
        if (*at != ',')
            return "numbers, ranges A-B and commas only";
        at++;
    }
    *ret_list = list;
    return NULL;
}

uint32_t shard_list_at(const struct shard_list *list, uint64_t position)
{
    SIM_ASSERT(position < list->shards);
    for (uint32_t i = 0; i < list->range_count; i++) {
        uint64_t count = (uint64_t)list->range[i].last - list->range[i].first + 1;
        if (position < count)
            return list->range[i].first + (uint32_t)position;
        position -= count;
    }
    SIM_ASSERT(position == 0); /* not reached: the counts add up to `shards` */
    return list->range[0].first;
}

bool shard_list_find(const struct shard_list *list, uint32_t ordinal, uint64_t *ret_position)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < list->range_count; i++) {
        uint32_t first = list->range[i].first, last = list->range[i].last;
        if (ordinal >= first && ordinal <= last) {
            *ret_position = before + (ordinal - first);
            return true;
        }
        before += (uint64_t)last - first + 1;
    }
    return false;
}
