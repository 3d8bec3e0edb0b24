#include "models/chain/shard_schedule.h"

#include "models/chain/shard_load.h"

static void open_window(const struct shard_rules *rules, uint64_t from_ns, enum shard_event event,
                        struct shard_entry *entry)
{
    entry->event = (uint64_t)event;
    entry->from_ns = from_ns;
    entry->until_ns = from_ns + rules->interval_ns;
}

struct shard_entry shard_schedule_one(const struct shard_rules *rules, uint64_t now_ns,
                                      unsigned depth, struct shard_entry entry)
{
    if (entry.before_split || entry.before_merge)
        return entry;
    if (entry.event != SHARD_EVENT_NONE && now_ns >= entry.until_ns) {
        entry.event = SHARD_EVENT_NONE;
        entry.forced = entry.from_ns = entry.until_ns = 0;
    }
    bool wanted = entry.want == SHARD_WANTS_SPLIT || depth < rules->depth_min;
    if (entry.event == SHARD_EVENT_NONE && wanted && depth < rules->depth_max)
        open_window(rules, now_ns + rules->delay_ns, SHARD_EVENT_SPLIT, &entry);
    return entry;
}

static bool merges(const struct shard_rules *rules, unsigned depth, const struct shard_entry *entry)
{
    return entry->want == SHARD_WANTS_MERGE || depth > rules->depth_max || entry->forced;
}

void shard_schedule_pair(const struct shard_rules *rules, uint64_t now_ns, unsigned depth,
                         struct shard_entry *left, struct shard_entry *right)
{
    if (left->before_split || right->before_split)
        return;
    bool wanted = merges(rules, depth, left) && merges(rules, depth, right);
    if (left->event == SHARD_EVENT_NONE && right->event == SHARD_EVENT_NONE) {
        if (!wanted || depth <= rules->depth_min)
            return;
        open_window(rules, now_ns + rules->delay_ns, SHARD_EVENT_MERGE, left);
        open_window(rules, now_ns + rules->delay_ns, SHARD_EVENT_MERGE, right);
    }
    if (left->event == SHARD_EVENT_MERGE && right->event == SHARD_EVENT_MERGE && wanted &&
        now_ns >= left->from_ns && now_ns >= right->from_ns)
        left->before_merge = right->before_merge = 1;
}

void shard_schedule_order(const struct shard_rules *rules, uint64_t now_ns, enum shard_event event,
                          struct shard_entry *entry)
{
    open_window(rules, now_ns, event, entry);
    entry->forced = 1;
}

bool shard_schedule_ends(const struct shard_rules *rules, uint64_t now_ns,
                         const struct shard_entry *entry)
{
    return entry->event == SHARD_EVENT_SPLIT && now_ns >= entry->from_ns &&
           now_ns + rules->reserve_ns <= entry->until_ns;
}
