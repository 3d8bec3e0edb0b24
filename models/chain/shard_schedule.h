#ifndef MODELS_CHAIN_SHARD_SCHEDULE_H
#define MODELS_CHAIN_SHARD_SCHEDULE_H

/* What a masterchain block decides about the shards that it shows (TON-R56): when a shard may be
 * divided, and when two siblings may be united. Pure; O(1). */

#include <stdbool.h>
#include <stdint.h>

enum shard_event { SHARD_EVENT_NONE, SHARD_EVENT_SPLIT, SHARD_EVENT_MERGE };

struct shard_rules {
    unsigned depth_min, depth_max; /* of shards, as wanted */
    uint64_t delay_ns;             /* from the decision to the window */
    uint64_t interval_ns;          /* length of the window */
    uint64_t reserve_ns;           /* of it that must be left when a shard ends */
};

/* One shard as the masterchain shows it. */
struct shard_entry {
    uint64_t number;            /* of its latest registered block */
    uint64_t want;              /* enum shard_want, as that block said */
    uint64_t event;             /* enum shard_event */
    uint64_t from_ns, until_ns; /* the window of that event; until is exclusive */
    uint64_t forced;            /* 1: the event was ordered, whatever the shard wants */
    uint64_t before_split;      /* 1: that block was the shard's last */
    uint64_t before_merge;      /* 1: the shard ends with this masterchain block */
};
enum { SHARD_ENTRY_WORDS = sizeof(struct shard_entry) / sizeof(uint64_t) };

/* shard_schedule_one forgets a window that passed, and opens one for a split. */
struct shard_entry shard_schedule_one(const struct shard_rules *rules, uint64_t now_ns,
                                      unsigned depth, struct shard_entry entry);

/* shard_schedule_pair, of two siblings that both live and went through shard_schedule_one, opens a
 * window for their merge, or ends both when it is open. */
void shard_schedule_pair(const struct shard_rules *rules, uint64_t now_ns, unsigned depth,
                         struct shard_entry *left, struct shard_entry *right);

/* shard_schedule_order opens a window at once, for an event that a scenario orders. */
void shard_schedule_order(const struct shard_rules *rules, uint64_t now_ns, enum shard_event event,
                          struct shard_entry *entry);

/* shard_schedule_ends says whether a block of a shard made at now_ns is its last: the window of its
 * split is open, and enough of it is left. */
bool shard_schedule_ends(const struct shard_rules *rules, uint64_t now_ns,
                         const struct shard_entry *entry);

#endif
